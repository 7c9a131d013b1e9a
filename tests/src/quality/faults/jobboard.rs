//! The job board, and the commands that administer it.

use image::ImageFormat;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Request, Scene, Write, matrix, once, write};
use crate::support::board::{Board, User};
use crate::support::picture::picture;
use crate::support::{Response, Stage, fetch};

/// A user who is ready for every write, another user's job, and orders: paid without notification, refunded without notification,
/// paid and granted, unpaid.
pub struct Jobs {
    stage: Stage,
    board: Board,
    user: User,
    own: u64,
    foreign: (u64, u64),
    voucher: String,
    top: String,
    refresh: String,
    /// A top whose job was closed before it was paid.
    closed: String,
    /// Refunded before its notification.
    refunded: String,
    granted: String,
    /// Paid after it was closed, without a notification.
    late: String,
    /// Expired unpaid, and counted for its user.
    counted: String,
    /// Paid and granted, and refundable; one that is being refunded; and one whose refund is going to fail.
    refundable: String,
    refunding: [String; 2],
    /// A job that was taken down.
    removed: u64,
    /// A job that waits for staff, a user whose name does, and WeChat's name of the check of a picture.
    waiting: u64,
    renamed: u64,
    checked: Value,
    /// A user with an open job, and one who was banned with one.
    merchants: [u64; 2],
    /// A picture, and another file.
    incoming: [String; 2],
}

impl Jobs {
    async fn command(&self, command: &str) -> Response {
        let mut event = match command {
            "set_price" => json!({"goods": "voucher", "quantity": 10, "price": 30}),
            "adjust_vouchers" => {
                json!({"user_id": self.user.id, "change": 2, "reference": "T", "reason": "补偿", "by": "zhangsan"})
            }
            "end_user_sessions" => json!({"user_id": self.user.id}),
            "approve_job" => json!({"job_id": self.waiting}),
            "approve_name" | "reject_name" => json!({"user_id": self.renamed, "name": "官方客服"}),
            "restore_job" => json!({"job_id": self.removed}),
            "ban_user" => json!({"user_id": self.merchants[0], "reason": "虚假招聘"}),
            "unban_user" => json!({"user_id": self.merchants[1], "restore_jobs": true}),
            "refund_order" => json!({"order_no": self.refundable, "amount": "1.00", "reason": "退款", "by": "zhangsan"}),
            "refund_note" => json!({"order_no": self.granted, "reason": "退款", "by": "zhangsan"}),
            "note_order" => json!({"order_no": self.granted, "note": "已电话联系用户", "by": "zhangsan"}),
            "query_order" => json!({"order_no": self.refunded, "by": "zhangsan"}),
            _ => json!({"job_id": self.own, "reason": "虚假信息", "by": "zhangsan"}),
        };
        event["command"] = command.into();
        self.stage.address.operate(&event).await
    }

    async fn notified(&self, order: &str) -> Response {
        let payment = json!({"out_trade_no": order, "transaction": {"trade_state": "SUCCESS"}});
        self.board.simulate("notify_again", &payment).await
    }

    async fn refunded(&self, order: &str, status: &str) -> Response {
        let number = format!("{order}R01");
        self.board.simulate("notify_refund", &json!({"out_refund_no": number, "status": status})).await
    }
}

