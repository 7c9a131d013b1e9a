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
use crate::edge::{Ack, Caller, Done, Failure, Json, LoggedIn, Problem, Reply, Success};

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
#[deserr(error = Faults)]
#[schema(as = RegisterFields)]
struct RegisterBody {
    /// wx.getPhoneNumber 获取
    #[schema(value_type = String, example = "test")]
    phone_code: SecretText<1, 128>,
    /// wx.login 获取
    #[schema(value_type = String, example = "test")]
    login_code: SecretText<1, 128>,
    /// 邀请人, 可为空
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
#[deserr(error = Faults)]
#[schema(as = LoginFields)]
struct LoginBody {
    /// wx.login 获取
    #[schema(value_type = String, example = "test")]
    login_code: SecretText<1, 128>,
}

#[derive(Serialize, ToSchema)]
struct LoginView {
    user_info: UserInfoView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UserInfo)]
struct UserInfoView {
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
#[utoipa::path(post, path = "/wechat/user/register", tag = "用户", security(()), request_body = RegisterBody, responses(
    (status = 200, body = Success<LoginView>, headers(("Authorization" = String, description = "Bearer 与 token"), ("X-Auth-Token" = String, description = "token"))),
    (status = "default", body = Problem)))]
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
#[utoipa::path(post, path = "/wechat/user/login", tag = "用户", security(()), request_body = LoginBody, responses(
    (status = 200, body = Success<LoginView>, headers(("Authorization" = String, description = "Bearer 与 token"), ("X-Auth-Token" = String, description = "token"))),
    (status = "default", body = Problem)))]
async fn log_in(State(app): State<App>, Address(address): Address, Json(fields): Json<LoginBody>) -> Result<Response, Failure> {
    app.log_in(fields.login_code.as_deref(), &address).await?.map(logged_in).ok_or(Failure::NotRegistered)
}

/// 退出登录: 该用户的所有 token 在 5 秒内失效
#[utoipa::path(post, path = "/wechat/user/logout", tag = "用户", responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn log_out(State(app): State<App>, LoggedIn(session): LoggedIn) -> Result<Done, Failure> {
    app.log_out(session).await?;
    Ok(Done)
}

/// 注销账号: 该用户的所有 token 失效, 招聘中的职位关闭; 30 天内登录即恢复账号 (职位仍关闭), 之后清除
#[utoipa::path(post, path = "/user/close", tag = "用户", responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn close_account(State(app): State<App>, LoggedIn(session): LoggedIn) -> Result<Done, Failure> {
    app.close_account(session).await?;
    Ok(Done)
}

#[derive(Serialize, ToSchema)]
struct UserView {
    #[schema(example = 298)]
    user_id: u64,
    avatar: String,
    name: String,
    /// 0 未知, 1 男, 2 女
    sex: i64,
    #[schema(value_type = String, example = "15039021712")]
    phone: Mobile,
}

/// 查询个人信息
#[utoipa::path(get, path = "/user/info", tag = "用户", responses(
    (status = 200, body = Success<UserView>), (status = "default", body = Problem)))]
async fn get_user(State(app): State<App>, Caller(user): Caller) -> Result<Reply<UserView>, Failure> {
    let user = app.user(user).await?;
    Ok(Reply(UserView {
        user_id: user.id.as_u64(),
        avatar: user.avatar.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        sex: user.sex.get(),
        phone: user.phone,
    }))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = PlaceFields, description = "What [`Place`] reads, as the OpenAPI document shows it.")]
struct PlaceBody {
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    first_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    second_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    third_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 256)]
    address: Text<0, 256>,
    #[schema(value_type = f64, minimum = -180, maximum = 180, example = 116.3974)]
    longitude: Longitude,
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
#[utoipa::path(post, path = "/user/update/geo", tag = "用户", request_body = PlaceBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn update_place(State(app): State<App>, Caller(user): Caller, Json(place): Json<PlaceBody>) -> Result<Done, Failure> {
    app.update_place(user, &place.into()).await?;
    Ok(Done)
}

/// A missing field stays unchanged.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = UserFields, description = "What [`Changes`] reads; what is left out stays.")]
struct UserBody {
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    avatar: Option<Picture>,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    name: Option<Text<0, 32>>,
    /// 0 未知, 1 男, 2 女
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 2)]
    sex: Option<Sex>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    phone: Option<Mobile>,
}

impl From<UserBody> for Changes {
    fn from(UserBody { avatar, name, sex, phone }: UserBody) -> Self {
        Self { avatar, name, sex, phone }
    }
}

/// 更新个人信息
#[utoipa::path(post, path = "/user/update/info", tag = "用户", request_body = UserBody, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn update_user(State(app): State<App>, Caller(user): Caller, Json(changes): Json<UserBody>) -> Result<Done, Failure> {
    app.update_user(user, &changes.into()).await?;
    Ok(Done)
}
