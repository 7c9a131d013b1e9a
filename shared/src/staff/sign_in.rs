//! The sign-in of staff: a phone, the code of a text message, then the second factor. A member who has none yet sets it up on the way.
//!
//! A stranger cannot learn whether a phone is that of a member: the first step takes the same calls for every phone, and `ops-outbox` sends the
//! message to members alone.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;

use super::member::{Member, Pending};
use super::members::Spent;
use super::second_factor::{Enrollment, recovery_codes};
use super::sessions::{SignedIn, new_token, parse};
use super::{Service, keys};
use crate::crypto::random::random;
use crate::error::{Error, Fault, Result};
use crate::outbound::sms::{Message, Purpose};
use crate::runtime::caller::{self, Caller};
use crate::runtime::message_limits::{Cause, TO_A_PHONE};
use crate::storage::one_time_code::{self, Attempted, OneTimeCode};
use crate::storage::rate_limit::{Attempt, CODES, SECOND_FACTORS};
use crate::storage::table::Write;
use crate::values::{Id, Mobile, Secret};

/// How long the second factor may take after the code of the text message.
const PENDING_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What follows the code of a text message. The token proves this step.
pub struct Next {
    pub token: Secret<String>,
    /// For a member without a second factor, who sets it up now.
    pub enrollment: Option<Enrollment>,
}

/// What the second factor opens.
pub struct Proved {
    /// The token of the session; none if it was a step-up of an open session.
    pub token: Option<Secret<String>>,
    /// After the set-up, and shown only now.
    pub recovery_codes: Vec<Secret<String>>,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
}

impl Service {
    /// Sends a code to the phone if it is that of a member. `address` is the IP address of the client.
    ///
    /// DynamoDB: three writes, one transaction.
    pub async fn send_sign_in_code(&self, phone: &Mobile, address: &str) -> Result<()> {
        self.messages.count(&self.counters(), Cause::Staff(address), "staff", (&TO_A_PHONE, phone)).await?;
        let now = self.clock.now();
        // Each attempt raises a version by one, so this one, in milliseconds, is greater than any version of an older code.
        let key = keys::code(&self.keyring, phone)?;
        let OneTimeCode { plain, item } =
            one_time_code::issue(&self.counters(), key, phone.index().as_bytes(), now.as_millisecond())?;
        let message = Message::Code { code: plain, minutes: one_time_code::AGE.as_mins(), purpose: Purpose::Staff };
        let message = self.sign_in_message(phone, message, now + one_time_code::AGE)?;
        let code = Write::Set { table: self.tables.credentials.clone(), item };
        self.store.transact(vec![code, message]).await.map(drop)
    }

    /// Checks the code of the text message. A wrong code and an unknown phone are the same error.
    ///
    /// DynamoDB: two writes, three reads, one transaction.
    pub async fn check_sign_in_code(&self, phone: &Mobile, code: Secret<&str>, address: &str) -> Result<Next> {
        CODES.count(&self.counters(), &["sign_in", address], Attempt::Succeeded).await?;
        let key = keys::code(&self.keyring, phone)?;
        let attempted =
            one_time_code::attempt(&self.counters(), key.clone(), phone.index().as_bytes(), code.map(str::trim)).await?;
        let member = match attempted {
            Attempted::Right(_) => self.member_of(phone).await?.filter(|member| member.enabled),
            Attempted::Wrong(_) | Attempted::Spent => None,
        };
        let id = member.ok_or_else(wrong_code)?.id;
        caller::accepted(Caller::Staff(id));
        let now = self.clock.now();
        let (token, hash) = new_token(id)?;
        let secret = random()?;
        let act = caller::act(now);
        let begin = |member: &mut Member| {
            if !member.enabled {
                return Err(wrong_code());
            }
            if !member.is_enrolled() && now >= member.enroll_until.into() {
                return Err(Error::conflict(Fault::new("second_factor", "was not set up in time: an administrator resets it")));
            }
            member.pending = Some(Pending { hash: hash.clone(), until: (now + PENDING_FOR).into() });
            if !member.is_enrolled() {
                member.second_factor.begin(secret);
            }
            Ok(())
        };
        // A code opens one sign-in.
        let member = self.update_along(&act, id, begin, Some(Spent { key: &key, gone: wrong_code })).await?;
        let enrollment = (!member.is_enrolled()).then(|| member.second_factor.enrollment(&account(&member))).transpose()?;
        Ok(Next { token, enrollment })
    }

