//! Punches, checkings, arrangements and timelines (document 003, 打卡, 排班, Timeline).

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::product::{DAY, EMPLOYEE, EMPNO, Product, body, employee, numbered, rejection, returned};

const PUNCHES: &str = "/api/v2/attendance_punches";
const ARRANGEMENTS: &str = "/api/v2/arrangement_employees";

fn punch(empno: &str, at: &str) -> Value {
    json!({"empno": empno, "punched_at": at})
}

fn stored(empno: &str) -> Value {
    json!({"code": "0k", "empno": empno})
}

fn error(empno: Value, message: &str) -> Value {
    json!({"code": "error", "empno": empno, "error_message": message})
}

fn checking(date: &str, first: &str, last: Option<&str>) -> Value {
    let at = |time: &str| format!("{date}T{time}+08:00");
    json!({"date": date, "check_in_time": at(first), "check_out_time": last.map(at)})
}

fn period(start: &str, end: &str) -> Value {
    json!({"start_date": start, "end_date": end})
}

fn below(employee: &str, what: &str) -> String {
    format!("/api/v2/employees/{employee}/{what}")
}

/// An employee whose number is "1100", as in the document's example.
fn second() -> Value {
    let mut second = numbered(7);
    second["empno"] = "1100".into();
    second
}

#[tokio::test]
async fn the_documents_example_returns_a_result_for_each_row_wrapped_or_bare() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[employee(), second()]).await;
    let rows = json!([
        punch(EMPNO, "2017-02-03 08:00"),
        punch("1100", "2017-02-03 08:00"),
        punch("1100", "2017-02-03 08:00"),
        punch("008", "2017-02-03 08:00"),
    ]);
    let response = json!([stored(EMPNO), stored("1100"), stored("1100"), error(json!("008"), "employee not found")]);
    for payload in [json!({"attendances": rows}), rows] {
        assert_eq!(product.post(PUNCHES, payload).await, body(response.clone()));
        let items = stage.items("hris").await;
        let punches = items.iter().filter(|item| item["pk"]["S"].as_str().is_some_and(|key| key.contains("#punch#")));
        assert_eq!(punches.count(), 2, "a punch that is sent twice is stored once");
    }
    let once = json!([checking("2017-02-03", "08:00:00", None)]);
    for uuid in [EMPLOYEE, &format!("{:032x}", 7)] {
        let path = below(uuid, "attendance_checkings");
        assert_eq!(product.get(&path, period(DAY, DAY)).await, body(once.clone()), "{uuid}");
    }
}

#[tokio::test]
async fn a_bad_row_is_named_and_the_other_rows_are_stored() {
    let product = Product::with_records().await;
    const TIME: &str = "punched_at must be a time, such as 2017-02-03 08:00 or 2017-02-03T08:00:00+08:00";
    const EMPNO_REASON: &str = "empno must be 1 to 64 characters without control characters or /";
    let cases = [
        (punch(EMPNO, "2017-02-03 08:00"), stored(EMPNO)),
        (json!(7), error(Value::Null, "must be an object")),
        (json!({}), error(Value::Null, "empno is required; punched_at is required")),
        (json!({"empno": EMPNO}), error(json!(EMPNO), "punched_at is required")),
        (json!({"empno": EMPNO, "punched_at": null}), error(json!(EMPNO), "punched_at is required")),
        (json!({"empno": 7, "punched_at": "2017-02-03 08:00"}), error(Value::Null, "empno must be a string")),
        (json!({"empno": EMPNO, "punched_at": [1]}), error(json!(EMPNO), "punched_at must be a string")),
        (punch("", "2017-02-03 08:00"), error(json!(""), EMPNO_REASON)),
        (punch("a/b", "2017-02-03 08:00"), error(json!("a/b"), EMPNO_REASON)),
        (punch(EMPNO, "2017-02-30 08:00"), error(json!(EMPNO), TIME)),
        (punch(EMPNO, "8 o'clock"), error(json!(EMPNO), TIME)),
        (punch("NORMAL-2", "2017-02-03 09:00"), error(json!("NORMAL-2"), "employee not found")),
        (punch(EMPNO, "2017-02-03T10:30:00Z"), stored(EMPNO)),
    ];
    let (rows, responses): (Vec<Value>, Vec<Value>) = cases.into_iter().unzip();
    assert_eq!(product.post(PUNCHES, json!({"attendances": rows})).await, body(responses.into()));
    let day = json!([checking("2017-02-03", "08:00:00", Some("18:30:00"))]);
    assert_eq!(product.get(&below(EMPLOYEE, "attendance_checkings"), period(DAY, DAY)).await, body(day));
}

