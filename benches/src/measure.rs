//! The server to measure against, and the meters that every client uses.

use std::{
    fs,
    future::Future,
    io,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Interval, interval};

use crate::{Bench, Peer, Result};

/// Number of sessions that are open at a time when idle ones are measured.
const SESSIONS: u32 = 1_000;

/// PCM of one append, in bytes.
pub const APPEND_PCM: usize = 4_800;

/// Duration of a run.
const RUN: Duration = Duration::from_secs(2);

/// PCM of one append of a call, in bytes: 20 ms.
pub const CALL_PCM: usize = 960;

/// Time between two appends of a call.
const CALL_PACE: Duration = Duration::from_millis(20);

/// Number of calls at a time, where the time of the CPU is measured.
const CALLS: u32 = 200;

/// Address and certificate of the server.
#[derive(Clone)]
pub struct Server {
    /// Base URL, as in `OPENAI_BASE_URL`.
    pub base_url: String,
    /// Certificate to trust, as PEM.
    pub certificate: Vec<u8>,
    /// Number of events of a run, where instructions are counted instead of time.
    pub events: Option<u32>,
}

/// Returns a runtime of one thread, for either side.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Counter of events, from the first, `session.created`, to the end of the run.
pub struct Meter {
    started: Instant,
    count: u32,
    events: Option<u32>,
}

impl Meter {
    /// Starts the clock.
    pub fn start(server: &Server) -> Self {
        Self {
            started: Instant::now(),
            count: 0,
            events: server.events,
        }
    }

    /// Counts an event; false once the run is over. The clock is read at every 64th event only.
    pub fn tick(&mut self) -> bool {
        self.count += 1;
        if let Some(events) = self.events {
            return self.count < events;
        }
        !self.count.is_multiple_of(64) || self.started.elapsed() < RUN
    }

    /// Number of events counted.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Rate until now, in events per second.
    pub fn rate(&self) -> f64 {
        f64::from(self.count) / self.started.elapsed().as_secs_f64()
    }
}

/// Returns the PCM of one append.
pub fn append_pcm() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(APPEND_PCM).collect()
}

/// Returns the `item_id` with which the server acknowledges this many appends.
pub fn acknowledged(count: u32) -> String {
    format!("item_{count}")
}

/// Measures the resident bytes of one session, as a mean of many; `open` returns an idle one.
pub async fn resident<S, F: Future<Output = Result<S>>>(open: impl Fn() -> F) -> Result<f64> {
    // The first session pays what is paid once, such as loading code.
    let first = open().await?;
    let mut sessions = Vec::with_capacity(SESSIONS as usize);
    let before = resident_bytes()?;
    for _ in 0..SESSIONS {
        sessions.push(open().await?);
    }
    let grown = resident_bytes()? - before;
    drop((first, sessions));
    Ok(grown / f64::from(SESSIONS))
}

/// Speech of one call: a piece of PCM every 20 ms.
pub struct Speech {
    pace: Interval,
    pcm: Vec<u8>,
}

impl Speech {
    /// Begins to speak.
    pub fn new() -> Self {
        Self {
            pace: interval(CALL_PACE),
            pcm: append_pcm()[..CALL_PCM].to_vec(),
        }
    }

    /// Waits for the next piece.
    pub async fn next(&mut self) -> &[u8] {
        self.pace.tick().await;
        &self.pcm
    }
}

/// Holds calls until the run is over, and returns the nanoseconds of CPU for a second of one call.
/// `open` opens one, and returns a future that moves it. Where instructions are counted, there is
/// one call, of as many pieces of speech as the server's `events`.
pub async fn calls<C, F>(server: &Server, open: impl Fn() -> F) -> Result<f64>
where
    C: Future<Output = Result<()>> + Send + 'static,
    F: Future<Output = Result<C>>,
{
    if let Some(events) = server.events {
        tokio::spawn(open().await?);
        tokio::time::sleep(CALL_PACE * events).await;
        return Ok(0.0);
    }
    for _ in 0..CALLS {
        tokio::spawn(open().await?);
        // Calls do not begin all at once.
        tokio::time::sleep(CALL_PACE / 7).await;
    }
    let (started, before) = (Instant::now(), cpu_nanoseconds()?);
    tokio::time::sleep(2 * RUN).await;
    let used = cpu_nanoseconds()? - before;
    Ok(used / started.elapsed().as_secs_f64() / f64::from(CALLS))
}

/// Returns the time that this thread has had a CPU.
fn cpu_nanoseconds() -> Result<f64> {
    let statistics = fs::read_to_string("/proc/self/schedstat")?;
    Ok(statistics
        .split(' ')
        .next()
        .ok_or("no schedstat")?
        .parse()?)
}

fn resident_bytes() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no VmRSS")?;
    let kibibytes: f64 = line.trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024.0)
}

impl Bench {
    /// Returns the error of a client that does not have this bench.
    pub fn not_for(self, peer: Peer) -> Box<dyn std::error::Error + Send + Sync> {
        format!("{} is not measured with {}", self.name(), peer.name()).into()
    }
}
