//! What happens to a frame when the one before it still waits for the engine.

/// Which frames are given up when they come faster than the engine takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The newest waits, an older one is dropped: a result is older than its own inference by one frame interval at most, and what the machine adds.
    /// For cameras.
    Latest,
    /// What waits is kept, the newcomer is dropped.
    Oldest,
    /// Nothing is dropped, the source waits. For files.
    Never,
}

impl Policy {
    /// How many frames of a source wait for the engine at most. Two keep the slower side busy while the faster one hiccups;
    /// with [`Policy::Latest`] a second one could only be stale.
    pub fn capacity(self) -> usize {
        match self {
            Self::Latest => 1,
            Self::Oldest | Self::Never => 2,
        }
    }
}
