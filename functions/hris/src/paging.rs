//! Pages of a list in requests and responses (docs/contract/hris.txt, Pagination Schema).

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::Serialize;
use shared::error::{Error, Result};
use shared::storage::page::{Page, PageRequest};
use shared::values::input::{Faults, Json as Input, text};
use shared::values::{Text, integer};
use utoipa::ToSchema;

const DEFAULT_SIZE: u32 = 20;
/// The largest page.
pub const MAX_SIZE: u32 = 100;
/// The last page that a request can select by number.
const MAX_PAGE: u32 = 1_000_000;

/// The page that a request selects: a JSON object, or a string with one.
pub struct Pagination(PageRequest);

// `page_size` and `cursor` are additions to the API document.
/// 分页: page 和 cursor 给出其中一个
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Fields {
    /// 获取第几页, 从 1 开始, 最多 1000000; 没有 cursor 时必填
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 1)]
    page: Option<Number<MAX_PAGE>>,
    /// 每页数量, 1 到 100 (默认: 20)
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    page_size: Option<Number<MAX_SIZE>>,
    /// 上一页的 nextCursor, 代替 page; 只能用于同一列表和相同的筛选条件
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 512)]
    cursor: Option<Text<1, 512>>,
}

impl Deserr<Faults> for Pagination {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let fields = match text(&value) {
            None => Fields::deserialize_from_value(value, at)?,
            Some(json) => {
                let parsed = Input::parse(json.as_bytes()).map_err(|_| Faults::one(at, "must hold a JSON object"))?;
                parsed.without_nulls().read_at::<Fields>(at)?
            }
        };
        match fields {
            Fields { page: None, cursor: None, .. } => Err(Faults::one(at.push_key("page"), "is required")),
            Fields { page: Some(_), cursor: Some(_), .. } => {
                Err(Faults::one(at.push_key("cursor"), "cannot be combined with page"))
            }
            Fields { page, page_size, cursor } => Ok(Self(PageRequest {
                page: page.map_or(1, |Number(page)| page),
                size: page_size.map_or(DEFAULT_SIZE, |Number(size)| size),
                cursor: cursor.map(|cursor| cursor.as_str().to_owned()),
            })),
        }
    }
}

/// An integer from 1 to `MAX`, optionally in quotes.
pub struct Number<const MAX: u32>(pub u32);

impl<const MAX: u32> Deserr<Faults> for Number<MAX> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match integer(&value).and_then(|number| u32::try_from(number).ok()) {
            Some(number) if (1..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(Faults::one(at, format!("must be an integer from 1 to {MAX}"))),
        }
    }
}

/// 分页信息
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageView {
    /// 当前页码, 从 1 开始
    current_page: u32,
    /// 每页数量, 1 到 100
    page_size: u32,
    /// 总页数
    total_pages: u64,
    /// 总数据量; 用 cursor 翻页时为开始翻页时的数量
    total_count: u64,
    /// 下一页的 cursor, 没有下一页时为 null; 用 cursor 翻页并筛选时, 一页可能不满甚至为空, 以 null 为准
    next_cursor: Option<String>,
}

impl PageView {
    /// The description of a page, and its records.
    pub fn of<T>(page: Page<T>) -> (Self, Vec<T>) {
        let Page { list, total, page, page_size, next_cursor } = page;
        let total_pages = total.div_ceil(page_size.max(1).into());
        (Self { current_page: page, page_size, total_pages, total_count: total, next_cursor }, list)
    }
}

/// A page if the request selects one, else the whole list.
pub async fn all_or_page<T>(
    pagination: Option<Pagination>,
    all: impl Future<Output = Result<Vec<T>>>,
    page: impl AsyncFnOnce(PageRequest) -> Result<Page<T>>,
) -> Result<(Option<PageView>, Vec<T>), Error> {
    match pagination {
        None => Ok((None, all.await?)),
        Some(Pagination(request)) => {
            let (view, list) = PageView::of(page(request).await?);
            Ok((Some(view), list))
        }
    }
}
