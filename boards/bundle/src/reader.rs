//! From a file to a [`Bundle`]: signature, structure and every byte are checked before anything of it can be unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::archive::{self, BLOCK, END};
use crate::digest::{Digest, Hashing};
use crate::limits;
use crate::manifest::{Manifest, ManifestError, Member};
use crate::member_path::MemberPath;
use crate::signature::{PublicKey, Signature, SignatureError};

/// Why a file is no bundle, or not one to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Another kind of file.
    #[error("not a bundle: it does not begin with {}", archive::MANIFEST)]
    Other,
    /// It ends too early.
    #[error("cut short: {part} ends at byte {end}, and the file has {length}")]
    Cut {
        /// Of the file.
        part: String,
        /// First byte behind it.
        end: u64,
        /// Of the file.
        length: u64,
    },
    /// Something else stands where a file of the bundle should.
    #[error("at byte {at}: expected {expected}, found {found}")]
    Entry {
        /// Of the file.
        at: u64,
        /// Name and size.
        expected: String,
        /// Name and kind.
        found: String,
    },
    /// More than any honest one has.
    #[error("{part}: {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Manifest or signature.
        part: &'static str,
        /// As the file says.
        found: u64,
        /// Bytes.
        limit: u64,
    },
    /// What is signed cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Not signed, or by somebody else.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The bytes in the file are not those that were signed.
    #[error("{path}: altered: expected SHA-256 {expected}, found {found}")]
    Altered {
        /// Of the member.
        path: MemberPath,
        /// By the manifest.
        expected: Digest,
        /// Of the bytes in the file.
        found: Digest,
    },
    /// Signed bytes that do not unpack to what was signed: whoever wrote the bundle was wrong.
    #[error("{path}: unpacks to something else: expected {expected} bytes with SHA-256 {sha256}, found {found}")]
    Content {
        /// Of the member.
        path: MemberPath,
        /// By the manifest.
        expected: u64,
        /// By the manifest.
        sha256: Digest,
        /// In words.
        found: String,
    },
    /// A file that is asked for by its name.
    #[error("has no {path}")]
    NoMember {
        /// In the bundle.
        path: String,
    },
    /// Data behind the end.
    #[error("{found} bytes behind the end of the bundle")]
    Trailing {
        /// How many.
        found: u64,
    },
}

/// A file that has the form of a bundle's beginning. Nobody has vouched for anything yet: what [`Self::claims`] says is for
/// people to look at.
#[derive(Debug)]
pub struct Sealed {
    file: File,
    length: u64,
    text: Vec<u8>,
    manifest: Manifest,
    signature: Signature,
    signature_text: String,
    /// Where the first member's header is.
    members_at: u64,
}

/// A bundle whose signature and bytes were checked.
#[derive(Debug)]
pub struct Bundle {
    sealed: Sealed,
    /// Where each member's content begins.
    contents: Vec<u64>,
}

