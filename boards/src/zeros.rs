//! Whether bytes are all zero: most of a system's image is, and gigabytes of it are looked at.

/// Whether there is nothing but zeros, or nothing at all.
///
/// The first is zero, and each is as the one before it: comparing two slices is what the C library does many bytes at a time, a loop over
/// bytes that may end anywhere is not.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    match (bytes.split_first(), bytes.split_last()) {
        (Some((&first, behind)), Some((_, before))) => first == 0 && behind == before,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_anywhere_is_seen() {
        for length in [0, 1, 2, 63, 64, 65, 4096] {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes), "{length}");
            for at in 0..length {
                bytes[at] = 0x10;
                assert!(!is_zero(&bytes), "{at} of {length}");
                bytes[at] = 0;
            }
            bytes.fill(7);
            assert_eq!(is_zero(&bytes), length == 0);
        }
    }
}
