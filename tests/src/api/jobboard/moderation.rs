//! The moderation of jobs: WeChat checks texts before a job is public, and pictures afterwards (docs/design/jobboard.md, Moderation). The words of
//! the simulator are `违禁` (risky), `待审` (for a person) and `缓慢` (slow); pictures are judged by their address.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::support::board::{Board, User, done, job, rejection};
use crate::support::{Response, Stage, fetch};

const RISKY: &str = "content: does not pass WeChat's content check";
const PICTURE: &str = "https://cos.example/one.png";
const OTHER: &str = "https://cos.example/two.png";
const PICTURE_REASON: &str = "照片未通过微信内容安全检测，请更换照片后重新发布";

async fn stage(meanwhile: &str) -> Stage {
    Stage::open_with(&[("MODERATION", meanwhile)]).await
}

async fn both(meanwhile: &str) -> (Stage, User, User) {
    let stage = stage(meanwhile).await;
    let board = Board::of(&stage.address);
    let (owner, other) = (board.join().await, board.join().await);
    (stage, owner, other)
}

/// The status of a job for its owner, and whether others see it, in the list and alone.
async fn seen(stage: &Stage, owner: &User, other: &User, id: u64) -> (u64, bool) {
    stage.refresh_searches();
    let own = owner.job(id).await["status"].as_u64().expect("a status");
    let listed = other.post("/jobs/list", &json!({"query_type": 3, "page_size": 50})).await.body["data"]["jobs"].clone();
    let is_listed = listed.as_array().expect("jobs").iter().any(|job| job["id"] == id);
    let alone = other.post("/jobs/info", &json!({"job_id": id})).await;
    match alone.status {
        200 => assert!(is_listed, "{alone:?}"),
        _ => assert_eq!((alone, is_listed), (rejection(404, "job not found"), false)),
    }
    (own, is_listed)
}

async fn simulate(board: &Board, path: &str) {
    fetch(board.http.get(format!("{}/simulate/{path}", board.address.wechat_url))).await;
}

/// WeChat's next check fails.
async fn fail(board: &Board, operation: &str) {
    simulate(board, &format!("errcode?next=-1&path={operation}")).await;
}

/// The pictures whose results wait.
async fn pending(board: &Board) -> Vec<Value> {
    let url = format!("{}/simulate/media_checks", board.address.wechat_url);
    fetch(board.http.get(url)).await.body.as_array().expect("pictures").clone()
}

/// Pushes the results that wait, and returns the statuses of the responses.
async fn push(board: &Board, options: &Value) -> Value {
    board.simulate("media_checks", options).await.body["statuses"].clone()
}

async fn swept(board: &Board) -> Value {
    board.address.invoke("ops-cleanup", &json!({})).await.body["moderation"].clone()
}

fn sweep(done: u32) -> Value {
    json!({"done": done, "failed": 0, "is_cut_short": false})
}

async fn moderation(board: &Board, id: u64) -> Value {
    board.command("show_job", json!({"job_id": id})).await["moderation"].clone()
}

async fn create(owner: &User, members: Value) -> Response {
    let mut job = job();
    job.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    owner.post("/job/create", &job).await
}

fn without_pictures(text: &str) -> Value {
    json!({"description": text, "photo_urls": []})
}

#[tokio::test]
async fn a_text_that_passes_is_public_at_once() {
    for meanwhile in ["publish", "hold"] {
        let (stage, owner, other) = both(meanwhile).await;
        let id = owner.post_job(without_pictures("包吃住")).await;
        assert_eq!(seen(&stage, &owner, &other, id).await, (1, true), "{meanwhile}");
        let known = json!({"texts": "passed", "pictures": [], "retry_at": null});
        assert_eq!(moderation(&owner.board, id).await, known);
        assert_eq!(swept(&owner.board).await, sweep(0));
    }
}

#[tokio::test]
async fn a_risky_text_is_rejected_wherever_it_stands() {
    let (_stage, owner, _) = both("publish").await;
    for member in ["positions", "description", "address", "user_name", "first_area_des", "salary_benefits"] {
        let text = if member == "salary_benefits" { json!(["含违禁内容"]) } else { json!("含违禁内容") };
        assert_eq!(create(&owner, json!({member: text, "photo_urls": []})).await, rejection(400, RISKY), "{member}");
    }
    // The word stands across the place where a long text is cut for WeChat.
    let long = format!("{}违禁{}", "好".repeat(2499 - 4), "好".repeat(2000));
    assert_eq!(create(&owner, without_pictures(&long)).await, rejection(400, RISKY));
    assert_eq!(owner.post("/jobs/my", &json!({})).await.body["data"]["total"], 0);
}