impl Sealed {
    /// Reads manifest and signature.
    ///
    /// # Errors
    /// [`BundleError`]; what it says holds for the file at `path`, which it does not name.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut at = 0;
        let mut first = Vec::new();
        (&mut file).take(BLOCK).read_to_end(&mut first)?;
        // A short file of another kind is not one of ours that was cut.
        if !begins_as(&first, archive::MANIFEST) {
            return Err(BundleError::Other);
        }
        if !described_as(&read_block(&mut file, length, at, archive::MANIFEST)?, archive::MANIFEST) {
            return Err(BundleError::Other);
        }
        let text = small_file(&mut file, length, &mut at, archive::MANIFEST, limits::MANIFEST_BYTES)?;
        let signature_text = small_file(&mut file, length, &mut at, archive::SIGNATURE, limits::SIGNATURE_BYTES)?;
        let signature_text = String::from_utf8(signature_text).map_err(|_| SignatureError::Form)?;
        let signature = Signature::parse(&signature_text)?;
        let manifest = Manifest::parse(&text)?;
        Ok(Self { file, length, text, manifest, signature, signature_text, members_at: at })
    }

    /// What the file says about itself, unchecked.
    #[must_use]
    pub fn claims(&self) -> &Manifest {
        &self.manifest
    }

    /// How long the file is by the manifest: whoever fetches a bundle knows it as soon as the beginning is there, and takes no more.
    #[must_use]
    pub fn whole_length(&self) -> u64 {
        let members = self.manifest.members.iter().map(|member| behind(BLOCK, member.stored.size));
        members.fold(self.members_at.saturating_add(END), u64::saturating_add)
    }

    /// Checks the signature and nothing else: whether what [`Self::claims`] says was signed. The members need not be there yet.
    ///
    /// # Errors
    /// [`SignatureError`]
    pub fn check_signature(&self, key: &PublicKey) -> Result<(), SignatureError> {
        self.signature.check(key, &self.text)
    }

    /// Identifies the release, as far as its manifest is to be trusted.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.text)
    }

    /// The signature, unchecked.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the signature, then the structure, then every byte. Reads the file once, in small pieces.
    ///
    /// # Errors
    /// [`BundleError`]
    pub fn verify(self, key: &PublicKey) -> Result<Bundle, BundleError> {
        self.signature.check(key, &self.text)?;
        self.check_members()
    }

    /// As [`Self::verify`], without the signature: whether the file is whole, whoever made it. Gives nothing that could be
    /// unpacked.
    ///
    /// # Errors
    /// [`BundleError`]
    pub fn check_whole(self) -> Result<(), BundleError> {
        self.check_members().map(drop)
    }

    fn check_members(mut self) -> Result<Bundle, BundleError> {
        let mut contents = Vec::with_capacity(self.manifest.members.len());
        let mut at = self.members_at;
        for member in &self.manifest.members {
            let name = archive::stored_name(&member.path);
            expect_header(&mut self.file, self.length, &mut at, &name, member.stored.size)?;
            contents.push(at);
            expect_room(&name, at, member.stored.size, self.length)?;
            self.file.seek(SeekFrom::Start(at))?;
            let (found, _) = Digest::of_reader(&mut (&mut self.file).take(member.stored.size))?;
            if found != member.stored.sha256 {
                let (path, expected) = (member.path.clone(), member.stored.sha256);
                return Err(BundleError::Altered { path, expected, found });
            }
            at = behind(at, member.stored.size);
            expect_zeros(&mut self.file, self.length, at - archive::padding(member.stored.size), at)?;
        }
        expect_zeros(&mut self.file, self.length, at, at + END)?;
        match self.length - (at + END) {
            0 => Ok(Bundle { sealed: self, contents }),
            found => Err(BundleError::Trailing { found }),
        }
    }
}

impl Bundle {
    /// What was signed.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.sealed.manifest
    }

    /// The manifest as it was signed, byte for byte.
    #[must_use]
    pub fn manifest_text(&self) -> &[u8] {
        &self.sealed.text
    }

    /// minisign's text.
    #[must_use]
    pub fn signature_text(&self) -> &str {
        &self.sealed.signature_text
    }

    /// Identifies the release: of the manifest, and through it of every byte.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.sealed.text)
    }

    /// Writes the content of a member of this bundle's manifest.
    ///
    /// # Errors
    /// [`BundleError::Content`] when it is not what was signed; then `out` has got a part of it, never more than was announced.
    /// [`BundleError::Read`] also for errors of `out`.
    pub fn unpack(&mut self, member: &Member, out: &mut dyn Write) -> Result<(), BundleError> {
        let wrong = |found: String| BundleError::Content {
            path: member.path.clone(),
            expected: member.size,
            sha256: member.sha256,
            found,
        };
        let index = self.sealed.manifest.members.iter().position(|known| known == member);
        let start = index.and_then(|index| self.contents.get(index)).ok_or_else(|| wrong("no such member".into()))?;
        let file = &mut self.sealed.file;
        file.seek(SeekFrom::Start(*start))?;
        let mut stored = BufReader::new(file.take(member.stored.size));
        let mut unpacked = zstd::Decoder::with_buffer(&mut stored)?.single_frame();
        unpacked.window_log_max(limits::WINDOW_LOG)?;
        let mut hashing = Hashing::new(out);
        let mut piece = vec![0; 1 << 16];
        let mut size = 0;
        loop {
            // zstd calls damaged data an error of the reader; a reader's own comes as it is.
            let count = match unpacked.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.raw_os_error().is_some() => return Err(error.into()),
                Err(error) => return Err(wrong(format!("damaged data: {error}"))),
            };
            size += count as u64;
            if size > member.size {
                return Err(wrong("more".into()));
            }
            hashing.write_all(piece.get(..count).unwrap_or_default())?;
        }
        let found = hashing.digest();
        drop(unpacked);
        if stored.fill_buf_is_empty()? && size == member.size && found == member.sha256 {
            return Ok(());
        }
        Err(wrong(format!("{size} with SHA-256 {found}")))
    }
}

