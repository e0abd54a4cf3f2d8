//! `moead-board install`: through stand-ins for ssh and scp, onto boards that are folders. What runs on the board is the real script.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use moead_tests::command::Program;

use crate::desk::Desk;

const INSTALL: &str = "install ada@line7 bolt.moead --key moead.pub";

/// A program that runs here and does nothing, as the board's moead-edge.
const PROGRAM: &[u8] = if cfg!(target_arch = "aarch64") {
    include_bytes!("../programs/aarch64")
} else {
    include_bytes!("../programs/x86_64")
};
const PROFILE: &str = if cfg!(target_arch = "aarch64") { "aarch64" } else { "pc" };

/// A desk, and a board that ssh reaches from it.
pub(crate) struct Line {
    pub(crate) desk: Desk,
}

impl Line {
    pub(crate) fn new() -> Self {
        let line = Self { desk: Desk::ready() };
        line.desk.write("moead-edge", PROGRAM);
        line.build("1.4", "bolt.moead");
        let machine = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
        let facts = [
            ("machine", machine),
            ("glibc", "2.36"),
            ("today", "2027-01-02"),
            ("uid", "0"),
            ("free", "10000000"),
            ("calls", ""),
        ];
        for (name, text) in facts {
            line.tell(name, text);
        }
        line.tell("etc/group", "root:x:0:\nvideo:x:44:\n");
        std::fs::create_dir_all(line.board().join("tmp")).unwrap();
        line.programs("pc", &line.desk.path("bin"));
        line.programs("board", &line.board().join("bin"));
        line
    }

