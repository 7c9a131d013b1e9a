//! What staff read of the job board. No sealed field is in a read whole.

use jiff::SignedDuration;
use local::WITHOUT_LIMITS;
use serde_json::{Value, json};
use shared::jobboard::Service;
use shared::jobboard::reads::REVEALED;
use shared::runtime::environment::Environment;

use crate::support::Stage;
use crate::support::board::{Board, User, done};

const AT: &str = "2024-01-15T18:30:00+08:00";
const OPENID: &str = "a-user-of-wechat";
const PHONE: &str = "13900000088";
const CONTACT: &str = "13812341234";
const HOME: &str = "北京市海淀区中关村大街27号";

fn rejected(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message})
}

/// A user with a phone and a place, who posted a job, called the owner of another and paid for a voucher.
async fn settled(board: &Board) -> (User, User, u64) {
    let (user, other) = (board.register(OPENID, PHONE).await, board.register("other", "13900000089").await);
    assert_eq!(user.post("/user/update/info", &json!({"name": "小周", "sex": 1})).await, done());
    let place = json!({"longitude": 116.4, "latitude": 39.9, "address": HOME, "first_area_id": 11});
    assert_eq!(user.post("/user/update/geo", &place).await, done());
    let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
    board.pay(&user.order_voucher().await).await;
    assert_eq!(user.call(foreign).await, done());
    other.adjust_vouchers(1).await;
    assert_eq!(other.call(own).await, done());
    assert_eq!(user.post("/job/collect", &json!({"job_id": foreign})).await, done());
    (user, other, own)
}

#[tokio::test]
async fn a_user_is_found_and_shown_with_what_is_sealed_masked() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, _, own) = settled(&board).await;
    let summary = json!({
        "user_id": user.id, "name": "小周", "phone": "139****0088", "created_at": AT, "closed_at": null, "banned": false,
    });
    let found = json!({"users": [summary]});
    let openid = stage.address.command(&json!({"command": "find_person", "phone": PHONE})).await;
    assert_eq!(openid, json!({"objects": [format!("jobboard/user/{}", user.id)]}));
    let service = service(&stage).await;
    let openid = service.reveal("user", &user.id.to_string(), "openid").await.unwrap();
    for named in [json!({"user_id": user.id}), json!({"phone": "+86 139-0000-0088"}), json!({"openid": openid})] {
        assert_eq!(board.command("find_user", named).await, found);
    }
    // A phone that only a job names is no user's.
    for named in [json!({"phone": CONTACT}), json!({"user_id": 7}), json!({"openid": "unknown"})] {
        assert_eq!(board.command("find_user", named).await, json!({"users": []}));
    }
    let one = rejected("Invalid", "user_id: or phone or openid is required, and only one of them");
    assert_eq!(board.command("find_user", json!({"user_id": 7, "phone": PHONE})).await, one);

    let shown = json!({
        "user_id": user.id, "name": "小周", "name_in_review": null, "avatar": "", "sex": 1, "phone": "139****0088",
        "openid": format!("{}****", openid.chars().take(2).collect::<String>()), "address": "北京****", "inviter_id": null,
        "created_at": AT, "closed_at": null, "ban": null, "sessions": {"epoch": 0, "ended_at": null}, "balance": 0,
        "counts": {
            "jobs": 1, "deleted_jobs": 0, "orders": 1, "contacts_out": 1, "contacts_in": 1, "collected_jobs": 1,
            "voucher_entries": 2,
        },
    });
    assert_eq!(board.command("show_user", json!({"user_id": user.id})).await, shown);
    assert_eq!(board.command("show_user", json!({"user_id": 7})).await, rejected("NotFound", "user_id: does not exist"));
    stage.clock.advance(SignedDuration::from_secs(60));
    board.command("end_user_sessions", json!({"user_id": user.id, "by": "zhangsan"})).await;
    board.command("delete_job", json!({"job_id": own, "reason": "违规", "by": "zhangsan"})).await;
    let later = board.command("show_user", json!({"user_id": user.id})).await;
    assert_eq!(later["sessions"]["ended_at"], "2024-01-15T18:31:00+08:00");
    assert_eq!((&later["counts"]["jobs"], &later["counts"]["deleted_jobs"]), (&json!(0), &json!(1)));
}

