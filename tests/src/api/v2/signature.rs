//! The signature of a call (document 003, 认证): where its parts are, what is signed, what is rejected and in which order.

use jiff::SignedDuration;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::product::{APPROVAL, EMPLOYEE, EMPNO, Product, body, employee, numbered, rejection, returned};
use crate::support::{Response, Stage, fetch};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const SALARY: &str = "/api/v2/salary/subject_values";
const DEPARTMENTS: &str = "/api/v2/departments";
const EMPLOYEES: &str = "/api/v2/employees";

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// `name=value&...`, with everything encoded that can be.
fn pairs(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// Sends this target (path and query) unchanged, with an optional header and an optional body of a media type, and nothing else.
async fn send(product: &Product, method: &str, target: &str, header: Option<&str>, body: Option<(&str, String)>) -> Response {
    let url = format!("{}{target}", product.address.base_url);
    let mut request = product.http.request(method.parse().unwrap(), url);
    if let Some(signature) = header {
        request = request.header("x-zhiren-signature", signature);
    }
    if let Some((media_type, body)) = body {
        request = request.header("content-type", media_type).body(body);
    }
    fetch(request).await
}

/// A GET of this target. Its query continues with the signature of the path and the payload.
async fn get_signed(product: &Product, path: &str, payload: &str, target: &str) -> Response {
    let tonce = product.tonce();
    let signature = product.sign("GET", path, &tonce, payload);
    let separator = if target.contains('?') { '&' } else { '?' };
    let credentials = pairs(&[("access_key", &product.access_key), ("tonce", &tonce), ("signature", &signature)]);
    send(product, "GET", &format!("{target}{separator}{credentials}"), None, None).await
}

fn no_departments() -> Response {
    body(json!([]))
}

fn stored() -> Response {
    body(json!({"code": 0, "text": "ok"}))
}

fn wrong_signature() -> Response {
    rejection(401, 1101, "signature is invalid")
}

fn untimely() -> Response {
    rejection(401, 1103, "tonce must be Unix seconds within 300 of the server's time")
}

fn unknown_key() -> Response {
    rejection(401, 1105, "access_key is invalid")
}

fn subject_value(empno: &str) -> String {
    json!({"empno": empno, "subject_name": "绩效工资", "month": "2017-09", "value": 1024}).to_string()
}

#[tokio::test]
async fn the_signature_is_in_the_query_or_the_header() {
    let product = Product::join().await;
    let tonce = product.tonce();
    let right = product.sign("GET", DEPARTMENTS, &tonce, "");
    let upper = right.to_uppercase();
    let wrong = product.sign("GET", DEPARTMENTS, &tonce, "{}");
    let (ok, invalid) = (no_departments(), wrong_signature());
    let missing = rejection(401, 1002, "signature is missing");
    for (query, header, expected) in [
        (Some(right.as_str()), None, &ok),
        (None, Some(right.as_str()), &ok),
        (Some(&upper), None, &ok),
        (None, Some(&upper), &ok),
        (Some(&right), Some(&right), &ok),
        (Some(""), Some(&right), &ok),
        (Some(&right), Some(""), &ok),
        (Some(&right), Some(&wrong), &invalid),
        (Some(&wrong), Some(&right), &invalid),
        (Some(&wrong), Some(&wrong), &invalid),
        (Some(&wrong), None, &invalid),
        (None, Some(&wrong), &invalid),
        (Some(&right[1..]), None, &invalid),
        (Some(&format!("{right}0")), None, &invalid),
        (Some("x"), None, &invalid),
        (None, None, &missing),
        (Some(""), None, &missing),
        (None, Some(""), &missing),
        (Some(""), Some(""), &missing),
    ] {
        let mut fields = vec![("access_key", product.access_key.as_str()), ("tonce", &tonce)];
        fields.extend(query.map(|signature| ("signature", signature)));
        let target = format!("{DEPARTMENTS}?{}", pairs(&fields));
        let response = send(&product, "GET", &target, header, None).await;
        assert_eq!(&response, expected, "query {query:?}, header {header:?}");
    }
}

#[tokio::test]
async fn the_payload_is_in_the_query_the_form_or_is_the_body() {
    let product = Product::with_records().await;
    let tonce = product.tonce();
    let payload = subject_value(EMPNO);
    let signature = product.sign("POST", SALARY, &tonce, &payload);
    let credentials = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
    let with_payload = [&credentials[..], &[("payload", &payload)]].concat();
    let (signed, full) = (format!("{SALARY}?{}", pairs(&credentials)), format!("{SALARY}?{}", pairs(&with_payload)));
    let other = subject_value("unknown");
    for (target, sent) in [
        (full.as_str(), None),
        (&signed, Some((FORM, pairs(&[("payload", &payload)])))),
        (&signed, Some(("application/x-www-form-urlencoded; charset=utf-8", pairs(&[("payload", &payload)])))),
        (&signed, Some((JSON, payload.clone()))),
        (&signed, Some(("text/plain", payload.clone()))),
        (SALARY, Some((FORM, pairs(&with_payload)))),
        (&full, Some((FORM, pairs(&[("payload", &other)])))),
        (&full, Some((JSON, other.clone()))),
        (&full, Some((JSON, "garbage".into()))),
    ] {
        assert_eq!(send(&product, "POST", target, None, sent.clone()).await, stored(), "{target} {sent:?}");
    }
    // The system reads what was signed: never one payload and the signature of another.
    let signature = product.sign("POST", SALARY, &tonce, &other);
    let fields =
        [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature), ("payload", &payload)];
    let target = format!("{SALARY}?{}", pairs(&fields));
    for sent in [None, Some((JSON, other.clone())), Some((FORM, pairs(&[("payload", &other)])))] {
        assert_eq!(send(&product, "POST", &target, None, sent.clone()).await, wrong_signature(), "{sent:?}");
    }
}

