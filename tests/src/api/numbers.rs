//! Numbers as programs write them: decimals in quotes, the residue of binary floats, `10.0` for an integer, huge exponents.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board, done, own_rejection};
use crate::support::product::{EMPNO, Product, body, employee, items, moka_candidate, opened, rejection, without_import_id};
use crate::support::resource::{COMPANIES, PAYMENTS, Resource, TASKS, USERS, number};
use crate::support::worker::{self, HANDLER, Platform, resume};
use crate::support::{Stage, problem, world};

const SALARIES: &str = "/api/v2/salary/subject_values";

/// The fields of the partner API that are amounts. All of them accept `amount` of a payment's examples.
const AMOUNTS: [(&Resource, &str); 4] = [
    (&PAYMENTS, "amount"),
    (&TASKS, "salary.amount"),
    (&COMPANIES, "business_license.registration_capital"),
    (&COMPANIES, "business_license.paid_in_capital"),
];

/// What JavaScript makes of a product or a sum, and the amount that was meant.
const RESIDUES: [(&str, &str); 8] = [
    ("19.950000000000003", "19.95"),
    ("5.970000000000001", "5.97"),
    ("0.30000000000000004", "0.3"),
    ("434.99999999999994", "435"),
    ("0.009999999999999998", "0.01"),
    ("19.949999999999999289457264239899814128875732421875", "19.95"),
    ("1.9950000000000003e1", "19.95"),
    ("5000.000000000000000001", "5000"),
];

/// No residue: the difference is a millionth or more.
const TOO_FINE: [&str; 5] = ["19.951", "19.950001", "19.949999", "1.005", "0.001"];

/// The body with a member replaced by this literal.
fn written(resource: &Resource, field: &str, id: &str, literal: &str) -> String {
    let mut sent = resource.with(field, "\u{1}");
    sent[resource.id_field] = id.into();
    sent.to_string().replace("\"\\u0001\"", literal)
}

fn expected(resource: &Resource, field: &str, id: &str, literal: &str) -> Value {
    let mut expected = resource.with(field, number(literal));
    expected[resource.id_field] = id.into();
    expected
}

#[tokio::test]
async fn the_residue_of_a_partners_binary_floats_is_rounded_to_the_cent() {
    let partner = PAYMENTS.partner(world()).await;
    for (resource, field) in AMOUNTS {
        for (count, (sent, meant)) in RESIDUES.into_iter().enumerate() {
            let id = format!("{}.{count}", field.replace('.', "_"));
            let body = written(resource, field, &id, sent);
            let whole = resource.stores_as(&partner, &body, &expected(resource, field, &id, meant)).await;
            // The same content, however it is written: the first response again, and no change.
            let first = partner.post_text(resource.path, &body).await;
            assert_eq!(partner.post_text(resource.path, &written(resource, field, &id, meant)).await, first, "{sent}");
            let path = resource.path_of(&id);
            let again = partner.send(Method::PUT, &path, Some(&partner.token), Some(body)).await;
            assert_eq!(again, crate::support::success(whole), "{field} {sent}");
        }
        for literal in TOO_FINE {
            let body = written(resource, field, "fine", literal);
            let rejected = problem(400, 1001, &[(field, "must have at most 2 decimals")]);
            assert_eq!(partner.post_text(resource.path, &body).await, rejected, "{field} {literal}");
        }
    }
    // What remains of 0.3 - (0.1 + 0.2) is nothing.
    for literal in ["5.551115123125783e-17", "-5.551115123125783e-17"] {
        let body = written(&TASKS, "salary.amount", literal, literal);
        TASKS.stores_as(&partner, &body, &expected(&TASKS, "salary.amount", literal, "0")).await;
        let body = written(&PAYMENTS, "amount", literal, literal);
        assert_eq!(partner.post_text(PAYMENTS.path, &body).await, problem(400, 1001, &[("amount", "must be more than 0")]));
    }
}

