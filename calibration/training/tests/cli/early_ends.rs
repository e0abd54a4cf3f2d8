//! Runs that end before their last step: a loss that is no number, and Ctrl-C.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use super::Desk;

/// Of 30 pictures 27 are learnt from: the fourth step begins the second pass.
const RUN: &str = "good --backbone backbone.safetensors --preset tiny --threads 1 --no-model-free --quiet";

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_keeps_what_was_good() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    let run = format!("{RUN} --features raw --distance l2 --steps 6 -o c.safetensors");
    desk.program(&run).run().success();
    let (best, last) = (desk.read("c.safetensors"), desk.read("c.last.safetensors"));

    // A number of one picture: 49 places of 192 features.
    let good = desk.read("c.features");
    let mut broken = good.clone();
    let number = 4 * (2 * 49 * 192 + 1000);
    broken[number..number + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    desk.write("c.features", &broken);
    insta::assert_snapshot!(desk.says(&run), @r"
    status: 1
    ----- stderr
    error: good/001.png, good/019.png, good/002.png, good/028.png, good/007.png, good/016.png, good/011.png, good/020.png: step 2: expected a finite loss and gradient, found loss NaN and gradient NaN
    hint: the last good state was kept: look at these pictures' features, or begin anew with another `--seed` or `--features normalized`
    ");
    assert!(desk.read("c.safetensors") == best, "the last complete checkpoint is still there");

    // With the number repaired, the run goes on in front of the step, as if nothing had been.
    desk.write("c.features", &good);
    assert!(desk.read("c.last.safetensors") != last);
    desk.program(&format!("{run} --resume")).run().success();
    assert!(desk.read("c.last.safetensors") == last, "another run");
    assert!(desk.read("c.safetensors") == best, "another network");
}

#[test]
fn an_interrupted_run_is_written_and_goes_on_to_the_bit() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    let run = format!("{RUN} --distance position-std --steps 400").replace("--quiet", "-v");
    desk.program(&format!("{run} -o whole.safetensors")).run().success();

    let mut child = desk.program(&format!("{run} -o parts.safetensors")).command().spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // A pass is over, so steps are being made.
    let passed = lines.find(|line| line.contains("AUROC on drawn defects"));
    assert!(passed.is_some_and(|line| line.contains("step 4:")));
    assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:#?}");
    let stopped = rest.iter().find_map(|line| line.split_once("stopped behind step "));
    let (_, stopped) = stopped.unwrap_or_else(|| panic!("{rest:#?}"));
    assert!(stopped.ends_with(" of 400: `--resume` goes on"), "{stopped}");

    assert!(desk.read("parts.last.safetensors") != desk.read("whole.last.safetensors"), "it was not interrupted");
    desk.program(&format!("{run} -o parts.safetensors --resume")).run().success();
    assert!(desk.read("parts.last.safetensors") == desk.read("whole.last.safetensors"), "another run");
    assert!(desk.read("parts.safetensors") == desk.read("whole.safetensors"), "another network");
}

#[test]
fn who_stops_while_features_are_computed_is_told_what_is_lost() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    let run = format!("{RUN} --steps 4 -o c.safetensors").replace("--quiet", "");
    let mut child = desk.program(&run).command().spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // Said when all is known and nothing is computed yet.
    assert!(lines.next().is_some_and(|line| line.contains("30 good pictures;")));
    assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap().success());
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"those of \d+ of", "those of [N] of");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    error: stopped while features were computed: those of [N] of 30 pictures are lost
    hint: no step was made, so there is no run to go on with: the same command begins again, and reads the files of features that are whole
    ");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut left: Vec<_> =
        std::fs::read_dir(desk.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["backbone.safetensors", "good"]);
}
