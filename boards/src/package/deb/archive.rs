//! The container around: `ar`.

use std::io::Write as _;

use crate::package::archive::TIME;

/// `ar(5)` in its common form: a line of 60 bytes before each member, which begins at an even byte.
pub(super) fn ar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let header = format!("{name:<16}{TIME:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, "100644", bytes.len());
        archive.write_all(header.as_bytes()).expect("a vector grows");
        archive.extend(bytes);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    archive
}
