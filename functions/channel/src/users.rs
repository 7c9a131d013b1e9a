//! /users (docs/contract/channel.txt, POST /users).

use axum::extract::State;
use deserr::Deserr;
use lambda::openapi::MergePatch;
use serde::Serialize;
use shared::channel::Record;
use shared::channel::users::{LiveCertification, User};
use shared::values::input::Faults;
use shared::values::{IdCard, Mobile, Moment, RecordId, Score, Text, Urls};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, Id, Json, Patch, Reply, Success};
use crate::records::{self, Body, mirrors};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_user)).routes(routes!(get_user, update_user))
}

/// 用户
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct UserBody {
    /// 渠道用户唯一标识, 由渠道指定, 创建后不可更改; 1 到 64 个字母、数字或 . _ -, 不能是 . 或 ..
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "U20240101001")]
    channel_user_id: RecordId,
    /// 用户姓名, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "张三")]
    name: Text<1, 64>,
    /// 身份证号码, 17 位数字和一位数字或 X, 其中的出生日期须真实存在
    #[schema(value_type = String, min_length = 18, max_length = 18, pattern = "^[0-9]{17}[0-9Xx]$",
        example = "110101199001011234")]
    id_card: IdCard,
    /// 手机号码: 大陆号码为 11 位, 可以带 +86; 其他国家和地区的号码为 +、区号和号码
    #[schema(value_type = String, pattern = "^((\\+86[ -]?)?1[3-9][0-9]{9}|\\+(1|7|2(0|7|1[1-368]|[2346][0-9]|5[0-8]|9[01789])|3([0-469]|5[0-9]|7[0-8]|8[0-35-79])|4([013-9]|2[013])|5([1-8]|[09][0-9])|6([0-6]|7[02-9]|8[0-35-9]|9[0-2])|8([124]|5[02356]|8[06])|9([0-58]|6[0-8]|7[0-7]|9[2-68]))[ -]?[1-9][0-9]{3,11})$", example = "13800138000")]
    phone: Mobile,
    /// 活体认证记录
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    live_certification: Option<LiveCertificationBody>,
}

/// 活体认证记录
#[derive(Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct LiveCertificationBody {
    /// 是否通过活体认证
    certified: bool,
    /// 认证时间, ISO 8601 日期时间, 带时区; 返回时为 UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    certification_time: Moment,
    /// 认证方式, 自由文本 (如: face++, 支付宝活体), 最多 64 个字符
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64, example = "支付宝活体")]
    certification_method: Option<Text<1, 64>>,
    /// 人脸比对分数, 0 到 100
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Score::as_number")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100, example = 95.5)]
    face_score: Option<Score>,
    /// 活体检测分数, 0 到 100
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "Score::as_number")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100, example = 98.2)]
    liveness_score: Option<Score>,
    /// 活体认证照片URL列表, 最多 20 个, 每个最多 2048 个字符; 只保存, 不访问
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, max_length = 2048,
        example = json!(["https://cdn.example.com/face/photo1.jpg"]))]
    photos: Option<Urls>,
}

/// 创建的用户
#[derive(Serialize, ToSchema)]
struct UserCreated {
    /// 系统分配的用户编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "10001")]
    user_id: String,
    /// 渠道用户唯一标识
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "U20240101001")]
    channel_user_id: RecordId,
    /// 系统保存该用户的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
}

/// 用户, 包括系统分配的编号和时间
#[derive(Serialize, ToSchema)]
struct UserView {
    /// 系统分配的用户编号, 最多 16 位数字
    #[schema(pattern = "^[0-9]{1,16}$", example = "10001")]
    user_id: String,
    #[serde(flatten)]
    body: UserBody,
    /// 系统保存该用户的时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    created_at: Moment,
    /// 最后更新时间, UTC, 精确到秒
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00Z")]
    updated_at: Moment,
}

/// 创建用户
///
/// 推送一名用户。投递和付款引用用户, 因此须先推送用户。
/// 内容与第一次相同的重复请求得到第一次的应答, 内容不同的返回 409。
#[utoipa::path(post, path = "/api/v1/users", tag = "用户", request_body = UserBody, responses(
    (status = 200, body = Success<UserCreated>)))]
async fn create_user(
    State(app): State<App>,
    Caller(channel): Caller,
    Json(body): Json<UserBody>,
) -> Result<Reply<UserCreated>, Failure> {
    let record = records::create(&app, &channel, body).await?;
    Ok(Reply(UserCreated {
        user_id: record.server_id.to_string(),
        created_at: record.created_at(),
        channel_user_id: record.content.channel_user_id,
    }))
}

/// 查询用户
///
/// 返回完整的用户, 从未给出的可选字段省略。其他渠道的用户视为不存在, 返回 404。
#[utoipa::path(get, path = "/api/v1/users/{channel_user_id}", tag = "用户",
    params(("channel_user_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道用户唯一标识, 即创建时的 channel_user_id")),
    responses((status = 200, body = Success<UserView>)))]
async fn get_user(State(app): State<App>, Caller(channel): Caller, id: Id<User>) -> Result<Reply<UserView>, Failure> {
    Ok(Reply(records::find::<UserBody>(&app, &channel, &id.0).await?.into()))
}

/// 更新用户
///
/// 更改用户的部分字段, 返回更改后的完整用户; 更改后的用户须整体有效。用户不存在时返回 404, 不会创建。
#[utoipa::path(put, path = "/api/v1/users/{channel_user_id}", tag = "用户",
    params(("channel_user_id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$",
        description = "渠道用户唯一标识, 即创建时的 channel_user_id; 请求体中可以省略, 给出时须与此相同")),
    request_body(content = MergePatch<UserBody>, description = "JSON Merge Patch (RFC 7396): 没有的成员不变, null 或空字符串删除可选成员"),
    responses((status = 200, body = Success<UserView>)))]
async fn update_user(
    State(app): State<App>,
    Caller(channel): Caller,
    id: Id<User>,
    patch: Patch,
) -> Result<Reply<UserView>, Failure> {
    Ok(Reply(records::amend::<UserBody>(&app, &channel, &id.0, &patch).await?.into()))
}

impl From<Record<User>> for UserView {
    fn from(record: Record<User>) -> Self {
        Self {
            user_id: record.server_id.to_string(),
            created_at: record.created_at(),
            updated_at: record.updated_at(),
            body: record.content.into(),
        }
    }
}

impl Body for UserBody {
    type Content = User;
}

mirrors!(UserBody = User { channel_user_id, name, id_card, phone } some { live_certification });

mirrors!(
    LiveCertificationBody =
        LiveCertification { certified, certification_time, certification_method, face_score, liveness_score, photos }
);
