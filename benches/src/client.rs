//! One run of one client, in a process of its own: prints its figure.

use std::{
    fs,
    future::Future,
    io,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

use crate::{Bench, Peer, Result, peers};

/// Sessions held open at a time when idle ones are measured.
const SESSIONS: u32 = 1_000;

/// PCM of one append, in bytes.
pub const APPEND_PCM: usize = 4_800;

/// How long a run lasts.
const RUN: Duration = Duration::from_secs(2);

/// Where the server is, and what it shows.
pub struct Server {
    /// As in `OPENAI_BASE_URL`.
    pub base_url: String,
    /// The certificate to trust, as PEM.
    pub certificate: Vec<u8>,
}

/// Runs one client and prints its figure.
pub fn run(bench: &str, peer: &str, url: &str, certificate: &str) -> Result<()> {
    let bench = bench.parse()?;
    let server = Server {
        base_url: url.to_owned(),
        certificate: fs::read(certificate)?,
    };
    let figure = runtime()?.block_on(async {
        match peer.parse()? {
            Peer::Ours => peers::ours::run(bench, &server).await,
            Peer::Bare => peers::bare::run(bench, &server).await,
            Peer::AsyncOpenai => peers::async_openai::run(bench, &server).await,
            Peer::OpenaiNode => Err("openai-node is not a Rust client".into()),
        }
    })?;
    println!("{figure}");
    Ok(())
}

/// One thread, for both sides.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Counts events from the first, `session.created`, until the run is over.
pub struct Meter {
    started: Instant,
    count: u32,
}

impl Meter {
    /// Starts the clock.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            count: 0,
        }
    }

    /// Counts an event; false once the run is over. Looks at the clock now and then only.
    pub fn tick(&mut self) -> bool {
        self.count += 1;
        !self.count.is_multiple_of(64) || self.started.elapsed() < RUN
    }

    /// Events counted.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Events per second until now.
    pub fn rate(&self) -> f64 {
        f64::from(self.count) / self.started.elapsed().as_secs_f64()
    }
}

/// PCM to append.
pub fn append_pcm() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(APPEND_PCM).collect()
}

/// The `item_id` with which the server acknowledges appends.
pub fn acknowledged(count: u32) -> String {
    format!("item_{count}")
}

/// Resident bytes of one session, over many; `open` returns one that is idle.
pub async fn resident<S, F: Future<Output = Result<S>>>(open: impl Fn() -> F) -> Result<f64> {
    // What is paid once, such as code read in, is not the sessions'.
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
    /// The error of a client that cannot run this.
    pub fn not_for(self, peer: Peer) -> Box<dyn std::error::Error + Send + Sync> {
        format!("{} is not measured with {}", self.name(), peer.name()).into()
    }
}
