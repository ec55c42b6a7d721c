//! Sessions through real proxies: tinyproxy and microsocks of Debian. `cargo xtask test proxy`
//! installs them.
#![cfg(feature = "emulator")]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{ConversationItemCreate, Modality, RealtimeSession};
use openai_realtime_ws::protocol::{ResponseCreate, ResponseDone, SessionUpdate};
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS, TransportError};

mod tls_server;

use tls_server::{KEY, report};

/// A proxy's process. It ends when it is dropped.
struct Proxy {
    process: Child,
    port: u16,
}

impl Proxy {
    /// Starts a proxy for HTTP CONNECT, with these lines in its configuration.
    fn tinyproxy(settings: &str) -> Self {
        let port = free_port();
        let config = format!("{}/tinyproxy-{port}.conf", env!("CARGO_TARGET_TMPDIR"));
        let settings = format!("Listen 127.0.0.1\nPort {port}\nLogLevel Connect\n{settings}\n");
        std::fs::write(&config, settings).unwrap();
        let proxy = Self::start(Command::new("tinyproxy").args(["-d", "-c", &config]), port);
        std::fs::remove_file(config).unwrap();
        proxy
    }

    /// Starts a SOCKS5 proxy.
    fn microsocks(arguments: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new("microsocks");
        command
            .args(["-i", "127.0.0.1", "-p", &port.to_string()])
            .args(arguments);
        Self::start(&mut command, port)
    }

    /// Starts a proxy, and waits until it accepts connections, which is its only sign of readiness.
    fn start(command: &mut Command, port: u16) -> Self {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let process = command
            .spawn()
            .expect("it is installed: run `cargo xtask test proxy`");
        let mut proxy = Self { process, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(proxy.process.try_wait().unwrap(), None, "it ended");
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "it takes no connections"
            );
            std::thread::yield_now();
        }
        proxy
    }

    fn url(&self, scheme: &str, user_info: &str) -> String {
        format!("{scheme}://{user_info}127.0.0.1:{}", self.port)
    }

    /// Ends the proxy, and returns its output.
    fn end(mut self) -> String {
        self.process.kill().unwrap();
        let mut printed = String::new();
        self.process
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut printed)
            .unwrap();
        self.process
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut printed)
            .unwrap();
        assert!(!printed.contains(KEY), "{printed}");
        printed
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// An emulator, a connector that trusts it, and a configuration that reaches it by this name.
async fn emulator(host: &str) -> (Emulator, Connector, Config) {
    let emulator = Emulator::builder().api_key(KEY).start().await.unwrap();
    let connector = Connector::new()
        .root_certificate_pem(emulator.certificate_pem().as_bytes())
        .unwrap();
    let config = Config::new(KEY)
        .model("m")
        .base_url(format!("wss://{host}:{}/v1", emulator.port()));
    (emulator, connector, config)
}

/// Runs a session with one turn of text.
async fn turn(connector: Connector, config: Config) {
    let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    let text = RealtimeSession::new().output_modalities([Modality::Text]);
    rt.send(SessionUpdate::new(text)).await.unwrap();
    rt.send(ConversationItemCreate::user_text("Hi"))
        .await
        .unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    let done = rt.emitted::<ResponseDone>().await.unwrap();
    assert_eq!(done.response.text(), "You said: Hi");
    assert_eq!(rt.close().await.unwrap().frame.code, 1000);
}

