//! The features of a run, and which of them are for what.

use moead_calibration::collect::Allowance;
use moead_model::manifest::Input;
use moead_runtime::cli::engine;
use moead_runtime::engine::Output;
use moead_runtime::engine::choice::{Choice, Request};
use moead_runtime::stream::interrupt::Interrupt;
use moead_terminal::printer::Printer;
use serde_json::json;

use super::arguments::TrainArguments;
use super::features::Maker;
use super::files::{ALTERED_FEATURES, DRAWN_FEATURES, FEATURES};
use super::network::Network;
use super::pictures::GoodPictures;
use crate::defects::{self, Kind};
use crate::hold_out::{self, Division};
use crate::learnt::Learnt;
use crate::random::{Purpose, Seed};
use crate::store::Store;
use crate::validation::Judges;

/// Defects of each picture that was held back.
const DRAWN: usize = 2;

/// The backbone, ready to compute features.
pub(super) struct Extractor {
    choice: Choice,
    input: Input,
}

impl Extractor {
    pub(super) fn load(arguments: &TrainArguments, network: &Network, printer: &Printer) -> anyhow::Result<Self> {
        let model = network.model(arguments)?;
        let input = model.manifest().input.clone();
        let request: Request = arguments.engine.request(arguments.threads())?;
        let choice = engine::load(&request, (arguments.backbone(), &model), &[Output::Features], printer)?;
        Ok(Self { choice, input })
    }

    /// What computes: another engine's features differ in their last digits.
    pub(super) fn engine(&self) -> String {
        self.choice.candidate.to_string()
    }
}

/// Features, and which of them are for what.
pub(super) struct Stores {
    good: Store,
    division: Division,
    /// Copies of the pictures that are learnt from, and of which one each is.
    altered: Option<(Store, Vec<usize>)>,
    /// Of pictures that were held back, [`DRAWN`] for each.
    drawn: Option<Store>,
}

impl Stores {
    /// Reads them from their files, or computes them until `interrupt` asks to stop.
    pub(super) fn make(
        arguments: &TrainArguments,
        (network, mut extractor): (&Network, Extractor),
        pictures: &GoodPictures,
        seed: Seed,
        interrupt: &Interrupt,
        printer: &Printer,
    ) -> anyhow::Result<Self> {
        let engine = extractor.engine();
        let Extractor { choice, input } = &mut extractor;
        let input = &*input;
        let mut maker = Maker {
            crew: &mut choice.crew,
            input,
            allowance: Allowance::new(arguments.max_unreadable),
            sides: [network.decoder.grid().tokens(), network.decoder.channels()],
            interrupt,
            printer,
        };
        let mut key = json!({
            "pictures": pictures.hash,
            "backbone": network.backbone_hash,
            "layers": network.architecture.layers(),
            "preprocessing": serde_json::to_value(input)?,
            "engine": engine,
        });
        let path = arguments.beside(FEATURES);
        let good = maker.features(&path, &key, &pictures.samples, &|_, _| {}, "pictures")?;
        let division = hold_out::divide(pictures.by_product(good.pictures()), seed);
        let altered = match arguments.augmentation() {
            None => None,
            Some(augmentation) => {
                let mut key = key.clone();
                key["seed"] = json!(seed.0);
                key["augmentation"] = json!(augmentation.to_string());
                let of: Vec<usize> =
                    division.training.iter().flat_map(|at| std::iter::repeat_n(*at, augmentation.copies())).collect();
                let samples: Vec<_> = of.iter().map(|at| pictures.samples[*at].clone()).collect();
                let alter = |place: usize, picture: &mut _| {
                    let copy = [of[place] as u64, (place % augmentation.copies()) as u64];
                    augmentation.alter(picture, &mut seed.stream(Purpose::Augmentation, &copy));
                };
                let path = arguments.beside(ALTERED_FEATURES);
                Some((maker.features(&path, &key, &samples, &alter, "altered copies")?, of))
            }
        };
        if division.held_out.is_empty() {
            return Ok(Self { good, division, altered, drawn: None });
        }
        let held_out = division.held_out.iter().flat_map(|at| std::iter::repeat_n(*at, DRAWN));
        let samples: Vec<_> = held_out.map(|at| pictures.samples[at].clone()).collect();
        key["seed"] = json!(seed.0);
        let path = arguments.beside(DRAWN_FEATURES);
        let draw = |at: usize, picture: &mut _| {
            let kind = Kind::ALL[at % Kind::ALL.len()];
            defects::draw(picture, kind, &mut seed.stream(Purpose::Defects, &[at as u64]));
        };
        let drawn = maker.features(&path, &key, &samples, &draw, "pictures with drawn defects")?;
        Ok(Self { good, division, altered, drawn: Some(drawn) })
    }

    /// Pictures that are not held back, then their copies.
    pub(super) fn learnt(&self) -> Learnt<'_> {
        let learnt = Learnt::of(&self.good, &places(&self.good, &self.division.training));
        match &self.altered {
            None => learnt,
            Some((store, _)) => learnt.and(store, &(0..store.pictures().len()).collect::<Vec<_>>()),
        }
    }

    /// Of each one that is learnt from, its place in the samples.
    pub(super) fn samples_learnt(&self) -> Vec<usize> {
        let copies = self.altered.iter().flat_map(|(store, of)| store.pictures().iter().map(|place| of[*place]));
        self.division.training.iter().copied().chain(copies).collect()
    }

    pub(super) fn judges(&self, pictures: &GoodPictures, network: &Network) -> Option<Judges<'_>> {
        let drawn = self.drawn.as_ref()?;
        let held_out = &self.division.held_out;
        let good = places(&self.good, held_out).into_iter().zip(held_out.iter().map(|at| pictures.product_of[*at]));
        let with_defect = drawn.pictures().iter().enumerate();
        let with_defect = with_defect.map(|(place, at)| (place, pictures.product_of[held_out[at / DRAWN]]));
        Some(Judges {
            good: (&self.good, good.collect()),
            drawn: (drawn, with_defect.collect()),
            size: network.architecture.input(),
        })
    }
}

/// Where the features of samples stand in a file; the samples are in it, and both rise.
fn places(store: &Store, samples: &[usize]) -> Vec<usize> {
    samples.iter().filter_map(|sample| store.pictures().binary_search(sample).ok()).collect()
}
