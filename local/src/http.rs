//! HTTP clients for the addresses of this machine.

/// A client without TLS. It does not parse the machine's root certificates, which takes longer than most requests.
pub fn client() -> reqwest::Client {
    builder().build().unwrap_or_default()
}

/// For a client with other settings.
pub fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_certs_only([])
}
