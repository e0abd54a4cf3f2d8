//! An image written onto a card: only where nothing can be lost that is in use, and compared afterwards.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

pub mod disk;

use crate::packed::Packed;
use crate::zeros::is_zero;
use disk::Refusal;

/// Bytes that are read and written at once: a multiple of what cards erase.
const PIECE: usize = 4 << 20;
/// Bytes of a piece that are read before the rest is, to see whether it may be zero.
const GLANCE: usize = 64 << 10;

/// Why a card was not written, or not rightly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlashError {
    /// The system's own.
    #[error(transparent)]
    File(#[from] io::Error),
    /// What would be written is no image as it is.
    #[error("is {found}, expected an image as it goes onto a card")]
    Packed {
        /// Its form.
        found: Packed,
    },
    /// The disk must not be written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was read back is something else.
    #[error("at byte {at}: something else was read back than was written")]
    ReadBack {
        /// Of the disk, where the piece begins that differs.
        at: u64,
    },
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The image goes onto the disk.
    Writing,
    /// The disk is compared with it.
    Comparing,
}

/// Whether a file may be an image as it goes onto a card: its first bytes are none of something packed.
///
/// # Errors
/// [`FlashError::Packed`], [`FlashError::File`]
pub fn check(image: &File) -> Result<(), FlashError> {
    Packed::of(image)?.map_or(Ok(()), |found| Err(FlashError::Packed { found }))
}

/// Writes `image` to the beginning of `device` and compares it. `progress` gets how many bytes more are done.
///
/// Where the image is zero and the disk is too, nothing is written: most of a system's image is, and reading is faster than writing.
/// What is zero in the image is zero on the disk afterwards, whatever was there. O(length); allocates 8 MiB.
///
/// # Errors
/// [`FlashError::File`], [`FlashError::ReadBack`]; then the disk holds a part of the image and is of no use until it is written again.
pub fn write(image: &File, device: &File, progress: &mut dyn FnMut(Phase, u64)) -> Result<(), FlashError> {
    let length = image.metadata()?.len();
    each_piece(image, length, |at, wanted, there| {
        if !is_zero(wanted) || !holds_zeros(device, at, there) {
            device.write_all_at(wanted, at)?;
        }
        progress(Phase::Writing, wanted.len() as u64);
        Ok(())
    })?;
    device.sync_all()?;
    // Or the comparison would read what is still in memory.
    rustix::fs::fadvise(device, 0, None, rustix::fs::Advice::DontNeed).map_err(io::Error::from)?;
    each_piece(image, length, |at, wanted, there| {
        device.read_exact_at(there, at)?;
        progress(Phase::Comparing, wanted.len() as u64);
        if there == wanted { Ok(()) } else { Err(FlashError::ReadBack { at }) }
    })
}

/// Whether the disk is zero from there on for as long as `room` is; where it cannot be read it is written, and what is wrong shows then. A
/// card that is full of something else is not read for that but for its first bytes.
fn holds_zeros(disk: &File, at: u64, room: &mut [u8]) -> bool {
    let (first, rest) = room.split_at_mut(GLANCE.min(room.len()));
    let is_zero_there = |room: &mut [u8], at| disk.read_exact_at(room, at).is_ok() && is_zero(room);
    let behind = at + first.len() as u64;
    is_zero_there(first, at) && is_zero_there(rest, behind)
}

/// Hands out the image piece by piece, with room of the same size.
fn each_piece(
    image: &File,
    length: u64,
    mut work: impl FnMut(u64, &[u8], &mut [u8]) -> Result<(), FlashError>,
) -> Result<(), FlashError> {
    let (mut wanted, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    while at < length {
        let count = usize::try_from(length - at).unwrap_or(PIECE).min(PIECE);
        let (wanted, there) = (wanted.get_mut(..count).unwrap_or_default(), there.get_mut(..count).unwrap_or_default());
        image.read_exact_at(wanted, at)?;
        work(at, wanted, there)?;
        at += count as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of 9 MiB and some sectors, half of it zero, and a larger disk that is full of something else.
    fn sample() -> (tempfile::TempDir, File, File, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes: Vec<u8> = (0..9 * 1024 * 1024 + 1536).map(|index: u32| (index % 251) as u8).collect();
        bytes[1 << 20..6 << 20].fill(0);
        std::fs::write(folder.path().join("image"), &bytes).unwrap();
        std::fs::write(folder.path().join("disk"), vec![0xee; 12 << 20]).unwrap();
        let image = File::open(folder.path().join("image")).unwrap();
        let disk = File::options().read(true).write(true).open(folder.path().join("disk")).unwrap();
        (folder, image, disk, bytes)
    }

    #[test]
    fn the_disk_begins_with_the_image_and_the_rest_stays() {
        let (folder, image, disk, bytes) = sample();
        let mut done = [0; 2];
        write(&image, &disk, &mut |phase, count| done[usize::from(phase == Phase::Comparing)] += count).unwrap();
        let written = std::fs::read(folder.path().join("disk")).unwrap();
        assert!(written[..bytes.len()] == bytes);
        assert!(written[bytes.len()..].iter().all(|&byte| byte == 0xee));
        assert_eq!(done, [bytes.len() as u64; 2]);
    }

    #[test]
    fn zeros_are_not_written_where_zeros_are() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let sparse = |name: &str| {
            let file =
                File::options().create(true).truncate(true).read(true).write(true).open(folder.path().join(name));
            let file = file.unwrap();
            file.set_len(64 << 20).unwrap();
            file
        };
        let (image, disk) = (sparse("image"), sparse("disk"));
        image.write_all_at(b"boot", 5 << 20).unwrap();
        write(&image, &disk, &mut |_, _| {}).unwrap();
        let stored = disk.metadata().unwrap().blocks() * 512;
        assert!(stored <= 2 * PIECE as u64, "{stored} bytes are stored");
    }

    #[test]
    fn a_disk_that_forgets_is_found_out() {
        let (_folder, image, disk, _) = sample();
        let mut forgotten = false;
        let result = write(&image, &disk, &mut |phase, _| {
            if phase == Phase::Comparing && !forgotten {
                disk.write_all_at(b"worn out", 5 << 20).unwrap();
                forgotten = true;
            }
        });
        assert_eq!(result.unwrap_err().to_string(), "at byte 4194304: something else was read back than was written");
    }

    #[test]
    fn a_disk_that_ends_early_is_an_error() {
        let (folder, image, _, _) = sample();
        // A device that is full says so; a file in read-only mode stands in for it.
        let disk = File::open(folder.path().join("disk")).unwrap();
        assert!(matches!(write(&image, &disk, &mut |_, _| {}), Err(FlashError::File(_))));
    }
}
