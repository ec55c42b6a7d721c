//! Resources that must be as before when a session is over.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

/// Resources that the process holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Resources {
    open_files: usize,
    tasks: usize,
}

impl Resources {
    pub fn now() -> Self {
        Self {
            open_files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }

    /// Waits until no more is held than was: a task that was told to end may take a turn to do so.
    pub async fn are_back(&self) -> Result<(), String> {
        let back = async {
            while Self::now() != *self {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), back)
            .await
            .map_err(|_| format!("left behind: before {self:?}, after {:?}", Self::now()))
    }
}
