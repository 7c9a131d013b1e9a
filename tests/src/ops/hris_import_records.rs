//! Imports as records, dry runs, and rows that take a record back.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::admin::{done, fails};
use crate::support::audit::records_of;
use crate::support::product::{APPROVAL, DAY, DEPARTMENT, EMPLOYEE, EMPNO, Product, employee, numbered, without_import_id};
use crate::support::{Stage, world};

const TABLES: [&str; 4] = ["hris", "credentials", "audit", "channel"];

fn with(mut row: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().expect("fields") {
        row[name] = value.clone();
    }
    row
}

fn refused(line: u64, field: &str, reason: &str) -> Value {
    json!({"line": line, "status": "refused", "errors": [{"field": field, "reason": reason}]})
}

/// The items of the tables, by their keys.
async fn stored(stage: &Stage) -> BTreeMap<(&'static str, String, String), Value> {
    let mut items = BTreeMap::new();
    for table in TABLES {
        for item in stage.items(table).await {
            let part = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
            items.insert((table, part("pk"), part("sk")), item);
        }
    }
    items
}

/// The output of the command as a dry run, which must store nothing, then as a real import. Both without what only one of them has.
async fn both(stage: &Stage, command: &Value) -> (Value, Value) {
    let before = stored(stage).await;
    let dry = done(&stage.address, &with(command.clone(), json!({"dry_run": true}))).await;
    assert!(stored(stage).await == before, "a dry run stores something");
    (dry, without_import_id(done(&stage.address, command).await))
}

/// What the dry run says, without the names of the fields.
fn without_fields(dry: &Value) -> Value {
    let mut results = dry["results"].clone();
    for result in results.as_array_mut().unwrap() {
        result.as_object_mut().unwrap().shift_remove("fields");
    }
    json!({"results": results, "next": dry["next"]})
}

fn import(product: &Product, kind: &str, rows: &[String]) -> Value {
    json!({"command": "import_hris", "kind": kind, "company_uuid": product.company, "rows": rows.join("\n")})
}

#[tokio::test]
async fn a_dry_run_says_what_the_import_then_does_and_stores_nothing() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[numbered(8), numbered(9)]).await;
    let rows = [
        numbered(1).to_string(),
        numbered(1).to_string(),
        with(numbered(1), json!({"name": "新名"})).to_string(),
        with(numbered(2), json!({"mobile": numbered(1)["mobile"]})).to_string(),
        "garbage".to_owned(),
        with(numbered(3), json!({"nmae": "x"})).to_string(),
        numbered(8).to_string(),
        with(numbered(8), json!({"job_title": "店长", "mobile": "18602836722"})).to_string(),
        with(numbered(4), json!({"mobile": numbered(8)["mobile"], "department_uuid": "d".repeat(32)})).to_string(),
        with(numbered(5), json!({"leader_uuid": numbered(6)["uuid"]})).to_string(),
        numbered(6).to_string(),
        with(numbered(9), json!({"empno": "other"})).to_string(),
    ];
    let (dry, real) = both(&stage, &import(&product, "employees", &rows)).await;
    let created = |more: &[&'static str]| {
        let mut fields = ["consent_epoch", "empno", "join_date", "mobile", "name", "status", "uuid"].to_vec();
        fields.extend(more);
        fields.sort_unstable();
        fields
    };
    let unreadable = dry["results"][4]["errors"][0]["reason"].as_str().unwrap();
    assert!(unreadable.starts_with("is not valid JSON: "), "{dry}");
    let expected = json!([
        {"line": 1, "status": "created", "fields": created(&[])},
        {"line": 2, "status": "unchanged"},
        {"line": 3, "status": "updated", "fields": ["name"]},
        refused(4, "mobile", "belongs to another record"),
        refused(5, "row", unreadable),
        refused(6, "nmae", "is not known"),
        {"line": 7, "status": "unchanged"},
        {"line": 8, "status": "updated", "fields": ["job_title", "mobile"]},
        {"line": 9, "status": "created", "fields": created(&["department_uuid"]), "missing": ["department_uuid"]},
        {"line": 10, "status": "created", "fields": created(&["leader_uuid"])},
        {"line": 11, "status": "created", "fields": created(&[])},
        refused(12, "empno", "cannot change"),
    ]);
    assert_eq!(dry, json!({"dry_run": true, "results": expected, "next": null}));
    assert_eq!(real, without_fields(&dry));

    let company = |name: &str| json!({"uuid": "e".repeat(32), "name": name}).to_string();
    let companies = [company("甲"), company("甲"), company("乙")].join("\n");
    let (dry, real) = both(&stage, &json!({"command": "import_hris", "kind": "companies", "rows": companies})).await;
    let expected = json!([
        {"line": 1, "status": "created", "fields": ["name", "uuid"]},
        {"line": 2, "status": "unchanged"},
        {"line": 3, "status": "updated", "fields": ["name"]},
    ]);
    assert_eq!(dry, json!({"dry_run": true, "results": expected, "next": null}));
    assert_eq!(real, without_fields(&dry));

    // A slice of a dry run names no import, and the import begins where the slices of the dry run ended.
    let many: Vec<String> = (0..2001).map(|_| "x".to_owned()).collect();
    let (dry, real) = both(&stage, &import(&product, "sources", &many)).await;
    assert_eq!((&dry["next"], &real["next"]["line"]), (&json!({"offset": 4000, "line": 2000}), &json!(2000)));
    let named = with(import(&product, "sources", &many), json!({"dry_run": true, "from": real["next"]}));
    fails(&stage.address, &named, "Invalid", "from.import_id: must be absent in a dry run").await;
}