#[tokio::test]
async fn punches_within_one_second_are_one_punch() {
    let product = Product::with_records().await;
    let rows = json!([punch(EMPNO, "2017-02-03 08:00:00.100"), punch(EMPNO, "2017-02-03 08:00:00.900")]);
    assert_eq!(product.post(PUNCHES, rows).await, body(json!([stored(EMPNO), stored(EMPNO)])));
    let day = json!([checking("2017-02-03", "08:00:00", None)]);
    assert_eq!(product.get(&below(EMPLOYEE, "attendance_checkings"), period(DAY, DAY)).await, body(day));
}

#[tokio::test]
async fn a_thousand_punches_of_a_thousand_employees_are_one_call() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let is_known = |number: u32| !number.is_multiple_of(100);
    let known: Vec<Value> = (0..1000).filter(|number| is_known(*number)).map(numbered).collect();
    product.imports("employees", &known).await;
    // Backwards: the response must follow the order of the call.
    let numbers = || (0..1000).rev();
    let rows: Vec<Value> = numbers().map(|number| punch(&format!("{number:06}"), "2017-02-03 08:00")).collect();
    let response = |number: u32| {
        let empno = format!("{number:06}");
        if is_known(number) { stored(&empno) } else { error(empno.into(), "employee not found") }
    };
    let responses: Vec<Value> = numbers().map(response).collect();
    for _ in 0..2 {
        stage.take_calls();
        assert_eq!(product.post(PUNCHES, json!({"attendances": rows})).await, body(json!(responses)));
        let calls = stage.take_calls();
        assert!(calls.len() <= 2 + 1000 / 25, "{}: {calls:?}", calls.len());
    }
    for number in [1, 99, 101, 500 + 1, 999] {
        let path = below(&format!("{number:032x}"), "attendance_checkings");
        let day = json!([checking("2017-02-03", "08:00:00", None)]);
        assert_eq!(product.get(&path, period(DAY, DAY)).await, body(day), "{number}");
    }
}

#[tokio::test]
async fn a_thousand_punches_of_one_employee_are_one_call() {
    let product = Product::with_records().await;
    let at = |minute: u32| format!("2017-02-{:02} {:02}:{:02}", 1 + minute / 600, 8 + minute % 600 / 60, minute % 60);
    let rows: Vec<Value> = (0..1000).map(|minute| punch(EMPNO, &at(minute))).collect();
    assert_eq!(product.post(PUNCHES, json!(rows)).await, body(vec![stored(EMPNO); 1000].into()));
    let days =
        json!([checking("2017-02-01", "08:00:00", Some("17:59:00")), checking("2017-02-02", "08:00:00", Some("14:39:00"))]);
    let path = below(EMPLOYEE, "attendance_checkings");
    assert_eq!(product.get(&path, period("2017-02-01", "2017-02-02")).await, body(days));
}

