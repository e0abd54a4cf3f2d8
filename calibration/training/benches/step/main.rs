//! A training step of the official decoder on one core, beside PyTorch's: the same network and recipe, in turns.
//!
//! `cargo bench -p moead-training --bench step [-- PRESET [DROPOUT]]`. `MOEAD_PYTHON` names a Python with torch; without torch ours is timed
//! alone.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set up its case has failed")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use moead_model::architecture::TokenGrid;
use moead_runtime::stream::clock::{Clock as _, SystemClock};
use moead_training::decoder::Decoder;
use moead_training::presets::{BATCH, Preset};
use moead_training::random::{Purpose, Seed};
use moead_training::trainer::Trainer;

const ROUNDS: usize = 15;

/// PyTorch's side: a line makes a step, and its seconds come back.
struct Peer {
    process: Child,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Peer {
    fn start(arguments: &[String]) -> Option<Self> {
        let python = std::env::var_os("MOEAD_PYTHON").unwrap_or_else(|| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/step/torch_step.py");
        let mut process = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut answers = BufReader::new(process.stdout.take()?).lines();
        let version = answers.next()?.ok()?;
        write(&format!("peer: {version}"));
        Some(Self { process, answers })
    }

    fn step(&mut self) -> f64 {
        writeln!(self.process.stdin.as_mut().unwrap()).unwrap();
        self.answers.next().unwrap().unwrap().parse().unwrap()
    }
}

/// A line of the report.
fn write(text: &str) {
    writeln!(std::io::stdout(), "{text}").expect("a reader");
}

fn quartiles(mut seconds: Vec<f64>) -> [f64; 3] {
    seconds.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| seconds[(seconds.len() - 1) * quarter / 4])
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let wanted = arguments.next().unwrap_or_else(|| "official".into());
    let preset = Preset::ALL.into_iter().find(|preset| preset.name() == wanted).expect("official, small or tiny");
    let reconstruction = preset.reconstruction();
    let channels: usize = preset.layers().iter().map(|layer| preset.backbone().layers()[layer - 1].channels).sum();
    let side = preset.input().height / 16;
    let grid = TokenGrid { rows: side, columns: side };
    let decoder = Decoder::new(channels, grid, &reconstruction).unwrap();
    let mut recipe = preset.recipe(Seed(1), 1000);
    if let Some(dropout) = arguments.next() {
        recipe.dropout = dropout.parse().expect("a share");
    }
    let parameters = preset.initial().draw(decoder.layout(), Seed(1));
    let mut random = Seed(1).stream(Purpose::Jitter, &[]);
    let numbers = BATCH * grid.tokens() * channels;
    let features: Vec<f32> = (0..numbers / 2).flat_map(|_| random.normals().map(|x| x as f32)).collect();
    let mut trainer = Trainer::new(decoder, parameters, recipe);
    let rounds = match &reconstruction.decoder {
        moead_model::architecture::Decoder::Shared(rounds) => rounds.rounds,
        moead_model::architecture::Decoder::Stacked(_) => 0,
    };
    let settings = [channels, side, reconstruction.hidden, reconstruction.heads, reconstruction.feed_forward, rounds];
    let mut peer_arguments: Vec<String> = settings.iter().map(usize::to_string).collect();
    peer_arguments.push(recipe.dropout.to_string());
    let mut peer = Peer::start(&peer_arguments);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut step = || {
        let begin = SystemClock.monotonic();
        pool.install(|| trainer.step(&features)).unwrap();
        SystemClock.monotonic().since(begin).as_secs_f64()
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + 2 {
        let seconds = step();
        let of_peer = peer.as_mut().map(Peer::step);
        // Memory is taken and kernels are chosen in the first rounds.
        if round >= 2 {
            ours.push(seconds);
            theirs.extend(of_peer);
        }
    }
    let told = |name: &str, [low, middle, high]: [f64; 3]| {
        write(&format!("{name}: {:.1} ms (quartiles {:.1} to {:.1})", 1e3 * middle, 1e3 * low, 1e3 * high));
    };
    write(&format!("{wanted}, batch {BATCH}, dropout {}, one thread, {ROUNDS} rounds in turns", recipe.dropout));
    if !theirs.is_empty() {
        let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        let [low, middle, high] = quartiles(ratios);
        told("torch", quartiles(theirs));
        write(&format!("ratio ours / torch: {middle:.3} (quartiles {low:.3} to {high:.3})"));
    }
    told("ours", quartiles(ours));
}
