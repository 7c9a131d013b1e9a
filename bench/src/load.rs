//! Mixed traffic of all families against `local` at its maximum throughput. At the end every acknowledged write is read back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use local::{Options, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Failure, say};
use bench::callers::Callers;

/// The duration of the load.
pub const LASTS: Duration = Duration::from_secs(30);
/// The number of concurrent clients. Each sends its next request after the response to the previous one.
pub const CLIENTS: usize = 16;
/// The only POST that writes nothing.
const LIST: &str = "POST /jobs/list";

/// The result of the load.
#[derive(Default)]
pub struct Load {
    /// The response times by operation.
    pub times: BTreeMap<&'static str, Vec<Duration>>,
    /// The failures, with their number.
    pub errors: BTreeMap<String, usize>,
    /// The number of acknowledged writes.
    pub written: usize,
    /// The number of acknowledged writes that could not be read back, immediately or at the end.
    pub lost: usize,
    pub lasted: Duration,
}

/// An acknowledged write, which must be readable at the end.
enum Written {
    User { id: String, name: String },
    Punch { employee: String, date: String },
    Worker { session: String, name: String },
    Job { id: String, address: String },
}

pub async fn measure() -> Result<Load, Failure> {
    let folder = tempfile::tempdir()?;
    let options = Options {
        demo: true,
        variables: local::without_limits(),
        data_dir: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let world = World::start(options).await?;
    let callers = Arc::new(Callers::of(&world).await?);
    say(&format!("load: {CLIENTS} clients for {} seconds", LASTS.as_secs()));
    let begun = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let client = Client::join(number, Arc::clone(&callers), &world.wechat_url).await?;
        clients.spawn(client.run(begun + LASTS));
    }
    let mut load = Load::default();
    let mut written = Vec::new();
    while let Some(client) = clients.join_next().await {
        let client = client?;
        for (what, times) in client.times {
            load.times.entry(what).or_default().extend(times);
        }
        for (error, count) in client.errors {
            *load.errors.entry(error).or_default() += count;
        }
        load.written += client.acknowledged;
        load.lost += client.lost;
        written.extend(client.written);
    }
    load.lasted = begun.elapsed();
    say(&format!("load: reading {} records back", written.len()));
    load.lost += lost(callers, written).await?;
    Ok(load)
}

/// A client that sends requests and records acknowledged writes.
struct Client {
    number: usize,
    sent: usize,
    callers: Arc<Callers>,
    session: String,
    worker: Option<String>,
    times: BTreeMap<&'static str, Vec<Duration>>,
    errors: BTreeMap<String, usize>,
    acknowledged: usize,
    /// The number of acknowledged writes that are missing in the next response.
    lost: usize,
    written: Vec<Written>,
}

impl Client {
    async fn join(number: usize, callers: Arc<Callers>, wechat: &str) -> Result<Self, Failure> {
        let code = callers.http.get(format!("{wechat}/simulate/login_code?user=load-{number}")).send().await?;
        let code: Value = code.json().await?;
        let login = callers.post("/weixin/login", &[], &json!({"code": code["code"]})).await?;
        let session = login["data"]["session_token"].as_str().ok_or("no session")?.to_owned();
        Ok(Self {
            number,
            sent: 0,
            callers,
            session,
            worker: None,
            times: BTreeMap::new(),
            errors: BTreeMap::new(),
            acknowledged: 0,
            lost: 0,
            written: Vec::new(),
        })
    }

    async fn run(mut self, until: Instant) -> Self {
        while Instant::now() < until {
            self.partner().await;
            self.product().await;
            self.worker().await;
            self.restaurant().await;
            self.sent += 1;
        }
        if let Some(name) = self.worker.take() {
            self.written.push(Written::Worker { session: self.session.clone(), name });
        }
        self
    }

