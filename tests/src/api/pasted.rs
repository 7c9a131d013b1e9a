//! What people paste from documents, chats and input methods: invisible characters, full-width digits, spaces inside numbers. Phones and
//! identity numbers are stored in their normal form; ids are rejected; a text of nothing visible is empty.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board};
use crate::support::consent::Browser;
use crate::support::product::{MOBILE, Product, body, numbered, returned};
use crate::support::resource::{ALL, COMPANIES, USERS};
use crate::support::worker::{Platform, ok, rejection, resume};
use crate::support::{Partner, Stage, data, problem, world};

/// A mobile number as it is pasted.
const PASTED: [&str; 8] = [
    "１３８００１３８０００",
    "138 0013 8000",
    "138-0013-8000",
    "\u{202d}13800138000\u{202c}",
    "\u{feff}13800138000\u{200b}",
    "\u{a0}13800138000\u{a0}",
    "138\u{2009}0013\u{3000}8000",
    "138\u{2013}0013\u{2013}8000",
];
const MOBILE_TYPED: &str = "13800138000";

/// An identity number as it is pasted, with its capital X or its small one.
const NUMBERS: [(&str, &str); 6] = [
    ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
    ("110105 19491231 002X", "11010519491231002X"),
    ("\u{200b}11010519491231002X\u{feff}", "11010519491231002X"),
    ("\u{202d}110105194912310021\u{202c}", "110105194912310021"),
    ("11010519491231002ｘ", "11010519491231002x"),
    ("110105\u{a0}19491231\u{3000}002x", "11010519491231002x"),
];

