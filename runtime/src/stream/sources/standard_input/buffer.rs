//! Bytes that have come and are not done with. Grows to what the largest picture needs, and is used again.

use std::io;
use std::time::Duration;

use super::feed::{Fed, Feed};
use super::limits;

/// A window that moves along a stream.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// What has come and was not dropped.
    pub(super) fn window(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Drops so many bytes at the window's front.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads more, behind the window's end. What is in the window stays, relative to its front.
    pub(super) fn fill(&mut self, feed: &mut dyn Feed, patience: Duration) -> io::Result<Fed> {
        if self.bytes.len() - self.end < limits::READ {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() - self.end < limits::READ {
            let length = (self.end + limits::READ).max(self.bytes.len() * 3 / 2);
            self.bytes.resize(length, 0);
        }
        let fed = feed.read(&mut self.bytes[self.end..][..limits::READ], patience)?;
        if let Fed::Bytes(count) = fed {
            self.end += count.min(limits::READ);
        }
        Ok(fed)
    }
}
