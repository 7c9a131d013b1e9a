//! Dates and times in the spellings that clients use. The document has examples only: `2017-02-03 08:00`, `2017-10-01`, `2017-09`.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::product::{DAY, EMPLOYEE, EMPNO, Product, body, employee, rejection, returned};

const PUNCHES: &str = "/api/v2/attendance_punches";
/// Spellings of [`DAY`].
const DAYS: [&str; 5] = [DAY, "2017-2-3", "2017/2/3", "2017/02/03", " 2017-02-3 "];

fn punch(at: &str) -> Value {
    json!([{"empno": EMPNO, "punched_at": at}])
}

fn below_employee(what: &str) -> String {
    format!("/api/v2/employees/{EMPLOYEE}/{what}")
}

/// The time-clock client of this API prints each part of a time without leading zeros, and sends a rejected punch again for ever.
#[tokio::test]
async fn a_punch_is_stored_in_every_spelling_that_clocks_send() {
    let product = Product::with_records().await;
    let morning =
        ["2017-2-3 8:0:5", "2017/2/3 8:00:05", "2017-02-03 08:00:05.1234567", "2017-2-3T0:0:5Z", " 2017-02-03  8:0:05 "];
    let evening = ["2017-02-03 18:30:00 +0800", "2017-02-03T18:30:00.000+0800", "2017-2-3 10:30 UTC", "2017/02/03 18:30"];
    for spelling in morning.into_iter().chain(evening) {
        let stored = body(json!([{"code": "0k", "empno": EMPNO}]));
        assert_eq!(product.post(PUNCHES, punch(spelling)).await, stored, "{spelling}");
    }
    let (from, to) = ("2017-02-03T08:00:05+08:00", "2017-02-03T18:30:00+08:00");
    let day = json!([{"date": DAY, "check_in_time": from, "check_out_time": to}]);
    for spelling in DAYS {
        let period = json!({"start_date": spelling, "end_date": spelling});
        assert_eq!(product.get(&below_employee("attendance_checkings"), period).await, body(day.clone()), "{spelling}");
    }
    let reason = "punched_at must be a time, such as 2017-02-03 08:00 or 2017-02-03T08:00:00+08:00";
    for spelling in
        ["2017-13-3 8:0:5", "2017-2-30 8:0:5", "2017-2-3 24:00", "2017-2-3 8:60", "2017/2-3 8:00", "17-2-3 8:00", "2017-2-3"]
    {
        let error = json!([{"code": "error", "empno": EMPNO, "error_message": reason}]);
        assert_eq!(product.post(PUNCHES, punch(spelling)).await, body(error), "{spelling}");
    }
}

#[tokio::test]
async fn queries_accept_every_spelling_of_a_day() {
    let product = Product::with_records().await;
    let (unspecific, leave) = (json!({}), json!({"category": "leave"}));
    let shifts = json!({"empnoes": [EMPNO]});
    for (path, more) in [
        ("/api/v2/arrangement_employees".to_owned(), shifts),
        (below_employee("timelines"), leave),
        ("/api/v2/approvals".to_owned(), unspecific),
    ] {
        let period = |start: &str, end: &str| {
            let mut payload = more.clone();
            (payload["start_date"], payload["end_date"]) = (start.into(), end.into());
            payload
        };
        let expected = product.get(&path, period("2017-02-03", "2017-07-12")).await;
        if path.ends_with("arrangement_employees") {
            // At most 92 days.
            assert_eq!(expected.status, 422);
        } else {
            assert_eq!(expected.body.as_array().map(Vec::len), Some(1), "{path}: {expected:?}");
            assert_eq!(product.get(&path, period("2017/2/3", "2017-7-12")).await, expected, "{path}");
        }
        let day = product.get(&path, period(DAY, DAY)).await;
        for spelling in DAYS {
            assert_eq!(product.get(&path, period(spelling, spelling)).await, day, "{path} {spelling}");
        }
    }
    let joined = |from: &str| product.with_token(json!({"join_date_start": from, "join_date_end": from}));
    for spelling in ["2012-09-29", "2012-9-29", "2012/9/29"] {
        let found = product.get("/api/v2/employees", joined(spelling)).await;
        assert_eq!(found, body(json!([returned(&employee())])), "{spelling}");
    }
}

