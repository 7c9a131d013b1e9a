//! Open jobs, for everyone (docs/contract/jobboard.txt, 招聘信息列表 and 查询详情).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Fault};
use shared::jobboard::search::{Filter, Found, Order};
use shared::jobboard::values::{Latitude, Longitude, SalaryEnd, Tags};
use shared::values::input::Faults;
use shared::values::{Int, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, Json, Problem, Reply, Success, Viewer};
use crate::jobs::JobBody;
use crate::paging::page;
use crate::view::JobView;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_jobs)).routes(routes!(get_job))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = SearchFields)]
struct SearchBody {
    /// 列表类型: 1 推荐, 2 附近, 3 最新
    #[deserr(default)]
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 3, example = 1)]
    query_type: Option<Int<1, 3>>,
    #[deserr(default)]
    filter: FilterBody,
    /// 也可以放在 filter 里
    #[deserr(default)]
    #[schema(value_type = Option<f64>)]
    longitude: Option<Longitude>,
    /// 也可以放在 filter 里
    #[deserr(default)]
    #[schema(value_type = Option<f64>)]
    latitude: Option<Latitude>,
    /// 页码, 从 1 开始
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, example = 1)]
    page_num: Option<Int<1, 1_000_000>>,
    /// 每页条数, 最多 50
    #[deserr(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 50, example = 10)]
    page_size: Option<Int<1, 50>>,
}

/// 筛选: 所有条件同时满足
#[derive(Default, Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = FilterFields)]
struct FilterBody {
    /// 岗位, 包含
    #[deserr(default)]
    #[schema(value_type = Option<String>, example = "厨师长")]
    positions: Option<Text<0, 64>>,
    /// 元/月; -1、0 或不传为不限
    #[deserr(default)]
    #[schema(value_type = Option<i64>, example = 8000)]
    salary_min: Option<SalaryEnd>,
    /// 元/月; -1、0 或不传为不限
    #[deserr(default)]
    #[schema(value_type = Option<i64>, example = 20000)]
    salary_max: Option<SalaryEnd>,
    /// 基础保障
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    basic_protection: Tags,
    /// 薪酬福利
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    salary_benefits: Tags,
    /// 考勤休假
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    attendance_leave: Tags,
    /// query_type = 2 时为必须参数
    #[deserr(default)]
    #[schema(value_type = Option<f64>)]
    longitude: Option<Longitude>,
    /// query_type = 2 时为必须参数
    #[deserr(default)]
    #[schema(value_type = Option<f64>)]
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

#[derive(Serialize, ToSchema)]
#[schema(as = Jobs)]
struct JobsView {
    jobs: Vec<JobView>,
    total: u64,
}

/// 招聘信息列表
#[utoipa::path(post, path = "/jobs/list", tag = "求职", security((), ("token" = [])), request_body = SearchBody, responses(
    (status = 200, body = Success<JobsView>), (status = "default", body = Problem)))]
async fn list_jobs(
    State(app): State<App>,
    Viewer(viewer): Viewer,
    Json(fields): Json<SearchBody>,
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
#[utoipa::path(post, path = "/jobs/info", tag = "求职", security((), ("token" = [])), request_body = JobBody, responses(
    (status = 200, body = Success<JobView>), (status = "default", body = Problem)))]
async fn get_job(
    State(app): State<App>,
    Viewer(viewer): Viewer,
    Json(fields): Json<JobBody>,
) -> Result<Reply<JobView>, Failure> {
    let job = app.job(fields.job_id, viewer).await?;
    let masked = app.masked(std::slice::from_ref(&job), viewer).await?.contains(&true);
    Ok(Reply(JobView::of(&job, app.now(), masked)))
}
