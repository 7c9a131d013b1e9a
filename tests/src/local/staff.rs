//! The demo members of staff: they sign in to the console with what `demo.json` says of them.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use local::{Options, World};
use serde_json::{Value, json};
use shared::runtime::clock::{Clock as _, ManualClock, SystemClock};

use crate::support::staff::{App, Browser, totp};
use crate::support::{Address, Response, client, fetch, world};

const ROLES: [(&str, &str); 7] = [
    ("reviewer", "审核专员"),
    ("hr", "人事专员"),
    ("support", "客服"),
    ("finance", "财务"),
    ("moderator", "内容审核"),
    ("admin", "平台管理员"),
    ("auditor", "审计"),
];

async fn start(data_dir: &Path) -> World {
    World::start(Options { data_dir: Some(data_dir.to_owned()), demo: true, ..Options::default() }).await.unwrap()
}

/// The members in `demo.json`.
fn members(data_dir: &Path) -> Vec<Value> {
    let demo: Value = serde_json::from_slice(&std::fs::read(data_dir.join("demo.json")).unwrap()).unwrap();
    demo["staff"].as_array().unwrap().clone()
}

fn text<'a>(member: &'a Value, name: &str) -> &'a str {
    member[name].as_str().unwrap()
}

async fn get(base_url: &str, path: &str) -> Response {
    fetch(client().get(format!("{base_url}{path}"))).await
}

fn ok(body: Value) -> Response {
    Response { status: 200, body }
}

/// Signs in as a member with the phone, the text message and the secret of the second factor. Returns the member as the console shows it.
async fn sign_in(address: &Address, member: &Value, now: Timestamp) -> Value {
    let (browser, phone) = (Browser::at(address), text(member, "phone"));
    assert_eq!(browser.post("sign-in", &json!({"phone": phone})).await, ok(json!({"next": "code"})));
    let code = address.code(phone).await;
    assert_eq!(browser.post("code", &json!({"phone": phone, "code": code})).await, ok(json!({"next": "totp"})));
    let code = App::new(text(member, "totp_secret")).code(now);
    let proved = browser.post("totp", &json!({"code": code})).await;
    assert_eq!(proved, ok(json!({"next": "signed_in", "recovery_codes_left": 10})));
    browser.get("me").await.body["staff"].clone()
}

/// The ids of all members.
async fn ids(address: &Address) -> Vec<Value> {
    let listed = address.command(&json!({"command": "list_staff"})).await;
    listed["staff"].as_array().unwrap().iter().map(|member| member["staff_id"].clone()).collect()
}

