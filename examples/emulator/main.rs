//! A Realtime server on this machine, until it is interrupted. `--help` says how.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use openai_realtime_ws::emulator::{Emulator, Script};
use openai_realtime_ws::protocol::ListedTool;
use serde_json::json;

mod faults;
mod replies;

const HELP: &str = "\
A local Realtime server, with the REST calls beside it: it answers text with text
and speech with the same speech.

Usage: emulator [--port N] [--api-key KEY] [--pace FACTOR] [--mcp LABEL=TOOL,TOOL…]
                [--faults] [--until-stdin-closes]

  --port N               listen on this port of 127.0.0.1, in place of a free one
  --api-key KEY          let in this key only, in place of any
  --pace FACTOR          send replies at this multiple of the pace of speech, or
                         'none' to send them at once; 1 is the default
  --mcp LABEL=TOOL,…     have an MCP server with these tools, which give back their
                         arguments; may be repeated
  --faults               misbehave and reply for clients that ask for it, see below
  --until-stdin-closes   end when standard input does, too, and not only on Ctrl-C
  --help                 print this";

#[derive(Debug, PartialEq)]
struct Options {
    port: u16,
    api_key: Option<String>,
    /// Speed of replies relative to speech; `None` sends them at once.
    pace: Option<f64>,
    /// MCP servers: their labels, and the names of their tools.
    mcp: Vec<(String, Vec<String>)>,
    faults: bool,
    until_stdin_closes: bool,
}

/// The options; `None` if help is asked for.
fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        port: 0,
        api_key: None,
        pace: Some(1.0),
        mcp: Vec::new(),
        faults: false,
        until_stdin_closes: false,
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => return Ok(None),
            "--faults" => options.faults = true,
            "--until-stdin-closes" => options.until_stdin_closes = true,
            "--api-key" => options.api_key = Some(args.next().ok_or("--api-key needs a key")?),
            "--pace" => {
                let factor = args.next().ok_or("--pace needs a factor")?;
                options.pace = pace(&factor)?;
            }
            "--mcp" => {
                let server = args.next().ok_or("--mcp needs a label and tools")?;
                options.mcp.push(mcp_server(&server)?);
            }
            "--port" => {
                let port = args.next().ok_or("--port needs a number")?;
                options.port = port
                    .parse()
                    .map_err(|_| format!("--port: '{port}' is no port"))?;
            }
            _ => return Err(format!("unknown option '{arg}'; try --help")),
        }
    }
    Ok(Some(options))
}

/// Reads a factor above zero, or `none`.
fn pace(text: &str) -> Result<Option<f64>, String> {
    if text == "none" {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor.is_finite() => Ok(Some(factor)),
        _ => Err(format!("--pace: '{text}' is neither a factor nor 'none'")),
    }
}

/// Reads a label and the names of tools.
fn mcp_server(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((label, tools)) if !label.is_empty() && !tools.is_empty() => {
            let tools = tools.split(',').map(str::to_owned).collect();
            Ok((label.to_owned(), tools))
        }
        _ => Err(format!("--mcp: '{text}' is not LABEL=TOOL,TOOL")),
    }
}

/// A tool with one argument, a text.
fn tool(name: &String) -> ListedTool {
    let properties = json!({"text": {"type": "string"}});
    ListedTool::default()
        .name(name)
        .description("Gives back its arguments.")
        .input_schema(json!({"type": "object", "properties": properties, "required": ["text"]}))
}

/// A file with the certificate, in a directory of its own; removed when it is dropped.
struct CertificateFile {
    directory: PathBuf,
    path: PathBuf,
}

impl CertificateFile {
    fn write(emulator: &Emulator) -> io::Result<Self> {
        let name = format!(
            "realtime-emulator-{}-{}",
            std::process::id(),
            emulator.port()
        );
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory)?;
        let file = Self {
            path: directory.join("cert.pem"),
            directory,
        };
        std::fs::write(&file.path, emulator.certificate_pem())?;
        Ok(file)
    }
}

impl Drop for CertificateFile {
    fn drop(&mut self) {
        // Nothing to do about a directory that somebody else removed.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Waits until standard input is at its end. A thread of its own waits, which the process does not
/// wait for.
async fn stdin_closed() {
    let (closed, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = closed.send(());
    });
    let _ = wait.await;
}

async fn run(options: Options) -> io::Result<()> {
    let mut builder = Emulator::builder()
        .port(options.port)
        .pace(options.pace)
        .record_events(false);
    if let Some(key) = options.api_key {
        builder = builder.api_key(key);
    }
    let script = if options.faults {
        faults::script()
    } else {
        Script::new()
    };
    let script = options.mcp.iter().fold(script, |script, (label, tools)| {
        script.mcp_server(label, tools.iter().map(tool))
    });
    let emulator = builder.script(script).start().await?;
    let certificate = CertificateFile::write(&emulator)?;
    println!("ws  {}", emulator.ws_url());
    println!("wss {}", emulator.wss_url());
    println!("cert {}", certificate.path.display());
    eprintln!(
        "Connect to …/realtime?model=gpt-realtime-2.1 with any key, unless --api-key names one."
    );
    eprintln!(
        "Node: NODE_EXTRA_CA_CERTS={}  Deno: DENO_CERT, likewise.",
        certificate.path.display()
    );
    if options.until_stdin_closes {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            () = stdin_closed() => Ok(()),
        }
    } else {
        tokio::signal::ctrl_c().await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}\n\n{}\n\n{}", faults::HELP, replies::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the emulator could not start: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_is_taken() {
        let line = "--port 4242 --api-key sk-test --pace 2.5 --mcp docs=search,fetch --mcp a=b \
            --faults --until-stdin-closes";
        let expected = Options {
            port: 4242,
            api_key: Some("sk-test".to_owned()),
            pace: Some(2.5),
            mcp: vec![
                (
                    "docs".to_owned(),
                    vec!["search".to_owned(), "fetch".to_owned()],
                ),
                ("a".to_owned(), vec!["b".to_owned()]),
            ],
            faults: true,
            until_stdin_closes: true,
        };
        assert_eq!(parsed(line), Ok(Some(expected)));
        assert_eq!(parsed("--help"), Ok(None));
    }

    #[test]
    fn an_mcp_server_has_a_label_and_tools() {
        for server in ["docs", "docs=", "=search"] {
            let error = parsed(&format!("--mcp {server}")).unwrap_err();
            assert!(error.contains(server), "{error}");
        }
    }

    #[test]
    fn replies_leave_at_the_pace_of_speech_unless_told_otherwise() {
        let pace =
            |line: &str| parsed(line).map(|options| options.and_then(|options| options.pace));
        assert_eq!(pace(""), Ok(Some(1.0)));
        assert_eq!(pace("--pace none"), Ok(None));
        for factor in ["0", "-1", "inf", "fast", "NaN"] {
            let error = pace(&format!("--pace {factor}")).unwrap_err();
            assert!(error.contains(factor), "{error}");
        }
    }
}
