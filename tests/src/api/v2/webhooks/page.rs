//! /docs/webhooks: the page of a webhook, for the people of its product.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{department, opened};
use crate::support::Stage;
use crate::support::consent::Page;
use crate::support::product::Product;
use crate::support::receiver::{Reaction, Receiver};
use crate::support::webhook_page::{Browser, PATH, link};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const ENDED: &str = "链接不正确或已失效，请从您的产品重新打开";
const NO_EVENT: &str = "没有这个事件，它可能已超过 30 天";
const WRONG_TIME: &str = "请输入最近 30 天内的时间";

/// A page that shows nothing but a message.
#[track_caller]
fn is_stopped(page: &Page, status: u16, message: &str) {
    assert_eq!((page.status, page.message().as_deref()), (status, Some(message)), "{page:?}");
    assert!(!page.html.contains("<form") && !page.html.contains("<table"), "{}", page.html);
    page.is_safe(POLICY);
}

#[track_caller]
fn is_redirected(page: &Page, location: &str) {
    assert_eq!((page.status, page.header("location"), page.html.as_str()), (303, Some(location), ""), "{page:?}");
}

/// What the page says of a form that was sent.
fn note(page: &Page) -> Option<&str> {
    page.html.split("role=\"status\">").nth(1)?.split('<').next()
}

/// The cells of the table of events, row by row.
fn rows(page: &Page) -> Vec<Vec<String>> {
    let cell = |text: &str| {
        let text = text.split_once('>').map_or("", |(_, text)| text);
        let inner: String = text.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
        inner.trim().to_owned()
    };
    let body = page.html.split("<thead>").nth(1).unwrap_or_default();
    let rows = body.split("<tr>").skip(2);
    rows.map(|row| row.split("<td").skip(1).map(|text| cell(text.split("</td>").next().unwrap_or_default())).collect())
        .collect()
}

#[tokio::test]
async fn a_signed_link_opens_the_settings_and_the_events_with_their_attempts() {
    let (stage, product, receiver, secret) = opened(&["department_created", "department_updated"]).await;
    receiver.take();
    receiver.reacts(&[Reaction::Answer(500, "<b>no</b>")]);
    product.imports("departments", &[department(7, "部门")]).await;
    stage.address.settle_events().await;
    let event = receiver.take()[0].id().to_owned();

    let mut browser = Browser::new(&product.address.base_url);
    let link = link(&product);
    let first = browser.open(&link).await;
    is_redirected(&first, PATH);
    let cookie = browser.cookie.clone().expect("a cookie");
    let attributes = first.header("set-cookie").and_then(|set| set.strip_prefix(cookie.as_str()));
    assert_eq!(attributes, Some("; Path=/docs/webhooks; SameSite=Lax; Max-Age=3600; HttpOnly"));
    assert!(!cookie.contains(&product.secret_key) && !cookie.contains(&link[2].1), "{cookie}");

    let page = browser.get(&[]).await;
    assert_eq!((page.status, page.message()), (200, None), "{page:?}");
    page.is_safe(POLICY);
    let (company, origin) = (product.company.as_str(), receiver.address.strip_suffix("/hook").unwrap());
    for text in [product.product_id.as_str(), company, origin, "推送中", "department_created"] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(
        !page.html.contains("/hook") && !page.html.contains(&secret),
        "a path may be a secret of the receiver: {}",
        page.html
    );
    let id = format!("{:032x}", 7);
    assert_eq!(rows(&page), [["2024-01-15 18:30:00", "department_created", &id, "等待推送", "1 次，500"]]);

    let shown = browser.get(&[("event_id", &event)]).await;
    assert_eq!((shown.status, shown.message()), (200, None), "{shown:?}");
    shown.is_safe(POLICY);
    for text in [&event, &id, "部门 <code>", "2024-01-15 18:30:00 · 500 · ", "&#60;b&#62;no&#60;/b&#62;"] {
        assert!(shown.html.contains(text), "{text}: {}", shown.html);
    }
    let mut to_event = link.clone();
    to_event.push(("event_id", event.clone()));
    is_redirected(&Browser::new(&product.address.base_url).open(&to_event).await, &format!("{PATH}?event_id={event}"));
    to_event[3].1 = "a b".into();
    is_redirected(&Browser::new(&product.address.base_url).open(&to_event).await, PATH);
    is_stopped(&browser.get(&[("event_id", &format!("{event}0"))]).await, 404, NO_EVENT);
    is_stopped(&browser.get(&[("cursor", "x")]).await, 400, ENDED);
}

