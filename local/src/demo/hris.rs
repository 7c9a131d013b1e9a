//! Two companies of the HR API: one of 200 employees in 12 departments and 2 sub-companies, with punches, arrangements,
//! timelines, approvals and candidates; and a small one, to test that companies do not see each other's data.

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::hris::Service;
use shared::hris::access::AuthError;
use shared::hris::punches::Punch;
use shared::hris::signature::{SignedCall, sign};
use shared::hris::values::Code;
use shared::runtime::clock::Clock;
use shared::values::{LocalTime, Secret};

use super::{Demo, command, replace_secret, text};
use crate::functions::Functions;

const PRODUCT: &str = "demo";
const CALLBACK: &str = "https://app.example.com/callback";

#[derive(Clone, Serialize, Deserialize)]
pub struct Hris {
    pub access_key: String,
    pub secret_key: String,
    pub token: String,
    pub company_uuid: String,
    pub oauth: OauthApp,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct OauthApp {
    pub app_id: String,
    pub app_secret: String,
    pub callback_url: String,
    /// The mobile number of the administrator, who may consent.
    pub employee_mobile: String,
}

/// A demo company. Its UUIDs begin with its digit.
struct Company {
    digit: char,
    name: &'static str,
    full_name: &'static str,
    sub_companies: &'static [&'static str],
    departments: &'static [&'static str],
    employees: u32,
}

const FIRST: Company = Company {
    digit: 'a',
    name: "彩程",
    full_name: "成都彩程软件设计有限公司",
    sub_companies: &["彩程北京分公司", "彩程上海分公司"],
    departments: &[
        "管理组",
        "运营组",
        "系统组",
        "产品组",
        "设计组",
        "前端组",
        "后端组",
        "测试组",
        "市场部",
        "销售部",
        "人事部",
        "财务部",
    ],
    employees: 200,
};
const OTHER: Company = Company {
    digit: 'b',
    name: "邻家",
    full_name: "邻家餐饮管理有限公司",
    sub_companies: &["邻家一店"],
    departments: &["前厅", "后厨"],
    employees: 8,
};

/// The day of the data.
const DAY: Date = Date::constant(2017, 2, 3);

pub async fn prepare(
    functions: &Functions,
    service: &Service,
    clock: &dyn Clock,
    known: Option<&Demo>,
) -> Result<(Hris, Hris), String> {
    command(functions, &json!({"command": "create_product", "product_id": PRODUCT, "name": "演示产品"})).await?;
    let first = company(functions, &FIRST, known.map(|demo| &demo.hris)).await?;
    let other = company(functions, &OTHER, known.map(|demo| &demo.hris_other)).await?;
    for (company, client) in [(&FIRST, &first), (&OTHER, &other)] {
        punch(service, clock, company, client).await?;
    }
    Ok((first, other))
}

async fn company(functions: &Functions, company: &Company, known: Option<&Hris>) -> Result<Hris, String> {
    let uuid = company.uuid(0, 0);
    let rows = vec![json!({"uuid": uuid, "name": company.name, "full_name": company.full_name})];
    import(functions, "companies", None, rows).await?;
    for (kind, rows) in [
        ("sub_companies", company.sub_companies()),
        ("departments", company.departments()),
        ("employees", company.all_employees()),
        ("departments", company.departments()),
        ("arrangements", company.arrangements()),
        ("timelines", company.timelines()),
        ("approvals", approvals()),
        ("sources", vec![json!({"id": "1", "name": "内部推荐"}), json!({"id": "2", "name": "校园招聘"})]),
        ("vacancies", vec![company.vacancy()]),
        ("candidates", company.candidates()),
    ] {
        import(functions, kind, Some(&uuid), rows).await?;
    }
    credentials(functions, &uuid, company, known).await
}

/// The credentials in `demo.json`, or new ones if they are missing there.
async fn credentials(functions: &Functions, uuid: &str, company: &Company, known: Option<&Hris>) -> Result<Hris, String> {
    let mut event = json!({"command": "create_access_key", "product_id": PRODUCT, "company_uuid": uuid});
    let key = match (command(functions, &event).await, known) {
        (Ok(key), _) => key,
        (Err(_), Some(known)) => return Ok(known.clone()),
        (Err(_), None) => {
            event["command"] = "show_access_key".into();
            let shown = command(functions, &event).await?;
            let rotate = json!({"command": "rotate_access_key", "access_key": shown["access_key"]});
            let retire = json!({"command": "retire_access_key_secret", "access_key": shown["access_key"]});
            replace_secret(functions, &shown, &rotate, retire).await?
        }
    };
    let token = command(functions, &json!({"command": "rotate_company_token", "company_uuid": uuid})).await?;
    let app = json!({
        "command": "create_oauth_app", "product_id": PRODUCT, "company_uuid": uuid, "name": "演示应用", "callback_url": CALLBACK,
    });
    let app = command(functions, &app).await?;
    Ok(Hris {
        access_key: text(&key, "access_key"),
        secret_key: text(&key, "secret_key"),
        token: text(&token, "token"),
        company_uuid: uuid.to_owned(),
        oauth: OauthApp {
            app_id: text(&app, "app_id"),
            app_secret: text(&app, "app_secret"),
            callback_url: CALLBACK.to_owned(),
            employee_mobile: company.mobile(1),
        },
    })
}

