use std::collections::HashSet;

use reqwest::redirect::Policy;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::resource::{APPLICATIONS, is_number, number};
use crate::support::{Partner, Stage, fetch, problem, success, world};

const UPLOADS: &str = "/api/v1/uploads";
const PDF: &str = "application/pdf";

struct Upload {
    /// The data of the response.
    data: Value,
    path: String,
}

async fn begin(partner: &Partner, request: &Value) -> Upload {
    let response = partner.post(UPLOADS, request).await;
    let data = response.body["data"].clone();
    let whole = json!({"upload_url": data["upload_url"], "headers": data["headers"], "url": data["url"], "expires_in": 900});
    assert_eq!(response, success(whole));
    let url = data["url"].as_str().unwrap();
    let path = url.strip_prefix(&partner.base_url).expect("our own address").to_owned();
    Upload { path, data }
}

fn pdf(size: usize) -> Value {
    json!({"purpose": "resume", "content_type": PDF, "size": size})
}

/// Puts the bytes with the headers of the response, except for these names.
async fn put(upload: &Upload, bytes: &'static [u8], other_headers: &[(&str, &str)]) -> u16 {
    let mut request = local::http::client().put(upload.data["upload_url"].as_str().unwrap()).body(bytes);
    for (name, value) in upload.data["headers"].as_object().unwrap() {
        if !other_headers.iter().any(|(other, _)| name.eq_ignore_ascii_case(other)) {
            request = request.header(name, value.as_str().unwrap());
        }
    }
    for (name, value) in other_headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

async fn get(partner: &Partner, url: &str) -> reqwest::Response {
    let http = local::http::builder().redirect(Policy::none()).build().unwrap();
    http.get(url).bearer_auth(&partner.token).send().await.unwrap()
}

async fn is_absent(partner: &Partner, upload: &Upload) {
    let missing = problem(404, 1001, &[("name", "does not exist")]);
    assert_eq!(partner.get(&upload.path).await, missing);
}

#[tokio::test]
async fn an_uploaded_file_is_read_through_its_permanent_address() {
    let partner = Partner::join(world()).await;
    let digest: String = Sha256::digest(b"%PDF-1.7").iter().map(|byte| format!("{byte:02x}")).collect();
    for request in [
        pdf(8),
        json!({"purpose": "license", "content_type": "image/jpeg", "size": 8, "sha256": digest}),
        json!({"purpose": "certification", "content_type": "image/png", "size": 8, "sha256": digest.to_uppercase()}),
        json!({"purpose": "supporting_doc", "content_type": "image/webp", "size": 8, "sha256": null}),
    ] {
        let upload = begin(&partner, &request).await;
        is_absent(&partner, &upload).await;
        assert_eq!(put(&upload, b"%PDF-1.7", &[]).await, 200, "{request}: {}", upload.data);

        let found = get(&partner, upload.data["url"].as_str().unwrap()).await;
        assert_eq!(found.status(), 302);
        let location = found.headers()["location"].to_str().unwrap().to_owned();
        let body: Value = found.json().await.unwrap();
        assert_eq!(body, success(json!({"url": location})).body);

        let file = reqwest::get(&location).await.unwrap();
        assert_eq!(file.status(), 200);
        assert_eq!(file.headers()["content-type"], request["content_type"].as_str().unwrap());
        assert_eq!(file.bytes().await.unwrap(), &b"%PDF-1.7"[..]);
    }
}

#[tokio::test]
async fn a_permanent_address_can_be_stored_in_a_record() {
    let partner = APPLICATIONS.partner(world()).await;
    let upload = begin(&partner, &pdf(8)).await;
    APPLICATIONS.stores(&partner, &APPLICATIONS.with("resume_url", upload.data["url"].clone())).await;
}

#[tokio::test]
async fn another_channels_file_does_not_exist() {
    let (owner, other) = (Partner::join(world()).await, Partner::join(world()).await);
    let upload = begin(&owner, &pdf(8)).await;
    assert_eq!(put(&upload, b"%PDF-1.7", &[]).await, 200);
    is_absent(&other, &upload).await;
    assert_eq!(get(&owner, upload.data["url"].as_str().unwrap()).await.status(), 302);
}

#[tokio::test]
async fn a_permanent_address_requires_a_token() {
    let partner = Partner::join(world()).await;
    let upload = begin(&partner, &pdf(8)).await;
    assert_eq!(put(&upload, b"%PDF-1.7", &[]).await, 200);
    let response = fetch(partner.http.get(upload.data["url"].as_str().unwrap())).await;
    assert_eq!(response, problem(401, 1002, &[]));
}

#[tokio::test]
async fn an_invalid_name_of_an_upload_is_not_found() {
    let partner = Partner::join(world()).await;
    let missing = problem(404, 1001, &[("name", "is not the name of an upload")]);
    for name in [
        "x",
        "resume-1",
        "resume-1.exe",
        "resume-x.pdf",
        "resume-.pdf",
        "photo-1.pdf",
        "resume-1234567890123456789012345.pdf",
        "%E5%BC%A0",
    ] {
        assert_eq!(partner.get(&format!("{UPLOADS}/{name}")).await, missing, "{name}");
    }
    assert_eq!(partner.get(&format!("{UPLOADS}/resume-1.pdf")).await, problem(404, 1001, &[("name", "does not exist")]));
}

#[tokio::test]
async fn s3_accepts_only_what_was_announced() {
    let partner = Partner::join(world()).await;
    for (bytes, headers) in [
        (&b"%PDF-1.7+"[..], &[("content-length", "")][..]),
        (b"%PDF-1.", &[("content-length", "")]),
        (b"", &[("content-length", "0")]),
        (b"%PDF-1.7", &[("content-type", "text/html")]),
        (b"%PDF-1.7", &[("content-type", "")]),
    ] {
        let upload = begin(&partner, &pdf(8)).await;
        assert_eq!(put(&upload, bytes, headers).await, 403, "{headers:?}");
        is_absent(&partner, &upload).await;
    }
}

#[tokio::test]
async fn s3_accepts_only_the_content_with_the_announced_digest() {
    let partner = Partner::join(world()).await;
    let digest: String = Sha256::digest(b"%PDF-1.7").iter().map(|byte| format!("{byte:02x}")).collect();
    let mut request = pdf(8);
    request["sha256"] = digest.into();
    let upload = begin(&partner, &request).await;
    assert_eq!(put(&upload, b"%PDF-1.8", &[]).await, 400, "{}", upload.data);
    is_absent(&partner, &upload).await;
    assert_eq!(put(&upload, b"%PDF-1.7", &[]).await, 200);
}

#[tokio::test]
async fn an_upload_names_a_purpose_a_type_and_a_size() {
    let partner = Partner::join(world()).await;
    let purposes = "must be one of: resume license certification supporting_doc";
    let types = "must be the media type of a pdf, doc, docx, jpg, png or webp file";
    let sizes = "must be from 1 to 20971520 bytes";
    let digests = "must be 64 hex digits";
    for (field, value, reason) in [
        ("purpose", json!("avatar"), purposes),
        ("purpose", json!(""), purposes),
        ("purpose", json!("Resume"), purposes),
        ("content_type", json!(""), types),
        ("content_type", json!("text/html"), types),
        ("content_type", json!("image/svg+xml"), types),
        ("content_type", json!("application/pdf; charset=utf-8"), types),
        ("size", json!(0), sizes),
        ("size", json!(20 * 1024 * 1024 + 1), sizes),
        ("size", number("18446744073709551615"), sizes),
        ("size", json!(-1), "must be an integer"),
        ("size", number("1.5"), "must be an integer"),
        ("size", json!("8"), "must be an integer"),
        ("sha256", json!("0".repeat(63)), digests),
        ("sha256", json!("0".repeat(65)), digests),
        ("sha256", json!("g".repeat(64)), digests),
        ("sha256", json!("é".repeat(32)), digests),
    ] {
        let mut request = pdf(8);
        request[field] = value;
        assert_eq!(partner.post(UPLOADS, &request).await, problem(400, 1001, &[(field, reason)]), "{request}");
    }
    let required = ["purpose", "content_type", "size"].map(|field| (field, "is required"));
    assert_eq!(partner.post(UPLOADS, &json!({})).await, problem(400, 1001, &required));
}

#[tokio::test]
async fn every_announced_type_has_its_file_extension() {
    let partner = Partner::join(world()).await;
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    for (content_type, ending) in [
        (PDF, "pdf"),
        ("application/msword", "doc"),
        (docx, "docx"),
        ("image/jpeg", "jpg"),
        ("image/png", "png"),
        ("image/webp", "webp"),
        ("IMAGE/PNG", "png"),
    ] {
        for (purpose, size) in [("resume", 1), ("supporting_doc", 20 * 1024 * 1024)] {
            let upload = begin(&partner, &json!({"purpose": purpose, "content_type": content_type, "size": size})).await;
            let name = upload.path.strip_prefix("/api/v1/uploads/").unwrap();
            let id = name.strip_prefix(&format!("{purpose}-")).unwrap().strip_suffix(&format!(".{ending}")).unwrap();
            assert!(is_number(id), "{name}");
            let headers = &upload.data["headers"];
            assert_eq!(headers["content-type"], content_type.to_lowercase());
            assert_eq!(headers["content-length"], size.to_string());
        }
    }
}

/// While the clock stands still, two processes could create the same ids: see `tests/src/quality/ids.rs`.
#[tokio::test]
async fn uploads_have_unique_names() {
    const EACH: usize = 150;
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let partner = Partner::join(&stage.address).await;
    let mut paths = HashSet::new();
    for base_url in [&stage.address.base_url, &address.base_url] {
        let partner = Partner { base_url: base_url.clone(), ..partner.clone() };
        for _ in 0..EACH {
            paths.insert(begin(&partner, &pdf(8)).await.path);
        }
    }
    assert_eq!(paths.len(), 2 * EACH);
}
