//! The servers that tests talk to, on free ports of the loopback interface.

use std::ops::ControlFlow;
use std::process::{Command, Stdio};

use crate::process::{self, Result, Service};
use crate::workspace::Workspace;

/// The crate's own Realtime server, in a process of its own.
pub struct Emulator {
    ws: String,
    wss: String,
    certificate: String,
    _service: Service,
}

impl Emulator {
    /// Builds and starts the emulator's example, which prints each of its addresses on a line.
    /// `pace` is the speed of its replies, as its command line takes it.
    pub fn start(workspace: &Workspace, pace: &str) -> Result<Self> {
        process::say(&format!("starting the emulator, pace {pace}"));
        let (mut ws, mut wss, mut certificate) = (None, None, None);
        let service = Service::start(
            workspace
                .cargo()
                .args(["run", "--all-features"])
                .args([
                    "--example",
                    "emulator",
                    "--",
                    "--faults",
                    "--pace",
                    pace,
                    "--mcp",
                    "docs=search",
                    "--until-stdin-closes",
                ])
                .stdin(Stdio::piped()),
            |line| {
                let mut words = line.split_whitespace();
                match (words.next(), words.next()) {
                    (Some("ws"), Some(url)) => ws = Some(url.to_owned()),
                    (Some("wss"), Some(url)) => wss = Some(url.to_owned()),
                    (Some("cert"), Some(path)) => certificate = Some(path.to_owned()),
                    _ => {}
                }
                until(ws.is_some() && wss.is_some() && certificate.is_some())
            },
        )?;
        let (Some(ws), Some(wss), Some(certificate)) = (ws, wss, certificate) else {
            return Err("the emulator did not say where it listens".into());
        };
        Ok(Self {
            ws,
            wss,
            certificate,
            _service: service,
        })
    }

    /// Gives a test the emulator's addresses, and makes runtimes trust it. Tests in wasm have no
    /// environment and read the same variables while they are compiled.
    pub fn tell(&self, command: &mut Command) {
        command
            .env("EMULATOR_WS_URL", &self.ws)
            .env("EMULATOR_WSS_URL", &self.wss)
            .env("NODE_EXTRA_CA_CERTS", &self.certificate)
            .env("DENO_CERT", &self.certificate);
    }
}

/// A third party's mock of the service, with the answers in tests/node/aimock.json.
pub struct Aimock {
    /// Its base URL.
    pub url: String,
    _service: Service,
}

impl Aimock {
    /// Starts the mock server on Node 24.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        process::say("starting aimock");
        let mut url = None;
        let service = Service::start(
            Command::new(workspace.node())
                .arg(
                    workspace
                        .node_modules()
                        .join("@copilotkit/aimock/dist/cli.js"),
                )
                .args(["--port", "0", "--validate-on-load", "--fixtures"])
                .arg(workspace.node_tests().join("aimock.json"))
                .stdin(Stdio::null()),
            |line| {
                url = line
                    .split_once("listening on http://")
                    .map(|(_, address)| format!("ws://{address}/v1"));
                until(url.is_some())
            },
        )?;
        let url = url.ok_or("aimock did not say where it listens")?;
        Ok(Self {
            url,
            _service: service,
        })
    }
}

fn until(ready: bool) -> ControlFlow<()> {
    if ready {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}
