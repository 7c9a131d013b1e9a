//! Access tokens that an attacker made without our keys, or that our keys signed for another purpose.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};
use shared::crypto::keyring::{Keyring, Purpose};
use shared::runtime::clock::SystemClock;
use shared::runtime::environment::Environment;

use crate::support::board::{self, Board};
use crate::support::product::{self, Product};
use crate::support::worker::{self, Platform};
use crate::support::{Partner, Response, Stage, fetch, problem, success};

/// How a family signs its access tokens.
struct Signer {
    keyring: Keyring,
    audience: &'static str,
    now: i64,
    /// The secret of a channel for which it received the token.
    secret_id: Option<Value>,
}

impl Signer {
    async fn of(stage: &Stage, family: &str, audience: &'static str) -> Self {
        let variables = stage.address.variables.clone();
        let environment = Environment::new(variables, std::sync::Arc::new(SystemClock));
        let required = |name: &str| environment.required(&format!("{family}_{name}")).unwrap().to_owned();
        let keyring = environment.keyring(&required("SECRET")).await.unwrap();
        Self { keyring, audience, now: stage.clock_seconds(), secret_id: None }
    }

    fn kid(&self) -> String {
        self.keyring.keys().current().to_owned()
    }

    fn key(&self, purpose: Purpose) -> [u8; 32] {
        *self.keyring.current(purpose).unwrap().1.expose()
    }

    fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "HS256", "kid": self.kid()})
    }

    fn claims(&self, subject: &str) -> Value {
        let mut claims =
            json!({"iss": "gongqiao", "aud": self.audience, "sub": subject, "iat": self.now, "exp": self.now + 60});
        if let Some(secret_id) = &self.secret_id {
            claims["secret_id"] = secret_id.clone();
        }
        claims
    }

    /// Signs any header and claims as the family does.
    fn signed(&self, header: &str, claims: &str) -> String {
        signed(header, claims, &self.key(Purpose::AccessToken))
    }

    fn with_header(&self, member: &str, value: Value, subject: &str) -> String {
        self.signed(&with(self.header(), member, value), &self.claims(subject).to_string())
    }

    fn with_claim(&self, member: &str, value: Value, subject: &str) -> String {
        self.signed(&self.header().to_string(), &with(self.claims(subject), member, value))
    }

    /// Every forgery, with its description: each differs in one way from a valid token of this subject.
    fn forgeries(&self, other: &Self, subject: &str) -> Vec<(String, String)> {
        let (header, claims) = (self.header().to_string(), self.claims(subject).to_string());
        let valid = self.signed(&header, &claims);
        let (head, signature) = valid.rsplit_once('.').unwrap();
        let mut forged = Vec::new();
        let mut forge = |what: String, token: String| forged.push((what, token));

        for none in ["none", "None", "NONE", "nOnE"] {
            let header = with(self.header(), "alg", none.into());
            let head = format!("{}.{}", BASE64.encode(&header), BASE64.encode(&claims));
            forge(format!("{none}, unsigned"), format!("{head}."));
            forge(format!("{none}, unsigned and without a dot"), head);
            forge(format!("{none}, signed"), self.signed(&header, &claims));
        }
        for algorithm in ["RS256", "PS256", "ES256", "EdDSA", "HS384", "HS512", "hs256", "", "HS256 "] {
            forge(format!("{algorithm} over HMAC"), self.with_header("alg", algorithm.into(), subject));
        }
        forge("no alg".into(), self.with_header("alg", Value::Null, subject));
        let key = self.key(Purpose::AccessToken);
        forge("HS384".into(), mac_384(&with(self.header(), "alg", "HS384".into()), &claims, &key));
        forge("HS512".into(), mac_512(&with(self.header(), "alg", "HS512".into()), &claims, &key));

        for kid in [
            "",
            " ",
            "k0",
            "K1",
            "current",
            "../../../../dev/null",
            "/dev/null",
            "file:///dev/null",
            "https://evil.example.com/jwks",
            "' OR '1'='1",
            "x' UNION SELECT 'key",
            "k1;k1",
            "k1\u{0}",
            "张",
        ] {
            forge(format!("kid {kid:?}"), self.with_header("kid", kid.into(), subject));
            // As if the key of an unknown id were empty, or were the id itself.
            let header = with(self.header(), "kid", kid.into());
            forge(format!("kid {kid:?}, an empty key"), signed(&header, &claims, b""));
            forge(format!("kid {kid:?}, its name the key"), signed(&header, &claims, kid.as_bytes()));
        }
        forge("a long kid".into(), self.with_header("kid", "k".repeat(4000).into(), subject));
        for kid in [Value::Null, json!(1), json!([self.kid()]), json!({"kid": self.kid()})] {
            forge(format!("kid {kid}"), self.with_header("kid", kid, subject));
        }
        let own = json!({"kty": "oct", "k": BASE64.encode(b"mine")});
        let mut embedded = self.header();
        embedded["jwk"] = own;
        forge("a key of its own".into(), signed(&embedded.to_string(), &claims, b"mine"));

        let purposes = [Purpose::RefreshToken, Purpose::Cursor, Purpose::ContentDigest, Purpose::BlindIndex, Purpose::Sealing];
        for (number, purpose) in purposes.into_iter().enumerate() {
            forge(format!("our key for something else, {number}"), signed(&header, &claims, &self.key(purpose)));
        }
        forge("another family's key".into(), other.signed(&header, &claims));
        forge("another family's key and id".into(), other.signed(&other.header().to_string(), &claims));
        forge("another family's token".into(), other.signed(&other.header().to_string(), &other.claims(subject).to_string()));

        for claim in ["iss", "aud", "sub", "iat", "exp"] {
            for value in [Value::Null, json!([]), json!({}), json!(true)] {
                forge(format!("{claim} is {value}"), self.with_claim(claim, value, subject));
            }
            let mut claims = self.claims(subject);
            claims.as_object_mut().unwrap().remove(claim);
            forge(format!("no {claim}"), self.signed(&header, &claims.to_string()));
            let twice = format!("{},\"{claim}\":{}}}", claims.to_string().trim_end_matches('}'), self.claims(subject)[claim]);
            let twice = format!("{},\"{claim}\":{}}}", twice.trim_end_matches('}'), self.claims(subject)[claim]);
            forge(format!("{claim} twice"), self.signed(&header, &twice));
        }
        for (claim, value) in [
            ("iss", json!("")),
            ("iss", json!("gongqiao ")),
            ("iss", json!(["gongqiao"])),
            ("aud", json!("hris")),
            ("aud", json!(other.audience)),
            ("aud", json!([self.audience])),
            ("aud", json!([self.audience, other.audience])),
            ("aud", json!("")),
            ("exp", json!(self.now)),
            ("exp", json!(self.now - 1)),
            ("exp", json!(0)),
            ("exp", json!(-1)),
            ("exp", json!((self.now + 60).to_string())),
            ("nbf", json!(self.now + 1)),
            ("nbf", json!(i64::MAX)),
            ("nbf", json!("soon")),
        ] {
            forge(format!("{claim} is {value}"), self.with_claim(claim, value, subject));
        }
        forge(
            "exp beyond the largest number".into(),
            self.signed(&header, &claims.replace(&(self.now + 60).to_string(), "1e999")),
        );

        forge("claims that are no object".into(), self.signed(&header, "[]"));
        forge("no claims".into(), self.signed(&header, ""));
        forge("no signature".into(), head.to_owned());
        forge("an empty signature".into(), format!("{head}."));
        forge("half a signature".into(), format!("{head}.{}", &signature[..signature.len() / 2]));
        forge("a longer signature".into(), format!("{valid}AAAA"));
        forge("a fourth part".into(), format!("{valid}.{signature}"));
        forge("a padded signature".into(), format!("{valid}="));
        forge("a signature in hex".into(), format!("{head}.{}", hex(&BASE64.decode(signature).unwrap())));
        let standard = STANDARD.encode(BASE64.decode(signature).unwrap());
        forge("a signature in the other alphabet".into(), format!("{head}.{standard}"));
        for at in [0, header.len() / 2, head.len() / 2, head.len() + 1, valid.len() - 2] {
            let to = if valid.as_bytes()[at] == b'A' { "B" } else { "A" };
            forge(format!("byte {at} changed"), format!("{}{to}{}", &valid[..at], &valid[at + 1..]));
        }
        forged
    }
}

