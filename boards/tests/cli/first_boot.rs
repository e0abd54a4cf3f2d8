//! `moead-board image --first-boot`: a release in a Raspberry Pi card's FAT partition, and the boot that installs it there.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};

use crate::desk::Desk;
use crate::image::LOGIN;
use crate::install::Line;

const MIB: u64 = 1 << 20;
const IMAGE: &str = "image --base base.img --bundle bolt.moead --key moead.pub -o card.img --first-boot";
const LINE: &str =
    "console=tty1 root=PARTUUID=57c84f67-02 rootfstype=ext4 rootwait init=/usr/lib/raspberrypi-sys-mods/firstboot\n";

/// A card as Raspberry Pi OS has it, in small: an MBR, a FAT partition of so many bytes with these files, and something behind it.
fn card(bytes: u64, files: &[(&str, &str)]) -> Vec<u8> {
    let mut partition = tempfile::tempfile().unwrap();
    partition.set_len(bytes).unwrap();
    fatfs::format_volume(&mut partition, FormatVolumeOptions::new().volume_label(*b"bootfs     ")).unwrap();
    let system = FileSystem::new(partition.try_clone().unwrap(), FsOptions::new()).unwrap();
    for (name, text) in files {
        system.root_dir().create_file(name).unwrap().write_all(text.as_bytes()).unwrap();
    }
    system.unmount().unwrap();
    let mut disk = vec![0; MIB as usize];
    let sectors = [MIB / 512, bytes / 512].map(|count| u32::try_from(count).unwrap().to_le_bytes());
    disk[446 + 4] = 0x0c;
    disk[446 + 8..446 + 12].copy_from_slice(&sectors[0]);
    disk[446 + 12..446 + 16].copy_from_slice(&sectors[1]);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    std::io::Seek::rewind(&mut partition).unwrap();
    partition.read_to_end(&mut disk).unwrap();
    disk.extend(vec![7; MIB as usize]);
    disk
}

/// What an image's FAT partition has: all files of its root and of our folder.
fn unpack(image: &Path, folder: &Path) -> PathBuf {
    let mut bytes = std::fs::read(image).unwrap();
    let behind = bytes.split_off(bytes.len() - MIB as usize);
    assert!(behind.iter().all(|&byte| byte == 7), "something behind the partition was changed");
    let mut partition = tempfile::tempfile().unwrap();
    partition.write_all(&bytes[MIB as usize..]).unwrap();
    std::io::Seek::rewind(&mut partition).unwrap();
    let system = FileSystem::new(partition, FsOptions::new()).unwrap();
    let root = folder.join("boot");
    for (place, target) in [("", root.clone()), ("moead", root.join("moead"))] {
        std::fs::create_dir_all(&target).unwrap();
        let at = if place.is_empty() { system.root_dir() } else { system.root_dir().open_dir(place).unwrap() };
        for entry in at.iter().map(Result::unwrap).filter(fatfs::DirEntry::is_file) {
            let mut file = File::create(target.join(entry.file_name())).unwrap();
            std::io::copy(&mut entry.to_file(), &mut file).unwrap();
        }
    }
    root
}

/// A first boot of that board.
fn boot(line: &Line, partition: &Path) -> String {
    let path = format!("{}:/usr/bin:/bin", line.board().join("bin").display());
    let script = partition.join("moead/first-boot.sh");
    let ended = Command::new("/bin/sh").arg(script).env("PATH", path).env("MOEAD_ROOT", line.board()).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    std::fs::read_to_string(partition.join("moead/first-boot.log")).unwrap()
}