#[tokio::test]
async fn a_row_takes_back_a_shift_a_leave_or_an_approval() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let shift = json!({"delete": true, "empno": EMPNO, "date": DAY, "workshift_name": "早班"});
    let leave =
        json!({"delete": true, "employee_uuid": EMPLOYEE, "date": DAY, "category": "leave", "start_time": "2017-02-03 09:00"});
    let approval = json!({"delete": true, "number_series": APPROVAL});
    let arrangements = json!({"empnoes": [EMPNO], "start_date": DAY, "end_date": DAY});
    let timelines = json!({"start_date": DAY, "end_date": DAY, "category": "leave"});
    let reads = [
        ("/api/v2/arrangement_employees".to_owned(), arrangements),
        (format!("/api/v2/employees/{EMPLOYEE}/timelines"), timelines),
        ("/api/v2/approvals".to_owned(), json!({"start_date": "2017-07-01", "end_date": "2017-07-31"})),
    ];
    let cases = [
        ("arrangements", &shift, format!("{DAY}#早班"), "arrangement"),
        ("timelines", &leave, EMPLOYEE.to_owned(), "timeline"),
        ("approvals", &approval, APPROVAL.to_owned(), "approval"),
    ];
    for ((kind, row, id, object), (path, payload)) in cases.iter().zip(&reads) {
        let original = Product::records().into_iter().find(|(other, _)| other == kind).unwrap().1;
        assert_eq!(product.get(path, payload.clone()).await.body.as_array().map(Vec::len), Some(1), "{kind}");
        // Beside it stay others, and a row that is created and taken back again.
        let other = match *kind {
            "arrangements" => with(original.clone(), json!({"workshift_name": "晚班"})),
            "timelines" => with(original.clone(), json!({"category": "business_trip"})),
            _ => with(original.clone(), json!({"number_series": "other"})),
        };
        let rows = [
            other.to_string(),
            row.to_string(),
            row.to_string(),
            with(original.clone(), json!({"delete": false})).to_string(),
            row.to_string(),
        ];
        let (dry, real) = both(&stage, &import(&product, kind, &rows)).await;
        let statuses = ["created", "deleted", "unchanged", "created", "deleted"];
        let lines: Vec<Value> =
            statuses.iter().zip(1..).map(|(status, line)| json!({"line": line, "status": status})).collect();
        assert_eq!(real, json!({"results": lines, "next": null}), "{kind}");
        assert_eq!(without_fields(&dry), real, "{kind}");
        assert_eq!(dry["results"][1]["fields"], json!(["deleted"]));
        let left = product.get(path, payload.clone()).await;
        assert_eq!(left.body.as_array().map(Vec::len), Some(if *kind == "timelines" { 0 } else { 1 }), "{kind}: {left:?}");
        assert_eq!(product.import(kind, std::slice::from_ref(row)).await["results"][0]["status"], "unchanged");
        let recorded = records_of(&stage.address, &format!("hris/{object}/{}", product.company)).await;
        let deleted = json!({"id": id, "fields": ["deleted"], "before": 1});
        let rows = recorded.iter().flat_map(|record| record["rows"].as_array().unwrap());
        assert_eq!(rows.filter(|row| **row == deleted).count(), 2, "{recorded:?}");
    }
}

