//! Time and memory of this process, as the kernel counts them.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What all threads of this process have computed so far.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Both are positive, and the second is below a billion.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Memory of this process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

impl Memory {
    /// Of this process; `None` where /proc does not tell.
    pub fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/status").ok()?)
    }

    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            kilobytes.checked_mul(1024)
        };
        Some(Self { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(Memory::parse(status), Some(Memory { resident: 1 << 20, peak: 2 << 20 }));
        for wrong in ["", "VmHWM:\t1 kB\n", "VmHWM: x kB\nVmRSS: 1 kB\n", "VmHWM: 1\nVmRSS: 1\n"] {
            assert_eq!(Memory::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn this_process_takes_memory_and_time() {
        let memory = Memory::now().expect("Linux has /proc");
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        assert!(cpu_time() > Duration::ZERO);
    }
}
