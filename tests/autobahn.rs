//! The native transport before a judge that no one here wrote: the cases of the Autobahn test suite
//! for RFC 6455, run by kosoku, which `cargo xtask test autobahn` installs. Each case is a test;
//! the compression that is never offered is left out.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Config, Connector as _, Frame, Realtime, Runtime};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;

/// Under this name we are in the report.
const AGENT: &str = "ours";
/// Longer than any case takes.
const LONGEST: Duration = Duration::from_secs(120);

/// Verdict of the judge: on the exchange, and on its end.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    behavior: String,
    behavior_close: String,
}

impl Verdict {
    /// Not strict is what differs from a recommendation alone; informational, what the standard
    /// leaves open.
    fn is_good(&self) -> bool {
        [&self.behavior, &self.behavior_close]
            .into_iter()
            .all(|verdict| matches!(verdict.as_str(), "OK" | "NON-STRICT" | "INFORMATIONAL"))
    }
}

/// The judge, a server.
struct Judge {
    process: Child,
    port: u16,
}

impl Judge {
    fn start(reports: &Path) -> Self {
        let program = env::var_os("KOSOKU").expect("KOSOKU: run `cargo xtask test autobahn`");
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut process = Command::new(program)
            .args([
                "--mode",
                "fuzzingserver",
                "--exclude",
                "12.*",
                "--exclude",
                "13.*",
            ])
            .arg("--outdir")
            .arg(reports)
            .arg(format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("listening"), "{line}");
        // A full pipe would hold it up.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Self { process, port }
    }

    /// Returns the judge's answer at a path of its own.
    async fn ask(&self, path: &str) -> Option<String> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let url = format!("ws://127.0.0.1:{}{path}", self.port);
        let (mut socket, _) = client_async(url, stream).await.unwrap();
        match socket.next().await {
            Some(Ok(message)) if message.is_text() => {
                Some(message.into_text().unwrap().to_string())
            }
            _ => None,
        }
    }

    /// Goes through one case: what comes is sent back.
    async fn run(&self, case: usize) {
        let url = format!(
            "ws://127.0.0.1:{}/runCase?case={case}&agent={AGENT}",
            self.port
        );
        let config = Config::new("any").model("any").insecure_loopback_url(url);
        let handshake = config.handshake::<Realtime>(Runtime::Native).unwrap();
        let mut socket = Connector::new().connect(handshake).await.unwrap();
        while let Some(Ok(frame)) = socket.next().await {
            if matches!(frame, Frame::Text(_) | Frame::Binary(_))
                && socket.send(frame).await.is_err()
            {
                break;
            }
        }
    }

    /// Has it write its reports, and end.
    async fn verdicts(mut self, reports: &Path) -> BTreeMap<String, Verdict> {
        self.ask(&format!("/updateReports?agent={AGENT}")).await;
        self.process.wait().unwrap();
        let index = std::fs::read(reports.join("index.json")).unwrap();
        let mut index: BTreeMap<String, BTreeMap<String, Verdict>> =
            serde_json::from_slice(&index).unwrap();
        index.remove(AGENT).unwrap()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It fails where it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let reports = Path::new(env!("CARGO_TARGET_TMPDIR")).join("autobahn");
    let judge = Judge::start(&reports);
    let count: usize = judge.ask("/getCaseCount").await.unwrap().parse().unwrap();
    for case in 1..=count {
        timeout(LONGEST, judge.run(case))
            .await
            .unwrap_or_else(|_| panic!("case {case} hangs"));
    }
    let verdicts = judge.verdicts(&reports).await;
    assert_eq!(verdicts.len(), count);
    let mut failed = 0;
    for (case, verdict) in &verdicts {
        if !verdict.is_good() {
            println!("test {case} ... FAILED: {verdict:?}");
            failed += 1;
        }
    }
    let mut tally = BTreeMap::<_, usize>::new();
    for verdict in verdicts.values() {
        *tally
            .entry((&verdict.behavior, &verdict.behavior_close))
            .or_default() += 1;
    }
    println!("(exchange, close): {tally:?}");
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "test result: {result}. {} passed; {failed} failed;",
        count - failed
    );
    ExitCode::from(u8::from(failed > 0))
}