    /// Creates, changes and reads a user, and lists tasks.
    async fn partner(&mut self) {
        let id = format!("L{:02}{:08}", self.number, self.sent);
        let bearer = format!("Bearer {}", self.callers.values["access_token"]);
        let headers = [("authorization", bearer.as_str())];
        let body = json!({"channel_user_id": id, "name": "张三", "id_card": "110101199001011234", "phone": "13800138000"});
        let path = format!("/api/v1/users/{id}");
        let name = format!("李{}", self.sent);
        let is_created = self.send("POST /api/v1/users", Method::POST, "/api/v1/users", &headers, Some(&body)).await.is_some();
        let body = json!({"name": name});
        let is_changed = self.send("PUT /api/v1/users/{id}", Method::PUT, &path, &headers, Some(&body)).await.is_some();
        let name = if is_changed { name } else { "张三".into() };
        if let Some((_, read)) = self.send("GET /api/v1/users/{id}", Method::GET, &path, &headers, None).await {
            self.lost += usize::from(read["data"]["name"] != name.as_str());
        }
        if is_created {
            self.written.push(Written::User { id, name });
        }
        self.send("GET /api/v1/tasks", Method::GET, "/api/v1/tasks", &headers, None).await;
    }

    /// Uploads an attendance punch, and reads departments.
    async fn product(&mut self) {
        let date = jiff::civil::date(2000, 1, 1).saturating_add(jiff::Span::new().days(self.sent as i64)).to_string();
        let punch =
            json!({"attendances": [{"empno": format!("{}", 1002 + self.number), "punched_at": format!("{date} 08:00")}]});
        let path = "/api/v2/attendance_punches";
        let signed = self.callers.signed("POST", path, &punch.to_string());
        let response =
            self.send("POST /api/v2/attendance_punches", Method::POST, &format!("{path}?{signed}"), &[], Some(&punch)).await;
        if response.is_some() {
            self.written.push(Written::Punch { employee: format!("a{:015x}{:016x}", 3, 2 + self.number), date });
        }
        let path = "/api/v2/departments";
        let signed = self.callers.signed("GET", path, "");
        self.send("GET /api/v2/departments", Method::GET, &format!("{path}?{signed}"), &[], None).await;
    }

    /// Submits or changes a worker's resume, and reads it.
    async fn worker(&mut self) {
        let (session, name) = (self.session.clone(), format!("王{}", letters(self.sent)));
        let headers = [("x-auth-token", session.as_str())];
        let resume = json!({
            "real_name": name, "phone": "13800138000", "id_number": "110101199001011234", "marital_sts": 1, "political_sts": 3,
            "acct_type": 0, "company_id": 12, "ad_user_id": 12, "work_pos": "A岗位",
            "employee_edu": [{"school": "第一中学", "degree": "junior"}], "work_exp": [{"company": "甲公司"}],
        });
        let (what, method) =
            if self.worker.is_none() { ("POST /employee", Method::POST) } else { ("PUT /employee", Method::PUT) };
        if self.send(what, method, "/employee", &headers, Some(&resume)).await.is_some() {
            self.worker = Some(name);
        }
        if let Some((_, read)) = self.send("GET /employee", Method::GET, "/employee", &headers, None).await {
            self.lost += usize::from(read["data"]["real_name"].as_str() != self.worker.as_deref());
        }
    }

    /// Posts a job, and searches jobs.
    async fn restaurant(&mut self) {
        let token = self.callers.values["jobboard_token"].clone();
        let headers = [("authorization", token.as_str())];
        let address = format!("北京市朝阳区{}号{}室", self.number, self.sent);
        let job = json!({
            "positions": "服务员", "longitude": 116.397128, "latitude": 39.916527, "address": address, "contact": "13812341234",
            "description": "点单、上菜、收银协助", "photo_urls": [], "first_area_id": 11, "first_area_des": "北京市",
            "second_area_id": 1101, "second_area_des": "北京市", "third_area_id": 110_105, "third_area_des": "朝阳区",
            "four_area_id": 110_105_001, "four_area_des": "三里屯", "salary_min": 8000, "salary_max": 20_000,
        });
        if let Some((id, _)) = self.send("POST /job/create", Method::POST, "/job/create", &headers, Some(&job)).await {
            self.written.push(Written::Job { id, address });
        }
        let list = json!({"query_type": 2, "filter": {"positions": "厨师", "longitude": 116.397128, "latitude": 39.916527}});
        self.send(LIST, Method::POST, "/jobs/list", &[], Some(&list)).await;
    }

