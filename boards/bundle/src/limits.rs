//! What no honest bundle exceeds. Each limit says which attack it stops.

/// Bytes of the manifest. It is parsed before its signature can be trusted by whoever merely lists a bundle, so it must not be
/// able to take memory. A manifest of [`MEMBERS`] members has about 100 kB.
pub const MANIFEST_BYTES: u64 = 1 << 20;

/// Bytes of the signature. minisign's have 300, and a comment.
pub const SIGNATURE_BYTES: u64 = 4096;

/// Members. Each costs a name and two hashes in memory; ours have about ten.
pub const MEMBERS: usize = 256;

/// Bytes of one unpacked member: what a signed bundle may make the board write at most, so that a mistake on the PC cannot fill
/// it. A model file has at most 2 GB.
pub const MEMBER_BYTES: u64 = 4 << 30;

/// Bytes of a compressed member beyond those of the unpacked one: what zstd adds to data that it cannot compress, generously.
pub const STORED_EXCESS: u64 = 1 << 20;

/// Base-2 logarithm of the window that zstd may ask for: 8 MiB of memory on the board. The writer stays within it.
pub const WINDOW_LOG: u32 = 23;
