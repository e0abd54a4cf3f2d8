//! What is to be known of a frame before it is decoded: its size, whether it has tables, where it ends.

use moead_model::architecture::ImageSize;

use super::super::limits;
use super::super::markers::{
    END_OF_IMAGE, HUFFMAN_TABLES, Markers, RESTART_INTERVAL, RESTARTS, START_OF_IMAGE, START_OF_SCAN,
};
use super::super::whole::Fault;
use super::MotionJpegError;

/// What the markers of a frame tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) size: ImageSize,
    /// One component instead of three.
    pub(super) grey: bool,
    /// Whether Huffman tables come before the first scan.
    pub(super) tables: bool,
    /// Where the picture's data ends: at the end marker, if there is one.
    pub(super) end: usize,
}

/// What a frame header says (B.2.2).
#[derive(Debug, Clone, Copy)]
struct Frame {
    size: ImageSize,
    components: usize,
    /// Blocks and pixels, across and down, of an MCU of all components.
    mcu: [usize; 2],
    blocks: usize,
}

impl Header {
    /// Walks over all markers of a frame.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, MotionJpegError> {
        if !bytes.starts_with(&[0xff, START_OF_IMAGE]) {
            return Err(MotionJpegError::Unrecognised);
        }
        let mut markers = Markers::new(bytes);
        let (mut frame, mut tables, mut interval) = (None, false, 0);
        let (frame, components) = loop {
            let (code, _) = markers.next()?;
            match code {
                START_OF_IMAGE => return Err(Fault::Marker(code).into()),
                END_OF_IMAGE => return Err(MotionJpegError::CutShort),
                _ if RESTARTS.contains(&code) => continue,
                _ => {}
            }
            let segment = markers.segment(code)?;
            match code {
                HUFFMAN_TABLES => tables = true,
                RESTART_INTERVAL => {
                    interval = segment.first_chunk().map_or(0, |bytes| usize::from(u16::from_be_bytes(*bytes)));
                }
                START_OF_SCAN => {
                    let frame: Frame = frame.ok_or_else(|| broken("a scan before its frame header"))?;
                    break (frame, segment.first().map_or(0, |&count| usize::from(count)));
                }
                0xc0..=0xcf if code != 0xc8 && code != 0xcc => {
                    if frame.is_some() {
                        return Err(broken("two frame headers"));
                    }
                    frame = Some(Frame::read(code, segment)?);
                }
                _ => {}
            }
        };
        let data = bytes.len() - markers.rest().len();
        // A block takes at least a bit. Without this, a few bytes could ask for all the memory that the limits allow.
        if frame.blocks > (bytes.len() - data).saturating_mul(8) {
            return Err(MotionJpegError::CutShort);
        }
        if components < frame.components {
            return Err(MotionJpegError::Unsupported("several scans"));
        }
        let end = frame.only_scan(&mut markers, interval)?.unwrap_or_else(|| unpadded(bytes));
        Ok(Self { size: frame.size, grey: frame.components == 1, tables, end })
    }
}

impl Frame {
    fn read(code: u8, segment: &[u8]) -> Result<Self, MotionJpegError> {
        match code {
            0xc0 | 0xc1 => {}
            // Of one that broke off and was closed by somebody, nothing would tell.
            0xc2 => return Err(MotionJpegError::Unsupported("progressive")),
            0xc3 | 0xc7 | 0xcb | 0xcf => return Err(MotionJpegError::Unsupported("lossless")),
            0xc5 | 0xc6 => return Err(MotionJpegError::Unsupported("hierarchical")),
            _ => return Err(MotionJpegError::Unsupported("arithmetic coding")),
        }
        let Some((&[precision, h1, h0, w1, w0, count], components)) = segment.split_first_chunk() else {
            return Err(broken("a frame header without its end"));
        };
        if precision != 8 {
            return Err(MotionJpegError::Unsupported("other than 8 bits a sample"));
        }
        let [height, width] = [[h1, h0], [w1, w0]].map(|bytes| usize::from(u16::from_be_bytes(bytes)));
        let size = ImageSize { height, width };
        if height == 0 || width == 0 {
            return Err(broken("no pixels"));
        }
        if !limits::picture(size) {
            return Err(MotionJpegError::TooLarge(size));
        }
        let components = match (count, components.as_chunks::<3>().0) {
            (4, _) => return Err(MotionJpegError::Unsupported("four inks")),
            (1, components @ [_]) | (3, components @ [_, _, _]) => components,
            _ => return Err(broken("a frame header with another number of components than it says")),
        };
        let sampling = |component: &[u8; 3]| [usize::from(component[1] >> 4), usize::from(component[1] & 15)];
        if !components.iter().flat_map(sampling).all(|factor| (1..=4).contains(&factor)) {
            return Err(broken("a sampling factor that there is not"));
        }
        // A component alone has MCUs of one block, whatever its factors.
        let (mcu, blocks) = match components {
            [_] => ([8, 8], 1),
            components => {
                let most =
                    |axis: usize| components.iter().map(|component| sampling(component)[axis]).max().unwrap_or(1);
                let blocks = components.iter().map(|component| sampling(component).iter().product::<usize>()).sum();
                ([8 * most(0), 8 * most(1)], blocks)
            }
        };
        let mut frame = Self { size, components: components.len(), mcu, blocks };
        frame.blocks *= frame.mcus();
        Ok(frame)
    }

    fn mcus(&self) -> usize {
        self.size.width.div_ceil(self.mcu[0]) * self.size.height.div_ceil(self.mcu[1])
    }

    /// Where the end is marked, if it is. Behind the header of the only scan, nothing but restarts may come before, each in
    /// its turn: the decoder would stop at others, or fill up with zeros, without a word.
    fn only_scan(&self, markers: &mut Markers<'_>, interval: usize) -> Result<Option<usize>, MotionJpegError> {
        let expected = (self.mcus() - 1).checked_div(interval).unwrap_or(0);
        let mut restarts = 0;
        loop {
            match markers.next() {
                Ok((code, _)) if RESTARTS.contains(&code) => {
                    if restarts >= expected || usize::from(code - RESTARTS.start()) != restarts % 8 {
                        return Err(broken("a restart out of turn"));
                    }
                    restarts += 1;
                }
                Ok((END_OF_IMAGE, _)) | Err(Fault::CutShort) if restarts < expected => {
                    return Err(MotionJpegError::CutShort);
                }
                Ok((END_OF_IMAGE, at)) => return Ok(Some(at)),
                Err(Fault::CutShort) => return Ok(None),
                Ok((code, _)) => return Err(Fault::Marker(code).into()),
                Err(fault) => return Err(fault.into()),
            }
        }
    }
}

/// Where a frame ends that has no end marker: before the zeros that fill up a buffer. A zero behind 0xff is data.
fn unpadded(bytes: &[u8]) -> usize {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    if end < bytes.len() && bytes[..end].ends_with(&[0xff]) { end + 1 } else { end }
}

fn broken(what: &str) -> MotionJpegError {
    MotionJpegError::Broken(what.to_owned())
}
