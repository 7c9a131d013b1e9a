//! Users (docs/contract/jobboard.txt, 一、用户模块: 微信注册, 微信登录, 查询个人信息, 更新位置信息, 更新个人信息), and the log-out and the
//! closing of the account, additions.

use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use lambda::Address;
use serde::Serialize;
use shared::jobboard::sessions::Login;
use shared::jobboard::users::{Changes, Place};
use shared::jobboard::values::{Area, Latitude, Longitude, Picture, Sex};
use shared::values::input::Faults;
use shared::values::{Id, Mobile, SecretText, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, Json, LoggedIn, Reply, Success};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(register))
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(close_account))
        .routes(routes!(get_user))
        .routes(routes!(update_place))
        .routes(routes!(update_user))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = RegisterFields)]
struct RegisterBody {
    /// wx.getPhoneNumber 获取, 1 到 128 个字符
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "test")]
    phone_code: SecretText<1, 128>,
    /// wx.login 获取, 1 到 128 个字符
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "test")]
    login_code: SecretText<1, 128>,
    /// 邀请人的用户 id, 可为空; 不存在的忽略
    #[deserr(default)]
    #[schema(value_type = Option<u64>, example = 289)]
    inviter_id: Option<Inviter>,
}

/// Any number or text. Everything but an id is ignored.
struct Inviter(Option<Id>);

impl Deserr<Faults> for Inviter {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        Ok(Self(Id::deserialize_from_value(value, at).ok()))
    }
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = LoginFields)]
struct LoginBody {
    /// wx.login 获取, 1 到 128 个字符
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "test")]
    login_code: SecretText<1, 128>,
}

#[derive(Serialize, ToSchema)]
struct LoginView {
    /// 登录的用户
    user_info: UserInfoView,
}

/// 登录的用户
#[derive(Serialize, ToSchema)]
#[schema(as = UserInfo)]
struct UserInfoView {
    /// 用户 id, 可放在以后的请求头 user_id 中
    #[schema(example = 298)]
    id: u64,
}

/// Returns the token in headers. Scripts in browsers can read only the headers that are exposed.
fn logged_in(Login { user, token }: Login) -> Response {
    let headers = [
        (AUTHORIZATION.as_str(), format!("Bearer {}", token.expose())),
        ("x-auth-token", token.expose().clone()),
        (ACCESS_CONTROL_EXPOSE_HEADERS.as_str(), "Authorization, X-Auth-Token".into()),
    ];
    (headers, Reply(LoginView { user_info: UserInfoView { id: user.as_u64() } })).into_response()
}

/// 微信注册
///
/// 首次使用时以 login_code 与手机号注册并登录; token 在应答头 Authorization 与 X-Auth-Token 中, 7 天内有效。已注册的用户
/// 直接登录, 资料不变, 手机号也不变; 注销账号后 30 天内即恢复账号。login_code 无效或已用过为 401,
/// phone_code 无效或已用过为 400; 同一 IP 地址每分钟超过 1,800 次后为 429, 应答头 Retry-After 为等待的秒数
#[utoipa::path(post, path = "/wechat/user/register", tag = "用户", security(()), request_body = RegisterBody, responses(
    (status = 200, body = Success<LoginView>, headers(("Authorization" = String, description = "Bearer 与 token"), ("X-Auth-Token" = String, description = "此后请求头 Authorization 中的 token")))))]
async fn register(
    State(app): State<App>,
    Address(address): Address,
    Json(fields): Json<RegisterBody>,
) -> Result<Response, Failure> {
    let RegisterBody { phone_code, login_code, inviter_id } = fields;
    let inviter = inviter_id.and_then(|Inviter(inviter)| inviter);
    Ok(logged_in(app.register(login_code.as_deref(), phone_code.as_deref(), inviter, &address).await?))
}

/// 微信登录
///
/// 已注册的用户以 login_code 登录, 无需手机号; token 在应答头 Authorization 与 X-Auth-Token 中, 7 天内有效。没有注册过为 404;
/// 注销账号后 30 天内即恢复账号。login_code 无效或已用过为 401;
/// 同一 IP 地址每分钟超过 1,800 次后为 429, 应答头 Retry-After 为等待的秒数
#[utoipa::path(post, path = "/wechat/user/login", tag = "用户", security(()), request_body = LoginBody, responses(
    (status = 200, body = Success<LoginView>, headers(("Authorization" = String, description = "Bearer 与 token"), ("X-Auth-Token" = String, description = "此后请求头 Authorization 中的 token")))))]
async fn log_in(State(app): State<App>, Address(address): Address, Json(fields): Json<LoginBody>) -> Result<Response, Failure> {
    app.log_in(fields.login_code.as_deref(), &address).await?.map(logged_in).ok_or(Failure::NotRegistered)
}

/// 退出登录
///
/// 该用户的所有 token 在 5 秒内失效, 包括其他设备上的; 再次调用为 401
#[utoipa::path(post, path = "/wechat/user/logout", tag = "用户", responses(
    (status = 200, body = Ack)))]
async fn log_out(State(app): State<App>, LoggedIn(session): LoggedIn) -> Result<Done, Failure> {
    app.log_out(session).await?;
    Ok(Done)
}

