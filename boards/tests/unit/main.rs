//! The unit as systemd reads it, for every board: nothing unknown, and hardly anything that the service could do besides.
//!
//! Needs `systemd-analyze`, 250 or newer; where it is missing the tests say so.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use moead_boards::profile::{DropIn, Profile, catalogue};
use moead_boards::{places, unit};
use moead_bundle::release;
use moead_tests::golden::write_note;

/// The goal; systemd calls everything below 2.5 fine.
const MOST_EXPOSED: f32 = 2.0;

fn profiles() -> Vec<Profile> {
    catalogue::names().map(|name| catalogue::profile(name).unwrap()).collect()
}

/// Whether the tests can run; says why not.
fn has_systemd_analyze() -> bool {
    let version = Command::new("systemd-analyze").arg("--version").output().map(|output| output.stdout);
    let version = version.ok().and_then(|text| String::from_utf8(text).ok()?.split_whitespace().nth(1)?.parse().ok());
    let is_there = version.is_some_and(|version: u32| version >= 250);
    if !is_there {
        write_note("skipped: systemd-analyze 250 or newer is not on this machine\n");
    }
    is_there
}

/// A board's file system as far as systemd looks: the release, `current`, and the unit that is linked through it.
fn board(unit: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = |path: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    let program = folder("opt/moead/releases/1");
    let of_release = folder("opt/moead/releases/1/systemd");
    std::fs::write(of_release.join("moead-edge.service"), unit).unwrap();
    std::fs::write(of_release.join("moead-edge-update.service"), unit::UPDATE_UNIT).unwrap();
    std::fs::write(program.join("moead-edge"), "").unwrap();
    std::fs::set_permissions(program.join("moead-edge"), PermissionsExt::from_mode(0o755)).unwrap();
    for link in [release::CURRENT, release::PREVIOUS] {
        symlink("releases/1", root.path().join("opt/moead").join(link)).unwrap();
    }
    folder("etc/systemd/system/multi-user.target.wants");
    folder("etc/udev/rules.d");
    for (path, target) in release::LINKS {
        symlink(target, root.path().join(&path[1..])).unwrap();
    }
    for target in ["sysinit", "basic", "shutdown", "multi-user", "local-fs"] {
        std::fs::write(folder("lib/systemd/system").join(format!("{target}.target")), "[Unit]\n").unwrap();
    }
    root
}

/// What `systemd-analyze` says, whichever stream it says it on.
fn analyze(root: &Path, arguments: &[&str]) -> (bool, String) {
    analyze_unit(root, arguments, release::UNIT)
}