impl Scene for Jobs {
    const WRITES: &'static [Write] = &[
        write("POST /wechat/user/register", ""),
        write("POST /wechat/user/login", ""),
        write("POST /wechat/user/login", "of a closed account"),
        // The first request has ended the token.
        once("POST /wechat/user/logout", "", "login required"),
        once("POST /user/close", "", "login required"),
        write("POST /user/update/geo", ""),
        write("POST /user/update/info", ""),
        write("POST /job/create", ""),
        write("POST /job/create", "without a contact person"),
        write("POST /jobs/update", ""),
        // There is one free refresh a day.
        once("POST /jobs/refresh", "", "was refreshed for nothing today"),
        write("POST /job/close", ""),
        write("POST /job/collect", ""),
        write("POST /job/cancnel_collect", ""),
        write("POST /job/report", ""),
        write("POST /contact_voucher/cost", ""),
        write("POST /contact_voucher/cost", "without an owner"),
        write("POST /contact_voucher/buy", ""),
        write("POST /contact_voucher/buy", "of a limited product"),
        write("POST /jobs/top", ""),
        write("POST /jobs/refresh/pay", ""),
        write("POST /wechat/messages", ""),
        write("POST /wechat/pay/notify", "of vouchers"),
        write("POST /wechat/pay/notify", "of a top"),
        write("POST /wechat/pay/notify", "of a refresh"),
        write("POST /wechat/pay/notify", "of a top of a closed job"),
        write("POST /wechat/pay/notify", "of a refund"),
        write("POST /wechat/pay/notify", "of a late payment"),
        write("POST /wechat/pay/notify", "of a requested refund"),
        write("POST /wechat/pay/notify", "of a requested refund that was closed"),
        write("POST /order/status", "paid without a notification"),
        write("POST /order/status", "refunded without a notification"),
        write("POST /order/status", "expired, of a limited product"),
        write("POST /img/upload", ""),
        write("POST /img/upload/presign", ""),
        write("ops-admin set_price", ""),
        write("ops-admin adjust_vouchers", ""),
        write("ops-admin take_down_job", ""),
        write("ops-admin delete_job", ""),
        write("ops-admin restore_job", ""),
        write("ops-admin close_reports", ""),
        write("ops-admin approve_job", ""),
        write("ops-admin approve_name", ""),
        write("ops-admin reject_name", ""),
        write("ops-admin ban_user", ""),
        write("ops-admin unban_user", ""),
        write("ops-admin refund_note", ""),
        write("ops-admin refund_order", ""),
        write("ops-admin query_order", ""),
        write("ops-admin note_order", ""),
        write("ops-admin end_user_sessions", ""),
        // The picture was moved to where it is shown from.
        once("ops-uploads", "", r#"{"outcome":"gone"}"#),
        once("ops-uploads", "of no picture", r#"{"outcome":"gone"}"#),
        write("jobboard-search-snapshot", ""),
        write("jobboard-reconcile", ""),
    ];

    const OUR_FAULT: &'static [&'static str] = &[
        r#"{"code":500,"message":"Internal Server Error","data":"try again later"}"#,
        r#"{"notified_status":500}"#,
        r#"{"statuses":[500]}"#,
        r#"{"errorType":"Internal","errorMessage":"see the log"}"#,
    ];

