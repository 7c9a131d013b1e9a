//! Imports and exports belong to the member who began them, and their forms to the pages of the session.

use reqwest::Method;
use reqwest::multipart::{Form as Multipart, Part};
use serde_json::json;
use shared::runtime::clock::Clock as _;

use super::office::{foreign, seen};
use crate::support::Stage;
use crate::support::pages::{Form, Page};
use crate::support::product::Product;
use crate::support::staff::Staff;

const FILE: &str = "name,uuid\n前厅,d0000000000000000000000000000001\n";

/// The upload of a file as a browser sends it.
fn upload(form: &Form) -> Multipart {
    let parts = form.fields.iter().filter(|(name, _)| name != "file");
    let form = parts.fold(Multipart::new(), |sent, (name, value)| sent.text(name.clone(), value.clone()));
    form.part("file", Part::bytes(FILE.as_bytes()).file_name("departments.csv"))
}

async fn sent(staff: &Staff, form: &Form, site: &str) -> Page {
    let request = staff.browser.request_to(Method::POST, &form.action).header("sec-fetch-site", site);
    staff.browser.page(&form.action, request.multipart(upload(form))).await
}

async fn objects(stage: &Stage) -> Vec<String> {
    stage.objects().await.list("").await.unwrap()
}

#[tokio::test]
async fn an_import_belongs_to_the_member_who_uploaded_the_file() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let member = async |roles: &[&str]| Staff::signed_in(&stage.address, roles, json!({}), stage.clock.now()).await;
    let (hr, colleague, support) = (member(&["hr"]).await, member(&["hr"]).await, member(&["support"]).await);
    let form = hr.browser.open("/console/import").await.form("/console/import");
    let form = form.fill("kind", "departments").fill("company_uuid", &product.company);
    let stored = objects(&stage).await;
    for token in [None, Some("x"), colleague.browser.open("/console/import").await.form("/console/import").value("_token")] {
        assert_eq!(seen(&sent(&hr, &form.clone().forge("_token", token), "same-origin").await), foreign(), "{token:?}");
    }
    for site in ["cross-site", "same-site"] {
        assert_eq!(seen(&sent(&hr, &form, site).await), foreign(), "{site}");
    }
    assert_eq!(seen(&hr.browser.submit(&form).await), foreign(), "no multipart");
    let forbidden = (403, "您的角色不能使用这个功能".to_owned());
    assert_eq!(seen(&sent(&support, &form, "same-origin").await), forbidden);
    for path in
        ["/console/import", "/console/import-template/employees", "/console/importing?id=x", "/console/import-errors?id=x"]
    {
        assert_eq!(seen(&support.browser.open(path).await), forbidden, "{path}");
    }
    assert_eq!(objects(&stage).await, stored);

    let begun = sent(&hr, &form, "same-origin").await;
    let address = begun.location().expect("the import").to_owned();
    let page = hr.browser.open(&address).await;
    let step = page.form("/console/importing/match");
    assert_eq!(colleague.browser.open(&address).await.status, 404);
    let other = colleague.browser.open("/console").await.form("/console/sign-out");
    let stolen = step.clone().forge("_token", other.value("_token"));
    for action in ["match", "step", "confirm"] {
        let action = format!("/console/importing/{action}");
        assert_eq!(colleague.browser.submit(&Form { action: action.clone(), ..stolen.clone() }).await.status, 404, "{action}");
        let forged = Form { action: action.clone(), ..step.clone().forge("_token", None) };
        assert_eq!(seen(&hr.browser.submit(&forged).await), foreign(), "{action}");
    }
    let errors = address.replace("importing", "import-errors");
    assert_eq!(colleague.browser.open(&errors).await.status, 404);
    // An import that was not checked is not confirmed, and nothing of it is imported.
    let confirmed = hr.browser.submit(&Form { action: "/console/importing/confirm".into(), ..step }).await;
    assert_eq!(confirmed.status, 409, "{}", confirmed.text());
    let listed = stage.address.command(&json!({"command": "list_departments", "company_uuid": product.company})).await;
    assert_eq!(listed["departments"], json!([]), "{listed}");
}

#[tokio::test]
async fn an_export_belongs_to_its_member_and_has_the_lists_of_the_roles_alone() {
    let stage = Stage::open().await;
    let member = async |roles: &[&str]| Staff::signed_in(&stage.address, roles, json!({}), stage.clock.now()).await;
    let (admin, colleague) = (member(&["admin"]).await, member(&["admin"]).await);
    let form = admin.browser.open("/console/staff").await.form("/console/export").forge("_file", Some("csv"));
    let stored = objects(&stage).await;
    assert_eq!(seen(&admin.browser.submit(&form.clone().forge("_token", None)).await), foreign());
    for (name, value, status) in [
        ("_list", "orders", 403),
        ("_list", "users", 403),
        ("_list", "none", 404),
        ("_file", "exe", 404),
        ("_id", "x", 404),
        ("_id", &"a".repeat(43), 404),
    ] {
        let page = admin.browser.submit(&form.clone().forge(name, Some(value))).await;
        assert_eq!(page.status, status, "{name} {value}: {}", page.text());
    }
    assert_eq!(objects(&stage).await, stored);

    let begun = admin.browser.submit(&form).await;
    let step = begun.form("/console/export");
    let other = colleague.browser.open("/console/staff").await.form("/console/export");
    let stolen = step.clone().forge("_token", other.value("_token"));
    assert_eq!(colleague.browser.submit(&stolen).await.status, 404);
    let mut page = admin.browser.submit(&step).await;
    while let Some(next) = page.forms().into_iter().find(|form| form.action == "/console/export") {
        page = admin.browser.submit(&next).await;
    }
    assert!(page.tags().iter().any(|tag| tag.attribute("download").is_some()), "{}", page.text());
    assert_eq!(colleague.browser.submit(&stolen).await.status, 404, "it is done");
    let recorded = stage.address.command(&json!({"command": "audit", "actor": format!("staff/{}", admin.id)})).await;
    let exports =
        recorded["records"].as_array().unwrap().iter().filter(|record| record["object"].to_string().contains("staff/export/"));
    assert_eq!(exports.map(|record| &record["reason"]).collect::<Vec<_>>(), [&json!("staff")], "{recorded}");
}
