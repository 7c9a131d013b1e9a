//! Registration, login and the profile of a user (document, 一、用户模块).

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok, rejection, unique};
use crate::support::documents::jobboard::documented;
use crate::support::persons::Keys;
use crate::support::{Partner, Response, Stage, fetch, world};

async fn register(board: &Board, body: &Value) -> Response {
    board.post("/wechat/user/register", body).await
}

fn login_required() -> Response {
    rejection(401, "login required")
}

#[tokio::test]
async fn register_and_login_return_the_token_in_two_headers_exposed_to_pages() {
    let board = Board::of(world());
    let name = format!("headers-{}", unique());
    let user = board.register(&name, "13900000001").await;
    let body = json!({"login_code": board.code("login", &name).await});
    let response = board.request(Method::POST, "/wechat/user/login").body(body.to_string()).send().await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("authorization"), format!("Bearer {}", header("x-auth-token")));
    assert_eq!(header("access-control-expose-headers"), "Authorization, X-Auth-Token");
    assert_eq!(header("cache-control"), "no-store");
    let again = User { token: header("x-auth-token"), ..user.clone() };
    assert_eq!(again.info().await, user.info().await);
    assert_eq!(response.json::<Value>().await.unwrap(), ok(json!({"user_info": {"id": user.id}})).body);
}

#[tokio::test]
async fn a_new_user_has_the_phone_that_wechat_returns() {
    let user = Board::of(world()).join().await;
    let expected = json!({"user_id": user.id, "avatar": "", "name": "", "sex": 0, "phone": user.phone});
    assert_eq!(user.info().await, ok(expected));
}

#[tokio::test]
async fn registering_again_with_another_phone_changes_nothing() {
    let board = Board::of(world());
    let name = format!("again-{}", unique());
    let first = board.register(&name, "13900000001").await;
    let again = board.register(&name, "13900000002").await;
    assert_eq!(again.id, first.id);
    assert_eq!(again.info().await.body["data"]["phone"], "13900000001");
    // Concurrent registrations create one user as well.
    let name = format!("at-once-{}", unique());
    let all = futures::future::join_all((0..8).map(|_| board.register(&name, "13900000003"))).await;
    assert!(all.iter().all(|user| user.id == all[0].id));
}

#[tokio::test]
async fn a_code_is_single_use_and_the_code_test_always_works() {
    let board = Board::of(world());
    let (login, phone) = (board.code("login", &format!("once-{}", unique())).await, board.code("phone", "13900000001").await);
    let body = json!({"login_code": login, "phone_code": phone});
    assert_eq!(register(&board, &body).await.status, 200);
    assert_eq!(register(&board, &body).await, rejection(401, "login_code: is wrong or used"));
    assert_eq!(board.post("/wechat/user/login", &body).await, rejection(401, "login_code: is wrong or used"));
    let stale = json!({"login_code": board.code("login", &format!("stale-{}", unique())).await, "phone_code": phone});
    assert_eq!(register(&board, &stale).await, rejection(400, "phone_code: is wrong or used"));
    let test = json!({"login_code": "test", "phone_code": "test"});
    assert_eq!(register(&board, &test).await, register(&board, &test).await);
}

#[tokio::test]
async fn an_invalid_inviter_is_ignored() {
    let board = Board::of(world());
    let inviter = board.join().await;
    for inviter in [json!(inviter.id), json!(7), json!(null), json!("a name"), json!(-1), json!(inviter.id.to_string())] {
        let name = format!("invited-{}", unique());
        let body = json!({
            "login_code": board.code("login", &name).await, "phone_code": "test", "inviter_id": inviter,
        });
        assert_eq!(register(&board, &body).await.status, 200, "{inviter}");
    }
}

#[tokio::test]
async fn a_busy_or_blocking_wechat_is_reported_to_the_client() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let cases = [
        (40029, rejection(401, "login_code: is wrong or used")),
        (40226, rejection(403, "login_code: is of a user whom WeChat blocks")), // words:ignore: a text of the API
        (45011, rejection(429, "WeChat is busy: try again")),
    ];
    for (errcode, expected) in cases {
        fetch(board.http.get(format!("{}/simulate/errcode?next={errcode}", board.address.wechat_url))).await;
        assert_eq!(board.post("/wechat/user/login", &json!({"login_code": "test"})).await, expected, "{errcode}");
    }
}

