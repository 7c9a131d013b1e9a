//! /employee: a worker's résumé (docs/contract/signing.txt, 3.2).

use axum::extract::State;
use axum::http::HeaderMap;
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use shared::signing::resume::Resume;
use shared::signing::states::{Application, Submission};
use shared::signing::values::Worker;
use shared::signing::values::{Number, Place};
use shared::values::input::Faults;
use shared::values::{Int, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Fields, Problem, Reply, Success, origin};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get_employee, create_employee, update_employee))
}

/// The résumé, and the code that was sent to its phone.
struct Submitted {
    resume: Resume,
    verify_code: Option<Text<1, 16>>,
}

impl Deserr<Faults> for Submitted {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let deserr::Value::Map(mut members) = value else { return Err(Faults::one(at, "must be an object")) };
        let code = deserr::Map::remove(&mut members, "verify_code").map(deserr::IntoValue::into_value);
        let verify_code = code.map(|code| Text::deserialize_from_value(code, at.push_key("verify_code"))).transpose();
        match (Resume::deserialize_from_value(deserr::Value::<V>::Map(members), at), verify_code) {
            (Ok(resume), Ok(verify_code)) => Ok(Self { resume, verify_code }),
            (resume, verify_code) => {
                let faults = [resume.err(), verify_code.err()].into_iter().flatten().flat_map(|Faults(faults)| faults);
                Err(Faults(faults.collect()))
            }
        }
    }
}

/// 简历: 字段见文档 2.2.1; work_exp 与 employee_edu 是对象数组 (表单中写作 work_exp[0][company]=.., 或 JSON 字符串)。
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which the domain's own type reads")]
struct ResumeFields {
    #[schema(max_length = 64)]
    real_name: String,
    phone: String,
    /// 身份证
    id_number: String,
    /// 缺省时取自身份证
    age: Option<i64>,
    /// 0 未知, 1 男, 2 女; 缺省时取自身份证
    gender: Option<i64>,
    #[schema(max_length = 12)]
    nation: Option<String>,
    /// 1 未婚, 2 已婚, 3 离异
    marital_sts: i64,
    /// 1 共产党员, 2 共青团员, 3 群众
    political_sts: i64,
    /// 户口类型: 0 农村, 1 城市
    acct_type: i64,
    acct_prc_id: Option<i64>,
    acct_prc_name: Option<String>,
    acct_city_id: Option<i64>,
    acct_city_name: Option<String>,
    acct_coy_id: Option<i64>,
    acct_coy_name: Option<String>,
    acct_addr: Option<String>,
    province_id: Option<i64>,
    province_name: Option<String>,
    city_id: Option<i64>,
    city_name: Option<String>,
    county_id: Option<i64>,
    county_name: Option<String>,
    addr: Option<String>,
    em_contact_name: Option<String>,
    em_contact_phone: Option<String>,
    em_contact_relationship: Option<String>,
    /// 身份证正面照片
    id_card_front: Option<String>,
    /// 身份证反面照片
    id_card_back: Option<String>,
    /// 所属用人单位
    company_id: i64,
    /// 岗位
    work_pos: Option<String>,
    #[schema(value_type = Option<Vec<Object>>)]
    work_exp: Option<Value>,
    #[schema(value_type = Vec<Object>, min_items = 1)]
    employee_edu: Value,
    /// 处理人
    ad_user_id: i64,
    /// 短信验证码
    verify_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CompanyView {
    #[schema(value_type = i64)]
    id: Number,
    #[schema(value_type = String)]
    company_name: Text<1, 64>,
}

/// 简历的全部内容。
#[derive(Serialize, ToSchema)]
struct EmployeeView {
    em_id: u64,
    real_name: String,
    phone: String,
    id_number: String,
    age: i64,
    gender: i64,
    nation: String,
    marital_sts: i64,
    political_sts: i64,
    acct_type: i64,
    #[schema(value_type = Option<i64>)]
    acct_prc_id: Option<Place>,
    acct_prc_name: String,
    #[schema(value_type = Option<i64>)]
    acct_city_id: Option<Place>,
    acct_city_name: String,
    #[schema(value_type = Option<i64>)]
    acct_coy_id: Option<Place>,
    acct_coy_name: String,
    acct_addr: String,
    #[schema(value_type = Option<i64>)]
    province_id: Option<Place>,
    province_name: String,
    #[schema(value_type = Option<i64>)]
    city_id: Option<Place>,
    city_name: String,
    #[schema(value_type = Option<i64>)]
    county_id: Option<Place>,
    county_name: String,
    addr: String,
    em_contact_name: String,
    em_contact_phone: String,
    em_contact_relationship: String,
    id_card_front: String,
    id_card_back: String,
    #[schema(value_type = i64)]
    company_id: Number,
    company: CompanyView,
    work_pos: String,
    #[schema(value_type = Vec<Object>)]
    work_exp: Value,
    #[schema(value_type = Vec<Object>)]
    employee_edu: Value,
    #[schema(value_type = i64)]
    ad_user_id: Number,
}

impl From<Application> for EmployeeView {
    fn from(Application { resume, signing }: Application) -> Self {
        Self {
            em_id: signing.em_id,
            real_name: resume.real_name.as_str().to_owned(),
            phone: resume.phone.as_str().to_owned(),
            id_number: resume.id_number.as_str().to_owned(),
            age: resume.age.map_or(0, Int::get),
            gender: resume.gender.map_or(0, Int::get),
            nation: resume.nation.as_str().to_owned(),
            marital_sts: resume.marital_sts.get(),
            political_sts: resume.political_sts.get(),
            acct_type: resume.acct_type.get(),
            acct_prc_id: resume.acct_prc_id,
            acct_prc_name: resume.acct_prc_name.as_str().to_owned(),
            acct_city_id: resume.acct_city_id,
            acct_city_name: resume.acct_city_name.as_str().to_owned(),
            acct_coy_id: resume.acct_coy_id,
            acct_coy_name: resume.acct_coy_name.as_str().to_owned(),
            acct_addr: resume.acct_addr.as_str().to_owned(),
            province_id: resume.province_id,
            province_name: resume.province_name.as_str().to_owned(),
            city_id: resume.city_id,
            city_name: resume.city_name.as_str().to_owned(),
            county_id: resume.county_id,
            county_name: resume.county_name.as_str().to_owned(),
            addr: resume.addr.as_str().to_owned(),
            em_contact_name: resume.em_contact_name.as_str().to_owned(),
            em_contact_phone: resume.em_contact_phone.as_str().to_owned(),
            em_contact_relationship: resume.em_contact_relationship.as_str().to_owned(),
            id_card_front: resume.id_card_front.as_str().to_owned(),
            id_card_back: resume.id_card_back.as_str().to_owned(),
            company_id: resume.company_id,
            company: CompanyView { id: resume.company_id, company_name: signing.company_name },
            work_pos: resume.work_pos.as_str().to_owned(),
            work_exp: resume.work_exp.to_value(),
            employee_edu: resume.employee_edu.to_value(),
            ad_user_id: resume.ad_user_id,
        }
    }
}

/// 获取简历: null before there is one
#[utoipa::path(get, path = "/employee", tag = "简历",
    responses((status = 200, body = Success<Option<EmployeeView>>), (status = "default", body = Problem)))]
