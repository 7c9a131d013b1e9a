//! Jobs as their owners post them and as others see them (document, 二、商家招聘模块 and 我发布的).

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, done, job, ok, rejection};
use crate::support::documents::jobboard::documented;
use crate::support::{Response, Stage, fetch, world};

#[tokio::test]
async fn the_documents_job_is_shown_as_it_was_posted() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    owner.post("/user/update/info", &json!({"name": "段先生"})).await;
    let id = owner.post_job(json!({})).await;
    let sent = job();
    let mut expected = sent.clone();
    let shown = expected.as_object_mut().unwrap();
    shown.extend(
        json!({
            "id": id, "user_id": owner.id, "contact_person_name": "段先生", "status": 1, "is_top": 0,
            "photo_urls": ["https://cdn.xxx.com/job/1173/1.jpg", "https://cdn.xxx.com/job/1173/2.jpg"],
            "top_start_time": "", "top_end_time": "", "create_at": "2024-01-15 18:30:00.000",
            "update_at": "2024-01-15 18:30:00.000", "basic_protection": [], "salary_benefits": [], "attendance_leave": [],
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    assert_eq!(owner.job(id).await, expected);
    let named_as_text = owner.post_text("/jobs/info", &format!("{{\"job_id\": \"{id}\",}}")).await;
    assert_eq!(named_as_text, ok(expected));
}

#[tokio::test]
async fn photos_and_tags_are_accepted_in_every_form() {
    let owner = Board::of(world()).join().await;
    let (one, two) = ("https://a.example/1.jpg", "https://a.example/2.jpg");
    for (photos, shown) in [
        (json!([one, two]), json!([one, two])),
        (json!(format!("{one},{two}")), json!([one, two])),
        (json!(one), json!([one])),
        (json!([null, one, "", format!("{two},")]), json!([one, two])),
        (json!(""), json!([])),
        (json!([]), json!([])),
        (json!(null), json!([])),
    ] {
        let id = owner.post_job(json!({"photo_urls": photos})).await;
        assert_eq!(owner.job(id).await["photo_urls"], shown, "{photos}");
    }
    let tags =
        json!({"basic_protection": ["社保", "公积金", "社保"], "salary_benefits": ["节日福利"], "attendance_leave": null});
    let shown = owner.job(owner.post_job(tags).await).await;
    let tags = json!([shown["basic_protection"], shown["salary_benefits"], shown["attendance_leave"]]);
    assert_eq!(tags, json!([["社保", "公积金"], ["节日福利"], []]));
}

/// The second is how OSS resizes a picture (Alibaba Cloud OSS, 图片缩放), the third how Cloudinary does.
#[tokio::test]
async fn a_comma_inside_the_url_of_a_photo_belongs_to_the_url() {
    let owner = Board::of(world()).join().await;
    let urls = [
        "https://a.example/1,2.jpg",
        "https://a.example/1.jpg?x-oss-process=image/resize,m_fill,h_100,w_200",
        "http://res.a.example/upload/w_300,h_200,c_fill/v1/1.jpg",
    ];
    let shown = json!(urls);
    for photos in [
        json!(urls),
        json!([urls.join(",")]),
        json!(urls.join(", ")),
        json!([format!("{},{}", urls[0], urls[1]), urls[2]]),
        json!(format!(",{},,", urls.join(",,"))),
    ] {
        let id = owner.post_job(json!({"photo_urls": photos})).await;
        assert_eq!(owner.job(id).await["photo_urls"], shown, "{photos}");
        assert_eq!(owner.post("/jobs/update", &json!({"id": id, "photo_urls": urls[1]})).await, done());
        assert_eq!(owner.job(id).await["photo_urls"], json!([urls[1]]), "{photos}");
    }
    let mut body = job();
    for (photos, field) in [
        (json!(["https://a.example/1.jpg", "https://a.example/2.jpg, 3.jpg"]), "photo_urls[1]"),
        (json!("https://a.example,https//b.example/1.jpg"), "photo_urls"),
    ] {
        body["photo_urls"] = photos;
        let detail = format!("{field}: must be an http or https URL of at most 2048 characters");
        assert_eq!(owner.post("/job/create", &body).await, rejection(400, &detail));
    }
}

#[tokio::test]
async fn missing_and_invalid_fields_of_a_job_are_named_and_nothing_is_stored() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let stored = stage.items("jobboard").await.len();
    let required = ["positions", "longitude", "latitude", "address", "contact", "salary_min", "salary_max"];
    for field in required {
        let mut body = job();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(owner.post("/job/create", &body).await, rejection(400, &format!("{field}: is required")));
    }
    let five = vec!["https://a.example/1.jpg"; 5];
    let cases = [
        (json!({"positions": ""}), "positions: must not be empty"),
        (json!({"positions": "x".repeat(65)}), "positions: is too long"),
        (json!({"address": "x".repeat(257)}), "address: is too long"),
        (json!({"description": "x".repeat(5001)}), "description: is too long"),
        (json!({"user_name": "x".repeat(33)}), "user_name: is too long"),
        (json!({"contact": "call me"}), "contact: must be a phone number"),
        (json!({"longitude": -180.5}), "longitude: must be from -180 to 180"),
        (json!({"latitude": 90.5}), "latitude: must be from -90 to 90"),
        (json!({"latitude": "39.9°"}), "latitude: must be a number"),
        (json!({"photo_urls": five}), "photo_urls: must not have more than 4 photos"),
        (json!({"photo_urls": ["ftp://a/b"]}), "photo_urls[0]: must be an http or https URL of at most 2048 characters"),
        (json!({"photo_urls": 7}), "photo_urls: must be an array of strings"),
        (json!({"first_area_id": 1.5}), "first_area_id: must be a whole number from 0 to 4294967295"),
        (json!({"four_area_des": "x".repeat(65)}), "four_area_des: is too long"),
        (json!({"salary_min": -1}), "salary_min: must be a whole number from 0 to 10000000"),
        (json!({"salary_max": 10_000_001}), "salary_max: must be a whole number from -1 to 10000000"),
        (json!({"salary_min": 20_001}), "salary_min: must not be greater than salary_max"),
        (json!({"basic_protection": vec!["x"; 21]}), "basic_protection: must not have more than 20 elements"),
        (json!({"salary_benefits": [""]}), "salary_benefits[0]: must not be empty"),
        (json!({"attendance_leave": "月休"}), "attendance_leave: must be an array"),
        (json!({"positions": 1, "address": null}), "positions: must be a string; address: is required"),
    ];
    for (members, detail) in cases {
        let mut body = job();
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        assert_eq!(owner.post("/jobs/create", &body).await, rejection(400, detail), "{members}");
    }
    assert_eq!(stage.items("jobboard").await.len(), stored);
    let open_end = owner.post_job(json!({"salary_max": -1})).await;
    assert_eq!(owner.job(open_end).await["salary_max"], -1);
}

#[tokio::test]
async fn an_update_changes_only_the_named_fields() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let id = owner.post_job(json!({"basic_protection": ["社保"]})).await;
    let mut expected = owner.job(id).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    let steps = [
        (json!({"positions": "收银员"}), json!({"positions": "收银员"})),
        (json!({"photo_urls": ""}), json!({"photo_urls": []})),
        (json!({"salary_max": -1, "salary_min": 30_000}), json!({"salary_max": -1, "salary_min": 30_000})),
        (json!({"basic_protection": [], "positions": null, "address": ""}), json!({"basic_protection": []})),
        (json!({"user_name": "张老板", "status": 4, "user_id": 7}), json!({"contact_person_name": "张老板"})),
    ];
    for (changes, shown) in steps {
        let mut body = changes.clone();
        body["id"] = id.to_string().into();
        assert_eq!(owner.post("/jobs/update", &body).await, done(), "{changes}");
        expected.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
        expected["update_at"] = "2024-01-15 18:30:01.000".into();
        assert_eq!(owner.job(id).await, expected, "{changes}");
    }
    for (changes, detail) in [
        (json!({"id": id, "salary_max": 8000}), "salary_min: must not be greater than salary_max"),
        (json!({"id": id, "positions": "x".repeat(65)}), "positions: is too long"),
        (json!({"positions": "x"}), "id: is required"),
        (
            json!({"positions": 1, "first_area_des": 1}),
            "positions: must be a string; first_area_des: must be a string; id: is required",
        ),
    ] {
        assert_eq!(owner.post("/jobs/update", &changes).await, rejection(400, detail));
    }
    assert_eq!(owner.job(id).await, expected);
}

