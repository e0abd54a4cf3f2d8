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
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use moead_terminal::failure::At as _;
use serde_json::{Value, json};

use super::model_free::Yardstick;
use crate::state::Epoch;
use crate::trainer::Stepped;

/// The file, or none.
pub(super) struct Metrics(Option<BufWriter<File>>);

impl Metrics {
    /// A run that goes on adds to its file.
    pub(super) fn open(path: Option<&Path>, resumes: bool) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let mut options = File::options();
            options.create(true).write(true).append(resumes).truncate(!resumes);
            options.open(path).map(BufWriter::new).at(path.display())
        };
        Ok(Self(path.map(open).transpose()?))
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
        if let Some(file) = &mut self.0 {
            file.flush()?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Value) -> anyhow::Result<()> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{line}")?;
        }
        Ok(())
    }

    /// What waits is written.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        if let Some(file) = &mut self.0 {
            file.flush()?;
        }
        Ok(())
    }
}
