//! `moead-train DATA`.

use std::path::Path;
use std::time::Duration;

use moead_calibration::report::training as page;
use moead_model::architecture::FeatureForm;
use moead_model::atomic_file;
use moead_runtime::stream::clock::{Clock, SystemClock};
use moead_runtime::stream::interrupt::Interrupt;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_terminal::signals;
use serde_json::{Value, json};

use super::arguments::TrainArguments;
use super::files::{self, LAST};
use super::metrics::Metrics;
use super::model_free::{self, Yardstick};
use super::network::Network;
use super::pictures::GoodPictures;
use super::resumable::Resumable;
use super::stores::{Extractor, Stores};
use super::training::{End, Training};
use crate::batches::{Balance, Batches};
use crate::learnt::Learnt;
use crate::normalization::{Fit, Normalization};
use crate::presets::{BATCH, Preset};
use crate::random::Seed;
use crate::state::{Running, State};
use crate::trainer::Trainer;

/// Of the time that is left, the share for steps and for judging; the rest goes into writing, and into what takes longer than it was measured to.
const FOR_STEPS: f64 = 0.9;
/// Fewer teach nothing.
const LEAST_STEPS: u64 = 20;
/// Keys of a run's identity that are known later than the others.
const ENGINE: &str = "engine";
const STEPS: &str = "steps";

pub(super) fn run(arguments: &TrainArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let mut is_saved = false;
    let ended = train(arguments, &mut is_saved, printer);
    ended.map_err(|error| if is_saved { Resumable::error(error) } else { error })?;
    Ok(Exit::Fine)
}

/// * `is_saved`: becomes true as soon as there is a state to take the run up from.
fn train(arguments: &TrainArguments, is_saved: &mut bool, printer: &Printer) -> anyhow::Result<()> {
    let clock = SystemClock;
    let begin = clock.monotonic();
    let last = arguments.beside(LAST);
    let outputs = files::outputs(arguments)?;
    let pictures = GoodPictures::open(arguments, &outputs, printer)?;
    // Said before minutes of work; what of them cannot be used is seen later.
    Batches::new(&pictures.product_of, Balance::Pictures, BATCH, Seed(0)).at(arguments.data().display())?;
    let network = Network::open(arguments)?;
    // From here on files are written: who asks to stop leaves none of them half done.
    let interrupt = Interrupt::default();
    let handler = interrupt.clone();
    signals::heed(move |_| handler.request())?;
    tell_network(&network, &pictures, printer);
    files::tell_replaced(arguments, printer);
    let seed = Seed(arguments.seed);
    let mut identity = identity(arguments, &network, &pictures);
    // Before features of this run take the place of those that the other one needs.
    let sides = [network.decoder.grid().tokens(), network.decoder.channels()];
    let read = || State::read(&last, network.decoder.layout(), sides, &identity, &[ENGINE, STEPS]);
    let state = arguments.resume.then(read).transpose().at(last.display())?;
    let extractor = Extractor::load(arguments, &network, printer)?;
    identity[ENGINE] = json!(extractor.engine());
    if let Some(state) = &state {
        state.compare(&identity, &[STEPS]).at(last.display())?;
        *is_saved = true;
    }
    let stores = Stores::make(arguments, (&network, extractor), &pictures, seed, &interrupt, printer)?;

    let learnt = stores.learnt();
    let samples = stores.samples_learnt();
    let product_of: Vec<usize> = samples.iter().map(|at| pictures.product_of[*at]).collect();
    let paths = samples.iter().map(|at| pictures.samples[*at].path.clone()).collect();
    let balance = if arguments.balance_products { Balance::Products } else { Balance::Pictures };
    let batches = Batches::new(&product_of, balance, BATCH, seed).at(arguments.data().display())?;
    let preset = arguments.preset();
    let steps = arguments.steps.unwrap_or_else(|| usual_steps(preset, batches.pass()));
    identity[STEPS] = json!(steps);
    if let Some(state) = &state {
        state.compare(&identity, &[]).at(last.display())?;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads().get()).build()?;
    let judges = stores.judges(&pictures, &network);
    if judges.is_none() {
        printer
            .note("fewer than 10 pictures of each product: none is held back, and the last network is kept unjudged");
    }
    let begun = state.as_ref().map(|state| state.moments.steps);
    let (trainer, normalization, epochs, running) = if let Some(state) = state {
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
    let mut metrics = Metrics::open(arguments.metrics.as_deref(), begun)?;
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
        is_saved: *is_saved,
        metrics,
        clock: &clock,
        printer,
    };
    let mut until = None;
    if let Some(limit) = arguments.time_limit {
        let step = pool.install(|| training.seconds_of_step())?;
        let judging = pool.install(|| training.seconds_of_judging())?;
        let left = limit.saturating_sub(clock.monotonic().since(begin)).as_secs_f64();
        let of_pass = (training.batches.pass() as f64 / BATCH as f64).max(1.0);
        let steps = ((FOR_STEPS * left / (step + judging / of_pass)) as u64).max(LEAST_STEPS);
        training.trainer.recipe.steps = steps;
        training.identity[STEPS] = json!(steps);
        printer.note(format_args!(
            "{steps} steps of {:.0} ms, judged after each pass in {:.0} ms: `--steps {steps}` makes the same run again, and goes with `--resume`",
            1e3 * step,
            1e3 * judging
        ));
        until = Some(begin.plus(limit.max(Duration::from_secs(1))));
    }
    let end = pool.install(|| training.run(&interrupt, until));
    *is_saved = training.is_saved;
    finish(arguments, training, end?, &last, yardsticks, printer)
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

/// What makes a run the same run, but for [`ENGINE`] and [`STEPS`], which are known later.
fn identity(arguments: &TrainArguments, network: &Network, pictures: &GoodPictures) -> Value {
    let features = match network.architecture.reconstruction().features {
        FeatureForm::Raw => "raw",
        FeatureForm::Normalized => "normalized",
    };
    let mut identity = json!({
        "preset": arguments.preset().name(),
        "features": features,
        "distance": network.architecture.reconstruction().distance.to_string(),
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
    mut training: Training<'_>,
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
    training.metrics.flush()?;
    printer.note(format_args!("written: {} (the run itself: {})", arguments.output().display(), last.display()));
    Ok(())
}
