//! /approvals (document 003, 审批对象).

use serde_json::{Value, json};

use crate::support::product::{Product, body, rejection};

const APPROVALS: &str = "/api/v2/approvals";

/// The document's example.
fn printed() -> [Value; 2] {
    let section =
        |section: &str, name: &str, value: &str| json!({"section": section, "fields": [{"name": name, "value": value}]});
    [
        json!({
            "number_series": "20170712355448", "creator": "辛宪英", "created_at": "2017-07-12T17:29:30.000+08:00",
            "status": "denied", "status_name": "不通过", "updated_at": "2017-07-12T17:30:51.000+08:00",
            "category": "dimission", "workflow_name": "员工离职",
            "form_values": [
                section("行政审批", "确认办公用品是否归还", "否"), section("财务结算", "停薪日期", "2017-07-12"),
                section("款项结算", "确认是否还有未结往来款项", "否"), section("服务关闭", "公司邮箱", "否"),
            ],
        }),
        json!({
            "number_series": "20170721372181", "creator": "袁绍", "created_at": "2017-07-21T16:00:06.000+08:00",
            "status": "passed", "status_name": "通过", "updated_at": "2017-07-21T16:00:09.000+08:00",
            "category": "onboarding", "workflow_name": "员工入职",
            "form_values": [{
                "section": "适用规则",
                "fields": [{"name": "假期发放规则", "value": {"假期_11": null, "假期_1": null}}],
            }],
        }),
    ]
}

/// An approval as it is returned, from the row of an import.
fn row(returned: &Value) -> Value {
    let mut row = returned.clone();
    row.as_object_mut().unwrap().remove("status_name");
    row
}

fn approval(number: u32, created_at: &str, category: &str, status: (&str, &str)) -> Value {
    json!({
        "number_series": format!("{number:014}"), "creator": "袁绍", "created_at": created_at, "status": status.0,
        "status_name": status.1, "updated_at": null, "category": category, "workflow_name": "", "form_values": [],
    })
}

const WAITING: (&str, &str) = ("waiting", "审批中");
const PASSED: (&str, &str) = ("passed", "通过");
const DENIED: (&str, &str) = ("denied", "不通过");

async fn imports(product: &Product, returned: &[Value]) {
    product.imports("approvals", &returned.iter().map(row).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn approvals_are_returned_as_in_the_document() {
    let product = Product::join().await;
    imports(&product, &printed()).await;
    let found = product.get(APPROVALS, json!({"start_date": "2017-07-01", "end_date": "2017-07-31"})).await;
    assert_eq!(found, body(json!(printed())));
    // The order of the members counts as well.
    assert_eq!(found.body.to_string(), json!(printed()).to_string());
    for approval in printed() {
        let path = format!("{APPROVALS}/{}", approval["number_series"].as_str().unwrap());
        assert_eq!(product.get(&path, Value::Null).await, body(approval));
    }
}

#[tokio::test]
async fn an_unknown_number_does_not_exist() {
    let product = Product::with_records().await;
    for unknown in ["20170712355449", "x", "%20", "%E5%BC%A0", &"1".repeat(2000)] {
        let response = product.get(&format!("{APPROVALS}/{unknown}"), Value::Null).await;
        assert_eq!(response, rejection(404, 1102, "number_series does not exist"), "{unknown}");
    }
}

#[tokio::test]
async fn a_period_includes_both_of_its_days_in_shanghai() {
    let product = Product::join().await;
    let all = [
        approval(5, "2018-01-31T23:59:59.999+08:00", "leave", WAITING),
        approval(4, "2018-02-01T00:00:00.000+08:00", "leave", WAITING),
        approval(3, "2018-02-15T12:00:00.000+08:00", "leave", WAITING),
        approval(2, "2018-03-01T23:59:59.999+08:00", "leave", WAITING),
        approval(1, "2018-03-02T00:00:00.000+08:00", "leave", WAITING),
    ];
    imports(&product, &all).await;
    for (start, end, expected) in [
        ("2018-02-01", "2018-03-01", &all[1..4]),
        ("2018-01-31", "2018-03-02", &all[..]),
        ("2018-02-15", "2018-02-15", &all[2..3]),
        ("2018-02-01", "2018-02-01", &all[1..2]),
        ("2018-02-02", "2018-02-14", &[]),
        ("2018-03-02", "2019-03-02", &all[4..]),
    ] {
        let found = product.get(APPROVALS, json!({"start_date": start, "end_date": end})).await;
        assert_eq!(found, body(json!(expected)), "{start} to {end}");
    }
}

#[tokio::test]
async fn a_period_has_at_most_366_days() {
    let product = Product::join().await;
    let list = async |start: &str, end: &str| product.get(APPROVALS, json!({"start_date": start, "end_date": end})).await;
    for (start, end) in [("2016-01-01", "2016-12-31"), ("2017-01-01", "2018-01-01")] {
        assert_eq!(list(start, end).await, body(json!([])), "{start} to {end}");
    }
    let too_long = rejection(422, 2002, "end_date must be within 366 days of start_date");
    for (start, end) in [("2016-01-01", "2017-01-01"), ("2017-01-01", "2018-01-02"), ("1900-01-01", "9999-12-31")] {
        assert_eq!(list(start, end).await, too_long, "{start} to {end}");
    }
    let inverted = rejection(422, 2002, "end_date must not be before start_date");
    for (start, end) in [("2017-01-02", "2017-01-01"), ("9999-12-31", "1900-01-01")] {
        assert_eq!(list(start, end).await, inverted, "{start} to {end}");
    }
}

#[tokio::test]
async fn category_and_status_narrow_the_list() {
    /// The document's table.
    const CATEGORIES: [&str; 19] = [
        "leave",
        "adjustment",
        "contract",
        "dimission",
        "enrollment",
        "payroll_submit",
        "recruit",
        "salary_change",
        "attendance_recheck",
        "overtime",
        "business_trip",
        "sub_company_transfer",
        "onboarding",
        "business_travel",
        "intern_regularization",
        "breastfeeding_leave",
        "duty",
        "arrangement",
        "custom",
    ];
    let product = Product::join().await;
    let mut all = Vec::new();
    for category in CATEGORIES {
        for status in [WAITING, PASSED, DENIED] {
            let number = u32::try_from(all.len()).unwrap();
            let second = format!("2018-02-01T10:{:02}:{:02}.000+08:00", number / 60, number % 60);
            all.push(approval(number, &second, category, status));
        }
    }
    imports(&product, &all).await;
    let list = async |category: Option<&str>, status: Option<&str>| {
        let period = json!({"start_date": "2018-02-01", "end_date": "2018-02-01", "category": category, "status": status});
        let expected: Vec<&Value> = all
            .iter()
            .filter(|approval| category.is_none_or(|category| approval["category"] == category))
            .filter(|approval| status.is_none_or(|status| approval["status"] == status))
            .collect();
        assert_eq!(product.get(APPROVALS, period).await, body(json!(expected)), "{category:?} {status:?}");
        expected.len()
    };
    assert_eq!(list(None, None).await, 57);
    for (status, _) in [WAITING, PASSED, DENIED] {
        assert_eq!(list(None, Some(status)).await, 19);
    }
    for category in CATEGORIES {
        assert_eq!(list(Some(category), None).await, 3);
        assert_eq!(list(Some(category), Some("passed")).await, 1);
    }
}
