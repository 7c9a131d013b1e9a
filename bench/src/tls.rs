//! A TLS proxy of the embedded services. Without TLS, the measurements would miss the largest cost of a first call.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Failure;

/// The machine's root certificates, where Linux has them.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

pub struct Terminator {
    acceptor: TlsAcceptor,
}

impl Terminator {
    /// Creates a certificate for localhost and writes it to a file for `SSL_CERT_FILE`, together with the machine's root certificates: parsing
    /// them is part of each start.
    pub fn new(certificate: &Path) -> Result<Self, Failure> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let trusted = std::fs::read_to_string(TRUSTED).unwrap_or_default();
        std::fs::write(certificate, cert.pem() + &trusted)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// The https address of a new proxy of this http address.
    pub async fn before(&self, url: &str) -> Result<String, Failure> {
        let behind: SocketAddr = url.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move { pass(acceptor, stream, behind).await });
            }
        });
        Ok(format!("https://localhost:{port}"))
    }
}

async fn pass(acceptor: TlsAcceptor, stream: TcpStream, behind: SocketAddr) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut outside = acceptor.accept(stream).await?;
    let mut inside = TcpStream::connect(behind).await?;
    inside.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}