#[tokio::test]
async fn a_payload_is_signed_as_it_was_sent() {
    let product = Product::join().await;
    let mut row = numbered(1);
    row["name"] = "张 三&李=100%+😀".into();
    product.imports("employees", &[row.clone()]).await;
    let (token, found) = (&product.token, body(json!([returned(&row)])));
    for payload in [
        format!(r#"{{"token":"{token}","name":"张 三&李=100%+😀"}}"#),
        format!(r#"{{"name":"张 三&李=100%+😀","token":"{token}"}}"#),
        format!("\n{{ \"name\" :\t\"三&李=100%\" , \"token\":\"{token}\" }}  "),
        format!(r#"{{"name":"\u5f20 \u4e09","status":null,"token":"{token}"}}"#),
        format!(r#"{{"name":"\ud83d\ude00","token":"{token}"}}"#),
        format!(r#"{{"name":"0%+","token":"{token}"}}"#),
    ] {
        let target = format!("{EMPLOYEES}?payload={}", encoded(&payload));
        assert_eq!(get_signed(&product, EMPLOYEES, &payload, &target).await, found, "{payload}");
        let rewritten = serde_json::from_str::<Value>(&payload).unwrap().to_string();
        if rewritten != payload {
            assert_eq!(get_signed(&product, EMPLOYEES, &rewritten, &target).await, wrong_signature(), "{payload}");
        }
    }
}

#[tokio::test]
async fn a_plus_is_a_space_or_a_plus() {
    let product = Product::with_records().await;
    let mut rows = [numbered(1), numbered(2)];
    rows[0]["name"] = "C C".into();
    rows[1]["name"] = "C+C".into();
    product.imports("employees", &rows).await;
    let payload = |name: &str| format!(r#"{{"token":"{}","name":"{name}"}}"#, product.token);
    let sent_as = |plus: &str| format!("{EMPLOYEES}?payload={}", encoded(&payload("C~C")).replace("%7E", plus));
    let (space, plus) = (body(json!([returned(&rows[0])])), body(json!([returned(&rows[1])])));
    for (signed, target, expected) in [
        ("C C", sent_as("+"), &space),
        ("C C", sent_as("%20"), &space),
        ("C+C", sent_as("+"), &plus),
        ("C+C", sent_as("%2B"), &plus),
        ("C C", sent_as("%2B"), &wrong_signature()),
        ("C+C", sent_as("%20"), &wrong_signature()),
    ] {
        assert_eq!(&get_signed(&product, EMPLOYEES, &payload(signed), &target).await, expected, "{signed} as {target}");
    }
    // Either every plus is a space, or every plus is a plus.
    let target = format!("{EMPLOYEES}?payload={}", encoded(&payload("C~C~")).replace("%7E", "+"));
    assert_eq!(get_signed(&product, EMPLOYEES, &payload("C C+"), &target).await, wrong_signature());

    let form = format!("payload={}", encoded(&subject_value(EMPNO)).replace("%E7%BB%A9", "a+b"));
    for subject in ["a b", "a+b"] {
        let tonce = product.tonce();
        let signature = product.sign("POST", SALARY, &tonce, &subject_value(EMPNO).replace('绩', subject));
        let fields = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
        let target = format!("{SALARY}?{}", pairs(&fields));
        assert_eq!(send(&product, "POST", &target, None, Some((FORM, form.clone()))).await, stored(), "{subject}");
    }
}

#[tokio::test]
async fn an_absent_and_an_empty_payload_are_signed_as_nothing() {
    let product = Product::join().await;
    let (absent, empty) = (DEPARTMENTS.to_owned(), format!("{DEPARTMENTS}?payload="));
    for target in [&absent, &empty] {
        assert_eq!(get_signed(&product, DEPARTMENTS, "", target).await, no_departments(), "{target}");
        for other in ["{}", "null", "\"\"", " "] {
            assert_eq!(get_signed(&product, DEPARTMENTS, other, target).await, wrong_signature(), "{target} {other}");
        }
    }
    let target = format!("{DEPARTMENTS}?payload=%7B%7D");
    assert_eq!(get_signed(&product, DEPARTMENTS, "{}", &target).await, no_departments());
    assert_eq!(get_signed(&product, DEPARTMENTS, "", &target).await, wrong_signature());
}

#[tokio::test]
async fn a_path_that_needs_encoding_is_signed_decoded_or_encoded() {
    let product = Product::join().await;
    let payload = json!({"token": product.token}).to_string();
    for (number, empno) in ["工号 1", "100#", "a;41", "A+1", "A&B=C#", "1'(2)!*", "[1]|{2}^`<>\"\\"].into_iter().enumerate() {
        let mut row = numbered(u32::try_from(number).unwrap());
        row["empno"] = empno.into();
        product.imports("employees", &[row.clone()]).await;
        let (decoded, path) = (format!("{EMPLOYEES}/{empno}"), format!("{EMPLOYEES}/{}", encoded(empno)));
        let target = format!("{path}?payload={}", encoded(&payload));
        let unreserved = path.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~");
        for signed in [&decoded, &unreserved] {
            let response = get_signed(&product, signed, &payload, &target).await;
            assert_eq!(response, body(returned(&row)), "{empno} signed as {signed}");
        }
        let response = get_signed(&product, &format!("{decoded}x"), &payload, &target).await;
        assert_eq!(response, wrong_signature(), "{empno}");
    }
}

/// API Gateway has decoded the path completely. If a decoded form counted, the signature of one employee's path would open another's.
#[tokio::test]
async fn the_path_that_is_signed_is_the_path_that_is_routed() {
    let product = Product::with_records().await;
    let payload = json!({"token": product.token}).to_string();
    let found = body(returned(&employee()));
    let call = async |signed: &str, sent: &str| {
        let target = format!("{EMPLOYEES}/{sent}?payload={}", encoded(&payload));
        get_signed(&product, &format!("{EMPLOYEES}/{signed}"), &payload, &target).await
    };
    // The gateway cuts the path at the question mark: what is left was signed, or it was not.
    assert_eq!(call(EMPNO, EMPNO).await, found);
    assert_eq!(call(EMPNO, "NORMAL%2D1").await, found);
    assert_eq!(call(EMPNO, "NORMAL%252D1").await, found);
    assert_eq!(call(EMPNO, "NORMAL-1%3Fx").await, found);
    for (signed, sent) in [
        ("NORMAL-1?x", "NORMAL-1%3Fx"),
        ("NORMAL-1%3Fx", "NORMAL-1%3Fx"),
        ("NORMAL%2D1", "NORMAL%2D1"),
        (EMPNO, "NORMAL%25252D1"),
        ("NORMAL%2D1", "NORMAL%2525252D1"),
        (EMPNO, "NORMAL-1%23"),
        (EMPNO, "NORMAL-1%20"),
        (EMPNO, "NORMAL-1;x"),
    ] {
        assert_eq!(call(signed, sent).await, wrong_signature(), "{signed} sent as {sent}");
    }
}

#[tokio::test]
async fn a_tonce_is_accepted_within_300_seconds() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let call = async |tonce: &str| {
        let signature = product.sign("GET", DEPARTMENTS, tonce, "");
        let fields = [("access_key", product.access_key.as_str()), ("tonce", tonce), ("signature", &signature)];
        send(&product, "GET", &format!("{DEPARTMENTS}?{}", pairs(&fields)), None, None).await
    };
    // The clock stands still at 1705314600.
    for near in
        ["1705314600", "1705314300", "1705314900", "1705314600.0", "1705314599.123456", "1705314899.999", "1705314300.0"]
    {
        assert_eq!(call(near).await, no_departments(), "{near}");
    }
    for far in [
        "1705314299",
        "1705314901",
        "1705314900.001",
        "1705314299.999",
        "0",
        "17053146000",
        "1705314600000",
        "-1705314600",
        "+1705314600",
        "1.7053146e9",
        "0x65a50a28",
        "now",
        "1705314600s",
        " 1705314600",
        "1705314600 ",
        "１７０５３１４６００",
        "NaN",
        "99999999999999999999999999999999999999",
    ] {
        assert_eq!(call(far).await, untimely(), "{far}");
    }
    stage.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(call("1705314600").await, no_departments());
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(call("1705314600").await, untimely());
}

/// The text with each ASCII byte changed, one at a time.
fn changed(text: &str) -> Vec<String> {
    let places = text.char_indices().filter(|(_, c)| c.is_ascii());
    places.map(|(at, c)| format!("{}{}{}", &text[..at], if c == '0' { '1' } else { '0' }, &text[at + 1..])).collect()
}

#[tokio::test]
async fn no_changed_byte_is_accepted() {
    let product = Product::with_records().await;
    let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let path = format!("{EMPLOYEES}/{EMPLOYEE}");
    let payload = json!({"token": product.token}).to_string();
    let tonce = product.tonce();
    let signature = product.sign("GET", &path, &tonce, &payload);
    let call = async |method: &str, path: &str, access_key: &str, tonce: &str, payload: &str, signature: &str| {
        let fields = [("access_key", access_key), ("tonce", tonce), ("payload", payload), ("signature", signature)];
        send(&product, method, &format!("{path}?{}", pairs(&fields)), None, None).await
    };
    let key = product.access_key.as_str();
    assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, body(returned(&employee())));

    // The signed request differs from the sent one.
    for method in changed("GET") {
        let signature = product.sign(&method, &path, &tonce, &payload);
        assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, wrong_signature(), "{method}");
    }
    for other in changed(&path) {
        let signature = product.sign("GET", &other, &tonce, &payload);
        assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, wrong_signature(), "{other}");
    }
    // The sent request differs from the signed one.
    for id in changed(EMPLOYEE) {
        let path = format!("{EMPLOYEES}/{id}");
        assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, wrong_signature(), "{path}");
    }
    for payload in changed(&payload) {
        assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, wrong_signature(), "{payload}");
    }
    for signature in changed(&signature) {
        assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, wrong_signature(), "{signature}");
    }
    for seconds in [-10, -1, 1, 10] {
        let tonce = (tonce.parse::<i64>().unwrap() + seconds).to_string();
        assert_eq!(call("GET", &path, key, &tonce, &payload, &signature).await, wrong_signature(), "{tonce}");
    }
    for same in [format!("{tonce}.0"), format!("0{tonce}")] {
        assert_eq!(call("GET", &path, key, &same, &payload, &signature).await, wrong_signature(), "{same}");
    }
    for other in changed(key).into_iter().chain([key.to_uppercase(), format!("{key}0"), key[1..].to_owned()]) {
        assert_eq!(call("GET", &path, &other, &tonce, &payload, &signature).await, unknown_key(), "{other}");
    }
    let bind = format!("/api/v2/moka_binds/{}", code["bind_code"].as_str().unwrap());
    let signature = product.sign("GET", &bind, &tonce, "");
    assert_eq!(call("PATCH", &bind, key, &tonce, "", &signature).await, wrong_signature());
    let bound = body(json!({"error_code": 0, "error_message": "ok"}));
    assert_eq!(call("GET", &bind, key, &tonce, "", &signature).await, bound);
}

