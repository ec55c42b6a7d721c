//! An Azure endpoint as people paste it: an error, or a URL with TLS for the deployment, which does
//! not hold the key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openai_realtime_ws::{Config, Realtime, Runtime};
use url::Url;

// Of both cases, so that no host name in a URL can become it.
const KEY: &str = "sk-The-Key-That-Nobody-May-See";

fuzz_target!(|endpoint: &str| {
    // libFuzzer learns the key from the search for it.
    if endpoint.contains(KEY) {
        return;
    }
    let config = Config::azure(endpoint, KEY).model("my-deployment");
    let javascript = Runtime::javascript().with_headers(true);
    for runtime in [Runtime::Native, javascript] {
        match config.handshake::<Realtime>(runtime) {
            Ok(handshake) => {
                let url = Url::parse(handshake.url()).expect("a URL");
                assert_eq!(url.scheme(), "wss", "{url}");
                assert!(url.path().ends_with("/realtime"), "{url}");
                let deployment = url.query_pairs().find(|(name, _)| name == "model");
                assert!(
                    deployment.is_some_and(|(_, model)| model == "my-deployment"),
                    "{url}"
                );
                assert!(!url.as_str().contains(KEY), "{url}");
                assert!(!handshake.public_url().contains(KEY));
                assert!(!format!("{handshake:?}").contains(KEY));
            }
            Err(error) => assert!(!format!("{error} {error:?}").contains(KEY)),
        }
        if let Ok(request) = config.rest_request("/realtime/client_secrets", runtime) {
            let url = Url::parse(request.url()).expect("a URL");
            assert_eq!(url.scheme(), "https", "{url}");
            assert!(url.path().ends_with("/realtime/client_secrets"), "{url}");
        }
    }
});