async fn service(stage: &Stage) -> Service {
    Service::connect(&Environment::new(stage.address.variables.clone(), stage.clock.clone())).await.unwrap()
}

#[tokio::test]
async fn no_read_shows_a_sealed_field_and_each_can_be_revealed() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other, own) = settled(&board).await;
    let order = board.command("list_user_orders", json!({"user_id": user.id})).await["orders"][0]["order_id"].clone();
    let service = service(&stage).await;
    let (user_id, job_id) = (user.id.to_string(), own.to_string());
    let openid = service.reveal("user", &user_id, "openid").await.unwrap();
    assert!(openid.len() > 8);
    let mut read = 0;
    for (command, fields) in [
        ("find_user", json!({"phone": PHONE})),
        ("show_user", json!({"user_id": user.id})),
        ("list_user_jobs", json!({"user_id": user.id})),
        ("list_user_orders", json!({"user_id": user.id})),
        ("list_vouchers", json!({"user_id": user.id})),
        ("list_contacts", json!({"user_id": user.id})),
        ("list_contacts", json!({"user_id": other.id})),
        ("list_jobs", json!({})),
        ("show_job", json!({"job_id": own})),
        ("list_orders", json!({})),
        ("show_order", json!({"order_id": order})),
        ("list_pictures", json!({"user_id": user.id})),
        ("list_orders_to_review", json!({})),
    ] {
        let shown = board.command(command, fields).await;
        assert_eq!(shown.get("errorType"), None, "{command}: {shown}");
        let text = shown.to_string();
        for sealed in [PHONE, CONTACT, HOME, openid.as_str(), "116.4,", "39.9,"] {
            assert!(!text.contains(sealed), "{command} shows {sealed}: {text}");
        }
        read += usize::from(text.contains("****"));
    }
    assert_eq!(read, 7, "users, jobs and contacts have masked fields");

    let revealed: Vec<&str> = REVEALED.iter().flat_map(|(_, fields)| *fields).copied().collect();
    assert_eq!(revealed, ["phone", "openid", "address", "contact"]);
    for (kind, id, field, value) in
        [("user", &user_id, "phone", PHONE), ("user", &user_id, "address", HOME), ("job", &job_id, "contact", CONTACT)]
    {
        assert_eq!(service.reveal(kind, id, field).await.unwrap(), value);
    }
    let no_place = other.id.to_string();
    // Users and jobs may have equal ids: 7 is of neither.
    let unknown = "7".to_owned();
    for (kind, id, field, missing) in [
        ("order", &user_id, "phone", "kind"),
        ("user", &user_id, "name", "field"),
        ("job", &job_id, "phone", "field"),
        ("user", &unknown, "phone", "id"),
        ("user", &"x".to_owned(), "phone", "id"),
        ("user", &no_place, "address", "field"),
    ] {
        assert_eq!(service.reveal(kind, id, field).await.unwrap_err().faults()[0].field, missing);
    }
}

/// Every row of a list, page by page, and how many pages there were.
async fn walked(board: &Board, command: &str, fields: &Value, list: &str) -> (Vec<Value>, usize) {
    let (mut rows, mut pages, mut cursor) = (Vec::new(), 0, Value::Null);
    loop {
        let mut fields = fields.clone();
        if !cursor.is_null() {
            fields["cursor"] = cursor;
        }
        let page = board.command(command, fields).await;
        rows.extend(page[list].as_array().unwrap_or_else(|| panic!("{page}")).clone());
        cursor = page["next_cursor"].clone();
        pages += 1;
        if cursor.is_null() {
            return (rows, pages);
        }
        assert!(pages < 100, "the walk does not end");
    }
}

/// The values of a member in the rows.
fn column(rows: &[Value], member: &str) -> Vec<Value> {
    rows.iter().map(|row| row[member].clone()).collect()
}

