//! What a checkpoint may claim before memory is spent on the claim. Honest files stay far below every number here.

/// Bytes of one pickle. The published checkpoint's is 0.2 MB, with optimizer state 0.5 MB; values and containers made from
/// it take up to 100 times its size, so a pickle of gigabytes would take the machine.
pub(super) const MAX_PICKLE_BYTES: u64 = 16 << 20;
/// Values that one pickle may make or fetch from its memo. The published checkpoint makes 20 thousand.
pub(super) const MAX_VALUES: usize = 2 << 20;
/// Open marks at any moment: stops a stack of marks that costs one byte each. Nested containers close their marks early;
/// torch files have at most 6.
pub(super) const MAX_MARKS: usize = 1000;
/// Bytes of one string. The longest honest one is a numpy scalar's.
pub(super) const MAX_STRING_BYTES: u64 = 1 << 20;
/// Bytes of a tensor's name, a key, a storage's key: stops messages and paths of megabytes. Module paths have fewer than
/// 100.
pub(super) const MAX_NAME_BYTES: usize = 1024;
/// Sides of a tensor. torch itself allows 64; convolutions have 4, experts 3.
pub(super) const MAX_RANK: usize = 8;
/// Numbers of a tensor that repeats those of its storage. The largest weight of a published checkpoint has 1.9 million.
pub(super) const MAX_REPEATED_NUMBERS: usize = 16 << 20;
/// Nesting of `arch`: stops a list that contains itself. Published ones nest 5 deep.
pub(super) const MAX_ARCH_DEPTH: usize = 32;
/// Values and keys in `arch`: stops lists that contain one list many times, many levels deep. Published ones have 200.
pub(super) const MAX_ARCH_VALUES: usize = 10_000;
/// Bytes of texts and keys in `arch`: stops one long text that is named ten thousand times. Published ones have 2,000.
pub(super) const MAX_ARCH_TEXT_BYTES: usize = 64 << 10;
/// Bytes of `arch` as JSON in a safetensors file: stops lists of millions, each value of which takes 40 times its text.
/// Published ones have 3,000.
pub(super) const MAX_ARCH_JSON_BYTES: usize = 256 << 10;
/// Characters of a parser's own message that an error repeats: stops messages that repeat a word of megabytes.
pub(super) const MAX_MESSAGE_CHARACTERS: usize = 300;
/// Entries of an archive, one per storage. The published checkpoint has 1,100, with optimizer state 1,500.
pub(super) const MAX_ZIP_ENTRIES: u64 = 200_000;
/// Bytes of an archive entry's name. torch writes some 20.
pub(super) const MAX_ZIP_NAME_BYTES: usize = 1024;
/// Bytes of a safetensors header. The format allows 100 MB; a network of 1,100 tensors needs 0.15 MB.
pub(super) const MAX_SAFETENSORS_HEADER: u64 = 16 << 20;
