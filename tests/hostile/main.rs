//! Files that want to do harm, one module per reader: each gives an error that says what is wrong, never a panic, and takes
//! memory in proportion to what really lies on the disk.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]
#![expect(clippy::type_complexity, reason = "a table of cases names its columns where it stands")]

mod memory;
mod opcodes;
mod raw_zip;
mod sample;
mod subject;

mod architecture;
mod bundle;
mod damage;
mod foreign;
mod frames;
mod legacy;
mod model_file;
mod pickle;
mod pickle_bombs;
mod picture_headers;
mod pictures;
mod programs;
mod safetensors;
mod views;
mod zip;