/// How many bytes of a bundle's beginning there must be before more can be said: to be asked again when they are there, until it says
/// [`Beginning::Whole`].
///
/// # Errors
/// [`BundleError`], as soon as the bytes cannot be a bundle's beginning.
pub fn beginning(bytes: &[u8]) -> Result<Beginning, BundleError> {
    let mut at = 0;
    for (name, limit) in [(archive::MANIFEST, limits::MANIFEST_BYTES), (archive::SIGNATURE, limits::SIGNATURE_BYTES)] {
        let header = bytes.get(at..).and_then(|rest| rest.first_chunk());
        let Some(block) = header else { return Ok(Beginning::Needs(at as u64 + BLOCK)) };
        if !described_as(block, name) {
            let (expected, found) = (format!("{name}, a file"), archive::described(block));
            return Err(if at == 0 {
                BundleError::Other
            } else {
                BundleError::Entry { at: at as u64, expected, found }
            });
        }
        let found = tar::Header::from_byte_slice(block).entry_size().unwrap_or(0);
        if found > limit {
            return Err(BundleError::TooLarge { part: name, found, limit });
        }
        at = usize::try_from(behind(at as u64 + BLOCK, found)).unwrap_or(usize::MAX);
    }
    Ok(if at > bytes.len() { Beginning::Needs(at as u64) } else { Beginning::Whole })
}

/// What [`beginning`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// At least so many bytes, from the first one on.
    Needs(u64),
    /// [`Sealed::open`] can read manifest and signature.
    Whole,
}

/// Whether nothing is left.
trait IsDrained {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool>;
}

impl<R: io::BufRead> IsDrained for R {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool> {
        Ok(self.fill_buf()?.is_empty())
    }
}

/// Reads a header, which must be that of a file `name` of any size up to `limit`, and the file.
fn small_file(
    file: &mut File,
    length: u64,
    at: &mut u64,
    name: &'static str,
    limit: u64,
) -> Result<Vec<u8>, BundleError> {
    let block = read_block(file, length, *at, name)?;
    let found = tar::Header::from_byte_slice(&block).entry_size().unwrap_or(0);
    if found > limit && described_as(&block, name) {
        return Err(BundleError::TooLarge { part: name, found, limit });
    }
    expect_header(file, length, at, name, found.min(limit))?;
    expect_room(name, *at, found, length)?;
    let mut content = Vec::with_capacity(usize::try_from(found).unwrap_or(0));
    file.seek(SeekFrom::Start(*at))?;
    file.take(found).read_to_end(&mut content)?;
    *at = behind(*at, found);
    expect_zeros(file, length, *at - archive::padding(found), *at)?;
    Ok(content)
}

fn described_as(block: &[u8; BLOCK as usize], name: &str) -> bool {
    tar::Header::from_byte_slice(block).path_bytes().as_ref() == name.as_bytes()
}

/// Whether that is the beginning of the header of a file `name`, as far as it goes.
fn begins_as(start: &[u8], name: &str) -> bool {
    let name = [name.as_bytes(), b"\0"].concat();
    start.iter().zip(&name).all(|(found, expected)| found == expected)
}

fn expect_header(file: &mut File, length: u64, at: &mut u64, name: &str, size: u64) -> Result<(), BundleError> {
    let block = read_block(file, length, *at, name)?;
    let expected = archive::header(name, size);
    if block == *expected.as_bytes() {
        *at += BLOCK;
        return Ok(());
    }
    let (expected, mut found) = (archive::described(expected.as_bytes()), archive::described(&block));
    if expected == found {
        found.push_str(" with other attributes");
    }
    Err(BundleError::Entry { at: *at, expected, found })
}

fn read_block(file: &mut File, length: u64, at: u64, part: &str) -> Result<[u8; BLOCK as usize], BundleError> {
    expect_room(part, at, BLOCK, length)?;
    let mut block = [0; BLOCK as usize];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut block)?;
    Ok(block)
}

fn expect_room(part: &str, at: u64, size: u64, length: u64) -> Result<(), BundleError> {
    let end = behind(at, size);
    if end > length { Err(BundleError::Cut { part: part.to_owned(), end, length }) } else { Ok(()) }
}

fn expect_zeros(file: &mut File, length: u64, start: u64, end: u64) -> Result<(), BundleError> {
    if end > length {
        return Err(BundleError::Cut { part: "the end".into(), end, length });
    }
    file.seek(SeekFrom::Start(start))?;
    let mut zeros = Vec::new();
    file.take(end - start).read_to_end(&mut zeros)?;
    if zeros.iter().all(|&byte| byte == 0) {
        return Ok(());
    }
    Err(BundleError::Entry { at: start, expected: "zeros".into(), found: "data".into() })
}

/// Sizes are bounded by the manifest's rules, so this cannot overflow; were it to, the file would be too short.
fn behind(at: u64, size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK).and_then(|size| at.checked_add(size)).unwrap_or(u64::MAX)
}
