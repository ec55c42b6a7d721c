//! Everything that a session prints, in success and in failure, and every log line of its
//! dependencies: the credential is in none of it.
#![cfg(all(feature = "emulator", feature = "rest"))]

use std::fmt::Debug;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};
use openai_realtime_ws::emulator::{Admission, Emulator, Script, UpgradeRequest};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{RealtimeSession, ResponseCreate};
use openai_realtime_ws::{Config, Credential, OpenAIRealtimeWS, Realtime, Runtime, Target, rest};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

mod tls_server;

use tls_server::{Authority, KEY, Server, read_head, report, trusting};

const PROXY_PASSWORD: &str = "hunter2-hunter2";
const URL_SECRET: &str = "hunter3-hunter3";
const AZURE_KEY: &str = "hunter4-hunter4";
const TOKEN: &str = "hunter5-hunter5";
const WEBHOOK_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Every credential of the test, but for the one that the emulator makes up.
const SECRETS: [&str; 6] = [
    KEY,
    PROXY_PASSWORD,
    URL_SECRET,
    AZURE_KEY,
    TOKEN,
    WEBHOOK_SECRET,
];

/// Logger that keeps every line of every level.
struct Lines(Mutex<String>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut lines = self.0.lock().unwrap();
        writeln!(lines, "{}: {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

/// Lines of `tracing`, with all their fields.
#[cfg(feature = "tracing")]
impl tracing::Subscriber for &'static Lines {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = format!("{}:", event.metadata().target());
        let mut field = |field: &tracing::field::Field, value: &dyn Debug| {
            write!(line, " {field}={value:?}").unwrap();
        };
        event.record(&mut field);
        writeln!(self.0.lock().unwrap(), "{line}").unwrap();
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

static LOG: Lines = Lines(Mutex::new(String::new()));

/// Everything that was printed.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn debug(&mut self, what: &impl Debug) {
        write!(self.0, "{what:?}\n{what:#?}\n").unwrap();
    }

    fn error(&mut self, error: &(impl std::error::Error + 'static)) {
        self.debug(error);
        self.0 += &report(error);
        self.0.push('\n');
    }

    async fn failure(&mut self, connector: &Connector, config: Config) {
        let opened = OpenAIRealtimeWS::open(connector.clone(), config).await;
        self.error(&opened.unwrap_err());
    }
}

/// A server that gives this answer.
async fn answering(authority: &Authority, answer: String) -> Server {
    Server::start(
        authority.issue("localhost").config(),
        |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        },
    )
    .await
}

/// A connector that holds secrets.
fn settings(authority: &Authority, printed: &mut Printed) -> (Connector, Config) {
    let client = authority.issue("client");
    let connector = trusting(authority)
        .client_certificate_pem(client.certificate_pem.as_bytes(), client.key_pem.as_bytes())
        .unwrap();
    let proxy = |scheme| {
        connector
            .clone()
            .proxy(&format!("{scheme}://user:{PROXY_PASSWORD}@localhost"))
    };
    printed.debug(&proxy("http").unwrap());
    printed.debug(&proxy("gopher").unwrap_err());
    let config = Config::new(KEY).model("m").header("X-Other", KEY);
    printed.debug(&config);
    printed.debug(&config.handshake::<Realtime>(Runtime::Native).unwrap());
    for credential in [Credential::api_key(KEY), Credential::bearer(KEY)] {
        printed.debug(&credential);
    }
    (connector, config)
}