#[tokio::test]
async fn missing_and_invalid_fields_are_named() {
    let board = Board::of(world());
    let user = board.join().await;
    let before = user.info().await;
    let long = "x".repeat(2049);
    let cases = [
        ("/wechat/user/register", json!({}), "phone_code: is required; login_code: is required"),
        (
            "/wechat/user/register",
            json!({"phone_code": 7, "login_code": ""}),
            "phone_code: must be a string; login_code: must not be empty",
        ),
        ("/wechat/user/login", json!({"login_code": "x".repeat(129)}), "login_code: is too long"),
        ("/user/update/geo", json!({}), "longitude: is required; latitude: is required"),
        (
            "/user/update/geo",
            json!({"longitude": 181, "latitude": "x"}),
            "longitude: must be from -180 to 180; latitude: must be a number",
        ),
        (
            "/user/update/geo",
            json!({"longitude": 1, "latitude": 1, "first_area_id": -1}),
            "first_area_id: must be a whole number from 0 to 4294967295",
        ),
        ("/user/update/geo", json!({"longitude": 1, "latitude": 1, "address": "x".repeat(257)}), "address: is too long"),
        ("/user/update/info", json!({"sex": 3}), "sex: must be a whole number from 0 to 2"),
        ("/user/update/info", json!({"phone": "12345"}), "phone: must be a mobile number"),
        ("/user/update/info", json!({"name": "x".repeat(33)}), "name: is too long"),
        (
            "/user/update/info",
            json!({"avatar": "javascript:alert(1)"}),
            "avatar: must be an http or https URL of at most 2048 characters",
        ),
        (
            "/user/update/info",
            json!({"avatar": format!("https://a/{long}")}),
            "avatar: must be an http or https URL of at most 2048 characters",
        ),
        ("/user/update/info", json!([]), "$: must be an object"),
    ];
    for (path, body, detail) in cases {
        assert_eq!(user.post(path, &body).await, rejection(400, detail), "{path} {body}");
    }
    assert_eq!(user.info().await, before);
    let broken = user.post_text("/user/update/info", "{\"name\": ").await;
    assert_eq!(broken, rejection(400, "$: is not valid JSON: EOF while parsing a value at line 1 column 9"));
    let twice = user.post_text("/user/update/info", "{\"name\": \"a\", \"name\": \"b\"}").await;
    assert_eq!(twice, rejection(400, "name: is given more than once"));
    let large = user.post_text("/user/update/info", &" ".repeat(256 * 1024 + 1)).await;
    assert_eq!(large, rejection(413, "the body must not be larger than 256 KiB"));
}

