//! Machines as they were recorded: every word of the report, for people and for programs.

use super::Machine;
use crate::sinks::findings;

mod jetson_orin_nano;
mod nothing;
mod raspberry_pi_5;
mod virtual_machine;

fn json(machine: &Machine) -> String {
    serde_json::to_string_pretty(&findings::json(&machine.findings())).unwrap()
}
