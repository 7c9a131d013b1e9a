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
use crate::edge::{Caller, Failure, Fields, Reply, RequestOrigin, Success};
use crate::resume::{ResumeBody, Submitted};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get_employee, create_employee, update_employee))
}

/// 用人单位
#[derive(Serialize, ToSchema)]
struct CompanyView {
    /// 用人单位 id
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647, example = 12)]
    id: Number,
    /// 用人单位名称, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    company_name: Text<1, 64>,
}

/// 简历的全部内容; 签约申请被驳回或取消两年后清除, 届时文字为空, 数字为 0, 地区 id 为 null, 只留用人单位、处理人与岗位
#[derive(Serialize, ToSchema)]
struct EmployeeView {
    /// 签约人 id
    em_id: u64,
    /// 姓名
    #[schema(value_type = String, max_length = 64)]
    real_name: Text<0, 64>,
    /// 手机号
    phone: String,
    /// 身份证号, 18 位
    id_number: String,
    /// 年龄, 岁
    #[schema(minimum = 0, maximum = 150)]
    age: i64,
    /// 性别: 0 未知, 1 男, 2 女
    #[schema(minimum = 0, maximum = 2)]
    gender: i64,
    /// 民族
    #[schema(max_length = 12)]
    nation: String,
    /// 婚姻状况: 1 未婚, 2 已婚, 3 离异; 简历清除后为 0
    #[schema(minimum = 0, maximum = 3)]
    marital_sts: i64,
    /// 政治面貌: 1 共产党员, 2 共青团员, 3 群众; 简历清除后为 0
    #[schema(minimum = 0, maximum = 3)]
    political_sts: i64,
    /// 户口类型: 0 农村, 1 城市; 简历清除后为 0
    #[schema(minimum = 0, maximum = 1)]
    acct_type: i64,
    /// 户籍省份 id, 未填为 null
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    acct_prc_id: Option<Place>,
    /// 户籍省份名称, 未填为空
    #[schema(max_length = 255)]
    acct_prc_name: String,
    /// 户籍城市 id, 未填为 null
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    acct_city_id: Option<Place>,
    /// 户籍城市名称, 未填为空
    #[schema(max_length = 255)]
    acct_city_name: String,
    /// 户籍区/县 id, 未填为 null
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    acct_coy_id: Option<Place>,
    /// 户籍区/县名称, 未填为空
    #[schema(max_length = 255)]
    acct_coy_name: String,
    /// 户籍详细地址, 未填为空
    #[schema(max_length = 255)]
    acct_addr: String,
    /// 省份 id, 未填为 null
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    province_id: Option<Place>,
    /// 省份名称, 未填为空
    #[schema(max_length = 255)]
    province_name: String,
    /// 城市 id, 未填为 null
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    city_id: Option<Place>,
    /// 城市名称, 未填为空
    #[schema(max_length = 255)]
    city_name: String,
    /// 区/县 id, 未填为 null
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    county_id: Option<Place>,
    /// 区/县名称, 未填为空
    #[schema(max_length = 255)]
    county_name: String,
    /// 详细地址, 未填为空
    #[schema(max_length = 255)]
    addr: String,
    /// 紧急联系人姓名, 未填为空
    #[schema(max_length = 64)]
    em_contact_name: String,
    /// 紧急联系人电话, 未填为空
    #[schema(value_type = String, max_length = 32)]
    em_contact_phone: Text<0, 32>,
    /// 与紧急联系人的关系, 未填为空
    #[schema(max_length = 32)]
    em_contact_relationship: String,
    /// 身份证正面照片的地址, 未填为空
    #[schema(max_length = 256)]
    id_card_front: String,
    /// 身份证反面照片的地址, 未填为空
    #[schema(max_length = 256)]
    id_card_back: String,
    /// 所属用人单位 id
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647)]
    company_id: Number,
    /// 所属用人单位
    company: CompanyView,
    /// 岗位, 未填为空
    #[schema(max_length = 64)]
    work_pos: String,
    /// 工作经验, 最多 20 条; 各条的成员与提交时相同
    #[schema(value_type = Vec<Object>, max_items = 20)]
    work_exp: Value,
    /// 学历信息, 最多 20 条; 各条的成员与提交时相同
    #[schema(value_type = Vec<Object>, max_items = 20)]
    employee_edu: Value,
    /// 处理人 id
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647)]
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

/// 获取简历
///
/// 返回自己简历的全部字段, 以及 em_id、处理人与用人单位; 未提交过简历时 data 为 null
#[utoipa::path(get, path = "/employee", tag = "简历",
    responses((status = 200, body = Success<Option<EmployeeView>>)))]
async fn get_employee(State(app): State<App>, Caller(worker): Caller) -> Result<Reply<Option<EmployeeView>>, Failure> {
    Ok(Reply(app.application(&worker).await?.map(Into::into)))
}

/// 提交简历
///
/// 保存简历并创建签约申请, 状态为 1 (签约申请); 成功时 data 为 null。已驳回或已取消 (4, 5) 时可以再次提交, 状态回到 1,
/// 其他状态下再次提交为 409。用人单位或处理人不存在、已停用为 400。verify_code 可不传, 传了须与发到 phone 的短信验证码一致;
/// 系统可设置为必传。请求头 X-location、X-unique-key 与 X-city 随申请一起记录, 格式不正确的忽略
#[utoipa::path(post, path = "/employee", tag = "简历",
    request_body(content = ResumeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Option<EmployeeView>>)))]
async fn create_employee(
    State(app): State<App>,
    Caller(worker): Caller,
    RequestOrigin(origin): RequestOrigin,
    Fields(submitted): Fields<Submitted>,
) -> Result<Reply<()>, Failure> {
    submit(&app, &worker, submitted, origin, Submission::New).await
}

/// 更新简历
///
/// 请求内容与提交简历相同, 须完整; 成功时 data 为 null。处于待签约和已签约 (2, 3) 时不可以修改, 为 409; 已驳回或已取消 (4, 5)
/// 时状态回到 1 (签约申请), 驳回原因清空; 未提交过简历为 404。改了姓名或身份证号时, 实名认证状态回到 0 (待实名)
#[utoipa::path(put, path = "/employee", tag = "简历",
    request_body(content = ResumeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Success<Option<EmployeeView>>)))]
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