    /// Sends a request and records its time and failure. Returns the id in the header and the body, if the request succeeded.
    async fn send(
        &mut self,
        what: &'static str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<(String, Value)> {
        let is_write = method != Method::GET && what != LIST;
        let begun = Instant::now();
        let response = self.callers.send(method, path, headers, body).await;
        self.times.entry(what).or_default().push(begun.elapsed());
        match response {
            Ok((200, id, body)) => {
                self.acknowledged += usize::from(is_write);
                Some((id, body))
            }
            Ok((status, _, body)) => {
                let body: String = body.to_string().chars().take(200).collect();
                *self.errors.entry(format!("{what}: {status} {body}")).or_default() += 1;
                None
            }
            Err(error) => {
                *self.errors.entry(format!("{what}: {error}")).or_default() += 1;
                None
            }
        }
    }
}

/// The number of writes that cannot be read back.
async fn lost(callers: Arc<Callers>, written: Vec<Written>) -> Result<usize, Failure> {
    let (next, written) = (Arc::new(AtomicUsize::new(0)), Arc::new(written));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (next, written, callers) = (Arc::clone(&next), Arc::clone(&written), Arc::clone(&callers));
        readers.spawn(async move {
            let mut lost = 0;
            while let Some(write) = written.get(next.fetch_add(1, Ordering::Relaxed)) {
                lost += usize::from(!is_stored(&callers, write).await.unwrap_or_default());
            }
            lost
        });
    }
    let mut lost = 0;
    while let Some(reader) = readers.join_next().await {
        lost += reader?;
    }
    Ok(lost)
}

async fn is_stored(callers: &Callers, write: &Written) -> Result<bool, Failure> {
    match write {
        Written::User { id, name } => {
            let bearer = format!("Bearer {}", callers.values["access_token"]);
            let path = format!("/api/v1/users/{id}");
            let (_, _, body) = callers.send(Method::GET, &path, &[("authorization", &bearer)], None).await?;
            Ok(body["data"]["name"] == name.as_str())
        }
        Written::Punch { employee, date } => {
            let path = format!("/api/v2/employees/{employee}/attendance_checkings");
            let payload = json!({"start_date": date, "end_date": date}).to_string();
            let query = form_urlencoded::Serializer::new(callers.signed("GET", &path, &payload) + "&")
                .append_pair("payload", &payload)
                .finish();
            let (_, _, body) = callers.send(Method::GET, &format!("{path}?{query}"), &[], None).await?;
            Ok(body[0]["check_in_time"] == format!("{date}T08:00:00+08:00"))
        }
        Written::Worker { session, name } => {
            let (_, _, body) = callers.send(Method::GET, "/employee", &[("x-auth-token", session)], None).await?;
            Ok(body["data"]["real_name"] == name.as_str())
        }
        Written::Job { id, address } => {
            let job = json!({"job_id": id});
            let (_, _, body) = callers.send(Method::POST, "/jobs/info", &[], Some(&job)).await?;
            Ok(body["data"]["address"] == address.as_str())
        }
    }
}

/// A number in letters, because a name must not contain digits.
fn letters(mut number: usize) -> String {
    let mut letters = String::new();
    loop {
        letters.extend("甲乙丙丁戊己庚辛壬癸".chars().nth(number % 10));
        number /= 10;
        if number == 0 {
            return letters;
        }
    }
}