#[tokio::test]
async fn a_row_that_takes_back_is_checked_like_any_other() {
    let product = Product::with_records().await;
    let shift = json!({"delete": true, "empno": EMPNO, "date": DAY, "workshift_name": "早班"});
    let mut undated = shift.clone();
    undated.as_object_mut().unwrap().shift_remove("date");
    let rows = [
        undated,
        with(shift.clone(), json!({"time_range": "09:00-18:00"})),
        with(shift.clone(), json!({"delete": "yes"})),
        with(shift, json!({"date": "2017-02-30"})),
    ];
    let response = product.import("arrangements", &rows).await;
    let invalid = response["results"][3]["errors"][0]["reason"].as_str().unwrap();
    let expected = json!([
        refused(1, "date", "is required"),
        refused(2, "time_range", "is not known"),
        refused(3, "delete", "must be a boolean"),
        refused(4, "date", invalid),
    ]);
    assert_eq!(response, json!({"results": expected, "next": null}));
    // Others refer to employees: no row takes them back.
    let mut row = employee();
    row["delete"] = true.into();
    let employees = product.import("employees", &[row]).await;
    assert_eq!(employees["results"], json!([refused(1, "delete", "is not known")]));
    let departments = product.import("departments", &[json!({"delete": true, "uuid": DEPARTMENT, "name": "管理组"})]).await;
    assert_eq!(departments["results"], json!([refused(1, "name", "is not known")]));
    let employees = product.import("employees", &[with(employee(), json!({"delete": true}))]).await;
    assert_eq!(employees["results"], json!([refused(1, "delete", "is not known")]));
}

/// 4,100 lines in three slices. Of the first, 1,005 are rejected, of the second 1,990.
fn three_slices() -> String {
    let line = |number: u32| match number {
        1..=1005 | 2001..=3990 => r#"{"id":"x","mobile":"13800138000"}"#.to_owned(),
        number => json!({"id": format!("{number:04}"), "name": "源"}).to_string(),
    };
    (1..=4100).map(|number| line(number) + "\n").collect()
}

