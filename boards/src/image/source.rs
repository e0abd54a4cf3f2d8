//! The base, copied: raw, `.xz` or `.zip`, known by their first bytes. Zeros become holes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write as _};
use std::path::Path;

use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::error::ImageError;
use crate::packed::Packed;
use crate::zeros::is_zero;

/// Bytes of an unpacked image: what a small file may make this PC write. The largest cards that vendors fill have 128 GB.
const IMAGE_BYTES: u64 = 1 << 40;
/// What is looked at for zeros at once.
const PIECE: usize = 1 << 20;
/// Left free in the target's file system.
const RESERVE: u64 = 64 << 20;

/// Copies the image inside of `base` to `target`, an empty file in `folder`.
pub(super) fn copy(base: &Path, target: &File, folder: &Path) -> Result<(), ImageError> {
    let mut file = File::open(base)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ImageError::Base("expected a file, found a folder or a device".into()));
    }
    let room = Room { folder };
    match Packed::of(&file)? {
        None => {
            room.check(allocated(&metadata))?;
            sparse(&mut file, target, &room)
        }
        Some(Packed::Xz) => {
            // Concatenated streams are one file to xz; more memory than its strongest presets need is refused.
            let stream = liblzma::stream::Stream::new_stream_decoder(256 << 20, liblzma::stream::CONCATENATED);
            let stream = stream.map_err(|error| ImageError::Base(error.to_string()))?;
            let mut unpacked = liblzma::bufread::XzDecoder::new_stream(BufReader::new(file), stream);
            sparse(&mut unpacked, target, &room).map_err(|error| named(error, "xz"))
        }
        Some(Packed::Zip) => zip(file, target, &room),
        Some(found) => Err(ImageError::Packed { found }),
    }
}

fn named(error: ImageError, format: &str) -> ImageError {
    match error {
        ImageError::File(error) if error.raw_os_error().is_none() => ImageError::Base(format!("{format}: {error}")),
        other => other,
    }
}

fn allocated(metadata: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.blocks() * 512).min(metadata.len())
}

/// The only file of the archive, or the only one that is an image.
fn zip(file: File, target: &File, room: &Room<'_>) -> Result<(), ImageError> {
    let wrong = |error: rawzip::Error| ImageError::Base(format!("zip: {error}"));
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(wrong)?;
    let mut entries = archive.entries(&mut buffer);
    let mut images = Vec::new();
    let mut files = 0;
    while let Some(entry) = entries.next_entry().map_err(wrong)? {
        if entry.is_dir() {
            continue;
        }
        files += 1;
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        images.push((name, entry.wayfinder(), entry.compression_method()));
    }
    if files > 1 {
        images.retain(|(name, ..)| [".img", ".raw", ".wic"].iter().any(|ending| name.ends_with(ending)));
    }
    let (wayfinder, method) = match images.as_slice() {
        [(_, wayfinder, method)] => (*wayfinder, *method),
        other => {
            let words = format!("zip: expected one image, found {} among {files} files", other.len());
            return Err(ImageError::Base(words));
        }
    };
    let entry = archive.get_entry(wayfinder).map_err(wrong)?;
    let copied = match method {
        CompressionMethod::STORE => sparse(&mut entry.verifying_reader(entry.reader()), target, room),
        CompressionMethod::DEFLATE => {
            let unpacked = flate2::read::DeflateDecoder::new(entry.reader());
            sparse(&mut entry.verifying_reader(unpacked), target, room)
        }
        _ => return Err(ImageError::Base("zip: a compression other than deflate".into())),
    };
    copied.map_err(|error| named(error, "zip"))
}

/// The folder that the copy lies in.
struct Room<'a> {
    folder: &'a Path,
}

impl Room<'_> {
    fn check(&self, needed: u64) -> Result<(), ImageError> {
        let status = rustix::fs::statvfs(self.folder).map_err(io::Error::from)?;
        let free = status.f_bavail.saturating_mul(status.f_frsize);
        if needed.saturating_add(RESERVE) > free {
            return Err(ImageError::NoSpace { needed, free });
        }
        Ok(())
    }
}

/// Copies everything; what is zero is not written.
fn sparse(reader: &mut dyn Read, mut target: &File, room: &Room<'_>) -> Result<(), ImageError> {
    let mut piece = vec![0; PIECE];
    let mut at = 0_u64;
    let mut unchecked = 0_u64;
    loop {
        let count = fill(reader, &mut piece)?;
        let bytes = piece.get(..count).unwrap_or_default();
        if count == 0 {
            break;
        }
        if at + count as u64 > IMAGE_BYTES {
            return Err(ImageError::Base(format!("more than {IMAGE_BYTES} bytes")));
        }
        if !is_zero(bytes) {
            // Every quarter of a gigabyte, so that an archive of unknown size does not fill the disk to the brim.
            if unchecked >= 256 << 20 {
                room.check(0)?;
                unchecked = 0;
            }
            unchecked += count as u64;
            target.seek(SeekFrom::Start(at))?;
            target.write_all(bytes)?;
        }
        at += count as u64;
    }
    target.set_len(at)?;
    Ok(())
}

/// Reads until the piece is full or nothing is left: how many bytes that were.
pub(super) fn fill(reader: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
