//! Cameras that deliver frames and show nothing: frozen, dark, saturated. What cannot be seen is never `ok`.

use std::fmt;
use std::time::Duration;

use twox_hash::XxHash3_64;

use super::clock::Monotonic;
use super::frame::Content;

/// Bytes up to here are black: limited range's 16 in full range, and some noise.
const BLACK: u8 = 20;
/// Bytes from here on are white.
const WHITE: u8 = 250;
/// Of a thousand bytes, so many may be otherwise: hot pixels, a caption.
const OTHERS: usize = 1;

/// Why a frame shows nothing that could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blindness {
    /// The same bytes as the frames before it, for too long.
    Frozen,
    /// All black.
    Dark,
    /// All white.
    Saturated,
}

impl Blindness {
    /// As in status lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Dark => "dark",
            Self::Saturated => "saturated",
        }
    }
}

impl fmt::Display for Blindness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frozen => "the camera is frozen: its frames do not change",
            Self::Dark => "the camera is dark: the frame is black",
            Self::Saturated => "the camera is saturated: the frame is white",
        })
    }
}

/// Watches the frames of one source.
#[derive(Debug)]
pub struct Watch {
    frozen_after: Duration,
    last: Option<(u64, Monotonic)>,
}

impl Watch {
    /// Frames that stay the same for `frozen_after` are [`Blindness::Frozen`].
    pub fn new(frozen_after: Duration) -> Self {
        Self { frozen_after, last: None }
    }

    /// Looks at a frame that came at `now`: its bytes as they came, and its `pixels` as the network sees them.
    ///
    /// Bytes as they came, since noise that tells one frame from the next may be gone after shrinking.
    pub fn look(&mut self, content: &Content<'_>, pixels: &[u8], now: Monotonic) -> Option<Blindness> {
        let bytes = match content {
            // A folder may hold a picture twice.
            Content::File(_) => return None,
            Content::Raw { bytes, .. } | Content::Jpeg(bytes) => bytes,
        };
        let hash = XxHash3_64::oneshot(bytes);
        let since = match self.last {
            Some((last, since)) if last == hash => since,
            _ => now,
        };
        self.last = Some((hash, since));
        if is_mostly(pixels, |byte| byte <= BLACK) {
            Some(Blindness::Dark)
        } else if is_mostly(pixels, |byte| byte >= WHITE) {
            Some(Blindness::Saturated)
        } else if now.since(since) >= self.frozen_after {
            Some(Blindness::Frozen)
        } else {
            None
        }
    }

    /// Forgets the frames so far: another stream begins.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

fn is_mostly(pixels: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let others = pixels.iter().filter(|&&byte| !is(byte)).count();
    !pixels.is_empty() && others <= pixels.len() * OTHERS / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Monotonic {
        Monotonic::after(Duration::from_secs(seconds))
    }

    #[test]
    fn frames_that_stay_the_same_are_frozen_after_a_while() {
        let mut watch = Watch::new(Duration::from_secs(10));
        let grey = [128; 300];
        let mut look = |bytes: &[u8], at| watch.look(&Content::Jpeg(bytes), &grey, seconds(at));
        assert_eq!(look(b"a", 0), None);
        assert_eq!(look(b"a", 9), None);
        assert_eq!(look(b"a", 10), Some(Blindness::Frozen));
        assert_eq!(look(b"b", 11), None);
        assert_eq!(look(b"b", 20), None);
        assert_eq!(look(b"b", 21), Some(Blindness::Frozen));
        watch.reset();
        assert_eq!(watch.look(&Content::Jpeg(b"b"), &grey, seconds(40)), None);
    }

    #[test]
    fn black_and_white_are_noticed_at_once_and_a_part_is_enough_to_see() {
        let mut watch = Watch::new(Duration::from_secs(10));
        let mut pixels = vec![16; 3000];
        let mut look = |pixels: &[u8], at| watch.look(&Content::Jpeg(&[at as u8]), pixels, seconds(at));
        assert_eq!(look(&pixels, 0), Some(Blindness::Dark));
        pixels[..3].fill(255);
        assert_eq!(look(&pixels, 1), Some(Blindness::Dark));
        pixels[..30].fill(255);
        assert_eq!(look(&pixels, 2), None);
        assert_eq!(look(&[255; 300], 3), Some(Blindness::Saturated));
        assert_eq!(look(&[], 4), None);
    }
}
