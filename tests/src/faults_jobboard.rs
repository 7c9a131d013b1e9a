//! DynamoDB throttles, collides and loses answers: what a user of the job board sees of a write, and what is stored.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, own_refusal};
use crate::support::{Answer, Fault, Stage};

/// A write, and the operation by which it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Write {
    Register,
    UpdateUser,
    CreateJob,
    UpdateJob,
    RefreshJob,
    CloseJob,
    Collect,
    CancelCollection,
    Call,
    Order,
    PaidVoucher,
    PaidTop,
    Adjust,
}

const ALL: [Write; 13] = [
    Write::Register,
    Write::UpdateUser,
    Write::CreateJob,
    Write::UpdateJob,
    Write::RefreshJob,
    Write::CloseJob,
    Write::Collect,
    Write::CancelCollection,
    Write::Call,
    Write::Order,
    Write::PaidVoucher,
    Write::PaidTop,
    Write::Adjust,
];

/// A user who is ready for every write, and the job of somebody else's.
struct Scene {
    stage: Stage,
    board: Board,
    user: User,
    own: u64,
    foreign: u64,
    voucher: String,
    top: String,
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::open().await;
        let board = Board::of(&stage.address);
        let (user, other) = (board.register("user", "13900000001").await, board.register("other", "13900000002").await);
        let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
        user.adjust_vouchers(3).await;
        user.post("/job/collect", &json!({"job_id": own})).await;
        let voucher = user.order_voucher().await;
        let top = user.order("/jobs/top", json!({"job_id": own, "top_hour": 72, "price": 5})).await;
        let top = top["order_no"].as_str().expect("a number").to_owned();
        for order in [&voucher, &top] {
            board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
        }
        // Entries of different processes stand by their moments.
        stage.clock.advance(SignedDuration::from_millis(1));
        Self { stage, board, user, own, foreign, voucher, top }
    }

    async fn send(&self, write: Write) -> Answer {
        let own = json!({"job_id": self.own});
        match write {
            Write::Register => {
                let codes = json!({"login_code": self.board.code("login", "new").await, "phone_code": "test"});
                let answer = self.board.post("/wechat/user/register", &codes).await;
                Answer { body: json!(answer.body["data"]["user_info"]["id"].is_u64()), ..answer }
            }
            Write::UpdateUser => self.user.post("/user/update/info", &json!({"name": "小周"})).await,
            Write::CreateJob => {
                let mut job = crate::support::board::job();
                job["user_name"] = "段先生".into();
                self.user.post("/job/create", &job).await
            }
            Write::UpdateJob => self.user.post("/jobs/update", &json!({"id": self.own, "positions": "店长"})).await,
            Write::RefreshJob => self.user.post("/jobs/refresh", &own).await,
            Write::CloseJob => self.user.post("/job/close", &own).await,
            Write::Collect => self.user.post("/job/collect", &json!({"job_id": self.foreign})).await,
            Write::CancelCollection => self.user.post("/job/cancnel_collect", &own).await,
            Write::Call => self.user.call(self.foreign).await,
            Write::Order => {
                let answer = self.user.post("/contact_voucher/buy", &json!({"price": 3.99, "contact_voucher_num": 1})).await;
                Answer { body: answer.body["data"]["amount"].clone(), ..answer }
            }
            Write::PaidVoucher => self.board.simulate("notify_again", &json!({"out_trade_no": self.voucher})).await,
            Write::PaidTop => self.board.simulate("notify_again", &json!({"out_trade_no": self.top})).await,
            Write::Adjust => {
                let event = json!({"user_id": self.user.id, "change": 2, "reference": "T", "reason": "补偿", "by": "zhangsan"});
                let balance = self.board.command("adjust_vouchers", event).await["balance"].clone();
                Answer { status: if balance.is_null() { 500 } else { 200 }, body: balance }
            }
        }
    }

    /// What is there, as far as users see it, and how many records there are.
    async fn state(&self) -> Value {
        let jobs = self.user.post("/jobs/my", &json!({})).await.body["data"].clone();
        let jobs: Vec<Value> = jobs["list"]
            .as_array()
            .expect("jobs")
            .iter()
            .map(|job| json!([job["positions"], job["status"], job["is_top"], job["top_end_time"], job["last_refresh_time"]]))
            .collect();
        // Past the system: to ask it for an order grants what was paid.
        let items = self.stage.items("jobboard").await;
        let is_order = |item: &&Value| item["sk"]["S"] == "order";
        let mut orders: Vec<&str> = items.iter().filter(is_order).filter_map(|item| item["state"]["S"].as_str()).collect();
        orders.sort_unstable();
        json!({
            "jobs": jobs,
            "name": self.user.info().await.body["data"]["name"],
            "collected": self.user.post("/collect/my", &json!({})).await.body["data"]["total"],
            "called": self.user.post("/contact_history/out", &json!({})).await.body["data"]["total"],
            "ledger": self.user.ledger().await,
            "orders": orders,
            "records": items.len(),
        })
    }
}