    fn programs(&self, from: &str, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/install").join(from);
        for entry in std::fs::read_dir(source).unwrap().map(Result::unwrap) {
            let target = folder.join(entry.file_name());
            std::fs::copy(entry.path(), &target).unwrap();
            std::fs::set_permissions(target, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    fn build(&self, release: &str, output: &str) {
        let key = "--key moead.key --no-check --expires 2027-06-30";
        let build =
            format!("build {PROFILE} --model model.onnx --binary moead-edge {key} --release {release} -o {output}");
        self.desk.run(&build).success();
    }

    pub(crate) fn board(&self) -> PathBuf {
        self.desk.path("board")
    }

    pub(crate) fn tell(&self, name: &str, text: &str) {
        let path = self.board().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn program(&self, arguments: &str) -> Program {
        let path = format!("{}:{}", self.desk.path("bin").display(), std::env::var("PATH").unwrap());
        self.desk.program(arguments).env("PATH", &path).env("BOARD", &self.board().display().to_string())
    }

    /// What a user sees, with what depends on the run or on this machine replaced: here and not by a filter, because the line may be gone
    /// when the words are compared.
    fn says(&self, arguments: &str) -> String {
        let said = self.program(arguments).run().transcript().replace(std::env::consts::ARCH, "[HERE]");
        let digests = self.folders().into_iter().filter_map(|folder| Some(folder.split_once('-')?.1.to_owned()));
        let said = digests.fold(said, |said, digest| said.replace(&digest, "[DIGEST]"));
        let Some((before, rest)) = said.split_once("needs ") else { return said };
        match rest.split_once(" bytes") {
            Some((_, after)) => format!("{before}needs [BYTES] bytes{after}"),
            None => said,
        }
    }

    /// Releases on the board, whole ones and others.
    pub(crate) fn folders(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.board().join("opt/moead/releases")).into_iter().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The version of the release that runs.
    pub(crate) fn current(&self) -> Option<String> {
        let target = std::fs::read_link(self.board().join("opt/moead/current")).ok()?;
        assert!(self.board().join("opt/moead").join(&target).join("moead-edge").is_file(), "{}", target.display());
        Some(target.strip_prefix("releases").unwrap().to_string_lossy().split('-').next().unwrap().to_owned())
    }

    /// Where a link in the board's folder leads.
    fn linked(&self, link: &str) -> Option<String> {
        let target = std::fs::read_link(self.board().join("opt/moead").join(link)).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    pub(crate) fn calls(&self) -> String {
        std::fs::read_to_string(self.board().join("calls")).unwrap()
    }

    /// Nothing of what was copied is left in the board's temporary folder.
    fn is_swept(&self) -> bool {
        std::fs::read_dir(self.board().join("tmp")).unwrap().next().is_none()
    }
}

#[test]
fn a_release_is_installed_and_a_newer_one_beside_it() {
    let line = Line::new();
    insta::assert_snapshot!(line.says(INSTALL), @r"
    status: 0
    ----- stdout
    ada@line7: [HERE]: release 1.4-[DIGEST] in place of nothing; ready, and a picture was judged
    ");
    assert_eq!(line.current().as_deref(), Some("1.4"));
    let unit = line.board().join("etc/systemd/system/moead-edge.service");
    assert!(std::fs::read_to_string(unit).unwrap().contains("ExecStart=/opt/moead/current/moead-edge"));
    for (path, target) in moead_bundle::release::LINKS {
        assert_eq!(std::fs::read_link(line.board().join(&path[1..])).unwrap(), Path::new(target), "{path}");
    }
    // Its own program looks after it: there is no other.
    assert_eq!(line.linked("previous"), line.linked("current"));
    assert_eq!(std::fs::read_to_string(line.board().join("etc/moead/moead.pub")).unwrap(), crate::desk::PUBLIC);
    let calls = line.calls();
    let order: Vec<&str> =
        calls.lines().filter(|call| call.starts_with("systemctl ") && !call.contains("--version")).collect();
    insta::assert_snapshot!(order.join("\n"), @r"
    systemctl daemon-reload
    systemctl restart moead-edge.service
    systemctl show -p InvocationID --value moead-edge.service
    ");
    line.build("1.5", "newer.moead");
    insta::assert_snapshot!(line.says("install ada@line7 newer.moead --key moead.pub --no-frame"), @r"
    status: 0
    ----- stdout
    ada@line7: [HERE]: release 1.5-[DIGEST] in place of release 1.4-[DIGEST]; ready
    ");
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.5"), 2));
    assert!(line.is_swept() && line.linked("previous").unwrap().starts_with("releases/1.4-"));
    // Once more is fine: an installation that was interrupted is repeated.
    line.program("install ada@line7 newer.moead --key moead.pub").run().success();
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.5"), 2));
    // The one before is kept, others go.
    line.build("1.6", "newest.moead");
    line.program("install ada@line7 newest.moead --key moead.pub").run().success();
    let folders = line.folders();
    let versions: Vec<_> = folders.iter().map(|name| name.split('-').next().unwrap()).collect();
    assert_eq!((line.current().as_deref(), versions), (Some("1.6"), vec!["1.5", "1.6"]));
}

#[test]
fn a_board_that_cannot_take_it_is_not_touched() {
    let refused = |name: &str, text: &str| {
        let line = Line::new();
        line.tell(name, text);
        let said = line.says(INSTALL);
        assert!(line.folders().is_empty() && line.is_swept(), "{said}");
        said
    };
    insta::assert_snapshot!(refused("machine", "riscv64"), @r"
    status: 1
    ----- stderr
    error: ada@line7: made for [HERE]-unknown-linux-gnu, and this board is riscv64-unknown-linux-gnu
    hint: nothing was copied; build a bundle for that board, or set its clock
    ");
    insta::assert_snapshot!(refused("glibc", "2.28"), @r"
    status: 1
    ----- stderr
    error: ada@line7: needs glibc 2.31, and this board has 2.28
    hint: nothing was copied; build a bundle for that board, or set its clock
    ");
    insta::assert_snapshot!(refused("today", "1970-01-01"), @r"
    status: 1
    ----- stderr
    error: ada@line7: expires on 2027-06-30, and the board's clock says 1970-01-01, which cannot be
    hint: nothing was copied; build a bundle for that board, or set its clock
    ");
    insta::assert_snapshot!(refused("today", "2027-07-01"), @r"
    status: 1
    ----- stderr
    error: ada@line7: expired on 2027-06-30, and it is 2027-07-01
    hint: nothing was copied; build a bundle for that board, or set its clock
    ");
    insta::assert_snapshot!(refused("free", "1000"), @r"
    status: 1
    ----- stderr
    error: ada@line7: needs [BYTES] bytes in /opt/moead, and the board has 1024000
    hint: nothing was copied; free some space there
    ");
    insta::assert_snapshot!(refused("etc/group", "root:x:0:\n"), @r"
    status: 1
    ----- stderr
    error: ada@line7: the board has no group video
    hint: make it there (`groupadd --system NAME`), or use the profile of the board's system
    ");
    insta::assert_snapshot!(refused("uid", "1000"), @r"
    status: 1
    ----- stderr
    error: ada@line7: the account may not become root without a password
    hint: log in as root, or let the account use sudo without a password while you install
    ");
    insta::assert_snapshot!(refused("etc/moead/moead.pub", "untrusted comment: theirs\nRWQtheirs\n"), @r"
    status: 1
    ----- stderr
    error: ada@line7: the board trusts another key than the one that signed the bundle
    hint: sign with that key, or replace /etc/moead/moead.pub on the board
    ");
    insta::assert_snapshot!(refused("unreachable", ""), @r"
    status: 1
    ----- stderr
    ssh: connect to host line7 port 22: No route to host
    error: ada@line7: ssh: ended with status 255
    hint: nothing was changed on the board; try `ssh USER@HOST` by hand
    ");
    insta::assert_snapshot!(refused("glibc", ""), @r"
    status: 1
    ----- stderr
    error: ada@line7: the board did not say its glibc
    ");
    insta::assert_snapshot!(refused("scp-drops", ""), @r"
    status: 1
    ----- stderr
    error: ada@line7: scp: ended with status 255: scp: Connection closed
    hint: nothing was changed on the board; try `ssh USER@HOST` by hand
    ");
}

#[test]
fn an_account_that_may_run_some_programs_alone_is_found_out() {
    let line = Line::new();
    line.tell("uid", "1000");
    line.tell("sudo-allows", "true");
    insta::assert_snapshot!(line.says(INSTALL), @r"
    status: 1
    ----- stderr
    error: ada@line7: the account may not become root without a password
    hint: log in as root, or let the account use sudo without a password while you install
    ");
    line.tell("sudo-allows", "sh -c true");
    insta::assert_snapshot!(line.says(INSTALL), @r"
    status: 1
    ----- stderr
    sudo: a password is required
    error: ada@line7: the script could not be run: ended with status 1
    hint: the board runs what it ran before; log in as root, or let the account run `sudo sh` without a password
    ");
    assert!(line.folders().is_empty() && line.is_swept());
    line.tell("sudo-allows", "sh ");
    line.program(INSTALL).run().success();
    assert_eq!(line.current().as_deref(), Some("1.4"));
}

#[test]
fn a_script_that_is_killed_is_no_lost_connection() {
    let line = Line::new();
    line.tell("kills", "");
    let said = line.says(INSTALL);
    let error = "error: ada@line7: the script broke off at the step: unpack: ended with status 137\n\
        hint: install again: that says which release runs, and brings it to an end\n";
    assert!(said.starts_with("status: 1\n") && said.ends_with(error), "{said}");
    std::fs::remove_file(line.board().join("kills")).unwrap();
    line.program(INSTALL).run().success();
    assert!(line.is_swept());
}

#[test]
fn addresses_and_ports_are_taken_as_ssh_takes_them() {
    for (host, ssh, scp) in [
        ("ada@::1", "ssh ada@::1", "scp ada@[::1]"),
        ("ada@[::1]", "ssh ada@::1", "scp ada@[::1]"),
        ("ssh://ada@line7:2222", "ssh ada@line7 port 2222", "scp ada@line7 port 2222"),
    ] {
        let line = Line::new();
        line.program(&INSTALL.replace("ada@line7", host)).run().success();
        assert_eq!(line.current().as_deref(), Some("1.4"));
        let calls = line.calls();
        let mut calls = calls.lines().filter(|call| call.starts_with("ssh ") || call.starts_with("scp "));
        assert!(calls.all(|call| call == ssh || call == scp), "{host}: {}", line.calls());
    }
}

#[test]
fn a_signal_while_it_copies_leaves_nothing_here_or_on_the_board() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::process::ExitStatusExt as _;
    let line = Line::new();
    let gate = line.board().join("scp-waits");
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).unwrap();
    let scratch = line.desk.path("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let is_clean = || std::fs::read_dir(&scratch).unwrap().next().is_none();
    let install = line.program(INSTALL).env("TMPDIR", &scratch.display().to_string());
    let mut child = install.command().spawn().unwrap();
    // Opened as soon as scp waits.
    let gate = std::fs::File::options().write(true).open(gate).unwrap();
    assert!(!is_clean() && !line.is_swept());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(is_clean() && line.is_swept(), "{}", line.calls());
    assert_eq!((line.current(), line.folders().len()), (None, 0));
    drop(gate);
}

#[test]
fn an_older_release_does_not_replace_a_newer_one() {
    let line = Line::new();
    line.build("1.5", "newer.moead");
    line.program("install ada@line7 newer.moead --key moead.pub").run().success();
    insta::assert_snapshot!(line.says(INSTALL), @r"
    status: 1
    ----- stderr
    error: ada@line7: release 1.4 would replace 1.5, which is newer
    hint: nothing was copied; build a bundle for that board, or set its clock
    ");
    assert_eq!(line.current().as_deref(), Some("1.5"));
}

#[test]
fn when_a_step_fails_the_old_release_is_back() {
    let line = Line::new();
    line.program(INSTALL).run().success();
    line.build("1.5", "newer.moead");
    let newer = "install ada@line7 newer.moead --key moead.pub";
    line.tell("does-not-start", "1.5\n");
    insta::assert_snapshot!(line.says(newer), @r"
    status: 1
    ----- stderr
    error: ada@line7: start, and wait until it is ready: error: model.onnx: damaged
    hint: the board runs what it ran before
    ");
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.4"), 1));
    assert!(line.calls().ends_with("systemctl restart moead-edge.service\n"), "{}", line.calls());
    std::fs::remove_file(line.board().join("does-not-start")).unwrap();
    line.tell("sees-nothing", "");
    insta::assert_snapshot!(line.says(&format!("{newer} --patience 3")), @r#"
    status: 1
    ----- stderr
    error: ada@line7: wait for a judged picture: none in 3 s; {"event":"connecting","source":"video0"}
    hint: the board runs what it ran before
    "#);
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.4"), 1));
    assert!(line.is_swept());
}

#[test]
fn a_board_that_is_being_updated_is_left_alone() {
    let line = Line::new();
    line.tell("opt/moead/releases/1.5-0123456789ab.part/model.onnx", "half");
    let lock = std::fs::File::create(line.board().join("opt/moead/lock")).unwrap();
    lock.lock().unwrap();
    insta::assert_snapshot!(line.says(INSTALL), @r"
    status: 1
    ----- stderr
    error: ada@line7: unpack: another update is running on the board
    hint: the board runs what it ran before
    ");
    assert_eq!(line.folders(), ["1.5-0123456789ab.part"]);
}

/// Permissions of what is on the board.
fn mode(line: &Line, path: &str) -> u32 {
    std::fs::metadata(line.board().join(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_release_that_is_there_in_part_is_unpacked_anew() {
    let line = Line::new();
    line.program(INSTALL).run().success();
    line.build("1.5", "newer.moead");
    let newer = "install ada@line7 newer.moead --key moead.pub";
    line.program(newer).run().success();
    // As after a power cut while the newer one was being removed; the board runs the older one.
    let (old, new) = (line.linked("previous").unwrap(), line.linked("current").unwrap());
    let model = line.board().join("opt/moead").join(&new).join("model.onnx");
    let whole = std::fs::read(&model).unwrap();
    for (damage, is_there) in [("", false), ("half", true)] {
        for (link, target) in [("current", &old), ("previous", &new)] {
            let link = line.board().join("opt/moead").join(link);
            std::fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink(target, link).unwrap();
        }
        std::fs::remove_file(&model).unwrap();
        if is_there {
            std::fs::write(&model, damage).unwrap();
        }
        line.program(newer).run().success();
        assert!(std::fs::read(&model).unwrap() == whole);
        assert_eq!((line.linked("current"), line.linked("previous")), (Some(new.clone()), Some(old.clone())));
    }
    // What runs is not taken away.
    std::fs::write(&model, "rot").unwrap();
    insta::assert_snapshot!(line.says(newer), @"
    status: 1
    ----- stderr
    error: ada@line7: unpack: release 1.5-[DIGEST] runs, and its files are not what was sent
    hint: the board runs what it ran before
    ");
    assert_eq!(line.linked("current"), Some(new));
    assert_eq!(std::fs::read(&model).unwrap(), b"rot");
}

#[test]
fn a_release_that_goes_loses_its_name_first() {
    let line = Line::new();
    for (release, bundle) in [("1.4", "a.moead"), ("1.5", "b.moead"), ("1.6", "c.moead"), ("1.7", "d.moead")] {
        line.build(release, bundle);
        if release == "1.7" {
            line.tell("does-not-start", "1.7\n");
        }
        line.program(&format!("install ada@line7 {bundle} --key moead.pub")).run();
    }
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.6"), 2));
    let removed = std::fs::read_to_string(line.board().join("removed")).unwrap();
    let removed: Vec<&str> = removed
        .split_whitespace()
        .filter_map(|word| word.split_once("opt/moead/releases/").map(|(_, name)| name))
        .collect();
    assert!(removed.iter().any(|name| name.starts_with("1.4-")), "{removed:?}");
    assert!(removed.iter().any(|name| name.starts_with("1.7-")), "{removed:?}");
    assert!(removed.iter().all(|name| name.ends_with(".part")), "{removed:?}");
}

#[test]
fn what_runs_is_what_runs_when_the_lock_is_taken() {
    let line = Line::new();
    line.program(INSTALL).run().success();
    line.build("1.5", "newer.moead");
    line.program("install ada@line7 newer.moead --key moead.pub").run().success();
    // Another update goes back just before this one begins.
    line.tell("meanwhile", &line.linked("previous").unwrap());
    line.build("1.6", "newest.moead");
    line.tell("does-not-start", "1.6\n");
    line.program("install ada@line7 newest.moead --key moead.pub").run();
    assert_eq!(line.current().as_deref(), Some("1.4"));
}

#[test]
fn an_account_that_hides_its_files_hides_no_release() {
    let line = Line::new();
    line.tell("umask", "077");
    line.program(INSTALL).run().success();
    let release = format!("opt/moead/{}", line.linked("current").unwrap());
    for folder in ["opt/moead", "opt/moead/releases", "etc/moead", &release, &format!("{release}/systemd")] {
        assert_eq!(mode(&line, folder), 0o755, "{folder}");
        // As an earlier version left it.
        std::fs::set_permissions(line.board().join(folder), PermissionsExt::from_mode(0o700)).unwrap();
    }
    line.program(INSTALL).run().success();
    for folder in ["opt/moead", "opt/moead/releases", &release, &format!("{release}/systemd")] {
        assert_eq!(mode(&line, folder), 0o755, "{folder}");
    }
    assert_eq!(mode(&line, &format!("{release}/moead-edge")), 0o755);
    for file in ["etc/moead/moead.pub", &format!("{release}/model.onnx"), &format!("{release}/manifest.json")] {
        assert_eq!(mode(&line, file), 0o644, "{file}");
    }
}

#[test]
fn the_lock_is_root_s_alone() {
    let line = Line::new();
    line.program(INSTALL).run().success();
    assert_eq!(mode(&line, "opt/moead/lock"), 0o600);
    // One that an earlier version has made.
    std::fs::set_permissions(line.board().join("opt/moead/lock"), PermissionsExt::from_mode(0o644)).unwrap();
    line.program(INSTALL).run().success();
    assert_eq!(mode(&line, "opt/moead/lock"), 0o600);
}

#[test]
fn a_board_that_is_laid_out_otherwise_is_left_alone() {
    let line = Line::new();
    line.tell("opt/moead/current/moead-edge", "somebody's own");
    insta::assert_snapshot!(line.says(INSTALL).replace(&line.board().display().to_string(), ""), @"
    status: 1
    ----- stderr
    error: ada@line7: unpack: /opt/moead/current is no link
    hint: the board runs what it ran before
    ");
    assert!(!line.calls().contains("systemctl stop") && !line.calls().contains("daemon-reload"), "{}", line.calls());
    assert_eq!((line.folders().len(), line.board().join("opt/moead/current").is_dir()), (0, true));
}

#[test]
fn a_key_of_one_line_is_known_again() {
    let line = Line::new();
    let key = crate::desk::PUBLIC.lines().next_back().unwrap();
    line.desk.write("one.pub", key);
    line.program("install ada@line7 bolt.moead --key one.pub").run().success();
    line.tell("etc/moead/moead.pub", "RWQtheirs");
    insta::assert_snapshot!(line.says("install ada@line7 bolt.moead --key one.pub"), @"
    status: 1
    ----- stderr
    error: ada@line7: the board trusts another key than the one that signed the bundle
    hint: sign with that key, or replace /etc/moead/moead.pub on the board
    ");
}

#[test]
fn a_first_release_that_fails_leaves_nothing() {
    let line = Line::new();
    line.tell("does-not-start", "1.4\n");
    insta::assert_snapshot!(line.says(INSTALL), @r"
    status: 1
    ----- stderr
    error: ada@line7: start, and wait until it is ready: error: model.onnx: damaged
    hint: the board runs what it ran before
    ");
    assert_eq!((line.current(), line.folders().len()), (None, 0));
    assert!(!line.board().join("etc/systemd/system/moead-edge.service").exists());
    assert!(!line.board().join("etc/moead/moead.pub").exists());
    assert!(line.calls().contains("systemctl stop moead-edge.service\n"), "{}", line.calls());
    let left = std::fs::read_dir(line.board().join("etc/systemd/system/multi-user.target.wants")).unwrap();
    assert_eq!((left.count(), line.linked("previous")), (0, None));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_model_that_fails_on_the_board_is_not_switched_to() {
    let line = Line::new();
    line.program(INSTALL).run().success();
    // The same program with the other exit status: `sete` becomes `setne`.
    let mut program = PROGRAM.to_vec();
    let at = program.windows(2).position(|bytes| bytes == [0x0f, 0x94]).unwrap();
    program[at + 1] = 0x95;
    line.desk.write("moead-edge", program);
    line.build("1.5", "newer.moead");
    insta::assert_snapshot!(line.says("install ada@line7 newer.moead --key moead.pub"), @r"
    status: 1
    ----- stderr
    error: ada@line7: verify the model on this board: it does not
    hint: the board runs what it ran before
    ");
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.4"), 1));
}

#[test]
fn a_connection_that_drops_in_the_middle_leaves_one_whole_release() {
    let line = Line::new();
    line.program(INSTALL).run().success();
    line.build("1.5", "newer.moead");
    line.tell("drops", "");
    insta::assert_snapshot!(line.says("install ada@line7 newer.moead --key moead.pub"), @r"
    status: 1
    ----- stderr
    error: ada@line7: the connection was lost at the step: verify the model on this board
    hint: the board goes on by itself and ends with the new release or with the old one; install again to see which
    ");
    // The board went on without us, and has swept behind it.
    assert_eq!((line.current().as_deref(), line.folders().len()), (Some("1.5"), 2));
    assert!(line.is_swept());
}

#[test]
fn wrong_command_lines() {
    let line = Line::new();
    insta::assert_snapshot!(line.says("install -oProxyCommand=x bolt.moead --key moead.pub"), @r"
    status: 2
    ----- stderr
    error: unexpected argument '-o' found

      tip: to pass '-o' as a value, use '-- -o'

    Usage: moead-board install [OPTIONS] --key <FILE> <USER@HOST> <BUNDLE>

    For more information, try '--help'.
    ");
    let program = line.desk.program("install ada@line7 bolt.moead --key moead.pub").env("PATH", "/nowhere");
    insta::assert_snapshot!(program.run().transcript(), @r"
    status: 1
    ----- stderr
    error: ada@line7: ssh is not on this machine
    hint: install an ssh client (Debian: `apt install openssh-client`)
    ");
}
