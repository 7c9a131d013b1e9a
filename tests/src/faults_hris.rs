//! DynamoDB throttles, collides and loses answers: what a product sees of its writes to the HR API, and what is stored.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::consent::{App, Browser, CALLBACK};
use crate::support::product::{EMPLOYEE, EMPNO, MOBILE, Product, body, numbered, refusal};
use crate::support::{Answer, Fault, Stage};

/// A write of a product, and the operation by which it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Write {
    Punches,
    Salary,
    VisitorToken,
    Visit,
    MokaBind,
    MokaUnbind,
    MokaCandidate,
    Import,
    Companies,
}

const ALL: [Write; 9] = [
    Write::Punches,
    Write::Salary,
    Write::VisitorToken,
    Write::Visit,
    Write::MokaBind,
    Write::MokaUnbind,
    Write::MokaCandidate,
    Write::Import,
    Write::Companies,
];

impl Write {
    fn operation(self) -> &'static str {
        if self == Self::Visit { "PutItem" } else { "TransactWriteItems" }
    }

    async fn send(self, product: &Product, bind: &str) -> Answer {
        match self {
            Self::Punches => {
                let punches = json!([
                    {"empno": EMPNO, "punched_at": "2017-02-03 08:00"}, {"empno": "x", "punched_at": "2017-02-03 08:00"},
                    {"empno": EMPNO, "punched_at": "2017-02-03 18:00"},
                ]);
                product.post("/api/v2/attendance_punches", punches).await
            }
            Self::Salary => {
                let value = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024});
                product.post("/api/v2/salary/subject_values", value).await
            }
            Self::VisitorToken => {
                let path = format!("/api/v2/company_tokens/{}", product.company);
                product.patch(&path, product.with_token(json!({"zhiren_visitor_token": "v"}))).await
            }
            Self::Visit => {
                let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
                product.post(&path, product.with_token(json!({"name": "曹操", "time": "15:00"}))).await
            }
            Self::MokaBind => product.patch(bind, Value::Null).await,
            Self::MokaUnbind => product.post("/api/v2/moka_unbinds", Value::Null).await,
            Self::MokaCandidate => product.post("/api/v2/moka_candidates", json!({"name": "候"})).await,
            Self::Import => {
                let mut changed = crate::support::product::employee();
                changed["mobile"] = "18602836722".into();
                let mut rows = vec![changed];
                rows.extend((0..60).map(numbered));
                body(product.import("employees", &rows).await)
            }
            Self::Companies => {
                let rows = json!({"uuid": "e".repeat(32), "name": "甲"}).to_string();
                body(product.command(json!({"command": "import_hris", "kind": "companies", "rows": rows})).await)
            }
        }
    }
}

/// A system whose product can send the write, and whose key the process knows.
async fn ready(write: Write) -> (Stage, Product, String) {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.furnish().await;
    let code = product.command(json!({"command": "create_bind_code", "company_uuid": product.company})).await;
    let bind = format!("/api/v2/moka_binds/{}", code["bind_code"].as_str().expect("a code"));
    if write != Write::MokaBind {
        assert_eq!(product.patch(&bind, Value::Null).await.status, 200);
    }
    assert_eq!(product.get("/api/v2/departments/x", Value::Null).await.status, 404);
    (stage, product, bind)
}

/// What is stored of HR, without what differs between any two runs: the company, secrets, what is sealed, stamps.
async fn state(stage: &Stage, product: &Product) -> Vec<String> {
    const RANDOM: [&str; 6] = ["write", "id_number", "bank_card", "token", "hash", "secrets"];
    let is_data = |item: &Value| {
        let key = item["pk"]["S"].as_str().expect("a key");
        !["product#", "access_key#"].iter().any(|other| key.starts_with(other)) && !key.contains("#mobile")
    };
    let items = stage.items("hris").await.into_iter().filter(is_data).map(|mut item| {
        for name in RANDOM {
            item.as_object_mut().expect("attributes").remove(name);
        }
        if item["pk"]["S"].as_str().is_some_and(|key| key.ends_with("#visit") || key.ends_with("#candidate")) {
            for name in ["sk", "record", "uuid", "ixsk"] {
                item.as_object_mut().expect("attributes").remove(name);
            }
        }
        let attributes: std::collections::BTreeMap<_, _> = item.as_object().expect("attributes").iter().collect();
        json!(attributes).to_string().replace(&product.company, "company")
    });
    let mut items: Vec<String> = items.collect();
    items.sort();
    items
}