#[tokio::test]
async fn orders_are_listed_newest_first_over_all_users_and_by_day() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.join().await, board.join().await);
    let mut placed = Vec::new();
    // Four orders before midnight in Shanghai, three behind it.
    for (number, buyer) in [&user, &other, &user, &user, &other, &user, &other].into_iter().enumerate() {
        if number == 4 {
            stage.clock.advance(SignedDuration::from_hours(6));
        }
        stage.clock.advance(SignedDuration::from_millis(1));
        placed.push((buyer.id, buyer.order_voucher().await));
    }
    // An order to review is in the same list.
    board.pay(&placed[1].1).await;
    let frozen = json!({"out_trade_no": placed[1].1, "transaction": {"trade_state": "FROZEN"}});
    board.simulate("notify_again", &frozen).await;
    assert_eq!(board.command("list_orders_to_review", json!({})).await["total"], 1);

    let numbers = |of: &[(u64, String)]| -> Vec<Value> { of.iter().rev().map(|(_, number)| json!(number)).collect() };
    for limit in [1, 2, 3, 7, 100] {
        let (rows, pages) = walked(&board, "list_orders", &json!({"limit": limit}), "orders").await;
        assert_eq!(column(&rows, "order_no"), numbers(&placed), "{limit}");
        assert_eq!(pages, 7_usize.div_ceil(limit));
    }
    for (day, of) in [("2024-01-15", &placed[..4]), ("2024-01-16", &placed[4..]), ("2024-01-14", &[]), ("2020-01-01", &[])] {
        let (rows, _) = walked(&board, "list_orders", &json!({"day": day, "limit": 2}), "orders").await;
        assert_eq!(column(&rows, "order_no"), numbers(of), "{day}");
    }
    let own: Vec<(u64, String)> = placed.iter().filter(|(buyer, _)| *buyer == user.id).cloned().collect();
    let (rows, _) = walked(&board, "list_user_orders", &json!({"user_id": user.id, "limit": 3}), "orders").await;
    assert_eq!(column(&rows, "order_no"), numbers(&own));
    let page = board.command("list_orders", json!({"limit": 2})).await;
    let elsewhere = json!({"day": "2024-01-15", "cursor": page["next_cursor"]});
    let fault = rejected("Invalid", "cursor: is not a cursor of this list");
    assert_eq!(board.command("list_orders", elsewhere).await, fault);
}

#[tokio::test]
async fn jobs_are_listed_by_owner_area_state_and_text() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, other) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for (user, members) in [
        (&owner, json!({"positions": "Chef de partie", "third_area_id": 310101})),
        (&owner, json!({"description": "只招厨师长", "four_area_id": 0})),
        (&other, json!({"positions": "厨师长"})),
        (&owner, json!({})),
        (&owner, json!({"address": "上海市静安区南京西路1号"})),
    ] {
        jobs.push(user.post_job(members).await);
        stage.clock.advance(SignedDuration::from_millis(1));
    }
    owner.post("/job/close", &json!({"job_id": jobs[3]})).await;
    board.command("take_down_job", json!({"job_id": jobs[4], "reason": "违规", "by": "zhangsan"})).await;
    board.command("delete_job", json!({"job_id": jobs[1], "reason": "违规", "by": "zhangsan"})).await;
    let owned = owner.id;
    for (filter, expected) in [
        (json!({}), &[2, 0][..]),
        (json!({"status": 1}), &[2, 0]),
        (json!({"text": "厨师"}), &[2]),
        (json!({"text": "CHEF"}), &[0]),
        (json!({"area_id": 310101}), &[0]),
        (json!({"area_id": 110105}), &[2]),
        (json!({"area_id": 11}), &[2, 0]),
        (json!({"owner_id": owned}), &[4, 3, 1, 0]),
        (json!({"owner_id": owned, "status": 1}), &[0]),
        (json!({"owner_id": owned, "status": 2}), &[3]),
        (json!({"owner_id": owned, "status": 3, "text": "南京西路"}), &[4]),
        (json!({"owner_id": owned, "status": 4}), &[1]),
        (json!({"owner_id": 7}), &[]),
    ] {
        for limit in [1, 100] {
            let mut fields = filter.clone();
            fields["limit"] = limit.into();
            let (rows, _) = walked(&board, "list_jobs", &fields, "jobs").await;
            let expected: Vec<Value> = expected.iter().map(|at: &usize| json!(jobs[*at])).collect();
            assert_eq!(column(&rows, "job_id"), expected, "{fields}");
        }
    }
    let fault = rejected("Invalid", "owner_id: is required for jobs that are not open");
    assert_eq!(board.command("list_jobs", json!({"status": 3})).await, fault);
    let (rows, _) = walked(&board, "list_user_jobs", &json!({"user_id": owned, "limit": 3}), "jobs").await;
    assert_eq!(column(&rows, "job_id"), [jobs[4], jobs[3], jobs[1], jobs[0]].map(|job| json!(job)));

    let shown = board.command("show_job", json!({"job_id": jobs[4]})).await;
    let example = crate::support::board::job();
    let expected = json!({
        "job_id": jobs[4], "owner_id": owned, "status": 3, "positions": example["positions"],
        "description": example["description"], "address": "上海市静安区南京西路1号", "longitude": 116.397_128,
        "latitude": 39.916_527, "contact": "138****1234", "contact_person_name": "",
        "photo_urls": ["https://cdn.xxx.com/job/1173/1.jpg", "https://cdn.xxx.com/job/1173/2.jpg"],
        "areas": [[11, "北京市"], [1101, "北京市"], [110_105, "朝阳区"], [110_105_001, "三里屯"]],
        "salary_min": 8000, "salary_max": 20000, "basic_protection": [], "salary_benefits": [], "attendance_leave": [],
        "created_at": AT, "updated_at": AT, "refreshed_at": null, "top_start": null, "top_end": null,
        "removal": {"reason": "违规", "by": "zhangsan", "at": AT}, "removed_from": 1, "removed_with_owner": false,
        "pictures_erased_at": null, "moderation": null, "other_jobs_of_owner": 2,
    });
    assert_eq!(shown, expected);
    assert_eq!(board.command("show_job", json!({"job_id": 7})).await, rejected("NotFound", "job_id: does not exist"));
}

