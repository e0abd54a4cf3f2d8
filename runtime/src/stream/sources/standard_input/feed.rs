//! Where bytes come from: a reading that waits only so long.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Bytes, one piece after the other.
pub trait Feed: Send {
    /// Reads what is there into `room`, which is not empty; waits for it at most for `patience`.
    ///
    /// # Errors
    /// By the system.
    fn read(&mut self, room: &mut [u8], patience: Duration) -> io::Result<Fed>;

    /// Whether a person sits at the other end.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// What a reading gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// So many bytes, at least one.
    Bytes(usize),
    /// None within the patience.
    Nothing,
    /// None any more.
    End,
}

/// This program's standard input, read without the buffer of [`io::Stdin`], whose bytes no poll would see.
#[derive(Debug, Clone, Copy)]
pub struct StandardInput;

impl Feed for StandardInput {
    fn read(&mut self, room: &mut [u8], patience: Duration) -> io::Result<Fed> {
        let input = io::stdin();
        let input = input.as_fd();
        let patience = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let mut waiting = [PollFd::new(&input, PollFlags::IN)];
        match poll(&mut waiting, Some(&patience)) {
            Ok(0) | Err(Errno::INTR) => return Ok(Fed::Nothing),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        // Whatever the poll saw, be it an error or an end, the reading says it; with bytes there it does not wait.
        match rustix::io::read(input, room) {
            Ok(0) => Ok(Fed::End),
            Ok(bytes) => Ok(Fed::Bytes(bytes)),
            Err(Errno::INTR | Errno::AGAIN) => Ok(Fed::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    fn is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }
}