/// The answer without the company's uuid.
fn comparable(answer: Answer, product: &Product) -> Answer {
    let text = answer.body.to_string().replace(&product.company, "company");
    Answer { body: serde_json::from_str(&text).expect("JSON"), ..answer }
}

/// The answer to the write, the state after it, and the messages sent.
async fn outcome(stage: &Stage, product: &Product, bind: &str, write: Write) -> (Answer, Vec<String>, usize) {
    let answer = comparable(write.send(product, bind).await, product);
    (answer, state(stage, product).await, stage.address.messages(MOBILE).await.len())
}

async fn undisturbed(write: Write) -> (Answer, Vec<String>, usize) {
    let (stage, product, bind) = ready(write).await;
    let outcome = outcome(&stage, &product, &bind, write).await;
    assert_eq!(outcome.0.status, 200, "{write:?}: {:?}", outcome.0);
    assert_eq!(outcome.2, usize::from(write == Write::Visit), "{write:?}");
    outcome
}

/// Checks the writes side by side, each on a system of its own.
async fn for_each_write(concerns: impl Fn(Write) -> bool, check: impl AsyncFn(Write)) {
    let writes: Vec<Write> = ALL.into_iter().filter(|write| concerns(*write)).collect();
    assert!(!writes.is_empty());
    join_all(writes.into_iter().map(|write| Box::pin(check(write)))).await;
}

/// The faults strike the write itself, and cost its caller nothing.
async fn is_survived(faults: &[Fault], concerns: impl Fn(Write) -> bool) {
    for_each_write(concerns, async |write| {
        let expected = undisturbed(write).await;
        let (stage, product, bind) = ready(write).await;
        stage.inject_into(write.operation(), faults);
        assert_eq!(outcome(&stage, &product, &bind, write).await, expected, "{write:?} {faults:?}");
        assert_eq!(stage.heal(), 0, "{write:?} met not all faults");
    })
    .await;
}

fn in_transaction(write: Write) -> bool {
    write.operation() == "TransactWriteItems"
}

#[tokio::test]
async fn a_write_that_is_throttled_once_or_twice_succeeds() {
    is_survived(&[Fault::Throttled; 2], |_| true).await;
}

#[tokio::test]
async fn a_transaction_that_meets_others_is_made_again() {
    is_survived(&[Fault::Conflict; 3], in_transaction).await;
}

#[tokio::test]
async fn a_single_write_that_meets_a_transaction_is_made_again() {
    is_survived(&[Fault::ConflictingWrite; 2], |write| !in_transaction(write)).await;
}

#[tokio::test]
async fn a_write_whose_answer_from_the_database_is_lost_is_made_once() {
    is_survived(&[Fault::AnswerLost], |_| true).await;
    is_survived(&[Fault::AnswerLost, Fault::Throttled], |_| true).await;
}

#[tokio::test]
async fn a_write_that_stays_throttled_is_our_fault_and_succeeds_later() {
    for_each_write(
        |_| true,
        async |write| {
            let expected = undisturbed(write).await;
            let (stage, product, bind) = ready(write).await;
            let before = state(&stage, &product).await;
            stage.inject_into(write.operation(), &[Fault::Throttled; 30]);
            let answer = write.send(&product, &bind).await;
            assert!(stage.heal() < 30, "{write:?} met no fault");
            let ours = match write {
                Write::Import | Write::Companies => body(json!({"errorType": "Internal", "errorMessage": "see the log"})),
                _ => refusal(500, 9001, "internal error"),
            };
            assert_eq!(answer, ours, "{write:?}");
            assert_eq!(state(&stage, &product).await, before, "{write:?}");
            assert_eq!(outcome(&stage, &product, &bind, write).await, expected, "{write:?}");
        },
    )
    .await;
}

