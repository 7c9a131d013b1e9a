//! /employees (document 003, 员工).

use serde_json::{Value, json};

use crate::support::product::{EMPLOYEE, EMPNO, MOBILE, Product, body, employee, numbered, rejection, returned};

const EMPLOYEES: &str = "/api/v2/employees";

/// The list of these employees.
fn list(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(returned).collect()
}

#[tokio::test]
async fn one_path_finds_an_employee_by_uuid_number_and_phone() {
    let product = Product::with_records().await;
    let token = product.with_token(json!({}));
    for id in [EMPLOYEE, &EMPLOYEE.to_uppercase(), EMPNO, MOBILE] {
        let found = product.get(&format!("/api/v2/employees/{id}"), token.clone()).await;
        assert_eq!(found, body(returned(&employee())), "{id}");
    }
    let missing = rejection(404, 1102, "id does not exist");
    for id in ["00000000000000000000000000000000", "NORMAL-2", "18602836722"] {
        assert_eq!(product.get(&format!("/api/v2/employees/{id}"), token.clone()).await, missing, "{id}");
    }
}

#[tokio::test]
async fn the_documents_example_is_returned_as_in_the_document() {
    let product = Product::with_records().await;
    let mut example = employee();
    example["status"] = "waiting".into();
    product.imports("employees", std::slice::from_ref(&example)).await;
    let found = product.get(&format!("{EMPLOYEES}/{EMPLOYEE}"), product.with_token(json!({}))).await;
    let printed = json!({
        "uuid": "1387c26da1091124264793e123744fbb", "name": "一般职员", "sex": "male", "empno": "NORMAL-1",
        "email": "76577261@qq.com", "mobile": "18602836721", "phone_number": "18602836721",
        "id_number": "320581199406301913", "address": "烨伟路313号", "bank_card": "", "photo": "", "marriage": "divorced",
        "birthday": "1983-07-21", "join_date": "2012-09-29", "avatar": "", "leave_date": null, "status": "waiting",
        "department_uuid": "f46594b15bc947891fcf8700f3aaa2ba", "exmail": "test1@colorway.com", "job_title": "CTO",
        "job_grade": "", "dingtalk_id": null, "nickname": "少林扫地僧", "leader_uuid": null,
        "virtual_leader_uuid": "fbfd8324fb43da1d979fd277473d7984",
    });
    for (name, value) in printed.as_object().unwrap() {
        assert_eq!(&found.body[name], value, "{name}");
    }
    assert_eq!(found, body(returned(&example)));
}

#[tokio::test]
async fn a_uuid_is_looked_up_before_a_number_and_a_number_before_a_phone() {
    let product = Product::join().await;
    let mut rows = [numbered(1), numbered(2), numbered(3)];
    rows[1]["empno"] = rows[0]["uuid"].clone();
    rows[2]["empno"] = rows[0]["mobile"].clone();
    product.imports("employees", &rows).await;
    let token = product.with_token(json!({}));
    for (id, found) in [(&rows[0]["uuid"], &rows[0]), (&rows[0]["mobile"], &rows[2]), (&rows[1]["mobile"], &rows[1])] {
        let response = product.get(&format!("{EMPLOYEES}/{}", id.as_str().unwrap()), token.clone()).await;
        assert_eq!(response, body(returned(found)), "{id}");
    }
}

#[tokio::test]
async fn a_number_abroad_is_another_phone_than_the_same_digits_at_home() {
    let product = Product::join().await;
    let mut rows = [numbered(1), numbered(2), numbered(3)];
    for (row, mobile) in rows.iter_mut().zip(["+4915112345678", "15112345678", "+852 91234567"]) {
        row["mobile"] = mobile.into();
        row["phone_number"] = mobile.into();
    }
    product.imports("employees", &rows).await;
    let token = product.with_token(json!({}));
    for (mobile, row) in
        [("+4915112345678", 0), ("+49-15112345678", 0), ("15112345678", 1), ("+8615112345678", 1), ("+85291234567", 2)]
    {
        let found = product.get(&format!("{EMPLOYEES}/{mobile}"), token.clone()).await;
        assert_eq!(found, body(returned(&rows[row])), "{mobile}");
    }
}

