//! A board that is a folder, with stand-ins for systemd, and bundles for it whose programs are scripts.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use minisign::KeyPair;
use moead_bundle::digest::Digest;
use moead_bundle::manifest::{Downgrade, Kind, Manifest, SCHEMA, Target};
use moead_bundle::member_path::MemberPath;
use moead_bundle::release::{LINKS, folder_name};
use moead_bundle::version::Version;
use moead_bundle::writer::{Content, Draft};
use moead_runtime::stream::clock::{Clock as _, Monotonic, SystemClock};
use moead_tests::command::Program;

static KEYS: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());

pub(crate) struct Board {
    folder: tempfile::TempDir,
}

/// For as long as it lives, snapshots have run-dependent parts replaced.
pub(crate) fn filters() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(\d)-[0-9a-f]{12}\b", "$1-[DIGEST]");
    settings.add_filter(r"[0-9A-F]{16}", "[KEY]");
    settings.add_filter(r"[0-9a-f]{64}", "[SHA256]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[DATE]");
    settings.add_filter(r"it is \d{4}-\d\d-\d\d", "it is [TODAY]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "[SERVER]");
    settings.add_filter(r"/\S*/\.tmp\w+/", "[BOARD]/");
    settings.add_filter(std::env::consts::ARCH, "[HERE]");
    settings.bind_to_scope()
}

/// What a bundle says, where it differs from one that the board takes.
pub(crate) struct Wish {
    pub(crate) life: &'static str,
    pub(crate) own_test: &'static str,
    pub(crate) keys: Option<KeyPair>,
    pub(crate) change: fn(&mut Manifest),
}

impl Default for Wish {
    fn default() -> Self {
        Self { life: "well", own_test: "exit 0", keys: None, change: |_| {} }
    }
}

impl Board {
    /// With release 1.4, which runs.
    pub(crate) fn new() -> Self {
        let board = Self { folder: tempfile::tempdir().unwrap() };
        board.write("calls", "");
        board.write("etc/moead/moead.pub", KEYS.pk.to_box().unwrap().to_string());
        for folder in ["run/moead", "opt/moead/releases", "var/lib"] {
            std::fs::create_dir_all(board.path(folder)).unwrap();
        }
        let draft = draft("1.4", &Wish::default());
        let folder = folder_name(draft.manifest().version, Digest::of(draft.message()));
        for content in contents("1.4", &Wish::default()) {
            board.write(&format!("opt/moead/releases/{folder}/{}", content.path), &content.bytes);
        }
        board.write(&format!("opt/moead/releases/{folder}/manifest.json"), draft.message());
        for link in ["current", "previous"] {
            symlink(format!("releases/{folder}"), board.path("opt/moead").join(link)).unwrap();
        }
        for (path, target) in LINKS {
            let path = board.path(&path[1..]);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(target, path).unwrap();
        }
        board
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes a bundle; its bytes.
    pub(crate) fn bundle(&self, version: &str, wish: &Wish) -> Vec<u8> {
        let draft = draft(version, wish);
        let keys = wish.keys.as_ref().unwrap_or(&KEYS);
        let signature = minisign::sign(Some(&keys.pk), &keys.sk, draft.message(), None, None).unwrap();
        let mut bytes = Vec::new();
        draft.write(&signature.to_string(), &mut bytes).unwrap();
        self.write(&format!("{version}.moead"), &bytes);
        bytes
    }

    fn program(&self, arguments: &str) -> Program {
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/update/bin");
        let path = format!("{}:{}", stand_ins.display(), std::env::var("PATH").unwrap());
        let root = self.folder.path().display().to_string();
        self.speak();
        let program = Program::new("moead-edge").args(arguments.split_whitespace()).in_folder(self.folder.path());
        program.args(["--root", &root]).env("PATH", &path).env("BOARD", &root)
    }

    /// What the service says, and will say: as late as it may be, or else a slow test would be one of a service that hangs.
    fn speak(&self) {
        let now = SystemClock.monotonic().since(Monotonic::default()) + SLACK;
        let said = SAID.replace("NOW", &format!("{:.1}", now.as_secs_f64()));
        self.write("said", &said);
        let state = self.path("run/moead/state.json");
        let Ok(before) = std::fs::read_to_string(&state) else { return };
        let life = if before.contains("lost") { ("lost", "0") } else { ("streaming", "50") };
        std::fs::write(state, said.replace("STATE", life.0).replace("JUDGED", life.1)).unwrap();
    }

    /// What a user sees. Nothing is waited for: what is not so at once is not so.
    pub(crate) fn applies(&self, bundle: &str) -> String {
        let arguments = format!("update apply {bundle} --patience 0s --soak 0s");
        self.program(&arguments).run().transcript()
    }

    /// The same, with a file of certificates by which servers are known.
    pub(crate) fn applies_knowing(&self, certificates: &str, address: &str) -> String {
        let arguments = format!("update apply {address} --patience 0s --soak 0s");
        let certificates = self.path(certificates).display().to_string();
        self.program(&arguments).env("SSL_CERT_FILE", &certificates).run().transcript()
    }

    pub(crate) fn says(&self, arguments: &str) -> String {
        self.program(arguments).run().transcript()
    }

    /// The version of the release that runs; it is all there.
    pub(crate) fn current(&self) -> String {
        let folder = self.path("opt/moead").join(std::fs::read_link(self.path("opt/moead/current")).unwrap());
        let manifest = Manifest::parse(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
        for member in &manifest.members {
            let content = std::fs::read(folder.join(member.path.as_str())).unwrap();
            assert_eq!(Digest::of(&content), member.sha256, "{}", member.path);
        }
        manifest.version.to_string()
    }

    /// Versions of all that is in the folder of releases.
    pub(crate) fn releases(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("opt/moead/releases")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.iter().map(|name| name.split('-').next().unwrap().to_owned()).collect()
    }

    pub(crate) fn calls(&self) -> String {
        std::fs::read_to_string(self.path("calls")).unwrap()
    }
}

/// A service's state, with places for what changes.
const SAID: &str = r#"{"schema":1,"version":"1","pid":17,"boot":null,"written":NOW,"patience":1e9,"ready":true,"sources":[{"name":"line1","state":"STATE","cause":null,"since":0.0,"received":50,"judged":JUDGED,"judged_at":0.0}]}"#;

/// As far in the future as a service's word may be.
const SLACK: Duration = Duration::from_secs(14);

fn contents(version: &str, wish: &Wish) -> Vec<Content> {
    let content = |path: &str, kind, text: String| Content {
        path: MemberPath::parse(path).unwrap(),
        kind,
        bytes: text.into_bytes(),
    };
    vec![
        content("moead-edge", Kind::Program, format!("#!/bin/sh\n# {version}\n{}\n", wish.own_test)),
        content("model.onnx", Kind::File, format!("a model of {version}")),
        content("life", Kind::File, wish.life.into()),
        content("systemd/moead-edge.service", Kind::File, format!("# {version}\n")),
    ]
}

fn draft(version: &str, wish: &Wish) -> Draft {
    let mut manifest = Manifest {
        schema: SCHEMA,
        name: "bolt".into(),
        version: Version::parse(version).unwrap(),
        created_by: "test".into(),
        target: Target {
            profile: "here".into(),
            triple: format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
            glibc: Version::parse("2.31").unwrap(),
            boards: Vec::new(),
        },
        expires: None,
        replaces_from: None,
        downgrade: Downgrade::Refused,
        members: Vec::new(),
    };
    (wish.change)(&mut manifest);
    Draft::new(manifest, &contents(version, wish)).unwrap()
}
