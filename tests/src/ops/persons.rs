//! The rights of a person (PIPL 44 to 47): what all families store about one is found, exported and erased.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::jobboard::search::view::{Change, View};
use shared::runtime::clock::Clock as _;

use super::admin::{done, fails};
pub use super::everywhere::Everywhere;
use super::everywhere::{EMPLOYEE, EMPNO, ID_NUMBER, LEDGER_KEPT, NAME, PAYMENTS_KEPT, PHONE, SALARIES_KEPT, WECHAT, row};
use crate::support::board::{self, Board};
use crate::support::persons::{assert_absent, assert_present, stored};
use crate::support::product::{self, APPROVAL, Product, numbered, returned};
use crate::support::resource::{COMPANIES, PAYMENTS, USERS, set};
use crate::support::{Partner, Stage, success, worker};

#[tokio::test]
async fn a_person_is_found_in_all_families_by_each_number() {
    let person = Everywhere::open().await;
    let [channel, hris, signing, jobboard] = person.names().await;
    let of = |objects: &[&String]| objects.iter().map(|object| (*object).clone()).collect::<Vec<_>>();
    assert_eq!(person.find(json!({"phone": PHONE})).await, of(&[&channel, &hris, &signing, &jobboard]));
    assert_eq!(person.find(json!({"phone": "+86 137-6154-2098"})).await, of(&[&channel, &hris, &signing, &jobboard]));
    assert_eq!(person.find(json!({"id_number": ID_NUMBER.to_lowercase()})).await, of(&[&channel, &hris, &signing]));
    assert_eq!(person.find(json!({"openid": person.openid})).await, of(&[&jobboard]));
    let by_number = json!({"company_uuid": person.product.company, "empno": EMPNO});
    assert_eq!(person.find(by_number).await, of(&[&hris]));
    assert_eq!(person.find(json!({"phone": "13761542099"})).await, Vec::<String>::new());

    let one = "phone: or id_number or openid is required, or company_uuid with empno, and only one of them";
    for (person_by, message) in [
        (json!({}), one),
        (json!({"phone": PHONE, "openid": person.openid}), one),
        (json!({"empno": EMPNO}), one),
        (json!({"phone": "1"}), "phone: must be a mobile number"),
    ] {
        let mut command = person_by;
        command["command"] = "find_person".into();
        fails(&person.stage.address, &command, "Invalid", message).await;
    }
}

