//! What is wrong with this machine: its parts, how they are set, and what can be done about each.
//!
//! A machine is read through a [`root::Root`], so a tree that somebody recorded on his board (`tests/machines/record.sh`) is
//! examined like the machine itself. What is in no file (free space, who the user is, what a camera answers) comes in as
//! [`answers::Answers`]. Nothing here changes the machine, and nothing needs a model.
//!
//! Remedies are the one kind of advice that this library gives: they are about the machine and name none of our flags. Text of
//! the machine's is not trusted: it is read up to a limit, and becomes part of a command only where it cannot be anything but
//! a name.
#![forbid(unsafe_code)]

pub mod answers;
pub mod board;
pub mod cameras;
pub mod cgroup;
pub mod clocks;
pub mod cpu;
pub mod engines;
pub mod finding;
pub mod graphics;
pub mod heat;
pub mod limits;
pub mod memory;
pub mod permissions;
pub mod power;
pub mod quantity;
pub mod root;
pub mod storage;
pub mod system;
pub mod throttling;
pub mod time;
pub mod watchdog;

use answers::Answers;
use finding::{Area, Finding, State};
use root::Root;

/// Everything that there is to say, in the order of [`finding::Area`].
pub fn examine(root: &Root, answers: &Answers) -> Vec<Finding> {
    let board = board::Board::of(root);
    let mut findings = board.findings(root);
    findings.extend(system::findings(root));
    findings.extend(cpu::findings(root));
    findings.extend(memory::findings(root));
    findings.extend(storage::findings(&answers.storage));
    findings.extend(graphics::findings(root, board.kind));
    findings.extend(power::findings(root));
    findings.extend(clocks::findings(root));
    findings.extend(heat::findings(root, board.kind));
    findings.extend(throttling::findings(root));
    findings.extend(time::findings(root, answers.clock, board.shelter));
    findings.extend(watchdog::findings(root));
    findings.extend(cameras::findings(answers.cameras.as_deref()));
    findings.extend(permissions::findings(answers, board.kind));
    findings.extend(engines::findings(answers.engines.as_deref()));
    findings
}

/// What makes times that are measured now say little: other work, clocks that are kept low, heat.
pub fn disturbances(root: &Root) -> Vec<Finding> {
    let disturbs = |finding: &Finding| match finding.area {
        Area::Cpu => finding.state > State::Ok && ["load", "cpu quota"].contains(&finding.fact.as_str()),
        Area::Power | Area::Heat => finding.state >= State::Warning,
        _ => false,
    };
    let kind = board::Board::of(root).kind;
    let clocks = power::findings(root).into_iter().chain(clocks::findings(root));
    let heat = heat::findings(root, kind).into_iter().chain(throttling::findings(root));
    cpu::findings(root).into_iter().chain(clocks).chain(heat).filter(disturbs).collect()
}

#[cfg(test)]
mod tests;
