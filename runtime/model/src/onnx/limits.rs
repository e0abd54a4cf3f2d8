//! How large the parts of a model file may be. Each constant: the attack it stops, and what honest files need.

/// A file, in bytes. Stops: reading `/dev/zero` or a disk image into memory. Honest: 35 MB with the default backbone,
/// below 350 MB with the largest backbone in 32-bit floats.
pub const FILE_BYTES: u64 = 512 << 20;

/// Memory of decoded messages beyond the file's own bytes, in bytes. Stops: a megabyte of two-byte empty nodes, which
/// decodes into a hundred megabytes. Honest: 1.3 kB a node, below 8 MB for sixty-four experts in eight rounds.
pub const DECODED_BYTES: usize = 32 << 20;

/// Metadata entries. Stops: quadratic look for duplicates. Honest: one of ours, a handful from other tools.
pub const METADATA_ENTRIES: usize = 64;

/// A metadata key, an op type, the name of a node or tensor, in bytes. Stops: error messages of megabytes.
/// Honest: below 100.
pub const NAME_BYTES: usize = 256;

/// A documentation string, in bytes. Stops: nothing but waste. Honest: empty.
pub const DOC_BYTES: usize = 64 << 10;

/// A metadata value, in bytes: the manifest's own limit. Stops: as [`FILE_BYTES`]. Honest: below 1 MB.
pub const METADATA_BYTES: usize = crate::manifest::MAX_BYTES;

/// Imported operator sets. Stops: nothing but waste; one is accepted afterwards. Honest: 1, foreign files 2 or 3, and those
/// deserve the error that names what they import.
pub const OPERATOR_SETS: usize = 32;

/// Nodes. Stops: load times of minutes in the engine, whose passes are not linear. Honest: about 700 with the defaults,
/// below 8000 for sixty-four experts in eight rounds.
pub const NODES: usize = 16 << 10;

/// Initializers. Stops: as [`NODES`]. Honest: fewer than nodes.
pub const INITIALIZERS: usize = 16 << 10;

/// Inputs or outputs of a node, and outputs of the graph. Stops: nothing but waste. Honest: at most 5, and as many as there
/// are backbone layers for a concatenation.
pub const NODE_VALUES: usize = 64;

/// Attributes of a node. Stops: as [`DECODED_BYTES`]. Honest: at most 6.
pub const ATTRIBUTES: usize = 16;

/// Numbers in an attribute. Stops: as [`DECODED_BYTES`]. Honest: at most 8 (pads of four dimensions).
pub const ATTRIBUTE_NUMBERS: usize = 16;

/// Numbers in an attribute of somebody else's model. Stops: as [`DECODED_BYTES`]. Honest: a few dozen (constants as lists).
pub const FOREIGN_NUMBERS: usize = 4096;

/// Dimensions of a tensor. Stops: engines that reserve per dimension, products of a thousand factors. Honest: at most 5.
pub const RANK: usize = 8;

/// Values that nodes compute. Stops: nodes with many outputs each. Honest: about as many as nodes.
pub const VALUES: usize = 32 << 10;

/// Elements of one computed tensor for one picture, and the longest dimension. Stops: a product of a column and a row, and
/// a chain of enlargements, which ask an engine for terabytes. Honest: 1.2 million at 224 x 224; attention with eight heads
/// at 1024 x 1024 has 134 million.
pub const TENSOR_ELEMENTS: usize = 1 << 28;

/// Elements that are alive at once for one picture, in the file's order of nodes. Stops: many tensors just below
/// [`TENSOR_ELEMENTS`]. Honest: about three of the largest. An engine may choose another order.
pub const LIVE_ELEMENTS: usize = 1 << 29;

/// Multiply-accumulates for one picture, other operators counted by the elements that they touch. Stops: a picture that
/// takes hours. Honest: 3 thousand million with the defaults, 500 thousand million for the largest backbone at 1024 x 1024.
pub const WORK: u64 = 1 << 41;

/// Side of a kernel, stride and dilation. Stops: kernels as large as the picture. Honest: 16 (the score's pooling).
pub const WINDOW: usize = 64;

/// Pictures in a batch that is fixed in the file. Stops: a batch as a multiplier of everything else. Honest: 1, at times 8.
pub const BATCH: usize = 64;

/// A side of the pictures of somebody else's model. Stops: a header that asks for gigabytes of pixels. Honest: 1024; ours are at most 4096.
pub const SIDE: usize = 4096;