#[tokio::test]
async fn a_text_for_review_waits_until_staff_decide() {
    let (stage, owner, other) = both("publish").await;
    let board = &owner.board;
    let ids = [owner.post_job(without_pictures("待审")).await, owner.post_job(without_pictures("也待审")).await];
    for id in ids {
        assert_eq!(seen(&stage, &owner, &other, id).await, (5, false));
    }
    let waits = rejection(400, "job_id: waits for the check of its content");
    assert_eq!(owner.post("/jobs/refresh", &json!({"job_id": ids[0]})).await, waits);
    assert_eq!(owner.post("/jobs/top", &json!({"job_id": ids[0], "top_hour": 72, "price": 5.00})).await, waits);
    assert_eq!(other.post("/job/report", &json!({"job_id": ids[0], "reason": "fee"})).await.status, 404);
    let listed = board.command("list_jobs", json!({"status": 5})).await["jobs"].clone();
    let listed: Vec<Value> = listed.as_array().expect("jobs").iter().map(|job| job["job_id"].clone()).collect();
    assert_eq!(listed, [json!(ids[1]), json!(ids[0])]);
    let workload = board.command("show_workload", json!({})).await["contents"].clone();
    assert_eq!(workload, json!({"jobs": 2, "names": 0}));

    for _ in 0..2 {
        let approved = board.command("approve_job", json!({"job_id": ids[0], "by": "zhangsan"})).await;
        assert_eq!(approved, json!({"job_id": ids[0], "status": 1}));
    }
    assert_eq!(seen(&stage, &owner, &other, ids[0]).await, (1, true));
    board.command("take_down_job", json!({"job_id": ids[1], "reason": "内容违规", "by": "zhangsan"})).await;
    assert_eq!(seen(&stage, &owner, &other, ids[1]).await, (3, false));
    let own = owner.post("/jobs/my", &json!({})).await.body["data"]["list"].clone();
    assert_eq!((&own[0]["removed_reason"], own[1].get("removed_reason")), (&json!("内容违规"), None));
    assert_eq!(board.command("show_workload", json!({})).await["contents"], json!({"jobs": 0, "names": 0}));
    let recorded = board.command("audit", json!({"object": format!("jobboard/job/{}", ids[0])})).await["records"].clone();
    assert_eq!(recorded.as_array().expect("records").len(), 1);
    // What staff took down and restore again is public.
    board.command("restore_job", json!({"job_id": ids[1], "by": "zhangsan"})).await;
    assert_eq!(seen(&stage, &owner, &other, ids[1]).await, (1, true));
}

#[tokio::test]
async fn staff_approve_no_job_that_is_not_offered() {
    let (_stage, owner, _) = both("publish").await;
    let id = owner.post_job(without_pictures("待审")).await;
    assert_eq!(owner.post("/job/close", &json!({"job_id": id})).await, done());
    let approved = owner.board.command("approve_job", json!({"job_id": id, "by": "zhangsan"})).await;
    assert!(approved["errorMessage"].as_str().is_some_and(|error| error.contains("job_id: is closed")), "{approved}");
}

#[tokio::test]
async fn while_wechat_is_down_a_content_is_public_or_waits_by_the_setting() {
    for (meanwhile, before) in [("publish", (1, true)), ("hold", (5, false))] {
        let (stage, owner, other) = both(meanwhile).await;
        let mut ids = Vec::new();
        for text in ["包吃住", "违禁", "待审"] {
            fail(&owner.board, "msg_sec_check").await;
            ids.push(owner.post_job(without_pictures(text)).await);
        }
        for id in &ids {
            assert_eq!(seen(&stage, &owner, &other, *id).await, before, "{meanwhile}");
            assert_eq!(moderation(&owner.board, *id).await["texts"], "unjudged");
        }
        assert_eq!(swept(&owner.board).await, sweep(0), "the first pause");
        stage.clock.advance(SignedDuration::from_mins(5));
        assert_eq!(swept(&owner.board).await, sweep(3));
        for (id, after) in ids.iter().zip([(1, true), (3, false), (5, false)]) {
            assert_eq!(seen(&stage, &owner, &other, *id).await, after, "{meanwhile}");
        }
        stage.clock.advance(SignedDuration::from_hours(24));
        assert_eq!(swept(&owner.board).await, sweep(0));
    }
}

#[tokio::test]
async fn a_slow_wechat_counts_as_down() {
    let (stage, owner, other) = both("publish").await;
    let id = owner.post_job(without_pictures("缓慢")).await;
    assert_eq!(seen(&stage, &owner, &other, id).await, (1, true));
    assert_eq!(moderation(&owner.board, id).await["texts"], "unjudged");
}