#[tokio::test]
async fn an_import_keeps_dates_and_times_in_one_form() {
    let product = Product::with_records().await;
    let mut row = employee();
    (row["birthday"], row["join_date"]) = ("1983/7/21".into(), "2012-9-29".into());
    let unchanged = json!({"results": [{"line": 1, "status": "unchanged"}], "next": null});
    let missing = json!({"results": [{"line": 1, "status": "unchanged", "missing": ["virtual_leader_uuid"]}], "next": null});
    assert_eq!(product.import("employees", &[row]).await, missing);
    let respelled = [
        ("arrangements", json!({"date": "2017/2/3"})),
        ("timelines", json!({"date": "2017-2-3", "start_time": "2017/2/3 9:0", "end_time": "2017-2-3 5:00:00Z"})),
        ("approvals", json!({"created_at": "2017/7/12 17:29:30", "updated_at": "2017-07-12T17:30:51.000+0800"})),
    ];
    for (kind, fields) in respelled {
        let (_, mut row) = Product::records().into_iter().find(|(known, _)| *known == kind).expect("a record");
        for (name, value) in fields.as_object().expect("fields") {
            row[name] = value.clone();
        }
        assert_eq!(product.import(kind, &[row]).await, unchanged, "{kind}");
    }
}

#[tokio::test]
async fn a_salary_of_a_month_is_one_in_every_spelling() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[employee()]).await;
    let path = "/api/v2/salary/subject_values";
    let upload = |month: &str| json!({"empno": EMPNO, "subject_name": "绩效工资", "month": month, "value": 1});
    for month in ["2017-09", "2017-9", "2017/9", "2017/09"] {
        assert_eq!(product.post(path, upload(month)).await, body(json!({"code": 0, "text": "ok"})), "{month}");
    }
    let items = stage.items("hris").await.into_iter();
    let salaries: Vec<Value> =
        items.filter(|item| item["pk"]["S"].as_str().is_some_and(|key| key.contains("#salary#"))).collect();
    let places: Vec<&Value> = salaries.iter().map(|item| &item["sk"]["S"]).collect();
    assert_eq!(places, ["2017-09#绩效工资"]);
    for month in ["2017-0", "2017/13", "17-9", "2017-009", "2017.9"] {
        let response = product.post(path, upload(month)).await;
        assert_eq!(response, rejection(422, 2002, "month must be a month, such as 2017-09"), "{month}");
    }
}

/// Every time of an import, and a punch: minutes, with a zone and without one.
#[tokio::test]
async fn no_time_needs_seconds() {
    let product = Product::with_records().await;
    let period = |from: &str, to: &str| json!({"start_date": from, "end_date": to, "category": "leave"});
    for (start, end) in [
        ("2017-02-03T09:00", "2017-02-03T13:00"),
        ("2017-02-03T01:00Z", "2017-02-03T05:00Z"),
        ("2017/2/3 9:0", "2017-2-3 13:0+08:00"),
        ("2017-02-03T01:00+00:00", "2017-02-03 05:00 UTC"),
    ] {
        let (_, mut row) = Product::records().into_iter().find(|(kind, _)| *kind == "timelines").expect("a timeline");
        (row["start_time"], row["end_time"]) = (start.into(), end.into());
        product.imports("timelines", &[row]).await;
        let read = product.get(&below_employee("timelines"), period(DAY, DAY)).await.body;
        let times = json!([read[0]["start_time"], read[0]["end_time"]]);
        assert_eq!(times, json!(["2017-02-03T09:00:00+08:00", "2017-02-03T13:00:00+08:00"]), "{start} {end}");
        let stored = body(json!([{"code": "0k", "empno": EMPNO}]));
        assert_eq!(product.post(PUNCHES, punch(start)).await, stored, "{start}");
    }
    let day = json!([{"date": DAY, "check_in_time": "2017-02-03T09:00:00+08:00", "check_out_time": null}]);
    let period = json!({"start_date": DAY, "end_date": DAY});
    assert_eq!(product.get(&below_employee("attendance_checkings"), period).await, body(day));
    for (created, updated) in [("2017-07-12T17:29", "2017-07-12T17:30"), ("2017-7-12T9:29Z", "2017/7/12 9:30Z")] {
        let (_, mut row) = Product::records().into_iter().find(|(kind, _)| *kind == "approvals").expect("an approval");
        (row["created_at"], row["updated_at"]) = (created.into(), updated.into());
        product.imports("approvals", &[row.clone()]).await;
        let path = format!("/api/v2/approvals/{}", row["number_series"].as_str().expect("a number"));
        let read = product.get(&path, Value::Null).await.body;
        let times = json!([read["created_at"], read["updated_at"]]);
        assert_eq!(times, json!(["2017-07-12T17:29:00.000+08:00", "2017-07-12T17:30:00.000+08:00"]), "{created}");
    }
}
