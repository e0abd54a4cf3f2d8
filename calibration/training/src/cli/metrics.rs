//! What each step found, as JSON lines:
//!
//! ```text
//! {"schema":1,"event":"step","step":17,"loss":0.912,"error":0.911,"balance":0.08,"norm":0.53,"rate":0.0006,"seconds":3.1}
//! {"schema":1,"event":"without_network","distance":"position-std","auroc":0.91}
//! {"schema":1,"event":"epoch","step":120,"loss":0.871,"auroc":0.93,"best":true,"seconds":25.0}
//! ```
//!
//! `step`: made until then. `error`: mean squared error; `loss` = `error` + 0.01 `balance`. `norm`: of the gradient, before it was shortened.
//! `without_network`, once for each detector: statistics of features, judged by the same drawn defects as the epochs.
//! `seconds`: since this process began to train. `auroc`: on drawn defects, null without pictures to judge by.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use moead_terminal::failure::At as _;
use serde_json::{Value, json};

use super::model_free::Yardstick;
use crate::state::Epoch;
use crate::trainer::Stepped;

/// Of a line that is read again, in bytes. Stops: a file without line breaks, all in memory. Honest: 300 bytes.
const MOST_LINE: u64 = 64 << 10;

/// The file, or none.
pub(super) struct Metrics(Option<BufWriter<File>>);

impl Metrics {
    /// A run that goes on behind a step adds to its file, behind what that says of the step.
    pub(super) fn open(path: Option<&Path>, behind: Option<u64>) -> anyhow::Result<Self> {
        let open = |path: &Path| match behind {
            None => File::create(path),
            Some(step) => continued(path, step),
        };
        let file = path.map(|path| open(path).at(path.display())).transpose()?;
        Ok(Self(file.map(BufWriter::new)))
    }

    pub(super) fn step(&mut self, step: u64, found: &Stepped, since: Duration) -> anyhow::Result<()> {
        let Stepped { loss, norm, rate } = found;
        self.line(&json!({
            "schema": 1, "event": "step", "step": step, "loss": loss.total(), "error": loss.error, "balance": loss.balance,
            "norm": norm, "rate": rate, "seconds": since.as_secs_f64(),
        }))
    }

    pub(super) fn yardstick(&mut self, yardstick: &Yardstick) -> anyhow::Result<()> {
        let Yardstick { distance, auroc } = yardstick;
        self.line(&json!({
            "schema": 1, "event": "without_network", "distance": distance.to_string(), "auroc": auroc,
        }))
    }

    pub(super) fn epoch(&mut self, epoch: &Epoch, is_best: bool, since: Duration) -> anyhow::Result<()> {
        self.line(&json!({
            "schema": 1, "event": "epoch", "step": epoch.steps, "loss": epoch.loss, "auroc": epoch.auroc, "best": is_best,
            "seconds": since.as_secs_f64(),
        }))?;
        self.flush()
    }

    fn line(&mut self, line: &Value) -> anyhow::Result<()> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{line}")?;
        }
        Ok(())
    }

    /// What waits is written.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        if let Some(file) = &mut self.0 {
            file.flush()?;
        }
        Ok(())
    }
}

/// The file as it was behind that step: a run that was killed may have said more than its state knows, and broken off in a line.
fn continued(path: &Path, step: u64) -> io::Result<File> {
    let mut file = File::options().create(true).read(true).write(true).truncate(false).open(path)?;
    let mut lines = BufReader::new(&file);
    let (mut kept, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = lines.by_ref().take(MOST_LINE).read_until(b'\n', &mut line)? as u64;
        let is_later = |line: &[u8]| {
            let said = serde_json::from_slice::<Value>(line).ok().and_then(|line| line["step"].as_u64());
            said.is_some_and(|said| said > step)
        };
        // A longer one is nobody's of ours, and stays as it is.
        if length < MOST_LINE && (!line.ends_with(b"\n") || is_later(&line)) {
            break;
        }
        kept += length;
    }
    file.set_len(kept)?;
    file.seek(SeekFrom::Start(kept))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_behind_the_state_is_said_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        let line = |event: &str, step: u64| json!({"schema": 1, "event": event, "step": step}).to_string() + "\n";
        let begun = "{\"schema\":1,\"event\":\"without_network\",\"distance\":\"position-std\",\"auroc\":0.9}\nnote\n";
        let known = format!("{begun}{}{}{}", line("step", 1), line("step", 2), line("epoch", 2));
        let more = format!("{}{}", line("step", 3), line("step", 4));
        for (behind, written, expected) in [
            (2, format!("{known}{more}"), known.clone()),
            (2, format!("{known}{}", &more[..more.len() / 3]), known.clone()),
            (4, format!("{known}{more}{}", &line("step", 5)[..9]), format!("{known}{more}")),
            (9, format!("{known}{more}"), format!("{known}{more}")),
            (0, known.clone(), begun.to_owned()),
        ] {
            std::fs::write(&path, &written).unwrap();
            let mut metrics = Metrics::open(Some(&path), Some(behind)).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "{behind}: {written}");
            metrics.line(&json!("more")).unwrap();
            metrics.flush().unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{expected}\"more\"\n"));
        }
        let long = "x".repeat(3 << 16) + "\n";
        std::fs::write(&path, format!("{known}{long}{more}")).unwrap();
        Metrics::open(Some(&path), Some(2)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{known}{long}"));
        std::fs::remove_file(&path).unwrap();
        Metrics::open(Some(&path), Some(3)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        std::fs::write(&path, &known).unwrap();
        Metrics::open(Some(&path), None).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }
}