#[tokio::test]
async fn updates_are_partial() {
    let user = Board::of(world()).join().await;
    let steps = [
        (json!({"name": "小周", "sex": 2}), "", "小周", 2),
        (json!({"avatar": "https://cdn.xxx.com/a.png", "name": null}), "https://cdn.xxx.com/a.png", "小周", 2),
        (json!({"avatar": ""}), "", "小周", 2),
        (json!({}), "", "小周", 2),
    ];
    for (changes, avatar, name, sex) in steps {
        assert_eq!(user.post("/user/update/info", &changes).await, done());
        let expected = json!({"user_id": user.id, "avatar": avatar, "name": name, "sex": sex, "phone": user.phone});
        assert_eq!(user.info().await, ok(expected), "{changes}");
    }
    // Concurrent changes do not undo each other.
    let (name, sex) = (json!({"name": "张老板"}), json!({"sex": 1}));
    tokio::join!(user.post("/user/update/info", &name), user.post("/user/update/info", &sex));
    let info = user.info().await.body["data"].clone();
    assert_eq!((&info["name"], &info["sex"]), (&json!("张老板"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_update_of_a_user_succeeds_despite_constant_concurrent_updates() {
    const ROUNDS: usize = 100;
    let user = Board::of(world()).join().await;
    let running = AtomicUsize::new(3);
    // All continue until the last has done its rounds.
    let keep_updating = async |path: &str, change: fn(usize) -> Value| {
        for round in 1.. {
            assert_eq!(user.post(path, &change(round)).await, done(), "{path} {round}");
            if round == ROUNDS {
                running.fetch_sub(1, Ordering::Relaxed);
            }
            if running.load(Ordering::Relaxed) == 0 {
                return round;
            }
        }
        unreachable!()
    };
    let (_, avatar, name) = tokio::join!(
        keep_updating("/user/update/geo", |round| json!({"longitude": 116.4, "latitude": round % 90, "address": "西单"})),
        keep_updating("/user/update/info", |round| json!({"avatar": format!("https://cdn.xxx.com/{round}.png")})),
        keep_updating("/user/update/info", |round| json!({"name": format!("小周{round}")})),
    );
    let expected = json!({
        "user_id": user.id, "avatar": format!("https://cdn.xxx.com/{avatar}.png"), "name": format!("小周{name}"), "sex": 0,
        "phone": user.phone,
    });
    assert_eq!(user.info().await, ok(expected));
}

#[tokio::test]
async fn the_token_is_accepted_with_or_without_bearer_and_in_two_headers() {
    let user = Board::of(world()).join().await;
    let token = &user.token;
    for header in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("\"{token}\""),
        format!("\"Bearer {token}\""),
        format!("Bearer \"{token}\""),
        format!(" {token} "),
    ] {
        let request = user.board.request(Method::GET, "/user/info").header("authorization", &header);
        assert_eq!(fetch(request).await.status, 200, "{header}");
        let request = user
            .board
            .request(Method::GET, "/user/info")
            .header("authorization", &header)
            .header("user_id", format!("\"{}\"", user.id));
        assert_eq!(fetch(request).await.status, 200, "{header}");
    }
    let forged = format!("{}x", &token[..token.len() - 1]);
    for header in ["", "Bearer", "Bearer ", "x", &forged, &format!("Basic {token}")] {
        let request = user.board.request(Method::GET, "/user/info").header("authorization", header);
        assert_eq!(fetch(request).await, login_required(), "{header}");
    }
}

#[tokio::test]
async fn a_token_expires_after_seven_days_and_opens_no_other_api() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let partner = Partner::join(&stage.address).await;
    let foreign = user.board.request(Method::GET, "/user/info").bearer_auth(&partner.token);
    assert_eq!(fetch(foreign).await, login_required());
    assert_eq!(partner.send(Method::GET, "/api/v1/users/x", Some(&user.token), None).await.status, 401);
    stage.clock.advance(SignedDuration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(user.info().await.status, 200);
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(user.info().await, login_required());
}

#[tokio::test]
async fn a_rejected_registration_creates_no_user() {
    let board = Board::of(world());
    let name = format!("refused-{}", unique());
    let used = board.code("phone", "13900000004").await;
    let body = json!({"login_code": board.code("login", &format!("other-{}", unique())).await, "phone_code": used});
    assert_eq!(register(&board, &body).await.status, 200);
    // A code for a login is not a code for a phone, and the reverse.
    let (of_a_login, of_a_phone) = (board.code("login", &name).await, board.code("phone", "13900000004").await);
    for phone_code in [&used, "made-up", &of_a_login] {
        let body = json!({"login_code": board.code("login", &name).await, "phone_code": phone_code});
        assert_eq!(register(&board, &body).await, rejection(400, "phone_code: is wrong or used"), "{phone_code}");
        let login = json!({"login_code": board.code("login", &name).await});
        assert_eq!(board.post("/wechat/user/login", &login).await, rejection(404, "user not found"), "{phone_code}");
    }
    let login = json!({"login_code": of_a_phone});
    assert_eq!(board.post("/wechat/user/login", &login).await, rejection(401, "login_code: is wrong or used"));
    // A body without a phone code consumes no login code.
    let unused = board.code("login", &name).await;
    let missing = register(&board, &json!({"login_code": unused})).await;
    assert_eq!(missing, rejection(400, "phone_code: is required"));
    let phone = board.code("phone", "13900000004").await;
    assert_eq!(register(&board, &json!({"login_code": unused, "phone_code": phone})).await.status, 200);
}

#[tokio::test]
async fn the_codes_of_the_demo_always_work_and_each_is_another_user() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let mut known = Vec::new();
    for code in ["test", "demo-user", "demo-merchant"] {
        let body = json!({"login_code": code, "phone_code": code});
        let first = register(&board, &body).await;
        let id = first.body["data"]["user_info"]["id"].clone();
        assert_eq!(first, ok(json!({"user_info": {"id": id}})));
        for _ in 0..2 {
            assert_eq!(register(&board, &body).await, first);
            assert_eq!(board.post("/wechat/user/login", &json!({"login_code": code})).await, first);
        }
        assert!(!known.contains(&id), "{code}");
        known.push(id);
    }
}

/// A user as stored, with the sealed fields in plain.
async fn stored(stage: &Stage, id: &Value) -> Value {
    let mut users = stage.items("jobboard").await;
    users.retain(|item| item["pk"]["S"] == format!("user#{id}"));
    Keys::of(stage, "JOBBOARD_SECRET").await.opened(&users.pop().expect("a user"))
}

#[tokio::test]
async fn an_existing_inviter_is_stored_at_registration() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let inviter = board.join().await.id;
    let register_with = async |name: &str, inviter: Value| {
        let login_code = board.code("login", name).await;
        let body = json!({"login_code": login_code, "phone_code": "test", "inviter_id": inviter});
        register(&board, &body).await.body["data"]["user_info"]["id"].clone()
    };
    for (name, named, noted) in [
        ("a", json!(inviter), json!({"N": inviter.to_string()})),
        ("b", json!(inviter.to_string()), json!({"N": inviter.to_string()})),
        ("c", json!(289), Value::Null),
        ("d", json!(null), Value::Null),
        ("e", json!("小周"), Value::Null),
        ("f", json!(1e30), Value::Null),
        ("g", json!({"id": inviter}), Value::Null),
    ] {
        let id = register_with(name, named.clone()).await;
        assert_eq!(stored(&stage, &id).await["inviter"], noted, "{named}");
    }
    // A user's own id is known only after the registration, and a later inviter is not stored.
    let id = register_with("h", json!(null)).await;
    for late in [id.clone(), json!(inviter)] {
        assert_eq!(register_with("h", late.clone()).await, id);
        assert_eq!(stored(&stage, &id).await["inviter"], Value::Null, "{late}");
    }
}

#[tokio::test]
async fn a_location_is_stored_and_an_invalid_one_changes_nothing() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    assert_eq!(stored(&stage, &json!(user.id)).await["place"], Value::Null);
    let document = documented("/user/update/geo").request.as_deref().expect("a body");
    assert_eq!(user.post_text("/user/update/geo", document).await, done());
    let place = json!({"M": {
        "first_area_id": {"N": "1"}, "second_area_id": {"N": "101"}, "third_area_id": {"N": "1001"},
        "address": {"S": "北京市朝阳区XXXX"}, "longitude": {"N": "116.3974"}, "latitude": {"N": "39.9093"},
    }});
    assert_eq!(stored(&stage, &json!(user.id)).await["place"], place);
    let wrong = json!({"first_area_id": -1, "address": "上海市", "longitude": 180.1, "latitude": -91});
    let detail = "first_area_id: must be a whole number from 0 to 4294967295; longitude: must be from -180 to 180; latitude: must be from -90 to 90";
    assert_eq!(user.post("/user/update/geo", &wrong).await, rejection(400, detail));
    assert_eq!(stored(&stage, &json!(user.id)).await["place"], place);
    let expected = json!({"user_id": user.id, "avatar": "", "name": "", "sex": 0, "phone": user.phone});
    assert_eq!(user.info().await, ok(expected));
}

