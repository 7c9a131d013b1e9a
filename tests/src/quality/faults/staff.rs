//! The console of staff, and the commands that administer them.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::{CODE_IS_SENT, Request, Scene, Write, matrix, once, write};
use crate::support::staff::{Browser, Staff, totp};
use crate::support::{Response, Stage};

/// A member who has signed in two minutes ago, one with a code and one who has sent it, both with a second factor, and a disabled one.
pub struct Members {
    stage: Stage,
    signed_in: Staff,
    coded: (Staff, String),
    pending: Staff,
    disabled: Staff,
}

impl Scene for Members {
    const WRITES: &'static [Write] = &[
        once("ops-admin create_staff", "", "phone: belongs to another member of staff"),
        write("ops-admin set_staff", ""),
        write("ops-admin set_staff", "with another phone"),
        write("ops-admin disable_staff", ""),
        write("ops-admin enable_staff", ""),
        write("ops-admin reset_second_factor", ""),
        write("ops-admin end_staff_sessions", ""),
        write("POST /console/api/sign-in", CODE_IS_SENT),
        // The first request has used the code up, and the member asks for another one.
        once("POST /console/api/code", "", "is wrong or too old"),
        once("POST /console/api/totp", "a sign-in", "Unauthenticated"),
        once("POST /console/api/totp", "a step-up", "is wrong or was used"),
        once("POST /console/api/sign-out", "", "Unauthenticated"),
        write("GET /console/api/me", "the use is noted"),
    ];

    const OUR_FAULT: &'static [&'static str] = &[r#""error":"Internal""#];

    fn expires(write: &Write) -> bool {
        write.route.contains(" /")
    }

    async fn set() -> Self {
        let stage = Stage::open().await;
        let member = async |phone: &str| {
            Staff::signed_in(&stage.address, &["support"], json!({"phone": phone}), stage.clock.now()).await
        };
        let (signed_in, coded) = (member("15800000003").await, member("15800000004").await);
        let mut pending = member("15800000005").await;
        // The next sign-in is in a browser without a session.
        pending.browser = Browser::at(&stage.address);
        let disabled = Staff::create(&stage.address, &["support"], json!({"phone": "15800000006"})).await;
        stage.address.command(&json!({"command": "disable_staff", "staff_id": disabled.id, "by": "tester"})).await;
        stage.clock.advance(SignedDuration::from_mins(2));
        let code = coded.message().await;
        let sent = pending.message().await;
        pending.browser.post("code", &json!({"phone": pending.phone, "code": sent})).await;
        Self { stage, signed_in, coded: (coded, code), pending, disabled }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    async fn send(&self, Write { route, case, .. }: &Write, request: &Request) -> Response {
        let signed_in = self.signed_in.browser.copy();
        let code = |staff: &Staff| json!({"code": totp(&staff.secret(), request.second.unsigned_abs() / 30)});
        match (*route, *case) {
            ("POST /console/api/sign-in", _) => {
                Browser::at(&self.stage.address).post("sign-in", &json!({"phone": self.signed_in.phone})).await
            }
            ("POST /console/api/code", _) => {
                let (staff, sent) = &self.coded;
                Browser::at(&self.stage.address).post("code", &json!({"phone": staff.phone, "code": sent})).await
            }
            ("POST /console/api/totp", "a sign-in") => self.pending.browser.copy().post("totp", &code(&self.pending)).await,
            ("POST /console/api/totp", _) => signed_in.post("totp", &code(&self.signed_in)).await,
            ("POST /console/api/sign-out", _) => signed_in.post("sign-out", &json!({})).await,
            ("GET /console/api/me", _) => signed_in.get("me").await,
            (route, case) => self.command(route.strip_prefix("ops-admin ").unwrap(), case).await,
        }
    }
}

impl Members {
    async fn command(&self, command: &str, case: &str) -> Response {
        let id = &self.signed_in.id;
        let mut event: Value = match (command, case) {
            ("create_staff", _) => json!({"name": "李四", "phone": "15800000001", "roles": ["finance"]}),
            ("set_staff", "") => json!({"staff_id": id, "roles": ["finance"], "name": "李四"}),
            ("set_staff", _) => json!({"staff_id": id, "phone": "15800000002"}),
            ("enable_staff", _) => json!({"staff_id": self.disabled.id}),
            _ => json!({"staff_id": id}),
        };
        event["command"] = command.into();
        self.stage.address.operate(&event).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_write_of_the_console() {
    matrix::<Members>("Staff", 6).await;
}