#[tokio::test]
async fn after_eight_attempts_a_person_decides() {
    let (stage, owner, other) = both("publish").await;
    fail(&owner.board, "msg_sec_check").await;
    let id = owner.post_job(without_pictures("包吃住")).await;
    for _ in 0..8 {
        stage.clock.advance(SignedDuration::from_hours(11));
        fail(&owner.board, "msg_sec_check").await;
        assert_eq!(swept(&owner.board).await, sweep(1));
    }
    assert_eq!(seen(&stage, &owner, &other, id).await, (5, false));
    assert_eq!(moderation(&owner.board, id).await, json!({"texts": "review", "pictures": [], "retry_at": null}));
}

#[tokio::test]
async fn a_picture_is_judged_after_the_job_is_public() {
    let (stage, owner, other) = both("publish").await;
    let board = &owner.board;
    for (suggest, after) in [("pass", (1, true)), ("review", (5, false)), ("risky", (3, false))] {
        let id = owner.post_job(json!({"photo_urls": [PICTURE, OTHER]})).await;
        assert_eq!(seen(&stage, &owner, &other, id).await, (1, true));
        let waiting: Vec<Value> = pending(board).await.iter().map(|picture| picture["media_url"].clone()).collect();
        assert_eq!(waiting, [PICTURE, OTHER]);
        for _ in 0..2 {
            assert_eq!(push(board, &json!({"suggest": suggest, "keep": true})).await, json!([200, 200]));
            assert_eq!(seen(&stage, &owner, &other, id).await, after, "{suggest}");
        }
        let verdict = if suggest == "pass" { "passed" } else { suggest };
        let known = json!({"texts": "passed", "pictures": [verdict, verdict], "retry_at": null});
        assert_eq!(moderation(board, id).await, known);
        push(board, &json!({"suggest": "pass"})).await;
        assert_eq!(seen(&stage, &owner, &other, id).await, after, "a later result changes nothing");
    }
    let own = owner.post("/jobs/my", &json!({})).await.body["data"]["list"][0].clone();
    assert_eq!(own["removed_reason"], PICTURE_REASON);
    let removal = board.command("list_user_jobs", json!({"user_id": owner.id, "limit": 1})).await["jobs"][0]["removal"].clone();
    assert_eq!((&removal["reason"], &removal["by"]), (&json!(PICTURE_REASON), &json!("wechat")));
}

#[tokio::test]
async fn with_hold_a_job_waits_for_all_of_its_pictures() {
    let (stage, owner, other) = both("hold").await;
    let board = &owner.board;
    let id = owner.post_job(json!({"photo_urls": [PICTURE, OTHER]})).await;
    let traces: Vec<Value> = pending(board).await.iter().map(|picture| picture["trace_id"].clone()).collect();
    for (trace, after) in traces.iter().zip([(5, false), (1, true)]) {
        assert_eq!(push(board, &json!({"trace_id": trace})).await, json!([200]));
        assert_eq!(seen(&stage, &owner, &other, id).await, after);
    }
}

#[tokio::test]
async fn concurrent_results_of_all_pictures_count() {
    let (stage, owner, other) = both("hold").await;
    let board = &owner.board;
    let urls: Vec<String> = (0..4).map(|number| format!("https://cos.example/{number}.png")).collect();
    let id = owner.post_job(json!({"photo_urls": urls})).await;
    let pushes = pending(board)
        .await
        .into_iter()
        .map(|picture| async move { push(board, &json!({"trace_id": picture["trace_id"]})).await });
    for statuses in join_all(pushes).await {
        assert_eq!(statuses, json!([200]));
    }
    assert_eq!(seen(&stage, &owner, &other, id).await, (1, true));
}

#[tokio::test]
async fn a_picture_that_wechat_cannot_read_is_for_a_person() {
    let (stage, owner, other) = both("publish").await;
    let id = owner.post_job(json!({"photo_urls": [PICTURE]})).await;
    assert_eq!(push(&owner.board, &json!({"errcode": -1008})).await, json!([200]));
    assert_eq!(seen(&stage, &owner, &other, id).await, (5, false));
}