#[tokio::test]
async fn an_export_holds_all_that_is_stored_and_is_recorded() {
    let person = Everywhere::filled().await;
    let objects = person.objects().await;
    let command = json!({"command": "export_person", "objects": objects, "reason": "本人查阅"});
    let exported = done(&person.stage.address, &command).await;
    let url = exported["url"].as_str().unwrap().to_owned();
    let content = local::http::client().get(&url).send().await.unwrap();
    assert_eq!(content.status(), 200);
    let content: Value = content.json().await.unwrap();
    let (records, pictures) = (content["records"].as_array().unwrap(), content["pictures"].as_array().unwrap());
    assert_eq!(exported, json!({"url": url, "valid_for": 900, "records": records.len(), "pictures": pictures.len()}));
    assert_present(content.to_string().as_bytes(), &person.planted());
    assert_eq!(pictures.len(), 2);
    for picture in pictures {
        let stored = local::http::client().get(picture["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!((stored.status().as_u16(), stored.bytes().await.unwrap().is_empty()), (200, false), "{picture}");
    }
    let kinds: BTreeSet<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    let expected = [
        "application",
        "approval",
        "arrangement",
        "collected_job",
        "contact_in",
        "contact_out",
        "employee",
        "grant",
        "job",
        "order",
        "payment",
        "punch",
        "salary",
        "timeline",
        "user",
        "voucher_entry",
        "worker",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));

    for object in objects {
        let recorded = done(&person.stage.address, &json!({"command": "audit", "object": object})).await;
        let record = json!({
            "at": "2024-01-15T10:40:00Z", "actor": {"kind": "ops-admin", "id": "ops-admin", "name": "ops-admin"}, "by": "zhangsan",
            "action": "export_person", "object": object, "reason": "本人查阅", "outcome": "done",
            "request_id": recorded["records"][0]["request_id"],
        });
        assert_eq!(recorded["records"][0], record);
    }
}

#[tokio::test]
async fn an_erased_person_is_in_no_table_index_object_or_log_line() {
    let person = Everywhere::filled().await;
    let Everywhere { stage, partner, product, worker, user, .. } = &person;
    let snapshot = async || stage.address.invoke("jobboard-search-snapshot", &json!({})).await.body["jobs"].clone();
    assert_eq!(snapshot().await, 2, "the job of the person and another one");
    assert_present(&stored(stage).await, &person.planted());
    let pictures = person.pictures().await;
    assert_eq!(pictures.len(), 4, "{pictures:?}");
    let [channel, hris, signing, jobboard] = person.names().await;
    stage.clock.advance(SignedDuration::from_secs(1));
    let erased = person.erase().await;
    let expected = json!([
        {"object": channel, "records": 3, "pictures": 0, "kept": [*PAYMENTS_KEPT]},
        {"object": hris, "records": 8, "pictures": 0, "kept": [*SALARIES_KEPT]},
        {"object": jobboard, "records": 4, "pictures": 3, "kept": [*LEDGER_KEPT]},
        {"object": signing, "records": 3, "pictures": 1, "kept": []},
    ]);
    assert_eq!(Value::from(erased), expected);

    assert_eq!(snapshot().await, 1);
    assert_absent(&stored(stage).await, &person.planted());
    let lines = stage.take_lines().join("\n");
    for function in ["channel-users", "hris-oauth", "signing-employee", "jobboard-jobs", "ops-admin"] {
        assert!(lines.contains(function), "no line of {function}");
    }
    assert_absent(lines.as_bytes(), &person.planted());
    for picture in pictures {
        assert!(!stage.objects().await.erase(&picture).await.unwrap(), "a version of {picture} is left");
    }
    assert_eq!(person.objects().await, BTreeSet::new());

    // Credentials have ended, payments and the ledger remain.
    stage.expire_caches();
    assert_eq!(user.post("/jobs/my", &json!({})).await, board::rejection(401, "login required"));
    assert_eq!(worker.get("/employee").await, worker::rejection(401, "请先登录"));
    USERS.absent(partner, USERS.example()[USERS.id_field].as_str().unwrap()).await;
    let gone = product.get(&format!("/api/v2/employees/{EMPLOYEE}"), product.with_token(json!({}))).await;
    assert_eq!(gone, product::rejection(404, 1102, "id does not exist"));
    let response = partner.get(&PAYMENTS.example_path()).await;
    let mut payment = PAYMENTS.example();
    for field in ["bank_name", "bank_account", "remark", "payment_basis.description", "payment_basis.supporting_docs"] {
        set(&mut payment, field, Value::Null);
    }
    payment["payment_id"] = response.body["data"]["payment_id"].clone();
    (payment["created_at"], payment["updated_at"]) = ("2024-01-15T10:30:00Z".into(), "2024-01-15T10:40:01Z".into());
    assert_eq!(response, success(payment));
}

/// The content of a snapshot is compressed, so the scan does not find a value in it. It finds those of the entries in the table.
#[tokio::test]
async fn a_snapshot_holds_the_entries_of_the_open_jobs_and_nothing_else() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    user.post_job(json!({"contact": PHONE, "user_name": NAME})).await;
    let snapshot = stage.address.invoke("jobboard-search-snapshot", &json!({})).await.body;
    let (bytes, _) = stage.objects().await.read(snapshot["key"].as_str().unwrap(), 0, 1 << 20).await.unwrap().unwrap();
    let job = stage.items("jobboard").await.into_iter().find(|item| item["sk"]["S"] == "job").expect("the job");
    let mut view = View::default();
    view.apply(vec![Change::Open(serde_json::from_str(job["entry"]["S"].as_str().expect("an entry")).unwrap())]);
    assert_eq!(bytes, view.snapshot("jobboard", stage.clock.now().as_millisecond()).unwrap());
}

