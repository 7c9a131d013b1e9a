//! Pages of the lists: by number from 1, with ten rows by default and at most fifty.

use deserr::Deserr;
use serde::Serialize;
use shared::jobboard::values::BizType;
use shared::storage::page::{Page, PageRequest};
use shared::values::Int;
use shared::values::input::Faults;
use utoipa::ToSchema;

type PageNumber = Int<1, 1_000_000>;
type PageSize = Int<1, 50>;

/// 页码与每页条数
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
}

/// 类别、页码与每页条数
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
}

impl PostingsBody {
    pub fn page(&self) -> PageRequest {
        page(self.page_num, self.page_size)
    }

    pub fn biz_type(&self) -> Option<BizType> {
        biz_type(self.biz_type)
    }
}

impl PageBody {
    pub fn page(&self) -> PageRequest {
        page(self.page_num, self.page_size)
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

/// None requests all types.
pub fn biz_type(number: Option<Int<0, 3>>) -> Option<BizType> {
    number.and_then(|number| u8::try_from(number.get()).ok()).and_then(|number| BizType::try_from(number).ok())
}

/// 一页数据。
#[derive(Serialize, ToSchema)]
pub struct Rows<T> {
    /// 本页的各条
    list: Vec<T>,
    /// 总数
    total: u64,
}

impl<T> Rows<T> {
    pub fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Self { total: page.total, list: page.list.into_iter().map(view).collect() }
    }
}