#[tokio::test]
async fn partners_may_paste_phones_identity_numbers_and_credit_codes() {
    let partner = Partner::join(world()).await;
    let stored = async |kind: &crate::support::resource::Resource, field: &str, number: usize, pasted: &str| {
        let mut sent = kind.with(field, pasted);
        sent[kind.id_field] = format!("{field}.{number}").into();
        data(&partner.post(kind.path, &sent).await);
        data(&partner.get(&kind.path_of(&format!("{field}.{number}"))).await)[field].clone()
    };
    for (number, pasted) in PASTED.into_iter().enumerate() {
        assert_eq!(stored(&USERS, "phone", number, pasted).await, MOBILE_TYPED, "{pasted:?}");
    }
    for (number, (pasted, typed)) in [
        ("＋86 138 0013 8000", "+8613800138000"),
        ("+86\u{200b}138-0013-8000", "+8613800138000"),
        ("+86\u{a0}13800138000", "+86 13800138000"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(stored(&USERS, "phone", 100 + number, pasted).await, typed, "{pasted:?}");
    }
    for (number, (pasted, typed)) in NUMBERS.into_iter().enumerate() {
        assert_eq!(stored(&USERS, "id_card", number, pasted).await, typed, "{pasted:?}");
    }
    for (number, (pasted, typed)) in [
        ("０１０－１２３４５６７８", "010-12345678"),
        ("（021）12345678", "(021)12345678"),
        ("\u{200b}0755\u{a0}1234567\u{feff}", "0755 1234567"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(stored(&COMPANIES, "contact_phone", number, pasted).await, typed, "{pasted:?}");
    }
    for (number, pasted) in
        ["９１１１００００ＭＡ００ＡＢＣＤ０１", "9111 0000 MA00 ABCD01", "\u{feff}91110000MA00ABCD01"].into_iter().enumerate()
    {
        assert_eq!(stored(&COMPANIES, "social_credit_code", number, pasted).await, "91110000MA00ABCD01", "{pasted:?}");
    }
    for wrong in ["１２８００１３８０００", "138 0013 800", "\u{200b}", "一三八〇〇一三八〇〇〇", "13800138000,13900139000"]
    {
        let rejected = problem(400, 1001, &[("phone", "must be a mobile number")]);
        assert_eq!(partner.post(USERS.path, &USERS.with("phone", wrong)).await, rejected, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_repeated_post_may_spell_the_identity_number_and_the_phone_differently() {
    let partner = Partner::join(world()).await;
    let mut user = USERS.with("id_card", "11010519491231002X");
    let first = partner.post(USERS.path, &user).await;
    assert_eq!(first.status, 200);
    for (id_card, phone) in [
        ("11010519491231002x", MOBILE_TYPED),
        ("11010519491231002Ｘ", "138 0013 8000"),
        ("110105 19491231 002x", "+8613800138000"),
        ("11010519491231002X", "+86 138 0013 8000"),
    ] {
        (user["id_card"], user["phone"]) = (id_card.into(), phone.into());
        assert_eq!(partner.post(USERS.path, &user).await, first, "{id_card} {phone}");
    }
    let conflict = problem(409, 1001, &[("channel_user_id", "exists with different content")]);
    for (field, other) in [("id_card", "110105194912310021"), ("phone", "13800138001")] {
        let mut changed = user.clone();
        changed[field] = other.into();
        assert_eq!(partner.post(USERS.path, &changed).await, conflict, "{field}");
    }
}

/// 3.1.2: a changed name or identity number sets `verify_status` back to 0; another spelling is no change.
#[tokio::test]
async fn another_spelling_of_a_verified_worker_does_not_reset_the_verification() {
    let platform = Platform::create(world()).await;
    let worker = platform.worker("verified").await;
    let mut sent = resume();
    sent["id_number"] = "11010519491231002X".into();
    assert_eq!(worker.send_json(Method::POST, &sent).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    platform.decide("set_verify_status", &em_id, json!({"verify_status": 2})).await;
    for (name, number, typed) in [
        ("张三", "11010519491231002x", "11010519491231002x"),
        ("张三", "１１０１０５19491231002Ｘ", "11010519491231002X"),
        ("张三", "110105 19491231 002x", "11010519491231002x"),
        ("张三\u{200b}", "11010519491231002X", "11010519491231002X"),
        ("\u{feff}张三\u{a0}", "11010519491231002x", "11010519491231002x"),
    ] {
        (sent["real_name"], sent["id_number"]) = (name.into(), number.into());
        assert_eq!(worker.send_json(Method::PUT, &sent).await, ok(Value::Null));
        assert_eq!(worker.get("/employee").await.body["data"]["id_number"], typed, "{number:?}");
        assert_eq!(worker.get("/em_status").await.body["data"]["verify_status"], 2, "{name:?} {number:?}");
    }
    sent["real_name"] = "张三丰".into();
    assert_eq!(worker.send_json(Method::PUT, &sent).await, ok(Value::Null));
    assert_eq!(worker.get("/em_status").await.body["data"]["verify_status"], 0);
}

#[tokio::test]
async fn a_worker_may_paste_the_phone_everywhere() {
    let platform = Platform::create(world()).await;
    for (number, pasted) in PASTED.into_iter().enumerate() {
        let worker = platform.worker(&format!("pasted{number}")).await;
        let mut sent = resume();
        sent["phone"] = pasted.into();
        assert_eq!(worker.send_json(Method::POST, &sent).await, ok(Value::Null), "{pasted:?}");
        assert_eq!(worker.get("/employee").await.body["data"]["phone"], MOBILE_TYPED, "{pasted:?}");
    }
    // The message goes to the number, and the code is the number's.
    let worker = platform.worker("coded").await;
    let (captcha, shown) = platform.captcha().await;
    let sent = platform.verifycode(&captcha, &shown, "\u{200b}１３７ 0000 0917").await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let code = platform.address.code("13700000917").await;
    let mut with_code = resume();
    (with_code["phone"], with_code["verify_code"]) = ("13700000917".into(), code.into());
    assert_eq!(worker.send_json(Method::POST, &with_code).await, ok(Value::Null));
}

#[tokio::test]
async fn an_employee_is_found_and_consents_by_a_pasted_mobile() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let mut row = numbered(1);
    (row["mobile"], row["administrator"]) = ("\u{202d}１８６ 0283 6721\u{202c}".into(), true.into());
    product.imports("employees", &[row.clone()]).await;
    row["mobile"] = MOBILE.into();
    let found = body(returned(&row));
    for mobile in [MOBILE, "186%200283%206721", "%EF%BC%91%EF%BC%98602836721", "%E2%80%8B18602836721"] {
        let decoded = percent_encoding::percent_decode_str(mobile).decode_utf8().unwrap();
        let (tonce, payload) = (product.tonce(), json!({"token": product.token}).to_string());
        let signature = product.sign("GET", &format!("/api/v2/employees/{decoded}"), &tonce, &payload);
        let query = [("access_key", &*product.access_key), ("tonce", &tonce), ("signature", &signature), ("payload", &payload)];
        assert_eq!(product.send(Method::GET, &format!("/api/v2/employees/{mobile}"), &query, None).await, found, "{mobile}");
    }
    let app = product.app().await;
    assert_eq!(Browser::new(&app).request_code("\u{feff}186 0283 6721", "").await.status, 200);
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1);
}

#[tokio::test]
async fn a_user_of_the_job_board_may_paste_phones() {
    let stage = Stage::open_with(&[("FREE_PHONE_CHANGE", "true")]).await;
    let user = Board::of(&stage.address).join().await;
    for (pasted, typed) in [("１３９ 0000 9917", "13900009917"), ("\u{200b}139-0000-9918\u{feff}", "13900009918")] {
        assert_eq!(user.post("/user/update/info", &json!({"phone": pasted})).await, board::done(), "{pasted:?}");
        assert_eq!(user.info().await.body["data"]["phone"], typed, "{pasted:?}");
    }
    let id = user.post_job(json!({"contact": "（０１０）6512\u{2013}3456\u{200b}"})).await;
    assert_eq!(user.job(id).await["contact"], "(010)6512-3456");
}

#[tokio::test]
async fn an_id_that_looks_like_another_is_rejected_by_name() {
    let product = Product::join().await;
    let reason = "must not contain invisible, full-width or decomposed characters";
    let ends = "must be 1 to 64 characters without control characters or /";
    let mut rows = vec![("employees", "empno", numbered(1))];
    for (kind, row) in Product::records() {
        match kind {
            "approvals" => rows.push((kind, "number_series", row)),
            "sources" | "vacancies" => rows.push((kind, "id", row)),
            _ => {}
        }
    }
    for (kind, field, mut row) in rows {
        for (id, reason) in [
            ("A\u{200b}1", reason),
            ("\u{feff}1001", reason),
            ("1001\u{202c}", reason),
            ("A\u{a0}1", reason),
            ("A\u{3000}1", reason),
            ("１００１", reason),
            ("Ａ1001", reason),
            ("Jose\u{301}", reason),
            ("\u{200b}", reason),
            ("1001\u{a0}", ends),
            ("\u{3000}1001", ends),
        ] {
            row[field] = id.into();
            let refused = json!({"line": 1, "status": "refused", "errors": [{"field": field, "reason": reason}]});
            assert_eq!(
                product.import(kind, &[row.clone()]).await,
                json!({"results": [refused], "next": null}),
                "{kind} {id:?}"
            );
        }
        for (number, id) in ["工号 1", "沪（2024）1号", "José", "A–1"].into_iter().enumerate() {
            row[field] = id.into();
            if kind == "employees" {
                row = numbered(100 + u32::try_from(number).unwrap());
                row[field] = id.into();
            }
            product.imports(kind, &[row.clone()]).await;
        }
    }

    let partner = Partner::join(world()).await;
    for kind in &ALL {
        for id in ["U1\u{200b}", "\u{feff}U1", "Ｕ１", "U1\u{a0}", "U\u{3000}1"] {
            let rejected = problem(400, 1001, &[(kind.id_field, "must be 1 to 64 of A-Z a-z 0-9 . _ -")]);
            assert_eq!(partner.post(kind.path, &kind.with(kind.id_field, id)).await, rejected, "{} {id:?}", kind.name);
        }
    }
    let platform = Platform::create(world()).await;
    let failure = json!({"errorType": "Invalid", "errorMessage": format!("dict_item: {reason}")});
    assert_eq!(platform.command("set_dictionary", json!({"dict_item": "Shoe\u{200b}", "entries": []})).await, failure);
}

#[tokio::test]
async fn a_text_of_nothing_visible_is_empty() {
    let partner = Partner::join(world()).await;
    let platform = Platform::create(world()).await;
    let worker = platform.worker("blank").await;
    let user = Board::of(world()).join().await;
    let product = Product::join().await;
    for blank in ["\u{200b}", "\u{feff}", "\u{200b}\u{200e}\u{feff}", "\u{a0}\u{200b}", "\u{3000}\u{2060} ", "\u{3164}"] {
        let empty = problem(400, 1001, &[("name", "must not be empty")]);
        assert_eq!(partner.post(USERS.path, &USERS.with("name", blank)).await, empty, "{blank:?}");
        let mut sent = resume();
        sent["real_name"] = blank.into();
        assert_eq!(worker.send_json(Method::POST, &sent).await, rejection(400, "请填写姓名"), "{blank:?}");
        let mut job = board::job();
        job["positions"] = blank.into();
        let rejected = board::rejection(400, "positions: must not be empty");
        assert_eq!(user.post("/jobs/create", &job).await, rejected, "{blank:?}");
        let mut row = numbered(1);
        row["name"] = blank.into();
        let refused = json!({"line": 1, "status": "refused", "errors": [{"field": "name", "reason": "must not be empty"}]});
        assert_eq!(product.import("employees", &[row]).await, json!({"results": [refused], "next": null}), "{blank:?}");
    }
    // Where a text may be empty, it is.
    let mut row = numbered(2);
    row["address"] = "\u{200b}\u{feff}".into();
    product.imports("employees", &[row.clone()]).await;
    row["address"] = "".into();
    let found = product.get("/api/v2/employees/000002", product.with_token(json!({}))).await;
    assert_eq!(found, body(returned(&row)));
    // What belongs to visible text stays: joined emoji, and directional marks inside.
    let name = "👨\u{200d}👩\u{200d}👧 张\u{200e}三";
    let created = partner.post(USERS.path, &USERS.with("name", name)).await;
    assert_eq!(created.status, 200);
    assert_eq!(data(&partner.get(&USERS.example_path()).await)["name"], name);
}
