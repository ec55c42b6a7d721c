//! The processes of one comparison: the server on core 0, one client at a time on core 1.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::{Bench, Peer, Result, peers::node::Node};

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// A running server, and how to start clients against it.
pub struct Processes {
    server: Child,
    url: String,
    certificate: PathBuf,
    pinned: bool,
    node: Option<Node>,
}

impl Processes {
    /// Starts the server, which lives as long as this value: it stops when its standard input
    /// closes.
    pub fn start(node: Option<Node>) -> Result<Self> {
        let pinned = can_pin();
        if !pinned {
            eprintln!(
                "not pinned to cores: that takes `taskset` and two cores, so the figures will vary more"
            );
        }
        let certificate = env::temp_dir().join(format!("benches-{}.pem", std::process::id()));
        let mut server = on_core(pinned, SERVER_CORE, &own_program()?)
            .arg("server")
            .arg(&certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let stdout = server.stdout.take().ok_or("the server has no output")?;
        BufReader::new(stdout).read_line(&mut url)?;
        let url = url.trim_end().to_owned();
        Ok(Self {
            server,
            url,
            certificate,
            pinned,
            node,
        })
    }

    /// True if openai-node can be measured.
    pub fn has_node(&self) -> bool {
        self.node.is_some()
    }

    /// One run in a fresh process: the figure it prints.
    pub fn measure(&self, bench: Bench, peer: Peer) -> Result<f64> {
        let mut command;
        if let (Some(node), Peer::OpenaiNode) = (&self.node, peer) {
            command = on_core(self.pinned, CLIENT_CORE, &node.program);
            node.prepare(&mut command, bench, &self.url, &self.certificate);
        } else {
            command = on_core(self.pinned, CLIENT_CORE, &own_program()?);
            command
                .args(["client", bench.name(), peer.name(), &self.url])
                .arg(&self.certificate);
        }
        let output = command.stderr(Stdio::inherit()).output()?;
        let figure = String::from_utf8(output.stdout)?;
        if !output.status.success() {
            return Err(format!(
                "{} of {} ended with {}",
                bench.name(),
                peer.name(),
                output.status
            )
            .into());
        }
        let figure = figure.trim().parse()?;
        eprintln!("{:12}  {:12}  {figure:12.0}", bench.name(), peer.name());
        Ok(figure)
    }

    /// Counts the instructions of one run of so many events, with callgrind.
    pub fn instructions(&self, bench: Bench, peer: Peer, events: u32) -> Result<f64> {
        let mut command = on_core(self.pinned, CLIENT_CORE, "valgrind");
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(own_program()?)
            .args(["client", bench.name(), peer.name(), &self.url])
            .arg(&self.certificate)
            .arg(events.to_string());
        let output = command.output()?;
        let report = String::from_utf8_lossy(&output.stderr);
        let collected = report
            .lines()
            .find_map(|line| line.split_once("Collected : "));
        match collected {
            Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
            _ => Err(format!("{} of {}: {report}", bench.name(), peer.name()).into()),
        }
    }

    /// The contest of the JavaScript classes, in one process and one page, which prints its figures
    /// itself.
    pub fn contest(&self, runs: usize) -> Result<()> {
        let node = self
            .node
            .as_ref()
            .ok_or("it wants NODE24 and NODE_MODULES")?;
        let status = on_core(self.pinned, CLIENT_CORE, &node.program)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/js/run.mjs"))
            .args([&self.url, &runs.to_string()])
            .env("NODE_EXTRA_CA_CERTS", &self.certificate)
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the contest ended with {status}").into())
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
        let _ = fs::remove_file(&self.certificate);
    }
}

fn own_program() -> Result<String> {
    Ok(env::current_exe()?.to_string_lossy().into_owned())
}

fn can_pin() -> bool {
    [SERVER_CORE, CLIENT_CORE].into_iter().all(|core| {
        let trial = Command::new("taskset")
            .args(["-c", core, "true"])
            .stderr(Stdio::null())
            .status();
        trial.is_ok_and(|status| status.success())
    })
}

fn on_core(pinned: bool, core: &str, program: &str) -> Command {
    if !pinned {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}
