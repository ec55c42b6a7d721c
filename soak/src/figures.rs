//! Memory, tasks and files of the process.

use std::fs;

use tokio::runtime::Handle;

use crate::Result;

/// Resident memory in MiB.
pub fn memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmRSS")?;
    Ok(kib.parse::<u64>()? / 1024)
}

/// Figures that must be as they were when all is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub files: usize,
    pub tasks: usize,
}

impl Held {
    pub fn now() -> Result<Self> {
        Ok(Self {
            files: fs::read_dir("/proc/self/fd")?.count(),
            tasks: Handle::current().metrics().num_alive_tasks(),
        })
    }
}
