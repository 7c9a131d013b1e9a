//! Users (document, 一、用户模块: 微信注册, 微信登录, 查询个人信息, 更新位置信息, 更新个人信息).

use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use lambda::Address;
use serde::Serialize;
use shared::jobboard::users::{Changes, Login, Place};
use shared::values::Id;
use shared::values::Text;
use shared::values::input::Faults;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Ack, Caller, Done, Failure, Json, Problem, Reply, Success};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(register))
        .routes(routes!(log_in))
        .routes(routes!(get_user))
        .routes(routes!(update_place))
        .routes(routes!(update_user))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
struct RegisterFields {
    /// wx.getPhoneNumber 获取
    #[schema(value_type = String, example = "test")]
    phone_code: Text<1, 128>,
    /// wx.login 获取
    #[schema(value_type = String, example = "test")]
    login_code: Text<1, 128>,
    /// 邀请人, 可为空
    #[deserr(default)]
    #[schema(value_type = Option<u64>, example = 289)]
    inviter_id: Option<Inviter>,
}

/// Any number or text: an unknown inviter is passed over.
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
struct LoginFields {
    /// wx.login 获取
    #[schema(value_type = String, example = "test")]
    login_code: Text<1, 128>,
}

#[derive(Serialize, ToSchema)]
struct LoginView {
    user_info: UserInfo,
}

#[derive(Serialize, ToSchema)]
struct UserInfo {
    #[schema(example = 298)]
    id: u64,
}

/// The token goes out in headers; pages of browsers see none that are not named.
fn logged_in(Login { user, token }: Login) -> Response {
    let headers = [
        (AUTHORIZATION.as_str(), format!("Bearer {token}")),
        ("x-auth-token", token),
        (ACCESS_CONTROL_EXPOSE_HEADERS.as_str(), "Authorization, X-Auth-Token".into()),
    ];
    (headers, Reply(LoginView { user_info: UserInfo { id: user.as_u64() } })).into_response()
}

/// 微信注册
#[utoipa::path(post, path = "/wechat/user/register", tag = "用户", security(()), request_body = RegisterFields, responses(
    (status = 200, body = Success<LoginView>, headers(("Authorization" = String, description = "Bearer 与 token"), ("X-Auth-Token" = String, description = "token"))),
    (status = "default", body = Problem)))]
async fn register(
    State(app): State<App>,
    Address(address): Address,
    Json(fields): Json<RegisterFields>,
) -> Result<Response, Failure> {
    let RegisterFields { phone_code, login_code, inviter_id } = fields;
    let inviter = inviter_id.and_then(|Inviter(inviter)| inviter);
    let login = app.register(login_code.as_str(), phone_code.as_str(), inviter, &address).await?;
    login.map(logged_in).map_err(Failure::WeChat)
}

/// 微信登录
#[utoipa::path(post, path = "/wechat/user/login", tag = "用户", security(()), request_body = LoginFields, responses(
    (status = 200, body = Success<LoginView>, headers(("Authorization" = String, description = "Bearer 与 token"), ("X-Auth-Token" = String, description = "token"))),
    (status = "default", body = Problem)))]
async fn log_in(
    State(app): State<App>,
    Address(address): Address,
    Json(fields): Json<LoginFields>,
) -> Result<Response, Failure> {
    let login = app.log_in(fields.login_code.as_str(), &address).await?.map_err(Failure::WeChat)?;
    login.map(logged_in).ok_or(Failure::NotRegistered)
}

#[derive(Serialize, ToSchema)]
struct UserView {
    #[schema(example = 298)]
    user_id: u64,
    avatar: String,
    name: String,
    /// 0 未知, 1 男, 2 女
    sex: i64,
    #[schema(example = "15039021712")]
    phone: String,
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
        phone: user.phone.as_str().to_owned(),
    }))
}

/// 更新位置信息
#[utoipa::path(post, path = "/user/update/geo", tag = "用户", request_body = PlaceFields, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn update_place(State(app): State<App>, Caller(user): Caller, Json(place): Json<Place>) -> Result<Done, Failure> {
    app.update_place(user, &place).await?;
    Ok(Done)
}

/// 更新个人信息
#[utoipa::path(post, path = "/user/update/info", tag = "用户", request_body = UserFields, responses(
    (status = 200, body = Ack), (status = "default", body = Problem)))]
async fn update_user(State(app): State<App>, Caller(user): Caller, Json(changes): Json<Changes>) -> Result<Done, Failure> {
    app.update_user(user, &changes).await?;
    Ok(Done)
}

/// What [`Place`] reads, as the OpenAPI document shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema is never made")]
struct PlaceFields {
    first_area_id: Option<u32>,
    second_area_id: Option<u32>,
    third_area_id: Option<u32>,
    #[schema(max_length = 256)]
    address: Option<String>,
    #[schema(minimum = -180, maximum = 180, example = 116.3974)]
    longitude: f64,
    #[schema(minimum = -90, maximum = 90, example = 39.9093)]
    latitude: f64,
}

/// What [`Changes`] reads; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema is never made")]
struct UserFields {
    avatar: Option<String>,
    #[schema(max_length = 32)]
    name: Option<String>,
    /// 0 未知, 1 男, 2 女
    #[schema(minimum = 0, maximum = 2)]
    sex: Option<u8>,
    phone: Option<String>,
}