#[tokio::test]
async fn punches_that_are_no_list_of_at_most_a_thousand_are_rejected() {
    let product = Product::with_records().await;
    let many = vec![punch(EMPNO, "2017-02-03 08:00"); 1001];
    let cases = [
        (json!({"attendances": many}), "attendances must not have more than 1000 elements"),
        (json!(many), "payload must not have more than 1000 elements"),
        (json!({}), "attendances is required"),
        (Value::Null, "attendances is required"),
        (json!({"attendances": {}}), "attendances must be an array"),
        (json!({"attendances": "[]"}), "attendances must be an array"),
    ];
    for (payload, text) in cases {
        assert_eq!(product.post(PUNCHES, payload).await, rejection(422, 2002, text), "{text}");
    }
    for none in [json!([]), json!({"attendances": []})] {
        assert_eq!(product.post(PUNCHES, none).await, body(json!([])));
    }
    let path = below(EMPLOYEE, "attendance_checkings");
    assert_eq!(product.get(&path, period(DAY, DAY)).await, body(json!([])), "nothing was stored");
}

#[tokio::test]
async fn another_companys_employee_cannot_be_punched_for() {
    let (product, other) = (Product::with_records().await, Product::join().await);
    let rows = json!([punch(EMPNO, "2017-02-03 08:00")]);
    assert_eq!(other.post(PUNCHES, rows).await, body(json!([error(json!(EMPNO), "employee not found")])));
    let path = below(EMPLOYEE, "attendance_checkings");
    assert_eq!(product.get(&path, period(DAY, DAY)).await, body(json!([])));
    assert_eq!(other.get(&path, period(DAY, DAY)).await, rejection(404, 1102, "uuid does not exist"));
}

#[tokio::test]
async fn a_day_is_a_calendar_day_of_shanghai_with_its_first_and_last_punch() {
    let product = Product::with_records().await;
    let times = [
        "2017-02-02T15:59:59Z",
        "2017-02-03 18:00",
        "2017-02-02T16:00:00Z",
        "2017-02-03 12:00:30",
        "2017-02-03T23:59:59+08:00",
        "2017-02-04 08:00",
        "2017-02-06 09:00",
        "2017-02-06 08:59:59",
    ];
    let rows: Vec<Value> = times.iter().map(|at| punch(EMPNO, at)).collect();
    assert_eq!(product.post(PUNCHES, json!(rows)).await, body(vec![stored(EMPNO); times.len()].into()));
    let days = [
        checking("2017-02-02", "23:59:59", None),
        checking("2017-02-03", "00:00:00", Some("23:59:59")),
        checking("2017-02-04", "08:00:00", None),
        checking("2017-02-06", "08:59:59", Some("09:00:00")),
    ];
    let path = below(EMPLOYEE, "attendance_checkings");
    let cases = [
        ("2017-02-02", "2017-02-06", 0..4),
        ("2017-02-03", "2017-02-05", 1..3),
        ("2017-02-03", "2017-02-03", 1..2),
        ("2017-02-05", "2017-02-05", 0..0),
        ("2017-02-07", "2017-12-31", 0..0),
    ];
    for (start, end, range) in cases {
        assert_eq!(product.get(&path, period(start, end)).await, body(json!(days[range])), "{start} {end}");
    }
}

#[tokio::test]
async fn a_period_must_be_given_in_order_and_within_a_year() {
    let product = Product::with_records().await;
    let cases = [
        (json!({}), "start_date is required; end_date is required"),
        (period(DAY, "2017-02-02"), "end_date must not be before start_date"),
        (period("2017-01-01", "2018-01-02"), "end_date must be within 366 days of start_date"),
        (period("2017-02-30", DAY), "start_date must be a date, such as 2024-01-15"),
        (json!({"start_date": DAY, "end_date": 7}), "end_date must be a string"),
    ];
    for what in ["attendance_checkings", "timelines"] {
        for (mut payload, text) in cases.clone() {
            if what == "timelines" {
                payload["category"] = "leave".into();
            }
            let response = product.get(&below(EMPLOYEE, what), payload).await;
            assert_eq!(response, rejection(422, 2002, text), "{what}");
        }
    }
    let year = product.get(&below(EMPLOYEE, "attendance_checkings"), period("2017-01-01", "2018-01-01")).await;
    assert_eq!(year, body(json!([])));
}

