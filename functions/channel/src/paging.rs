//! Pages and filters of lists, in requests and responses (docs/design/channel.md, Lists).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Fault};
use shared::storage::page::{Page, PageRequest};
use shared::values::input::Faults;
use shared::values::{Text, integer};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::edge::{Failure, query};

/// The largest page.
const MAX_SIZE: u32 = 100;
const DEFAULT_SIZE: u32 = 20;
/// The last page that a request can select by number.
const MAX_PAGE: u32 = 1_000_000;

/// 分页
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// 页码, 从 1 开始, 最多 1000000 (默认: 1); 不能与 cursor 同时给出
    #[deserr(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    page: Option<Number<MAX_PAGE>>,
    /// 每页数量, 1 到 100 (默认: 20)
    #[deserr(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    page_size: Option<Number<MAX_SIZE>>,
    /// 上一页的 next_cursor, 代替 page; 只能用于同一列表和相同的筛选条件
    #[deserr(default)]
    #[param(value_type = Option<String>, max_length = 512)]
    cursor: Option<Text<1, 512>>,
}

/// An integer from 1 to `MAX`.
struct Number<const MAX: u32>(u32);

impl<const MAX: u32> Deserr<Faults> for Number<MAX> {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match integer(&value).and_then(|number| u32::try_from(number).ok()) {
            Some(number) if (1..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(Faults::one(at, format!("must be from 1 to {MAX}"))),
        }
    }
}

/// The query string of a list: a filter and a page.
pub struct ListQuery<F> {
    pub filter: F,
    pub page: PageRequest,
}

impl<F: Deserr<Faults>> FromRequestParts<App> for ListQuery<F> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let mut filter = query(parts)?;
        let paging = filter.split_off(&["page", "page_size", "cursor"]);
        match (filter.read::<F>(), paging.read::<Paging>()) {
            (Ok(filter), Ok(paging)) => Ok(Self { filter, page: paging.request()? }),
            (filter, paging) => {
                let errors = [filter.err(), paging.err()];
                Err(Error::invalid(errors.iter().flatten().flat_map(Error::faults).cloned()).into())
            }
        }
    }
}

impl Paging {
    fn request(self) -> Result<PageRequest, Error> {
        if self.page.is_some() && self.cursor.is_some() {
            return Err(Error::invalid([Fault::new("cursor", "cannot be combined with page")]));
        }
        Ok(PageRequest {
            page: self.page.map_or(1, |Number(page)| page),
            size: self.page_size.map_or(DEFAULT_SIZE, |Number(size)| size),
            cursor: self.cursor.map(|cursor| cursor.as_str().to_owned()),
        })
    }
}

/// 一页记录, 最新创建的在前
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    /// 本页的记录, 最多 page_size 条
    #[schema(max_items = 100)]
    list: Vec<T>,
    /// 符合条件的记录总数; 用 cursor 翻页时为开始翻页时的总数
    total: u64,
    /// 本页的页码, 从 1 开始
    page: u32,
    /// 每页数量, 1 到 100
    page_size: u32,
    /// 下一页的 cursor, 没有下一页时为 null; 用 cursor 翻页并筛选时, 一页可能不满甚至为空, 以 null 为准
    next_cursor: Option<String>,
}

impl<T> List<T> {
    pub fn of<R>(page: Page<R>, view: impl Fn(R) -> T) -> Self {
        let Page { list, total, page, page_size, next_cursor } = page;
        Self { list: list.into_iter().map(view).collect(), total, page, page_size, next_cursor }
    }
}