#[tokio::test]
async fn a_closed_job_stays_closed_and_only_its_owner_sees_it() {
    let board = Board::of(world());
    let (owner, other) = (board.join().await, board.join().await);
    let id = owner.post_job(json!({})).await;
    let named = json!({"job_id": id});
    for path in ["/job/close", "/jobs/close"] {
        assert_eq!(owner.post_text(path, &format!("{{\n    \"job_id\": {id},\n}}")).await, done());
    }
    assert_eq!(other.post("/jobs/info", &named).await, rejection(404, "job not found"));
    assert_eq!(board.post("/jobs/info", &named).await, rejection(404, "job not found"));
    assert_eq!(owner.job(id).await["status"], 2);
    assert_eq!(owner.post("/jobs/refresh", &named).await, rejection(400, "job_id: is closed"));
}

#[tokio::test]
async fn a_job_has_one_free_refresh_a_day() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let id = owner.post_job(json!({})).await;
    let named = json!({"job_id": id});
    let used = rejection(429, "job_id: was refreshed for nothing today: use /jobs/refresh/pay, or wait");
    let at_once = futures::future::join_all((0..8).map(|_| owner.post("/jobs/refresh", &named))).await;
    assert_eq!(at_once.iter().filter(|response| **response == done()).count(), 1, "{at_once:?}");
    assert_eq!(at_once.iter().filter(|response| **response == used).count(), 7, "{at_once:?}");
    stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 10));
    let response = owner.request("/jobs/refresh").body(named.to_string()).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "10"));
    assert_eq!(owner.job(id).await["last_refresh_time"], "2024-01-15 18:30:00.000");
    stage.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(owner.post("/jobs/refresh", &named).await, done());
    assert_eq!(owner.job(id).await["last_refresh_time"], "2024-01-16 18:30:00.000");
}

