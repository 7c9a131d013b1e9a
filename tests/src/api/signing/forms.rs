//! The arrays of a form: gaps between the indices, empty brackets, empty entries; null inside rows of JSON.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{Platform, Worker, ok, rejection, resume};
use crate::support::{Response, fetch, world};

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends the résumé without its arrays as a form that ends with this text.
async fn submit(worker: &Worker, arrays: &str) -> Response {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in resume().as_object().unwrap().iter().filter(|(_, value)| !value.is_array()) {
        form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let body = format!("{}&{arrays}", form.finish());
    fetch(worker.request(Method::POST, "/employee").header("content-type", FORM).body(body)).await
}

/// The stored arrays.
async fn arrays(worker: &Worker) -> [Value; 2] {
    let stored = worker.get("/employee").await.body;
    ["employee_edu", "work_exp"].map(|name| stored["data"][name].clone())
}

#[tokio::test]
async fn indices_may_have_gaps_and_brackets_may_be_empty() {
    let platform = Platform::create(world()).await;
    let one = json!([{"school": "A"}]);
    let cases = [
        ("employee_edu[1][school]=A", one.clone(), json!([])),
        ("employee_edu[999999999][school]=A", one.clone(), json!([])),
        ("employee_edu%5B18446744073709551615%5D%5Bschool%5D=A", one.clone(), json!([])),
        ("employee_edu[7][school]=B&employee_edu[3][school]=A", json!([{"school": "A"}, {"school": "B"}]), json!([])),
        (
            "employee_edu[10][school]=B&employee_edu[9][school]=A&work_exp[2][company]=C",
            json!([{"school": "A"}, {"school": "B"}]),
            json!([{"company": "C"}]),
        ),
        ("employee_edu[][school]=A", one.clone(), json!([])),
        (
            "employee_edu[][school]=A&employee_edu[][degree]=junior&employee_edu[][school]=B",
            json!([{"school": "A", "degree": "junior"}, {"school": "B"}]),
            json!([]),
        ),
        (
            "employee_edu[4][school]=B&employee_edu[][school]=A&work_exp[][company]=C&work_exp[][company]=D",
            json!([{"school": "A"}, {"school": "B"}]),
            json!([{"company": "C"}, {"company": "D"}]),
        ),
        ("work_exp[]=&employee_edu[0][school]=A", one.clone(), json!([])),
        ("work_exp[]&work_exp[]=&employee_edu[]=&employee_edu[][school]=A", one.clone(), json!([])),
        ("work_exp[0]=&work_exp[3]=+&employee_edu[0][school]=A", one.clone(), json!([])),
        (
            "work_exp[0][company]=&work_exp[1][company]=C&work_exp[1][position]=&employee_edu[0][school]=A",
            one.clone(),
            json!([{"company": "C", "position": ""}]),
        ),
        ("work_exp=&work_exp[0][company]=C&employee_edu=&employee_edu[0][school]=A", one, json!([{"company": "C"}])),
    ];
    for (number, (form, employee_edu, work_exp)) in cases.into_iter().enumerate() {
        let worker = platform.worker(&format!("w{number}")).await;
        assert_eq!(submit(&worker, form).await, ok(Value::Null), "{form}");
        assert_eq!(arrays(&worker).await, [employee_edu, work_exp], "{form}");
    }
}

#[tokio::test]
async fn null_and_empty_entries_of_json_do_not_count() {
    let platform = Platform::create(world()).await;
    let one = json!([{"school": "A"}]);
    let cases = [
        (json!([{"school": "A", "degree": null}]), one.clone()),
        (json!([null, {"school": "A"}, null]), one.clone()),
        (json!(["", {}, {"school": "", "degree": null}, {"school": "A"}]), one.clone()),
        (json!({"0": null, "1": {"school": "A"}}), one.clone()),
        (json!({"10": {"school": "B"}, "9": {"school": "A"}}), json!([{"school": "A"}, {"school": "B"}])),
        (json!([{"school": "A", "degree": "", "year": 2010}]), json!([{"school": "A", "degree": "", "year": 2010}])),
    ];
    for (number, (sent, stored)) in cases.into_iter().enumerate() {
        for (kind, sent) in [("json", sent.clone()), ("text", sent.to_string().into())] {
            let worker = platform.worker(&format!("{kind}{number}")).await;
            let mut body = resume();
            (body["employee_edu"], body["work_exp"]) = (sent.clone(), json!([null]));
            assert_eq!(worker.send_json(Method::POST, &body).await, ok(Value::Null), "{sent}");
            assert_eq!(arrays(&worker).await, [stored.clone(), json!([])], "{sent}");
        }
    }
}

#[tokio::test]
async fn a_fault_of_an_array_names_its_field_and_nothing_is_stored() {
    let worker = Platform::create(world()).await.worker("faulty").await;
    let many: Vec<String> = (0..21).map(|number| format!("employee_edu[{number}][school]=A")).collect();
    let appended = "employee_edu[][school]=A&".repeat(21);
    for (form, msg) in [
        ("employee_edu[]=", "请填写教育经历"),
        ("employee_edu[0][school]=&employee_edu[5]=", "请填写教育经历"),
        ("employee_edu=[null,{\"school\":null}]", "请填写教育经历"),
        ("employee_edu[0][school]=A&employee_edu[0][school]=B", "教育经历重复"),
        ("employee_edu[0][school]=A&employee_edu[0]=B", "教育经历重复"),
        ("employee_edu[0][school]=A&work_exp=C&work_exp[0][company]=C", "工作经历重复"),
        ("employee_edu[0][school]=A&work_exp[0=C", "工作经历不正确"),
        ("employee_edu[0][school]=A&work_exp[0]company=C", "工作经历不正确"),
        ("employee_edu[0][school]=A&work_exp[2]=C", "工作经历不正确"),
        ("employee_edu[school]=A", "教育经历不正确"),
        ("employee_edu[-1][school]=A", "教育经历不正确"),
        ("employee_edu[18446744073709551616][school]=A", "教育经历不正确"),
        ("employee_edu[0][school][name]=A", "教育经历不正确"),
        ("employee_edu[0][1][2][3][4]=A", "教育经历不正确"),
        ("employee_edu[0][school]=%00", "教育经历不正确"),
        (&many.join("&"), "教育经历太多"),
        (&appended, "教育经历太多"),
    ] {
        assert_eq!(submit(&worker, form).await, rejection(400, msg), "{form}");
    }
    for (field, value, msg) in [
        ("employee_edu", json!([{"school": "A"}, "B"]), "教育经历不正确"),
        ("employee_edu", json!([null, {"school": {"name": null}}]), "教育经历不正确"),
        ("employee_edu", json!({"0": {"school": "A"}, "x": {"school": "B"}}), "教育经历不正确"),
        ("work_exp", json!([[null]]), "工作经历不正确"),
    ] {
        let mut body = resume();
        body[field] = value;
        assert_eq!(worker.send_json(Method::POST, &body).await, rejection(400, msg), "{body}");
    }
    assert_eq!(worker.get("/employee").await, ok(Value::Null));
}
