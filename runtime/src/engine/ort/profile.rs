//! The library's own account of what it did: a JSON array of events, the file that a session with a profile leaves.
//!
//! An event of category `Node` names a node (`stem_kernel_time`), its operator, its provider and how many microseconds it took;
//! one of category `Session` called `model_run` follows the nodes of each picture. Everything else is passed over.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};

/// Bytes of a profile. The published network's has 300 kB a picture; one that was left on for hours fills a disk.
const MAX_BYTES: u64 = 64 << 20;
/// Microseconds of a node: an hour.
const MAX_MICROSECONDS: f64 = 3.6e9;

/// Why a profile tells nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The file cannot be written or read.
    #[error("the profile {}: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What failed.
        #[source]
        error: io::Error,
    },
    /// Not a profile as the library writes them.
    #[error("the profile cannot be understood: {0}")]
    Form(String),
}

/// What a profile tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A node ran.
    Node(NodeRun),
    /// A picture is finished: the nodes before this were its own.
    Picture,
}

/// A node, once.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRun {
    /// As in the graph, or what the library made of it.
    pub name: String,
    /// Its operator, as the library calls it.
    pub operator: String,
    /// Who ran it, by the name in the library.
    pub provider: String,
    /// How long it took.
    pub microseconds: Option<f64>,
}