#[tokio::test]
async fn a_candidate_and_the_contact_of_a_company_are_found_exported_and_erased() {
    let stage = Stage::open().await;
    let (partner, product) = (Partner::join(&stage.address).await, Product::join_stage(&stage).await);
    let mut company = COMPANIES.example();
    (company["contact_person"], company["contact_phone"]) = (NAME.into(), PHONE.into());
    for field in ["business_license.registration_capital", "business_license.paid_in_capital"] {
        set(&mut company, field, Value::Null);
    }
    let mut whole = COMPANIES.stores(&partner, &company).await;
    let candidate = json!({"uuid": EMPLOYEE, "name": NAME, "mobile": PHONE, "email": "planted.person@example.com"});
    product.imports("candidates", std::slice::from_ref(&candidate)).await;
    let planted = [NAME, PHONE, "planted.person@example.com"];
    assert_present(&stored(&stage).await, &planted);

    let id = company["channel_company_id"].as_str().unwrap();
    let objects =
        [format!("channel/company/{}/{id}", partner.appkey), format!("hris/candidate/{}/{EMPLOYEE}", product.company)];
    let find = json!({"command": "find_person", "phone": PHONE});
    assert_eq!(done(&stage.address, &find).await, json!({"objects": objects}));
    let command = |command: &str| json!({"command": command, "objects": objects, "reason": "本人申请"});
    let exported = done(&stage.address, &command("export_person")).await;
    let content: Value =
        local::http::client().get(exported["url"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    let mut stored_candidate = candidate;
    for empty in ["marriage", "degree", "status", "source_name"] {
        stored_candidate[empty] = "".into();
    }
    let records = json!([
        {"object": objects[0], "kind": "company", "record": company},
        {"object": objects[1], "kind": "candidate", "record": stored_candidate},
    ]);
    assert_eq!(content, json!({"records": records, "pictures": []}));
    // A lifecycle rule removes it after a day.
    for export in stage.objects().await.list("exports/").await.unwrap() {
        stage.objects().await.erase(&export).await.unwrap();
    }

    let erased = |records: u64| {
        let of = |object: &String| json!({"object": object, "records": records, "pictures": 0, "kept": []});
        json!({"erased": objects.each_ref().map(of)})
    };
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(done(&stage.address, &command("erase_person")).await, erased(1));
    assert_absent(&stored(&stage).await, &planted);
    for field in ["contact_person", "contact_phone"] {
        set(&mut whole, field, Value::Null);
    }
    whole["updated_at"] = "2024-01-15T10:30:01Z".into();
    assert_eq!(partner.get(&COMPANIES.example_path()).await, success(whole));
    assert_eq!(product::items(&stage, "#candidate").await, [Value::Null; 0]);
    assert_eq!(done(&stage.address, &find).await, json!({"objects": []}));
    assert_eq!(done(&stage.address, &command("erase_person")).await, erased(0));
}

/// What an erasure of one employee returns.
async fn erase_employee(product: &Product, uuid: &str) -> Value {
    let objects = [format!("hris/employee/{}/{uuid}", product.company)];
    let erased = done(&product.address, &json!({"command": "erase_person", "objects": objects, "reason": "本人申请"})).await;
    let [of] = &erased["erased"].as_array().unwrap()[..] else { panic!("{erased}") };
    assert_eq!(of["object"], objects[0]);
    json!([of["records"], of["pictures"], of["kept"]])
}

#[tokio::test]
async fn an_approval_stays_while_another_employee_has_the_name_of_its_creator() {
    let product = Product::join().await;
    let rows = [1, 2].map(|number| {
        let mut row = numbered(number);
        row["name"] = "重名".into();
        row
    });
    product.imports("employees", &rows).await;
    let (_, mut approval) = Product::records().into_iter().find(|(kind, _)| *kind == "approvals").expect("an approval");
    approval["creator"] = "重名".into();
    product.imports("approvals", std::slice::from_ref(&approval)).await;
    approval["status_name"] = "不通过".into();
    let show = async || product.get(&format!("/api/v2/approvals/{APPROVAL}"), product.with_token(json!({}))).await;
    assert_eq!(show().await, product::body(approval.clone()));

    let kept =
        json!({"what": "approvals with the name of the creator", "why": "another employee of the company has the same name"});
    assert_eq!(erase_employee(&product, rows[0]["uuid"].as_str().unwrap()).await, json!([3, 0, [kept]]));
    assert_eq!(show().await, product::body(approval.clone()));
    assert_eq!(erase_employee(&product, rows[1]["uuid"].as_str().unwrap()).await, json!([4, 0, []]));
    (approval["creator"], approval["form_values"]) = ("已删除".into(), json!([]));
    assert_eq!(show().await, product::body(approval));
}

#[tokio::test]
async fn a_phone_that_another_employee_has_taken_over_stays_with_that_employee() {
    let product = Product::join().await;
    let (mut left, mut new) = (numbered(1), numbered(2));
    left["status"] = "dimission".into();
    new["mobile"] = left["mobile"].clone();
    product.imports("employees", std::slice::from_ref(&left)).await;
    product.imports("employees", std::slice::from_ref(&new)).await;
    let show = async |id: &Value| {
        product.get(&format!("/api/v2/employees/{}", id.as_str().unwrap()), product.with_token(json!({}))).await
    };
    let is_left = async || {
        for id in [&new["mobile"], &new["empno"], &new["uuid"]] {
            assert_eq!(show(id).await, product::body(returned(&new)), "{id}");
        }
    };
    is_left().await;
    // The record and the copy by number; not the copy by phone.
    assert_eq!(erase_employee(&product, left["uuid"].as_str().unwrap()).await, json!([2, 0, []]));
    is_left().await;
    for id in [&left["empno"], &left["uuid"]] {
        assert_eq!(show(id).await, product::rejection(404, 1102, "id does not exist"), "{id}");
    }
    assert_eq!(erase_employee(&product, new["uuid"].as_str().unwrap()).await, json!([3, 0, []]));
    assert_eq!(show(&new["mobile"]).await, product::rejection(404, 1102, "id does not exist"));
}

#[tokio::test]
async fn a_later_import_or_registration_of_an_erased_person_is_a_new_person() {
    let person = Everywhere::open().await;
    person.erase().await;
    let Everywhere { stage, product, worker, user, .. } = &person;
    stage.expire_caches();
    product.imports("employees", &[row()]).await;
    let found = product.get(&format!("/api/v2/employees/{EMPLOYEE}"), product.with_token(json!({}))).await;
    assert_eq!((found.status, &found.body["name"]), (200, &json!(NAME)));
    let period = json!({"start_date": "2017-02-01", "end_date": "2017-02-28"});
    let period = product.with_token(period);
    let punches = product.get(&format!("/api/v2/employees/{EMPLOYEE}/attendance_checkings"), period).await;
    assert_eq!((punches.status, punches.body), (200, json!([])));
    let again = user.board.register(WECHAT, PHONE).await;
    assert_ne!(again.id, user.id);
    assert_eq!(again.post("/jobs/my", &json!({})).await.body["data"]["total"], 0);
    let worker = worker.platform.worker(WECHAT).await;
    assert_eq!(worker.get("/employee").await.body["data"], Value::Null);
}

#[tokio::test]
async fn only_objects_of_persons_are_exported_and_erased() {
    let stage = Stage::open().await;
    for (objects, kind, message) in [
        (json!([]), "Invalid", "objects: must have 1 to 1000 elements"),
        (json!(["x"]), "Invalid", "objects[0]: is not an object of a person"),
        (json!(["jobboard/user/1"]), "NotFound", "objects[0]: does not exist"),
        (json!(["hris/company/c"]), "NotFound", "objects[0]: does not exist"),
    ] {
        let command = json!({"command": "export_person", "objects": objects, "reason": "r"});
        fails(&stage.address, &command, kind, message).await;
    }
    let unknown = json!({"command": "erase_person", "objects": ["jobboard/user/1"], "reason": "r"});
    let erased = json!({"object": "jobboard/user/1", "records": 0, "pictures": 0, "kept": []});
    assert_eq!(done(&stage.address, &unknown).await, json!({"erased": [erased]}));
}

#[tokio::test]
async fn a_job_that_an_administrator_removed_is_exported_and_erased() {
    for command in ["take_down_job", "delete_job"] {
        let stage = Stage::open().await;
        let board = Board::of(&stage.address);
        let user = board.register(WECHAT, PHONE).await;
        let job = user.post_job(json!({"contact": PHONE, "user_name": NAME})).await;
        board.command(command, json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
        let object = json!(format!("jobboard/user/{}", user.id));
        let found = done(&stage.address, &json!({"command": "find_person", "phone": PHONE})).await;
        assert_eq!(found, json!({"objects": [object]}), "{command}");
        let act = |command: &str| json!({"command": command, "objects": [object], "reason": "本人申请"});
        // The user and the job.
        assert_eq!(done(&stage.address, &act("export_person")).await["records"], 2, "{command}");
        for export in stage.objects().await.list("exports/").await.unwrap() {
            stage.objects().await.erase(&export).await.unwrap();
        }
        // The deletion has restarted the milestones of the user's jobs.
        let records = if command == "delete_job" { 3 } else { 2 };
        let erased = json!({"object": object, "records": records, "pictures": 0, "kept": [*LEDGER_KEPT]});
        assert_eq!(done(&stage.address, &act("erase_person")).await, json!({"erased": [erased]}), "{command}");
        assert_absent(&stored(&stage).await, &[NAME, PHONE]);
    }
}
