use crate::transport::Source;

/// Missing or wrong setting of a [`Config`](super::Config). Nothing was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no key.
    #[error(
        "no API key: set the {0} environment variable, or pass a key when the `Config` is made"
    )]
    MissingKey(&'static str),
    /// There is no Azure endpoint.
    #[error("no Azure endpoint: set the AZURE_OPENAI_ENDPOINT environment variable")]
    MissingEndpoint,
    /// The credential is empty.
    #[error("the API key is empty: pass one, or set the OPENAI_API_KEY environment variable")]
    EmptyKey,
    /// The key has a character that is not allowed, such as a space or a line break.
    #[error(
        "the API key has a space, a line break or another character that does not belong in it: \
         copy it again"
    )]
    MalformedKey,
    /// The key has quotation marks around it.
    #[error(
        "the API key has quotation marks around it: leave them out, also in the `.env` file or the \
         container setting that it comes from"
    )]
    QuotedKey,
    /// No target was chosen, or an empty one.
    #[error(
        "Pass exactly one of `model`, `call_id`, or transcription `intent` when opening a Realtime \
         WebSocket, not an empty one"
    )]
    Target,
    /// With Azure, no deployment was chosen, or an empty one.
    #[error("No deployment name provided")]
    Deployment,
    /// A translation session needs a model.
    #[error("A translation model is required.")]
    TranslationModel,
    /// Only a session with a model can reconnect or be renewed.
    #[error("Automatic Realtime recovery requires a model session")]
    Recovery,
    /// There is no other connection on which a session could be restored.
    #[error(
        "`Config::restore` has no effect without `Config::reconnect` or `Config::renew`: add one of \
         them, or leave it out"
    )]
    Restore,
    /// The base URL is invalid.
    #[error("invalid base URL: it must be absolute, such as https://api.openai.com/v1")]
    InvalidUrl,
    /// A connection without TLS would leave this machine.
    #[error(
        "`Config::insecure_loopback_url` reaches this machine only (localhost, 127.0.0.1, [::1]): \
         use TLS, or `Config::insecure_cleartext_url`, which sends the credential in clear"
    )]
    InsecureUrl,
    /// A page must not send its credential in clear.
    #[error("a page cannot use `Config::insecure_cleartext_url`: use TLS, as pages do")]
    Cleartext,
    /// The caller's URL builder returned another URL than a `wss:` one.
    #[error("Custom Realtime WebSocket URLs must use the wss: protocol.")]
    CustomUrl,
    /// The caller's URL builder failed.
    #[error("the URL builder failed")]
    UrlBuilder(#[source] Source),
    /// A key that is not ephemeral is used in a browser.
    #[error(
        "It looks like you're running in a browser-like environment. This is disabled by default, \
         as it risks exposing your secret API credentials to attackers: use an ephemeral key \
         (`ek_…`) that your server minted, or say `Config::dangerously_allow_browser`"
    )]
    Browser,
    /// The runtime's `WebSocket` does not accept headers, which Azure needs.
    #[error(
        "Azure OpenAI Realtime credentials require a WebSocket transport that supports request \
         headers: use `OpenAIRealtimeWS`, or a server-side authentication proxy"
    )]
    AzureHeaders,
    /// The credential is a provider, which is called only for an attempt to connect.
    #[error("the credential comes from a provider, which is called only to connect")]
    Unresolved,
}