    /// Opens a session with a code of the authenticator app or a recovery code, after the code of the text message.
    ///
    /// DynamoDB: one write, two reads, one transaction; after a wrong code, two writes and one read.
    pub async fn finish_sign_in(&self, token: Secret<&str>, code: Secret<&str>) -> Result<Proved> {
        let now = self.clock.now();
        let (id, pending) = parse(token).ok_or_else(Error::unauthenticated)?;
        let is_pending =
            |member: &Member| member.enabled && member.pending.as_ref().is_some_and(|stored| stored.is_of(&pending, now));
        self.find_member(id).await?.filter(is_pending).ok_or_else(Error::unauthenticated)?;
        caller::accepted(Caller::Staff(id));
        let (token, hash) = new_token(id)?;
        let recovery_codes = recovery_codes()?;
        let proving = self.prove(id, code, |member, is_first| {
            if !is_pending(member) {
                return Err(Error::unauthenticated());
            }
            member.pending = None;
            if is_first {
                member.second_factor.enroll(&recovery_codes, now);
            }
            member.open_session(hash.clone(), now);
            Ok(())
        });
        let (member, is_first) = proving.await?;
        Ok(Proved {
            token: Some(token),
            recovery_codes: if is_first { recovery_codes } else { Vec::new() },
            recovery_codes_left: member.second_factor.recovery_codes_left(),
        })
    }

    /// Proves the second factor again in an open session, for what needs a recent proof.
    ///
    /// DynamoDB: one write, one read, one transaction; after a wrong code, two writes and one read.
    pub async fn step_up(&self, SignedIn { member, hash, .. }: &SignedIn, code: Secret<&str>) -> Result<Proved> {
        let now = self.clock.now();
        let proving = self.prove(member.id, code, |member, _| {
            let session = member.session_mut(hash, now).ok_or_else(Error::unauthenticated)?;
            session.proved_at = now.into();
            Ok(())
        });
        let (member, _) = proving.await?;
        Ok(Proved { token: None, recovery_codes: Vec::new(), recovery_codes_left: member.second_factor.recovery_codes_left() })
    }

    /// Accepts a code of the second factor and changes the member with it. Returns whether it was the first code.
    async fn prove(
        &self,
        id: Id,
        code: Secret<&str>,
        change: impl Fn(&mut Member, bool) -> Result<()>,
    ) -> Result<(Member, bool)> {
        let now = self.clock.now();
        let is_first = AtomicBool::new(false);
        let act = caller::act(now);
        let proving = self.update_member(&act, id, |member| {
            let enrolled = member.is_enrolled();
            let is_right = member.second_factor.accept(code, now)? || (enrolled && member.second_factor.recover(code));
            if !is_right {
                return Err(Error::invalid([Fault::new("code", "is wrong or was used")]));
            }
            is_first.store(!enrolled, Ordering::Relaxed);
            change(member, !enrolled)
        });
        SECOND_FACTORS.count(&self.counters(), &[&id.to_string()], Attempt::Succeeded).await?;
        let member = proving.await?;
        Ok((member, is_first.into_inner()))
    }
}

fn wrong_code() -> Error {
    Error::invalid([Fault::new("code", "is wrong or too old")])
}

/// The name of the account in the authenticator app, which separates issuer and account with a colon.
fn account(member: &Member) -> String {
    member.name.as_str().replace(':', " ")
}
