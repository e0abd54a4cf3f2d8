//! `moead-edge --demo`: the model inside of the program, on products that are drawn on the spot.
//!
//! How the model is made: `runtime/assets/demo/README.md`.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use moead_model::architecture::ImageSize;
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use moead_terminal::printer::Printer;

use super::arguments::RunArguments;
use crate::score::verdict::Verdict;
use crate::sinks::heatmap::sheet::{self, Tile};
use crate::sinks::heatmap::{self, Annotation};
use crate::stream::pipeline::FrameResult;
use crate::stream::sources::synthetic::Product;
use crate::stream::uri::SourceUri;

/// The model file.
static MODEL: &[u8] = include_bytes!("../../assets/demo/demo.onnx");

/// The page that a demonstration leaves behind.
const PAGE: &str = "moead-demo.png";

/// Products of each kind that are drawn.
const PRODUCTS: u64 = 24;

/// From here on, one for each product: others than those of the pictures that the model knows.
const SEED: u64 = 7;

/// On the page.
const TILES: usize = 12;
/// Good products among them.
const GOOD_TILES: usize = 3;

/// The model inside of the program.
///
/// # Errors
/// None: that it can be read is tested.
pub(super) fn model() -> Result<ModelFile, ModelFileError> {
    ModelFile::from_bytes(Bytes::from_static(MODEL))
}

/// What drawn products were found to be, against what they are.
pub(super) struct Demo {
    good: u64,
    defective: u64,
    false_alarms: u64,
    found: u64,
    shown: Vec<Shown>,
}

/// A result that may be put on the page.
struct Shown {
    /// Product and defect: the page shows as many different ones as it can.
    what: (String, Option<&'static str>),
    is_right: bool,
    tile: Tile,
}

impl Demo {
    /// Fills in what a demonstration does not ask for: sources, and which product each shows. None: none is asked for, or with pictures of
    /// the user's own, of which nobody knows what they show.
    pub(super) fn of(mut arguments: RunArguments) -> anyhow::Result<(RunArguments, Option<Self>)> {
        if !arguments.demo || !arguments.sources.sources().is_empty() {
            return Ok((arguments, None));
        }
        let pace = if arguments.is_watched() { "fps=2".to_owned() } else { format!("pace=free&frames={PRODUCTS}") };
        let uri = |(product, seed): (Product, u64)| {
            let name = product.name();
            let scene = format!("product={name}&size=448x448&defects=0.3&seed={seed}&{pace}");
            SourceUri::parse(&format!("{name}=synthetic://station?{scene}"))
        };
        arguments.sources.replace(Product::ALL.into_iter().zip(SEED..).map(uri).collect::<Result<_, _>>()?);
        if arguments.product.is_empty() {
            arguments.product = Product::ALL.map(|product| format!("{0}={0}", product.name())).into();
        }
        let demo = Self { good: 0, defective: 0, false_alarms: 0, found: 0, shown: Vec::new() };
        Ok((arguments, Some(demo)))
    }

    /// Counts a result, and keeps it if the page may show it.
    pub(super) fn see(&mut self, result: &FrameResult) {
        let (Some(truth), Ok(judgement)) = (result.frame.truth, &result.outcome) else { return };
        let is_called_defective = judgement.verdict == Ok(Verdict::Defect);
        match (truth.kind, is_called_defective) {
            (None, alarmed) => {
                self.good += 1;
                self.false_alarms += u64::from(alarmed);
            }
            (Some(_), found) => {
                self.defective += 1;
                self.found += u64::from(found);
            }
        }
        let product = result.standard.product.as_deref().unwrap_or("product").to_owned();
        let what = (product, truth.kind);
        // A live view may run for ever: of each kind a few are enough.
        let is_right = truth.kind.is_some() == is_called_defective;
        let alike = self.shown.iter().filter(|shown| shown.what == what && shown.is_right == is_right).count();
        let (Some(picture), true) = (&result.frame.picture, alike < GOOD_TILES) else { return };
        let [.., height, width] = judgement.map.shape[..] else { return };
        let annotation = Annotation {
            picture,
            map: &judgement.map.data,
            map_size: ImageSize { height, width },
            score: judgement.score,
            threshold: result.standard.threshold,
            regions_from: result.standard.regions_from,
            verdict: judgement.verdict.ok(),
            regions: &judgement.regions,
            title: &format!("{} {}", what.0, result.frame.number),
        };
        let tile = Tile::new(&annotation, truth.kind.unwrap_or("no defect"));
        self.shown.push(Shown { what, is_right, tile });
    }

    /// Says how many were found, and writes the page.
    pub(super) fn finish(self, printer: &Printer) {
        let Self { good, defective, false_alarms, found, .. } = self;
        let line = format!(
            "{found} of {defective} defective products found, {false_alarms} false alarms on {good} good ones; \
             one model for {} products, trained on good pictures alone",
            Product::ALL.len()
        );
        printer.note(&line);
        let tiles = self.page();
        if tiles.is_empty() {
            return;
        }
        let page = sheet::draw("moead-edge --demo", &line, &tiles);
        match heatmap::write_png(Path::new(PAGE), &page) {
            Ok(()) => printer.note(format_args!("what it saw: {PAGE}")),
            // The results were printed; a folder in which nobody may write is no reason to fail.
            Err(error) => printer.warning(format_args!("{PAGE}: {error}; the page with pictures is not there")),
        }
    }

    /// What goes onto the page: every kind of mistake, then one of each defect of each product, then more of them, good ones last.
    fn page(self) -> Vec<Tile> {
        let mut seen: BTreeMap<(String, Option<&'static str>), usize> = BTreeMap::new();
        let mut ranked: Vec<_> = self
            .shown
            .into_iter()
            .map(|shown| {
                let before = seen.entry(shown.what.clone()).or_default();
                let rank = (shown.is_right, *before, shown.what.1.is_none());
                *before += 1;
                (rank, shown)
            })
            .collect();
        // Stable: what came first stays first.
        ranked.sort_by_key(|(rank, _)| *rank);
        let (mut defective, mut good): (Vec<_>, Vec<_>) =
            ranked.into_iter().map(|(_, shown)| shown).partition(|shown| shown.what.1.is_some() || !shown.is_right);
        defective.truncate(TILES - GOOD_TILES.min(good.len()));
        good.truncate(TILES - defective.len());
        defective.into_iter().chain(good).map(|shown| shown.tile).collect()
    }
}

#[cfg(test)]
mod tests {
    use moead_model::calibration::Calibration;

    use super::*;

    #[test]
    fn the_model_is_small_and_knows_what_is_drawn() {
        // The limit on what it adds to the program.
        assert!(MODEL.len() <= 4_000_000, "{} bytes", MODEL.len());
        let model = model().expect("a model file");
        let calibration = Calibration::parse(model.manifest().calibration.as_ref().expect("calibrated")).expect("read");
        for product in Product::ALL {
            assert!(calibration.products.contains_key(product.name()), "{}", product.name());
        }
        assert!((calibration.target.false_alarms, calibration.target.confidence) == (0.01, 0.95));
    }
}