async fn get_employee(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Option<EmployeeView>>, Failure> {
    Ok(Reply(app.application(&worker).await?.map(Into::into)))
}

/// 提交简历
#[utoipa::path(post, path = "/employee", tag = "简历",
    request_body(content = ResumeFields, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Option<EmployeeView>>), (status = "default", body = Problem)))]
async fn create_employee(
    State(app): State<App>,
    Caller(worker): Caller,
    headers: HeaderMap,
    Fields(submitted): Fields<Submitted>,
) -> Result<Reply<()>, Failure> {
    submit(&app, &worker, submitted, &headers, Submission::New).await
}

/// 更新简历(处于待签约和已签约不可以修改简历)
#[utoipa::path(put, path = "/employee", tag = "简历",
    request_body(content = ResumeFields, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Option<EmployeeView>>), (status = "default", body = Problem)))]
async fn update_employee(
    State(app): State<App>,
    Caller(worker): Caller,
    headers: HeaderMap,
    Fields(submitted): Fields<Submitted>,
) -> Result<Reply<()>, Failure> {
    submit(&app, &worker, submitted, &headers, Submission::Changed).await
}

async fn submit(
    app: &App,
    worker: &Worker,
    Submitted { resume, verify_code }: Submitted,
    headers: &HeaderMap,
    submission: Submission,
) -> Result<Reply<()>, Failure> {
    let code = verify_code.as_ref().map(Text::as_str);
    Ok(Reply(app.submit(worker, resume, code, origin(headers), submission).await?))
}
