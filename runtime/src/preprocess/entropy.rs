//! Whether the picture data of a JPEG is there to its last block, for sequential Huffman coding: nearly every JPEG.
//!
//! The end marker alone does not say so: cameras and downloaders close a picture that broke off with one. This walks the
//! codes as ISO/IEC 10918-1, F.2.2 tells, and only counts; it takes about as long as decoding itself. Progressive pictures
//! are not walked, as most of their codes mean something only together with earlier scans: one that broke off and was
//! closed by somebody is decoded, with less detail, or grey where its first scan ended.

use super::whole::Fault;

/// How many Huffman codes there are of each length, and their symbols.
type Codes<'a> = (&'a [u8; 16], &'a [u8]);

/// What a frame header and the tables before a scan say.
#[derive(Debug, Default)]
pub(super) struct Sequential<'a> {
    width: usize,
    height: usize,
    /// Identifier, horizontal and vertical sampling.
    components: Vec<(u8, usize, usize)>,
    /// Per class (DC, AC) and identifier. Spread out only when a scan names them, so that a file full of tables costs
    /// nothing.
    tables: [[Option<Codes<'a>>; 4]; 2],
    /// MCUs between restarts; 0 without restarts.
    restart: usize,
}

impl<'a> Sequential<'a> {
    /// Takes in a segment before a scan, without its length; malformed ones are left to the decoder.
    pub(super) fn segment(&mut self, code: u8, segment: &'a [u8]) {
        match code {
            0xc0 | 0xc1 => self.frame(segment),
            // Other frames are progressive, lossless or arithmetic.
            0xc2..=0xcf if code != 0xc4 => self.components.clear(),
            0xc4 => self.huffman(segment),
            0xdd => self.restart = segment.first_chunk().map_or(0, |bytes| usize::from(u16::from_be_bytes(*bytes))),
            _ => {}
        }
    }

    fn frame(&mut self, segment: &[u8]) {
        self.components.clear();
        let Some((&[_, h1, h0, w1, w0, _], components)) = segment.split_first_chunk() else { return };
        self.height = usize::from(u16::from_be_bytes([h1, h0]));
        self.width = usize::from(u16::from_be_bytes([w1, w0]));
        let components = components.as_chunks().0.iter();
        self.components
            .extend(components.map(|&[id, sampling, _]| (id, usize::from(sampling >> 4), usize::from(sampling & 15))));
    }

    fn huffman(&mut self, mut segment: &'a [u8]) {
        while let Some((&[place], rest)) = segment.split_first_chunk() {
            let Some((counts, rest)) = rest.split_first_chunk::<16>() else { return };
            let symbols = counts.iter().map(|&count| usize::from(count)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(symbols) else { return };
            let table =
                self.tables.get_mut(usize::from(place >> 4)).and_then(|class| class.get_mut(usize::from(place & 15)));
            if let Some(table) = table {
                *table = Some((counts, symbols));
            }
            segment = rest;
        }
    }

    /// Walks a scan: its header without the length, and what follows. How many bytes of that its data takes; 0 when it
    /// cannot be walked.
    pub(super) fn scan(&self, header: &[u8], data: &[u8]) -> Result<usize, Fault> {
        let Some((blocks, mcus)) = self.mcus(header) else { return Ok(0) };
        let mut bits = Bits { data, at: 0, buffer: 0, count: 0 };
        for mcu in 0..mcus {
            if self.restart > 0 && mcu > 0 && mcu % self.restart == 0 {
                bits.restart()?;
            }
            for (dc, ac) in &blocks {
                let length = bits.symbol(dc)?;
                bits.skip(length)?;
                let mut coefficient = 1;
                while coefficient < 64 {
                    let symbol = bits.symbol(ac)?;
                    let (zeros, length) = (symbol >> 4, symbol & 15);
                    if length == 0 && zeros < 15 {
                        break;
                    }
                    bits.skip(length)?;
                    coefficient += u32::from(zeros) + 1;
                }
            }
        }
        Ok(bits.at)
    }

    /// The tables of each block of an MCU, and the number of MCUs. None when anything is missing or out of range.
    fn mcus(&self, header: &[u8]) -> Option<(Vec<(Table, Table)>, usize)> {
        let (&count, rest) = header.split_first()?;
        let widest = self.components.iter().map(|component| component.1).max()?;
        let highest = self.components.iter().map(|component| component.2).max()?;
        let mut blocks = Vec::new();
        let mut mcus = self.width.div_ceil((8 * widest).max(1)) * self.height.div_ceil((8 * highest).max(1));
        for &[id, tables] in rest.as_chunks().0.get(..usize::from(count))? {
            let &(_, across, down) = self.components.iter().find(|component| component.0 == id)?;
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return None;
            }
            let dc = self.tables[0].get(usize::from(tables >> 4))?.and_then(Table::new)?;
            let ac = self.tables[1].get(usize::from(tables & 15))?.and_then(Table::new)?;
            if count == 1 {
                // A component alone has no padding to whole MCUs.
                let blocks = |length: usize, own: usize, most: usize| (length * own).div_ceil(most).div_ceil(8);
                mcus = blocks(self.width, across, widest) * blocks(self.height, down, highest);
                return Some((vec![(dc, ac)], mcus));
            }
            blocks.extend(std::iter::repeat_n((dc, ac), across * down));
        }
        Some((blocks, mcus))
    }
}

/// For every 16 bits, the code they begin with: its length times 256, plus its symbol; 0 where there is none.
#[derive(Debug, Clone)]
struct Table(std::rc::Rc<[u16]>);

impl Table {
    fn new((counts, symbols): Codes<'_>) -> Option<Self> {
        let mut places = vec![0; 1 << 16];
        let mut next = 0;
        let mut symbols = symbols.iter();
        for (length, &count) in (1..).zip(counts) {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                let end = next + (1 << (16 - length));
                places.get_mut(next..end)?.fill(length << 8 | u16::from(symbol));
                next = end;
            }
        }
        Some(Self(places.into()))
    }
}

