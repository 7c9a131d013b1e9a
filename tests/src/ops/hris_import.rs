//! `import_hris`: rows of JSON Lines. Each row is stored or rejected on its own.

use futures::future::join_all;
use serde_json::{Value, json};

use super::admin::{done, fails};
use crate::support::product::{
    EMPLOYEE, EMPNO, MOBILE, Product, body, employee, numbered, rejection, returned, without_import_id,
};
use crate::support::{Stage, world};

/// The results, line by line.
fn results(statuses: &[&str]) -> Value {
    let lines = statuses.iter().zip(1..).map(|(status, line)| json!({"line": line, "status": status}));
    json!({"results": lines.collect::<Vec<_>>(), "next": null})
}

fn rejected(line: u64, field: &str, reason: &str) -> Value {
    json!({"line": line, "status": "refused", "errors": [{"field": field, "reason": reason}]})
}

async fn found(product: &Product, id: &str) -> crate::support::Response {
    product.get(&format!("/api/v2/employees/{id}"), product.with_token(json!({}))).await
}

/// An employee with these fields replaced.
fn with(row: &Value, fields: Value) -> Value {
    let mut row = row.clone();
    for (name, value) in fields.as_object().expect("fields") {
        row[name] = value.clone();
    }
    row
}

#[tokio::test]
async fn a_row_of_every_kind_is_created_then_unchanged_then_updated() {
    let product = Product::join().await;
    let changes = [
        ("sub_companies", json!({"boss": "曹操"})),
        ("departments", json!({"name": "运营组"})),
        ("employees", json!({"name": "改名", "bank_card": "6222020000000000000"})),
        ("arrangements", json!({"time_range": "10:00-19:00"})),
        ("timelines", json!({"duration": 1})),
        ("approvals", json!({"status": "passed"})),
        ("sources", json!({"name": "猎头"})),
        ("vacancies", json!({"status": "closed"})),
        ("candidates", json!({"status": "hired"})),
    ];
    for ((kind, row), (changed_kind, change)) in Product::records().into_iter().zip(changes) {
        assert_eq!(kind, changed_kind);
        let result = |status: &str| match kind {
            // The department that the document's example names does not exist.
            "employees" => json!({"line": 1, "status": status, "missing": ["virtual_leader_uuid"]}),
            _ => json!({"line": 1, "status": status}),
        };
        let changed = with(&row, change);
        for (row, status) in [(&row, "created"), (&row, "unchanged"), (&changed, "updated"), (&changed, "unchanged")] {
            let response = product.import(kind, std::slice::from_ref(row)).await;
            assert_eq!(response, json!({"results": [result(status)], "next": null}), "{kind}");
        }
    }
    let company = |name: &str| json!({"uuid": "e".repeat(32), "name": name}).to_string();
    for (rows, status) in [(company("甲"), "created"), (company("甲"), "unchanged"), (company("乙"), "updated")] {
        let import = json!({"command": "import_hris", "kind": "companies", "rows": rows});
        assert_eq!(without_import_id(done(world(), &import).await), results(&[status]));
    }
}