/// The object with a member added or replaced.
fn with(mut object: Value, member: &str, value: Value) -> String {
    object[member] = value;
    object.to_string()
}

fn signed(header: &str, claims: &str, key: &[u8]) -> String {
    let head = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(head.as_bytes());
    format!("{head}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn mac_384(header: &str, claims: &str, key: &[u8]) -> String {
    let head = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let mut mac = Hmac::<Sha384>::new_from_slice(key).unwrap();
    mac.update(head.as_bytes());
    format!("{head}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn mac_512(header: &str, claims: &str, key: &[u8]) -> String {
    let head = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
    mac.update(head.as_bytes());
    format!("{head}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn no_forged_token_of_a_channel_is_accepted() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let secret_id = |channel: Value| channel["secrets"][0]["secret_id"].clone();
    let own = secret_id(partner.administer("enable_channel").await);
    let signer = Signer { secret_id: Some(own), ..Signer::of(&stage, "CHANNEL", "channel").await };
    let others = Signer::of(&stage, "JOBBOARD", "jobboard").await;
    let send = async |token: &str| partner.send(Method::GET, "/api/v1/tasks", Some(token), None).await;
    let nothing = success(json!({"list": [], "total": 0, "page": 1, "page_size": 20, "next_cursor": null}));
    // A token that is signed without a change is valid.
    let valid = signer.signed(&signer.header().to_string(), &signer.claims(&partner.appkey).to_string());
    assert_eq!(send(&valid).await, nothing);
    for (what, token) in signer.forgeries(&others, &partner.appkey) {
        assert_eq!(send(&token).await, problem(401, 1003, &[]), "{what}: {token}");
    }
    // The token of another secret, of another epoch, or of none, as they were issued before there were such claims.
    let foreign = secret_id(Partner::join(&stage.address).await.administer("enable_channel").await);
    let wrong = [Value::Null, json!(""), json!("7"), json!("张"), json!(7), json!([]), foreign];
    for (claim, value) in wrong.into_iter().map(|value| ("secret_id", value)).chain([
        ("epoch", json!(1)),
        ("epoch", json!(-1)),
        ("epoch", json!("0")),
        ("epoch", Value::Null),
        ("epoch", json!(0.5)),
        ("epoch", json!(u64::MAX)),
    ]) {
        let token = signer.with_claim(claim, value.clone(), &partner.appkey);
        assert_eq!(send(&token).await, problem(401, 1003, &[]), "{claim} {value}");
    }
    // An additional claim grants nothing, and a token with `nbf` in the past is valid until it expires.
    for (claim, value) in [("admin", json!(true)), ("scope", json!("*")), ("nbf", json!(signer.now))] {
        assert_eq!(send(&signer.with_claim(claim, value, &partner.appkey)).await, nothing, "{claim}");
    }
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(send(&valid).await, problem(401, 1003, &[]));
}

#[tokio::test]
async fn no_forged_token_of_the_job_board_is_accepted() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let signer = Signer::of(&stage, "JOBBOARD", "jobboard").await;
    let others = Signer::of(&stage, "CHANNEL", "channel").await;
    let subject = user.id.to_string();
    let send = async |token: &str| {
        let user = board::User { token: token.to_owned(), ..user.clone() };
        user.info().await
    };
    let info = user.info().await;
    assert_eq!(info.status, 200);
    let valid = signer.signed(&signer.header().to_string(), &signer.claims(&subject).to_string());
    assert_eq!(send(&valid).await, info);
    let rejected = board::rejection(401, "login required");
    for (what, token) in signer.forgeries(&others, &subject) {
        assert_eq!(send(&token).await, rejected, "{what}: {token}");
    }
    // The subject is not the id of a user.
    for subject in ["", "0x12", "-1", "1.5", "user", "９"] {
        let token = signer.signed(&signer.header().to_string(), &signer.claims(subject).to_string());
        assert_eq!(send(&token).await, rejected, "{subject}");
    }
    assert_eq!(send(&signer.with_claim("admin", json!(true), &subject)).await, info);
    for epoch in [json!(1), json!(-1), json!("0"), Value::Null, json!(0.5), json!(u64::MAX)] {
        assert_eq!(send(&signer.with_claim("epoch", epoch.clone(), &subject)).await, rejected, "{epoch}");
    }
    // A user who does not exist has no tokens.
    let unknown = signer.signed(&signer.header().to_string(), &signer.claims("7").to_string());
    assert_eq!(send(&unknown).await, rejected);
    // A token that was issued before there were epochs is valid until its user logs out.
    let other = user.board.join().await;
    let earlier = signer.signed(&signer.header().to_string(), &signer.claims(&other.id.to_string()).to_string());
    let earlier = board::User { token: earlier, ..other.clone() };
    assert_eq!(earlier.info().await.status, 200);
    assert_eq!(other.post("/wechat/user/logout", &json!({})).await, board::done());
    assert_eq!(earlier.info().await, rejected);
    assert_eq!(send(&valid).await, info);
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(send(&valid).await, rejected);
}

/// The credentials of each family, sent to each other family.
#[tokio::test]
async fn no_api_accepts_the_credentials_of_another() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let user = Board::of(&stage.address).join().await;
    let worker = Platform::create(&stage.address).await.worker("a worker").await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let consented = product.access_token().await;
    let refresh_token = partner.new_tokens().await["refresh_token"].as_str().expect("a token").to_owned();
    let credentials = [&partner.token, &refresh_token, &user.token, &worker.token, &consented, &product.token];

    for token in credentials.into_iter().filter(|token| **token != partner.token) {
        let response = partner.send(Method::GET, "/api/v1/tasks", Some(token), None).await;
        assert_eq!(response, problem(401, 1003, &[]), "{token}");
    }
    for token in credentials.into_iter().filter(|token| **token != user.token) {
        let user = board::User { token: token.clone(), ..user.clone() };
        assert_eq!(user.info().await, board::rejection(401, "login required"), "{token}");
    }
    for token in credentials.into_iter().filter(|token| **token != worker.token) {
        let request = worker.platform.request(Method::GET, "/em_status").header("x-auth-token", token);
        let too_long = token.len() > 128;
        assert!(!too_long || token.contains('.') || *token == refresh_token, "{token}");
        assert_eq!(fetch(request).await, worker::rejection(401, "请先登录"), "{token}");
    }
    let invalid: Response = product::rejection(401, 1105, "access_token is invalid");
    for token in credentials.into_iter().filter(|token| **token != consented) {
        assert_eq!(product.read(token, "/api/v2/departments", json!({})).await, invalid, "{token}");
    }
}
