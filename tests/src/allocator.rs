//! The system's allocator, watched: what a test counts of it is the test's own.

#![expect(unsafe_code, reason = "an allocator is unsafe to implement; this one tells and hands on")]

use std::alloc::{GlobalAlloc, Layout, System};

/// Is told of all memory that a process takes and gives back, by the thread that does it. It must not take any itself.
pub trait Watch: Sync {
    /// So many bytes are about to be taken; false: they are refused.
    fn takes(&self, bytes: usize) -> bool;

    /// So many bytes are about to be given back.
    fn gives_back(&self, _bytes: usize) {}
}

/// For a test's `#[global_allocator]`. A block that grows is another block, so for a moment both are held.
pub struct Watched<W>(pub W);

// SAFETY: every call that is not refused is handed to the system's allocator unchanged; null is this trait's way to refuse.
unsafe impl<W: Watch> GlobalAlloc for Watched<W> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !self.0.takes(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !self.0.takes(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.0.gives_back(layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
