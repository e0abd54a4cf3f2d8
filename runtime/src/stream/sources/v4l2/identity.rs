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
    /// That of an open camera, to know it again by. A serial number that another camera here has too is none: cheap ones all
    /// have the same.
    pub(super) fn of(machine: &dyn Machine, node: &Path, capabilities: &Capabilities) -> Self {
        let mut identity = Self::now(machine, node, capabilities);
        let place = &identity.place;
        let node = machine::followed(machine, node);
        let others = || machine::nodes(machine).into_iter().filter(|other| *other != node);
        if place.serial.is_some() && others().any(|other| machine::place(machine, &other) == *place) {
            identity.place.serial = None;
        }
        identity
    }

    fn now(machine: &dyn Machine, node: &Path, capabilities: &Capabilities) -> Self {
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
        let mut is_locked = false;
        let found = nodes.into_iter().find(|node| match machine.open(node).and_then(|open| open.capabilities()) {
            Ok(capabilities) => self.is_same(&Self::now(machine, node, &capabilities)),
            Err(_) => {
                is_locked |= *node == last;
                false
            }
        });
        // Its node is there, and why it cannot be opened says more than that it was not found.
        found.or_else(|| is_locked.then_some(last))
    }

    fn is_same(&self, other: &Self) -> bool {
        let is_same_model = self.card == other.card && self.place.index == other.place.index;
        let is_same_one = match &self.place.serial {
            Some(serial) => other.place.serial.as_ref() == Some(serial),
            None => self.bus == other.bus,
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