/// 注销账号
///
/// 该用户的所有 token 在 5 秒内失效, 招聘中的职位关闭; 30 天内登录或注册即恢复账号, 职位仍关闭, 之后清除。再次调用为 401
#[utoipa::path(post, path = "/user/close", tag = "用户", responses(
    (status = 200, body = Ack)))]
async fn close_account(State(app): State<App>, LoggedIn(session): LoggedIn) -> Result<Done, Failure> {
    app.close_account(session).await?;
    Ok(Done)
}

#[derive(Serialize, ToSchema)]
struct UserView {
    /// 用户 id
    #[schema(example = 298)]
    user_id: u64,
    /// 头像的地址, 没有设置为空
    #[schema(max_length = 2048)]
    avatar: String,
    /// 姓名, 没有设置为空
    #[schema(max_length = 32)]
    name: String,
    /// 审核中的姓名, 通过后替换 name; 没有则省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32)]
    name_in_review: Option<String>,
    /// 性别: 0 未知, 1 男, 2 女
    #[schema(minimum = 0, maximum = 2)]
    sex: i64,
    /// 手机号; 大陆以外的带 + 与区号
    #[schema(value_type = String, example = "15039021712")]
    phone: Mobile,
}

/// 查询个人信息
///
/// 返回 token 的用户自己的资料
#[utoipa::path(get, path = "/user/info", tag = "用户", responses(
    (status = 200, body = Success<UserView>)))]
async fn get_user(State(app): State<App>, Caller(user): Caller) -> Result<Reply<UserView>, Failure> {
    let user = app.user(user).await?;
    Ok(Reply(UserView {
        user_id: user.id.as_u64(),
        avatar: user.avatar.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        name_in_review: user.name_in_review.map(|name| name.as_str().to_owned()),
        sex: user.sex.get(),
        phone: user.phone,
    }))
}

/// 用户的位置
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = PlaceFields)]
struct PlaceBody {
    /// 一级地区 id, 按传入的保存; 0 或不传为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    first_area_id: Area,
    /// 二级地区 id, 按传入的保存; 0 或不传为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    second_area_id: Area,
    /// 三级地区 id, 按传入的保存; 0 或不传为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    third_area_id: Area,
    /// 详细地址, 最多 256 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 256)]
    address: Text<0, 256>,
    /// 经度, 度
    #[schema(value_type = f64, minimum = -180, maximum = 180, example = 116.3974)]
    longitude: Longitude,
    /// 纬度, 度
    #[schema(value_type = f64, minimum = -90, maximum = 90, example = 39.9093)]
    latitude: Latitude,
}

impl From<PlaceBody> for Place {
    fn from(body: PlaceBody) -> Self {
        let PlaceBody { first_area_id, second_area_id, third_area_id, address, longitude, latitude } = body;
        Self { first_area_id, second_area_id, third_area_id, address, longitude, latitude }
    }
}

/// 更新位置信息
///
/// 每次登录后用户授权获取位置时调用; 替换之前的位置, 没有传的字段不保留之前的值
#[utoipa::path(post, path = "/user/update/geo", tag = "用户", request_body = PlaceBody, responses(
    (status = 200, body = Ack)))]
async fn update_place(State(app): State<App>, Caller(user): Caller, Json(place): Json<PlaceBody>) -> Result<Done, Failure> {
    app.update_place(user, &place.into()).await?;
    Ok(Done)
}

/// 个人信息; 只传需要修改的字段
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = UserFields)]
struct UserBody {
    /// 头像的地址, http 或 https, 最多 2048 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    avatar: Option<Picture>,
    /// 姓名, 最多 32 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    name: Option<Text<0, 32>>,
    /// 性别: 0 未知, 1 男, 2 女
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 2)]
    sex: Option<Sex>,
    /// 手机号: 大陆 11 位, 可带 +86; 其他国家和地区为 + 区号与号码, 如 +85291234567。更换手机号用 phone_code; 系统没有另行设置时,
    /// 这里传的不生效
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    phone: Option<Mobile>,
    /// 新手机号的动态令牌, 由 getPhoneNumber 获取, 1 到 128 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    phone_code: Option<SecretText<1, 128>>,
}

/// 更新个人信息
///
/// 只更新传入的字段, 没有传或为 null 的不变。phone_code 无效或已用过为 400。系统开启内容审核时, 姓名未通过微信内容安全检测的为 400,
/// 需要人工审核的 (如含有银行、客服、官方) 先不生效
#[utoipa::path(post, path = "/user/update/info", tag = "用户", request_body = UserBody, responses(
    (status = 200, body = Ack)))]
async fn update_user(
    State(app): State<App>,
    Caller(user): Caller,
    Address(address): Address,
    Json(body): Json<UserBody>,
) -> Result<Done, Failure> {
    let UserBody { avatar, name, sex, phone, phone_code } = body;
    let changes = Changes { avatar, name, sex, phone };
    app.update_user(user, changes, phone_code.as_ref().map(SecretText::as_deref), &address).await?;
    Ok(Done)
}