/// The bits of a scan, up to the next marker.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    buffer: u64,
    /// Of the buffer's lower end.
    count: u32,
}

impl Bits<'_> {
    /// Fills the buffer to at least 32 bits, if there are so many before the next marker.
    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(&byte) = self.data.get(self.at) else { return };
            if byte == 0xff && self.data.get(self.at + 1) != Some(&0) {
                return;
            }
            self.at += if byte == 0xff { 2 } else { 1 };
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    fn symbol(&mut self, table: &Table) -> Result<u8, Fault> {
        if self.count < 16 {
            self.fill();
        }
        // Behind the last bit, ones, as encoders pad.
        let next = match self.count.checked_sub(16) {
            Some(beyond) => self.buffer >> beyond,
            None => !(!self.buffer << (16 - self.count)),
        };
        let code = table.0[usize::from(next as u16)];
        match u32::from(code >> 8) {
            0 if self.count >= 16 => return Err(Fault::Code),
            0 => return Err(Fault::CutShort),
            length => self.take(length)?,
        }
        Ok(code as u8)
    }

    fn skip(&mut self, length: u8) -> Result<(), Fault> {
        if self.count < u32::from(length) {
            self.fill();
        }
        self.take(length.into())
    }

    fn take(&mut self, length: u32) -> Result<(), Fault> {
        self.count = self.count.checked_sub(length).ok_or(Fault::CutShort)?;
        Ok(())
    }

    /// Drops the padding up to the restart marker, which must be next.
    fn restart(&mut self) -> Result<(), Fault> {
        self.fill();
        let fills = self.data[self.at..].iter().take_while(|&&byte| byte == 0xff).count();
        if fills == 0 || self.count >= 8 || !matches!(self.data.get(self.at + fills), Some(0xd0..=0xd7)) {
            return Err(Fault::CutShort);
        }
        (self.at, self.count) = (self.at + fills + 1, 0);
        Ok(())
    }
}