    async fn set() -> Self {
        let stage = Stage::open_with(&[("MODERATION", "publish")]).await;
        let board = Board::of(&stage.address);
        let (user, other) = (board.register("user", "13900000001").await, board.register("other", "13900000002").await);
        assert_eq!(user.post("/user/update/info", &json!({"name": "小周"})).await.status, 200);
        let closed = board.register("closed", "13900000003").await;
        assert_eq!(closed.post("/user/close", &json!({})).await.status, 200);
        let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
        user.adjust_vouchers(3).await;
        user.post("/job/collect", &json!({"job_id": own})).await;
        let late = user.order_voucher().await;
        board.command("set_price", json!({"goods": "voucher", "quantity": 2, "price": 7, "per_user": 5})).await;
        let counted = user.order("/contact_voucher/buy", json!({"price": 7, "contact_voucher_num": 2})).await;
        stage.clock.advance(SignedDuration::from_mins(31));
        assert_eq!(user.order_status(&late).await, "closed");
        board.simulate("pay", &json!({"out_trade_no": late, "late": true, "notify": false})).await;
        let (voucher, granted) = (user.order_voucher().await, user.order_voucher().await);
        let (refundable, refunding) = (user.order_voucher().await, [user.order_voucher().await, user.order_voucher().await]);
        let number = |order: Value| order["order_no"].as_str().expect("a number").to_owned();
        let counted = number(counted);
        let top = number(user.order("/jobs/top", json!({"job_id": own, "top_hour": 72, "price": 5})).await);
        let refresh = number(user.order("/jobs/refresh/pay", json!({"job_id": own, "price": 1.99})).await);
        let gone = user.post_job(json!({})).await;
        let closed = number(user.order("/jobs/top", json!({"job_id": gone, "top_hour": 72, "price": 5})).await);
        user.post("/job/close", &json!({"job_id": gone})).await;
        let refunded = user.order_voucher().await;
        for order in [&voucher, &top, &refresh, &closed, &refunded] {
            board.simulate("pay", &json!({"out_trade_no": order, "notify": false})).await;
        }
        board.simulate("refund", &json!({"out_trade_no": refunded, "notify": false})).await;
        for order in [&granted, &refundable, &refunding[0], &refunding[1]] {
            board.pay(order).await;
        }
        // WeChat Pay goes on processing a refund until a test settles it: the simulator is not restored.
        for order in [&late, &closed, &refundable] {
            board.simulate("refund_result", &json!({"out_trade_no": order, "after_seconds": 1_000_000})).await;
        }
        for order in &refunding {
            let refund = board.command("refund_order", json!({"order_no": order, "reason": "退款", "by": "zhangsan"})).await;
            assert_eq!(refund["status"], "refunding", "{refund}");
        }
        let reporter = board.register("reporter", "13900000006").await;
        assert_eq!(reporter.post("/job/report", &json!({"job_id": own, "reason": "fake"})).await.status, 200);
        let waiting = user.post_job(json!({"description": "待审", "photo_urls": []})).await;
        assert_eq!(reporter.post("/user/update/info", &json!({"name": "官方客服"})).await.status, 200);
        let url = format!("{}/simulate/media_checks", board.address.wechat_url);
        let checked = fetch(board.http.get(url)).await.body[0]["trace_id"].clone();
        let removed = user.post_job(json!({})).await;
        board.command("take_down_job", json!({"job_id": removed, "reason": "误判", "by": "zhangsan"})).await;
        let mut merchants = [0; 2];
        for (merchant, phone) in merchants.iter_mut().zip(["13900000004", "13900000005"]) {
            let owner = board.register(phone, phone).await;
            owner.post_job(json!({})).await;
            *merchant = owner.id;
        }
        board.command("ban_user", json!({"user_id": merchants[1], "reason": "误判", "by": "zhangsan"})).await;
        let incoming = [0, 100].map(|more| format!("incoming/img/{}_{}.png", user.id, stage.clock_nanoseconds() + more));
        for (key, bytes) in incoming.iter().zip([picture(ImageFormat::Png), b"no picture".to_vec()]) {
            stage.objects().await.put(key, bytes, "image/png").await.unwrap();
        }
        // A lost response leaves a picture behind, so there is one from the start: see `mask`.
        let file = reqwest::multipart::Part::bytes(picture(ImageFormat::Png)).file_name("a.png");
        let form = reqwest::multipart::Form::new().part("file", file);
        assert_eq!(fetch(user.request("/img/upload").multipart(form)).await.status, 200);
        stage.clock.advance(SignedDuration::from_millis(1));
        Self {
            stage,
            board,
            user,
            own,
            foreign: (foreign, other.id),
            voucher,
            top,
            refresh,
            closed,
            refunded,
            granted,
            late,
            counted,
            refundable,
            refunding,
            removed,
            waiting,
            renamed: reporter.id,
            checked,
            merchants,
            incoming,
        }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, Write { route, case, .. }: &Write, request: &Request) -> Response {
        let own = json!({"job_id": self.own});
        let post = async |path: &str, body: Value| self.user.post(path, &body).await;
        let once = async |path: &str, body: Value| self.user.post_once(path, &request.key, &body).await;
        match (*route, *case) {
            ("POST /wechat/user/register", _) => {
                let codes = json!({"login_code": self.board.code("login", "new").await, "phone_code": "test"});
                self.board.post("/wechat/user/register", &codes).await
            }
            ("POST /wechat/user/login", case) => {
                let name = if case.is_empty() { "user" } else { "closed" };
                let code = json!({"login_code": self.board.code("login", name).await});
                self.board.post("/wechat/user/login", &code).await
            }
            ("POST /wechat/user/logout", _) => post("/wechat/user/logout", json!({})).await,
            ("POST /user/close", _) => post("/user/close", json!({})).await,
            ("POST /user/update/geo", _) => post("/user/update/geo", json!({"longitude": 116.4, "latitude": 39.9})).await,
            ("POST /user/update/info", _) => post("/user/update/info", json!({"name": "小吴"})).await,
            ("POST /job/create", case) => {
                let mut job = crate::support::board::job();
                job["user_name"] = if case.is_empty() { "段先生" } else { "" }.into();
                once("/job/create", job).await
            }
            ("POST /jobs/update", _) => post("/jobs/update", json!({"id": self.own, "positions": "店长"})).await,
            ("POST /jobs/refresh", _) => post("/jobs/refresh", own).await,
            ("POST /job/close", _) => post("/job/close", own).await,
            ("POST /job/collect", _) => post("/job/collect", json!({"job_id": self.foreign.0})).await,
            ("POST /job/report", _) => post("/job/report", json!({"job_id": self.foreign.0, "reason": "fee"})).await,
            ("POST /job/cancnel_collect", _) => post("/job/cancnel_collect", own).await,
            ("POST /contact_voucher/cost", "") => {
                once("/contact_voucher/cost", json!({"purpose_id": self.foreign.0, "purpose_user_id": self.foreign.1})).await
            }
            ("POST /contact_voucher/cost", _) => once("/contact_voucher/cost", json!({"purpose_id": self.foreign.0})).await,
            ("POST /contact_voucher/buy", "of a limited product") => {
                once("/contact_voucher/buy", json!({"price": 7, "contact_voucher_num": 2})).await
            }
            ("POST /contact_voucher/buy", _) => {
                once("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1})).await
            }
            ("POST /jobs/top", _) => once("/jobs/top", json!({"job_id": self.own, "top_hour": 72, "price": 5})).await,
            ("POST /jobs/refresh/pay", _) => once("/jobs/refresh/pay", json!({"job_id": self.own, "price": 1.99})).await,
            ("POST /wechat/messages", _) => {
                self.board.simulate("media_checks", &json!({"trace_id": self.checked, "suggest": "risky", "keep": true})).await
            }
            ("POST /wechat/pay/notify", "of vouchers") => self.notified(&self.voucher).await,
            ("POST /wechat/pay/notify", "of a top") => self.notified(&self.top).await,
            ("POST /wechat/pay/notify", "of a refresh") => self.notified(&self.refresh).await,
            ("POST /wechat/pay/notify", "of a top of a closed job") => self.notified(&self.closed).await,
            ("POST /wechat/pay/notify", "of a late payment") => self.notified(&self.late).await,
            ("POST /wechat/pay/notify", "of a requested refund") => self.refunded(&self.refunding[0], "SUCCESS").await,
            ("POST /wechat/pay/notify", "of a requested refund that was closed") => {
                self.refunded(&self.refunding[1], "CLOSED").await
            }
            ("POST /wechat/pay/notify", _) => self.board.simulate("refund", &json!({"out_trade_no": self.granted})).await,
            ("POST /order/status", "refunded without a notification") => {
                post("/order/status", json!({"order_no": self.refunded})).await
            }
            ("POST /order/status", "expired, of a limited product") => {
                post("/order/status", json!({"order_no": self.counted})).await
            }
            ("POST /order/status", _) => post("/order/status", json!({"order_no": self.voucher})).await,
            ("POST /img/upload", _) => {
                let file = reqwest::multipart::Part::bytes(picture(ImageFormat::Png)).file_name("a.png");
                let form = reqwest::multipart::Form::new().part("file", file);
                fetch(self.user.request("/img/upload").multipart(form)).await
            }
            ("POST /img/upload/presign", _) => {
                let mut response = post("/img/upload/presign", json!({"content_type": "image/png", "size": 100})).await;
                // Names and signatures are new each time.
                if response.status == 200 {
                    response.body["data"] = response.body["data"]["fields"].is_object().into();
                }
                response
            }
            ("ops-uploads", case) => {
                let key = &self.incoming[usize::from(!case.is_empty())];
                let event = json!({"detail": {"object": {"key": key}}});
                self.stage.address.invoke("ops-uploads", &event).await
            }
            ("jobboard-reconcile", _) => self.stage.address.invoke("jobboard-reconcile", &json!({"day": "2024-01-14"})).await,
            ("jobboard-search-snapshot", _) => {
                let mut response = self.stage.address.invoke("jobboard-search-snapshot", &json!({})).await;
                // How well ids and times compress is chance.
                if let Some(bytes) = response.body.get_mut("bytes") {
                    *bytes = bytes.is_u64().into();
                }
                response
            }
            (route, _) => self.command(route.strip_prefix("ops-admin ").unwrap_or_else(|| panic!("{route} is not sent"))).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_write_of_the_job_board() {
    matrix::<Jobs>("Job board", 24).await;
}
