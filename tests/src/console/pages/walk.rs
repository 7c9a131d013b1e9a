//! One walk through all pages as each role, in a system with a record of each kind. The tests beside look at what it has seen.
//!
//! Each role begins at the home page and at what a person types in: it follows every link, chooses what lists offer, opens the form of every
//! button, and executes every command with nothing entered and with its example. What it meets is all there is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{LazyLock, mpsc};

use image::ImageFormat;
use ops::command::Command;
use ops::commands;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;
use shared::staff::roles::Role;

use crate::ops::signing::decision;
use crate::quality::privacy::filled::filled;
use crate::support::Stage;
use crate::support::audit::records;
use crate::support::pages::{Form, Page};
use crate::support::persons::sealed_values;
use crate::support::picture::picture;
use crate::support::product::{EMPNO, MOBILE};
use crate::support::repository::read;
use crate::support::staff::{Browser, Staff};
use crate::support::worker::{COMPANY, Platform, ok, resume};

/// The applicant whose data occur nowhere else.
pub const APPLICANT: [(&str, &str); 8] = [
    ("real_name", "欧阳问海"),
    ("phone", "13344445555"),
    ("id_number", "110105194912310021"),
    ("addr", "望海楼路九十九号"),
    ("acct_addr", "听涛阁巷七十七号"),
    ("em_contact_name", "慕容观潮"),
    ("em_contact_phone", "13355556666"),
    ("nation", "畲族畲族"),
];
/// A user of the job board in [`filled`].
const USER_PHONE: &str = "13900000099";

/// A page, and who has seen it.
pub struct Seen {
    pub role: &'static str,
    pub page: Page,
    /// What the page is about, as audit records name it.
    pub object: Option<String>,
    /// The command whose form or result it is.
    pub command: Option<&'static str>,
    /// What the member typed in before, which the page shows again.
    pub entered: Vec<String>,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Link,
    /// An address that a person types in.
    Typed,
    /// A choice of a filter.
    Filter,
    /// A form that finds records, or the button of a command.
    Form,
    /// The result of a form that reveals a field.
    Revealed,
    /// The form of a command by its address.
    CommandForm,
    /// A command without any field.
    Empty,
    /// A command with its example.
    Example,
}

pub struct Walk {
    pub seen: Vec<Seen>,
    /// Sealed values, with the names of the fields of each.
    pub sealed: BTreeMap<String, BTreeSet<String>>,
    /// The audit records of each role's member.
    pub records: BTreeMap<&'static str, Vec<Value>>,
    /// The lists that were exported.
    pub exports: Vec<String>,
}

/// The walk. The first test that wants it waits for it.
pub fn walk() -> &'static Walk {
    static WALK: LazyLock<Walk> = LazyLock::new(|| {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            sender.send(runtime.block_on(walked())).unwrap();
        });
        receiver.recv().expect("the walk")
    });
    &WALK
}

async fn walked() -> Walk {
    let place = Place::build().await;
    let mut walk = Walk {
        seen: strangers(&place).await,
        sealed: sealed(&place.stage).await,
        records: BTreeMap::new(),
        exports: Vec::new(),
    };
    let mut members = Vec::new();
    for role in Role::ALL {
        let (name, member) = (role.as_str(), place.member(*role).await);
        let mut walker = Walker::new(name, &member.browser);
        walker.crawl(&place).await;
        walk.seen.extend(walker.seen);
        members.push((*role, member));
    }
    walk.exports = exports(&place.stage).await;
    // The first role that may execute a command does.
    let mut executed = BTreeSet::new();
    for (role, member) in &members {
        let mut walker = Walker::new(role.as_str(), &member.browser);
        for command in commands::all().filter(|command| command.allows(&[*role]) && executed.insert(command.name)) {
            walker.execute(command, &place).await;
        }
        walk.seen.extend(walker.seen);
    }
    for (role, member) in members {
        let actor = json!({"actor": format!("staff/{}", member.id), "limit": 100});
        let recorded = records(&place.stage.address, actor).await;
        assert!(recorded.len() < 100, "more than one page");
        walk.records.insert(role.as_str(), recorded);
    }
    walk
}

/// The values that occur on a page for no other reason than that it shows them: they are long enough, nowhere plain, and no texts of the pages.
async fn sealed(stage: &Stage) -> BTreeMap<String, BTreeSet<String>> {
    let mut plain = read("functions/ops/texts/zh-CN.json");
    for table in ["channel", "hris", "signing", "jobboard"] {
        plain.push_str(&Value::from(stage.items(table).await).to_string());
    }
    let is_long = |value: &str| value.len() >= 7 || value.chars().count() >= 2 && !value.is_ascii();
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (field, value) in sealed_values(stage).await {
        if is_long(&value) && !plain.contains(&value) {
            values.entry(value).or_default().insert(field);
        }
    }
    values
}