async fn import(functions: &Functions, kind: &str, company: Option<&str>, rows: Vec<Value>) -> Result<(), String> {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let mut event = json!({"command": "import_hris", "kind": kind, "rows": lines.join("\n")});
    if let Some(company) = company {
        event["company_uuid"] = company.into();
    }
    let imported = command(functions, &event).await?;
    match imported["results"].as_array().into_iter().flatten().find(|result| result["status"] == "refused") {
        Some(rejected) => Err(format!("demo {kind}: {rejected}")),
        None => Ok(()),
    }
}

/// Two punches a day for a week, and one this morning, in a call that the client of the company signs. If its secret was retired, the week
/// is stored already and this morning has no punch.
async fn punch(service: &Service, clock: &dyn Clock, company: &Company, client: &Hris) -> Result<(), String> {
    let (access_key, tonce) = (client.access_key.as_str(), clock.now().as_second().to_string());
    let (method, path) = ("POST", "/api/v2/attendance_punches".to_owned());
    let signature = sign(Secret::new(&client.secret_key), &[method, &path, access_key, &tonce]).map(hex::encode);
    let call = SignedCall {
        method,
        paths: &[path],
        access_key,
        tonce: &tonce,
        payloads: &[String::new()],
        signature: signature.as_deref(),
    };
    let signer = match service.authorize(&call).await {
        Ok((signer, _)) => signer,
        Err(AuthError::WrongSignature | AuthError::UnknownAccessKey) => return Ok(()),
        Err(error) => return Err(format!("demo punches: {error:?}")),
    };
    let today = LocalTime::from(clock.now()).date();
    let mut punches = Vec::new();
    for number in 1..=company.employees.min(60) {
        let empno = Code::parse(&company.empno(number))?;
        let mut at = |time: String| -> Result<(), String> {
            punches.push(Punch { empno: empno.clone(), punched_at: LocalTime::parse(&time)? });
            Ok(())
        };
        for day in 0..5 {
            let date = DAY.saturating_add(day.days());
            at(format!("{date} 08:{:02}", number % 60))?;
            at(format!("{date} 17:{:02}", (number * 7) % 60))?;
        }
        at(format!("{} 08:00", today.as_str()))?;
    }
    let unknown = service.store_punches(&signer, &punches, true).await.map_err(|error| error.to_string())?;
    if unknown.is_empty() { Ok(()) } else { Err("demo punches: an employee is missing".into()) }
}

/// The UUID of the first company.
pub(super) fn first_company() -> String {
    FIRST.uuid(0, 0)
}

impl Company {
    /// `kind`: 0 the company, 1 sub-companies, 2 departments, 3 employees, 4 candidates.
    fn uuid(&self, kind: u32, number: u32) -> String {
        format!("{}{kind:015x}{number:016x}", self.digit)
    }

    fn empno(&self, number: u32) -> String {
        if number == 1 { "NORMAL-1".into() } else { format!("{:04}", 1000 + number) }
    }

    fn mobile(&self, number: u32) -> String {
        format!("1860{}{number:06}", if self.digit == 'a' { 2 } else { 3 })
    }

    fn sub_companies(&self) -> Vec<Value> {
        let row = |(number, name): (u32, &&str)| json!({"uuid": self.uuid(1, number), "name": name, "short_name": name, "registered_address": "天府大道1号", "boss": "袁绍"});
        (0..).zip(self.sub_companies).map(row).collect()
    }

    /// The first department is superior to the second and third.
    fn departments(&self) -> Vec<Value> {
        let row = |(number, name): (u32, &&str)| {
            let superior = matches!(number, 1 | 2).then(|| self.uuid(2, 0));
            json!({"uuid": self.uuid(2, number), "name": name, "superior_uuid": superior, "charger_uuid": self.uuid(3, number + 1)})
        };
        (0..).zip(self.departments).map(row).collect()
    }

    fn all_employees(&self) -> Vec<Value> {
        (1..=self.employees).map(|number| self.employee(number)).collect()
    }