#[tokio::test]
async fn an_employee_who_punched_today_is_present_until_midnight_in_shanghai() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let path = below(EMPLOYEE, "check_attendance");
    let attended = async |attended: bool| {
        let mut whole = returned(&employee());
        whole["attended"] = attended.into();
        assert_eq!(product.get(&path, product.with_token(json!({}))).await, body(whole));
    };
    attended(false).await;
    let yesterday_and_tomorrow = json!([punch(EMPNO, "2024-01-14 23:59:59"), punch(EMPNO, "2024-01-16 00:00")]);
    assert_eq!(product.post(PUNCHES, yesterday_and_tomorrow).await, body(json!([stored(EMPNO), stored(EMPNO)])));
    attended(false).await;
    assert_eq!(product.post(PUNCHES, json!([punch(EMPNO, "2024-01-15 00:00")])).await, body(json!([stored(EMPNO)])));
    attended(true).await;
    // From 18:30 until a second before midnight, then after midnight.
    stage.clock.advance(SignedDuration::from_secs(5 * 3600 + 1799));
    attended(true).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    attended(true).await;
    stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 1));
    attended(true).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    attended(false).await;
}

#[tokio::test]
async fn attendance_of_today_needs_the_companys_token_and_an_employee() {
    let product = Product::with_records().await;
    let path = below(EMPLOYEE, "check_attendance");
    assert_eq!(product.get(&path, json!({})).await, rejection(422, 2002, "token is required"));
    let wrong = product.get(&path, json!({"token": "wrong"})).await;
    assert_eq!(wrong, rejection(401, 1104, "token is not that of the company"));
    let missing = product.get(&below(&"0".repeat(32), "check_attendance"), product.with_token(json!({}))).await;
    assert_eq!(missing, rejection(404, 1102, "uuid does not exist"));
}

fn shift(empno: &str, date: &str, name: &str) -> Value {
    json!({
        "attenance_rule_name": "标准考勤", "workshift_name": name, "empno": empno, "date": date,
        "time_range": "09:00-18:00",
    })
}

fn shifts(empnoes: &[&str], start: &str, end: &str) -> Value {
    json!({"empnoes": empnoes, "start_date": start, "end_date": end})
}

#[tokio::test]
async fn arrangements_are_in_the_requested_order_of_employees_then_by_day() {
    let product = Product::with_records().await;
    product.imports("employees", &[second()]).await;
    let rows = [
        shift("1100", "2017-02-05", "晚班"),
        shift("1100", "2017-02-03", "早班"),
        shift("1100", "2017-02-03", "晚班"),
        shift(EMPNO, "2017-02-04", "早班"),
        shift(EMPNO, "2017-02-06", "早班"),
        shift(EMPNO, "2017-02-02", "早班"),
    ];
    product.imports("arrangements", &rows).await;
    let records = shift(EMPNO, DAY, "早班");
    let first = [records, rows[3].clone()];
    let second = [rows[1].clone(), rows[2].clone(), rows[0].clone()];
    let cases = [
        (vec![EMPNO, "1100"], [&first[..], &second[..]].concat()),
        (vec!["1100", "unknown", EMPNO, "1100"], [&second[..], &first[..]].concat()),
        (vec!["unknown"], Vec::new()),
        (vec![], Vec::new()),
    ];
    for (empnoes, expected) in cases {
        let response = product.get(ARRANGEMENTS, shifts(&empnoes, "2017-02-03", "2017-02-05")).await;
        assert_eq!(response, body(expected.into()), "{empnoes:?}");
    }
    let other = Product::join().await;
    let foreign = other.get(ARRANGEMENTS, shifts(&[EMPNO], "2017-02-03", "2017-02-05")).await;
    assert_eq!(foreign, body(json!([])));
}

