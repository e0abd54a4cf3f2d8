//! `moead-board build --format deb`: what dpkg and lintian make of it. Where one of them is missing, the tests say so.

use std::path::Path;
use std::process::Command;

use moead_tests::golden::write_note;

use crate::desk::Desk;

const BUILD: &str = "build raspberry-pi-5 --model model.onnx --binary moead-edge --no-check --format deb";

fn desk(version: &str) -> Desk {
    let desk = Desk::ready();
    build(&desk, version);
    desk
}

fn build(desk: &Desk, version: &str) {
    let words = format!("{BUILD} --release {version} --maintainer").split(' ').map(str::to_owned).collect::<Vec<_>>();
    let words = words.into_iter().chain(["Ada Lovelace <ada@lovelace.name>".to_owned()]);
    desk.program("").args(words).run().success();
}

/// Whether a program is on this machine; says so when it is not.
fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        write_note(&format!("skipped: {program} is not on this machine\n"));
    }
    is_there
}

/// What a program says, on both streams, and whether it ended well.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.env("LC_ALL", "C.UTF-8").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn apt_reads_what_the_package_says() {
    if !has("dpkg-deb") {
        return;
    }
    let desk = desk("1.4");
    let package = desk.path("moead-edge_1.4_arm64.deb");
    let (_, fields) = run(Command::new("dpkg-deb").arg("--field").arg(&package));
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"Installed-Size: \d+", "Installed-Size: [KB]");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(fields, @r"
    Package: moead-edge
    Version: 1.4
    Architecture: arm64
    Maintainer: Ada Lovelace <ada@lovelace.name>
    Installed-Size: [KB]
    Depends: libc6 (>= 2.17), libgcc-s1
    Section: misc
    Priority: optional
    Description: anomaly scores from a camera, with the model small
     Judges what a camera sees, picture by picture: ok or defect, and where.
     The model was trained on good parts of one production line, and is of no
     use elsewhere.
    ");
    let (_, files) = run(Command::new("dpkg-deb").arg("--contents").arg(&package));
    let files: Vec<String> = files
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("{} {} {}", words[0], words[1], words[5])
        })
        .collect();
    insta::assert_snapshot!(files.join("\n"), @r"
    drwxr-xr-x root/root ./
    drwxr-xr-x root/root ./etc/
    drwxr-xr-x root/root ./etc/moead/
    drwxr-xr-x root/root ./lib/
    drwxr-xr-x root/root ./lib/systemd/
    drwxr-xr-x root/root ./lib/systemd/system/
    drwxr-xr-x root/root ./lib/udev/
    drwxr-xr-x root/root ./lib/udev/rules.d/
    drwxr-xr-x root/root ./usr/
    drwxr-xr-x root/root ./usr/bin/
    drwxr-xr-x root/root ./usr/share/
    drwxr-xr-x root/root ./usr/share/doc/
    drwxr-xr-x root/root ./usr/share/doc/moead-edge/
    drwxr-xr-x root/root ./usr/share/moead-edge/
    -rw-r--r-- root/root ./etc/moead/edge.env
    -rwxr-xr-x root/root ./usr/bin/moead-edge
    -rw-r--r-- root/root ./lib/systemd/system/moead-edge.service
    -rw-r--r-- root/root ./lib/udev/rules.d/70-moead-edge.rules
    -rw-r--r-- root/root ./usr/share/moead-edge/edge.env
    -rw-r--r-- root/root ./usr/share/moead-edge/model.onnx
    -rw-r--r-- root/root ./usr/share/doc/moead-edge/changelog.gz
    -rw-r--r-- root/root ./usr/share/doc/moead-edge/copyright
    -rw-r--r-- root/root ./usr/share/doc/moead-edge/sbom.cdx.json.gz
    -rw-r--r-- root/root ./usr/share/doc/moead-edge/third-party.txt.gz
    ");
}

#[test]
fn the_same_inputs_give_the_same_package() {
    let (one, other) = (desk("1.4").files(), desk("1.4").files());
    assert!(one["moead-edge_1.4_arm64.deb"] == other["moead-edge_1.4_arm64.deb"]);
}