/// Takes the file that the library wrote, and the file away.
///
/// # Errors
/// [`ProfileError::File`]
pub fn take(path: &Path) -> Result<Vec<u8>, ProfileError> {
    let failed = |error| ProfileError::File { path: path.into(), error };
    let profile = bytes(path).map_err(failed)?;
    fs::remove_file(path).map_err(failed)?;
    Ok(profile)
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Reads a profile record by record, in order. `seen` may refuse one, with its reason.
///
/// # Errors
/// [`ProfileError::Form`]
pub fn read(profile: &[u8], seen: &mut dyn FnMut(Record) -> Result<(), String>) -> Result<(), ProfileError> {
    let mut reader = serde_json::Deserializer::from_slice(profile);
    let read = reader.deserialize_seq(Records(seen)).and_then(|()| reader.end());
    read.map_err(|error| ProfileError::Form(error.to_string()))
}

/// Tells what each node took: name, operator, milliseconds. Only the last `pictures` are told; `warm_up` pictures were before them.
///
/// # Errors
/// [`ProfileError::Form`], also for another number of pictures, or a node without a time that makes sense.
pub fn times(
    profile: &[u8],
    (warm_up, pictures): (usize, usize),
    seen: &mut dyn FnMut(&str, &str, f64),
) -> Result<(), ProfileError> {
    let mut finished = 0;
    read(profile, &mut |record| {
        match record {
            Record::Picture => finished += 1,
            Record::Node(_) if finished < warm_up => {}
            Record::Node(NodeRun { name, operator, microseconds, .. }) => {
                let time = microseconds.filter(|time| (0.0..=MAX_MICROSECONDS).contains(time));
                let time = time.ok_or_else(|| format!("node {name} took {microseconds:?} microseconds"))?;
                // Nodes with an activation in them have a word in front of the first one's name.
                seen(name.strip_prefix("fused ").unwrap_or(&name), &operator, time / 1e3);
            }
        }
        Ok(())
    })?;
    let expected = warm_up + pictures;
    if finished != expected {
        return Err(ProfileError::Form(format!("expected {expected} pictures, found {finished}")));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    dur: Option<f64>,
    #[serde(default)]
    args: Arguments,
}

#[derive(Deserialize, Default)]
struct Arguments {
    #[serde(default)]
    op_name: Option<String>,
    #[serde(default)]
    provider: Option<String>,
}

impl Event {
    fn record(self) -> Option<Record> {
        match self.cat.as_str() {
            "Session" => (self.name == "model_run").then_some(Record::Picture),
            "Node" => Some(Record::Node(NodeRun {
                name: self.name.strip_suffix("_kernel_time")?.to_owned(),
                operator: self.args.op_name.unwrap_or_default(),
                provider: self.args.provider?,
                microseconds: self.dur,
            })),
            _ => None,
        }
    }
}

struct Records<'a>(&'a mut dyn FnMut(Record) -> Result<(), String>);

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<(), A::Error> {
        while let Some(event) = events.next_element::<Event>()? {
            if let Some(record) = event.record() {
                (self.0)(record).map_err(serde::de::Error::custom)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Composed by hand, see `placement`.
    const COMPOSED: &[u8] = include_bytes!("placement/composed-cuda.json");
    /// What the CPU wheel of 1.32.0 wrote about one picture on a network of 51 nodes.
    const RECORDED: &[u8] = include_bytes!("placement/onnxruntime-1.32.0-cpu.json");

    fn refused(text: &str) -> String {
        read(text.as_bytes(), &mut |_| Ok(())).unwrap_err().to_string()
    }

    /// `name: operator milliseconds`, or why not.
    fn told(events: &str, counts: (usize, usize)) -> Result<Vec<String>, String> {
        let mut told = Vec::new();
        let profile = format!("[{events}]");
        let times = times(profile.as_bytes(), counts, &mut |name, operator, milliseconds| {
            told.push(format!("{name}: {operator} {milliseconds}"));
        });
        times.map(|()| told).map_err(|error| error.to_string())
    }

    fn node(name: &str, rest: &str) -> String {
        format!(r#"{{"cat":"Node","name":"{name}_kernel_time",{rest}"args":{{"op_name":"Conv","provider":"P"}}}}"#)
    }

    const PICTURE: &str = r#"{"cat":"Session","name":"model_run","dur":9}"#;

    #[test]
    fn a_profile_that_was_cut_anywhere_is_no_profile() {
        let end = COMPOSED.iter().rposition(|&byte| byte == b']').unwrap();
        for length in 0..end {
            assert!(read(&COMPOSED[..length], &mut |_| Ok(())).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        for wrong in
            ["", "{}", "[1]", "[{\"name\":1}]", "[[[[[[[[", "\u{0}", "[{\"args\":1}]", "[]x", "[{\"dur\":\"7\"}]"]
        {
            assert!(refused(wrong).starts_with("the profile cannot be understood: "), "{wrong}");
        }
        assert!(refused(&"[".repeat(100_000)).contains("cannot be understood"));
    }

    #[test]
    fn a_recorded_profile_has_the_time_of_every_node() {
        let (mut nodes, mut sum) = (0, 0.0);
        times(RECORDED, (0, 1), &mut |_, operator, milliseconds| {
            assert!(!operator.is_empty());
            nodes += 1;
            sum += milliseconds;
        })
        .unwrap();
        assert_eq!(nodes, 51);
        assert!(sum > 0.0 && sum < 1e3, "{sum}");
    }

    #[test]
    fn only_pictures_after_the_warm_up_are_told() {
        let events = [
            &node("stem", r#""dur":5000,"#),
            PICTURE,
            &node("stem", r#""dur":1500,"#),
            r#"{"cat":"Session","name":"session_initialization","dur":3}"#,
            &node("fused neck", r#""dur":0,"#),
            PICTURE,
        ];
        assert_eq!(told(&events.join(","), (1, 1)).unwrap(), ["stem: Conv 1.5", "neck: Conv 0"]);
    }

    #[test]
    fn another_number_of_pictures_is_no_profile_of_ours() {
        let once = format!("{},{PICTURE}", node("stem", r#""dur":5,"#));
        let form = |reason: &str| Err(format!("the profile cannot be understood: {reason}"));
        assert_eq!(told(&once, (1, 1)), form("expected 2 pictures, found 1"));
        assert_eq!(told(&once, (0, 0)), form("expected 0 pictures, found 1"));
        assert_eq!(told("", (0, 1)), form("expected 1 pictures, found 0"));
    }

    #[test]
    fn times_that_make_no_sense_are_refused() {
        for (time, shown) in [("", "None"), (r#""dur":-1,"#, "Some(-1.0)"), (r#""dur":1e300,"#, "Some(1e300)")] {
            let reason = told(&format!("{},{PICTURE}", node("stem", time)), (0, 1)).unwrap_err();
            let expected = format!("the profile cannot be understood: node stem took {shown} microseconds");
            assert!(reason.starts_with(&expected), "{reason}");
        }
        // Where it ran is known all the same.
        assert!(refused(&format!("[{}", node("stem", ""))).contains("EOF"));
    }

    #[test]
    fn a_profile_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.json");
        fs::write(&path, COMPOSED).unwrap();
        assert_eq!(take(&path).unwrap(), COMPOSED);
        assert!(!path.exists());
        assert!(matches!(take(&path), Err(ProfileError::File { .. })));
    }
}