#[tokio::test]
async fn an_import_of_three_slices_is_one_record_and_a_repeated_slice_adds_nothing() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    stage.upload("imports/sources.jsonl", &three_slices()).await;
    let command = json!({
        "command": "import_hris", "kind": "sources", "company_uuid": product.company, "object": "imports/sources.jsonl",
        "by": "lisi",
    });
    let show = async |id: &Value| done(&stage.address, &json!({"command": "show_import", "import_id": id})).await;
    let first = done(&stage.address, &command).await;
    let id = &first["import_id"];
    let counts = |created: u32, unchanged: u32, refused: u32| json!({"created": created, "updated": 0, "unchanged": unchanged, "deleted": 0, "refused": refused});
    let expected = |counts: Value, rows: u32, at: &str, next: Value| {
        json!({
            "import_id": id, "by": "lisi", "kind": "sources", "company_uuid": product.company,
            "source": "imports/sources.jsonl", "bytes": three_slices().len(), "rows": rows, "counts": counts,
            "started_at": "2024-01-15T10:30:00Z", "updated_at": at, "complete": next.is_null(), "next": next,
        })
    };
    let without_rows = |mut shown: Value| {
        let rows = shown.as_object_mut().unwrap().shift_remove("refused").unwrap();
        (shown, rows)
    };
    let next = json!({"offset": first["next"]["offset"], "line": 2000});
    let (shown, rows) = without_rows(show(id).await);
    assert_eq!(shown, expected(counts(995, 0, 1005), 2000, "2024-01-15T10:30:00Z", next));
    let errors = json!([{"field": "mobile", "reason": "is not known"}, {"field": "name", "reason": "is required"}]);
    let kept: Vec<Value> = (1..=1000).map(|line| json!({"line": line, "errors": errors})).collect();
    assert_eq!(rows, json!(kept), "the first thousand");

    stage.clock.advance(SignedDuration::from_secs(60));
    let second = with(command.clone(), json!({"from": first["next"]}));
    let second_done = done(&stage.address, &second).await;
    assert_eq!((&second_done["import_id"], &second_done["next"]["line"]), (id, &json!(4000)));
    let recorded = show(id).await;
    let next = json!({"offset": second_done["next"]["offset"], "line": 4000});
    let (shown, rows) = without_rows(recorded.clone());
    assert_eq!(shown, expected(counts(1005, 0, 2995), 4000, "2024-01-15T10:31:00Z", next));
    assert_eq!(rows, json!(kept));

    // Repeated, a slice reports its rows again and adds nothing.
    stage.clock.advance(SignedDuration::from_secs(60));
    let before = stored(&stage).await;
    let again = done(&stage.address, &second).await;
    assert_eq!((&again["import_id"], &again["next"]), (id, &second_done["next"]));
    let statuses = again["results"].as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap());
    let statuses: Vec<&str> = statuses.filter(|status| *status != "refused").collect();
    assert_eq!(statuses, ["unchanged"; 10]);
    assert!(stored(&stage).await == before, "a repeated slice stores something");

    let elsewhere = |from: Value| with(command.clone(), json!({"from": from}));
    let skipping = with(second_done["next"].clone(), json!({"offset": three_slices().len()}));
    fails(&stage.address, &elsewhere(skipping), "Conflict", "from: is not where the import continues").await;
    let unknown = with(first["next"].clone(), json!({"import_id": "1"}));
    fails(&stage.address, &elsewhere(unknown), "NotFound", "from.import_id: does not exist").await;
    let others = with(second.clone(), json!({"kind": "vacancies"}));
    fails(&stage.address, &others, "Conflict", "from.import_id: is the id of an import of other rows").await;

    let third = done(&stage.address, &elsewhere(second_done["next"].clone())).await;
    assert_eq!(third["next"], Value::Null);
    let (shown, _) = without_rows(show(id).await);
    assert_eq!(shown, expected(counts(1105, 0, 2995), 4100, "2024-01-15T10:32:00Z", Value::Null));
    let records = records_of(&stage.address, &format!("hris/import/{}", id.as_str().unwrap())).await;
    let versions: Vec<&Value> = records.iter().map(|record| &record["after"]).collect();
    assert_eq!(versions, [3, 2, 1], "one record for each slice: {records:?}");

    // An import is kept for three years.
    assert_eq!(done(&stage.address, &second).await["next"], second_done["next"], "a slice of a complete import");
    let list = json!({"command": "list_imports", "company_uuid": product.company});
    let mut listed = shown.clone();
    listed.as_object_mut().unwrap().shift_remove("next");
    assert_eq!(done(&stage.address, &list).await, json!({"imports": [listed], "next_cursor": null}));
    stage.clock.advance(SignedDuration::from_hours(3 * 366 * 24));
    assert_eq!(done(&stage.address, &list).await, json!({"imports": [], "next_cursor": null}));
    let gone = json!({"command": "show_import", "import_id": id});
    fails(&stage.address, &gone, "NotFound", "import_id: does not exist").await;
}

#[tokio::test]
async fn imports_are_listed_with_the_newest_first() {
    let product = Product::join().await;
    let mut ids = Vec::new();
    for (kind, id) in [("sources", "id"), ("departments", "uuid")] {
        let rows = [json!({(id): DEPARTMENT, "name": "甲"}), json!({"name": "乙"})];
        let response = done(world(), &product.rows(kind, &rows)).await;
        ids.push(response["import_id"].clone());
    }
    let list = json!({"command": "list_imports", "company_uuid": product.company, "limit": 1});
    let first = done(world(), &list).await;
    let second = done(world(), &with(list, json!({"cursor": first["next_cursor"]}))).await;
    let shown = |page: &Value| (page["imports"][0]["import_id"].clone(), page["imports"][0]["counts"].clone());
    let counts = json!({"created": 1, "updated": 0, "unchanged": 0, "deleted": 0, "refused": 1});
    assert_eq!((shown(&first), shown(&second)), ((ids[1].clone(), counts.clone()), (ids[0].clone(), counts)));
    assert_eq!((&first["imports"][0]["source"], &first["imports"][0]["complete"]), (&json!("inline"), &json!(true)));
    let all = done(world(), &json!({"command": "list_imports", "limit": 100})).await;
    let position = |id: &Value| all["imports"].as_array().unwrap().iter().position(|import| import["import_id"] == *id);
    assert!(position(&ids[1]) < position(&ids[0]) || position(&ids[1]).is_none(), "the newest first");
}