#[tokio::test]
async fn the_hours_between_free_refreshes_are_configurable() {
    let stage = Stage::open_with(&[("FREE_REFRESH_HOURS", "1")]).await;
    let owner = Board::of(&stage.address).join().await;
    let named = json!({"job_id": owner.post_job(json!({})).await});
    assert_eq!(owner.post("/jobs/refresh", &named).await, done());
    stage.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(owner.post("/jobs/refresh", &named).await.status, 429);
    stage.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(owner.post("/jobs/refresh", &named).await, done());
}

#[tokio::test]
async fn own_jobs_are_listed_newest_first_with_both_key_sets() {
    let owner = Board::of(world()).join().await;
    owner.post("/user/update/info", &json!({"name": "段先生"})).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, owner.post_job(json!({})).await);
    }
    owner.post("/job/close", &json!({"job_id": ids[1]})).await;
    let page = async |body: Value| owner.post("/jobs/my", &body).await.body["data"].clone();
    let listed =
        |data: &Value| data["list"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect::<Vec<_>>();
    let first = page(json!({"biz_type": 1, "page_num": 1, "page_size": 2})).await;
    assert_eq!((listed(&first), &first["total"]), (ids[..2].to_vec(), &json!(5)));
    assert_eq!(first["contacts"], first["list"]);
    assert_eq!(listed(&page(json!({"page_num": "3", "page_size": 2})).await), ids[4..]);
    assert_eq!(listed(&page(json!({"page_num": 4, "page_size": 2})).await), Vec::<u64>::new());
    assert_eq!(listed(&page(json!({"biz_type": 0})).await), ids);
    for biz_type in [2, 3] {
        assert_eq!(
            page(json!({"biz_type": biz_type})).await,
            json!({"contacts": [], "list": [], "total": 0, "next_cursor": null})
        );
    }
    let row = &first["list"][1];
    let mut expected = owner.job(ids[1]).await;
    expected.as_object_mut().unwrap().extend(
        json!({"job_id": ids[1], "purpose_user_id": owner.id, "purpose_user_name": "段先生", "purpose_user_phone": owner.phone})
            .as_object()
            .unwrap()
            .clone(),
    );
    assert_eq!((row, &row["status"]), (&expected, &json!(2)));
    for (body, detail) in [
        (json!({"page_num": 0}), "page_num: must be a whole number from 1 to 1000000"),
        (json!({"page_size": 51}), "page_size: must be a whole number from 1 to 50"),
        (json!({"biz_type": 4}), "biz_type: must be a whole number from 0 to 3"),
    ] {
        assert_eq!(owner.post("/jobs/my", &body).await, rejection(400, detail));
    }
}