#[test]
fn lintian_finds_no_error() {
    if !has("lintian") {
        return;
    }
    let desk = desk("1.4");
    let (_, said) =
        run(Command::new("lintian").args(["--allow-root", "--no-cfg"]).arg(desk.path("moead-edge_1.4_arm64.deb")));
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("E: ")).collect();
    // It always has a remark (the program's manual page is not in the package): silence would mean that it did not look.
    assert!(said.contains("W: moead-edge: "), "{said}");
    assert!(errors.is_empty(), "{said}");
}

/// dpkg on a system of its own, whose scripts find no systemd.
fn dpkg(root: &Path, arguments: &[&str]) -> String {
    let (is_fine, said) = run(Command::new("dpkg")
        .arg(format!("--root={}", root.display()))
        .args([
            "--force-not-root",
            "--force-script-chrootless",
            "--force-depends",
            "--force-architecture",
            "--force-confdef",
        ])
        .args(arguments));
    assert!(is_fine, "{arguments:?}: {said}");
    said
}

/// Files and links below a folder, but for dpkg's own.
fn left(root: &Path) -> Vec<String> {
    let mut left = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            let is_dpkgs = name.starts_with("var/lib/dpkg");
            match entry.symlink_metadata().unwrap().is_dir() {
                true => folders.push(entry),
                false if !is_dpkgs => left.push(name),
                false => {}
            }
        }
    }
    left.sort();
    left
}

#[test]
fn a_sites_settings_survive_an_update_and_purging_leaves_nothing() {
    if !has("dpkg") || !has("deb-systemd-helper") {
        return;
    }
    let desk = desk("1.4");
    build(&desk, "1.5");
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for folder in ["var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/triggers"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let package = |version: &str| desk.path(&format!("moead-edge_{version}_arm64.deb")).display().to_string();
    dpkg(root, &["--install", &package("1.4")]);
    let settings = root.join("etc/moead/edge.env");
    assert!(root.join("usr/bin/moead-edge").is_file());
    let enabled = root.join("etc/systemd/system/multi-user.target.wants/moead-edge.service");
    assert!(enabled.symlink_metadata().is_ok(), "{:?}", left(root));
    std::fs::write(&settings, "MOEAD_HTTP=8080\n").unwrap();
    dpkg(root, &["--install", &package("1.5")]);
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), "MOEAD_HTTP=8080\n");
    let version = std::fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
    assert!(version.contains("Version: 1.5"), "{version}");
    // What the service would have kept.
    for folder in ["var/lib/private/moead", "var/cache/private/moead"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
        std::fs::write(root.join(folder).join("kept"), "").unwrap();
    }
    std::os::unix::fs::symlink("private/moead", root.join("var/lib/moead")).unwrap();
    dpkg(root, &["--remove", "moead-edge"]);
    assert!(settings.is_file() && root.join("var/lib/private/moead/kept").is_file());
    dpkg(root, &["--purge", "moead-edge"]);
    assert_eq!(left(root), [""; 0]);
}

#[test]
fn what_a_package_cannot_keep_is_refused() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.refuses(BUILD), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --maintainer <NAME>

    Usage: moead-board build --model <FILE> --binary <FILE> --no-check --format <FORMAT> --maintainer <NAME> <PROFILE> [-- <ARGUMENTS>...]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --maintainer ada")), @r"
    status: 2
    ----- stderr
    error: invalid value 'ada' for '--maintainer <NAME>': expected a name and an address, as in 'Ada <ada@example.org>'

    For more information, try '--help'.
    ");
    let program = desk.program(BUILD).args(["--expires", "2027-06-30", "--maintainer", "Ada <ada@lovelace.name>"]);
    insta::assert_snapshot!(desk.refuses_program(&program), @r"
    status: 2
    ----- stderr
    error: --expires, --replaces-from and --allow-downgrade are for bundles: a package has nothing to keep them in
    ");
}
