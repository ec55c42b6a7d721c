//! Many sessions at once over connections that break: `--help` says the rest.

#![deny(clippy::unwrap_used, clippy::expect_used)]

mod account;
mod caller;
#[path = "../../tests/raw_server/deaf.rs"]
mod deaf;
mod figures;
mod ledger;
mod options;
mod random;
mod relay;
mod server;
mod way;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use caller::Caller;
use figures::{Held, memory};
use ledger::Ledger;
use options::{HELP, Options};
use random::Random;
use server::{LIFETIME, Servers};
use way::Way;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Number of looks at the figures.
const LOOKS: u32 = 20;
/// Number of connections after which all that is kept for reuse should be there.
const WARM_UP: usize = 8;
/// Allowed growth of memory from then on.
const GROWTH_PERCENT: u64 = 10;
const GROWTH_MIB: u64 = 16;
/// Time in which everything that is over must be gone.
const TIDY_UP: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = seed.map_or(0, |time| time.subsec_nanos().into());
    let done = match options::parse(std::env::args().skip(1), seed) {
        Ok(Some(options)) => soak(&options).await,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(violations) if violations.is_empty() => {
            println!("test result: ok. 1 passed; 0 failed;");
            ExitCode::SUCCESS
        }
        Ok(violations) => {
            for violation in violations.iter().take(20) {
                println!("VIOLATED {violation}");
            }
            println!("test result: FAILED. 0 passed; 1 failed;");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs, and says what was violated.
async fn soak(options: &Options) -> Result<Vec<String>> {
    let Options {
        duration,
        sessions,
        seed,
    } = *options;
    println!(
        "{sessions} sessions for {} s, --seed {seed}",
        duration.as_secs()
    );
    println!(
        "{:>6} {:>10} {:>10} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7} {:>5}",
        "s",
        "given",
        "seen",
        "returned",
        "in flight",
        "breaks",
        "renewals",
        "files",
        "tasks",
        "MiB"
    );
    let before = Held::now()?;
    let ledger = Arc::new(Ledger::new(sessions));
    let servers = Servers::start(seed, &ledger).await?;
    let (stop, stopped) = watch::channel(false);
    let mut callers = JoinSet::new();
    for session in 0..sessions {
        let (connector, config) = servers.reach(Way::of(session))?;
        let caller = Caller {
            session,
            connector,
            config,
            // The emulator's numbers are others.
            random: Random::new(!seed, session as u64),
            ledger: Arc::clone(&ledger),
            stop: stopped.clone(),
            in_outage: false,
        };
        callers.spawn(caller.run());
    }

    let start = Instant::now();
    let mut memories = Vec::new();
    for _ in 0..LOOKS {
        sleep(duration / LOOKS).await;
        memories.push(memory()?);
        report(start, &ledger)?;
    }
    stop.send_replace(true);
    let mut violations = Vec::new();
    let ending = async {
        while let Some(ended) = callers.join_next().await {
            if let Err(panic) = ended {
                violations.push(format!("a session's task: {panic}"));
            }
        }
    };
    let all_ended = timeout(TIDY_UP, ending).await.is_ok();
    if !all_ended {
        violations.push(format!("{} sessions did not end", callers.len()));
    }
    drop(callers);
    let failed_tls = servers.failed_tls();
    println!("{failed_tls} TLS handshakes were reset or ended");
    drop(servers);
    let tidy = async {
        while Held::now().is_ok_and(|now| now != before) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    if timeout(TIDY_UP, tidy).await.is_err() {
        violations.push(format!(
            "left behind: before {before:?}, after {:?}",
            Held::now()?
        ));
    }
    report(start, &ledger)?;
    violations.extend(grown(&memories));
    violations.extend(ledger.violations());
    let sums = ledger.sums();
    // A small or short run may pass without any of the rarer events.
    let large = sessions >= 100 && duration > LIFETIME;
    let rare = !large || (failed_tls > 0 && sums.renewals > 0);
    if sums.given == 0 || sums.breaks == 0 || !rare {
        violations.push("not everything was tried".to_owned());
    }
    Ok(violations)
}

/// Returns words if memory is larger at the end than after the warm-up. The largest of a few looks
/// stands for a time.
fn grown(memories: &[u64]) -> Option<String> {
    let (warm_up, rest) = memories.split_at_checked(WARM_UP)?;
    let warm = warm_up.iter().rev().take(WARM_UP / 2).max()?;
    let last = rest.iter().rev().take(WARM_UP / 2).max()?;
    let allowed = warm + (warm * GROWTH_PERCENT / 100).max(GROWTH_MIB);
    (*last > allowed).then(|| format!("memory grew from {warm} to {last} MiB"))
}

fn report(start: Instant, ledger: &Ledger) -> Result<()> {
    let sums = ledger.sums();
    let held = Held::now()?;
    println!(
        "{:>6} {:>10} {:>10} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7} {:>5}",
        start.elapsed().as_secs(),
        sums.given,
        sums.seen,
        sums.returned,
        sums.lost,
        sums.breaks,
        sums.renewals,
        held.files,
        held.tasks,
        memory()?,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LOOKS, grown};

    #[test]
    fn memory_may_move_but_not_grow() {
        let looks = |last: u64| -> Vec<u64> {
            let mut looks = vec![100; LOOKS as usize];
            looks[0] = 20;
            looks[LOOKS as usize - 1] = last;
            looks
        };
        assert_eq!(grown(&looks(116)), None);
        assert_eq!(
            grown(&looks(117)).as_deref(),
            Some("memory grew from 100 to 117 MiB")
        );
        assert_eq!(grown(&[]), None);
    }
}
