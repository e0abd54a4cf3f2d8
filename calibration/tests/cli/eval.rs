//! `moead-eval`.

use crate::Desk;

mod bad_data;
mod usage;

fn desk() -> Desk {
    Desk::of("moead-eval")
}
