//! HTTP for the REST calls: reqwest over the connector's TLS.

use std::collections::hash_map::RandomState;
use std::error::Error as StdError;
use std::hash::BuildHasher;
use std::io;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy};

use super::Connector;
use super::upgrade::invalid_header;
use crate::rest::Error;
use crate::rest::message::{KEPT_HEADERS, MAX_ANSWER_BYTES, Request, Response};
use crate::transport::Handshake;
use crate::transport::{Source, TransportError};

/// Makes REST calls. Its clones share their connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
}

impl Http {
    /// With the connector's TLS, proxies and local address.
    pub fn new(connector: &Connector) -> Result<Self, TransportError> {
        let mut tls = (*connector.tls.config()?).clone();
        // HTTP/2 is not built in.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let proxies = connector.proxies.clone();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .proxy(Proxy::custom(move |server| proxies.url(server)))
            .local_address(connector.local_address)
            .redirect(Policy::none())
            // What may be repeated is the caller's to say.
            .retry(reqwest::retry::never())
            .referer(false)
            .build()
            .map_err(|error| TransportError::Unsupported(error.into()))?;
        Ok(Self { client })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, handshake: &Handshake, request: &Request) -> Result<Response, Error> {
        let mut headers = HeaderMap::new();
        let own = request.headers();
        for (name, value) in handshake.headers().chain(own) {
            let invalid = || invalid_header(name);
            let name: HeaderName = name.parse().map_err(|_| invalid())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let builder = self.client.post(handshake.url()).headers(headers);
        let builder = match &request.body {
            Some(body) => builder.body(body.content.clone()),
            None => builder,
        };
        let mut response = builder.send().await.map_err(transport_error)?;
        let kept = KEPT_HEADERS.into_iter().filter_map(|name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some((name, value.to_owned()))
        });
        let mut answer = Response::new(response.status().as_u16(), kept);
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(answer),
                Ok(Some(chunk)) if answer.body.len() + chunk.len() <= MAX_ANSWER_BYTES => {
                    answer.body.extend_from_slice(&chunk);
                }
                // The status says enough.
                _ if !answer.is_success() => return Ok(answer),
                Ok(Some(_)) => return Err(Response::too_large()),
                Err(error) => return Err(transport_error(error)),
            }
        }
    }
}

/// A number from 0 to 1: the seeds of the standard library's hash maps are random.
pub fn random() -> f64 {
    let random = RandomState::new().hash_one(()) >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX)
}

/// What reqwest reports, without the URL, whose query is the user's.
fn transport_error(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let source = |error: reqwest::Error| -> Source { error.into() };
    Error::Transport(if !error.is_connect() {
        TransportError::Lost(source(error))
    } else if is_tls(&error) {
        TransportError::Tls(source(error))
    } else {
        TransportError::Unreachable(source(error))
    })
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What an I/O error wraps is not its source.
        let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}