#[tokio::test]
async fn a_bad_row_is_named_by_line_and_field_and_the_other_rows_are_stored() {
    let product = Product::join().await;
    let rows = [
        numbered(1).to_string(),
        String::new(),
        r#"{"uuid":"x","name":"","status":"gone"}"#.to_owned(),
        "garbage".to_owned(),
        "[]".to_owned(),
        with(&numbered(2), json!({"nmae": "x"})).to_string(),
        with(&numbered(3), json!({"leave_date": "2012-09-28"})).to_string(),
        format!("  {}\r", numbered(4)),
        r#"{"uuid":"1","uuid":"2"}"#.to_owned(),
    ];
    let import =
        json!({"command": "import_hris", "kind": "employees", "company_uuid": product.company, "rows": rows.join("\n")});
    let response = without_import_id(product.command(import).await);
    let garbage = &response["results"][2]["errors"][0]["reason"];
    assert!(garbage.as_str().is_some_and(|reason| reason.starts_with("is not valid JSON: ")), "{response}");
    let faults = json!([
        {"field": "uuid", "reason": "must be 32 hex digits"},
        {"field": "name", "reason": "must not be empty"},
        {"field": "empno", "reason": "is required"},
        {"field": "status", "reason": "must be one of: waiting probation regular dimission internship"},
    ]);
    let mut third = response["results"][1]["errors"].as_array().expect("faults").clone();
    let mut expected = faults.as_array().expect("faults").clone();
    third.sort_by_key(|fault| fault["field"].to_string());
    expected.sort_by_key(|fault| fault["field"].to_string());
    assert_eq!(third, expected, "all faults of a row are reported");
    let expected = json!({
        "results": [
            {"line": 1, "status": "created"},
            {"line": 3, "status": "refused", "errors": response["results"][1]["errors"]},
            rejected(4, "row", garbage.as_str().expect("a reason")),
            rejected(5, "row", "must be an object"),
            rejected(6, "nmae", "is not known"),
            rejected(7, "leave_date", "must not be before join_date"),
            {"line": 8, "status": "created"},
            rejected(9, "uuid", "is given more than once"),
        ],
        "next": null,
    });
    assert_eq!(response, expected);
    for number in [1, 4] {
        assert_eq!(found(&product, &format!("{number:06}")).await, body(returned(&numbered(number))));
    }
    for number in [2, 3] {
        assert_eq!(found(&product, &format!("{number:06}")).await, rejection(404, 1102, "id does not exist"));
    }
}

#[tokio::test]
async fn an_unknown_reference_is_reported_and_stored() {
    let product = Product::join().await;
    let (head, department) = ("a".repeat(32), "b".repeat(32));
    let row = with(
        &numbered(1),
        json!({
            "department_uuid": department, "leader_uuid": head, "virtual_leader_uuid": numbered(2)["uuid"],
            "sub_company_uuid": department,
        }),
    );
    let response = product.import("employees", &[row.clone(), numbered(2)]).await;
    let missing = json!(["department_uuid", "leader_uuid", "sub_company_uuid"]);
    let expected = json!([{"line": 1, "status": "created", "missing": missing}, {"line": 2, "status": "created"}]);
    assert_eq!(response, json!({"results": expected, "next": null}), "a later row of the import exists");
    assert_eq!(found(&product, "000001").await, body(returned(&row)));

    let unit = json!({"uuid": department, "name": "组", "charger_uuid": numbered(1)["uuid"], "superior_uuid": department});
    assert_eq!(product.import("departments", &[unit]).await, results(&["created"]), "a row may refer to itself");
    let again = product.import("employees", &[row]).await;
    let still = json!([{"line": 1, "status": "unchanged", "missing": ["leader_uuid", "sub_company_uuid"]}]);
    assert_eq!(again, json!({"results": still, "next": null}));
    let others = [
        (
            "timelines",
            json!({"employee_uuid": head, "date": "2017-02-03", "category": "leave", "duration": 1, "duration_unit": "days", "start_time": "2017-02-03 09:00", "end_time": "2017-02-03 18:00"}),
            "employee_uuid",
        ),
        ("arrangements", json!({"workshift_name": "早班", "empno": "unknown", "date": "2017-02-03"}), "empno"),
        ("candidates", json!({"uuid": head, "name": "候", "source_id": "9"}), "source_id"),
        ("vacancies", json!({"id": "9", "name": "职", "department_uuid": head}), "department_uuid"),
    ];
    for (kind, row, field) in others {
        let expected = json!({"results": [{"line": 1, "status": "created", "missing": [field]}], "next": null});
        assert_eq!(product.import(kind, &[row]).await, expected, "{kind}");
    }
}