#[tokio::test]
async fn a_lost_result_is_asked_for_again() {
    let (stage, owner, other) = both("hold").await;
    let board = &owner.board;
    let id = owner.post_job(json!({"photo_urls": [PICTURE]})).await;
    stage.clock.advance(SignedDuration::from_mins(44));
    assert_eq!(swept(board).await, sweep(0));
    stage.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(swept(board).await, sweep(1));
    let waiting = pending(board).await;
    assert_eq!(waiting.len(), 2);
    // The first one arrives late: it is that of an earlier check.
    assert_eq!(push(board, &json!({"trace_id": waiting[0]["trace_id"], "suggest": "risky"})).await, json!([200]));
    assert_eq!(seen(&stage, &owner, &other, id).await, (5, false));
    assert_eq!(push(board, &json!({"trace_id": waiting[1]["trace_id"]})).await, json!([200]));
    assert_eq!(seen(&stage, &owner, &other, id).await, (1, true));
}

#[tokio::test]
async fn wechat_reads_an_uploaded_picture_from_s3() {
    use image::ImageFormat;
    use reqwest::multipart::{Form, Part};

    use crate::support::picture::picture;
    let (_stage, owner, _) = both("publish").await;
    let png = picture(ImageFormat::Png);
    let form = Form::new().part("file", Part::bytes(png).file_name("a.png"));
    let url = fetch(owner.request("/img/upload").multipart(form)).await.body["data"]["url"].clone();
    owner.post_job(json!({"photo_urls": [url]})).await;
    let address = pending(&owner.board).await[0]["media_url"].as_str().expect("an address").to_owned();
    assert!(address.contains("/img/") && address.contains("X-Amz-Signature="), "{address}");
    let read = owner.board.http.get(address).send().await.unwrap();
    assert_eq!((read.status().as_u16(), &read.headers()["content-type"]), (200, &"image/png".parse().unwrap()));
}

#[tokio::test]
async fn an_update_is_judged_as_well() {
    let (stage, owner, other) = both("publish").await;
    let board = &owner.board;
    let id = owner.post_job(json!({"photo_urls": [PICTURE], "description": "包吃住"})).await;
    push(board, &json!({})).await;
    let update = |members: Value| {
        let mut body = json!({"id": id});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let owner = owner.clone();
        async move { owner.post("/jobs/update", &body).await }
    };
    assert_eq!(update(json!({"description": "违禁"})).await, rejection(400, RISKY));
    assert_eq!(owner.job(id).await["description"], "包吃住");
    // What was judged is not judged again.
    assert_eq!(update(json!({"salary_max": 30000})).await, done());
    assert_eq!(pending(board).await, [Value::Null; 0]);
    assert_eq!(update(json!({"photo_urls": [PICTURE, OTHER]})).await, done());
    assert_eq!(pending(board).await.len(), 1);
    assert_eq!(push(board, &json!({"suggest": "review"})).await, json!([200]));
    assert_eq!(seen(&stage, &owner, &other, id).await, (5, false));
    // The picture that waits is gone.
    assert_eq!(update(json!({"photo_urls": [PICTURE]})).await, done());
    assert_eq!(seen(&stage, &owner, &other, id).await, (1, true));
    assert_eq!(update(json!({"description": "待审"})).await, done());
    assert_eq!(seen(&stage, &owner, &other, id).await, (5, false));
    assert_eq!(update(json!({"description": "包吃住"})).await, done());
    assert_eq!(seen(&stage, &owner, &other, id).await, (1, true));
    // The change of another user is rejected before it is judged.
    let foreign = other.post("/jobs/update", &json!({"id": id, "description": "违禁"})).await;
    assert_eq!(foreign, rejection(403, "job_id: is somebody else's")); // words:ignore: a text of the API
}

#[tokio::test]
async fn a_closed_job_or_account_opens_no_job_that_waits() {
    let (stage, owner, other) = both("hold").await;
    let board = &owner.board;
    let closed = owner.post_job(json!({"photo_urls": [PICTURE]})).await;
    let banned = other.post_job(json!({"photo_urls": [PICTURE]})).await;
    assert_eq!(owner.post("/user/close", &json!({})).await, done());
    let ban = json!({"user_id": other.id, "reason": "发布虚假招聘", "by": "zhangsan"});
    assert_eq!(board.command("ban_user", ban).await["jobs_down"], 1);
    assert_eq!(push(board, &json!({})).await, json!([200, 200]));
    stage.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(swept(board).await, sweep(0));
    for (id, status) in [(closed, 2), (banned, 3)] {
        assert_eq!(board.command("show_job", json!({"job_id": id})).await["status"], status);
    }
    // The end of the ban returns the job to its state before: no result was applied while it was down.
    let unban = json!({"user_id": other.id, "restore_jobs": true, "by": "zhangsan"});
    board.command("unban_user", unban).await;
    assert_eq!(board.command("show_job", json!({"job_id": banned})).await["status"], 5);
}

