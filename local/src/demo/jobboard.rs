//! Two users of the job board, jobs of restaurants in Beijing and Shanghai, and a catalogue of prices.

use ::jobboard::ContentBody;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::jobboard::Service;
use shared::jobboard::users::Changes;
use shared::jobboard::values::Sex;
use shared::storage::page::PageRequest;
use shared::values::input::Json;
use shared::values::{Id, Secret, Text};

use super::command;
use crate::functions::Functions;

/// The login codes of the two users, which are also their phone codes. WeChat's simulator accepts them any number of times.
#[derive(Clone, Serialize, Deserialize)]
pub struct Jobboard {
    /// A user who has contact vouchers.
    pub user_code: String,
    /// The user who posted the jobs.
    pub merchant_code: String,
}

/// Prices in yuan, and how many vouchers each buys.
pub const VOUCHERS: [(f64, u32); 6] = [(3.99, 1), (7.79, 2), (18.99, 5), (35.99, 10), (69.99, 20), (169.99, 50)];
/// Prices in yuan, and for how many hours each pins a job.
const TOPS: [(f64, u32); 3] = [(2.99, 24), (5.00, 72), (9.99, 168)];

const USER: &str = "demo-user";
const MERCHANT: &str = "demo-merchant";
pub const JOBS: usize = JOBS_OF_A_MERCHANT * MERCHANTS.len();
/// Half of what a merchant may post in a day, so that the demo merchant can post more.
const JOBS_OF_A_MERCHANT: usize = 15;
/// The names of the merchants. The first one is the demo merchant.
const MERCHANTS: [&str; 20] = [
    "段先生",
    "李女士",
    "王先生",
    "张女士",
    "刘先生",
    "陈女士",
    "杨先生",
    "赵女士",
    "黄先生",
    "周女士",
    "吴先生",
    "徐女士",
    "孙先生",
    "胡女士",
    "朱先生",
    "高女士",
    "林先生",
    "何女士",
    "郭先生",
    "马女士",
];

