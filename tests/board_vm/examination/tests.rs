//! A board that is whole passes, and whatever is broken is found: otherwise cuts would prove nothing.

use moead_bundle::digest::Digest;
use moead_bundle::manifest::{Downgrade, Kind, Manifest, Member, SCHEMA, Stored, Target};
use moead_bundle::member_path::MemberPath;
use moead_bundle::release;
use moead_bundle::version::Version;

use super::*;

/// Larger than a block, and nowhere else on the disk.
fn program(version: &str) -> Vec<u8> {
    format!("the program of release {version}").repeat(500).into_bytes()
}

/// A root with releases 1 and 2, as after an update.
struct Sample {
    folder: tempfile::TempDir,
    names: Vec<String>,
}

impl Sample {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let names: Vec<String> = ["1", "2"].into_iter().map(|version| write_release(&root, version)).collect();
        let sample = Self { folder, names };
        sample.link("current", 1);
        sample.link("previous", 0);
        fs::write(sample.path("opt/moead/lock"), "").unwrap();
        sample.record(None);
        sample
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path)
    }

    fn in_release(&self, index: usize, path: &str) -> PathBuf {
        self.path("opt/moead/releases").join(&self.names[index]).join(path)
    }

    fn link(&self, link: &str, index: usize) {
        let link = self.path("opt/moead").join(link);
        let _ = fs::remove_file(&link);
        symlink(format!("releases/{}", self.names[index]), link).unwrap();
    }

    fn record(&self, phase: Option<&str>) {
        let trial = phase.map_or("null".to_owned(), |phase| {
            format!(
                r#"{{"from":"{}","to":"{}","before":null,"starts":0,"criteria":{{"frames":5,"patience":300,"soak":90}},"phase":{{"name":"{phase}"}}}}"#,
                self.names[0], self.names[1]
            )
        });
        fs::create_dir_all(self.path("var/lib/moead-update")).unwrap();
        let text = format!(r#"{{"schema":1,"trial":{trial},"last":null}}"#);
        fs::write(self.path("var/lib/moead-update/state.json"), text).unwrap();
    }

    fn partition(&self) -> PathBuf {
        let partition = self.folder.path().join("root.ext4");
        let mut command = Command::new("/sbin/mke2fs");
        command.args(["-q", "-t", "ext4", "-b", "4096", "-d"]).arg(self.path("")).arg(&partition).arg("16M");
        run(&mut command, &[0]).unwrap();
        partition
    }

    fn examine(&self) -> Result<Found, String> {
        examine(&self.partition(), &self.names)
    }

    /// After a change of the partition's bytes.
    fn examine_changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Result<Found, String> {
        let partition = self.partition();
        let mut bytes = fs::read(&partition).unwrap();
        change(&mut bytes);
        fs::write(&partition, bytes).unwrap();
        examine(&partition, &self.names)
    }
}

fn write_release(root: &Path, version: &str) -> String {
    let content = program(version);
    let member = Member {
        path: MemberPath::parse(PROGRAM).unwrap(),
        kind: Kind::Program,
        size: content.len() as u64,
        sha256: Digest::of(&content),
        stored: Stored { size: 1, sha256: Digest::of(b"x") },
    };
    let target = Target {
        profile: "pc".into(),
        triple: "x86_64-unknown-linux-gnu".into(),
        glibc: Version::parse("2.31").unwrap(),
        boards: Vec::new(),
    };
    let manifest = Manifest {
        schema: SCHEMA,
        name: "sample".into(),
        version: Version::parse(version).unwrap(),
        created_by: "a test".into(),
        target,
        expires: None,
        replaces_from: None,
        downgrade: Downgrade::Refused,
        members: vec![member],
    };
    let text = manifest.to_json();
    let name = release::folder_name(manifest.version, Digest::of(&text));
    let folder = root.join("opt/moead/releases").join(&name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), text).unwrap();
    fs::write(folder.join(PROGRAM), content).unwrap();
    fs::set_permissions(folder.join(PROGRAM), fs::Permissions::from_mode(0o755)).unwrap();
    name
}

#[test]
fn a_board_that_is_whole_passes_on_trial_or_not() {
    let sample = Sample::new();
    let found = |phase, strays| Ok(Found { current: sample.names[1].clone(), phase, strays });
    assert_eq!(sample.examine(), found(None, 0));
    for phase in ["switching", "trying"] {
        sample.record(Some(phase));
        assert_eq!(sample.examine(), found(Some(phase), 0));
    }
    fs::create_dir(sample.path("opt/moead/releases/3-c.part")).unwrap();
    symlink("releases/1", sample.path("opt/moead/current.next")).unwrap();
    assert_eq!(sample.examine(), found(Some("trying"), 2));
}

#[test]
fn each_kind_of_damage_is_found() {
    let broken = |change: &dyn Fn(&Sample)| {
        let sample = Sample::new();
        change(&sample);
        let said = sample.examine().unwrap_err();
        sample.names.iter().zip(["[1]", "[2]"]).fold(said, |said, (name, short)| said.replace(name, short))
    };
    let program = |sample: &Sample| sample.in_release(1, PROGRAM);
    let said = broken(&|sample| fs::remove_file(program(sample)).unwrap());
    assert_eq!(said, "current leads to [2]: moead-edge is missing");
    let said = broken(&|sample| fs::write(program(sample), "").unwrap());
    assert!(said.starts_with("current leads to [2]: moead-edge: expected SHA-256 "), "{said}");
    let said = broken(&|sample| fs::remove_dir_all(sample.in_release(0, "")).unwrap());
    assert_eq!(said, "previous leads to [1]: manifest.json is missing");
    let said = broken(&|sample| fs::set_permissions(program(sample), fs::Permissions::from_mode(0o644)).unwrap());
    assert_eq!(said, "current leads to [2]: moead-edge has mode 644");
    let said = broken(&|sample| fs::remove_file(sample.path("opt/moead/current")).unwrap());
    assert_eq!(said, "/opt/moead/current is missing");
    let said = broken(&|sample| {
        fs::remove_file(sample.path("opt/moead/previous")).unwrap();
        symlink("releases/../x", sample.path("opt/moead/previous")).unwrap();
    });
    assert_eq!(said, "/opt/moead/previous: leads to releases/../x, expected a release");
    let said = broken(&|sample| fs::write(sample.path("var/lib/moead-update/state.json"), "").unwrap());
    assert!(said.starts_with("/var/lib/moead-update/state.json: EOF while parsing"), "{said}");
    let sample = Sample::new();
    let said = examine(&sample.partition(), &sample.names[..1]).unwrap_err();
    assert!(said.contains("expected one of"), "{said}");
}

#[test]
fn damage_below_the_files_is_found() {
    let sample = Sample::new();
    let content = program("2");
    // The last block of the program was never written.
    let said = sample.examine_changed(|bytes| {
        let at = bytes.windows(4096).position(|block| block == &content[4096..8192]).unwrap();
        bytes[at..at + 512].fill(0);
    });
    assert!(said.unwrap_err().contains("moead-edge: expected SHA-256 "));
    // Neither was the table of inodes.
    let said = sample.examine_changed(|bytes| {
        let at = u32::from_le_bytes(bytes[4096 + 8..4096 + 12].try_into().unwrap()) as usize;
        let block = 1024 << u32::from_le_bytes(bytes[1024 + 0x18..1024 + 0x1c].try_into().unwrap());
        bytes[at * block..at * block + 4096].fill(0);
    });
    assert!(said.unwrap_err().starts_with("e2fsck: "), "no word of the file system");
}
