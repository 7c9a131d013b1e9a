//! Seven members of staff, one for each role, who have set up the second factor in a first sign-in.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::crypto::random::random;
use shared::runtime::clock::Clock;
use shared::staff::roles::Role;
use shared::staff::{Member, Next, Service};
use shared::values::{Mobile, Secret};

use super::signing::COMPANIES;
use super::{Demo, Signing, command};
use crate::functions::Functions;
use crate::sns::Outbox;

/// No operator has numbers that begin with 154.
const MEMBERS: [(Role, &str, &str); 7] = [
    (Role::Reviewer, "沈佳宁", "15400000001"),
    (Role::Hr, "林晓雯", "15400000002"),
    (Role::Support, "何思远", "15400000003"),
    (Role::Finance, "钱文博", "15400000004"),
    (Role::Moderator, "冯子涵", "15400000005"),
    (Role::Admin, "唐立群", "15400000006"),
    (Role::Auditor, "严明哲", "15400000007"),
];

/// How old the code of the first sign-in is: one step. A code is accepted once and up to one step late, so that this one is accepted and the
/// code that the home page shows then can still be used.
const CODE_AGE: SignedDuration = SignedDuration::from_secs(30);

/// A member with an authenticator app.
#[derive(Clone, Serialize, Deserialize)]
pub struct Staff {
    pub role: Role,
    pub name: String,
    pub phone: String,
    /// In Base32.
    pub totp_secret: String,
}

impl Staff {
    /// The code that the authenticator app shows.
    pub fn code(&self, now: Timestamp) -> Result<String, String> {
        totp(&self.totp_secret, now)
    }
}

pub struct Preparation<'a> {
    pub functions: &'a Functions,
    pub service: &'a Service,
    pub clock: &'a dyn Clock,
    /// Where the codes of the sign-in arrive.
    pub outbox: &'a Outbox,
    pub signing: &'a Signing,
    pub known: Option<&'a Demo>,
}

impl Preparation<'_> {
    pub async fn run(&self) -> Result<Vec<Staff>, String> {
        let mut staff = Vec::new();
        for (number, (role, name, phone)) in (1..).zip(MEMBERS) {
            staff.extend(self.prepare(number, role, name, phone).await?);
        }
        Ok(staff)
    }

    /// A member as `demo.json` has it, if the member exists; otherwise with a new second factor. `None` if it cannot be set up now: the limit
    /// of five second factors in ten minutes holds for demo members, too.
    async fn prepare(&self, number: u8, role: Role, name: &str, phone: &str) -> Result<Option<Staff>, String> {
        let stored = self.service.member_of(&Mobile::parse(phone)?).await.map_err(|error| error.to_string())?;
        let known = self.known.into_iter().flat_map(|demo| &demo.staff).find(|staff| staff.phone == phone);
        if let (Some(known), true) = (known, stored.as_ref().is_some_and(Member::is_enrolled)) {
            return Ok(Some(known.clone()));
        }
        // A phone gets one text message a minute. The first sign-in uses another phone, so that the user can sign in at once.
        let other = format!("154{number}{:07}", u32::from_be_bytes(random().map_err(|error| error.to_string())?) % 10_000_000);
        let mut member = json!({"name": name, "phone": other, "roles": [role]});
        if role == Role::Reviewer {
            member["platform_code"] = self.signing.platform_code.as_str().into();
            member["companies"] = COMPANIES.map(|(id, _)| id).to_vec().into();
        }
        let staff_id = match stored {
            None => self.command("create_staff", member).await?["staff_id"].clone(),
            Some(stored) => {
                let staff_id = json!(stored.id);
                member["staff_id"] = staff_id.clone();
                self.command("set_staff", member).await?;
                for name in ["reset_second_factor", "enable_staff"] {
                    self.command(name, json!({"staff_id": staff_id})).await?;
                }
                staff_id
            }
        };
        // An address that documents use (RFC 5737).
        let signed_in = self.sign_in(&Mobile::parse(&other)?, &format!("192.0.2.{number}")).await;
        self.command("set_staff", json!({"staff_id": staff_id, "phone": phone})).await?;
        match signed_in {
            Ok(totp_secret) => Ok(Some(Staff { role, name: name.to_owned(), phone: phone.to_owned(), totp_secret })),
            Err(error) => {
                tracing::error!(error, "the demo member {name} has no second factor: start again in ten minutes");
                Ok(None)
            }
        }
    }

    async fn command(&self, name: &str, mut fields: Value) -> Result<Value, String> {
        fields["command"] = name.into();
        command(self.functions, &fields).await
    }

    /// Sets up the second factor and returns its secret.
    async fn sign_in(&self, phone: &Mobile, address: &str) -> Result<String, String> {
        let failed = |error: shared::error::Error| error.to_string();
        self.service.send_sign_in_code(phone, address).await.map_err(failed)?;
        let message = self.outbox.take(phone).await.pop().ok_or("no text message arrived")?;
        let code: String = message.chars().filter(char::is_ascii_digit).take(6).collect();
        let checked = self.service.check_sign_in_code(phone, Secret::new(&code), address).await.map_err(failed)?;
        let Next { token, enrollment: Some(enrollment) } = checked else { return Err("the second factor is set up".into()) };
        let secret = enrollment.secret.expose();
        let finish = async || {
            let code = totp(secret, self.clock.now() - CODE_AGE)?;
            self.service.finish_sign_in(token.as_deref(), Secret::new(&code)).await.map_err(failed)
        };
        // A second attempt, because a code is two steps late if a step ends before it is checked.
        match finish().await {
            Ok(_) => {}
            Err(_) => drop(finish().await?),
        }
        Ok(secret.clone())
    }
}

/// RFC 6238 with its default parameters.
fn totp(secret: &str, at: Timestamp) -> Result<String, String> {
    let secret = totp_rs::Secret::try_from_base32(secret).map_err(|error| error.to_string())?;
    let totp = totp_rs::Builder::new().with_secret(secret).build().map_err(|error| error.to_string())?;
    Ok(totp.generate(at.as_second().unsigned_abs()).to_string())
}