    fn employee(&self, number: u32) -> Value {
        const SURNAMES: [&str; 10] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];
        const NAMES: [&str; 12] = ["伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "军", "杰"];
        const STATUSES: [&str; 5] = ["regular", "regular", "probation", "internship", "waiting"];
        let of = |list: &[&'static str]| list[number as usize % list.len()];
        let department = number % u32::try_from(self.departments.len()).unwrap_or(1);
        let sub_company = number % u32::try_from(self.sub_companies.len()).unwrap_or(1);
        let left = number.is_multiple_of(20);
        let joined = DAY.saturating_sub(i64::from(number * 5).days());
        json!({
            "uuid": self.uuid(3, number),
            "name": if number == 1 { "一般职员".to_owned() } else { format!("{}{}", of(&SURNAMES), of(&NAMES)) },
            "sex": of(&["male", "female"]),
            "empno": self.empno(number),
            "email": format!("{number}@example.com"),
            "mobile": self.mobile(number),
            "id_number": format!("510107{}{:03}1", 19_800_101 + number % 28, number),
            "address": format!("天府大道{number}号"),
            "marriage": of(&["single", "married", "divorced"]),
            "birthday": format!("1980-01-{:02}", 1 + number % 28),
            "join_date": joined.to_string(),
            "probation_end_date": joined.saturating_add(90.days()).to_string(),
            "leave_date": left.then(|| DAY.to_string()),
            "category": of(&["fulltime", "fulltime", "part_time", "intern", "contractor"]),
            "status": if left { "dimission" } else if number == 1 { "regular" } else { of(&STATUSES) },
            "department_uuid": self.uuid(2, department),
            "exmail": format!("{number}@colorway.example.com"),
            "job_title": of(&["工程师", "设计师", "经理", "专员"]),
            "nickname": if number == 1 { "少林扫地僧" } else { "" },
            "leader_uuid": (number > 12).then(|| self.uuid(3, 1 + department)),
            "sub_company": self.sub_companies[sub_company as usize],
            "sub_company_uuid": self.uuid(1, sub_company),
            "administrator": number == 1,
        })
    }

    fn arrangements(&self) -> Vec<Value> {
        let shifts = (1..=self.employees.min(60)).flat_map(|number| {
            (0..5_i64).map(move |day| {
                json!({
                    "attenance_rule_name": "标准考勤", "workshift_name": "早班", "empno": self.empno(number),
                    "date": DAY.saturating_add(day.days()).to_string(), "time_range": "09:00-18:00",
                })
            })
        });
        shifts.collect()
    }

    fn timelines(&self) -> Vec<Value> {
        let entries = (1..=self.employees.min(20)).map(|number| {
            let category = if number % 2 == 1 { "leave" } else { "business_trip" };
            json!({
                "employee_uuid": self.uuid(3, number), "date": DAY.to_string(), "category": category, "duration": 0.5,
                "duration_unit": "days", "start_time": format!("{DAY} 09:00"), "end_time": format!("{DAY} 13:00"),
            })
        });
        entries.collect()
    }

    fn candidates(&self) -> Vec<Value> {
        let row = |number: u32| {
            json!({
                "uuid": self.uuid(4, number), "name": format!("候选人{number}"), "email": format!("c{number}@example.com"),
                "mobile": format!("1380000{number:04}"), "sex": "female", "degree": "本科", "status": "interview",
                "source_id": "1", "source_name": "内部推荐",
            })
        };
        (1..=30).map(row).collect()
    }

    fn vacancy(&self) -> Value {
        json!({
            "uuid": "1", "head_count": "3", "status": "open", "department_uuid": self.uuid(2, 0), "job_title_uuid": "1",
            "job_title_name": "后端工程师",
        })
    }
}

/// The examples of the API document, and several approvals of each category.
fn approvals() -> Vec<Value> {
    const CATEGORIES: [(&str, &str); 6] = [
        ("leave", "请假"),
        ("overtime", "加班"),
        ("business_trip", "公出"),
        ("business_travel", "出差"),
        ("contract", "合同签署"),
        ("custom", "自定义审批"),
    ];
    const STATUSES: [&str; 3] = ["waiting", "passed", "denied"];
    let mut rows = vec![
        json!({
            "number_series": "20170712355448", "creator": "辛宪英", "created_at": "2017-07-12T17:29:30.000+08:00",
            "status": "denied", "updated_at": "2017-07-12T17:30:51.000+08:00", "category": "dimission",
            "workflow_name": "员工离职",
            "form_values": [
                {"section": "行政审批", "fields": [{"name": "确认办公用品是否归还", "value": "否"}]},
                {"section": "财务结算", "fields": [{"name": "停薪日期", "value": "2017-07-12"}]},
                {"section": "款项结算", "fields": [{"name": "确认是否还有未结往来款项", "value": "否"}]},
                {"section": "服务关闭", "fields": [{"name": "公司邮箱", "value": "否"}]},
            ],
        }),
        json!({
            "number_series": "20170721372181", "creator": "袁绍", "created_at": "2017-07-21T16:00:06.000+08:00",
            "status": "passed", "updated_at": "2017-07-21T16:00:09.000+08:00", "category": "onboarding",
            "workflow_name": "员工入职",
            "form_values": [
                {"section": "适用规则", "fields": [{"name": "假期发放规则", "value": {"假期_11": null, "假期_1": null}}]},
            ],
        }),
    ];
    let first = jiff::civil::DateTime::constant(2018, 2, 1, 9, 0, 0, 0);
    for number in 0..40_u32 {
        let (category, workflow) = CATEGORIES[number as usize % CATEGORIES.len()];
        let created = first.saturating_add(SignedDuration::from_hours(i64::from(number) * 17));
        rows.push(json!({
            "number_series": format!("201802{number:08}"), "creator": "王伟", "created_at": created.to_string(),
            "status": STATUSES[number as usize % STATUSES.len()], "category": category, "workflow_name": workflow,
            "form_values": [{"section": workflow, "fields": [{"name": "事由", "value": "个人"}]}],
        }));
    }
    rows
}
