//! A stream that runs takes no memory.