#[tokio::test]
async fn an_employee_number_is_never_reused() {
    let product = Product::join().await;
    product.imports("employees", &[employee()]).await;
    let renumbered = with(&employee(), json!({"empno": "NORMAL-2"}));
    let namesake = with(&numbered(1), json!({"empno": EMPNO}));
    let left = with(&namesake, json!({"status": "dimission"}));
    let expected = json!([
        rejected(1, "empno", "cannot change"),
        rejected(2, "empno", "belongs to another record"),
        rejected(3, "empno", "belongs to another record"),
    ]);
    let response = product.import("employees", &[renumbered, namesake, left]).await;
    assert_eq!(response, json!({"results": expected, "next": null}));
    assert_eq!(found(&product, EMPNO).await, body(returned(&employee())));
    assert_eq!(found(&product, "NORMAL-2").await, rejection(404, 1102, "id does not exist"));
}

#[tokio::test]
async fn a_phone_passes_from_an_employee_who_left_to_a_new_one() {
    let product = Product::join().await;
    let new = with(&numbered(1), json!({"mobile": MOBILE}));
    product.imports("employees", &[employee()]).await;
    let taken = json!({"results": [rejected(1, "mobile", "belongs to another record")], "next": null});
    assert_eq!(product.import("employees", std::slice::from_ref(&new)).await, taken);
    assert_eq!(found(&product, "000001").await, rejection(404, 1102, "id does not exist"));

    let gone = with(&employee(), json!({"status": "dimission", "leave_date": "2017-01-01"}));
    product.imports("employees", std::slice::from_ref(&gone)).await;
    assert_eq!(found(&product, MOBILE).await, body(returned(&gone)), "the phone still belongs to the employee who left");
    assert_eq!(product.import("employees", std::slice::from_ref(&new)).await, results(&["created"]));
    assert_eq!(found(&product, MOBILE).await, body(returned(&new)));
    assert_eq!(found(&product, EMPNO).await, body(returned(&gone)), "an employee who left is still found by number");
    product.imports("employees", &[with(&gone, json!({"nickname": "旧人"}))]).await;
    assert_eq!(found(&product, MOBILE).await, body(returned(&new)), "an employee who left does not take the phone back");
    assert_eq!(product.import("employees", &[employee()]).await["results"], taken["results"], "nor does one who returns");
}

/// A later row of an import sees the result of the earlier ones.
#[tokio::test]
async fn a_phone_that_one_row_releases_is_free_for_the_next() {
    let (one, other) = ("18602836721", "18602836722");
    for status in ["regular", "dimission"] {
        let product = Product::join().await;
        let holder = with(&numbered(1), json!({"mobile": one, "status": status}));
        product.imports("employees", std::slice::from_ref(&holder)).await;
        let rows = [
            with(&holder, json!({"mobile": other})),
            with(&numbered(2), json!({"mobile": one})),
            with(&numbered(3), json!({})),
        ];
        let response = product.import("employees", &rows).await;
        assert_eq!(response, results(&["updated", "created", "created"]), "{status}");
        for (mobile, row) in [(other, &rows[0]), (one, &rows[1])] {
            assert_eq!(found(&product, mobile).await, body(returned(row)), "{status}");
        }

        let swapped = [with(&rows[0], json!({"mobile": null})), with(&rows[1], json!({"mobile": other}))];
        let response = product.import("employees", &swapped).await;
        assert_eq!(response, results(&["updated", "updated"]), "{status}");
        assert_eq!(found(&product, other).await, body(returned(&swapped[1])), "{status}");
        assert_eq!(found(&product, one).await, rejection(404, 1102, "id does not exist"), "{status}");
    }
    let product = Product::join().await;
    let gone = with(&numbered(1), json!({"mobile": one, "status": "dimission"}));
    product.imports("employees", std::slice::from_ref(&gone)).await;
    let rows = [with(&numbered(2), json!({"mobile": one})), with(&gone, json!({"mobile": other}))];
    assert_eq!(product.import("employees", &rows).await, results(&["created", "updated"]));
    assert_eq!(found(&product, one).await, body(returned(&rows[0])));
    assert_eq!(found(&product, other).await, body(returned(&rows[1])));
}

