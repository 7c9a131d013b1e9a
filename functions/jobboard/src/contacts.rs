//! The histories of contacts (docs/contract/jobboard.txt, 我联系的 and 联系我的).

use axum::extract::State;
use serde::Serialize;
use shared::jobboard::contacts::{Contact, Direction};
use shared::values::Private;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Caller, Failure, ListFields, Success};
use crate::paging::{PageReply, PostingsBody, Rows};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_outgoing_contacts)).routes(routes!(list_incoming_contacts))
}

/// 一次联系; 对方的姓名与手机号为现在的
#[derive(Serialize, ToSchema)]
struct ContactView {
    /// 联系记录的 id
    #[schema(example = 2)]
    id: u64,
    /// 岗位
    #[schema(max_length = 64)]
    positions: String,
    /// 工作地址
    #[schema(max_length = 256)]
    address: String,
    /// 对方的用户 id
    purpose_user_id: u64,
    /// 对方的姓名
    #[schema(max_length = 32)]
    purpose_user_name: String,
    /// 对方的手机号; 对方的账号已清除时为空
    #[schema(value_type = String)]
    purpose_user_phone: Private,
    /// 联系的时间, 年-月-日 时:分:秒.毫秒, 北京时间
    #[schema(example = "2026-01-16 14:36:01.882")]
    create_at: String,
}

impl ContactView {
    fn of(contact: Contact) -> Self {
        let Contact { id, positions, address, other, at } = contact;
        Self {
            id: id.as_u64(),
            positions,
            address,
            purpose_user_id: other.id.as_u64(),
            purpose_user_name: other.name.as_str().to_owned(),
            purpose_user_phone: other.phone.map(Private::from).unwrap_or_default(),
            create_at: at.to_plain(),
        }
    }
}

/// 我联系的
///
/// 返回自己用联系券联系过的发布者, 每次联系一条, 从新到旧。biz_type 为 2 或 3 时没有数据
#[utoipa::path(post, path = "/contact_history/out", tag = "联系", request_body = PostingsBody, responses(
    (status = 200, body = Success<Rows<ContactView>>, headers(("X-Next-Cursor" = String, description = "下一页的 cursor, 与 next_cursor 相同; 没有下一页时没有")))))]
async fn list_outgoing_contacts(
    State(app): State<App>,
    Caller(user): Caller,
    ListFields(fields): ListFields<PostingsBody>,
) -> Result<PageReply<Rows<ContactView>>, Failure> {
    let page = app.contacts(user, Direction::Out, fields.biz_type(), fields.page()?).await?;
    Ok(PageReply(Rows::of(page, ContactView::of)))
}

/// 联系我的
///
/// 返回用联系券联系过自己的用户, 每次联系一条, 从新到旧; purpose_user_* 是联系人。biz_type 为 2 或 3 时没有数据
#[utoipa::path(post, path = "/contact_history/in", tag = "联系", request_body = PostingsBody, responses(
    (status = 200, body = Success<Rows<ContactView>>, headers(("X-Next-Cursor" = String, description = "下一页的 cursor, 与 next_cursor 相同; 没有下一页时没有")))))]
async fn list_incoming_contacts(
    State(app): State<App>,
    Caller(user): Caller,
    ListFields(fields): ListFields<PostingsBody>,
) -> Result<PageReply<Rows<ContactView>>, Failure> {
    let page = app.contacts(user, Direction::In, fields.biz_type(), fields.page()?).await?;
    Ok(PageReply(Rows::of(page, ContactView::of)))
}
