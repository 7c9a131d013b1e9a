use serde_json::{Value, json};

use crate::support::resource::{USERS, is_number, number};
use crate::support::{Partner, Stage, document, problem, success, world};

#[tokio::test]
async fn the_documents_example_is_stored_and_returned_whole() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let created = partner.post_text("/api/v1/users", document::example("channel_user_id")).await;
    let user_id = created.body["data"]["user_id"].as_str().unwrap().to_owned();
    assert!(is_number(&user_id));
    let data = json!({"user_id": user_id, "channel_user_id": "U20240101001", "created_at": "2024-01-15T10:30:00Z"});
    assert_eq!(created, success(data));

    let mut whole = document::parsed("channel_user_id");
    whole["user_id"] = user_id.into();
    whole["created_at"] = "2024-01-15T10:30:00Z".into();
    whole["updated_at"] = "2024-01-15T10:30:00Z".into();
    assert_eq!(partner.get("/api/v1/users/U20240101001").await, success(whole));
}

#[tokio::test]
async fn another_channels_user_does_not_exist() {
    let (owner, other) = (Partner::join(world()).await, Partner::join(world()).await);
    owner.push_examples(&["users"]).await;
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    assert_eq!(other.get("/api/v1/users/U20240101001").await, missing);
    assert_eq!(other.put("/api/v1/users/U20240101001", &json!({"name": "李四"})).await, missing);
}

#[tokio::test]
async fn two_channels_have_users_of_the_same_id() {
    let (one, other) = (Partner::join(world()).await, Partner::join(world()).await);
    let ones = USERS.stores(&one, &USERS.example()).await;
    let others = USERS.stores(&other, &USERS.with("name", "李四")).await;
    assert_ne!(ones["user_id"], others["user_id"]);
    assert_eq!(one.get(&USERS.example_path()).await, success(ones));
}

#[tokio::test]
async fn a_user_is_created_once() {
    USERS.is_created_once(json!({"phone": "13900139000"}), ("name", "李四".into())).await;
}

#[tokio::test]
async fn a_repeated_post_may_spell_the_same_values_differently() {
    let partner = Partner::join(world()).await;
    let first = partner.post(USERS.path, &USERS.example()).await;
    let mut same = USERS.example();
    same["live_certification"]["face_score"] = number("95.50");
    same["live_certification"]["certification_time"] = "2024-01-15T18:30:00+08:00".into();
    assert_eq!(partner.post(USERS.path, &same).await, first);
}

#[tokio::test]
async fn a_patch_is_merged_into_the_user() {
    USERS
        .merges(&[
            (json!({}), &[]),
            (json!({"name": "李四"}), &[("name", "李四".into())]),
            (json!({"channel_user_id": "merged.2", "name": "李四"}), &[("name", "李四".into())]),
            (json!({"live_certification": {}}), &[]),
            (json!({"live_certification": {"face_score": 88}}), &[("live_certification.face_score", 88.into())]),
            (
                json!({"live_certification": {"certified": false, "photos": null}}),
                &[("live_certification.certified", false.into()), ("live_certification.photos", Value::Null)],
            ),
            (
                json!({"live_certification": {"photos": ["https://cdn.example.com/2.jpg"]}}),
                &[("live_certification.photos", json!(["https://cdn.example.com/2.jpg"]))],
            ),
            (json!({"live_certification": null}), &[("live_certification", Value::Null)]),
        ])
        .await;
}