#[tokio::test]
async fn a_demo_member_of_each_role_signs_in_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path()).await;
    let address = Address::of(&world);
    assert_eq!(get(&world.base_url, "/_local/sms").await, ok(json!([])), "the messages of the first sign-in are not shown");
    let members = members(folder.path());
    assert_eq!(members.iter().map(|member| text(member, "role")).collect::<Vec<_>>(), ROLES.map(|(role, _)| role));
    let html = client().get(&world.base_url).send().await.unwrap().text().await.unwrap();
    for (member, (role, name)) in members.iter().zip(ROLES) {
        let shown = sign_in(&address, member, SystemClock.now()).await;
        let assigned = match role {
            "reviewer" => json!({"platform_code": "gongqiao", "companies": [12, 13]}),
            _ => Value::Null,
        };
        let phone = text(member, "phone");
        let masked = format!("{}****{}", &phone[..3], &phone[7..]);
        assert_eq!(
            shown,
            json!({
                "staff_id": shown["staff_id"], "name": member["name"], "phone": masked, "roles": [role], "assigned": assigned,
                "enabled": true, "has_second_factor": true, "created_at": shown["created_at"], "sessions": shown["sessions"],
            })
        );
        assert_eq!(shown["sessions"].as_array().unwrap().len(), 1, "the session of the first sign-in has ended");
        let row = html.split("<tr>").find(|row| row.contains(phone)).unwrap();
        assert!(
            row.contains(text(member, "name")) && row.contains(name) && row.contains(&format!("data-totp=\"{role}\"")),
            "{row}"
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn demo_members_survive_a_restart_and_a_lost_demo_json() {
    let folder = tempfile::tempdir().unwrap();
    let world = start(folder.path()).await;
    let (before, created) = (members(folder.path()), ids(&Address::of(&world)).await);
    assert_eq!(created.len(), 7);
    world.stop().await;

    let world = start(folder.path()).await;
    let address = Address::of(&world);
    assert_eq!((members(folder.path()), ids(&address).await), (before.clone(), created.clone()));
    sign_in(&address, &before[0], SystemClock.now()).await;
    // An administrator disables one and lets another one set up the second factor again.
    let disable = json!({"command": "disable_staff", "staff_id": created[1]});
    let reset = json!({"command": "reset_second_factor", "staff_id": created[2]});
    for command in [disable, reset] {
        assert_eq!(address.operate(&command).await.status, 200);
    }
    world.stop().await;

    let world = start(folder.path()).await;
    let address = Address::of(&world);
    let shown = address.command(&json!({"command": "list_staff"})).await;
    let enabled = shown["staff"].as_array().unwrap().iter().filter(|member| member["enabled"] == true);
    assert_eq!((enabled.count(), ids(&address).await), (6, created.clone()));
    let changed: Vec<bool> = members(folder.path()).iter().zip(&before).map(|(now, before)| now != before).collect();
    assert_eq!(changed, created.iter().map(|id| *id == created[2]).collect::<Vec<_>>());
    world.stop().await;

    // More first sign-ins than one phone or one address may have within a minute.
    let mut known = members(folder.path());
    for lost in 1..=3_usize {
        std::fs::remove_file(folder.path().join("demo.json")).unwrap();
        let world = start(folder.path()).await;
        let address = Address::of(&world);
        let members = members(folder.path());
        assert!(members.iter().zip(&known).all(|(new, old)| new["totp_secret"] != old["totp_secret"]));
        for (new, old) in members.iter().zip(&mut known) {
            old["totp_secret"] = new["totp_secret"].clone();
        }
        assert_eq!((&members, ids(&address).await), (&known, created.clone()));
        // Another one each time: a phone gets one text message a minute.
        sign_in(&address, &members[2 + lost], SystemClock.now()).await;
        world.stop().await;
    }
}

#[tokio::test]
async fn a_demo_member_who_has_used_up_the_second_factors_is_left_out_until_later() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at("2024-01-15T10:30:00Z".parse().unwrap()));
    let start = async || {
        let options =
            Options { data_dir: Some(folder.path().to_owned()), demo: true, clock: clock.clone(), ..Options::default() };
        World::start(options).await.unwrap()
    };
    let world = start().await;
    let (all, address) = (members(folder.path()), Address::of(&world));
    let (browser, phone) = (Browser::at(&address), text(&all[0], "phone"));
    browser.post("sign-in", &json!({"phone": phone})).await;
    let code = address.code(phone).await;
    browser.post("code", &json!({"phone": phone, "code": code})).await;
    // The set-up was the first one.
    for _ in 1..5 {
        assert_eq!(browser.post("totp", &json!({"code": "none"})).await.status, 400);
    }
    world.stop().await;
    for (after, expected) in [(0, &all[1..]), (10, &all)] {
        clock.advance(SignedDuration::from_mins(after));
        let _ = std::fs::remove_file(folder.path().join("demo.json"));
        let world = start().await;
        let phones = |members: &[Value]| members.iter().map(|member| member["phone"].clone()).collect::<Vec<_>>();
        assert_eq!(phones(&members(folder.path())), phones(expected), "after {after} minutes");
        if after > 0 {
            sign_in(&Address::of(&world), &members(folder.path())[0], clock.now()).await;
        }
        world.stop().await;
    }
}

#[tokio::test]
async fn the_home_page_gets_the_current_codes() {
    let clock = Arc::new(ManualClock::at("2024-01-15T10:30:00Z".parse().unwrap()));
    let options = Options { clock: clock.clone(), demo: true, sends_messages: false, ..Options::default() };
    let world = World::start(options).await.unwrap();
    let staff = serde_json::to_value(&world.demo.as_ref().unwrap().staff).unwrap();
    // The first code that the page shows was not used in the first sign-in.
    sign_in(&Address::of(&world), &staff[0], clock.now()).await;
    for (after, seconds) in [(0, 30), (1, 29), (29, 1), (30, 30), (75, 15)] {
        clock.advance("2024-01-15T10:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(after) - clock.now());
        let step = clock.now().as_second().unsigned_abs() / 30;
        let codes: serde_json::Map<String, Value> = staff
            .as_array()
            .unwrap()
            .iter()
            .map(|member| (text(member, "role").to_owned(), totp(text(member, "totp_secret"), step).into()))
            .collect();
        assert_eq!(get(&world.base_url, "/_local/totp").await, ok(json!({"seconds": seconds, "codes": codes})), "{after}");
    }
    world.stop().await;
}

#[tokio::test]
async fn without_demo_data_or_text_messages_there_are_no_demo_members() {
    let none = get(&world().base_url, "/_local/totp").await;
    assert_eq!(none, ok(json!({"seconds": none.body["seconds"], "codes": {}})));
    let variables = [("AWS_ENDPOINT_URL_SNS".to_owned(), world().wechat_url.clone())];
    let other = World::start(Options { demo: true, variables: variables.into(), ..Options::default() }).await.unwrap();
    assert!(other.demo.as_ref().unwrap().staff.is_empty());
    assert_eq!(Address::of(&other).command(&json!({"command": "list_staff"})).await["staff"], json!([]));
    let html = client().get(&other.base_url).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("演示账号") && !html.contains("id=\"staff\"") && html.contains("href=\"/console\""));
    other.stop().await;
}
