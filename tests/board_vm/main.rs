//! Boards as whole systems: a card that `moead-board image` wrote boots in a virtual machine with systemd, judges what a camera shows, takes updates,
//! refuses and gets rid of bad ones, and loses its power. `README.md` beside this file says how, and how to boot one by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod board;
mod card;
mod cut;
mod dice;
mod examination;
mod figures;
mod machine;
mod power;
mod releases;
mod scenarios;
mod settling;
mod write_log;