#[tokio::test]
async fn a_patch_that_makes_the_user_invalid_is_rejected() {
    USERS
        .rejects_patches(&[
            (json!({"name": null}), 400, &[("name", "is required")]),
            (json!({"id_card": null, "phone": null}), 400, &[("id_card", "is required"), ("phone", "is required")]),
            (json!({"live_certification": {"certified": null}}), 400, &[("live_certification.certified", "is required")]),
            (json!({"channel_user_id": "U2"}), 400, &[("channel_user_id", "is not the id in the path")]),
            (json!({"channel_user_id": null}), 400, &[("channel_user_id", "is not the id in the path")]),
            (json!({"phone": "1"}), 400, &[("phone", "must be a mobile number")]),
            (
                json!({"live_certification": {"liveness_score": 100.01}}),
                400,
                &[("live_certification.liveness_score", "must be from 0 to 100")],
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_certification_that_comes_later_must_be_whole() {
    let partner = Partner::join(world()).await;
    USERS.stores(&partner, &USERS.without("live_certification")).await;
    let response = partner.put(&USERS.example_path(), &json!({"live_certification": {"face_score": 1}})).await;
    let faults = [("live_certification.certified", "is required"), ("live_certification.certification_time", "is required")];
    assert_eq!(response, problem(400, 1001, &faults));
}

#[tokio::test]
async fn only_a_change_moves_updated_at() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let mut whole = USERS.stores(&partner, &USERS.example()).await;
    stage.clock.advance(jiff::SignedDuration::from_secs(60));
    for nothing_new in [json!({}), json!({"name": "张三"}), whole.clone()] {
        assert_eq!(partner.put(&USERS.example_path(), &nothing_new).await, success(whole.clone()), "{nothing_new}");
    }
    whole["name"] = "李四".into();
    whole["updated_at"] = "2024-01-15T10:31:00Z".into();
    assert_eq!(partner.put(&USERS.example_path(), &json!({"name": "李四"})).await, success(whole.clone()));
    stage.clock.advance(jiff::SignedDuration::from_secs(60));
    assert_eq!(partner.get(&USERS.example_path()).await, success(whole));
}

#[tokio::test]
async fn a_user_that_was_never_posted_cannot_be_changed() {
    let partner = Partner::join(world()).await;
    let missing = problem(404, 1001, &[("channel_user_id", "does not exist")]);
    assert_eq!(partner.put(&USERS.example_path(), &USERS.example()).await, missing);
    USERS.absent(&partner, "U20240101001").await;
}

#[tokio::test]
async fn missing_required_fields_of_a_user_are_named() {
    let partner = Partner::join(world()).await;
    let all = ["channel_user_id", "name", "id_card", "phone"].map(|field| (field, "is required"));
    USERS.rejects(&partner, &json!({}), &all).await;
    for (field, reason) in all {
        USERS.rejects(&partner, &USERS.without(field), &[(field, reason)]).await;
    }
    let mut nulled = USERS.example();
    nulled["name"] = Value::Null;
    USERS.rejects(&partner, &nulled, &[("name", "is required")]).await;

    for field in ["live_certification.certified", "live_certification.certification_time"] {
        USERS.rejects(&partner, &USERS.without(field), &[(field, "is required")]).await;
    }
    USERS.rejects_each(&partner, "name", "must not be empty", ["", " ", "　"]).await;
}

#[tokio::test]
async fn absent_optional_fields_of_a_user_are_not_returned() {
    let partner = Partner::join(world()).await;
    let optional = ["live_certification", "live_certification.certification_method", "live_certification.face_score"];
    for (count, field) in
        optional.into_iter().chain(["live_certification.liveness_score", "live_certification.photos"]).enumerate()
    {
        let mut body = USERS.without(field);
        body["channel_user_id"] = format!("lacking.{count}").into();
        USERS.stores(&partner, &body).await;
    }
    let mut nulled = USERS.example();
    nulled["live_certification"] = Value::Null;
    USERS.stores_as(&partner, &nulled.to_string(), &USERS.without("live_certification")).await;
}

#[tokio::test]
async fn an_id_has_up_to_64_allowed_characters() {
    let partner = Partner::join(world()).await;
    let longest = "x".repeat(64);
    USERS.accepts(&partner, "channel_user_id", ["a", "A-1_b.c", "-", "0", longest.as_str()]).await;
    let reason = "must be 1 to 64 of A-Z a-z 0-9 . _ -";
    let too_long = "x".repeat(65);
    let bad = ["", "a b", "a/b", "a#b", "张三", "a\n", "ａ", too_long.as_str()];
    USERS.rejects_each(&partner, "channel_user_id", reason, bad).await;
    for bad in ["a%20b", "%E5%BC%A0", too_long.as_str()] {
        assert_eq!(partner.get(&USERS.path_of(bad)).await, problem(400, 1001, &[("channel_user_id", reason)]), "{bad}");
        assert_eq!(
            partner.put(&USERS.path_of(bad), &json!({})).await,
            problem(400, 1001, &[("channel_user_id", reason)]),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn an_identity_number_has_18_characters_and_a_real_date() {
    let partner = Partner::join(world()).await;
    let good = ["110101199001011234", "11010119900101123X", "11010119900101123x", "110101200002291234"];
    USERS.accepts(&partner, "id_card", good).await;
    let bad = [
        "",
        "11010119900101123",
        "1101011990010112345",
        "110101900101123",
        "110101199002301234",
        "110101190002291234",
        "110101199013011234",
        "110101199000011234",
        "11010119900101123Y",
        "X10101199001011234",
        "１１０１０１１９９００２３０１２３４",
        "一一〇一〇一一九九〇〇一〇一一二三四",
        " 10101199001011234",
    ];
    USERS.rejects_each(&partner, "id_card", "must be an 18-character identity number with a real date of birth", bad).await;
}

#[tokio::test]
async fn a_mobile_number_may_carry_the_country_code() {
    let partner = Partner::join(world()).await;
    USERS
        .accepts(&partner, "phone", ["13000000000", "19912345678", "+8613800138000", "+86 13800138000", "+86-13800138000"])
        .await;
    let partner = Partner::join(world()).await;
    USERS.accepts(&partner, "phone", ["+85291234567", "+853-66123456", "+886 912345678", "+4915112345678"]).await;
    let bad =
        ["", "12800138000", "1380013800", "138001380000", "010-12345678", "+8513800138000", "138 0013 800", "1380013800x"];
    USERS.rejects_each(&partner, "phone", "must be a mobile number", bad).await;
}

#[tokio::test]
async fn scores_are_from_0_to_100_and_exact() {
    let partner = Partner::join(world()).await;
    for field in ["live_certification.face_score", "live_certification.liveness_score"] {
        USERS.accepts(&partner, field, ["0", "100", "98.2", "0.1", "99.99999999999999"].map(number)).await;
        USERS.rejects_each(&partner, field, "must be from 0 to 100", ["-0.1", "100.01", "101", "-1"].map(number)).await;
        USERS.rejects_each(&partner, field, "has too many digits", ["1e400"].map(number)).await;
    }
}

#[tokio::test]
async fn photos_are_up_to_20_web_addresses() {
    let partner = Partner::join(world()).await;
    let photos = |count| json!(vec!["https://cdn.example.com/face.jpg"; count]);
    USERS.accepts(&partner, "live_certification.photos", [json!([]), photos(20), json!(["http://a/?b=1#c"])]).await;
    let reason = "must not have more than 20 elements";
    USERS.rejects_each(&partner, "live_certification.photos", reason, [photos(21)]).await;
    for bad in ["", "cdn.example.com/a", "ftp://a/b", "javascript:alert(1)", "https://", "https://a b"] {
        let body = USERS.with("live_certification.photos", json!(["https://a/1.jpg", bad]));
        let reason = "must be an http or https URL of at most 2048 characters";
        USERS.rejects(&partner, &body, &[("live_certification.photos[1]", reason)]).await;
    }
}

#[tokio::test]
async fn times_are_accepted_in_any_zone_and_returned_in_utc() {
    let partner = Partner::join(world()).await;
    let field = "live_certification.certification_time";
    for (count, (sent, returned)) in [
        ("2024-01-15T18:30:00+08:00", "2024-01-15T10:30:00Z"),
        ("2024-01-15T10:30:00.999Z", "2024-01-15T10:30:00Z"),
        ("2024-02-29T23:59:59-01:00", "2024-03-01T00:59:59Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let (mut body, mut expected) = (USERS.with(field, sent), USERS.with(field, returned));
        body["channel_user_id"] = format!("zone.{count}").into();
        expected["channel_user_id"] = body["channel_user_id"].clone();
        USERS.stores_as(&partner, &body.to_string(), &expected).await;
    }
    let bad = [
        "",
        "2024-01-15",
        "2024-01-15T10:30:00",
        "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-01-15T25:00:00Z",
        "now",
    ];
    USERS.rejects_each(&partner, field, "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z", bad).await;
}

#[tokio::test]
async fn strict_checksums_reject_the_documents_identity_number() {
    let stage = Stage::open_with(&[("STRICT_CHECKSUMS", "true")]).await;
    let partner = Partner::join(&stage.address).await;
    let reason = "has a wrong check character";
    USERS.rejects_each(&partner, "id_card", reason, ["110101199001011234", "110105194912310020"]).await;
    USERS.accepts(&partner, "id_card", ["11010519491231002X", "11010519491231002x"]).await;
    let path = USERS.path_of("id_card.0");
    let rejected = partner.put(&path, &json!({"id_card": "110101199001011234"})).await;
    assert_eq!(rejected, problem(400, 1001, &[("id_card", reason)]));
}

/// API Gateway decodes the path before the function sees it. What it does itself is in `deployment::paths`.
#[tokio::test]
async fn an_id_with_a_character_that_would_cut_the_path_is_not_another_users() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["users"]).await;
    let whole = partner.get(&USERS.example_path()).await;
    let rejected = problem(400, 1001, &[("channel_user_id", "must be 1 to 64 of A-Z a-z 0-9 . _ -")]);
    for cut in ["%253Fx", "%23x", "%20", "%0A", "%00", "%5C", "%2525", "%E5%BC%A0"] {
        let path = format!("{}{cut}", USERS.example_path());
        assert_eq!(partner.get(&path).await, rejected, "{cut}");
        assert_eq!(partner.put(&path, &json!({"name": "李四"})).await, rejected, "{cut}");
    }
    assert_eq!(partner.get(&USERS.example_path()).await, whole);
}
