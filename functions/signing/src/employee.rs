//! /employee: a worker's résumé (docs/contract/signing.txt, 3.2).

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::signing::states::{Application, Origin, Submission};
use shared::signing::values::{Number, Place, Worker};
use shared::values::{Int, SecretText, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Fields, Problem, Reply, RequestOrigin, Success};
use crate::resume::{ResumeBody, Submitted};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get_employee, create_employee, update_employee))
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
    #[schema(value_type = String)]
    real_name: Text<0, 64>,
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
    #[schema(value_type = String)]
    em_contact_phone: Text<0, 32>,
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
    fn from(Application { resume, signing, .. }: Application) -> Self {
        Self {
            em_id: signing.em_id,
            real_name: resume.real_name,
            phone: resume.phone.map_or_else(String::new, Into::into),
            id_number: resume.id_number.map_or_else(String::new, |id_number| id_number.as_str().to_owned()),
            age: resume.age.map_or(0, Int::get),
            gender: resume.gender.map_or(0, Int::get),
            nation: resume.nation.as_str().to_owned(),
            marital_sts: resume.marital_sts.map_or(0, Int::get),
            political_sts: resume.political_sts.map_or(0, Int::get),
            acct_type: resume.acct_type.map_or(0, Int::get),
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
            em_contact_phone: resume.em_contact_phone,
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
    request_body(content = ResumeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Option<EmployeeView>>), (status = "default", body = Problem)))]
async fn create_employee(
    State(app): State<App>,
    Caller(worker): Caller,
    RequestOrigin(origin): RequestOrigin,
    Fields(submitted): Fields<Submitted>,
) -> Result<Reply<()>, Failure> {
    submit(&app, &worker, submitted, origin, Submission::New).await
}

/// 更新简历(处于待签约和已签约不可以修改简历)
#[utoipa::path(put, path = "/employee", tag = "简历",
    request_body(content = ResumeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Option<EmployeeView>>), (status = "default", body = Problem)))]
async fn update_employee(
    State(app): State<App>,
    Caller(worker): Caller,
    RequestOrigin(origin): RequestOrigin,
    Fields(submitted): Fields<Submitted>,
) -> Result<Reply<()>, Failure> {
    submit(&app, &worker, submitted, origin, Submission::Changed).await
}

async fn submit(
    app: &App,
    worker: &Worker,
    Submitted(body): Submitted,
    origin: Origin,
    submission: Submission,
) -> Result<Reply<()>, Failure> {
    let (resume, verify_code) = body.into_parts();
    Ok(Reply(app.submit(worker, resume, verify_code.as_ref().map(SecretText::as_deref), origin, submission).await?))
}
