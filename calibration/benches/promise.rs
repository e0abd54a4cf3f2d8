//! Realised against promised false alarms, by distribution and number of good pictures: a table for `docs/design/thresholds.md`.
//! `cargo bench -p moead-calibration --bench promise -- [CALIBRATIONS]`

#[path = "../tests/promise/simulation.rs"]
mod simulation;

use std::io::{self, Write as _};

use simulation::{ROUGH, Realised, SMOOTH, simulate};

/// Good pictures: the fewest, the last that are extrapolated from, the first that assume nothing, many.
const IMAGES: [usize; 5] = [100, 200, 298, 299, 1000];

fn main() -> io::Result<()> {
    let calibrations = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(2000);
    let mut out = io::stdout();
    writeln!(out, "{calibrations} calibrations each: broken promises (at most 5 % are promised) / mean rate / height")?;
    writeln!(out, "| scores | {} |", IMAGES.map(|images| format!("{images} images")).join(" | "))?;
    writeln!(out, "| --- | {} |", IMAGES.map(|_| "---").join(" | "))?;
    for scores in SMOOTH.into_iter().chain(ROUGH) {
        let cells = IMAGES.map(|images| {
            let Realised { broken, calibrations, mean_rate, height } = simulate(scores, images, calibrations, 14);
            let broken = 100.0 * broken as f64 / calibrations as f64;
            format!("{broken:.1} % / {:.2} % / {height:.1}", 100.0 * mean_rate)
        });
        writeln!(out, "| {scores:?} | {} |", cells.join(" | "))?;
    }
    Ok(())
}
