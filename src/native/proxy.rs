//! The choice of a proxy for a server, and the way through it.

use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::AsyncWriteExt;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;
use url::Url;
use zeroize::Zeroizing;

use super::head;
use super::no_proxy::Exception;
use super::tcp::{Addresses, Io, Server, race};
use super::tls::{Peer, Tls};
use crate::transport::{Source, TransportError};

/// The proxies to use, and the servers to reach without one.
#[derive(Clone)]
pub(super) struct Proxies {
    matcher: Option<Arc<Matcher>>,
    exceptions: Arc<[Exception]>,
}

impl Proxies {
    /// The proxies and exceptions of the environment.
    pub(super) fn from_env() -> Self {
        let variable = |name| std::env::var(name).ok();
        let exceptions = variable("NO_PROXY").or_else(|| variable("no_proxy"));
        Self::new(Matcher::from_env(), &exceptions.unwrap_or_default())
    }

    /// No proxy.
    pub(super) fn none() -> Self {
        Self {
            matcher: None,
            exceptions: Arc::default(),
        }
    }

    /// One proxy for all servers.
    pub(super) fn all(url: &str) -> Result<Self, TransportError> {
        // The matcher ignores a URL that it cannot read, so a try shows whether it did.
        let proxies = Self::new(Matcher::builder().all(url).build(), "");
        let proxy = proxies.intercept("example.com");
        // The URL may have a password in it, so the error does not show it.
        let proxy = proxy
            .ok_or_else(|| failed("the proxy URL is invalid or its scheme is not supported"))?;
        ProxyScheme::of(&proxy)?;
        Ok(proxies)
    }

    fn new(matcher: Matcher, exceptions: &str) -> Self {
        Self {
            matcher: Some(Arc::new(matcher)),
            exceptions: Exception::parse_list(exceptions).into(),
        }
    }

    /// The proxy for the server of a URL. There is none for a connection without TLS: it stays on
    /// this machine or in one's own network, and a proxy would read the credential.
    pub(super) fn find(&self, url: &Url) -> Option<Intercept> {
        if !is_secure(url)
            || self
                .exceptions
                .iter()
                .any(|exception| exception.covers(url))
        {
            return None;
        }
        self.intercept(url.host_str()?)
    }

    fn intercept(&self, host: &str) -> Option<Intercept> {
        // The matcher knows the schemes of HTTP only, and looks at the host alone.
        let server: Uri = format!("https://{host}/").parse().ok()?;
        self.matcher.as_ref()?.intercept(&server)
    }
}

fn is_secure(url: &Url) -> bool {
    matches!(url.scheme(), "wss" | "https")
}

/// Protocol that a proxy speaks.
#[derive(Clone, Copy)]
enum ProxyScheme {
    Http,
    Https,
    /// The client looks the server's name up.
    Socks5,
    /// The proxy looks the server's name up.
    Socks5h,
}