/// Twelve employees, listed by number. The filters distinguish them by status, dates and name.
fn staff() -> Vec<Value> {
    let mut rows: Vec<Value> = (1..=12).map(numbered).collect();
    for (at, status, name, joined, left) in [
        (0, "waiting", "张三", None, None),
        (1, "probation", "张三丰", Some("2017-10-01"), None),
        (2, "regular", "李张三", Some("2017-10-02"), None),
        (3, "internship", "李四", Some("2017-10-31"), None),
        (4, "dimission", "王五", Some("2017-09-30"), Some("2018-01-01")),
        (5, "dimission", "张五", Some("2017-11-01"), Some("2018-01-31")),
        (6, "regular", "Zhang San", Some("2016-02-29"), None),
        (7, "dimission", "zhang", Some("2017-10-01"), Some("2018-02-01")),
        (8, "probation", "三", Some("2017-10-15"), Some("2018-01-15")),
        (9, "internship", "A%_\"'\\", Some("2017-10-15"), None),
        (10, "waiting", "欧阳😀", Some("2018-03-01"), None),
        (11, "regular", "张 三", None, None),
    ] {
        let row = rows[at].as_object_mut().unwrap();
        row.insert("status".into(), status.into());
        row.insert("name".into(), name.into());
        row.remove("join_date");
        row.extend(joined.map(|date| ("join_date".to_owned(), date.into())));
        row.extend(left.map(|date| ("leave_date".to_owned(), date.into())));
    }
    rows
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let product = Product::join().await;
    let rows = staff();
    product.imports("employees", &rows).await;
    let all: Vec<usize> = (1..=12).collect();
    let cases: [(Value, &[usize]); 31] = [
        (json!({}), &all),
        (json!({"status": "all"}), &all),
        (json!({"status": "waiting"}), &[1, 11]),
        (json!({"status": "probation"}), &[2, 9]),
        (json!({"status": "regular"}), &[3, 7, 12]),
        (json!({"status": "internship"}), &[4, 10]),
        (json!({"status": "dimission"}), &[5, 6, 8]),
        (json!({"status": "joined"}), &[2, 3, 4, 7, 9, 10, 12]),
        (json!({"status": null, "name": null, "join_date_start": null, "pagination": null}), &all),
        (json!({"join_date_start": "2017-10-01"}), &[2, 3, 4, 6, 8, 9, 10, 11]),
        (json!({"join_date_end": "2017-10-01"}), &[2, 5, 7, 8]),
        (json!({"join_date_start": "2017-10-01", "join_date_end": "2017-10-31"}), &[2, 3, 4, 8, 9, 10]),
        (json!({"join_date_start": "2017-10-01", "join_date_end": "2017-10-01"}), &[2, 8]),
        (json!({"join_date_start": "2016-02-29", "join_date_end": "2016-02-29"}), &[7]),
        (json!({"join_date_start": "2017-10-31", "join_date_end": "2017-10-01"}), &[]),
        (json!({"leave_date_start": "2018-01-15"}), &[6, 8, 9]),
        (json!({"leave_date_end": "2018-01-15"}), &[5, 9]),
        (json!({"leave_date_start": "2018-01-01", "leave_date_end": "2018-01-31"}), &[5, 6, 9]),
        (json!({"leave_date_start": "2018-02-01", "leave_date_end": "2018-02-01"}), &[8]),
        (json!({"name": "张三"}), &[1, 2, 3]),
        (json!({"name": "三"}), &[1, 2, 3, 9, 12]),
        (json!({"name": "zhang"}), &[8]),
        (json!({"name": "Zhang San"}), &[7]),
        (json!({"name": "%"}), &[10]),
        (json!({"name": "%_\"'\\"}), &[10]),
        (json!({"name": "😀"}), &[11]),
        (json!({"name": "赵"}), &[]),
        (json!({"status": "joined", "name": "张"}), &[2, 3, 12]),
        (json!({"status": "dimission", "join_date_start": "2017-10-01", "leave_date_end": "2018-01-31"}), &[6]),
        (json!({"status": "joined", "leave_date_start": "2018-01-01"}), &[9]),
        (
            json!({
                "status": "joined", "name": "三", "join_date_start": "2017-10-02", "join_date_end": "2017-10-31",
                "leave_date_start": "2018-01-15", "leave_date_end": "2018-01-15",
            }),
            &[9],
        ),
    ];
    for (filter, numbers) in cases {
        let expected: Vec<Value> = numbers.iter().map(|number| returned(&rows[number - 1])).collect();
        let found = product.get(EMPLOYEES, product.with_token(filter.clone())).await;
        assert_eq!(found, body(json!(expected)), "{filter}");

        let mut paged = filter.clone();
        paged["pagination"] = json!({"page": 1, "page_size": 100});
        let found = product.get(EMPLOYEES, product.with_token(paged)).await;
        let page = json!({
            "currentPage": 1, "pageSize": 100, "totalPages": i32::from(!numbers.is_empty()), "totalCount": numbers.len(),
            "nextCursor": null, "employees": expected,
        });
        assert_eq!(found, body(page), "{filter}");
    }
}

#[tokio::test]
async fn employees_are_listed_by_their_numbers() {
    let product = Product::join().await;
    let mut rows: Vec<Value> = Vec::new();
    for (number, empno) in (0..).zip(["10", "1", "工号", "a", "B", "2", "-", "A", "1 0"]) {
        let mut row = numbered(number);
        row["empno"] = empno.into();
        rows.push(row);
    }
    product.imports("employees", &rows).await;
    rows.sort_by(|one, other| one["empno"].as_str().cmp(&other["empno"].as_str()));
    assert_eq!(product.get(EMPLOYEES, product.with_token(json!({}))).await, body(json!(list(&rows))));
}
