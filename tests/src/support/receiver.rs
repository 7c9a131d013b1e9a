//! A receiver of events on this machine, and the names that receivers have.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use shared::outbound::receivers::Lookup;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a receiver answers a call.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// With this status and body.
    Answer(u16, &'static str),
    /// With these head lines after the status line, and an empty body.
    Head(&'static str),
    /// Not before this time.
    Slow(Duration),
    /// It closes the connection without an answer.
    CutOff,
}

/// A call that a receiver got.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST /hook`
    pub request: String,
    headers: HashMap<String, String>,
    pub body: String,
}

/// A receiver. It answers 200 unless a test sets another reaction.
pub struct Receiver {
    pub address: String,
    received: Arc<Mutex<Vec<Received>>>,
    reactions: Arc<Mutex<Reactions>>,
    task: tokio::task::JoinHandle<()>,
}

struct Reactions {
    next: Vec<Reaction>,
    usual: Reaction,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let reactions = Arc::new(Mutex::new(Reactions { next: Vec::new(), usual: Reaction::Answer(200, "") }));
        let (kept, reacting) = (Arc::clone(&received), Arc::clone(&reactions));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), Arc::clone(&reacting)));
            }
        });
        Self { address, received, reactions, task }
    }

    /// The next calls get these reactions, one each.
    pub fn reacts(&self, reactions: &[Reaction]) {
        self.reactions.lock().unwrap().next.extend(reactions.iter().cloned());
    }

    /// All later calls get this reaction.
    pub fn always(&self, reaction: Reaction) {
        self.reactions.lock().unwrap().usual = reaction;
    }

    /// The calls since the last call of this, in order.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }

    /// The events of these calls.
    pub fn take_events(&self) -> Vec<Value> {
        self.take().iter().map(Received::event).collect()
    }
}

async fn serve(mut stream: TcpStream, received: Arc<Mutex<Vec<Received>>>, reactions: Arc<Mutex<Reactions>>) {
    while let Some(call) = read(&mut stream).await {
        received.lock().unwrap().push(call);
        let reaction = {
            let mut reactions = reactions.lock().unwrap();
            if reactions.next.is_empty() { reactions.usual.clone() } else { reactions.next.remove(0) }
        };
        let answer = match reaction {
            Reaction::CutOff => return,
            Reaction::Slow(time) => {
                tokio::time::sleep(time).await;
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
            Reaction::Head(lines) => format!("HTTP/1.1 {lines}\r\ncontent-length: 0\r\n\r\n"),
            Reaction::Answer(status, body) => format!("HTTP/1.1 {status} .\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request of a connection; `None` when it ends.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let request = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: HashMap<String, String> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut body = bytes[end + 4..].to_vec();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { request, headers, body: String::from_utf8(body).unwrap() })
}

impl Received {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{name} is missing: {self:?}"))
    }

    /// The id of the event.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The event in the body, which has nothing else.
    #[track_caller]
    pub fn event(&self) -> Value {
        let mut body: Value = serde_json::from_str(&self.body).unwrap();
        let event = body["event"].take();
        assert_eq!(body, json!({"event": null}));
        event
    }

    /// Checks both signatures as the documents of the live system and of Standard Webhooks define them: that of the live system with the
    /// first of these secrets.
    #[track_caller]
    pub fn verify(&self, secrets: &[&str]) {
        let zhiren = hmac(secrets[0].as_bytes(), &format!("{}{}", self.request.replace(' ', ""), self.body));
        assert_eq!(self.header("x-zhiren-signature"), hex(&zhiren));
        let signed = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body);
        let key = |secret: &&str| BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let expected = secrets.iter().map(|secret| format!("v1,{}", BASE64.encode(hmac(&key(secret), &signed))));
        assert_eq!(self.header("webhook-signature"), expected.collect::<Vec<_>>().join(" "));
        assert_eq!(self.header("content-type"), "application/json");
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The addresses of names, which a test can change. Other names have none.
#[derive(Default)]
pub struct Names(Mutex<HashMap<String, Vec<SocketAddr>>>);

impl Names {
    pub fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
        self.0.lock().unwrap().insert(name.to_owned(), addresses);
    }
}

impl Lookup for Names {
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        let found = self.0.lock().unwrap().get(name).cloned();
        Box::pin(async move { found.ok_or_else(|| std::io::ErrorKind::NotFound.into()) })
    }
}
