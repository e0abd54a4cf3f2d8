//! Runs that are taken up again, and files that are no runs.

use moead_model::architecture::TokenGrid;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::decoder::Decoder;
use crate::presets::Preset;
use crate::random::{Purpose, Seed};
use crate::trainer::Trainer;

const SIDES: [usize; 2] = [16, 6];

fn decoder() -> Decoder {
    let mut reconstruction = Preset::Tiny.reconstruction();
    reconstruction.hidden = 8;
    reconstruction.feed_forward = 6;
    Decoder::new(SIDES[1], TokenGrid { rows: 4, columns: 4 }, &reconstruction).unwrap()
}

fn trainer(preset: Preset) -> Trainer {
    let decoder = decoder();
    let parameters = preset.initial().draw(decoder.layout(), Seed(5));
    Trainer::new(decoder, parameters, preset.recipe(Seed(5), 6))
}

fn batch(step: u64) -> Vec<f32> {
    let mut random = Seed(9).stream(Purpose::Order, &[step]);
    (0..3 * SIDES[0] * SIDES[1] / 2).flat_map(|_| random.normals().map(|x| x as f32)).collect()
}

fn steps(trainer: &mut Trainer, steps: std::ops::Range<u64>) {
    steps.for_each(|step| assert!(trainer.step(&batch(step)).is_ok()));
}

fn state(trainer: &Trainer) -> State {
    let normalization = Normalization { mean: vec![0.5; SIDES[0] * SIDES[1]], scale: vec![2.0; SIDES[1]] };
    State {
        identity: json!({"preset": "tiny", "seed": 5}),
        parameters: trainer.parameters.clone(),
        moments: trainer.moments.clone(),
        normalization: Some(normalization),
        epochs: vec![Epoch { steps: 3, loss: 0.1 + 0.2, auroc: None }],
        running: Running { loss: 1.0 / 3.0, steps: 2 },
    }
}

#[test]
fn a_run_that_is_taken_up_again_is_equal_to_one_without_a_break_to_the_bit() {
    // With dropout and jitter, and without dropout.
    for preset in [Preset::Official, Preset::Small] {
        let mut whole = trainer(preset);
        steps(&mut whole, 0..6);
        let mut first = trainer(preset);
        steps(&mut first, 0..3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        let written = state(&first);
        written.write(&path, first.decoder.layout()).unwrap();
        let read = State::read(&path, first.decoder.layout(), SIDES, &written.identity, &[]).unwrap();
        assert_eq!(read, written);
        let mut second = trainer(preset);
        second.parameters = read.parameters;
        second.moments = read.moments;
        steps(&mut second, 3..6);
        assert_eq!(second.parameters, whole.parameters);
        assert_eq!(second.moments, whole.moments);
        assert_ne!(first.parameters, whole.parameters);
    }
}

#[test]
fn a_step_without_a_finite_loss_changes_nothing() {
    let mut trainer = trainer(Preset::Small);
    steps(&mut trainer, 0..2);
    let before = state(&trainer);
    let mut broken = batch(2);
    broken[17] = f32::NAN;
    let error = trainer.step(&broken).unwrap_err();
    assert_eq!(error.step, 3);
    assert_eq!(state(&trainer), before);
}

#[test]
fn a_file_that_ends_anywhere_is_no_run() {
    let trainer = trainer(Preset::Tiny);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let written = state(&trainer);
    written.write(&path, trainer.decoder.layout()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    // Every byte of the header, and some of the numbers.
    for end in (0..header + 64).chain((header + 64..bytes.len()).step_by(997)) {
        let read = State::parse(&bytes[..end], trainer.decoder.layout(), SIDES, &written.identity, &[]);
        assert!(matches!(read, Err(StateError::Damaged(_))), "{end}: {read:?}");
    }
}

#[test]
fn a_write_that_is_interrupted_leaves_the_last_complete_file() {
    let trainer = trainer(Preset::Tiny);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let written = state(&trainer);
    written.write(&path, trainer.decoder.layout()).unwrap();
    let complete = std::fs::read(&path).unwrap();
    for end in (0..complete.len()).step_by(4999) {
        // The disk is full after so many bytes.
        let error = atomic_file_that_ends(&path, &complete, end);
        assert!(error.is_err());
        assert_eq!(State::read(&path, trainer.decoder.layout(), SIDES, &written.identity, &[]).unwrap(), written);
        // The process died: what it left beside is nobody's checkpoint.
        std::fs::write(folder.path().join(".moead-x.part"), &complete[..end]).unwrap();
        assert_eq!(State::read(&path, trainer.decoder.layout(), SIDES, &written.identity, &[]).unwrap(), written);
    }
}

fn atomic_file_that_ends(path: &Path, bytes: &[u8], end: usize) -> io::Result<()> {
    moead_model::atomic_file::write(path, |out| {
        out.write_all(&bytes[..end])?;
        Err(io::ErrorKind::StorageFull.into())
    })
}

#[test]
fn a_run_of_something_else_is_refused_by_the_key_that_differs() {
    let trainer = trainer(Preset::Tiny);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    state(&trainer).write(&path, trainer.decoder.layout()).unwrap();
    let read = |identity| State::read(&path, trainer.decoder.layout(), SIDES, &identity, &[]).unwrap_err().to_string();
    assert_eq!(read(json!({"preset": "tiny", "seed": 6})), "seed: the run was begun with 5, expected 6");
    assert_eq!(read(json!({"preset": "tiny"})), "seed: the run was begun with 5, expected null");
    // What is known later is compared later.
    let layout = trainer.decoder.layout();
    let read = State::read(&path, layout, SIDES, &json!({"preset": "tiny"}), &["engine", "seed"]).unwrap();
    let later = |identity| read.compare(&identity, &["engine"]).map_err(|error| error.to_string());
    assert_eq!(later(json!({"preset": "tiny", "seed": 5})), Ok(()));
    let expected = Err("seed: the run was begun with 5, expected 6".to_owned());
    assert_eq!(later(json!({"preset": "tiny", "seed": 6})), expected);
    let other = Decoder::new(SIDES[1], TokenGrid { rows: 4, columns: 4 }, &Preset::Tiny.reconstruction()).unwrap();
    let error = State::read(&path, other.layout(), SIDES, &state(&trainer).identity, &[]).unwrap_err();
    let expected =
        "tensor reconstruction.pos_embed.row_embed.weight: expected 64 numbers of 32 bits, found 16 of type F32";
    assert_eq!(error.to_string(), expected);
}

proptest! {
    /// Whatever one byte becomes: another run or an error, and no panic.
    #[test]
    fn a_damaged_byte_is_no_panic(at in 0..6000_usize, byte in any::<u8>()) {
        let trainer = trainer(Preset::Tiny);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        let written = state(&trainer);
        written.write(&path, trainer.decoder.layout()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = State::parse(&bytes, trainer.decoder.layout(), SIDES, &written.identity, &[]);
    }
}