#[tokio::test]
async fn rows_about_the_same_record_apply_in_order() {
    let product = Product::join().await;
    let renamed = with(&numbered(1), json!({"name": "新名"}));
    let double = with(&numbered(2), json!({"mobile": numbered(1)["mobile"]}));
    let rows = [numbered(1), numbered(1), renamed.clone(), double, numbered(1), renamed.clone()];
    let response = product.import("employees", &rows).await;
    let mut expected = results(&["created", "unchanged", "updated", "", "updated", "updated"]);
    expected["results"][3] = rejected(4, "mobile", "belongs to another record");
    assert_eq!(response, expected);
    assert_eq!(found(&product, "000001").await, body(returned(&renamed)));
}

#[tokio::test]
async fn a_null_is_like_an_absent_field_and_removes_a_value() {
    let product = Product::join().await;
    let bare = json!({"uuid": EMPLOYEE, "name": "一般职员", "empno": EMPNO, "status": "regular"});
    let mut nulls = employee();
    for (name, value) in nulls.as_object_mut().expect("fields") {
        if bare.get(name).is_none() {
            *value = Value::Null;
        }
    }
    product.imports("employees", &[employee()]).await;
    assert_eq!(product.import("employees", &[nulls]).await, results(&["updated"]));
    assert_eq!(found(&product, EMPNO).await, body(returned(&bare)));
    assert_eq!(found(&product, MOBILE).await, rejection(404, 1102, "id does not exist"));
    assert_eq!(product.import("employees", &[bare]).await, results(&["unchanged"]));
}

/// 2,500 sources as JSON Lines.
fn many() -> String {
    (0..2500).map(|number| json!({"id": format!("{number:04}"), "name": "源"}).to_string() + "\n").collect()
}

/// Imports to the end. Returns the first and last line of each slice and its number of rows.
async fn in_slices(product: &Product, mut import: Value) -> Vec<(Value, Value, usize)> {
    let mut slices = Vec::new();
    loop {
        let response = product.command(import.clone()).await;
        let results = response["results"].as_array().unwrap_or_else(|| panic!("{response}"));
        assert!(results.iter().all(|result| result["status"] == "created"), "{response}");
        slices.push((results[0]["line"].clone(), results[results.len() - 1]["line"].clone(), results.len()));
        if response["next"].is_null() {
            return slices;
        }
        import["from"] = response["next"].clone();
        assert!(slices.len() < 10, "the import does not end");
    }
}

#[tokio::test]
async fn an_import_resumes_where_it_stopped_inline_or_from_an_object() {
    let stage = Stage::open().await;
    stage.upload("imports/2024/sources.jsonl", &many()).await;
    for source in [json!({"rows": many()}), json!({"object": "imports/2024/sources.jsonl"})] {
        let product = Product::join_stage(&stage).await;
        let mut import = json!({"command": "import_hris", "kind": "sources", "company_uuid": product.company});
        for (name, value) in source.as_object().expect("a source") {
            import[name] = value.clone();
        }
        let slices = in_slices(&product, import.clone()).await;
        assert_eq!(slices, [(json!(1), json!(2000), 2000), (json!(2001), json!(2500), 500)]);
        // A second import from the start changes nothing.
        let again = product.command(import).await;
        let next = json!({"import_id": again["import_id"], "offset": 2000 * many().len() / 2500, "line": 2000});
        assert_eq!(again["next"], next);
        let results = again["results"].as_array().expect("results");
        assert_eq!(results.iter().filter(|result| result["status"] == "unchanged").count(), 2000);
    }
}

