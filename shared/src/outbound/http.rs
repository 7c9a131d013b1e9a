//! The HTTP client of services outside of AWS.

use std::sync::OnceLock;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP client in `place`, created on first use. For a simulator without TLS it does not parse the machine's root certificates.
pub fn http_client<'a>(place: &'a OnceLock<reqwest::Client>, base_url: &str) -> &'a reqwest::Client {
    place.get_or_init(|| {
        let mut client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if base_url.starts_with("http://") {
            client = client.tls_certs_only([]);
        }
        client.build().unwrap_or_default()
    })
}
