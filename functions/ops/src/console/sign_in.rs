//! The sign-in: a code by text message, then the second factor.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use deserr::Deserr;
use lambda::Address;
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::{Value, json};
use shared::error::{Error, Kind};
use shared::staff::{Enrollment, Next, Proved};
use shared::values::input::Faults;
use shared::values::{Mobile, SecretText};

use super::App;
use super::answer::{Failure, Reply};
use super::auth::{Fields, SESSION, SIGN_IN, Staff, cookie, set_cookie};

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SendCode {
    pub phone: Mobile,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct CheckCode {
    pub phone: Mobile,
    pub code: SecretText<1, 16>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Prove {
    /// Of the authenticator app, or a recovery code.
    pub code: SecretText<1, 32>,
}

/// The response does not tell whether the phone is that of a member.
pub async fn send_code(State(app): State<App>, Address(address): Address, Fields(fields): Fields) -> Result<Response, Failure> {
    let SendCode { phone } = fields.read()?;
    app.staff.send_sign_in_code(&phone, &address).await?;
    Ok(Reply(json!({"next": "code"})).into_response())
}

pub async fn check_code(
    State(app): State<App>,
    Address(address): Address,
    Fields(fields): Fields,
) -> Result<Response, Failure> {
    let CheckCode { phone, code } = fields.read()?;
    let Next { token, enrollment } = app.staff.check_sign_in_code(&phone, code.as_deref(), &address).await?;
    let body = match enrollment {
        Some(enrollment) => json!({"next": "enroll", "enrollment": view(&enrollment)?}),
        None => json!({"next": "totp"}),
    };
    let mut response = Reply(body).into_response();
    set_cookie(&mut response, SIGN_IN, Some(token.as_deref()));
    Ok(response)
}

/// What an authenticator app needs to be set up, with the QR code as an SVG image.
fn view(Enrollment { secret, url }: &Enrollment) -> Result<Value, Error> {
    let code = QrCode::new(url.expose()).map_err(Error::internal)?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(json!({"secret": secret.expose(), "url": url.expose(), "qr": image}))
}

/// Ends a sign-in with a session. In an open session it proves the second factor again.
pub async fn prove(State(app): State<App>, headers: HeaderMap, Fields(fields): Fields) -> Result<Response, Failure> {
    let Prove { code } = fields.read()?;
    let Proved { token, recovery_codes, recovery_codes_left } = match finish(&app, &headers, &code).await? {
        Some(proved) => proved,
        None => {
            let session = cookie(&headers, SESSION).ok_or_else(Error::unauthenticated)?;
            let signed_in = app.staff.session(session).await?.ok_or_else(Error::unauthenticated)?;
            app.staff.step_up(&signed_in, code.as_deref()).await?
        }
    };
    let mut body = json!({"next": "signed_in", "recovery_codes_left": recovery_codes_left});
    if !recovery_codes.is_empty() {
        body["recovery_codes"] = recovery_codes.iter().map(|code| code.expose().as_str()).collect();
    }
    let mut response = Reply(body).into_response();
    if let Some(token) = &token {
        set_cookie(&mut response, SIGN_IN, None);
        set_cookie(&mut response, SESSION, Some(token.as_deref()));
    }
    Ok(response)
}

/// Ends the sign-in of the cookie; `None` if it does not exist, was ended or took too long.
pub async fn finish(app: &App, headers: &HeaderMap, code: &SecretText<1, 32>) -> Result<Option<Proved>, Error> {
    let Some(pending) = cookie(headers, SIGN_IN) else { return Ok(None) };
    match app.staff.finish_sign_in(pending, code.as_deref()).await {
        Err(error) if error.kind() == Kind::Unauthenticated => Ok(None),
        proved => proved.map(Some),
    }
}

pub async fn sign_out(State(app): State<App>, Staff(signed_in): Staff, Fields(_): Fields) -> Result<Response, Failure> {
    app.staff.sign_out(&signed_in).await?;
    let mut response = Reply(json!({})).into_response();
    set_cookie(&mut response, SESSION, None);
    set_cookie(&mut response, SIGN_IN, None);
    Ok(response)
}