#[tokio::test]
async fn events_are_shown_in_pages_of_twenty() {
    let (stage, product, receiver, _) = opened(&["department_created"]).await;
    let departments: Vec<Value> = (1..=25).map(|number| department(number, "部门")).collect();
    product.imports("departments", &departments).await;
    stage.address.settle_events().await;
    assert_eq!(receiver.take().len(), 25);
    let browser = Browser::of(&product).await;
    let first = browser.get(&[]).await;
    let cursor = first.html.split("?cursor=").nth(1).and_then(|text| text.split('"').next()).expect("a next page");
    let second = browser.get(&[("cursor", cursor)]).await;
    assert!(!second.html.contains("?cursor="), "{}", second.html);
    let mut ids: Vec<String> = [rows(&first), rows(&second)].concat().into_iter().map(|row| row[2].clone()).collect();
    assert_eq!((rows(&first).len(), ids.len()), (20, 25));
    ids.sort();
    assert_eq!(ids, (1..=25).map(|number| format!("{number:032x}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_form_sends_a_test_event_or_events_again_once_however_often_it_is_sent() {
    let (stage, product, receiver, _) = opened(&["department_created"]).await;
    receiver.take();
    product.imports("departments", &[department(7, "部门")]).await;
    stage.address.settle_events().await;
    let event = receiver.take()[0].id().to_owned();
    let browser = Browser::of(&product).await;
    let sent = async || {
        stage.address.settle_events().await;
        stage.clock.advance(SignedDuration::from_secs(1));
        receiver.take().iter().map(|call| (call.id() == event, call.event()["event_type"].clone())).collect::<Vec<_>>()
    };
    for (action, fields, location, done, expected) in [
        ("test", vec![], "?done=test", "测试事件已经提交，稍后推送", (false, "webhook_test")),
        (
            "replay",
            vec![("event_id", event.as_str())],
            &format!("?done=replay&event_id={event}"),
            "事件已经提交，稍后再次推送",
            (true, "department_created"),
        ),
        ("replays", vec![("since", "2024-01-15T18:30")], "?done=replays", "", (true, "department_created")),
    ] {
        let token = browser.get(&[]).await.field("token");
        let form = [vec![("action", action), ("token", &token)], fields].concat();
        for _ in 0..2 {
            is_redirected(&browser.submit(&form).await, &format!("{PATH}{location}"));
        }
        let mut events = sent().await;
        if action == "replays" {
            assert_eq!(events.iter().filter(|(_, event_type)| event_type == "webhook_test").count(), 1, "{events:?}");
            events.retain(|(_, event_type)| event_type != "webhook_test");
        }
        assert_eq!(events, [(expected.0, json!(expected.1))], "{action}");
        if !done.is_empty() {
            let query: Vec<(&str, &str)> = location[1..].split('&').filter_map(|pair| pair.split_once('=')).collect();
            assert_eq!(note(&browser.get(&query).await), Some(done));
        }
    }
    let token = browser.get(&[]).await.field("token");
    for since in ["", "yesterday", "2023-12-15T18:30", "2024-13-01T00:00"] {
        let page = browser.submit(&[("action", "replays"), ("token", &token), ("since", since)]).await;
        assert_eq!((page.status, page.message().as_deref()), (422, Some(WRONG_TIME)), "{since}");
    }
    for id in ["", "evt_0", "a b"] {
        is_stopped(&browser.submit(&[("action", "replay"), ("token", &token), ("event_id", id)]).await, 404, NO_EVENT);
    }
    is_stopped(&browser.submit(&[("action", "delete"), ("token", &token)]).await, 400, ENDED);
    assert_eq!(sent().await, []);
}

#[tokio::test]
async fn a_link_that_is_wrong_or_old_opens_nothing() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let other = Product::join_stage(&stage).await;
    let mut browser = Browser::new(&product.address.base_url);
    is_stopped(&browser.get(&[]).await, 403, ENDED);
    let good = link(&product);
    let foreign = [good[0].clone(), good[1].clone(), link(&other)[2].clone()];
    for wrong in [&foreign[..], &good[..2], &good[..1], &[good[0].clone(), good[2].clone()]] {
        is_stopped(&browser.open(wrong).await, 401, ENDED);
    }
    let mut of_a_call = good.clone();
    of_a_call[2].1 = product.sign("GET", "/api/v2/webhooks", &good[1].1, "");
    is_stopped(&browser.open(&of_a_call).await, 401, ENDED);
    stage.clock.advance(SignedDuration::from_secs(301));
    is_stopped(&browser.open(&good).await, 401, ENDED);
    assert_eq!(browser.cookie, None);
    let known = link(&product);
    is_redirected(&browser.open(&known).await, PATH);
    let cookie = browser.cookie.clone().expect("a cookie");
    is_stopped(&browser.get(&[]).await, 404, "没有事件推送，请先通过接口设置");

    let (name, value) = cookie.split_once('=').expect("a cookie");
    let (access_key, token) = value.split_once('.').expect("a key and a token");
    for forged in ["", "x", access_key, &format!("{}.{token}", other.access_key), &format!("{value}0"), &"9".repeat(400)] {
        browser.cookie = Some(format!("{name}={forged}"));
        is_stopped(&browser.get(&[]).await, 403, ENDED);
    }
}

#[tokio::test]
async fn a_session_ends_after_an_hour_and_with_its_access_key() {
    let (stage, product, _receiver, _) = opened(&["webhook_open"]).await;
    let browser = Browser::of(&product).await;
    let token = browser.get(&[]).await.field("token");
    let key = |command: &str| json!({"command": command, "access_key": product.access_key});
    product.command(key("disable_access_key")).await;
    // A function caches a key for five seconds.
    stage.clock.advance(SignedDuration::from_secs(6));
    is_stopped(&browser.get(&[]).await, 403, ENDED);
    is_stopped(&browser.submit(&[("action", "test"), ("token", &token)]).await, 403, ENDED);
    product.command(key("enable_access_key")).await;
    stage.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(browser.get(&[]).await.status, 200);
    stage.clock.advance(SignedDuration::from_mins(60));
    is_stopped(&browser.get(&[]).await, 403, ENDED);
    is_stopped(&browser.submit(&[("action", "test"), ("token", &token)]).await, 403, ENDED);
}

#[tokio::test]
async fn a_form_of_another_session_or_without_a_token_does_nothing() {
    let (stage, product, receiver, _) = opened(&["webhook_open"]).await;
    receiver.take();
    let other = Product::join_stage(&stage).await;
    let foreign = Receiver::open().await;
    super::subscribe(&other, &foreign, &["webhook_open"]).await;
    let (browser, stranger) = (Browser::of(&product).await, Browser::of(&other).await);
    // A second session of the same product in the same second would be the same one.
    stage.clock.advance(SignedDuration::from_secs(1));
    let second = Browser::of(&product).await;
    stage.address.settle_events().await;
    foreign.take();
    let tokens = [stranger.get(&[]).await.field("token"), second.get(&[]).await.field("token"), "x".into(), "x.1.y".into()];
    for token in tokens {
        is_stopped(&browser.submit(&[("action", "test"), ("token", &token)]).await, 403, ENDED);
    }
    for (form, text) in
        [(vec![("action", "test")], "token is required"), (vec![("action", "test"), ("token", "")], "token is required")]
    {
        let page = browser.submit(&form).await;
        assert_eq!((page.status, &page.html.contains(text)), (422, &true), "{page:?}");
    }
    stage.address.settle_events().await;
    assert_eq!((receiver.take().len(), foreign.take().len()), (0, 0));
    let mine = browser.get(&[]).await;
    let events = stranger.get(&[("event_id", &first_id(&mine))]).await;
    is_stopped(&events, 404, NO_EVENT);
}

/// The first event of the page.
fn first_id(page: &Page) -> String {
    page.html.split("?event_id=").nth(1).and_then(|text| text.split('"').next()).expect("an event").to_owned()
}

#[tokio::test]
async fn no_other_method_and_no_path_below_is_served() {
    let product = Product::join().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let url = format!("{}{PATH}", product.address.base_url);
        let status = product.http.request(method.clone(), url).send().await.unwrap().status().as_u16();
        assert!([404, 405].contains(&status), "{method}: {status}");
    }
}