#[tokio::test]
async fn prices_may_be_quoted_and_have_a_residue() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    let set =
        board.command("set_price", json!({"goods": "voucher", "quantity": "5", "price": number("19.950000000000003")})).await;
    assert_eq!((&set["prices"][3]["goods"], &set["prices"][3]["price"]), (&json!("voucher"), &json!("19.95")), "{set}");
    // A price as the list shows it.
    let again = board.command("set_price", json!({"goods": "voucher", "quantity": 5, "price": "19.95"})).await;
    assert_eq!(again, set);
    for (path, rest, prices, amount) in [
        (
            "/contact_voucher/buy",
            "\"contact_voucher_num\":\"1\"",
            &["\"3.99\"", "3.99", "\" 3.990 \"", "\"399e-2\"", "3.9900000000000002"][..],
            "3.99",
        ),
        (
            "/contact_voucher/buy",
            "\"contact_voucher_num\":5",
            &["19.950000000000003", "\"19.950000000000003\"", "\"19.95\""],
            "19.95",
        ),
        ("/jobs/top", "\"top_hour\":\"72\"", &["\"5.00\"", "\"5\"", "5.0", "4.999999999999999"], "5"),
        ("/jobs/refresh/pay", "\"x\":0", &["\"1.99\"", "1.9900000000000002", "\"+1.99\""], "1.99"),
    ] {
        for price in prices {
            let body = format!("{{\"job_id\":\"{job}\",{rest},\"price\":{price}}}");
            let order = user.post_text(path, &body).await;
            assert_eq!((order.status, order.body["data"]["amount"].to_string()), (200, amount.to_owned()), "{body}: {order:?}");
        }
        for (price, reason) in [
            ("\"3.99元\"", "price: must be a number"),
            ("\"３.９９\"", "price: must be a number"),
            ("\"1,000\"", "price: must be a number"),
            ("\"NaN\"", "price: must be a number"),
            ("\"0x10\"", "price: must be a number"),
            ("[3.99]", "price: must be a number"),
            ("\"3.991\"", "price: must have at most 2 decimals"),
            ("3.990001", "price: must have at most 2 decimals"),
            ("\"-0.01\"", "price: must be from 0 to 1000000000000"),
        ] {
            let body = format!("{{\"job_id\":{job},{rest},\"price\":{price}}}");
            assert_eq!(user.post_text(path, &body).await, board::rejection(400, reason), "{path} {body}");
        }
    }
}

