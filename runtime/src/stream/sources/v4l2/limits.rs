//! How much of a driver's answers is believed: a driver that never comes to the end of a list must not fill the memory.

/// Pixel formats of a node. vivid, which has every one there is, has 83.
pub(super) const FORMATS: u32 = 256;
/// Sizes of a format. Webcams have about 20.
pub(super) const SIZES: u32 = 256;
/// Frame intervals of a size. Webcams have up to 10.
pub(super) const INTERVALS: u32 = 128;
/// Controls of a node. vivid has 72, webcams about 20.
pub(super) const CONTROLS: usize = 512;
/// Items of a menu, and how many numbers are tried for them.
pub(super) const MENU_ITEMS: i64 = 256;
/// Buffers of a stream. The kernel itself has had no more for long (`VIDEO_MAX_FRAME`).
pub(super) const BUFFERS: u32 = 32;
/// Nodes of a machine that are looked at. The kernel itself has 256 numbers (`VIDEO_NUM_DEVICES`).
pub(super) const NODES: usize = 256;
/// Bytes of a small text file of the kernel or of `/etc/group`.
pub(super) const TEXT: u64 = 1 << 20;
