//! `moead-train DATA`.

use std::path::Path;
use std::time::Duration;

use moead_calibration::collect::Allowance;
use moead_calibration::report::training as page;
use moead_model::architecture::FeatureForm;
use moead_model::atomic_file;
use moead_runtime::cli::engine;
use moead_runtime::engine::Output;
use moead_runtime::engine::choice::Request;
use moead_runtime::stream::clock::{Clock, SystemClock};
use moead_runtime::stream::interrupt::Interrupt;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use serde_json::{Value, json};

use super::arguments::TrainArguments;
use super::features::Maker;
use super::metrics::Metrics;
use super::model_free::{self, Yardstick};
use super::network::Network;
use super::pictures::GoodPictures;
use super::training::{End, Training};
use crate::batches::{Balance, Batches};
use crate::defects::{self, Kind};
use crate::hold_out::{self, Division};
use crate::learnt::Learnt;
use crate::normalization::{Fit, Normalization};
use crate::presets::{BATCH, Preset};
use crate::random::{Purpose, Seed};
use crate::state::{Running, State};
use crate::store::Store;
use crate::trainer::Trainer;
use crate::validation::Judges;

/// Defects of each picture that was held back.
const DRAWN: usize = 2;
/// Of the time that is left, the share for steps and for judging; the rest goes into writing, and into what takes longer than it was measured to.
const FOR_STEPS: f64 = 0.9;
/// Fewer teach nothing.
const LEAST_STEPS: u64 = 20;

pub(super) fn run(arguments: &TrainArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let clock = SystemClock;
    let begin = clock.monotonic();
    let last = arguments.beside("last.safetensors");
    let wanted = [Some(arguments.output()), Some(&last), arguments.metrics.as_deref(), arguments.report.as_deref()];
    for path in wanted.into_iter().flatten() {
        atomic_file::check_writable(path).at(path.display())?;
    }
    let pictures = GoodPictures::open(arguments, printer)?;
    // Said before minutes of work; what of them cannot be used is seen later.
    Batches::new(&pictures.product_of, Balance::Pictures, BATCH, Seed(0)).at(arguments.data().display())?;
    let network = Network::open(arguments)?;
    tell_network(&network, &pictures, printer);
    let seed = Seed(arguments.seed);
    let stores = Stores::make(arguments, &network, &pictures, seed, printer)?;

    let learnt = stores.learnt();
    let samples = stores.samples_learnt();
    let product_of: Vec<usize> = samples.iter().map(|at| pictures.product_of[*at]).collect();
    let paths = samples.iter().map(|at| pictures.samples[*at].path.clone()).collect();
    let balance = if arguments.balance_products { Balance::Products } else { Balance::Pictures };
    let batches = Batches::new(&product_of, balance, BATCH, seed).at(arguments.data().display())?;
    let preset = arguments.preset();
    let steps = arguments.steps.unwrap_or_else(|| usual_steps(preset, batches.pass()));
    let identity = identity(arguments, &network, &pictures, steps);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads().get()).build()?;
    let judges = stores.judges(&pictures, &network);
    if judges.is_none() {
        printer
            .note("fewer than 10 pictures of each product: none is held back, and the last network is kept unjudged");
    }
    let (trainer, normalization, epochs, running) = if arguments.resume {
        let sides = [network.decoder.grid().tokens(), network.decoder.channels()];
        let state = State::read(&last, network.decoder.layout(), sides, &identity).at(last.display())?;
        printer.note(format_args!("going on behind step {}", state.moments.steps));
        let mut trainer = Trainer::new(network.decoder.clone(), state.parameters, preset.recipe(seed, steps));
        trainer.moments = state.moments;
        (trainer, state.normalization, state.epochs, state.running)
    } else {
        let normalization = match network.architecture.reconstruction().features {
            FeatureForm::Raw => None,
            FeatureForm::Normalized => Some(fitted(&network, &learnt)?),
        };
        let parameters = preset.initial().draw(network.decoder.layout(), seed);
        let trainer = Trainer::new(network.decoder.clone(), parameters, preset.recipe(seed, steps));
        (trainer, normalization, Vec::new(), Running::default())
    };
    let yardsticks = match (&judges, arguments.no_model_free) {
        (Some(judges), false) => {
            let distance = network.architecture.reconstruction().distance;
            pool.install(|| model_free::judge(&network.decoder, distance, &learnt, judges))?
        }
        _ => Vec::new(),
    };
    let mut metrics = Metrics::open(arguments.metrics.as_deref(), arguments.resume)?;
    // A run that goes on has them in its file already.
    for yardstick in yardsticks.iter().filter(|_| !arguments.resume) {
        metrics.yardstick(yardstick)?;
    }
    let mut training = Training {
        network: &network,
        trainer,
        normalization,
        batches,
        learnt,
        paths,
        judges,
        epochs,
        running,
        identity,
        output: arguments.output().to_owned(),
        last: last.clone(),
        metrics,
        clock: &clock,
        printer,
    };
    let interrupt = Interrupt::default();
    let handler = interrupt.clone();
    ctrlc::set_handler(move || handler.request())?;
    let mut until = None;
    if let Some(limit) = arguments.time_limit {
        let step = pool.install(|| training.seconds_of_step())?;
        let judging = pool.install(|| training.seconds_of_judging())?;
        let left = limit.saturating_sub(clock.monotonic().since(begin)).as_secs_f64();
        let of_pass = (training.batches.pass() as f64 / BATCH as f64).max(1.0);
        let steps = ((FOR_STEPS * left / (step + judging / of_pass)) as u64).max(LEAST_STEPS);
        training.trainer.recipe.steps = steps;
        training.identity["steps"] = json!(steps);
        printer.note(format_args!(
            "{steps} steps of {:.0} ms, judged after each pass in {:.0} ms: `--steps {steps}` makes the same run again, and goes with `--resume`",
            1e3 * step,
            1e3 * judging
        ));
        until = Some(begin.plus(limit.max(Duration::from_secs(1))));
    }
    let end = pool.install(|| training.run(&interrupt, until))?;
    finish(arguments, training, end, &last, yardsticks, printer)?;
    Ok(Exit::Fine)
}

