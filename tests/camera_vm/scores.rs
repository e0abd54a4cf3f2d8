//! Scores of played and captured frames, compared with those of the same pictures as files.

use std::collections::BTreeSet;
use std::path::Path;

use moead_tests::command::Program;
use moead_tests::compare::Failures;
use serde::Deserialize;
use serde_json::Value;

use crate::naive::Layout;

/// The scores of one run, and what was to be seen meanwhile.
#[derive(Debug, Deserialize)]
pub(crate) struct Scores {
    scenario: String,
    /// Each score is that of one of them, and each of them is met.
    pictures: Vec<Shown>,
    scores: Vec<f64>,
    /// How far a score may be off, relative to the expected one.
    tolerance: f64,
    /// The model's file in the shared folder.
    model: String,
}

/// A picture that was shown, in a file of the shared folder.
#[derive(Debug, Deserialize)]
struct Shown {
    file: String,
    /// How to read it; none where it is a picture file.
    layout: Option<Layout>,
    /// The part that was judged: x, y, width, height.
    region: Option<[u32; 4]>,
}

impl Shown {
    /// Writes what is to be judged to `target` and an ending.
    fn write(&self, share: &Path, target: &Path) {
        let path = share.join(&self.file);
        let picture = match &self.layout {
            Some(layout) => layout.convert(&std::fs::read(&path).unwrap()),
            None if self.region.is_none() => {
                std::fs::copy(&path, target.with_extension(path.extension().unwrap())).unwrap();
                return;
            }
            None => image::open(&path).unwrap().into_rgb8(),
        };
        let [x, y, width, height] = self.region.unwrap_or([0, 0, picture.width(), picture.height()]);
        let part = image::imageops::crop_imm(&picture, x, y, width, height).to_image();
        part.save(target.with_extension("png")).unwrap();
    }
}

/// Compares all of them, with one run of the program on the host for each model.
pub(crate) fn compare(all: &[Scores], share: &Path, failures: &mut Failures) {
    for (index, model) in all.iter().map(|scores| &scores.model).collect::<BTreeSet<_>>().into_iter().enumerate() {
        let all: Vec<_> = all.iter().filter(|scores| scores.model == *model).collect();
        let name = format!("expected_{index}");
        let folder = share.join(&name);
        std::fs::create_dir(&folder).unwrap();
        for (index, shown) in all.iter().flat_map(|scores| &scores.pictures).enumerate() {
            shown.write(share, &folder.join(format!("{index:05}")));
        }
        let program = Program::new("moead-edge").in_folder(share);
        let ended = program.args(["--model", model, "--format", "json", "--source", &name]).run().success();
        let lines = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut expected = lines.filter(|line| line.get("event").is_none()).map(|line| line["score"].as_f64().unwrap());
        for scores in all {
            let expected: Vec<f64> = expected.by_ref().take(scores.pictures.len()).collect();
            check(scores, &expected, failures);
        }
    }
}

fn check(scores: &Scores, expected: &[f64], failures: &mut Failures) {
    let Scores { scenario, pictures, scores, tolerance, .. } = scores;
    let shown: Vec<&str> = pictures.iter().map(|shown| shown.file.as_str()).collect();
    assert_eq!(expected.len(), shown.len(), "{scenario}: each of {shown:?} is judged as a file");
    for (place, &one) in expected.iter().enumerate() {
        let are_apart = expected[..place].iter().all(|&other| (one - other).abs() > 2.0 * tolerance * one.abs());
        assert!(are_apart, "{scenario}: the scores {expected:?} of {shown:?} do not tell which one was judged");
    }
    let off = |found: f64, expected: f64| (found - expected).abs() / expected.abs();
    let nearest = |found: f64| expected.iter().map(|&expected| off(found, expected)).fold(f64::INFINITY, f64::min);
    let worst = scores.iter().map(|&score| nearest(score)).fold(0.0, f64::max);
    let numbers = || format!("scores {scores:?}; as files {expected:?}; {shown:?}");
    if scores.is_empty() || worst > *tolerance {
        failures.add(format!(
            "{scenario}: a score is off by {worst:.1e}, at most {tolerance:.0e} is allowed; {}",
            numbers()
        ));
        return;
    }
    #[expect(clippy::print_stdout, reason = "shown when the test fails")]
    {
        println!("{scenario}: {} scores, off by at most {worst:.1e}; {shown:?}", scores.len());
    }
    for (&expected, shown) in expected.iter().zip(&shown) {
        if !scores.iter().any(|&score| off(score, expected) <= *tolerance) {
            failures.add(format!("{scenario}: {shown} was never judged; {}", numbers()));
        }
    }
}