/// City, district id and name, longitude and latitude.
type District = (City, u32, &'static str, f64, f64);
type City = (u32, &'static str, u32, &'static str);

const BEIJING: City = (11, "北京市", 1101, "北京市");
const SHANGHAI: City = (31, "上海市", 3101, "上海市辖区");
const DISTRICTS: [District; 12] = [
    (BEIJING, 110_101, "东城区", 116.4164, 39.9288),
    (BEIJING, 110_102, "西城区", 116.3661, 39.9126),
    (BEIJING, 110_105, "朝阳区", 116.4436, 39.9219),
    (BEIJING, 110_106, "丰台区", 116.2871, 39.8585),
    (BEIJING, 110_108, "海淀区", 116.2981, 39.9593),
    (BEIJING, 110_112, "通州区", 116.6565, 39.9090),
    (SHANGHAI, 310_101, "黄浦区", 121.4737, 31.2304),
    (SHANGHAI, 310_104, "徐汇区", 121.4365, 31.1883),
    (SHANGHAI, 310_105, "长宁区", 121.4246, 31.2204),
    (SHANGHAI, 310_106, "静安区", 121.4595, 31.2473),
    (SHANGHAI, 310_110, "杨浦区", 121.5263, 31.2596),
    (SHANGHAI, 310_115, "浦东新区", 121.5447, 31.2217),
];

/// Position, and minimum and maximum salary in yuan per month.
const POSITIONS: [(&str, u32, i32); 10] = [
    ("服务员", 4500, 6500),
    ("后厨切配", 5000, 7000),
    ("厨师", 7000, 11_000),
    ("厨师长", 12_000, 20_000),
    ("收银员", 4500, 6000),
    ("保洁", 4000, 5500),
    ("洗碗工", 4000, 5000),
    ("传菜员", 4500, 5500),
    ("面点师", 6000, 9000),
    ("店长", 10_000, -1),
];
const STREETS: [&str; 6] = ["人民路", "建国路", "长安街", "南京路", "中山路", "解放路"];
const PROTECTION: [&str; 3] = ["社保", "公积金", "商业保险"];
const BENEFITS: [&str; 4] = ["节日福利", "包吃住", "年终奖", "全勤奖"];
const LEAVE: [&str; 3] = ["月休4天", "月休6天", "带薪年假"];

pub async fn prepare(functions: &Functions, service: &Service) -> Result<Jobboard, String> {
    let user = register(service, USER, "小周").await?;
    let vouchers = json!({
        "command": "adjust_vouchers", "user_id": user, "change": 10, "reference": "demo", "reason": "演示赠送", "by": "demo",
    });
    command(functions, &vouchers).await?;
    sell(functions, service).await?;
    // The demo merchant looks for the head chefs of the document's sample.
    let mut numbers: Vec<usize> = (0..JOBS).collect();
    numbers.sort_by_cached_key(|number| {
        let job = job(*number);
        let is_chef = job["positions"] == "厨师长";
        (!is_chef, is_chef && job["basic_protection"].as_array().is_none_or(|tags| tags.len() < 2))
    });
    let others = (1..).map(|number| format!("{MERCHANT}-{number}"));
    let codes = std::iter::once(MERCHANT.to_owned()).chain(others);
    for ((code, name), numbers) in codes.zip(MERCHANTS).zip(numbers.chunks(JOBS_OF_A_MERCHANT)) {
        let merchant = register(service, &code, name).await?;
        post_jobs(service, merchant, numbers).await?;
    }
    Ok(Jobboard { user_code: USER.into(), merchant_code: MERCHANT.into() })
}

/// Posts the jobs of a merchant that are missing.
async fn post_jobs(service: &Service, merchant: Id, numbers: &[usize]) -> Result<(), String> {
    let first = PageRequest::first(1);
    let (posted, _) = service.jobs_of(merchant, None, first).await.map_err(|error| error.to_string())?;
    for number in numbers.iter().skip(usize::try_from(posted.total).unwrap_or(numbers.len())) {
        let content: ContentBody = Json::from_value(job(*number)).read().map_err(|error| error.to_string())?;
        service.create_job(merchant, content.into(), None).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Sets the prices that the catalogue lacks. Those of the document are in it from the start.
async fn sell(functions: &Functions, service: &Service) -> Result<(), String> {
    let known = service.prices().await.map_err(|error| error.to_string())?.prices;
    let tops = TOPS.map(|(price, hours)| ("top", hours, price));
    let vouchers = VOUCHERS.map(|(price, count)| ("voucher", count, price));
    for (goods, quantity, price) in tops.into_iter().chain(vouchers) {
        if known.iter().all(|known| (known.goods.as_str(), known.quantity) != (goods, quantity)) {
            let set = json!({"command": "set_price", "goods": goods, "quantity": quantity, "price": price, "by": "demo"});
            command(functions, &set).await?;
        }
    }
    Ok(())
}

/// Registers a user with a name.
async fn register(service: &Service, code: &str, name: &str) -> Result<Id, String> {
    let login = service.register(Secret::new(code), Secret::new(code), None, "127.0.0.1").await;
    let login = login.map_err(|error| format!("{code} cannot be registered: {error:?}"))?;
    let changes = Changes { name: Some(Text::parse(name)?), sex: Sex::new(1), ..Changes::default() };
    service.update_user(login.user, changes, None, "127.0.0.1").await.map_err(|error| format!("{error:?}"))?;
    Ok(login.user)
}

/// The job of this number: the same in every system.
pub fn job(number: usize) -> Value {
    let pick = |salt: usize, of: usize| (number * 31 + salt * 17 + number / of) % of;
    let ((first, first_name, second, second_name), third, third_name, longitude, latitude) =
        DISTRICTS[pick(0, DISTRICTS.len())];
    let (positions, salary_min, salary_max) = POSITIONS[pick(1, POSITIONS.len())];
    // Up to about three kilometres away.
    let off = |salt: usize| (pick(salt, 61) as f64 - 30.0) / 1000.0;
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let some = |of: &[&str], salt: usize| -> Vec<String> {
        of.iter().enumerate().filter(|(at, _)| pick(salt + at, 3) == 0).map(|(_, tag)| (*tag).to_owned()).collect()
    };
    json!({
        "positions": positions,
        "longitude": rounded(longitude + off(2)),
        "latitude": rounded(latitude + off(3)),
        "address": format!("{first_name}{third_name}{}{}号", STREETS[pick(4, STREETS.len())], number % 200 + 1),
        "contact": format!("138{:08}", 10_000_000 + number),
        "description": format!("招聘{positions}，有相关经验者优先，待遇面议。"),
        "photo_urls": [format!("https://example.com/photos/store-{number}.jpg")],
        "first_area_id": first, "first_area_des": first_name,
        "second_area_id": second, "second_area_des": second_name,
        "third_area_id": third, "third_area_des": third_name,
        "four_area_id": third * 1000 + 1, "four_area_des": "",
        "salary_min": salary_min, "salary_max": salary_max,
        "basic_protection": some(&PROTECTION, 5),
        "salary_benefits": some(&BENEFITS, 10),
        "attendance_leave": some(&LEAVE, 15),
    })
}
