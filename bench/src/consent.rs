//! Whether the time of the consent page reveals that a phone belongs to an administrator, with a service for text messages that takes 60 ms,
//! and with one that fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Address;
use client::consent::{App, Browser};
use local::wire::{Call, Service, Verdict, Wire};
use local::{Options, World};
use serde_json::{Value, json};

use crate::{Failure, say};

/// The requests for phones of administrators, and as many for others.
pub const TRIES: usize = 200;
const TAKES: Duration = Duration::from_millis(60);

/// Lets a message take its time.
struct Slow {
    /// Whether it is then sent.
    executed: bool,
}

impl Wire for Slow {
    fn decide(&self, call: &Call) -> Verdict {
        match call.service {
            Service::Sns => Verdict::Hang { executed: self.executed, time: TAKES },
            _ => Verdict::Pass,
        }
    }
}

/// The times of the requests for a code, in order.
pub struct Consent {
    pub service: &'static str,
    pub administrators: Vec<Duration>,
    pub strangers: Vec<Duration>,
}

pub async fn measure() -> Result<Vec<Consent>, Failure> {
    let mut measured = Vec::new();
    for (service, executed) in [("takes 60 ms", true), ("fails after 60 ms", false)] {
        say(&format!("consent: {TRIES} requests for administrators and {TRIES} for others; SNS {service}"));
        measured.push(with_service(service, executed).await?);
    }
    Ok(measured)
}

async fn with_service(service: &'static str, executed: bool) -> Result<Consent, Failure> {
    let folder = tempfile::tempdir()?;
    let wire = Arc::new(Slow { executed });
    let options = Options { demo: true, data_dir: Some(folder.path().to_owned()), wire, ..Options::default() };
    let world = World::start(options).await?;
    let (address, demo) = (Address::of(&world), world.demo.as_ref().ok_or("no demo")?);
    let row = |number: usize| {
        json!({
            "uuid": format!("c{number:031x}"), "name": "管理员", "empno": format!("BENCH-{number}"), "mobile": mobile(true, number),
            "status": "regular", "administrator": true,
        })
    };
    let rows: Vec<String> = (0..TRIES).map(|number| row(number).to_string()).collect();
    let import = json!({
        "command": "import_hris", "kind": "employees", "company_uuid": demo.hris.company_uuid, "rows": rows.join("\n"),
    });
    let imported = address.command(&import).await;
    if imported["results"].as_array().map(Vec::len) != Some(TRIES) {
        return Err(format!("the administrators are not imported: {}", Value::to_string(&imported)).into());
    }
    let app = App::of(&address, &demo.hris.oauth);
    let mut consent = Consent { service, administrators: Vec::new(), strangers: Vec::new() };
    for number in 0..TRIES {
        // The first of the two is an administrator and a stranger in turn.
        for turn in 0..2 {
            let is_administrator = (number + turn) % 2 == 0;
            let mut browser = Browser::new(&app);
            let form = browser.open("").await;
            // The message of the last request is sent first: on AWS another process sends it.
            address.messages("").await;
            let begun = Instant::now();
            let page = browser.press(&form, "send", &[("mobile", &mobile(is_administrator, number))]).await;
            let times = if is_administrator { &mut consent.administrators } else { &mut consent.strangers };
            times.push(begun.elapsed());
            if page.status != 200 {
                return Err(format!("a code was answered with {}", page.status).into());
            }
        }
    }
    Ok(consent)
}

fn mobile(is_administrator: bool, number: usize) -> String {
    format!("{}{number:08}", if is_administrator { "199" } else { "198" })
}