#[tokio::test]
async fn salaries_and_coordinates_of_a_job_may_be_quoted_and_salaries_have_a_residue() {
    let owner = Board::of(world()).join().await;
    let post = async |members: &str| {
        let mut job = board::job();
        for name in ["salary_min", "salary_max", "longitude", "latitude"] {
            job.as_object_mut().unwrap().remove(name);
        }
        let body = format!("{},{members}}}", job.to_string().trim_end_matches('}'));
        owner.post_text("/job/create", &body).await
    };
    for members in [
        r#""salary_min":"8000","salary_max":"20000","longitude":"116.397128","latitude":"39.916527""#,
        r#""salary_min":8000.000000000001,"salary_max":19999.999999999996,"longitude":116.397128,"latitude":" 39.916527""#,
        r#""salary_min":"8e3","salary_max":2.0e4,"longitude":"1.16397128e2","latitude":39.916527"#,
    ] {
        assert_eq!(post(members).await, done(), "{members}");
        let shown = owner.post("/jobs/my", &json!({})).await.body["data"]["list"][0].clone();
        let shown = json!([shown["salary_min"], shown["salary_max"], shown["longitude"], shown["latitude"]]);
        assert_eq!(shown, json!([8000, 20000, 116.397128, 39.916527]), "{members}");
    }
    for (members, reason) in [
        (
            r#""salary_min":8000.5,"salary_max":20000,"longitude":1,"latitude":1"#,
            "salary_min: must be a whole number from 0 to 10000000",
        ),
        (
            r#""salary_min":1,"salary_max":"8千","longitude":1,"latitude":1"#,
            "salary_max: must be a whole number from -1 to 10000000",
        ),
        (r#""salary_min":1,"salary_max":2,"longitude":"东","latitude":1"#, "longitude: must be a number"),
        (r#""salary_min":1,"salary_max":2,"longitude":1,"latitude":"inf""#, "latitude: must be a number"),
        (r#""salary_min":1,"salary_max":2,"longitude":"180.1","latitude":1"#, "longitude: must be from -180 to 180"),
    ] {
        assert_eq!(post(members).await, board::rejection(400, reason), "{members}");
    }
}

#[tokio::test]
async fn salaries_and_durations_of_the_hr_api_may_be_quoted_and_have_a_residue() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[employee()]).await;
    for (literal, fen) in [
        ("\"1024.12\"", "102412"),
        ("\"-19.95\"", "-1995"),
        ("-19.950000000000003", "-1995"),
        ("1024.1200000000001", "102412"),
        ("\"19.950000000000003\"", "1995"),
        ("-0.00000000000000001", "0"),
        ("0e400", "0"),
    ] {
        let payload = format!(r#"{{"empno":"{EMPNO}","subject_name":"绩效工资","month":"2017-09","value":{literal}}}"#);
        let tonce = product.tonce();
        let signature = product.sign("POST", SALARIES, &tonce, &payload);
        let query = [("access_key", &*product.access_key), ("tonce", &*tonce), ("signature", &*signature)];
        let response = product.send(Method::POST, SALARIES, &query, Some(payload)).await;
        assert_eq!(response, body(json!({"code": 0, "text": "ok"})), "{literal}");
        let salary = &items(&stage, "#salary#").await[0];
        assert_eq!(opened(&stage, salary).await, json!({"value": {"N": fen}}), "{literal}");
    }
    // An import: the duration of a leave, and the number of people of a vacancy.
    let (_, timeline) = Product::records().into_iter().find(|(kind, _)| *kind == "timelines").unwrap();
    for duration in [json!("0.5"), number("5e-1"), json!("0.50")] {
        let mut row = timeline.clone();
        row["duration"] = duration;
        product.imports("timelines", &[row]).await;
        let period = json!({"start_date": "2017-02-03", "end_date": "2017-02-03", "category": "leave"});
        let read = product.get(&format!("/api/v2/employees/{}/timelines", employee()["uuid"].as_str().unwrap()), period).await;
        assert_eq!(read.body[0]["duration"], json!(0.5));
    }
    let mut row = timeline;
    row["duration"] = "半天".into();
    let refused = json!({"line": 1, "status": "refused", "errors": [{"field": "duration", "reason": "must be a number"}]});
    assert_eq!(product.import("timelines", &[row]).await, json!({"results": [refused], "next": null}));
}

#[tokio::test]
async fn the_salary_of_a_contract_may_be_quoted_and_have_a_residue() {
    let platform = Platform::create(world()).await;
    for (count, salary) in [json!("8000.00"), number("7999.9999999999995"), json!(8000)].into_iter().enumerate() {
        let worker = platform.worker(&format!("salary{count}")).await;
        assert_eq!(worker.send_json(Method::POST, &resume()).await, worker::ok(Value::Null));
        let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
        let terms = json!({"contract_id": "56.0", "entry_date": "2024/2/1", "salary": salary, "work_pos": "焊工"});
        let approved = platform.decide("approve_application", &em_id, terms).await;
        let shown = platform.command("show_application", json!({"em_id": em_id})).await;
        assert_eq!((&approved["status"], &shown["terms"]["salary"]), (&json!(2), &json!("8000.00")), "{approved}");
    }
}

#[tokio::test]
async fn an_integer_may_be_written_with_a_point_or_an_exponent() {
    let partner = PAYMENTS.partner(world()).await;
    for (count, literal) in ["10.0", "1e1", "1E+1", "100e-1", "10.000000000000000000000"].into_iter().enumerate() {
        let id = format!("count.{count}");
        let body = written(&TASKS, "recruit_count", &id, literal);
        TASKS.stores_as(&partner, &body, &expected(&TASKS, "recruit_count", &id, "10")).await;
        let upload = format!(r#"{{"purpose":"resume","content_type":"application/pdf","size":{literal}}}"#);
        assert_eq!(partner.post_text("/api/v1/uploads", &upload).await.status, 200, "{literal}");
    }
    for literal in ["10.5", "1e-1", "10.0000001", "\"10\"", "\"10.0\""] {
        let body = written(&TASKS, "recruit_count", "bad", literal);
        let rejected = problem(400, 1001, &[("recruit_count", "must be an integer")]);
        assert_eq!(partner.post_text(TASKS.path, &body).await, rejected, "{literal}");
    }
    let page = partner.get("/api/v1/tasks?page=1&page_size=2").await;
    for query in ["page=1.0&page_size=2.0", "page=1e0&page_size=20e-1"] {
        assert_eq!(partner.get(&format!("/api/v1/tasks?{query}")).await, page, "{query}");
    }

    let owner = Board::of(world()).join().await;
    let id = owner.post_job(json!({})).await;
    let shown = owner.post("/jobs/info", &json!({"job_id": id})).await;
    for literal in [format!("{id}.0"), format!("\"{id}.0\""), format!("{id}0e-1"), format!("\" {id} \"")] {
        assert_eq!(owner.post_text("/jobs/info", &format!("{{\"job_id\":{literal}}}")).await, shown, "{literal}");
    }
    let page = owner.post("/jobs/my", &json!({"biz_type": 1, "page_num": 1, "page_size": 10})).await;
    for fields in
        [r#"{"biz_type":1.0,"page_num":"1.0","page_size":1e1}"#, r#"{"biz_type":"1e0","page_num":10e-1,"page_size":"10.00"}"#]
    {
        assert_eq!(owner.post_text("/jobs/my", fields).await, page, "{fields}");
    }
    for (fields, reason) in [
        (r#"{"page_num":1.5}"#, "page_num: must be a whole number from 1 to 1000000"),
        (r#"{"page_num":1.0000001}"#, "page_num: must be a whole number from 1 to 1000000"),
        (r#"{"page_size":"1.5"}"#, "page_size: must be a whole number from 1 to 50"),
    ] {
        assert_eq!(owner.post_text("/jobs/my", fields).await, board::rejection(400, reason), "{fields}");
    }
}

#[tokio::test]
async fn an_integer_of_a_resume_or_the_hr_api_may_be_written_with_a_point_or_an_exponent() {
    let platform = Platform::create(world()).await;
    let worker = platform.worker("points").await;
    let mut sent = resume();
    for (field, value) in [
        ("age", number("30.0")),
        ("gender", json!("1.0")),
        ("marital_sts", number("1e0")),
        ("acct_prc_id", json!("5.1e1")),
        ("company_id", number("12.00")),
        ("ad_user_id", json!(format!("{HANDLER}.0"))),
    ] {
        sent[field] = value;
    }
    assert_eq!(worker.send_json(Method::POST, &sent).await, worker::ok(Value::Null));
    let read = worker.get("/employee").await.body["data"].clone();
    assert_eq!(read, worker::returned(&resume(), &read["em_id"]));
    for (field, value, msg) in [("age", number("30.5"), "年龄不正确"), ("company_id", json!("12.5"), "用人单位不正确")]
    {
        let mut wrong = resume();
        wrong[field] = value;
        let response = worker.send_json(Method::PUT, &wrong).await;
        assert_eq!(
            (response.status, response.body["msg"].as_str().is_some_and(|text| text.contains(&msg[..6]))),
            (400, true),
            "{response:?}"
        );
    }

    let product = Product::with_records().await;
    let page =
        |literal: &str| product.with_token(serde_json::from_str(&format!(r#"{{"pagination":{{"page":{literal}}}}}"#)).unwrap());
    let first = product.get("/api/v2/employees", page("1")).await;
    assert_eq!(first.status, 200);
    for literal in ["1.0", "\"1.0\"", "1e0", "\"10e-1\""] {
        assert_eq!(product.get("/api/v2/employees", page(literal)).await, first, "{literal}");
    }
    let reason = "pagination.page must be an integer from 1 to 1000000";
    for literal in ["1.5", "\"1.5\"", "0e400", "1e400"] {
        assert_eq!(product.get("/api/v2/employees", page(literal)).await, rejection(422, 2002, reason), "{literal}");
    }
    let head_count =
        |literal: &str| serde_json::from_str(&format!(r#"{{"id":"9","name":"焊工","head_count":{literal}}}"#)).unwrap();
    let result = |status: &str| json!({"results": [{"line": 1, "status": status}], "next": null});
    assert_eq!(product.import("vacancies", &[head_count("3")]).await, result("created"));
    for literal in ["3.0", "\"3\"", "\"3.0\"", "30e-1"] {
        assert_eq!(product.import("vacancies", &[head_count(literal)]).await, result("unchanged"), "{literal}");
    }
    // Commands of administrators, and where an import continues.
    let all = world().command(&json!({"command": "list_channels", "limit": 1})).await;
    for limit in [number("1.0"), number("1e0")] {
        let listed = world().command(&json!({"command": "list_channels", "limit": limit})).await;
        assert_eq!(listed["channels"].as_array().map(Vec::len), all["channels"].as_array().map(Vec::len));
    }
    let from = json!({
        "command": "import_hris", "kind": "sources", "company_uuid": product.company, "rows": "x\n{\"id\":\"7\",\"name\":\"内推\"}",
        "from": {"offset": number("2.0"), "line": number("1e0")},
    });
    assert_eq!(
        without_import_id(product.command(from).await),
        json!({"results": [{"line": 2, "status": "created"}], "next": null})
    );
}

/// Zero times a power of ten is zero. No exponent is a reason to fail, or to take long.
#[tokio::test]
async fn zero_may_have_any_exponent_and_a_number_that_is_too_large_is_rejected_by_name() {
    const ZEROS: [&str; 4] = ["0e400", "-0.0e400", "0e-99999999999999999999", "0.00e99999999999999999999"];
    const LARGE: [&str; 3] = ["1e400", "1e99999999999999999999", "-1e400"];
    let partner = PAYMENTS.partner(world()).await;
    let numbers = [
        (&TASKS, "salary.amount"),
        (&COMPANIES, "business_license.registration_capital"),
        (&COMPANIES, "business_license.paid_in_capital"),
        (&USERS, "live_certification.face_score"),
        (&PAYMENTS, "payment_basis.work_hours"),
    ];
    for (resource, field) in numbers {
        for (count, literal) in ZEROS.into_iter().enumerate() {
            let id = format!("{}.{count}", field.replace('.', "_"));
            let body = written(resource, field, &id, literal);
            resource.stores_as(&partner, &body, &expected(resource, field, &id, "0")).await;
        }
        for literal in LARGE {
            let body = written(resource, field, "large", literal);
            let rejected = problem(400, 1001, &[(field, "has too many digits")]);
            assert_eq!(partner.post_text(resource.path, &body).await, rejected, "{field} {literal}");
        }
    }
    for (literal, reason) in ZEROS
        .map(|zero| (zero, "must be from 1 to 1000000"))
        .into_iter()
        .chain(LARGE.map(|large| (large, "must be an integer")))
    {
        let rejected = problem(400, 1001, &[("recruit_count", reason)]);
        assert_eq!(partner.post_text(TASKS.path, &written(&TASKS, "recruit_count", "t", literal)).await, rejected, "{literal}");
        let rejected = problem(
            400,
            1001,
            &[("amount", if reason.ends_with("integer") { "has too many digits" } else { "must be more than 0" })],
        );
        assert_eq!(partner.post_text(PAYMENTS.path, &written(&PAYMENTS, "amount", "p", literal)).await, rejected, "{literal}");
    }

    let board = Board::of(world());
    let owner = board.join().await;
    let id = owner.post_job(json!({})).await;
    for field in ["salary_min", "longitude", "latitude", "first_area_id", "four_area_id"] {
        for literal in ZEROS.iter().flat_map(|zero| [(*zero).to_owned(), format!("\"{zero}\"")]) {
            assert_eq!(owner.post_text("/jobs/update", &format!(r#"{{"id":{id},"{field}":1}}"#)).await, done());
            assert_eq!(
                owner.post_text("/jobs/update", &format!(r#"{{"id":{id},"{field}":{literal}}}"#)).await,
                done(),
                "{literal}"
            );
            assert_eq!(owner.job(id).await[field].as_f64(), Some(0.0), "{field} {literal}");
        }
        for literal in LARGE.iter().flat_map(|large| [(*large).to_owned(), format!("\"{large}\"")]) {
            let response = owner.post_text("/jobs/update", &format!(r#"{{"id":{id},"{field}":{literal}}}"#)).await;
            assert!(
                response.body["data"].as_str().is_some_and(|text| text.starts_with(&format!("{field}: must be"))),
                "{response:?}"
            );
            assert_eq!(response.status, 400, "{literal}");
        }
    }
    for zero in ZEROS {
        let order = owner.post_text("/contact_voucher/buy", &format!(r#"{{"contact_voucher_num":1,"price":{zero}}}"#)).await;
        assert_eq!(order, own_rejection(1003, "price does not match"), "{zero}");
    }

    let product = Product::with_records().await;
    let mut candidate = moka_candidate();
    for literal in ZEROS.into_iter().chain(LARGE) {
        candidate["birthYear"] = number(literal);
        let response = product.post("/api/v2/moka_candidates", candidate.clone()).await;
        assert_eq!(response, rejection(422, 2002, "birthYear must be a whole number from 1800 to 9999"), "{literal}");
    }
}