/// The claim was stored, and whoever made it broke off: a replay sends the message when the claim has run out, and only once.
#[tokio::test]
async fn a_visit_whose_announcement_broke_off_is_announced_by_a_replay() {
    let (stage, product, _) = ready(Write::Visit).await;
    let path = format!("/api/v2/employees/{EMPLOYEE}/notify");
    let payload = product.with_token(json!({"name": "曹操", "time": "15:00"})).to_string();
    let tonce = product.tonce();
    let signature = product.sign("POST", &path, &tonce, &payload);
    let query = [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)];
    let replay = async || product.send(Method::POST, &path, &query, Some(payload.clone())).await;
    stage.inject_into("PutItem", &[Fault::AnswerLost; 30]);
    assert_eq!(replay().await, refusal(500, 9001, "internal error"));
    assert!(stage.heal() < 30);
    assert_eq!(stage.address.messages(MOBILE).await, Vec::<String>::new());
    // For fifteen seconds the one who made the claim may still be at it.
    for (seconds, sent) in [(14, 0), (1, 1), (15, 1), (60, 1)] {
        stage.clock.advance(jiff::SignedDuration::from_secs(seconds));
        assert_eq!(replay().await.status, 200);
        assert_eq!(stage.address.messages(MOBILE).await.len(), sent, "{seconds}");
    }
}

/// A consent from the code to the access token, struck at each of its writes.
#[tokio::test]
async fn a_consent_survives_what_strikes_any_of_its_steps() {
    let (stage, product, _) = ready(Write::Visit).await;
    let app = App::of(&product).await;
    let sets: [(&str, &[Fault]); 6] = [
        ("PutItem", &[Fault::Throttled; 2]),
        ("PutItem", &[Fault::AnswerLost]),
        ("PutItem", &[Fault::ConflictingWrite; 2]),
        ("TransactWriteItems", &[Fault::Throttled; 2]),
        ("TransactWriteItems", &[Fault::Conflict; 3]),
        ("TransactWriteItems", &[Fault::AnswerLost]),
    ];
    for (operation, faults) in sets {
        stage.clock.advance(jiff::SignedDuration::from_hours(24));
        let sent = stage.address.messages(MOBILE).await.len();
        let mut browser = Browser::new(&app);
        let form = browser.open("s").await;
        if operation == "PutItem" {
            stage.inject_into(operation, faults);
        }
        let page = browser.press(&form, "send", &[("mobile", MOBILE)]).await;
        assert_eq!((page.status, stage.heal()), (200, 0), "{faults:?}: {page:?}");
        assert_eq!(stage.address.messages(MOBILE).await.len(), sent + 1, "{faults:?}");
        let code = stage.address.code(MOBILE).await;
        stage.inject_into(operation, faults);
        let back = browser.consent(&page, &code).await.called_back(CALLBACK);
        assert_eq!((back.len(), stage.heal()), (2, 0), "{faults:?}");
        if operation == "TransactWriteItems" {
            stage.inject_into(operation, faults);
        }
        let answer = app.token(&app.exchange(&back[0].1)).await;
        assert_eq!(stage.heal(), 0, "{faults:?}");
        let token = answer.body["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(answer, body(json!({"access_token": token, "expires_in": 7_776_000})), "{faults:?}");
        let read = product.read(&token, "/api/v2/recruitments/sources", json!({})).await;
        assert_eq!(read, body(json!([{"id": "1", "name": "内部推荐"}])), "{faults:?}");
        let again = app.token(&app.exchange(&back[0].1)).await;
        assert_eq!(again, refusal(422, 2002, "response_code is not valid, or was used"), "{faults:?}");
    }
}

/// The secret of a command must be told although the answer to its writing was lost: it is told once.
#[tokio::test]
async fn a_secret_is_told_although_the_answer_to_its_writing_was_lost() {
    let (stage, mut product, _) = ready(Write::Salary).await;
    let row = json!({"uuid": "e".repeat(32), "name": "甲"}).to_string();
    product.command(json!({"command": "import_hris", "kind": "companies", "rows": row})).await;
    product.command(json!({"command": "create_product", "product_id": "p", "name": "考勤"})).await;
    stage.inject_into("TransactWriteItems", &[Fault::AnswerLost]);
    let pair = json!({"command": "create_access_key", "product_id": "p", "company_uuid": "e".repeat(32)});
    let key = product.command(pair).await;
    assert_eq!(stage.heal(), 0);
    product.access_key = key["access_key"].as_str().expect("a key").to_owned();
    product.secret_key = key["secret_key"].as_str().expect("a secret").to_owned();
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(json!([])));
    stage.inject_into("PutItem", &[Fault::AnswerLost]);
    let rotated = product.command(json!({"command": "rotate_access_key", "access_key": product.access_key})).await;
    assert_eq!(stage.heal(), 0);
    product.secret_key = rotated["secret_key"].as_str().expect("a secret").to_owned();
    stage.look_again();
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(json!([])));
}