#[test]
fn a_card_installs_its_release_when_it_first_boots() {
    let line = Line::new();
    let desk = &line.desk;
    let base = card(64 * MIB, &[("cmdline.txt", LINE), ("config.txt", "arm_64bit=1\n")]);
    desk.write("base.img", &base);
    desk.write("site.env", "MOEAD_HTTP=8080\n");
    desk.write("keys", LOGIN);
    insta::assert_snapshot!(
        desk.says(&format!("{IMAGE} --set hostname=line7 --set settings=site.env --set root-keys=keys")), @"
    status: 0
    ----- stdout
    card.img: release 1.4 of small, to be installed when the board first boots
    partition 1: FAT; 11 files, links and folders written and read back
    ----- stderr
    note: whether that system can run the release shows then: what came of it will be in moead/first-boot.log on the same partition
    ");
    assert!(desk.files()["base.img"] == base, "the base was changed");
    let partition = unpack(&desk.path("card.img"), &desk.path(""));
    let command_line = std::fs::read_to_string(partition.join("cmdline.txt")).unwrap();
    let hook = " systemd.run=/boot/firmware/moead/first-boot.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n";
    assert_eq!(command_line, format!("{}{hook}", LINE.trim_end()));
    assert_eq!(std::fs::read_to_string(partition.join("config.txt")).unwrap(), "arm_64bit=1\n");

    line.tell("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 raspberrypi\n");
    let log = boot(&line, &partition);
    assert!(log.ends_with("done\n"), "{log}");
    assert_eq!(line.current().as_deref(), Some("1.4"));
    // The board boots anew after this: nothing is started before.
    assert!(!line.calls().contains("restart"), "{}", line.calls());
    assert_eq!(std::fs::read_to_string(partition.join("cmdline.txt")).unwrap(), LINE);
    assert!(!partition.join("moead/release.tar").exists());
    let written = |path: &str| std::fs::read_to_string(line.board().join(path)).unwrap();
    assert_eq!(written("etc/moead/edge.env"), "MOEAD_HTTP=8080\n");
    assert_eq!(written("etc/hostname"), "line7\n");
    assert_eq!(written("root/.ssh/authorized_keys"), LOGIN);
    assert_eq!(written("etc/hosts"), "127.0.0.1 localhost\n127.0.1.1 line7\n");
    assert_eq!(written("etc/moead/moead.pub"), crate::desk::PUBLIC);
}

#[test]
fn a_release_that_is_damaged_on_the_card_leaves_the_board_as_it_was() {
    let line = Line::new();
    line.desk.write("base.img", card(64 * MIB, &[("cmdline.txt", LINE)]));
    line.desk.write("site.env", "MOEAD_HTTP=8080\n");
    line.desk.write("keys", LOGIN);
    let set = "--set hostname=line7 --set settings=site.env --set root-keys=keys";
    line.desk.run(&format!("{IMAGE} {set}")).success();
    let partition = unpack(&line.desk.path("card.img"), &line.desk.path(""));
    let release = partition.join("moead/release.tar");
    let mut bytes = std::fs::read(&release).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&release, bytes).unwrap();
    let of_system = [("etc/hosts", "127.0.1.1 raspberrypi\n"), ("etc/hostname", "raspberrypi\n")];
    of_system.iter().for_each(|(path, text)| line.tell(path, text));
    let log = boot(&line, &partition);
    assert!(log.contains("failed: unpack: "), "{log}");
    for (path, text) in of_system {
        assert_eq!(std::fs::read_to_string(line.board().join(path)).unwrap(), text, "{path}");
    }
    for path in ["etc/moead/edge.env", "etc/moead/moead.pub", "root"] {
        assert!(!line.board().join(path).exists(), "{path}");
    }
    assert_eq!((line.current(), line.folders()), (None, Vec::new()));
    // It boots on, and does not try for ever.
    assert_eq!(std::fs::read_to_string(partition.join("cmdline.txt")).unwrap(), LINE);
}

#[test]
fn a_second_image_of_a_card_has_the_second_release_alone() {
    let desk = Desk::with_bundle();
    desk.write("base.img", card(64 * MIB, &[("cmdline.txt", LINE)]));
    desk.run(&format!("{IMAGE} --set hostname=line7")).success();
    // The hook is gone when it was used.
    let mut system = std::fs::read(desk.path("card.img")).unwrap();
    let at = system.windows(13).position(|bytes| bytes == b" systemd.run=").unwrap();
    let end = at + system[at..].iter().position(|&byte| byte == b'\n').unwrap();
    system[at..end].fill(b' ');
    desk.write("used.img", system);
    desk.run("image --base used.img --bundle bolt.moead --key moead.pub -o again.img --first-boot").success();
    let partition = unpack(&desk.path("again.img"), &desk.path(""));
    assert!(!partition.join("moead/hostname").exists());
    assert!(partition.join("moead/release.tar").exists());
}

