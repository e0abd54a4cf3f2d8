//! Trees that nobody recorded: every file that is read is replaced by what must not hurt.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Machine;
use crate::doctor::finding::Finding;
use crate::doctor::limits;
use crate::sinks::findings;

const MACHINES: [&str; 3] = ["jetson-orin-nano", "raspberry-pi-5", "x86-virtual-machine"];

/// Every file of a tree.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// What is told after every file was replaced; bounded, and without anything that a terminal would obey.
fn told(replace: impl Fn(&Path)) -> Vec<Finding> {
    let mut told = Vec::new();
    for name in MACHINES {
        let machine = Machine::recorded(name);
        for file in files(machine.0.path()) {
            std::fs::remove_file(&file).unwrap();
            replace(&file);
        }
        let text = machine.text();
        assert!(text.len() < 200_000, "{name}: {} bytes", text.len());
        let obeyed = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(obeyed), "{name}: {text:?}");
        for finding in machine.findings() {
            // Of the values that hold the machine's words, each has at most a few of them.
            assert!(finding.value.chars().count() < 6 * limits::LINE, "{name}: {}", finding.value);
            told.push(finding);
        }
    }
    assert!(!told.is_empty());
    told
}

/// Remedies are commands that people paste.
fn commands_are_harmless(findings: &[Finding], word: &str) {
    for finding in findings {
        assert!(!finding.remedy.as_deref().unwrap_or_default().contains(word), "{finding:?}");
    }
}

#[test]
fn bytes_of_no_meaning() {
    let garbage: Vec<u8> = (0..70_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    told(|file| std::fs::write(file, &garbage).unwrap());
}

#[test]
fn numbers_that_no_machine_has() {
    for number in
        ["18446744073709551615", "-9223372036854775808", "99999999999999999999999", "1e400", "nan", "0x", "-0"]
    {
        told(|file| std::fs::write(file, number).unwrap());
    }
}

#[test]
fn words_that_a_shell_or_a_terminal_would_obey() {
    let words = "\u{1b}]0;owned\u{7}$(reboot)`reboot`;reboot\u{202e}\n: $(reboot) : $(reboot)\n";
    commands_are_harmless(&told(|file| std::fs::write(file, words).unwrap()), "reboot");
    let machine = Machine::recorded("raspberry-pi-5");
    machine.write("answers/identity", "1000\nown\n").write("answers/devices", "660 $(reboot) /dev/video0\n");
    machine.write("answers/storage", "1000 10 rw /$(reboot)\n1000 10 ro /;reboot\n");
    let findings = machine.findings();
    assert!(findings.iter().any(|finding| finding.value.contains("$(reboot)") || finding.fact.contains("$(reboot)")));
    commands_are_harmless(&findings, "reboot");
}

#[test]
fn files_that_do_not_end() {
    // A hole: it takes no room on the disk, and reads as zeros.
    told(|file| std::fs::File::create(file).unwrap().set_len(1 << 40).unwrap());
}

#[test]
fn lines_that_do_not_end() {
    let line = "processor flags : avx2 ".repeat(40_000);
    told(|file| std::fs::write(file, &line).unwrap());
}

#[test]
fn folders_in_the_place_of_files() {
    told(|file| std::fs::create_dir(file).unwrap());
}

#[test]
fn links_that_go_round_or_out() {
    told(|file| symlink(file.file_name().unwrap(), file).unwrap());
    told(|file| symlink("/dev/zero", file).unwrap());
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), "secret 4711").unwrap();
    for finding in told(|file| symlink(outside.path(), file).unwrap()) {
        assert!(!finding.value.contains("secret"), "{finding:?}");
    }
}

#[test]
fn pipes_that_nobody_writes_into() {
    told(|file| {
        let made = std::process::Command::new("mkfifo").arg(file).status().unwrap();
        assert!(made.success());
    });
}

#[test]
fn parts_without_number() {
    let machine = Machine::empty();
    let cpus: String =
        (0..100_000).map(|number| format!("CPU implementer: {number:#x}\nCPU part: {number:#x}\n")).collect();
    machine.write("proc/cpuinfo", cpus);
    machine.write("proc/self/cgroup", format!("0::/{}\n", "a/".repeat(100_000)));
    machine.write("etc/nvpmodel.conf", "< POWER_MODEL ID=1 NAME=7W >\n".repeat(30_000));
    machine.write("answers/devices", "660 video /dev/video0\n".repeat(40_000));
    machine.write("answers/storage", "1 1 rw /\n".repeat(100_000));
    for number in 0..limits::PARTS + 76 {
        machine.write(&format!("sys/class/thermal/thermal_zone{number}/temp"), "50000\n");
        machine
            .write(&format!("sys/devices/system/cpu/cpufreq/policy{number}/scaling_governor"), format!("g{number}\n"));
    }
    assert!(machine.findings().len() < 4 * limits::PARTS);
}

#[test]
fn documents_of_another_shape() {
    for document in
        ["[]", "{\"devices\":7}", "{\"devices\":[7,{},{\"path\":1}]}", "{\"cuda\":[]}", "nul", &"[".repeat(100_000)]
    {
        let machine = Machine::recorded("jetson-orin-nano");
        machine.write("answers/cameras.json", document).write("usr/local/cuda/version.json", document);
        assert!(findings::json(&machine.findings()).is_object());
    }
}