#[tokio::test]
async fn arrangements_are_returned_for_at_most_a_hundred_employees_and_92_days() {
    let product = Product::with_records().await;
    let numbers: Vec<String> = (0..101).map(|number| format!("{number:06}")).collect();
    let mut empnoes: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let many = product.get(ARRANGEMENTS, shifts(&empnoes, DAY, DAY)).await;
    assert_eq!(many, rejection(422, 2002, "empnoes must not have more than 100 elements"));
    empnoes.truncate(99);
    empnoes.push(EMPNO);
    let found = body(json!([shift(EMPNO, DAY, "早班")]));
    assert_eq!(product.get(ARRANGEMENTS, shifts(&empnoes, DAY, DAY)).await, found);
    assert_eq!(product.get(ARRANGEMENTS, shifts(&[EMPNO], "2017-01-01", "2017-04-02")).await, found);
    let cases = [
        (shifts(&[EMPNO], "2017-01-01", "2017-04-03"), "end_date must be within 92 days of start_date"),
        (shifts(&[EMPNO], DAY, "2017-02-02"), "end_date must not be before start_date"),
        (json!({}), "empnoes is required; start_date is required; end_date is required"),
        (json!({"empnoes": "1001", "start_date": DAY, "end_date": DAY}), "empnoes must be an array"),
        (json!({"empnoes": [7], "start_date": DAY, "end_date": DAY}), "empnoes[0] must be a string"),
    ];
    for (payload, text) in cases {
        assert_eq!(product.get(ARRANGEMENTS, payload).await, rejection(422, 2002, text));
    }
}

#[tokio::test]
async fn leave_and_business_trips_are_separate_and_the_period_includes_its_bounds() {
    let product = Product::join().await;
    product.imports("employees", &[employee(), second()]).await;
    let entry = |date: &str, category: &str, start: &str, end: &str| {
        json!({
            "date": date, "category": category, "duration": 0.5, "duration_unit": "days",
            "start_time": format!("{date}T{start}:00+08:00"), "end_time": format!("{date}T{end}:00+08:00"),
        })
    };
    let entries = [
        entry("2017-02-03", "leave", "09:00", "13:00"),
        entry("2017-02-03", "leave", "14:00", "18:00"),
        entry("2017-02-03", "business_trip", "09:00", "13:00"),
        entry("2017-02-05", "leave", "09:00", "13:00"),
        entry("2017-02-06", "business_trip", "09:00", "13:00"),
    ];
    let mut rows = entries.to_vec();
    for row in &mut rows {
        row["employee_uuid"] = EMPLOYEE.into();
    }
    product.imports("timelines", &rows).await;
    let path = below(EMPLOYEE, "timelines");
    let cases: [(&str, &str, &str, &[usize]); 6] = [
        ("leave", "2017-02-03", "2017-02-05", &[0, 1, 3]),
        ("leave", "2017-02-04", "2017-02-04", &[]),
        ("leave", "2017-02-04", "2017-02-05", &[3]),
        ("business_trip", "2017-02-03", "2017-02-05", &[2]),
        ("business_trip", "2017-02-03", "2017-02-06", &[2, 4]),
        ("business_trip", "2017-02-03", "2017-02-03", &[2]),
    ];
    for (category, start, end, places) in cases {
        let payload = json!({"category": category, "start_date": start, "end_date": end});
        let expected: Vec<&Value> = places.iter().map(|place| &entries[*place]).collect();
        assert_eq!(product.get(&path, payload).await, body(json!(expected)), "{category} {start} {end}");
    }
    let payload = json!({"category": "leave", "start_date": DAY, "end_date": DAY});
    let nothing = product.get(&below(&format!("{:032x}", 7), "timelines"), payload.clone()).await;
    assert_eq!(nothing, body(json!([])), "another employee has none");
    let missing = product.get(&below(&"0".repeat(32), "timelines"), payload).await;
    assert_eq!(missing, rejection(404, 1102, "uuid does not exist"));
    for (category, text) in
        [(Value::Null, "category is required"), (json!("business_travel"), "category must be one of: leave business_trip")]
    {
        let payload = json!({"category": category, "start_date": DAY, "end_date": DAY});
        assert_eq!(product.get(&path, payload).await, rejection(422, 2002, text));
    }
}
