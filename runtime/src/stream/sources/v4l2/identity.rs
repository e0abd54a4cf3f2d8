//! Which camera it is, whatever number its node has today.

use std::fmt;
use std::path::{Path, PathBuf};

use super::machine::{self, Machine, Place};
use super::node::Capabilities;

/// A camera as it can be known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    card: String,
    bus: String,
    place: Place,
}

impl Identity {
    /// That of an open camera.
    pub(super) fn of(machine: &dyn Machine, node: &Path, capabilities: &Capabilities) -> Self {
        let place = machine::place(machine, node);
        Self { card: capabilities.card.clone(), bus: capabilities.bus.clone(), place }
    }

    /// Looks for the camera among all nodes, first at the one that it had.
    ///
    /// A camera with a serial number is known by it in any socket; one without is known by its socket. A camera of the same
    /// model in the same socket with another serial number is another camera: it is not taken, or two that were swapped
    /// would go on under each other's names.
    pub(super) fn find(&self, machine: &dyn Machine, last: &Path) -> Option<PathBuf> {
        let mut nodes = machine::nodes(machine);
        let last = machine::followed(machine, last);
        nodes.sort_by_key(|node| *node != last);
        nodes.into_iter().find(|node| {
            let answer = machine.open(node).and_then(|open| open.capabilities());
            answer.is_ok_and(|capabilities| self.is_same(&Self::of(machine, node, &capabilities)))
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        let is_same_model = self.card == other.card && self.place.index == other.place.index;
        let is_same_one = match (&self.place.serial, &other.place.serial) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, None) => self.bus == other.bus,
            _ => false,
        };
        is_same_model && is_same_one
    }
}

impl fmt::Display for Identity {
    /// `HD Webcam (usb-0000:00:14.0-1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.card, self.bus)
    }
}