#[tokio::test]
async fn a_location_almost_on_the_equator_is_stored_as_on_it() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    // DynamoDB stores no number between zero and 1e-130.
    for (sent, kept) in [("1e-200", "0"), ("-1e-200", "0"), ("-0.0", "0"), ("1e-8", "0.00000001")] {
        let body = format!(r#"{{"longitude": {sent}, "latitude": 90}}"#);
        assert_eq!(user.post_text("/user/update/geo", &body).await, done(), "{sent}");
        assert_eq!(stored(&stage, &json!(user.id)).await["place"]["M"]["longitude"], json!({"N": kept}), "{sent}");
    }
}

#[tokio::test]
async fn all_invalid_fields_are_reported_and_valid_ones_are_not_stored() {
    let user = Board::of(world()).join().await;
    let before = user.info().await;
    let wrong = json!({"avatar": "x", "name": "宽".repeat(33), "sex": 3, "phone": "1"});
    let detail = "avatar: must be an http or https URL of at most 2048 characters; name: is too long; \
                  sex: must be a whole number from 0 to 2; phone: must be a mobile number";
    assert_eq!(user.post("/user/update/info", &wrong).await, rejection(400, detail));
    for (field, reason) in [
        ("avatar", "must be an http or https URL of at most 2048 characters"),
        ("name", "is too long"),
        ("sex", "must be a whole number from 0 to 2"),
        ("phone", "must be a mobile number"),
    ] {
        let mut one = json!({"avatar": "https://cdn.xxx.com/a.png", "name": "小周", "sex": 1, "phone": "13811111234"});
        one[field] = wrong[field].clone();
        assert_eq!(user.post("/user/update/info", &one).await, rejection(400, &format!("{field}: {reason}")));
        assert_eq!(user.info().await, before, "{field}");
    }
    let widest = "宽".repeat(32);
    assert_eq!(user.post("/user/update/info", &json!({"name": widest})).await, done());
    assert_eq!(user.info().await.body["data"]["name"], widest);
}