/// The files of the exports that are done.
async fn exports(stage: &Stage) -> Vec<String> {
    let bucket = stage.objects().await;
    let mut files = Vec::new();
    for key in bucket.list("exports/console/").await.unwrap().iter().filter(|key| key.ends_with("/file")) {
        let (content, _) = bucket.read(key, 0, 1 << 25).await.unwrap().expect("a file");
        files.push(String::from_utf8(content).unwrap());
    }
    files
}

/// The system, with what a person types in and what the examples of commands are about.
struct Place {
    stage: Stage,
    platform: Platform,
    /// For the inputs of forms.
    known: BTreeMap<&'static str, String>,
}

impl Place {
    async fn build() -> Self {
        let stage = filled().await;
        let platform = Platform::create(&stage.address).await;
        let mut known = BTreeMap::from([
            ("phone", USER_PHONE.to_owned()),
            ("mobile", MOBILE.to_owned()),
            ("empno", EMPNO.to_owned()),
            ("platform_code", platform.code.clone()),
        ]);
        let worker = platform.worker("walked").await;
        let mut resume = resume();
        for (field, value) in APPLICANT {
            resume[field] = value.into();
        }
        let uploaded = worker.upload("front.png", &picture(ImageFormat::Png)).await;
        resume["id_card_front"] = uploaded.body["data"]["url"].clone();
        assert_eq!(worker.send_json(Method::POST, &resume).await, ok(Value::Null));
        known.insert("em_id", worker.get("/employee").await.body["data"]["em_id"].to_string());
        let approved = platform.worker("approved").await;
        assert_eq!(approved.send_json(Method::POST, &resume).await, ok(Value::Null));
        let em_id = approved.get("/employee").await.body["data"]["em_id"].clone();
        let terms = decision("approve_application");
        assert_eq!(platform.decide("approve_application", &em_id, terms).await["status"], 2);

        let ask = async |command: Value, of: &str| stage.address.command(&command).await[of].clone();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let user = ask(json!({"command": "find_user", "phone": USER_PHONE}), "users").await[0]["user_id"].clone();
        let job = ask(json!({"command": "list_user_jobs", "user_id": user}), "jobs").await[0]["job_id"].clone();
        let order = ask(json!({"command": "list_orders"}), "orders").await[0]["order_no"].clone();
        let channel = ask(json!({"command": "list_channels"}), "channels").await[0]["appkey"].clone();
        let key = ask(json!({"command": "list_access_keys"}), "access_keys").await[0].clone();
        let app = ask(json!({"command": "list_oauth_apps"}), "apps").await[0].clone();
        let colleague = Staff::create(&stage.address, &["support"], json!({"name": "后台甲"})).await;
        for (name, value) in [
            ("user_id", &user),
            ("job_id", &job),
            ("order_no", &order),
            ("appkey", &channel),
            ("access_key", &key["access_key"]),
            ("product_id", &key["product_id"]),
            ("company_uuid", &key["company_uuid"]),
            ("app_id", &app["app_id"]),
            ("staff_id", &colleague.id),
        ] {
            assert!(!value.is_null(), "{name}");
            known.insert(name, text(value));
        }
        Self { stage, platform, known }
    }

    async fn member(&self, role: Role) -> Staff {
        let more = match role {
            Role::Reviewer => json!({"name": "后台乙", "platform_code": self.platform.code, "companies": [COMPANY]}),
            _ => json!({"name": "后台乙"}),
        };
        Staff::signed_in(&self.stage.address, &[role.as_str()], more, self.stage.clock.now()).await
    }

    /// The addresses with a filter, and those of records that no list shows.
    fn typed(&self) -> Vec<String> {
        let known = |name: &str| &self.known[name];
        let today = self.stage.clock.now().to_string();
        let mut typed = vec![
            "/console".to_owned(),
            format!("/console/users?user_id={}", known("user_id")),
            format!("/console/user?user_id={}", known("user_id")),
            format!("/console/audit?day={}", &today[..10]),
            format!("/console/audit?object=staff/member/{}", known("staff_id")),
            format!("/console/orders?day={}", &today[..10]),
            format!("/console/grants?company_uuid={}", known("company_uuid")),
            "/console/user?user_id=7".to_owned(),
            "/console/job?job_id=x".to_owned(),
            "/console/no-page".to_owned(),
            "/console/form/no_command".to_owned(),
        ];
        typed.extend(ops::console::navigation().map(|(address, _)| address));
        typed
    }
}