#[tokio::test]
async fn a_contact_is_masked_unless_the_system_is_configured_otherwise() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, caller, other) = (board.join().await, board.join().await, board.join().await);
    let id = owner.post_job(json!({"contact": "13812341234"})).await;
    caller.adjust_vouchers(1).await;
    let named = json!({"job_id": id});
    let shown = async |viewer: Option<&crate::support::board::User>| {
        let request = |path: &str| match viewer {
            Some(user) => user.request(path),
            None => board.request(reqwest::Method::POST, path),
        };
        let shown = fetch(request("/jobs/info").body(named.to_string())).await.body["data"]["contact"].clone();
        let listed = fetch(request("/jobs/list").body("{}")).await.body["data"]["jobs"][0]["contact"].clone();
        assert_eq!(shown, listed);
        shown
    };
    assert_eq!(shown(None).await, "138****1234");
    assert_eq!(shown(Some(&other)).await, "138****1234");
    assert_eq!(shown(Some(&owner)).await, "13812341234");
    assert_eq!(shown(Some(&caller)).await, "138****1234");
    assert_eq!(caller.call(id).await, done());
    assert_eq!(shown(Some(&caller)).await, "13812341234");
    for (masks, contact) in [("true", "138****1234"), ("false", "13812341234")] {
        let stage = Stage::open_with(&[("MASK_CONTACT", masks)]).await;
        let board = Board::of(&stage.address);
        let id = board.join().await.post_job(json!({"contact": "13812341234"})).await;
        let info = board.post("/jobs/info", &json!({"job_id": id})).await.body["data"]["contact"].clone();
        let listed = board.post("/jobs/list", &json!({})).await.body["data"]["jobs"][0]["contact"].clone();
        assert_eq!(json!([info, listed]), json!([contact, contact]), "{masks}");
    }
}

#[tokio::test]
async fn the_documents_body_is_accepted_verbatim_at_both_paths() {
    let owner = Board::of(world()).join().await;
    let body = documented("/job/create").request.as_deref().expect("a body");
    let mut ids = Vec::new();
    for path in ["/job/create", "/jobs/create"] {
        let response = owner.request(path).body(body).send().await.unwrap();
        let headers = response.headers().clone();
        assert_eq!(headers["access-control-expose-headers"], "X-Resource-Id", "{path}");
        assert_eq!(Response::read(response).await, done(), "{path}");
        let id: u64 = headers["x-resource-id"].to_str().unwrap().parse().unwrap();
        assert_eq!(owner.job(id).await["id"], id);
        ids.insert(0, id);
    }
    let own = owner.post("/jobs/my", &json!({})).await.body["data"].clone();
    assert_eq!(json!([own["total"], own["list"][0]["id"], own["list"][1]["id"]]), json!([2, ids[0], ids[1]]));
}

#[tokio::test]
async fn the_contact_person_defaults_to_the_owner() {
    let owner = Board::of(world()).join().await;
    let person = async |members: Value| owner.job(owner.post_job(members).await).await["contact_person_name"].clone();
    assert_eq!(person(json!({})).await, "");
    assert_eq!(owner.post("/user/update/info", &json!({"name": "段先生"})).await, done());
    for (user_name, shown) in
        [(json!("张老板"), "张老板"), (json!(null), "段先生"), (json!(""), "段先生"), (json!(" "), "段先生")]
    {
        assert_eq!(person(json!({"user_name": user_name})).await, shown, "{user_name}");
    }
}