impl ProxyScheme {
    fn of(proxy: &Intercept) -> Result<Self, TransportError> {
        match proxy.uri().scheme_str() {
            Some("http") => Ok(Self::Http),
            Some("https") => Ok(Self::Https),
            Some("socks5") => Ok(Self::Socks5),
            Some("socks5h") => Ok(Self::Socks5h),
            _ => Err(failed(
                "the proxy URL must begin with http:, https:, socks5: or socks5h:",
            )),
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// Connects to `target` through a proxy.
pub(super) async fn connect(
    proxy: &Intercept,
    target: &Server,
    set: &Addresses,
    tls: &Tls,
) -> Result<Box<dyn Io>, TransportError> {
    let scheme = ProxyScheme::of(proxy)?;
    let host = proxy.uri().host().unwrap_or_default();
    let server = Server {
        host: host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
        port: proxy.uri().port_u16().unwrap_or(scheme.default_port()),
    };
    match scheme {
        ProxyScheme::Http => {
            let stream = server.connect(set).await.map_err(failed)?;
            tunnel(proxy, target, Box::new(stream)).await
        }
        ProxyScheme::Https => {
            let stream = server.connect(set).await.map_err(failed)?;
            let stream = tls
                .connect(Peer::Proxy, &server.host, Box::new(stream))
                .await
                .map_err(failed)?;
            tunnel(proxy, target, stream).await
        }
        ProxyScheme::Socks5h => {
            let name = TargetAddr::Domain(target.host.as_str().into(), target.port);
            let address = target
                .host
                .parse()
                .map_or(name, |ip: IpAddr| TargetAddr::Ip((ip, target.port).into()));
            socks(proxy, &server, address, set).await
        }
        ProxyScheme::Socks5 => {
            let unknown = |error: std::io::Error| TransportError::Unreachable(error.into());
            let addresses = target.addresses(set).await.map_err(unknown)?;
            let none = failed("the server's name has no address");
            race(addresses, none, |address| {
                socks(proxy, &server, TargetAddr::Ip(address), set)
            })
            .await
        }
    }
}

/// A tunnel by HTTP CONNECT (RFC 9110, section 9.3.6).
async fn tunnel(
    proxy: &Intercept,
    target: &Server,
    mut stream: Box<dyn Io>,
) -> Result<Box<dyn Io>, TransportError> {
    let authority = target.authority();
    let mut request = Zeroizing::new(Vec::with_capacity(1024));
    request.extend(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").bytes());
    if let Some(credential) = proxy.basic_auth() {
        for part in [b"Proxy-Authorization: ", credential.as_bytes(), b"\r\n"] {
            request.extend_from_slice(part);
        }
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let response = head::read_head(&mut stream).await.map_err(failed)?;
    if response.status().is_success() {
        Ok(stream)
    } else {
        Err(TransportError::ProxyRefused {
            status: response.status().as_u16(),
        })
    }
}

/// A connection by SOCKS5 (RFC 1928, and RFC 1929 for the password).
async fn socks(
    proxy: &Intercept,
    server: &Server,
    target: TargetAddr<'_>,
    set: &Addresses,
) -> Result<Box<dyn Io>, TransportError> {
    let stream = server.connect(set).await.map_err(failed)?;
    let stream = match proxy.raw_auth() {
        None => Socks5Stream::connect_with_socket(stream, target).await,
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
    };
    Ok(Box::new(stream.map_err(failed)?.into_inner()))
}

fn failed(error: impl Into<Source>) -> TransportError {
    TransportError::Proxy(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy_for(matcher: Matcher, exceptions: &str, url: &str) -> Option<String> {
        let proxies = Proxies::new(matcher, exceptions);
        Some(proxies.find(&Url::parse(url).unwrap())?.uri().to_string())
    }

    #[test]
    fn exceptions_are_domains_addresses_and_ports() {
        let exceptions = "example.com, 10.0.0.0/8, ::1, *.test, local:8443";
        let matcher = || {
            Matcher::builder()
                .https("http://proxy:8080")
                .no(exceptions)
                .build()
        };
        for (url, direct) in [
            ("wss://api.openai.com/v1/realtime?model=m", false),
            ("wss://example.com/", true),
            ("wss://eu.example.com:8443/", true),
            ("wss://notexample.com/", false),
            ("wss://10.1.2.3/", true),
            ("wss://11.1.2.3/", false),
            ("wss://[::1]:443/", true),
            ("wss://127.0.0.1/", false),
            ("wss://a.test/", true),
            ("wss://test/", false),
            ("wss://local:8443/v1", true),
            ("https://local:8443/v1", true),
            ("wss://local/v1", false),
        ] {
            let expected = (!direct).then(|| "http://proxy:8080/".to_owned());
            assert_eq!(proxy_for(matcher(), exceptions, url), expected, "{url}");
        }
    }

    #[test]
    fn a_star_excepts_every_name() {
        let matcher = Matcher::builder().all("http://proxy:8080").no("*").build();
        assert_eq!(proxy_for(matcher, "*", "wss://api.openai.com/v1"), None);
    }

    #[test]
    fn a_connection_without_tls_takes_no_proxy() {
        let matcher = || Matcher::builder().all("http://proxy:8080").build();
        assert_eq!(proxy_for(matcher(), "", "ws://127.0.0.1:1/v1"), None);
        assert!(proxy_for(matcher(), "", "wss://127.0.0.1:1/v1").is_some());
    }

    #[test]
    fn an_invalid_proxy_url_is_refused_without_being_printed() {
        for url in [
            "",
            "ftp://u:hunter2@proxy",
            "socks4://u:hunter2@proxy",
            "http://u:hunter2@",
            "http://a b",
        ] {
            let error = Proxies::all(url).err().unwrap();
            assert!(matches!(error, TransportError::Proxy(_)), "{url}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        for url in [
            "proxy",
            "proxy:8080",
            "http://u:p@proxy:1",
            "https://proxy",
            "socks5://proxy",
            "socks5h://[::1]:1",
        ] {
            assert!(Proxies::all(url).is_ok(), "{url}");
        }
    }
}
