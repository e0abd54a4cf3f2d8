//! What goes onto a board in one signed file.
//!
//! The program on the PC writes bundles, the program on the board takes them: this crate is what both must agree on, so it
//! depends on neither.
//!
//! * [`archive`]: the file, byte for byte.
//! * [`manifest`]: what is inside, for which board, until when. This is what is signed.
//! * [`reader`]: from a file to a [`reader::Bundle`], which exists only after its signature and every byte were checked.
//! * [`writer`]: the same inputs give the same bytes.
//! * [`signature`]: minisign, the checking half.
//! * [`admission`]: whether a board may take a bundle.
//! * [`release`]: where its parts lie on the board.
#![forbid(unsafe_code)]

pub mod admission;
pub mod archive;
pub mod digest;
pub mod limits;
pub mod manifest;
pub mod member_path;
pub mod reader;
pub mod release;
pub mod signature;
pub mod version;
pub mod writer;
