//! Pages of the lists: by number from 1, with ten rows by default and at most fifty. A user's own lists can also be read by cursor, an addition
//! to the document (docs/design/jobboard.md, Lists).

use axum::http::header::ACCESS_CONTROL_EXPOSE_HEADERS;
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Fault};
use shared::jobboard::values::BizType;
use shared::storage::page::{Page, PageRequest};
use shared::values::input::Faults;
use shared::values::{Int, Text};
use utoipa::ToSchema;

use crate::edge::Reply;

type PageNumber = Int<1, 1_000_000>;
type PageSize = Int<1, 50>;
type SealedCursor = Text<1, 512>;

/// 页码或 cursor, 与每页条数
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = PageFields)]
pub struct PageBody {
    /// 页码, 从 1 开始, 默认 1
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 1)]
    pub page_num: Option<PageNumber>,
    /// 每页条数, 1 到 50, 默认 10
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 50, example = 10)]
    pub page_size: Option<PageSize>,
    /// 上一页的 next_cursor, 代替 page_num, 两者不能同时给出; 只能用于同一用户的同一列表
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    pub cursor: Option<SealedCursor>,
}

/// 类别, 页码或 cursor, 与每页条数
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = PostingsFields)]
pub struct PostingsBody {
    /// 类别: 1 招聘, 2 求职, 3 招租; 0 或不传为全部
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 3, example = 1)]
    pub biz_type: Option<Int<0, 3>>,
    /// 页码, 从 1 开始, 默认 1
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 1)]
    pub page_num: Option<PageNumber>,
    /// 每页条数, 1 到 50, 默认 10
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 50, example = 10)]
    pub page_size: Option<PageSize>,
    /// 上一页的 next_cursor, 代替 page_num, 两者不能同时给出; 只能用于同一用户的同一列表和相同的 biz_type
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    pub cursor: Option<SealedCursor>,
}

impl PostingsBody {
    pub fn page(&self) -> Result<PageRequest, Error> {
        continued(self.page_num, self.page_size, self.cursor.as_ref())
    }

    pub fn biz_type(&self) -> Option<BizType> {
        biz_type(self.biz_type)
    }
}

impl PageBody {
    pub fn page(&self) -> Result<PageRequest, Error> {
        continued(self.page_num, self.page_size, self.cursor.as_ref())
    }
}

pub fn page(number: Option<PageNumber>, size: Option<PageSize>) -> PageRequest {
    let integer = |integer: i64| u32::try_from(integer).unwrap_or(1);
    PageRequest {
        page: number.map_or(1, |number| integer(number.get())),
        size: size.map_or(10, |size| integer(size.get())),
        cursor: None,
    }
}

/// A page by number, or the one behind a cursor.
fn continued(number: Option<PageNumber>, size: Option<PageSize>, cursor: Option<&SealedCursor>) -> Result<PageRequest, Error> {
    if number.is_some() && cursor.is_some() {
        return Err(Error::invalid([Fault::new("cursor", "cannot be combined with page_num")]));
    }
    Ok(PageRequest { cursor: cursor.map(|cursor| cursor.as_str().to_owned()), ..page(number, size) })
}

/// None requests all types.
pub fn biz_type(number: Option<Int<0, 3>>) -> Option<BizType> {
    number.and_then(|number| u8::try_from(number.get()).ok()).and_then(|number| BizType::try_from(number).ok())
}

/// 一页数据。
#[derive(Serialize, ToSchema)]
pub struct Rows<T> {
    /// 本页的各条
    list: Vec<T>,
    /// 总数; 用 cursor 翻页时为开始翻页时的总数
    total: u64,
    /// 下一页的 cursor, 没有下一页时为 null; 用 cursor 翻页时, 一页可能不满甚至为空, 以 null 为准
    next_cursor: Option<String>,
}

impl<T> Rows<T> {
    pub fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        let Page { list, total, next_cursor, .. } = page;
        Self { list: list.into_iter().map(view).collect(), total, next_cursor }
    }
}

/// The data of a page.
pub trait Paged: Serialize {
    /// Of the next page.
    fn next_cursor(&self) -> Option<&str>;
}

impl<T: Serialize> Paged for Rows<T> {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

/// A page. Its cursor is also in the header `X-Next-Cursor`, for clients that read the documented fields alone.
pub struct PageReply<T>(pub T);

impl<T: Paged> IntoResponse for PageReply<T> {
    fn into_response(self) -> Response {
        let next = self.0.next_cursor().map(str::to_owned);
        let headers =
            next.map(|next| [("x-next-cursor", next), (ACCESS_CONTROL_EXPOSE_HEADERS.as_str(), "X-Next-Cursor".into())]);
        match headers {
            Some(headers) => (headers, Reply(self.0)).into_response(),
            None => Reply(self.0).into_response(),
        }
    }
}