fn analyze_unit(root: &Path, arguments: &[&str], unit: &str) -> (bool, String) {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .arg(format!("--root={}", root.display()))
        .args(["--no-pager", unit])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn systemd_knows_every_line_of_every_boards_unit() {
    if !has_systemd_analyze() {
        return;
    }
    for profile in profiles() {
        let root = board(&unit::unit(&profile, &["--http".into(), "8080".into()], &places::RELEASE));
        // The manual page is on the board, not here.
        let (is_fine, said) = analyze(root.path(), &["verify", "--man=no"]);
        assert!(is_fine && said.is_empty(), "{}: {said}", profile.name);
    }
}

#[test]
fn a_wrong_line_would_be_found() {
    if !has_systemd_analyze() {
        return;
    }
    let text = unit::unit(&profiles()[0], &[], &places::RELEASE).replace("WatchdogSec=", "WatchDogSec=");
    let (_, said) = analyze(board(&text).path(), &["verify", "--man=no"]);
    assert!(said.contains("Unknown key"), "{said}");
}

#[test]
fn the_service_can_do_hardly_anything_besides() {
    if !has_systemd_analyze() {
        return;
    }
    for profile in profiles() {
        let root = board(&unit::unit(&profile, &[], &places::RELEASE));
        for name in [release::UNIT, release::UPDATE_UNIT] {
            let (_, said) = analyze_unit(root.path(), &["security", "--offline=yes"], name);
            let score = said.rsplit_once(&format!("{name}: ")).and_then(|(_, rest)| rest.split_whitespace().next());
            let score: f32 = score.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
            assert!(score <= MOST_EXPOSED, "{}: {name}: {said}", profile.name);
        }
    }
}

#[test]
fn systemd_knows_every_line_of_the_update_unit() {
    if !has_systemd_analyze() {
        return;
    }
    let root = board(&unit::unit(&profiles()[0], &[], &places::RELEASE));
    let (is_fine, said) = analyze_unit(root.path(), &["verify", "--man=no"], release::UPDATE_UNIT);
    assert!(is_fine && said.is_empty(), "{said}");
}

#[test]
fn starts_that_hang_reach_the_limit_and_a_package_never_gives_up() {
    for profile in profiles() {
        let text = unit::unit(&profile, &[], &places::RELEASE);
        let number = |key: &str| -> u32 {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.parse().unwrap()
        };
        let stop_and_pause = number("TimeoutStopSec=") + number("RestartSec=");
        let start = number("TimeoutStartSec=") + number("WatchdogSec=") + stop_and_pause;
        assert!(number("StartLimitIntervalSec=") > number("StartLimitBurst=") * start, "{}", profile.name);
        assert!(text.contains("\nOnFailure=moead-edge-update.service\n"));
        let package = unit::unit(&profile, &[], &places::PACKAGE);
        assert!(package.contains("\nStartLimitIntervalSec=0\n") && !package.contains("OnFailure"), "{package}");
    }
}

#[test]
fn a_boards_additions_win_over_the_template() {
    let profile = catalogue::profile("jetson-agx-orin-cuda").unwrap();
    assert_eq!(profile.service.drop_ins, [DropIn::JetsonGpu]);
    let text = unit::unit(&profile, &[], &places::RELEASE);
    let last = |key: &str| text.lines().rfind(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert_eq!(last("MemoryDenyWriteExecute="), "MemoryDenyWriteExecute=no");
    assert_eq!(last("SupplementaryGroups="), "SupplementaryGroups=video render");
    assert_eq!(last("MemoryMax="), "MemoryMax=3G");
    let plain = unit::unit(&catalogue::profile("raspberry-pi-5").unwrap(), &[], &places::RELEASE);
    assert!(!plain.contains("MemoryDenyWriteExecute=no"));
}

#[test]
fn the_unit_starts_what_the_profile_says_and_more_wins() {
    let profile = catalogue::profile("raspberry-pi-5").unwrap();
    let started = |more: &[&str]| {
        let more: Vec<String> = more.iter().map(|&word| word.to_owned()).collect();
        let text = unit::unit(&profile, &more, &places::RELEASE);
        let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap().to_owned();
        line.strip_prefix("/opt/moead/current/moead-edge ").unwrap().to_owned()
    };
    assert_eq!(started(&[]), "--source v4l2:///dev/video0 --wait-for-cameras");
    assert_eq!(
        started(&["--source", "a=v4l2:///dev/video2", "--exit-on-loss", "--product", "50% off"]),
        "--source a=v4l2:///dev/video2 --exit-on-loss --product \"50%% off\""
    );
    // However a source is asked for, there is no second one.
    for source in ["-c/dev/video2", "-qc/dev/video2", "-sv4l2:///dev/video2", "--camera=/dev/video2"] {
        assert_eq!(started(&[source]), format!("--wait-for-cameras {source}"));
    }
    let text = unit::unit(&profile, &[], &places::RELEASE);
    assert!(!text.contains('{') && !text.contains('}'), "a placeholder is left: {text}");
}

#[test]
fn words_in_braces_stay_what_they_are() {
    let profile = catalogue::profile("raspberry-pi-5").unwrap();
    let more = ["--heatmaps", "/x/{MEMORY_MAX}{", "--maps", "{PROFILE"].map(str::to_owned);
    let text = unit::unit(&profile, &more, &places::RELEASE);
    let expected = "--heatmaps \"/x/{MEMORY_MAX}{\" --maps \"{PROFILE\"\n";
    assert!(text.contains(expected), "{text}");
}