fn tell_network(network: &Network, pictures: &GoodPictures, printer: &Printer) {
    let architecture = &network.architecture;
    let products = match pictures.products.len() {
        1 => String::new(),
        count => format!(" of {count} products"),
    };
    printer.note(format_args!(
        "{} good pictures{products}; {}, layers {:?}: {} features at {} places of {}",
        pictures.samples.len(),
        architecture.backbone(),
        architecture.layers(),
        architecture.channels(),
        architecture.grid(),
        architecture.input(),
    ));
}

/// Features, and which of them are for what.
struct Stores {
    good: Store,
    division: Division,
    /// Copies of the pictures that are learnt from, and of which one each is.
    altered: Option<(Store, Vec<usize>)>,
    /// Of pictures that were held back, [`DRAWN`] for each.
    drawn: Option<Store>,
}

impl Stores {
    fn make(
        arguments: &TrainArguments,
        network: &Network,
        pictures: &GoodPictures,
        seed: Seed,
        printer: &Printer,
    ) -> anyhow::Result<Self> {
        let model = network.model(arguments)?;
        let input = model.manifest().input.clone();
        let request: Request = arguments.engine.request(arguments.threads())?;
        let mut choice = engine::load(&request, (arguments.backbone(), &model), &[Output::Features], printer)?;
        let mut maker = Maker {
            crew: &mut choice.crew,
            input: &input,
            allowance: Allowance::new(arguments.max_unreadable),
            sides: [network.decoder.grid().tokens(), network.decoder.channels()],
            printer,
        };
        let mut key = json!({
            "pictures": pictures.hash,
            "backbone": network.backbone_hash,
            "layers": network.architecture.layers(),
            "preprocessing": serde_json::to_value(&input)?,
            "engine": choice.candidate.to_string(),
        });
        let path = arguments.beside("features");
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
                let path = arguments.beside("altered.features");
                Some((maker.features(&path, &key, &samples, &alter, "altered copies")?, of))
            }
        };
        if division.held_out.is_empty() {
            return Ok(Self { good, division, altered, drawn: None });
        }
        let held_out = division.held_out.iter().flat_map(|at| std::iter::repeat_n(*at, DRAWN));
        let samples: Vec<_> = held_out.map(|at| pictures.samples[at].clone()).collect();
        key["seed"] = json!(seed.0);
        let path = arguments.beside("drawn.features");
        let draw = |at: usize, picture: &mut _| {
            let kind = Kind::ALL[at % Kind::ALL.len()];
            defects::draw(picture, kind, &mut seed.stream(Purpose::Defects, &[at as u64]));
        };
        let drawn = maker.features(&path, &key, &samples, &draw, "pictures with drawn defects")?;
        Ok(Self { good, division, altered, drawn: Some(drawn) })
    }

    /// Pictures that are not held back, then their copies.
    fn learnt(&self) -> Learnt<'_> {
        let learnt = Learnt::of(&self.good, &places(&self.good, &self.division.training));
        match &self.altered {
            None => learnt,
            Some((store, _)) => learnt.and(store, &(0..store.pictures().len()).collect::<Vec<_>>()),
        }
    }

    /// Of each one that is learnt from, its place in the samples.
    fn samples_learnt(&self) -> Vec<usize> {
        let copies = self.altered.iter().flat_map(|(store, of)| store.pictures().iter().map(|place| of[*place]));
        self.division.training.iter().copied().chain(copies).collect()
    }

    fn judges(&self, pictures: &GoodPictures, network: &Network) -> Option<Judges<'_>> {
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

