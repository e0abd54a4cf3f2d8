//! Images and cards against `dd`: what `moead-board image` and `flash` take beyond copying. In turns, wall time.
//!
//! `cargo bench -p moead-boards --bench cards -- BASE BUNDLE KEY DISK [ROUNDS]`: an image, a bundle for its system and the key that signed it; DISK is a block
//! device, or a file as long as one, and is overwritten. The new image goes beside DISK's file, or BASE.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run has failed, and prints its result"
)]

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use moead_boards::flash;

fn main() {
    let arguments: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(PathBuf::from).collect();
    let [base, bundle, key, disk, rounds @ ..] = arguments.as_slice() else {
        println!("expected BASE BUNDLE KEY DISK [ROUNDS]: nothing was measured");
        return;
    };
    let rounds = rounds.first().map_or(5, |rounds| rounds.to_string_lossy().parse().unwrap());
    let (copy, output) = (base.with_extension("dd"), base.with_extension("new"));
    let (mut images, mut written, mut compared) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let dd = seconds(|| copied(base, &copy, "conv=fsync,sparse"));
        let ours = seconds(|| {
            let arguments = ["image", "--quiet", "--base"].map(OsStr::new);
            let more =
                [base.as_os_str(), OsStr::new("--bundle"), bundle.as_os_str(), OsStr::new("--key"), key.as_os_str()];
            let to = [OsStr::new("--output"), output.as_os_str()];
            succeeded(Command::new(env!("CARGO_BIN_EXE_moead-board")).args(arguments).args(more).args(to));
        });
        images.push((dd, ours));
        std::fs::remove_file(&copy).unwrap();
        std::fs::remove_file(&output).unwrap();

        let dd = seconds(|| copied(base, disk, "conv=fsync,notrunc"));
        let cmp = seconds(|| {
            let opened = File::open(disk).unwrap();
            rustix::fs::fadvise(&opened, 0, None, rustix::fs::Advice::DontNeed).unwrap();
            let length = base.metadata().unwrap().len().to_string();
            succeeded(Command::new("cmp").args(["-n", &length]).arg(base).arg(disk));
        });
        let ours = seconds(|| {
            let disk = File::options().read(true).write(true).open(disk).unwrap();
            flash::write(&File::open(base).unwrap(), &disk, &mut |_, _| {}).unwrap();
        });
        written.push((dd, ours));
        compared.push((dd + cmp, ours));
    }
    let gigabytes = base.metadata().unwrap().len() as f64 / 1e9;
    println!("{}: {gigabytes:.2} GB, {rounds} rounds; seconds a GB, median (least to most)", base.display());
    report("image / dd conv=fsync,sparse", &images, gigabytes);
    report("flash / dd conv=fsync", &written, gigabytes);
    report("flash / dd and cmp", &compared, gigabytes);
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn copied(from: &Path, to: &Path, how: &str) {
    let path = |name: &str, path: &Path| format!("{name}={}", path.display());
    succeeded(Command::new("dd").args([&path("if", from), &path("of", to), "bs=4M", how]));
}

fn succeeded(command: &mut Command) {
    assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{command:?}");
}

fn report(name: &str, pairs: &[(f64, f64)], gigabytes: f64) {
    let of = |value: &dyn Fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let (median, least, most) = (values[values.len() / 2], values[0], values[values.len() - 1]);
        format!("{median:.2} ({least:.2} to {most:.2})")
    };
    let (theirs, ours) = (of(&|pair| pair.0 / gigabytes), of(&|pair| pair.1 / gigabytes));
    println!("{name:<30} ours {ours}, theirs {theirs}, ratio {}", of(&|pair| pair.1 / pair.0));
}