#[tokio::test]
async fn a_page_reads_five_hundred_jobs_and_its_cursor_continues_behind_them() {
    let stage = Stage::open_with(&WITHOUT_LIMITS).await;
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    let wanted = owner.post_job(json!({"positions": "稀有岗位"})).await;
    for _ in 0..52 {
        stage.clock.advance(SignedDuration::from_millis(1));
        futures::future::join_all((0..10).map(|_| owner.post_job(json!({})))).await;
    }
    let page = board.command("list_jobs", json!({"text": "稀有"})).await;
    assert_eq!((&page["jobs"], page["next_cursor"].is_string()), (&json!([]), true));
    let (rows, pages) = walked(&board, "list_jobs", &json!({"text": "稀有"}), "jobs").await;
    assert_eq!((column(&rows, "job_id"), pages), (vec![json!(wanted)], 2));
}

#[tokio::test]
async fn vouchers_and_contacts_are_listed_page_by_page() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.register("a", PHONE).await, board.register("b", "13900000089").await);
    other.post("/user/update/info", &json!({"name": "老段"})).await;
    let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
    let mut expected = Vec::new();
    for (caller, job) in [(&user, foreign), (&other, own), (&user, foreign)] {
        stage.clock.advance(SignedDuration::from_millis(1));
        caller.adjust_vouchers(1).await;
        stage.clock.advance(SignedDuration::from_millis(1));
        assert_eq!(caller.call(job).await, done());
        expected.insert(0, (if caller.id == user.id { "out" } else { "in" }, job));
    }
    let (contacts, _) = walked(&board, "list_contacts", &json!({"user_id": user.id, "limit": 2}), "contacts").await;
    for (contact, (direction, job)) in contacts.iter().zip(&expected) {
        let row = json!({
            "contact_id": contact["contact_id"], "direction": direction, "job_id": job, "positions": "服务员",
            "other_user_id": other.id, "other_name": "老段", "other_phone": "139****0089", "at": AT,
        });
        assert_eq!(*contact, row);
    }
    assert_eq!(contacts.len(), 3);
    let whole = board.command("list_vouchers", json!({"user_id": user.id})).await;
    let (entries, pages) = walked(&board, "list_vouchers", &json!({"user_id": user.id, "limit": 3}), "entries").await;
    assert_eq!((&json!(entries), pages), (&whole["entries"], 2));
    assert_eq!((column(&entries, "change"), &whole["balance"]), ([-1, 1, -1, 1].map(|n| json!(n)).to_vec(), &json!(0)));
    assert_eq!(entries[0]["note"], Value::Null);
    assert_eq!(entries[1]["note"], json!({"reason": "测试", "by": "test", "at": AT}));
    let empty = json!({"entries": [], "next_cursor": null, "balance": 0});
    assert_eq!(board.command("list_vouchers", json!({"user_id": 7})).await, empty);
}
