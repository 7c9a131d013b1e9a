//! The pages of a visitor who is not signed in.

use reqwest::Method;
use serde_json::json;
use shared::runtime::clock::Clock as _;

use super::place::Place;
use super::{How, Seen};
use crate::support::pages::Page;
use crate::support::staff::{Browser, Staff};

/// What a visitor sees who is not signed in: the steps of the sign-in, and failures.
pub async fn strangers(place: &Place) -> Vec<Seen> {
    let staff = Staff::create(&place.stage.address, &["support"], json!({"name": "后台丙"})).await;
    let browser = Browser::at(&place.stage.address);
    let begun = browser.open("/console/sign-in?next=/console/users").await;
    let wrong = browser.submit(&begun.form("/console/sign-in").fill("phone", "1")).await;
    let sent = browser.submit(&begun.form("/console/sign-in").fill("phone", &staff.phone)).await;
    let code = place.stage.address.code(&staff.phone).await;
    let rejected = browser.submit(&sent.form("/console/sign-in/code").fill("code", "x")).await;
    let enrolling = browser.submit(&sent.form("/console/sign-in/code").fill("code", &code)).await;
    staff.set_up_with(&secret_of(&enrolling));
    let wrong_factor = browser.submit(&enrolling.form("/console/sign-in/totp").fill("code", "x")).await;
    let totp = staff.totp(place.stage.clock.now());
    let enrolled = browser.submit(&enrolling.form("/console/sign-in/totp").fill("code", &totp)).await;
    let stranger = Browser::at(&place.stage.address);
    let send = async |request: reqwest::RequestBuilder| stranger.page("/console/do/help", request).await;
    let foreign = send(stranger.request_to(Method::POST, "/console/sign-in").body("{}")).await;
    let method = send(stranger.request_to(Method::DELETE, "/console/users")).await;
    let unknown = stranger.open("/console/a/b").await;
    let redirected = send(stranger.request_to(Method::GET, "/console/users")).await;
    let fragment = send(stranger.request_to(Method::GET, "/console/users").header("hx-request", "true")).await;
    let asset = stranger.open("/console/assets/0/no.js").await;
    let pages = [
        begun,
        wrong,
        sent,
        rejected,
        enrolling,
        wrong_factor,
        enrolled,
        foreign,
        method,
        unknown,
        redirected,
        fragment,
        asset,
    ];
    pages
        .into_iter()
        .map(|page| Seen {
            role: "stranger",
            page,
            object: None,
            command: None,
            entered: vec![staff.phone.clone()],
            how: How::Typed,
        })
        .collect()
}

/// The secret that a page shows for the authenticator app.
pub fn secret_of(page: &Page) -> String {
    let [secret] = &page.texts("code")[..] else { panic!("one secret: {}", page.html) };
    secret.clone()
}
