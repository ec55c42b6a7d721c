//! Which proxy a connection goes through, and the way through it.

use std::net::IpAddr;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::AsyncWriteExt;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;
use tokio_tungstenite::tungstenite::http::Uri;
use url::Url;
use zeroize::Zeroizing;

use super::http;
use super::socket::Io;
use super::tcp::Server;
use super::tls::Tls;
use crate::transport::{Source, TransportError};

/// Which proxy is for which server.
#[derive(Clone)]
pub struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// As the environment has it.
    pub fn from_env() -> Self {
        Self(Some(Arc::new(Matcher::from_env())))
    }

    pub fn none() -> Self {
        Self(None)
    }

    /// This one for all.
    pub fn all(url: &str) -> Result<Self, TransportError> {
        let proxies = Self(Some(Arc::new(Matcher::builder().all(url).build())));
        let proxy = proxies.matching("https://example.com/");
        // The URL may have a password in it.
        let proxy =
            proxy.ok_or_else(|| failed("the proxy's URL is none, or of an unknown kind"))?;
        Scheme::of(&proxy)?;
        Ok(proxies)
    }

    /// The proxy for a socket's URL. One without TLS leads to this machine, and what it carries never leaves it.
    pub fn find(&self, url: &Url) -> Option<Intercept> {
        let secure = url.as_str().strip_prefix("wss:")?;
        self.matching(&format!("https:{secure}"))
    }

    /// The proxy for a REST call to this server, as a URL, with the user name and password in it. As for sockets, there
    /// is none without TLS.
    #[cfg(feature = "rest")]
    pub fn url(&self, server: &Url) -> Option<Url> {
        let server = server.as_str();
        let proxy = self.matching(server.starts_with("https:").then_some(server)?)?;
        let mut url = Url::parse(&proxy.uri().to_string()).ok()?;
        if let Some((name, password)) = user_and_password(&proxy) {
            url.set_username(&name).ok()?;
            url.set_password(Some(&password)).ok()?;
        }
        Some(url)
    }

    fn matching(&self, url: &str) -> Option<Intercept> {
        let url: Uri = url.parse().ok()?;
        self.0.as_ref()?.intercept(&url)
    }
}

/// What the matcher made of a proxy's user info, undone: it is kept as the header's value, or as it is for SOCKS.
#[cfg(feature = "rest")]
fn user_and_password(proxy: &Intercept) -> Option<(String, Zeroizing<String>)> {
    if let Some((name, password)) = proxy.raw_auth() {
        return Some((name.to_owned(), Zeroizing::new(password.to_owned())));
    }
    let encoded = proxy.basic_auth()?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = base64_simd::STANDARD.decode_to_vec(encoded).ok()?;
    let decoded = Zeroizing::new(String::from_utf8(decoded).ok()?);
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), Zeroizing::new(password.to_owned())))
}

/// How to speak with a proxy.
#[derive(Clone, Copy)]
enum Scheme {
    Http,
    Https,
    /// The client looks the server's name up.
    Socks5,
    /// The proxy does.
    Socks5h,
}

impl Scheme {
    fn of(proxy: &Intercept) -> Result<Self, TransportError> {
        match proxy.uri().scheme_str() {
            Some("http") => Ok(Self::Http),
            Some("https") => Ok(Self::Https),
            Some("socks5") => Ok(Self::Socks5),
            Some("socks5h") => Ok(Self::Socks5h),
            _ => Err(failed(
                "the proxy's URL must begin with http:, https:, socks5: or socks5h:",
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
pub async fn connect(
    proxy: &Intercept,
    target: &Server,
    local: Option<IpAddr>,
    tls: &Tls,
) -> Result<Box<dyn Io>, TransportError> {
    let scheme = Scheme::of(proxy)?;
    let host = proxy.uri().host().unwrap_or_default();
    let server = Server {
        host: host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
        port: proxy.uri().port_u16().unwrap_or(scheme.default_port()),
    };
    match scheme {
        Scheme::Http => {
            let stream = server.connect(local).await.map_err(failed)?;
            tunnel(proxy, target, Box::new(stream)).await
        }
        Scheme::Https => {
            let stream = server.connect(local).await.map_err(failed)?;
            let stream = tls
                .connect(&server.host, Box::new(stream))
                .await
                .map_err(failed)?;
            tunnel(proxy, target, stream).await
        }
        Scheme::Socks5h => {
            let name = TargetAddr::Domain(target.host.as_str().into(), target.port);
            let address = target
                .host
                .parse()
                .map_or(name, |ip: IpAddr| TargetAddr::Ip((ip, target.port).into()));
            socks(proxy, &server, address, local).await
        }
        Scheme::Socks5 => {
            let unknown = |error: std::io::Error| TransportError::Unreachable(error.into());
            let mut failure = failed("the server's name has no address");
            for address in target.addresses().await.map_err(unknown)? {
                match socks(proxy, &server, TargetAddr::Ip(address), local).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => failure = error,
                }
            }
            Err(failure)
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
    let response = http::read_head(&mut stream).await.map_err(failed)?;
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
    local: Option<IpAddr>,
) -> Result<Box<dyn Io>, TransportError> {
    let stream = server.connect(local).await.map_err(failed)?;
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

    fn proxy_for(matcher: Matcher, url: &str) -> Option<String> {
        let proxies = Proxies(Some(Arc::new(matcher)));
        Some(proxies.find(&Url::parse(url).unwrap())?.uri().to_string())
    }

    #[test]
    fn the_exceptions_are_names_with_what_is_below_them_and_addresses() {
        let matcher = || {
            Matcher::builder()
                .https("http://proxy:8080")
                .no("example.com, 10.0.0.0/8, ::1")
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
        ] {
            let expected = (!direct).then(|| "http://proxy:8080/".to_owned());
            assert_eq!(proxy_for(matcher(), url), expected, "{url}");
        }
    }

    #[test]
    fn a_star_excepts_every_name() {
        let matcher = Matcher::builder().all("http://proxy:8080").no("*").build();
        assert_eq!(proxy_for(matcher, "wss://api.openai.com/v1"), None);
    }

    #[test]
    fn what_has_no_tls_stays_on_this_machine() {
        let matcher = || Matcher::builder().all("http://proxy:8080").build();
        assert_eq!(proxy_for(matcher(), "ws://127.0.0.1:1/v1"), None);
        assert!(proxy_for(matcher(), "wss://127.0.0.1:1/v1").is_some());
    }

    #[test]
    fn a_url_that_is_no_proxys_is_refused_without_being_printed() {
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