#[test]
fn an_image_goes_where_a_link_leads_and_may_be_read_by_whom_the_old_one_may() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let desk = Desk::with_bundle();
    let base = card(64 * MIB, &[("cmdline.txt", LINE)]);
    desk.write("base.img", &base);
    std::fs::create_dir(desk.path("cards")).unwrap();
    symlink("cards/line7.img", desk.path("card.img")).unwrap();
    let card = desk.path("cards/line7.img");
    // A new one, and one that not even its owner may write.
    for mode in [None, Some(0o400)] {
        if let Some(mode) = mode {
            std::fs::set_permissions(&card, Permissions::from_mode(mode)).unwrap();
        }
        desk.run(IMAGE).success();
        assert!(desk.path("card.img").is_symlink());
        assert_eq!(std::fs::read(&card).unwrap().len(), base.len());
        let found = card.metadata().unwrap().permissions().mode() & 0o777;
        assert!(mode.is_none_or(|mode| mode == found), "{found:o}");
        assert_eq!(std::fs::read_dir(desk.path("cards")).unwrap().count(), 1);
    }
}

#[test]
fn images_without_a_first_boot_are_refused() {
    let desk = Desk::with_bundle();
    let refuse = |bytes: Vec<u8>| {
        desk.write("base.img", bytes);
        desk.refuses(IMAGE)
    };
    insta::assert_snapshot!(refuse(b"no image".to_vec()), @"
    status: 1
    ----- stderr
    error: base.img: no FAT partition with a cmdline.txt, found the whole image: something else
    hint: `--first-boot` is for Raspberry Pi OS; leave it out for other systems
    ");
    insta::assert_snapshot!(refuse(card(40 * MIB, &[("config.txt", "")])), @"
    status: 1
    ----- stderr
    error: base.img: no FAT partition with a cmdline.txt, found partition 1: FAT
    hint: `--first-boot` is for Raspberry Pi OS; leave it out for other systems
    ");
    insta::assert_snapshot!(refuse(card(40 * MIB, &[("cmdline.txt", "rootwait systemd.run=/boot/firstrun.sh\n")])), @"
    status: 1
    ----- stderr
    error: base.img: cmdline.txt: expected no command for the first boot, found `systemd.run=/boot/firstrun.sh`
    hint: give an image that no other tool has prepared
    ");
    insta::assert_snapshot!(refuse(card(40 * MIB, &[("cmdline.txt", "one\ntwo\n")])), @"
    status: 1
    ----- stderr
    error: base.img: the file system of partition 1: FAT cannot be used: cmdline.txt: expected one line of at most 4096 bytes
    hint: fetch the base again
    ");
    insta::assert_snapshot!(refuse(card(2 * MIB, &[("cmdline.txt", LINE)])), @"
    status: 1
    ----- stderr
    error: base.img: the files need [BYTES] bytes on partition 1: FAT, and [BYTES] are free
    hint: images of cards are as small as possible: enlarge partition and file system first, or boot once
    ");
    // A boot sector whose numbers make no sense.
    let mut broken = card(40 * MIB, &[("cmdline.txt", LINE)]);
    broken[MIB as usize + 11..MIB as usize + 30].fill(0xff);
    insta::assert_snapshot!(refuse(broken), @"
    status: 1
    ----- stderr
    error: base.img: the file system of partition 1: FAT cannot be used: invalid bytes_per_sector value in BPB (not power of two)
    hint: fetch the base again
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{IMAGE} --partition 2")), @"
    status: 2
    ----- stderr
    error: the argument '--first-boot' cannot be used with '--partition <N>'

    Usage: moead-board image --base <IMAGE> --bundle <BUNDLE> --key <FILE> --output <FILE> --first-boot

    For more information, try '--help'.
    ");
}

/// A card whose root folder's chain of clusters leads to its own beginning, with nothing in it that ends a folder.
fn card_in_circles() -> Vec<u8> {
    let mut partition = tempfile::tempfile().unwrap();
    partition.set_len(64 * MIB).unwrap();
    let options = FormatVolumeOptions::new().fat_type(fatfs::FatType::Fat32).bytes_per_cluster(512);
    fatfs::format_volume(&mut partition, options).unwrap();
    std::io::Seek::rewind(&mut partition).unwrap();
    let mut bytes = Vec::new();
    partition.read_to_end(&mut bytes).unwrap();
    let table = 512 * usize::from(u16::from_le_bytes([bytes[14], bytes[15]]));
    let of_table = 512 * u32::from_le_bytes([bytes[36], bytes[37], bytes[38], bytes[39]]) as usize;
    for table in [table, table + of_table] {
        bytes[table + 8..table + 12].copy_from_slice(&2_u32.to_le_bytes());
    }
    let root = table + 2 * of_table;
    for (number, entry) in bytes[root..root + 512].chunks_exact_mut(32).enumerate() {
        entry.fill(0);
        entry[..12].copy_from_slice(format!("FILE{number:04}TXT ").as_bytes());
    }
    let mut disk = card(64 * MIB, &[]);
    disk[MIB as usize..65 * MIB as usize].copy_from_slice(&bytes);
    disk
}

#[test]
fn a_partition_that_goes_in_circles_is_left() {
    let desk = Desk::with_bundle();
    desk.write("base.img", card_in_circles());
    insta::assert_snapshot!(desk.refuses(IMAGE), @"
    status: 1
    ----- stderr
    error: base.img: the file system of partition 1: FAT cannot be used: its chains go in circles
    hint: fetch the base again
    ");
}

#[test]
fn a_signal_leaves_nothing_behind() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::process::ExitStatusExt as _;
    let desk = Desk::with_bundle();
    // So large that it is copied for minutes, and nothing but holes behind its beginning.
    let mut base = File::create(desk.path("base.img")).unwrap();
    base.write_all(&[7; 512]).unwrap();
    base.set_len(900 << 30).unwrap();
    let is_part = |name: &str| name.starts_with(".moead-");
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(desk.path("")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    for (signal, status) in [(Signal::INT, 2), (Signal::TERM, 15)] {
        let mut child = desk.program(IMAGE).command().spawn().unwrap();
        let is_begun = |name: &String| is_part(name) && desk.path(name).metadata().is_ok_and(|part| part.len() > 0);
        while !names().iter().any(is_begun) {
            assert_eq!(child.try_wait().unwrap(), None);
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        // As a program that does nothing about signals: 130 and 143 for a shell.
        assert_eq!(child.wait().unwrap().signal(), Some(status));
        assert!(!names().iter().any(|name| is_part(name) || name == "card.img"), "{:?}", names());
    }
}

#[test]
fn a_folder_for_temporary_files_that_cannot_be_used_is_named() {
    let desk = Desk::with_bundle();
    desk.write("base.img", card(64 * MIB, &[("cmdline.txt", LINE)]));
    insta::assert_snapshot!(desk.refuses_program(&desk.program(IMAGE).env("TMPDIR", "/proc/gone")), @"
    status: 1
    ----- stderr
    error: base.img: /proc/gone: entity not found
    hint: `TMPDIR=FOLDER` names another folder for what is unpacked
    ");
}

/// Whatever stands in the partition: an error or an image, and no end by a panic.
#[test]
fn damaged_partitions_are_survived() {
    let desk = Desk::with_bundle();
    let base = card(40 * MIB, &[("cmdline.txt", LINE)]);
    let mut dice = 7_u64;
    let mut throw = |below: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % below
    };
    for _ in 0..40 {
        let mut bytes = base.clone();
        for _ in 0..1 + throw(4) {
            // Boot sector, tables, the root's entries.
            let at = MIB as usize + if throw(2) == 0 { throw(90) } else { throw(96 << 10) };
            bytes[at] = throw(256) as u8;
        }
        desk.write("base.img", bytes);
        let ended = desk.run(IMAGE);
        assert!(matches!(ended.status, Some(0 | 1)), "{}", ended.transcript());
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}