/// What a visitor sees who is not signed in: the steps of the sign-in, and failures.
async fn strangers(place: &Place) -> Vec<Seen> {
    let staff = Staff::create(&place.stage.address, &["support"], json!({"name": "后台丙"})).await;
    let browser = Browser::at(&place.stage.address);
    let begun = browser.open("/console/sign-in?next=/console/users").await;
    let wrong = browser.submit(&begun.form("/console/sign-in").fill("phone", "1")).await;
    let sent = browser.submit(&begun.form("/console/sign-in").fill("phone", &staff.phone)).await;
    let code = place.stage.address.code(&staff.phone).await;
    let rejected = browser.submit(&sent.form("/console/sign-in/code").fill("code", "x")).await;
    let enrolling = browser.submit(&sent.form("/console/sign-in/code").fill("code", &code)).await;
    staff.set_up_with(&secret_of(&enrolling));
    let wrong_factor = browser.submit(&enrolling.form("/console/sign-in/totp").fill("code", "x")).await;
    let totp = staff.totp(place.stage.clock.now());
    let enrolled = browser.submit(&enrolling.form("/console/sign-in/totp").fill("code", &totp)).await;
    let stranger = Browser::at(&place.stage.address);
    let send = async |request: reqwest::RequestBuilder| stranger.page("/console/do/help", request).await;
    let foreign = send(stranger.request_to(Method::POST, "/console/sign-in").body("{}")).await;
    let method = send(stranger.request_to(Method::DELETE, "/console/users")).await;
    let unknown = stranger.open("/console/a/b").await;
    let redirected = send(stranger.request_to(Method::GET, "/console/users")).await;
    let fragment = send(stranger.request_to(Method::GET, "/console/users").header("hx-request", "true")).await;
    let asset = stranger.open("/console/assets/0/no.js").await;
    let pages = [
        begun,
        wrong,
        sent,
        rejected,
        enrolling,
        wrong_factor,
        enrolled,
        foreign,
        method,
        unknown,
        redirected,
        fragment,
        asset,
    ];
    pages
        .into_iter()
        .map(|page| Seen {
            role: "stranger",
            page,
            object: None,
            command: None,
            entered: vec![staff.phone.clone()],
            how: How::Typed,
        })
        .collect()
}

/// The secret that a page shows for the authenticator app.
pub fn secret_of(page: &Page) -> String {
    let [secret] = &page.texts("code")[..] else { panic!("one secret: {}", page.html) };
    secret.clone()
}

struct Walker<'a> {
    role: &'static str,
    browser: &'a Browser,
    seen: Vec<Seen>,
    next: VecDeque<Step>,
    known: BTreeSet<String>,
    /// How many addresses of each page were opened, by links and by filters.
    opened: BTreeMap<(String, bool), usize>,
}

enum Step {
    Open(String, How),
    Submit(Form),
}

/// The most records of a kind, and the most filters of a list.
const MOST: usize = 4;

impl<'a> Walker<'a> {
    fn new(role: &'static str, browser: &'a Browser) -> Self {
        Self { role, browser, seen: Vec::new(), next: VecDeque::new(), known: BTreeSet::new(), opened: BTreeMap::new() }
    }

    async fn crawl(&mut self, place: &Place) {
        for address in place.typed() {
            self.add(Step::Open(address, How::Typed));
        }
        while let Some(step) = self.next.pop_front() {
            let entered = if let Step::Submit(form) = &step { form.entered() } else { Vec::new() };
            let (page, how, object) = match step {
                Step::Open(address, how) => (self.browser.open(&address).await, how, object_of(&address)),
                Step::Submit(form) => (self.browser.submit(&form).await, How::Form, application(&form)),
            };
            if page.status == 200 {
                self.look_around(&page, place);
            }
            if (how, page.address.as_str(), page.status) == (How::Form, "/console/form/reveal", 200) {
                self.reveal(&page).await;
            }
            let command = page.address.strip_prefix("/console/form/").and_then(|name| commands::named(name).ok());
            self.seen.push(Seen { role: self.role, command: command.map(|command| command.name), page, object, entered, how });
        }
    }

    async fn reveal(&mut self, page: &Page) {
        let form = page.form("/console/do/reveal").fill("reason", "回电");
        let object = Some(revealed(&form));
        let page = self.browser.submit(&form).await;
        self.seen.push(Seen {
            role: self.role,
            page,
            object,
            command: Some("reveal"),
            entered: Vec::new(),
            how: How::Revealed,
        });
    }

    fn add(&mut self, step: Step) {
        let key = match &step {
            Step::Open(address, _) => address.clone(),
            Step::Submit(form) => {
                // An export goes on with the same form, and how far it is.
                let step = self.seen.len() * usize::from(form.value("_id").is_some());
                let told = ["field", "_back", "_list", "_file", "platform_code"];
                let told = told.map(|name| form.value(name).unwrap_or_default().split('?').next());
                let entered: Vec<&str> = form.inputs.iter().filter_map(|(name, _)| form.value(name)).collect();
                format!("{} {told:?} {entered:?} {step}", form.action)
            }
        };
        let is_chosen = matches!(step, Step::Open(_, How::Filter));
        let page = key.split('?').next().unwrap_or_default().to_owned();
        let opened = self.opened.entry((page, is_chosen)).or_default();
        if *opened < MOST && self.known.insert(key) {
            *opened += 1;
            self.next.push_back(step);
        }
    }