#[tokio::test]
async fn the_longest_allowed_values_are_stored() {
    let owner = Board::of(world()).join().await;
    let tags: Vec<String> = (0..20).map(|number| format!("{number:0>32}")).collect();
    let widest = json!({
        "positions": "宽".repeat(64), "address": "宽".repeat(256), "description": "宽".repeat(5000), "contact": "+86 (010) 6512-3456",
        "longitude": -180, "latitude": 90, "first_area_id": 4_294_967_295_u32, "first_area_des": "宽".repeat(64),
        "four_area_id": 0, "four_area_des": "", "salary_min": 10_000_000, "salary_max": 10_000_000, "basic_protection": tags,
        "photo_urls": vec![format!("https://a.example/{}", "x".repeat(2030)); 4],
    });
    let shown = owner.job(owner.post_job(widest.clone()).await).await;
    for (field, sent) in widest.as_object().unwrap() {
        let same = sent.as_f64().map_or(shown[field] == *sent, |sent| shown[field].as_f64() == Some(sent));
        assert!(same, "{field}: {} instead of {sent}", shown[field]);
    }
    let free = owner.job(owner.post_job(json!({"salary_min": 0, "salary_max": 0})).await).await;
    assert_eq!((&free["salary_min"], &free["salary_max"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn each_field_of_an_update_changes_only_itself_and_null_changes_nothing() {
    let owner = Board::of(world()).join().await;
    let id = owner.post_job(json!({"user_name": "张老板"})).await;
    let mut expected = owner.job(id).await;
    for (field, value) in [
        ("positions", json!("收银员")),
        ("longitude", json!(121.5)),
        ("latitude", json!(-31.25)),
        ("address", json!("北京市朝阳区建国路88号")),
        ("contact", json!("13800138000")),
        ("user_name", json!("段先生")),
        ("description", json!("包吃住")),
        ("photo_urls", json!(["https://a.example/1.jpg"])),
        ("first_area_id", json!(1)),
        ("first_area_des", json!("上海市")),
        ("second_area_id", json!(101)),
        ("second_area_des", json!("朝阳区")),
        ("third_area_id", json!(1001)),
        ("third_area_des", json!("建外街道")),
        ("four_area_id", json!(10001)),
        ("four_area_des", json!("国贸")),
        ("salary_min", json!(9000)),
        ("salary_max", json!(9000)),
        ("basic_protection", json!(["社保"])),
        ("salary_benefits", json!(["节日福利"])),
        ("attendance_leave", json!(["月休4天"])),
        ("photo_urls", json!([])),
    ] {
        for value in [&value, &Value::Null] {
            assert_eq!(owner.post("/jobs/update", &json!({"id": id, field: value})).await, done(), "{field}");
        }
        let shown = if field == "user_name" { "contact_person_name" } else { field };
        assert_ne!(expected[shown], value, "{field} is no change");
        expected[shown] = value;
        let shown = owner.job(id).await;
        expected["update_at"] = shown["update_at"].clone();
        assert_eq!(shown, expected, "{field}");
    }
    assert!(expected["update_at"].as_str() > expected["create_at"].as_str());
}

#[tokio::test]
async fn trailing_commas_are_ignored_everywhere() {
    let owner = Board::of(world()).join().await;
    let id = owner.post_job(json!({})).await;
    let body = format!(
        r#"{{"id": {id}, "positions": "a,}}\",]", "photo_urls": ["https://a.example/1.jpg", ], "basic_protection": ["社保",
        ],
    }}"#
    );
    assert_eq!(owner.post_text("/jobs/update", &body).await, done());
    let shown = owner.job(id).await;
    let changed = json!([shown["positions"], shown["photo_urls"], shown["basic_protection"]]);
    assert_eq!(changed, json!(["a,}\",]", ["https://a.example/1.jpg"], ["社保"]]));
    for broken in [format!(r#"{{"id": {id},,}}"#), format!(r#"{{,"id": {id}}}"#), r#"{"id": ,}"#.to_owned()] {
        let response = owner.post_text("/jobs/update", &broken).await;
        assert_eq!((response.status, &response.body["code"]), (400, &json!(400)), "{broken}");
    }
}

#[tokio::test]
async fn a_refresh_changes_no_content_and_an_unknown_job_is_not_found() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let id = owner.post_job(json!({})).await;
    let mut expected = owner.job(id).await;
    stage.clock.advance(SignedDuration::from_millis(1234));
    assert_eq!(owner.post("/jobs/refresh", &json!({"job_id": id.to_string()})).await, done());
    expected["last_refresh_time"] = "2024-01-15 18:30:01.234".into();
    assert_eq!(owner.job(id).await, expected);
    let number = "job_id: must be a whole number from 1 to 9007199254740991";
    for (named, rejected) in [
        (json!(id + 1), rejection(404, "job not found")),
        (json!((id + 1).to_string()), rejection(404, "job not found")),
        (json!(0), rejection(400, number)),
        (json!("x"), rejection(400, number)),
        (json!(1.5), rejection(400, number)),
        (json!([id]), rejection(400, number)),
        (json!(null), rejection(400, "job_id: is required")),
    ] {
        for path in ["/jobs/info", "/jobs/refresh", "/job/close"] {
            assert_eq!(owner.post(path, &json!({"job_id": named})).await, rejected, "{path} {named}");
        }
    }
    assert_eq!(owner.job(id).await, expected);
}