#[tokio::test]
async fn another_resource_of_the_same_payload_needs_its_own_signature() {
    let product = Product::with_records().await;
    let target = format!("/api/v2/approvals/{APPROVAL}");
    for signed in [DEPARTMENTS, "/api/v2/approvals", "/approvals/20170712355448", ""] {
        assert_eq!(get_signed(&product, signed, "", &target).await, wrong_signature(), "{signed}");
    }
    let host = format!("{}{target}", product.address.base_url);
    for signed in [host.as_str(), &format!("{target}/"), &format!("{target}?")] {
        assert_eq!(get_signed(&product, signed, "", &target).await, wrong_signature(), "{signed}");
    }
}

#[tokio::test]
async fn the_old_secret_works_until_it_is_retired() {
    let stage = Stage::open().await;
    let old = Product::join_stage(&stage).await;
    let key = old.access_key.clone();
    let rotated = old.command(json!({"command": "rotate_access_key", "access_key": key})).await;
    let mut new = old.clone();
    new.secret_key = rotated["secret_key"].as_str().unwrap().to_owned();
    assert_ne!(new.secret_key, old.secret_key);
    let get = async |product: &Product| get_signed(product, DEPARTMENTS, "", DEPARTMENTS).await;
    for seconds in [0, 5, 3600] {
        stage.clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!((get(&old).await, get(&new).await), (no_departments(), no_departments()), "{seconds}");
    }
    let shown = json!({"command": "show_access_key", "product_id": old.product_id, "company_uuid": old.company});
    let first = old.command(shown).await["secrets"][0]["secret_id"].clone();
    let retired = json!({"command": "retire_access_key_secret", "access_key": key, "secret_id": first});
    let secrets = old.command(retired).await["secrets"].clone();
    let left: Vec<&Value> = secrets.as_array().unwrap().iter().map(|secret| &secret["secret_id"]).collect();
    assert_eq!(left, [&rotated["secret_id"]]);
    stage.clock.advance(SignedDuration::from_secs(5));
    assert_eq!((get(&old).await, get(&new).await), (wrong_signature(), no_departments()));
}
