//! `moead-board image`: a release in vendors' kinds of images, and images that are not fit for one.
//!
//! The samples are made with e2fsprogs and have what matters of a system: a shell, systemd, a C library. Where e2fsprogs is missing, the
//! tests say so.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;

use moead_tests::golden::write_note;
use rustix::process::{Pid, Signal, kill_process};

use crate::desk::Desk;

mod sample;

use sample::{Disk, MIB};

/// Of root, in the image.
const KEYS: &str = concat!("/root", "/.ssh/authorized_keys");

/// Who may log in, as `--set root-keys` takes it.
pub(crate) const LOGIN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXxlw4HCFy+jC8XSw+OLsnBqt8PQRChLbBlBwI+QIJG ada\n";

const IMAGE: &str = "image --base base.img --bundle bolt.moead --key moead.pub -o card.img";

fn desk() -> Option<Desk> {
    let is_there = Command::new("/sbin/mke2fs").arg("-V").output().is_ok();
    if !is_there {
        write_note("skipped: e2fsprogs is not on this machine\n");
    }
    is_there.then(Desk::with_bundle)
}

/// What debugfs, the other reader, says about a path in an image.
fn debugfs(desk: &Desk, start: u64, request: &str) -> String {
    let device = format!("card.img?offset={start}");
    let output =
        Command::new("/sbin/debugfs").args(["-R", request, &device]).current_dir(desk.path("")).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_release_is_put_into_a_gpt_image_and_nothing_else_changes() {
    let Some(desk) = desk() else { return };
    let disk = Disk::gpt();
    desk.write("base.img", disk.bytes(&desk));
    let before = desk.files()["base.img"].clone();
    desk.write("site.env", "MOEAD_HTTP=8080\n");
    desk.write("keys", LOGIN);
    let set = "--set hostname=line7 --set settings=site.env --set root-keys=keys";
    insta::assert_snapshot!(desk.says(&format!("{IMAGE} {set}")), @r#"
    status: 0
    ----- stdout
    card.img: release 1 of small in Sample GNU/Linux 12, glibc 2.36
    partition 2 "APP": ext4 "rootfs"; 39 files, links and folders written and read back
    "#);
    assert!(desk.files()["base.img"] == before, "the base was changed");
    let root = disk.root_start();
    let files = desk.files();
    let card = &files["card.img"];
    assert_eq!(card.len(), before.len());
    assert!(card[..root as usize] == before[..root as usize], "something before the root was changed");
    let release = debugfs(&desk, root, "ls -p /opt/moead/releases");
    let release = release.split('/').find(|name| name.starts_with("1-")).unwrap().to_owned();
    assert!(
        debugfs(&desk, root, "stat /opt/moead/current").contains(&format!("Fast link dest: \"releases/{release}\""))
    );
    let program = debugfs(&desk, root, &format!("stat /opt/moead/releases/{release}/moead-edge"));
    assert!(program.contains("Mode:  0755") && program.contains("User:     0   Group:     0"), "{program}");
    let keys = debugfs(&desk, root, &format!("stat {KEYS}"));
    assert!(keys.contains("Mode:  0600"), "{keys}");
    for (path, content) in [
        ("/etc/hostname", "line7\n"),
        ("/etc/moead/edge.env", "MOEAD_HTTP=8080\n"),
        (KEYS, LOGIN),
        ("/etc/moead/moead.pub", crate::desk::PUBLIC),
        ("/etc/os-release", "PRETTY_NAME=\"Sample GNU/Linux 12\"\n"),
    ] {
        assert_eq!(debugfs(&desk, root, &format!("cat {path}")), content, "{path}");
    }
    let wants = debugfs(&desk, root, "stat /etc/systemd/system/multi-user.target.wants/moead-edge.service");
    assert!(wants.contains("Fast link dest: \"../moead-edge.service\""), "{wants}");
}

#[test]
fn packed_images_and_mbr_disks_and_bare_file_systems_are_taken() {
    let Some(desk) = desk() else { return };
    for (name, bytes) in [
        ("mbr.img", Disk::mbr().bytes(&desk)),
        ("bare.img", Disk::bare().bytes(&desk)),
        ("disk.img.xz", sample::xz(&Disk::mbr().bytes(&desk))),
        ("disk.zip", sample::zip("disk.img", &Disk::mbr().bytes(&desk))),
    ] {
        desk.write(name, bytes);
        let said = desk.run(&IMAGE.replace("base.img", name)).success();
        assert!(said.stdout.contains("written and read back"), "{}", said.stdout);
    }
}

#[test]
fn a_second_release_goes_beside_the_first() {
    let Some(desk) = desk() else { return };
    desk.write("base.img", Disk::mbr().bytes(&desk));
    desk.run(IMAGE).success();
    desk.run(&format!("{} --release 2 -o two.moead", crate::desk::BUILD)).success();
    desk.run("image --base card.img --bundle two.moead --key moead.pub -o again.img").success();
    std::fs::rename(desk.path("again.img"), desk.path("card.img")).unwrap();
    let start = Disk::mbr().root_start();
    let releases = debugfs(&desk, start, "ls -p /opt/moead/releases");
    let names: Vec<&str> = releases.split('/').filter(|name| name.contains('-')).collect();
    assert_eq!(names.len(), 2, "{releases}");
    assert!(debugfs(&desk, start, "stat /opt/moead/current").contains("Fast link dest: \"releases/2-"));
}

/// A base whose journal has to be replayed, as of a card that was pulled out.
fn write_unclean(desk: &Desk) {
    let disk = Disk::gpt();
    desk.write("base.img", disk.bytes(desk));
    desk.write("zeros", [0; 1024]);
    desk.write("commands", "jo\njw -b 20000 zeros\njc\n");
    let device = format!("base.img?offset={}", disk.root_start());
    let said =
        Command::new("/sbin/debugfs").args(["-w", "-f", "commands", &device]).current_dir(desk.path("")).output();
    assert!(said.unwrap().status.success());
}

#[test]
fn an_unclean_base_is_repaired_in_the_copy() {
    let Some(desk) = desk() else { return };
    write_unclean(&desk);
    let before = desk.files()["base.img"].clone();
    insta::assert_snapshot!(desk.says(IMAGE), @r#"
    status: 0
    ----- stdout
    card.img: release 1 of small in Sample GNU/Linux 12, glibc 2.36
    partition 2 "APP": ext4 "rootfs"; 34 files, links and folders written and read back
    ----- stderr
    warning: base.img: its file system was not closed properly; the copy was repaired, as a boot would have done
    "#);
    assert!(desk.files()["base.img"] == before);
}

#[test]
fn a_file_system_that_counts_what_owners_have_counts_right_afterwards() {
    let Some(desk) = desk() else { return };
    let disk = Disk::gpt().made_with(&["-O", "quota"]);
    desk.write("base.img", disk.bytes(&desk));
    insta::assert_snapshot!(desk.says(IMAGE), @r#"
    status: 0
    ----- stdout
    card.img: release 1 of small in Sample GNU/Linux 12, glibc 2.36
    partition 2 "APP": ext4 "rootfs"; 34 files, links and folders written and read back
    "#);
    let device = format!("card.img?offset={}", disk.root_start());
    let said = Command::new("/sbin/e2fsck").args(["-fn", &device]).current_dir(desk.path("")).output().unwrap();
    assert!(said.status.success(), "{said:?}");
}

/// A program of that name that waits where it is told `word`, until somebody has opened the pipe beside it for writing and closed it, and does
/// nothing then; elsewhere it is the one of e2fsprogs. The pipe's path.
fn write_waiting(desk: &Desk, program: &str, word: &str) -> PathBuf {
    let gate = desk.path(&format!("{program}.gate"));
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).unwrap();
    let waits = format!("case \" $* \" in *\" {word} \"*) cat '{}'; exit 8 ;; esac", gate.display());
    let path = format!("bin/{program}");
    desk.write(&path, format!("#!/bin/sh\n{waits}\nexec /sbin/{program} \"$@\"\n"));
    std::fs::set_permissions(desk.path(&path), Permissions::from_mode(0o755)).unwrap();
    gate
}

#[test]
fn a_signal_while_e2fsprogs_are_at_work_leaves_nothing_behind() {
    let Some(desk) = desk() else { return };
    write_unclean(&desk);
    for folder in ["bin", "scratch"] {
        std::fs::create_dir(desk.path(folder)).unwrap();
    }
    let path = format!("{}:{}", desk.path("bin").display(), std::env::var("PATH").unwrap());
    let scratch = desk.path("scratch");
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(desk.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    let parts = || names("").into_iter().filter(|name| name.starts_with(".moead-") || name == "card.img").count();
    // While the partition is repaired in a file of its own; while the files are written.
    for (program, word, expected) in [("e2fsck", "-fp", (2, 0)), ("debugfs", "-w", (1, 1))] {
        let gate = write_waiting(&desk, program, word);
        let image = desk.program(IMAGE).env("PATH", &path).env("TMPDIR", &scratch.display().to_string());
        let mut child = image.command().spawn().unwrap();
        // Opened as soon as the program waits.
        let gate = File::options().write(true).open(gate).unwrap();
        assert_eq!((parts(), names("scratch").len()), expected, "{program}");
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(15));
        assert_eq!((parts(), names("scratch").len()), (0, 0), "{program}");
        drop(gate);
        std::fs::remove_file(desk.path(&format!("bin/{program}"))).unwrap();
    }
}

#[test]
fn bases_that_are_not_fit_are_refused() {
    let Some(desk) = desk() else { return };
    let refuse = |bytes: Vec<u8>| {
        desk.write("base.img", bytes);
        desk.refuses(IMAGE)
    };
    insta::assert_snapshot!(refuse(b"no image".to_vec()), @r"
    status: 1
    ----- stderr
    error: base.img: no ext4 root file system, found the whole image: something else
    hint: a release needs an ext4 root; encrypted ones have to be opened by their owner: use `moead-board install` there
    ");
    insta::assert_snapshot!(refuse(Disk::gpt().encrypted().bytes(&desk)), @r#"
    status: 1
    ----- stderr
    error: base.img: no ext4 root file system, found partition 1 "boot": something else, partition 2 "APP": encrypted (LUKS)
    hint: a release needs an ext4 root; encrypted ones have to be opened by their owner: use `moead-board install` there
    "#);
    insta::assert_snapshot!(refuse(Disk::gpt().with_two_systems("data", "more").bytes(&desk)), @r#"
    status: 1
    ----- stderr
    error: base.img: more than one ext4 file system could be the root: partition 1 "boot": ext4 "more", partition 2: ext4 "data"
    hint: `--partition N` names the root
    "#);
    insta::assert_snapshot!(refuse(Disk::gpt().root_of(14 * MIB).bytes(&desk)), @r#"
    status: 1
    ----- stderr
    error: base.img: the files need [BYTES] bytes on partition 2 "APP": ext4 "rootfs", and [BYTES] are free
    hint: images of cards are as small as possible: enlarge partition and file system first, or boot once
    "#);
    insta::assert_snapshot!(refuse(Disk::gpt().made_with(&["-N", "64"]).bytes(&desk)), @r#"
    status: 1
    ----- stderr
    error: base.img: the files need 162 inodes on partition 2 "APP": ext4 "rootfs", and [BYTES] are free
    hint: images of cards are as small as possible: enlarge partition and file system first, or boot once
    "#);
    insta::assert_snapshot!(refuse(Disk::gpt().with_link("opt", "var/opt").bytes(&desk)), @r"
    status: 1
    ----- stderr
    error: base.img: /opt: expected a folder, found a link to var/opt
    hint: a release has to lie behind folders alone; boot that system, and use `moead-board install`
    ");
    insta::assert_snapshot!(refuse(Disk::gpt().with("opt", b"").bytes(&desk)), @r"
    status: 1
    ----- stderr
    error: base.img: /opt: expected a folder, found a file
    hint: a release has to lie behind folders alone; boot that system, and use `moead-board install`
    ");
    insta::assert_snapshot!(refuse(Disk::gpt().with("bin/sh", include_bytes!("../programs/x86_64")).bytes(&desk)), @r"
    status: 1
    ----- stderr
    error: base.img: made for aarch64-unknown-linux-gnu, and this board is x86_64-unknown-linux-gnu
    hint: build a bundle for that system; `moead-board profiles` lists boards
    ");
    insta::assert_snapshot!(refuse(Disk::gpt().with("usr/lib/aarch64-linux-gnu/libc.so.6", b"stable release version 2.31.").bytes(&desk)), @r"
    status: 1
    ----- stderr
    error: base.img: needs glibc 2.36, and this board has 2.31
    hint: build a bundle for that system; `moead-board profiles` lists boards
    ");
    insta::assert_snapshot!(refuse(Disk::gpt().without("lib/systemd/systemd").bytes(&desk)), @r#"
    status: 1
    ----- stderr
    error: base.img: the system on partition 2 "APP": ext4 "rootfs" cannot be used: it has no systemd
    "#);
    let mut cut = Disk::gpt().bytes(&desk);
    cut.truncate(20 << 20);
    insta::assert_snapshot!(refuse(cut), @r"
    status: 1
    ----- stderr
    error: base.img: partition table: partition 2 ends behind the image, which has 20971520 bytes
    ");
    let mut altered = Disk::gpt().bytes(&desk);
    altered[1024 + 56] ^= 1;
    insta::assert_snapshot!(refuse(altered), @r"
    status: 1
    ----- stderr
    error: base.img: partition table: GPT: checksum of the entries
    ");
    insta::assert_snapshot!(refuse([&b"\x1f\x8b\x08"[..], &[0; 1024]].concat()), @"
    status: 1
    ----- stderr
    error: base.img: is packed by gzip, expected a raw image, .xz or .zip
    hint: unpack it first
    ");
    let mut packed = sample::xz(&Disk::mbr().bytes(&desk));
    packed.truncate(packed.len() / 2);
    insta::assert_snapshot!(refuse(packed), @r"
    status: 1
    ----- stderr
    error: base.img: xz: premature eof
    ");
    insta::assert_snapshot!(refuse(sample::zip("readme.txt", b"no disk")), @r"
    status: 1
    ----- stderr
    error: base.img: no ext4 root file system, found the whole image: something else
    hint: a release needs an ext4 root; encrypted ones have to be opened by their owner: use `moead-board install` there
    ");
}

#[test]
fn damage_that_needs_a_decision_is_not_repaired() {
    let Some(desk) = desk() else { return };
    let disk = Disk::gpt();
    desk.write("base.img", disk.bytes(&desk));
    // Without its root folder.
    let device = format!("base.img?offset={}", disk.root_start());
    Command::new("/sbin/debugfs").args(["-w", "-R", "clri <2>", &device]).current_dir(desk.path("")).output().unwrap();
    let said = desk.refuses(IMAGE);
    assert!(said.contains(": the file system of partition 2 \"APP\": ext4 \"rootfs\" is damaged: "), "{said}");
    assert!(said.contains("hint: fetch the base again"), "{said}");
}

#[test]
fn which_partition_is_the_root_can_be_said() {
    let Some(desk) = desk() else { return };
    desk.write("base.img", Disk::gpt().with_two_systems("data", "more").bytes(&desk));
    desk.run(&format!("{IMAGE} --partition 2")).success();
    insta::assert_snapshot!(desk.refuses(&format!("{IMAGE} --partition 1")), @r#"
    status: 1
    ----- stderr
    error: base.img: the files need [BYTES] bytes on partition 1 "boot": ext4 "more", and [BYTES] are free
    hint: images of cards are as small as possible: enlarge partition and file system first, or boot once
    "#);
}

#[test]
fn what_the_site_sets_is_looked_at() {
    let desk = Desk::with_bundle();
    desk.write("base.img", "x");
    let refuse = |name: &str, text: &str| {
        desk.write("given", text);
        desk.refuses(&format!("{IMAGE} --set {name}=given"))
    };
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n";
    insta::assert_snapshot!(refuse("root-keys", private), @r"
    status: 1
    ----- stderr
    error: given: line 1: expected public keys for ssh, found a private one
    hint: name the half that ends in .pub
    ");
    insta::assert_snapshot!(refuse("root-keys", ""), @r"
    status: 1
    ----- stderr
    error: given: expected public keys for ssh, found none
    hint: one key a line, as `ssh-keygen` writes it into a file that ends in .pub
    ");
    insta::assert_snapshot!(refuse("root-keys", &format!("# mine\n{LOGIN}title = \"a board\"\n")), @r"
    status: 1
    ----- stderr
    error: given: line 3: expected a public key for ssh, found something else
    hint: one key a line, as `ssh-keygen` writes it into a file that ends in .pub
    ");
    insta::assert_snapshot!(refuse("settings", "MOEAD_TRESHOLD=4\n"), @r"
    status: 1
    ----- stderr
    error: given: line 1: moead-edge has no variable MOEAD_TRESHOLD
    hint: did you mean MOEAD_THRESHOLD?
    ");
    if cfg!(feature = "runtime") {
        insta::assert_snapshot!(refuse("settings", "MOEAD_HTTP=8080\nMOEAD_THRESHOLD=high\n"), @r"
        status: 1
        ----- stderr
        error: given: moead-edge would refuse it: invalid value 'high' for '--threshold <SCORE>': expected a number, as in 4.5
        hint: `moead-edge --help` lists what it takes
        ");
    }
}

#[test]
fn wrong_command_lines() {
    let desk = Desk::with_bundle();
    desk.write("base.img", "x");
    insta::assert_snapshot!(desk.refuses(&IMAGE.replace("card.img", "base.img")), @r"
    status: 2
    ----- stderr
    error: the image base.img would replace base.img, which is read
    hint: give another `--output FILE`
    ");
    for input in ["bolt.moead", "moead.pub"] {
        let said = desk.refuses(&IMAGE.replace("card.img", input));
        assert!(said.contains(&format!("error: the image {input} would replace {input}, which is read")), "{said}");
    }
    insta::assert_snapshot!(desk.refuses(&format!("{IMAGE} --set hostname=a --set hostname=b")), @r"
    status: 2
    ----- stderr
    error: --set hostname=…: given twice
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{IMAGE} --set hostname=a.b")), @r"
    status: 2
    ----- stderr
    error: invalid value 'hostname=a.b' for '--set <NAME=VALUE>': hostname: expected up to 63 letters, digits and `-`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{IMAGE} --set color=blue")), @r"
    status: 2
    ----- stderr
    error: invalid value 'color=blue' for '--set <NAME=VALUE>': expected hostname=NAME, settings=FILE or root-keys=FILE

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses(&IMAGE.replace("base.img", "gone.img")), @r"
    status: 1
    ----- stderr
    error: gone.img: No such file or directory (os error 2)
    hint: check the path
    ");
}
