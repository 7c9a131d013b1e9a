//! Receivers of events: addresses that the clients of the HR API choose.
//!
//! A receiver must not reach what only this system reaches. So each call resolves the name of the receiver, is rejected if any of its
//! addresses is not public, and connects to those addresses only: the resolver of the HTTP client is the check. It follows no redirects and
//! uses no proxy.

mod address;
mod public;
pub mod signing;

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

pub use address::Address;
use public::is_public;

use crate::error::{Error, Result};
use crate::values::{Reason, choices};

/// The time for a connection, and that for the whole call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a response is read, in bytes.
const READ: usize = 1024;

/// Looks the addresses of a name up.
pub trait Lookup: Send + Sync {
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;
}

/// The resolver of the operating system.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        let name = name.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

/// Sends events to receivers. It connects on first use.
pub struct Receivers {
    lookup: Arc<dyn Lookup>,
    /// Receivers may be on this machine, over HTTP.
    are_local: bool,
    client: OnceLock<reqwest::Client>,
}

choices! {
    /// Why a call has no status.
    NoAnswer {
        /// The name of the receiver has no address.
        Unresolved = "unresolved",
        /// The name of the receiver has an address that is not public.
        Private = "private",
        /// The receiver cannot be connected to.
        Unreachable = "unreachable",
        /// The receiver did not answer within five seconds.
        TimedOut = "timed_out",
        /// The connection ended before the answer.
        CutOff = "cut_off",
    }
}

/// What came of a call.
#[derive(Debug)]
pub struct Answer {
    pub milliseconds: u64,
    pub result: Result<Answered, NoAnswer>,
}

/// The response of a receiver.
pub struct Answered {
    pub status: u16,
    /// The first 1 KB of the body. It may name persons, so it has no `Debug`.
    pub body: String,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answered({})", self.status)
    }
}

impl Answer {
    pub fn is_success(&self) -> bool {
        self.result.as_ref().is_ok_and(|answered| (200..300).contains(&answered.status))
    }
}

impl Receivers {
    pub fn new(lookup: Arc<dyn Lookup>, are_local: bool) -> Self {
        Self { lookup, are_local, client: OnceLock::new() }
    }

    /// Whether receivers may be on this machine.
    pub fn are_local(&self) -> bool {
        self.are_local
    }

    /// Checks that events may be sent to this address now.
    pub async fn check(&self, address: &Address) -> Result<(), Reason> {
        const PRIVATE: Reason = "must be on the public internet";
        if address.is_loopback() {
            return if self.are_local { Ok(()) } else { Err(PRIVATE) };
        }
        let url = address.url().ok_or(PRIVATE)?;
        let host = url.host_str().unwrap_or_default();
        if address::literal(&url).is_some() {
            return Ok(());
        }
        match public_addresses(&*self.lookup, host).await {
            Ok(_) => Ok(()),
            Err(NotPublic::Unresolved) => Err("must have a host name that resolves"),
            Err(NotPublic::Private) => Err(PRIVATE),
        }
    }

    /// Posts a JSON text with these headers.
    pub async fn post(&self, address: &Address, headers: HeaderMap, body: String) -> Result<Answer> {
        let begun = Instant::now();
        let url = address.url().ok_or_else(|| Error::internal("the address of a receiver is invalid"))?;
        let result = match address.is_loopback() && !self.are_local {
            true => Err(NoAnswer::Private),
            false => {
                let call = self.client().post(url).headers(headers).header(CONTENT_TYPE, "application/json").body(body);
                read(call).await.map_err(|error| kind(&error))
            }
        };
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Answer { milliseconds, result })
    }

    fn client(&self) -> &reqwest::Client {
        self.client.get_or_init(|| {
            let mut client = reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .user_agent("gongqiao-events/1")
                .dns_resolver(Arc::new(PublicOnly(Arc::clone(&self.lookup))));
            if self.are_local {
                // Receivers on this machine have no TLS: the root certificates are not parsed.
                client = client.tls_certs_only([]);
            }
            client.build().unwrap_or_default()
        })
    }
}

async fn read(call: reqwest::RequestBuilder) -> Result<Answered, reqwest::Error> {
    let mut response = call.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
    let mut body = Vec::new();
    while body.len() < READ {
        let Some(chunk) = response.chunk().await? else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(READ);
    Ok(Answered { status, body: String::from_utf8_lossy(&body).into_owned(), retry_after })
}

fn kind(error: &reqwest::Error) -> NoAnswer {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = source {
        match cause.downcast_ref() {
            Some(NotPublic::Private) => return NoAnswer::Private,
            Some(NotPublic::Unresolved) => return NoAnswer::Unresolved,
            None => source = cause.source(),
        }
    }
    match error {
        error if error.is_connect() => NoAnswer::Unreachable,
        error if error.is_timeout() => NoAnswer::TimedOut,
        _ => NoAnswer::CutOff,
    }
}

/// The resolver of the HTTP client.
struct PublicOnly(Arc<dyn Lookup>);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = public_addresses(&*lookup, name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Why a name has no address to connect to.
#[derive(Debug)]
enum NotPublic {
    Unresolved,
    Private,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unresolved => "the name has no address",
            Self::Private => "the name has an address that is not public",
        })
    }
}

impl StdError for NotPublic {}

/// The addresses of a name, if all of them are public.
async fn public_addresses(lookup: &dyn Lookup, name: &str) -> Result<Vec<SocketAddr>, NotPublic> {
    let found = tokio::time::timeout(CONNECT_TIMEOUT, lookup.lookup(name)).await;
    let addresses = found.map_err(|_| NotPublic::Unresolved)?.map_err(|_| NotPublic::Unresolved)?;
    match addresses.is_empty() {
        true => Err(NotPublic::Unresolved),
        false if addresses.iter().all(|address| is_public(address.ip())) => Ok(addresses),
        false => Err(NotPublic::Private),
    }
}