#[tokio::test]
async fn an_import_needs_one_source_and_a_company_that_exists() {
    let product = Product::join().await;
    let import =
        |more: Value| with(&json!({"command": "import_hris", "kind": "sources", "company_uuid": product.company}), more);
    let cases = [
        (json!({}), "Invalid", "rows: or object is required, and not both"),
        (json!({"rows": "", "object": "imports/x"}), "Invalid", "rows: or object is required, and not both"),
        (json!({"object": "resume-1.pdf"}), "Invalid", "object: must begin with imports/"),
        (json!({"object": "imports/none"}), "NotFound", "object: does not exist"),
        (json!({"rows": "", "company_uuid": "d".repeat(32)}), "NotFound", "company_uuid: does not exist"),
        (json!({"rows": "", "company_uuid": null}), "Invalid", "company_uuid: is required"),
        (
            json!({"rows": "", "kind": "companies"}),
            "Invalid",
            "company_uuid: must be absent: each row of companies has its own",
        ),
        (json!({"rows": "", "from": {"offset": 0}}), "Invalid", "from.line: is required"),
        (json!({"rows": "", "form": 1}), "Invalid", "form: is not known"),
        (
            json!({"rows": "", "kind": "people"}),
            "Invalid",
            "kind: must be one of: companies sub_companies departments employees arrangements timelines approvals vacancies sources candidates",
        ),
    ];
    for (more, kind, message) in cases {
        fails(world(), &import(more), kind, message).await;
    }
    let without = json!({"command": "import_hris", "kind": "sources", "rows": ""});
    fails(world(), &without, "Invalid", "company_uuid: is required").await;
    let empty = done(world(), &import(json!({"rows": "\n\n"}))).await;
    assert_eq!(without_import_id(empty), json!({"results": [], "next": null}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_rows_imported_concurrently_are_created_once() {
    let product = Product::join().await;
    let rows: Vec<Value> = (0..150).map(numbered).collect();
    let responses = join_all((0..4).map(|_| product.import("employees", &rows))).await;
    for at in 0..rows.len() {
        let created = responses.iter().filter(|response| response["results"][at]["status"] == "created").count();
        let unchanged = responses.iter().filter(|response| response["results"][at]["status"] == "unchanged").count();
        assert_eq!((created, unchanged), (1, 3), "line {}", at + 1);
    }
    let all: Vec<Value> = rows.iter().map(returned).collect();
    assert_eq!(product.get("/api/v2/employees", product.with_token(json!({}))).await, body(all.into()));
}

#[tokio::test]
async fn five_thousand_employees_are_walked_by_cursor_at_constant_cost() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let rows: Vec<Value> = (0..5000).map(numbered).collect();
    product.imports("employees", &rows).await;
    let (mut walked, mut pagination) = (Vec::new(), json!({"page": 1, "page_size": 100}));
    for page in 1..=50 {
        stage.take_calls();
        let response = product.get("/api/v2/employees", product.with_token(json!({"pagination": pagination}))).await;
        let calls = stage.take_calls();
        // The first page counts all employees; before it the key was looked up.
        assert!(page == 1 || calls == ["Query", "BatchGetItem"], "{page}: {calls:?}");
        let (employees, cursor) = (response.body["employees"].clone(), response.body["nextCursor"].clone());
        let expected = json!({
            "currentPage": page, "pageSize": 100, "totalPages": 50, "totalCount": 5000, "nextCursor": cursor,
            "employees": employees,
        });
        assert_eq!(response, body(expected));
        walked.extend(employees.as_array().expect("employees").clone());
        pagination = json!({"page_size": 100, "cursor": cursor});
    }
    assert_eq!(pagination["cursor"], Value::Null);
    assert!(walked == rows.iter().map(returned).collect::<Vec<_>>(), "the walk differs from the imported employees");
}

#[tokio::test]
async fn a_slice_has_at_most_the_rows_of_its_limit() {
    let product = Product::join().await;
    let rows = [json!({"id": "1", "name": "甲"}), json!({"id": "2", "name": "乙"}), json!({"id": "3", "name": "丙"})];
    let command = with(&product.rows("sources", &rows), json!({"limit": 2}));
    let first = product.command(command.clone()).await;
    assert_eq!(first["results"], json!([{"line": 1, "status": "created"}, {"line": 2, "status": "created"}]));
    let second = product.command(with(&command, json!({"from": first["next"]}))).await;
    assert_eq!((&second["results"], &second["next"]), (&json!([{"line": 3, "status": "created"}]), &Value::Null));
    for limit in [0, 2001] {
        let reason = "limit: must be a whole number from 1 to 2000";
        fails(world(), &with(&command, json!({"limit": limit})), "Invalid", reason).await;
    }
}