/// What a write answers and leaves, when nothing strikes it.
async fn undisturbed(write: Write) -> (Answer, Value) {
    let scene = Scene::set().await;
    let answer = scene.send(write).await;
    assert_eq!(answer.status, 200, "{write:?}: {answer:?}");
    (answer, scene.state().await)
}

fn operation(write: Write) -> &'static str {
    if write == Write::UpdateUser { "PutItem" } else { "TransactWriteItems" }
}

/// The faults strike the write, and cost its caller nothing.
async fn is_survived(write: Write, faults: &[Fault], expected: &(Answer, Value)) {
    let scene = Scene::set().await;
    scene.stage.inject_into(operation(write), faults);
    let answer = scene.send(write).await;
    assert_eq!(scene.stage.heal(), 0, "{write:?} met not all of {faults:?}");
    assert_eq!((&answer, &scene.state().await), (&expected.0, &expected.1), "{write:?} {faults:?}");
}

#[tokio::test]
async fn a_write_survives_throttling_conflicts_and_lost_answers() {
    for write in ALL {
        let expected = undisturbed(write).await;
        let conflict: &[Fault] =
            if operation(write) == "PutItem" { &[Fault::ConflictingWrite; 2] } else { &[Fault::Conflict; 3] };
        for faults in [&[Fault::Throttled; 2], conflict, &[Fault::AnswerLost], &[Fault::AnswerLost, Fault::Throttled]] {
            is_survived(write, faults, &expected).await;
        }
    }
}

#[tokio::test]
async fn what_stays_throttled_leaves_nothing_and_succeeds_later() {
    for write in ALL {
        let expected = undisturbed(write).await;
        let scene = Scene::set().await;
        let before = scene.state().await;
        scene.stage.inject_into(operation(write), &[Fault::Throttled; 60]);
        let answer = scene.send(write).await;
        assert!(scene.stage.heal() < 60, "{write:?} met no fault");
        match write {
            Write::PaidVoucher | Write::PaidTop => assert_eq!(answer.body, json!({"notified_status": 500})),
            _ => assert_eq!(answer.status, 500, "{write:?}: {answer:?}"),
        }
        assert_eq!(scene.state().await, before, "{write:?}");
        assert_eq!((scene.send(write).await, scene.state().await), expected, "{write:?}");
    }
}

/// An order whose `prepay_id` could not be stored: under the same key it comes to its end.
#[tokio::test]
async fn an_order_that_broke_off_is_resumed_under_its_key() {
    let scene = Scene::set().await;
    let buy = json!({"price": 3.99, "contact_voucher_num": 1});
    let records = scene.stage.items("jobboard").await.len();
    // The order is stored; WeChat hears of it; then the database fails.
    scene.stage.inject_into("TransactWriteItems", &[Fault::AnswerLost]);
    scene.stage.inject_into("TransactWriteItems", &[Fault::Throttled; 60]);
    let broken = scene.user.post_once("/contact_voucher/buy", "k", &buy).await;
    assert_eq!((broken.status, &broken.body["message"]), (500, &json!("Internal Server Error")));
    scene.stage.heal();
    let placed = scene.user.post_once("/contact_voucher/buy", "k", &buy).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    assert_eq!(scene.user.post_once("/contact_voucher/buy", "k", &buy).await, placed);
    let number = placed.body["data"]["order_no"].as_str().unwrap();
    assert_eq!(scene.board.pay(number).await, json!({"notified_status": 200}));
    assert_eq!(scene.user.order_status(number).await, "paid");
    // One order, one entry.
    assert_eq!(scene.stage.items("jobboard").await.len(), records + 2);
}

#[tokio::test]
async fn a_call_is_done_once_though_its_answer_is_lost_at_the_last_voucher() {
    let scene = Scene::set().await;
    scene.user.adjust_vouchers(-2).await;
    scene.stage.clock.advance(SignedDuration::from_millis(1));
    scene.stage.inject_into("TransactWriteItems", &[Fault::AnswerLost]);
    assert_eq!(scene.user.call(scene.foreign).await, done());
    assert_eq!(scene.user.ledger().await, (0, vec![-1, -2, 3], 3));
    assert_eq!(scene.user.call(scene.foreign).await, own_refusal(1002, "not enough contact vouchers"));
}
