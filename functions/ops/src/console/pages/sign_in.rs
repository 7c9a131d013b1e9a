//! The pages of the sign-in: phone, code of the text message, second factor. They work without script.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use lambda::{Address, answer};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::json;
use shared::error::{Error, Fault};
use shared::staff::{Enrollment, Next, Proved};
use shared::values::Secret;
use shared::values::input::Json;

use super::super::App;
use super::super::answer::Failure;
use super::super::auth::{SESSION, SIGN_IN, set_cookie};
use super::super::sign_in::{CheckCode, Prove, SendCode, finish};
use super::super::texts::text;
use super::filters;
use super::input::sentence;
use super::shell::html;
use super::visit::{Form, Pairs, Stranger, VISITOR, Visit, own_path, redirect, token_of};
use super::{super::auth::cookie, assets};

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    nonce: String,
    form_token: String,
    assets: &'static str,
    step: Step,
    next: String,
    faults: Vec<String>,
}

enum Step {
    Phone { phone: String },
    Code { phone: String },
    SecondFactor,
    Enroll { secret: String, qr: String },
    RecoveryCodes(Vec<String>),
}

pub async fn show(stranger: Stranger, State(_): State<App>, request: axum::extract::Request) -> Result<Response, Failure> {
    let query = Pairs::read(request.uri().query().unwrap_or_default().as_bytes());
    render(&stranger, StatusCode::OK, Step::Phone { phone: String::new() }, query.get("next"), &[])
}

pub async fn send_code(
    State(app): State<App>,
    Address(address): Address,
    stranger: Stranger,
    form: Form,
) -> Result<Response, Failure> {
    check(&stranger, &form)?;
    let (phone, next) = (form.fields.get("phone").to_owned(), form.fields.get("next"));
    let sent = async {
        let SendCode { phone } = Json::from_value(json!({"phone": phone.trim()})).read()?;
        app.staff.send_sign_in_code(&phone, &address).await
    };
    match sent.await {
        Ok(()) => render(&stranger, StatusCode::OK, Step::Code { phone }, next, &[]),
        Err(error) => again(&stranger, Step::Phone { phone }, next, error),
    }
}

pub async fn check_code(
    State(app): State<App>,
    Address(address): Address,
    stranger: Stranger,
    form: Form,
) -> Result<Response, Failure> {
    check(&stranger, &form)?;
    let (phone, next) = (form.fields.get("phone").to_owned(), form.fields.get("next"));
    let checked = async {
        let fields = json!({"phone": phone.trim(), "code": form.fields.get("code").trim()});
        let CheckCode { phone, code } = Json::from_value(fields).read()?;
        app.staff.check_sign_in_code(&phone, code.as_deref(), &address).await
    };
    let Next { token, enrollment } = match checked.await {
        Ok(next) => next,
        Err(error) => return again(&stranger, Step::Code { phone }, next, error),
    };
    let step = match &enrollment {
        Some(enrollment) => enroll(enrollment)?,
        None => Step::SecondFactor,
    };
    let mut response = render(&stranger, StatusCode::OK, step, next, &[])?;
    set_cookie(&mut response, SIGN_IN, Some(token.as_deref()));
    Ok(response)
}

fn enroll(Enrollment { secret, url }: &Enrollment) -> Result<Step, Failure> {
    let code = QrCode::new(url.expose()).map_err(Error::internal)?;
    let qr = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    Ok(Step::Enroll { secret: secret.expose().clone(), qr })
}

pub async fn prove(State(app): State<App>, stranger: Stranger, form: Form) -> Result<Response, Failure> {
    check(&stranger, &form)?;
    let next = own_path(form.fields.get("next")).unwrap_or("/console");
    let proved = async {
        let Prove { code } = Json::from_value(json!({"code": form.fields.get("code").trim()})).read()?;
        finish(&app, &form.headers, &code).await?.ok_or_else(Error::unauthenticated)
    };
    let Proved { token, recovery_codes, .. } = match proved.await {
        Ok(proved) => proved,
        Err(error) if error.faults().is_empty() => {
            // The sign-in took too long: it begins again.
            return again(&stranger, Step::Phone { phone: String::new() }, next, error);
        }
        Err(error) => return again(&stranger, Step::SecondFactor, next, error),
    };
    let mut response = match recovery_codes.is_empty() {
        true => redirect(next, stranger.is_fragment),
        false => {
            let codes = recovery_codes.iter().map(|code| code.expose().clone()).collect();
            render(&stranger, StatusCode::OK, Step::RecoveryCodes(codes), next, &[])?
        }
    };
    if let Some(token) = &token {
        set_cookie(&mut response, SIGN_IN, None);
        set_cookie(&mut response, SESSION, Some(token.as_deref()));
    }
    Ok(response)
}

pub async fn sign_out(State(app): State<App>, visit: Visit, form: Form) -> Result<Response, Failure> {
    form.check(&visit.form_token)?;
    app.staff.sign_out(&visit.signed_in).await?;
    let mut response = redirect("/console/sign-in", visit.is_fragment);
    set_cookie(&mut response, SESSION, None);
    set_cookie(&mut response, SIGN_IN, None);
    Ok(response)
}

/// Whether the form is one that this visitor got.
fn check(stranger: &Stranger, form: &Form) -> Result<(), Failure> {
    let visitor = visitor(&form.headers).ok_or(Failure::Foreign)?;
    form.check(&token_of(visitor)).and(if stranger.new.is_none() { Ok(()) } else { Err(Failure::Foreign) })
}

fn visitor(headers: &HeaderMap) -> Option<Secret<&str>> {
    cookie(headers, VISITOR)
}

/// The same step with what was wrong.
fn again(stranger: &Stranger, step: Step, next: &str, error: Error) -> Result<Response, Failure> {
    let status = answer::status(&error).0;
    if status.is_server_error() {
        return Err(error.into());
    }
    let faults: Vec<String> = match error.faults() {
        [] => vec![text(&format!("failure.{}", crate::kind(&error))).into_owned()],
        faults => faults.iter().map(|Fault { field, reason }| sentence(&Fault::new(field.clone(), reason.clone()))).collect(),
    };
    render(stranger, status, step, next, &faults)
}

fn render(stranger: &Stranger, status: StatusCode, step: Step, next: &str, faults: &[String]) -> Result<Response, Failure> {
    let page = SignInPage {
        nonce: stranger.nonce.clone(),
        form_token: stranger.form_token.expose().clone(),
        assets: assets::version(),
        step,
        next: own_path(next).unwrap_or("/console").to_owned(),
        faults: faults.to_vec(),
    };
    let mut response = html(&stranger.nonce, "", status, &page)?;
    if let Some(new) = &stranger.new {
        set_cookie(&mut response, VISITOR, Some(new.as_deref()));
    }
    Ok(response)
}
