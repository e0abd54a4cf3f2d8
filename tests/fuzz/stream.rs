//! Streams of pictures, as standard input has them.

use std::io;
use std::time::Duration;

use moead_runtime::stream::frame::Content;
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::sources::standard_input::feed::{Fed, Feed};
use moead_runtime::stream::sources::standard_input::{StreamOpener, StreamRequest};
use moead_runtime::stream::sources::{Next, Opener as _, Order};

/// Bytes in pieces of one length.
struct Pieces {
    bytes: Vec<u8>,
    given: usize,
    length: usize,
}

impl Feed for Pieces {
    fn read(&mut self, room: &mut [u8], _patience: Duration) -> io::Result<Fed> {
        let rest = &self.bytes[self.given..];
        let piece = &rest[..rest.len().min(self.length).min(room.len())];
        room[..piece.len()].copy_from_slice(piece);
        self.given += piece.len();
        Ok(if piece.is_empty() { Fed::End } else { Fed::Bytes(piece.len()) })
    }
}

/// What a stream gives when it comes in pieces of that length; pictures with their bytes.
fn given(bytes: &[u8], length: usize, order: Order) -> Result<Vec<(String, Vec<u8>)>, String> {
    let feed = Box::new(Pieces { bytes: bytes.to_vec(), given: 0, length });
    let opener = StreamOpener::over(StreamRequest::default(), feed, Interrupt::default());
    let mut source = opener.open().map_err(|error| error.to_string())?;
    let mut given = Vec::new();
    // Nothing comes twice, so there is an end.
    for _ in 0..10 * bytes.len() + 100 {
        match source.next(Duration::ZERO, order).map_err(|error| error.to_string())? {
            Next::Frame(arrival) => given.push(match arrival.content {
                Content::Jpeg(bytes) => ("JPEG".to_owned(), bytes.to_vec()),
                Content::Raw { format, bytes } => {
                    assert_eq!(format.bytes(), Some(bytes.len()));
                    (format!("{format:?}"), bytes.to_vec())
                }
                Content::File(file) => panic!("no stream has files: {file:?}"),
            }),
            Next::Corrupt { problem, .. } => given.push((problem.to_string(), Vec::new())),
            Next::Nothing => {}
            Next::End => return Ok(given),
        }
    }
    panic!("the stream does not end");
}

/// Pictures are the same however their stream comes in pieces.
pub(crate) fn pictures(bytes: &[u8]) {
    let whole = given(bytes, usize::MAX, Order::Oldest);
    for length in [1, 7] {
        assert_eq!(given(bytes, length, Order::Oldest), whole, "in pieces of {length}");
    }
    // The newest of all are some of them.
    if let (Ok(all), Ok(newest)) = (whole, given(bytes, 64, Order::Newest)) {
        assert!(newest.iter().all(|event| all.contains(event)));
    }
}
