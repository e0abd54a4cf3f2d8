//! How much of a machine's files is read. A recorded tree may come from anybody.

/// Bytes of a file. Stops a tree whose `/proc/cpuinfo` is a disk image; 256 processors tell 400 kB there.
pub const TEXT: u64 = 1 << 20;

/// Bytes of the list of installed packages, the one file that is honestly long: 3 MB on a desktop.
pub const PACKAGES: u64 = 16 << 20;

/// Characters of a line that becomes a value. Stops a report of megabytes; the longest honest ones are names of processors.
pub const LINE: usize = 200;

/// Entries of a folder. Stops a tree with millions of sensors; library folders have some thousand files.
pub const ENTRIES: usize = 20_000;

/// Sensors, policies, supplies, devices: as many as are looked at. A large server has some hundred.
pub const PARTS: usize = 1024;

/// Depth of a control group. Stops a path of thousands of parts, each with files that are asked for.
pub const GROUPS: usize = 32;