    fn look_around(&mut self, page: &Page, place: &Place) {
        let is_file =
            |link: &str| ["/console/assets/", "/console/import-template/"].iter().any(|begin| link.starts_with(begin));
        let is_page = |link: &&String| link.starts_with("/console") && !is_file(link);
        for link in page.links().iter().filter(is_page) {
            self.add(Step::Open(link.clone(), How::Link));
        }
        for form in page.forms() {
            let is_act = ["/console/sign-out", "/console/import"].contains(&form.action.as_str());
            if is_act || form.action.starts_with("/console/do/") {
                continue;
            }
            if form.method == Method::GET {
                for (name, options) in form.inputs.iter().filter(|(_, options)| !options.is_empty()) {
                    for option in options.iter().filter(|option| !option.is_empty()) {
                        let chosen = form.clone().fill(name, option);
                        self.add(Step::Open(format!("{}?{}", form.action, chosen.encoded()), How::Filter));
                    }
                }
            } else if form.action == "/console/export" && (self.role != "auditor" || form.value("_file") == Some("xlsx")) {
                // One role reads all lists.
            } else if form.inputs.is_empty() {
                form.pressed().into_iter().for_each(|form| self.add(Step::Submit(form)));
            } else if form.inputs.iter().all(|(name, _)| name == "_row") {
                form.check_all("_row").pressed().into_iter().for_each(|form| self.add(Step::Submit(form)));
            } else {
                // One personal field at a time.
                let empty = form.inputs.iter().fold(form.clone(), |form, (name, _)| form.fill(name, ""));
                for (name, _) in &form.inputs {
                    let value = APPLICANT.iter().find(|(own, _)| own == name || (*own == "real_name" && name == "name"));
                    let value = if form.action == "/console/applications" { value.map(|(_, value)| *value) } else { None };
                    if let Some(value) = value.or(place.known.get(name.as_str()).map(String::as_str)) {
                        self.add(Step::Submit(empty.clone().fill(name, value)));
                    }
                }
            }
        }
    }

    /// A command: its form, nothing entered, and its example.
    async fn execute(&mut self, command: &'static Command, place: &Place) {
        let form = self.browser.open(&format!("/console/form/{}", command.name)).await;
        let to_do = form.form(&format!("/console/do/{}", command.name));
        let empty = self.browser.submit(&to_do).await;
        let filled = with_example(to_do, command.example, &place.known);
        let done = self.browser.submit(&filled).await;
        let object = (command.name == "reveal").then(|| revealed(&filled));
        for (page, how) in [(form, How::CommandForm), (empty, How::Empty), (done, How::Example)] {
            let (object, command, entered) = (object.clone(), Some(command.name), filled.entered());
            self.seen.push(Seen { role: self.role, page, object, command, entered, how });
        }
    }
}

/// The object of a form that reveals a field of it.
fn revealed(form: &Form) -> String {
    ["family", "kind", "id"].map(|name| form.value(name).unwrap_or_default()).join("/")
}

/// The form with the example of a command, about what is known.
fn with_example(mut form: Form, example: &str, known: &BTreeMap<&'static str, String>) -> Form {
    let example: Value = serde_json::from_str(example).unwrap();
    for (name, value) in example.as_object().expect("members") {
        let members = value.as_object().into_iter().flatten();
        let nested = members.map(|(member, value)| (format!("{name}.{member}"), value));
        for (name, value) in nested.chain((!value.is_object()).then(|| (name.clone(), value))) {
            let text = known.get(name.as_str()).cloned().map_or_else(|| texts(value), |known| vec![known]);
            let is_choice = form.inputs.iter().any(|(own, options)| *own == name && !options.is_empty());
            if is_choice {
                form = form.forge(&name, None);
                form.fields.extend(text.into_iter().map(|text| (name.clone(), text)));
            } else {
                form = form.fill(&name, &text.join("\n"));
            }
        }
    }
    form
}

/// How a person enters a value: each element of a list on its line.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) => vec![members.values().flat_map(texts).collect::<Vec<_>>().join(" ")],
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// The object that a page with this address is about.
fn object_of(address: &str) -> Option<String> {
    let query = address.strip_prefix("/console/application?")?;
    let parts: Vec<String> = form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect();
    Some(format!("signing/application/{}", parts.join("/")))
}

/// The object that the button of an application is about.
fn application(form: &Form) -> Option<String> {
    Some(format!("signing/application/{}/{}", form.value("platform_code")?, form.value("em_id")?))
}