fn fitted(network: &Network, learnt: &Learnt<'_>) -> anyhow::Result<Normalization> {
    let mut fit = Fit::new(&network.decoder);
    learnt.show(&mut |features| fit.add(features))?;
    Ok(fit.finish())
}

fn usual_steps(preset: Preset, pass: usize) -> u64 {
    match preset {
        Preset::Official => 1000 * pass.div_ceil(BATCH) as u64,
        Preset::Small => 1000,
        Preset::Tiny => 300,
    }
}

/// What makes a run the same run.
fn identity(arguments: &TrainArguments, network: &Network, pictures: &GoodPictures, steps: u64) -> Value {
    let features = match network.architecture.reconstruction().features {
        FeatureForm::Raw => "raw",
        FeatureForm::Normalized => "normalized",
    };
    let mut identity = json!({
        "preset": arguments.preset().name(),
        "features": features,
        "distance": network.architecture.reconstruction().distance.to_string(),
        "steps": steps,
        "seed": arguments.seed,
        "balance_products": arguments.balance_products,
        "pictures": pictures.hash,
        "backbone": network.backbone_hash,
    });
    if let Some(augmentation) = arguments.augmentation() {
        identity["augmentation"] = json!(augmentation.to_string());
    }
    identity
}

fn finish(
    arguments: &TrainArguments,
    training: Training<'_>,
    end: End,
    last: &Path,
    yardsticks: Vec<Yardstick>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let (made, steps) = (training.trainer.moments.steps, training.trainer.recipe.steps);
    match end {
        End::Whole => {}
        End::Interrupted => printer.note(format_args!("stopped behind step {made} of {steps}: `--resume` goes on")),
        End::OutOfTime => printer.warning(format_args!("the time was over behind step {made} of {steps}")),
    }
    if let Some(best) = training.best() {
        match best.auroc {
            Some(auroc) => printer.note(format_args!(
                "kept: step {}, AUROC {auroc:.4} on drawn defects, loss {:.4}",
                best.steps, best.loss
            )),
            None => printer.note(format_args!("kept: step {}, loss {:.4}", best.steps, best.loss)),
        }
    }
    for Yardstick { distance, auroc } in &yardsticks {
        let auroc = auroc.map_or("none".to_owned(), |auroc| format!("{auroc:.4}"));
        printer.note(format_args!("without a network, {distance}: AUROC {auroc} on the same drawn defects"));
    }
    if let Some(path) = &arguments.report {
        let epochs = training.epochs.iter();
        let epochs = epochs.map(|epoch| page::Epoch { steps: epoch.steps, loss: epoch.loss, auroc: epoch.auroc });
        let subject = page::Subject {
            checkpoint: arguments.output().display().to_string(),
            data: arguments.data().display().to_string(),
            network: format!(
                "preset {} on {}, distance {}",
                arguments.preset().name(),
                training.network.architecture.backbone(),
                training.network.architecture.reconstruction().distance,
            ),
            pictures: training.learnt.count(),
            steps,
            kept: training.best().map(|best| best.steps),
            epochs: epochs.collect(),
            yardsticks: yardsticks.into_iter().map(|it| (it.distance.to_string(), it.auroc)).collect(),
        };
        let text = page::page(&subject);
        atomic_file::write::<std::io::Error>(path, |out| out.write_all(text.as_bytes())).at(path.display())?;
        printer.note(format_args!("report: {}", path.display()));
    }
    training.metrics.finish()?;
    printer.note(format_args!("written: {} (the run itself: {})", arguments.output().display(), last.display()));
    Ok(())
}