/// Servers that repeat the credential, and one that is not trusted.
async fn bad_servers(connector: &Connector, authority: &Authority, printed: &mut Printed) {
    let body = format!(r#"{{"error":{{"message":"no {KEY}"}}}}"#);
    for answer in [
        format!("HTTP/1.1 401 No\r\nx-request-id: {KEY}\r\n\r\n{body}"),
        format!("HTTP/1.1 307 There\r\nlocation: wss://{KEY}.example/\r\n\r\n"),
        format!("{KEY}\r\n\r\n"),
        format!("HTTP/1.1 101 {KEY}\r\nX: {KEY}\r\n\r\n"),
    ] {
        let server = answering(authority, answer).await;
        printed.failure(connector, server.config("localhost")).await;
        assert!(server.task.await.unwrap().unwrap().contains(KEY));
    }
    let server = answering(&Authority::new("theirs"), String::new()).await;
    printed.failure(connector, server.config("localhost")).await;
    server.task.await.unwrap().unwrap_err();
}

/// A server that does not answer, a proxy that refuses, a closed port, an invalid header.
async fn no_server(connector: &Connector, config: &Config, printed: &mut Printed) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = config.clone().base_url(format!("https://{address}/v1"));
    let hasty = connector.clone().handshake_timeout(Duration::ZERO);
    printed.failure(&hasty, config.clone()).await;
    printed
        .failure(
            connector,
            config.clone().connect_timeout(Duration::from_millis(20)),
        )
        .await;
    let through = connector
        .clone()
        .proxy(&format!("http://user:{PROXY_PASSWORD}@{address}"))
        .unwrap();
    let refusing = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // Clients that gave up left incomplete requests behind.
            if read_head(&mut stream).await.is_ok() {
                stream.write_all(b"HTTP/1.1 407 Who\r\n\r\n").await.unwrap();
                break;
            }
        }
    };
    tokio::join!(printed.failure(&through, config.clone()), refusing);
    drop(listener);
    printed.failure(connector, config.clone()).await;
    printed
        .failure(connector, config.header("X-Bad", format!("{KEY}\n")))
        .await;
}

/// A session that succeeds, an event after its end, and a session that is refused.
async fn session(printed: &mut Printed) {
    let only_one = |upgrade: &UpgradeRequest| match upgrade.connection() {
        0 => Admission::accept(),
        _ => Admission::refuse(429),
    };
    let emulator = Emulator::builder()
        .api_key(KEY)
        .script(Script::new().on_connect(only_one));
    let emulator = emulator.start().await.unwrap();
    let connector = Connector::new()
        .no_proxy()
        .root_certificate_pem(emulator.certificate_pem().as_bytes())
        .unwrap();
    let config = Config::new(KEY).model("m").base_url(emulator.wss_url());
    let mut rt = OpenAIRealtimeWS::open(connector.clone(), config.clone())
        .await
        .unwrap();
    printed.debug(&rt);
    printed.debug(&rt.sender());
    rt.send(ResponseCreate::default()).await.unwrap();
    printed.debug(&rt.next().await.unwrap().unwrap());
    printed.debug(&rt.close().await.unwrap());
    let unsent = rt.send(ResponseCreate::default()).await.unwrap_err();
    printed.error(&unsent);
    printed.failure(&connector, config).await;
}

/// Credentials in URLs, of a gateway and of Azure, and those of providers.
async fn urls(connector: &Connector, authority: &Authority, printed: &mut Printed) {
    let query = format!("api-key={URL_SECRET}&{URL_SECRET}&sig={URL_SECRET}&api-version=v1");
    let not_found = "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n";
    let services: [fn(String) -> Config; 3] = [
        |base| Config::new(KEY).base_url(base),
        |base| Config::azure(base, AZURE_KEY),
        |base| {
            let token = || std::future::ready(Ok::<_, std::io::Error>(TOKEN.to_owned()));
            Config::new(Credential::provider(token)).base_url(base)
        },
    ];
    for service in services {
        let server = answering(authority, not_found.to_owned()).await;
        let port = server.address.port();
        let base = format!("https://user:{URL_SECRET}@localhost:{port}/v1?{query}");
        let config = service(base).model("m");
        printed.debug(&config);
        if let Ok(handshake) = config.handshake::<Realtime>(Runtime::Native) {
            printed.debug(&handshake);
            printed.0 += handshake.public_url();
        }
        printed.failure(connector, config).await;
        server.task.await.unwrap().unwrap();
    }
    let failing = || std::future::ready(Err::<String, _>(std::io::Error::other("no vault")));
    let config = Config::new(Credential::provider(failing)).model("m");
    printed.debug(&config);
    printed.failure(connector, config).await;
    let broken = Config::new(KEY).base_url(format!("no URL {URL_SECRET}"));
    printed.failure(connector, broken.model("m")).await;
    let quoted = Config::new(format!("'{KEY}'")).model("m");
    printed.failure(connector, quoted).await;
}