/// Fails to open a session, and returns the error. Asserts that the server saw nothing.
async fn failure(proxy: &str) -> TransportError {
    let (emulator, connector, config) = emulator("127.0.0.1").await;
    let error = OpenAIRealtimeWS::open(connector.proxy(proxy).unwrap(), config)
        .await
        .unwrap_err();
    assert_eq!(emulator.connections().len(), 0);
    let printed = format!("{error:?}{}", report(&error));
    assert!(
        !printed.contains("hunter") && !printed.contains(KEY),
        "{printed}"
    );
    match error {
        Error::Connect(error) => error,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_session_goes_through_http_connect() {
    for (settings, user_info) in [("", ""), ("BasicAuth me hunter2", "me:hunter2@")] {
        let proxy = Proxy::tinyproxy(settings);
        let (emulator, connector, config) = emulator("127.0.0.1").await;
        turn(
            connector.proxy(&proxy.url("http", user_info)).unwrap(),
            config,
        )
        .await;
        let request = format!("CONNECT 127.0.0.1:{} HTTP/1.1", emulator.port());
        let printed = proxy.end();
        assert_eq!(printed.matches(&request).count(), 1, "{printed}");
        assert_eq!(emulator.connections().len(), 1);
    }
}

#[tokio::test]
async fn http_connect_may_be_refused() {
    let proxy = Proxy::tinyproxy("BasicAuth me hunter2");
    for user_info in ["", "me:hunter3@"] {
        let error = failure(&proxy.url("http", user_info)).await;
        assert!(
            matches!(
                error,
                TransportError::ProxyRefused {
                    status: 401 | 407,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    let proxy = Proxy::tinyproxy("ConnectPort 443");
    let error = failure(&proxy.url("http", "")).await;
    assert!(
        matches!(error, TransportError::ProxyRefused { status: 403, .. }),
        "{error:?}"
    );

    let proxy = Proxy::tinyproxy("");
    let connector = Connector::new().proxy(&proxy.url("http", "")).unwrap();
    let config = Config::new(KEY)
        .model("m")
        .base_url(format!("https://127.0.0.1:{}", free_port()));
    let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Connect(TransportError::ProxyRefused { status: 500, .. })
        ),
        "{error:?}"
    );
    assert!(report(&error).ends_with("It cannot reach the server."));
}

#[tokio::test]
async fn a_session_goes_through_socks5() {
    let password = ["-u", "me", "-P", "hunter2"];
    for (arguments, user_info) in [(&[][..], ""), (&password[..], "me:hunter2@")] {
        // The proxy is told the server's name, or its address.
        for (scheme, told) in [("socks5h", "localhost:"), ("socks5", "127.0.0.1:")] {
            let proxy = Proxy::microsocks(arguments);
            let (emulator, connector, config) = emulator("localhost").await;
            turn(
                connector.proxy(&proxy.url(scheme, user_info)).unwrap(),
                config,
            )
            .await;
            let printed = proxy.end();
            assert!(
                printed.contains(&format!("connected to {told}{}", emulator.port())),
                "{scheme}: {printed}"
            );
            assert_eq!(emulator.connections().len(), 1);
        }
    }
}

#[tokio::test]
async fn socks5_may_be_refused() {
    let proxy = Proxy::microsocks(&["-u", "me", "-P", "hunter2"]);
    for (user_info, reason) in [
        ("", "No acceptable auth methods"),
        ("me:hunter3@", "Password auth failure"),
    ] {
        let error = failure(&proxy.url("socks5h", user_info)).await;
        assert!(matches!(error, TransportError::Proxy(_)), "{error:?}");
        assert!(report(&error).contains(reason), "{}", report(&error));
    }
    let proxy = Proxy::microsocks(&[]);
    for scheme in ["socks5", "socks5h"] {
        let connector = Connector::new().proxy(&proxy.url(scheme, "")).unwrap();
        let config = Config::new(KEY)
            .model("m")
            .base_url(format!("https://127.0.0.1:{}", free_port()));
        let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
        assert!(
            matches!(&error, Error::Connect(TransportError::Proxy(_))),
            "{error:?}"
        );
        assert!(
            report(&error).ends_with("Connection refused"),
            "{}",
            report(&error)
        );
    }
}

/// Variables of the child process: the URL to connect to, and the certificate to trust.
const CHILD: (&str, &str) = ("PROXY_TEST_URL", "PROXY_TEST_CERTIFICATE");

/// The environment belongs to a process, so each case runs this test in a child process.
#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_the_proxy_and_the_exceptions() {
    if let (Ok(url), Ok(certificate)) = (std::env::var(CHILD.0), std::env::var(CHILD.1)) {
        let connector = Connector::new()
            .root_certificate_pem(certificate.as_bytes())
            .unwrap();
        let connector = if std::env::var("PROXY_TEST_NONE").is_ok() {
            connector.no_proxy()
        } else {
            connector
        };
        return turn(connector, Config::new(KEY).model("m").base_url(url)).await;
    }
    for (proxy_variable, other, goes_through) in [
        ("HTTPS_PROXY", None, true),
        ("https_proxy", None, true),
        ("ALL_PROXY", None, true),
        ("all_proxy", None, true),
        ("HTTP_PROXY", None, false),
        ("HTTPS_PROXY", Some(("NO_PROXY", "example.com")), true),
        (
            "HTTPS_PROXY",
            Some(("NO_PROXY", "example.com, 127.0.0.1")),
            false,
        ),
        ("HTTPS_PROXY", Some(("NO_PROXY", "127.0.0.1:1")), true),
        ("https_proxy", Some(("no_proxy", "127.0.0.0/8")), false),
        ("ALL_PROXY", Some(("PROXY_TEST_NONE", "1")), false),
    ] {
        let proxy = Proxy::tinyproxy("BasicAuth me hunter2");
        let (emulator, _, _) = emulator("127.0.0.1").await;
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([
            "--exact",
            "the_environment_names_the_proxy_and_the_exceptions",
        ]);
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
            child.env_remove(name).env_remove(name.to_lowercase());
        }
        child
            .env(proxy_variable, proxy.url("http", "me:hunter2@"))
            .envs(other);
        child
            .env(CHILD.0, emulator.wss_url())
            .env(CHILD.1, emulator.certificate_pem());
        let output = child.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let printed = proxy.end();
        assert_eq!(
            printed.contains("CONNECT 127.0.0.1:"),
            goes_through,
            "{proxy_variable} {other:?}: {printed}"
        );
        assert_eq!(emulator.connections().len(), 1);
    }
}
