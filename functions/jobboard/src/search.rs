//! Open jobs, for everyone (docs/contract/jobboard.txt, 招聘信息列表 and 查询详情).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Fault};
use shared::jobboard::search::{Filter, Found, Order};
use shared::jobboard::values::{Latitude, Longitude, SalaryEnd, Tags};
use shared::values::input::{Faults, Json as Input};
use shared::values::{Int, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Json, ListFields, Reply, Success, Viewer};
use crate::jobs::JobBody;
use crate::paging::page;
use crate::view::JobView;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_jobs)).routes(routes!(get_job))
}

/// 列表类型、筛选与页码
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = SearchFields)]
struct SearchBody {
    /// 请求的标识, 任意值; 服务端不使用
    #[deserr(default, rename = "request_id")]
    #[schema(rename = "request_id", value_type = Option<String>, example = "1234567")]
    _request_id: Option<Input>,
    /// 列表类型: 1 推荐 (默认), 2 附近, 3 最新
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 3, example = 1)]
    query_type: Option<Int<1, 3>>,
    /// 筛选: 所有条件同时满足; 不传为全部
    #[deserr(default)]
    #[schema(required = false)]
    filter: FilterBody,
    /// 经度, 度; 也可以放在 filter 里, 都有时以 filter 为准
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -180, maximum = 180)]
    longitude: Option<Longitude>,
    /// 纬度, 度; 也可以放在 filter 里, 都有时以 filter 为准
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -90, maximum = 90)]
    latitude: Option<Latitude>,
    /// 页码, 从 1 开始, 默认 1
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 1)]
    page_num: Option<Int<1, 1_000_000>>,
    /// 每页条数, 1 到 50, 默认 10
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 50, example = 10)]
    page_size: Option<Int<1, 50>>,
}

/// 筛选: 所有条件同时满足
#[derive(Default, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = FilterFields)]
struct FilterBody {
    /// 岗位, 包含即可, 不分大小写, 最多 64 个字符; 空字符串或不传为不限
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64, example = "厨师长")]
    positions: Option<Text<0, 64>>,
    /// 薪资范围的下限, 元/月; 与招聘信息的薪资范围有重叠即可; -1、0 或不传为不限
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = -1, maximum = 10_000_000, example = 8000)]
    salary_min: Option<SalaryEnd>,
    /// 薪资范围的上限, 元/月; 与招聘信息的薪资范围有重叠即可; -1、0 或不传为不限
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = -1, maximum = 10_000_000, example = 20000)]
    salary_max: Option<SalaryEnd>,
    /// 基础保障, 须全部具备; 最多 20 项, 每项 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    basic_protection: Tags,
    /// 薪酬福利, 须全部具备; 最多 20 项, 每项 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    salary_benefits: Tags,
    /// 考勤休假, 须全部具备; 最多 20 项, 每项 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    attendance_leave: Tags,
    /// 经度, 度; query_type = 2 时为必须参数
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -180, maximum = 180)]
    longitude: Option<Longitude>,
    /// 纬度, 度; query_type = 2 时为必须参数
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -90, maximum = 90)]
    latitude: Option<Latitude>,
}

impl SearchBody {
    fn order(&self) -> Result<Order, Error> {
        match self.query_type.map_or(1, Int::get) {
            2 => {
                let longitude = self.filter.longitude.or(self.longitude).ok_or("filter.longitude");
                let latitude = self.filter.latitude.or(self.latitude).ok_or("filter.latitude");
                match (longitude, latitude) {
                    (Ok(longitude), Ok(latitude)) => {
                        Ok(Order::Nearest { longitude: longitude.get(), latitude: latitude.get() })
                    }
                    (longitude, latitude) => {
                        let missing = [longitude.err(), latitude.err()].into_iter().flatten();
                        Err(Error::invalid(missing.map(|field| Fault::new(field, "is required"))))
                    }
                }
            }
            3 => Ok(Order::Newest),
            _ => Ok(Order::Recommended),
        }
    }
}

impl From<FilterBody> for Filter {
    fn from(fields: FilterBody) -> Self {
        let yuan = |salary: i64| i32::try_from(salary).unwrap_or(i32::MAX);
        let bound = |salary: Option<SalaryEnd>| salary.map(SalaryEnd::get).filter(|salary| *salary > 0).map(yuan);
        let texts = |tags: Tags| tags.iter().map(str::to_owned).collect();
        let positions = fields.positions.map(|positions| positions.as_str().trim().to_owned());
        Self {
            positions: positions.filter(|positions| !positions.is_empty()),
            salary_from: bound(fields.salary_min),
            salary_to: bound(fields.salary_max),
            tags: [texts(fields.basic_protection), texts(fields.salary_benefits), texts(fields.attendance_leave)],
        }
    }
}

/// 一页招聘信息
#[derive(Serialize, ToSchema)]
#[schema(as = Jobs)]
struct JobsView {
    /// 本页的招聘信息
    jobs: Vec<JobView>,
    /// 符合条件的总数
    total: u64,
}

/// 招聘信息列表
///
/// 返回招聘中的招聘信息, 无需登录; 带有效的 token 时, 自己发布的与用过券的显示完整的联系电话。推荐: 正在置顶的在前, 按置顶的
/// 开始时间, 其余按刷新的时间, 没有刷新过的按发布的时间, 都从新到旧; 附近: 由近到远, 没有坐标为 400; 最新: 按发布的时间
/// 从新到旧。相同时 id 大的在前
#[utoipa::path(post, path = "/jobs/list", tag = "求职", security((), ("token" = [])), request_body = SearchBody, responses(
    (status = 200, body = Success<JobsView>)))]
async fn list_jobs(
    State(app): State<App>,
    Viewer(viewer): Viewer,
    ListFields(fields): ListFields<SearchBody>,
) -> Result<Reply<JobsView>, Failure> {
    let (order, page) = (fields.order()?, page(fields.page_num, fields.page_size));
    let found = app.search(order, &fields.filter.into(), &page).await?;
    let (now, total) = (app.now(), found.total);
    let (jobs, distances): (Vec<_>, Vec<_>) = found.list.into_iter().map(|Found { job, distance }| (job, distance)).unzip();
    let masked = app.masked(&jobs, viewer).await?;
    let rows = jobs.iter().zip(masked).zip(distances);
    let jobs = rows.map(|((job, masked), distance)| JobView::of(job, now, masked).at_distance(distance)).collect();
    Ok(Reply(JobsView { jobs, total }))
}

/// 查询详情
///
/// 返回一条招聘信息, 无需登录; 带有效的 token 时, 自己发布的与用过券的显示完整的联系电话。不在招聘中的只有发布者能查看,
/// 其他人为 404
#[utoipa::path(post, path = "/jobs/info", tag = "求职", security((), ("token" = [])), request_body = JobBody, responses(
    (status = 200, body = Success<JobView>)))]
async fn get_job(
    State(app): State<App>,
    Viewer(viewer): Viewer,
    Json(fields): Json<JobBody>,
) -> Result<Reply<JobView>, Failure> {
    let job = app.job(fields.job_id, viewer).await?;
    let masked = app.masked(std::slice::from_ref(&job), viewer).await?.contains(&true);
    Ok(Reply(JobView::of(&job, app.now(), masked)))
}