/// REST calls that succeed and fail, and a session with the key that one of them makes. Returns
/// that key.
async fn rest(printed: &mut Printed) -> String {
    let emulator = Emulator::builder().api_key(KEY).refuse_handshakes(true);
    printed.debug(&emulator);
    let emulator = emulator.start().await.unwrap();
    let config = Config::new(KEY).insecure_loopback_url(emulator.ws_url());
    let client = rest::Client::new(config.clone()).unwrap();
    printed.debug(&client);
    let session = RealtimeSession::new().model("gpt-realtime");
    let minute = Duration::from_secs(60);
    let secrets = client.client_secrets();
    let minted = secrets.create(session.clone(), minute).await.unwrap();
    printed.debug(&minted);
    printed.debug(&minted.value);
    let ephemeral = minted.value.expose().to_owned();
    let config = config.target(Target::Model("gpt-realtime".to_owned()));
    let opened = Config::new(ephemeral.clone()).insecure_loopback_url(emulator.ws_url());
    let mut rt = OpenAIRealtimeWS::connect(opened.clone().model("gpt-realtime"))
        .await
        .unwrap();
    printed.debug(&rt);
    printed.debug(&rt.next().await.unwrap().unwrap());
    rt.close().await.unwrap();

    let client = rest::Client::new(opened).unwrap();
    let refused = client.calls().hang_up(&ephemeral).await;
    printed.error(&refused.unwrap_err());
    let wrong = Config::new(TOKEN).insecure_loopback_url(emulator.ws_url());
    printed.debug(&wrong);
    let client = rest::Client::new(wrong.clone()).unwrap();
    let refused = client.client_secrets().create(session, minute).await;
    printed.error(&refused.unwrap_err());
    let refused = OpenAIRealtimeWS::connect(wrong.model("m")).await;
    printed.error(&refused.unwrap_err());
    printed.debug(&emulator);
    printed.debug(&emulator.connections());
    printed.debug(&config);

    let webhook = emulator.incoming_call(WEBHOOK_SECRET);
    printed.debug(&webhook);
    printed.debug(&rest::webhook::Webhook::new(WEBHOOK_SECRET).unwrap());
    printed.error(&rest::webhook::Webhook::new("whsec_?").unwrap_err());
    ephemeral
}

/// The only test of this file, because a process has one logger.
#[tokio::test]
async fn no_credential_is_printed_or_logged() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(LevelFilter::Trace);
    #[cfg(feature = "tracing")]
    tracing::subscriber::set_global_default(&LOG).unwrap();
    let mut printed = Printed::default();
    let authority = Authority::new("ours");
    let (connector, config) = settings(&authority, &mut printed);
    bad_servers(&connector, &authority, &mut printed).await;
    no_server(&connector, &config, &mut printed).await;
    session(&mut printed).await;
    urls(&connector, &authority, &mut printed).await;
    let ephemeral = rest(&mut printed).await;

    let log = std::mem::take(&mut *LOG.0.lock().unwrap());
    for secret in SECRETS.into_iter().chain([ephemeral.as_str()]) {
        assert!(
            !printed.0.contains(secret),
            "printed {secret}: {}",
            printed.0
        );
        assert!(!log.contains(secret), "logged {secret}: {log}");
    }
    // Every case took place and was logged.
    assert!(log.contains("tungstenite::protocol"), "{log}");
    #[cfg(feature = "tracing")]
    assert!(
        log.contains("openai_realtime_ws: message=connecting"),
        "{log}"
    );
    for failure in [
        "401",
        "307",
        "HTTP",
        "UnknownIssuer",
        "in time",
        "refused the connection: 407",
        "X-Bad",
        "429",
        "api-key=%3CREDACTED%3E",
        "404",
        "no vault",
        "quotation marks",
        "whsec",
    ] {
        assert!(printed.0.contains(failure), "{failure}: {}", printed.0);
    }
}
