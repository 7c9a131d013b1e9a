//! /companies (docs/contract/channel.txt, POST /companies).

use axum::extract::State;
use deserr::Deserr;
use lambda::openapi::MergePatch;
use serde::Serialize;
use shared::channel::Record;
use shared::channel::companies::{BusinessLicense, Company};
use shared::values::input::Faults;
use shared::values::{ContactPhone, CreditCode, Date, Expiry, Moment, Money, RecordId, Text, Url};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Id, Json, Patch, Reply, Success};
use crate::records::{self, Body, mirrors};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_company)).routes(routes!(get_company, update_company))
}

/// 企业
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct CompanyBody {
    /// 渠道企业唯一标识, 由渠道指定, 创建后不可更改; 1 到 64 个字母、数字或 . _ -, 不能是 . 或 ..
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "C20240101001")]
    channel_company_id: RecordId,
    /// 企业名称, 1 到 255 个字符
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "某某科技有限公司")]
    company_name: Text<1, 255>,
    /// 统一社会信用代码, 18 位数字或大写字母
    #[schema(value_type = String, pattern = "^[0-9A-Z]{18}$", example = "91110000MA00ABCD01")]
    social_credit_code: CreditCode,
    /// 法定代表人, 最多 64 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "李四")]
    legal_person: Option<Text<1, 64>>,
    /// 联系人, 最多 64 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "王五")]
    contact_person: Option<Text<1, 64>>,
    /// 联系电话, 手机或座机, 7 到 15 位数字, 可以带 + - ( ) 和空格, 最多 25 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 25, example = "010-12345678")]
    contact_phone: Option<ContactPhone>,
    /// 营业执照信息
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    business_license: Option<BusinessLicenseBody>,
    /// 注册地址, 最多 255 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 255, example = "北京市朝阳区某某街道")]
    registered_address: Option<Text<1, 255>>,
    /// 经营范围, 最多 4000 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 4000, example = "技术开发、技术服务")]
    business_scope: Option<Text<1, 4000>>,
}

/// 营业执照信息
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct BusinessLicenseBody {
    /// 营业执照编号, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "91110000MA00ABCD01")]
    license_number: Text<1, 64>,
    /// 营业执照照片URL, http 或 https, 最多 2048 个字符; 只保存, 不访问
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 2048, example = "https://cdn.example.com/license.jpg")]
    license_photo: Option<Url>,
    /// 发证日期, YYYY-MM-DD
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2020-01-01")]
    issue_date: Option<Date>,
    /// 有效期至: 日期 YYYY-MM-DD, 或者 长期; 不早于发证日期
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2050-12-31")]
    expiry_date: Option<Expiry>,
    /// 注册资本, 0 到 10^12, 最多两位小数; 不规定单位, 按原值保存
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Money::as_optional_yuan")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000_000_000i64, example = 1_000_000)]
    registration_capital: Option<Money>,
    /// 实缴资本, 0 到 10^12, 最多两位小数; 不规定单位, 按原值保存
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Money::as_optional_yuan")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000_000_000i64, example = 500_000)]
    paid_in_capital: Option<Money>,
}

/// 创建的企业
#[derive(Serialize, ToSchema)]
struct CompanyCreated {
    /// 系统分配的企业编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "20001")]
    company_id: String,
    /// 渠道企业唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "C20240101001")]
    channel_company_id: RecordId,
    /// 系统保存该企业的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
}

/// 企业, 包括系统分配的编号和时间
#[derive(Serialize, ToSchema)]
struct CompanyView {
    /// 系统分配的企业编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "20001")]
    company_id: String,
    #[serde(flatten)]
    body: CompanyBody,
    /// 系统保存该企业的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
    /// 最后更新时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    updated_at: Moment,
}

/// 创建企业
///
/// 推送一家企业。任务引用企业, 因此须先推送企业。
/// 内容与第一次相同的重复请求得到第一次的应答, 内容不同的返回 409。
#[utoipa::path(post, path = "/api/v1/companies", tag = "企业", request_body = CompanyBody, responses(
    (status = 200, body = Success<CompanyCreated>)))]
async fn create_company(
    State(app): State<App>,
    Caller(channel): Caller,
    Json(body): Json<CompanyBody>,
) -> Result<Reply<CompanyCreated>, Failure> {
    let record = records::create(&app, &channel, body).await?;
    Ok(Reply(CompanyCreated {
        company_id: record.server_id.to_string(),
        created_at: record.created_at(),
        channel_company_id: record.content.channel_company_id,
    }))
}

/// 查询企业
///
/// 返回完整的企业, 从未给出的可选字段省略。其他渠道的企业视为不存在, 返回 404。
#[utoipa::path(get, path = "/api/v1/companies/{channel_company_id}", tag = "企业",
    params(("channel_company_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道企业唯一标识, 即创建时的 channel_company_id")),
    responses((status = 200, body = Success<CompanyView>)))]
async fn get_company(State(app): State<App>, Caller(channel): Caller, id: Id<Company>) -> Result<Reply<CompanyView>, Failure> {
    Ok(Reply(records::find::<CompanyBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新企业
///
/// 更改企业的部分字段, 返回更改后的完整企业; 更改后的企业须整体有效。企业不存在时返回 404, 不会创建。
#[utoipa::path(put, path = "/api/v1/companies/{channel_company_id}", tag = "企业",
    params(("channel_company_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道企业唯一标识, 即创建时的 channel_company_id; 请求体中可以省略, 给出时须与此相同")),
    request_body(content = MergePatch<CompanyBody>, description = "JSON Merge Patch (RFC 7396): 没有的成员不变, null 或空字符串删除可选成员"),
    responses((status = 200, body = Success<CompanyView>)))]
async fn update_company(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<Company>,
    patch: Patch,
) -> Result<Reply<CompanyView>, Failure> {
    Ok(Reply(records::amend::<CompanyBody>(&app, &channel, &id.0, &patch).await?.into()))
}

impl From<Record<Company>> for CompanyView {
    fn from(record: Record<Company>) -> Self {
        Self {
            company_id: record.server_id.to_string(),
            created_at: record.created_at(),
            updated_at: record.updated_at(),
            body: record.content.into(),
        }
    }
}

impl Body for CompanyBody {
    type Content = Company;
}

mirrors!(CompanyBody = Company {
    channel_company_id, company_name, social_credit_code, legal_person, contact_person, contact_phone, registered_address,
    business_scope
} some { business_license });

mirrors!(
    BusinessLicenseBody =
        BusinessLicense { license_number, license_photo, issue_date, expiry_date, registration_capital, paid_in_capital }
);