#[tokio::test]
async fn one_user_lets_wechat_check_so_many_contents_an_hour() {
    let (stage, owner, other) = both("publish").await;
    let risky = rejection(400, RISKY);
    assert_eq!(create(&owner, without_pictures("违禁")).await, risky);
    stage.use_up("content_checks", 100).await;
    assert_eq!(create(&owner, without_pictures("违禁")).await, risky);
    let request = owner.request("/job/create").body(job().to_string()).send().await.unwrap();
    // The clock of a stage begins at half past the hour.
    assert_eq!((request.status().as_u16(), &request.headers()["retry-after"]), (429, &"1800".parse().unwrap()));
    assert_eq!(create(&other, without_pictures("包吃住")).await, done());
}

#[tokio::test]
async fn a_repeated_request_is_not_judged_again() {
    let (_stage, owner, _) = both("publish").await;
    let body = job();
    assert_eq!(owner.post_once("/job/create", "one", &body).await, done());
    let pictures = pending(&owner.board).await.len();
    assert_eq!(owner.post_once("/job/create", "one", &body).await, done());
    assert_eq!(pending(&owner.board).await.len(), pictures);
    let mut other = body;
    other["positions"] = "厨师".into();
    assert_eq!(owner.post_once("/job/create", "one", &other).await.status, 409);
}

/// What WeChat signs: the sorted parts, as one text.
fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn only_wechat_can_push_messages() {
    let stage = stage("publish").await;
    let board = Board::of(&stage.address);
    let secret = stage.secret("JOBBOARD_WECHAT_SECRET", None).await;
    let token = secret["message_token"].as_str().expect("a token");
    let get = |signature: String| {
        let query = [
            ("signature", &*signature),
            ("timestamp", "1714036504"),
            ("nonce", "1514711492"),
            ("echostr", "4375120948345356249"),
        ];
        let request = board.request(Method::GET, "/wechat/messages").query(&query);
        async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        }
    };
    let genuine = signature(&[token, "1714036504", "1514711492"]);
    assert_eq!(get(genuine.clone()).await, (200, "4375120948345356249".to_owned()));
    let unauthorized = rejection(401, "login required");
    for wrong in [signature(&["", "1714036504", "1514711492"]), genuine[..39].to_owned(), String::new()] {
        let (status, body) = get(wrong).await;
        assert_eq!(Response { status, body: serde_json::from_str(&body).unwrap() }, unauthorized);
    }
    let post = |signature: &str, body: &str| {
        let query = [("msg_signature", signature), ("timestamp", "1714036504"), ("nonce", "1514711492")];
        fetch(board.request(Method::POST, "/wechat/messages").query(&query).body(body.to_owned()))
    };
    let envelope = json!({"ToUserName": "gh_97417a04a28d", "Encrypt": "AAAA"}).to_string();
    assert_eq!(post(&signature(&["wrong", "1714036504", "1514711492", "AAAA"]), &envelope).await, unauthorized);
    let genuine = signature(&[token, "1714036504", "1514711492", "AAAA"]);
    assert_eq!(post(&genuine, &envelope).await, rejection(400, "Encrypt: does not open"));
    assert_eq!(post(&genuine, "{}").await, rejection(400, "Encrypt: is required"));
}

#[tokio::test]
async fn a_result_that_arrives_before_its_job_is_pushed_again() {
    let stage = stage("hold").await;
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    let id = owner.post_job(json!({"photo_urls": [PICTURE]})).await;
    let table = &stage.address.variables["CREDENTIALS_TABLE"];
    let traces: Vec<Value> = stage.items(table).await.into_iter().filter(|item| item["sk"]["S"] == "trace").collect();
    let [trace] = &traces[..] else { panic!("{traces:?}") };
    stage.database("DeleteItem", &json!({"TableName": table, "Key": {"pk": trace["pk"], "sk": trace["sk"]}})).await;
    assert_eq!(push(&board, &json!({"keep": true})).await, json!([404]));
    stage.put_all(table, traces.clone()).await;
    assert_eq!(push(&board, &json!({})).await, json!([200]));
    assert_eq!(owner.job(id).await["status"], 1);
}

#[tokio::test]
async fn without_the_message_push_only_texts_are_checked() {
    let stage = stage("hold").await;
    let mut secret = stage.secret("JOBBOARD_WECHAT_SECRET", None).await;
    secret.as_object_mut().unwrap().remove("message_key");
    stage.secret("JOBBOARD_WECHAT_SECRET", Some(&secret)).await;
    let owner = Board::of(&stage.address).join().await;
    let id = owner.post_job(json!({"photo_urls": [PICTURE]})).await;
    assert_eq!(owner.job(id).await["status"], 1);
    assert_eq!(pending(&owner.board).await, [Value::Null; 0]);
}
