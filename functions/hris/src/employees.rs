//! /employees (docs/contract/hris.txt, 员工).

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Result};
use shared::hris::Caller;
use shared::hris::employees::{Employee, Filter, Group};
use shared::hris::values::{Category, Code, Sex, Status, Uuid};
use shared::values::input::{Faults, text};
use shared::values::{Date, Private, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Payload, Reply, Segment, Signed, TokenOnly};
use crate::paging::{Fields, PageView, Pagination, all_or_page};

/// The schemas of the closed lists.
pub mod lists {
    use shared::hris::values;

    lambda::closed_lists! {
        EmployeeStatus = values::Status,
            "员工状态: waiting 待入职, probation 试用期, regular 在职, dimission 离职, internship 实习期";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_employees)).routes(routes!(get_employee))
}

/// 员工列表的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListPayload {
    /// 员工状态 (默认: all): waiting 待入职, probation 试用期, regular 在职, internship 实习期, dimission 离职,
    /// joined 在职的全部 (probation, regular, internship), all 全部
    #[deserr(default)]
    #[schema(value_type = Option<String>, pattern = "^(waiting|probation|regular|internship|dimission|joined|all)$",
        example = "regular")]
    status: StatusFilter,
    /// 入职开始日期, YYYY-MM-DD, 含当日
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date, example = "2012-09-29")]
    join_date_start: Option<Date>,
    /// 入职截止日期, YYYY-MM-DD, 含当日
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date, example = "2017-10-01")]
    join_date_end: Option<Date>,
    /// 离职开始日期, YYYY-MM-DD, 含当日
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    leave_date_start: Option<Date>,
    /// 离职截止日期, YYYY-MM-DD, 含当日
    #[deserr(default)]
    #[schema(value_type = Option<String>, format = Date)]
    leave_date_end: Option<Date>,
    /// 员工姓名或其中的一部分, 最多 64 个字符, 区分大小写
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64, example = "一般职员")]
    name: Option<Text<1, 64>>,
    /// 分页获取员工数据, 省略时返回全部; 对象, 或内容为该对象的 JSON 字符串
    #[deserr(default)]
    #[schema(value_type = Option<Fields>, inline)]
    pagination: Option<Pagination>,
}

impl Payload for ListPayload {
    const IS_FILTER: bool = true;
    const BEARS_TOKEN: bool = true;
}

/// One of the documented states, `joined` for current employees, or `all`.
#[derive(Default)]
struct StatusFilter(Vec<Status>);

impl Deserr<Faults> for StatusFilter {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        const REASON: &str = "must be one of: waiting probation regular internship dimission joined all";
        match text(&value) {
            Some("all") => Ok(Self(Vec::new())),
            Some("joined") => Ok(Self(vec![Status::Probation, Status::Regular, Status::Internship])),
            Some(status) => Status::parse(status).map(|status| Self(vec![status])).map_err(|_| Faults::one(at, REASON)),
            None => Err(Faults::one(at, REASON)),
        }
    }
}

/// 员工: 文档列出的属性总是返回, 没有值的标识和日期为 null, 没有值的文本为空字符串
#[derive(Serialize, ToSchema)]
pub struct EmployeeView {
    /// 员工唯一标识符, 32 位小写十六进制
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$", example = "1387c26da1091124264793e123744fbb")]
    uuid: Uuid,
    /// 姓名
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    name: Text<1, 64>,
    /// 性别: male 男, female 女; 没有填写时为空字符串
    #[schema(pattern = "^(male|female)?$", example = "male")]
    sex: &'static str,
    /// 邮箱
    #[schema(value_type = String, max_length = 255)]
    email: Text<0, 255>,
    /// 手机号
    #[schema(value_type = String, max_length = 64, example = "18602836721")]
    mobile: Private,
    /// 员工编号 (工号), 在公司内唯一
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "NORMAL-1")]
    empno: Code,
    /// 手机号, 没有填写时与 mobile 相同
    #[schema(value_type = String, max_length = 64)]
    phone_number: Private,
    /// 身份证号; 授权范围不含 sensitive 时为空字符串
    #[schema(value_type = String, max_length = 64)]
    id_number: Private,
    /// 详细地址; 授权范围不含 sensitive 时为空字符串
    #[schema(value_type = String, max_length = 255)]
    address: Text<0, 255>,
    /// 开户行; 授权范围不含 sensitive 时为空字符串
    #[schema(value_type = String, max_length = 128)]
    bank_name: Text<0, 128>,
    /// 银行卡号; 授权范围不含 sensitive 时为空字符串
    #[schema(value_type = String, max_length = 64)]
    bank_card: Private,
    /// 头像
    #[schema(value_type = String, max_length = 2048)]
    photo: Text<0, 2048>,
    /// 婚姻状况, 自由文本; 授权范围不含 sensitive 时为空字符串
    #[schema(value_type = String, max_length = 64)]
    marriage: Text<0, 64>,
    /// 公历生日, YYYY-MM-DD
    #[schema(value_type = Option<String>, format = Date)]
    birthday: Option<Date>,
    /// 入职日期, YYYY-MM-DD
    #[schema(value_type = Option<String>, format = Date, example = "2012-09-29")]
    join_date: Option<Date>,
    /// 试用期转正日期, YYYY-MM-DD
    #[schema(value_type = Option<String>, format = Date)]
    probation_end_date: Option<Date>,
    /// 头像
    #[schema(value_type = String, max_length = 2048)]
    avatar: Text<0, 2048>,
    /// 离职日期, YYYY-MM-DD
    #[schema(value_type = Option<String>, format = Date)]
    leave_date: Option<Date>,
    /// 员工类型: fulltime 全职, part_time 兼职, intern 实习生, contractor 劳务派遣; 没有填写时为空字符串
    #[schema(pattern = "^(fulltime|part_time|intern|contractor)?$", example = "fulltime")]
    category: &'static str,
    /// 员工状态: waiting 待入职, probation 试用期, regular 在职, dimission 离职, internship 实习期
    #[schema(value_type = lists::EmployeeStatus)]
    status: &'static str,
    /// 所在部门唯一标识符, 即部门的 uuid
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{32}$")]
    department_uuid: Option<Uuid>,
    /// 企业邮箱地址
    #[schema(value_type = String, max_length = 255)]
    exmail: Text<0, 255>,
    /// 职位
    #[schema(value_type = String, max_length = 64)]
    job_title: Text<0, 64>,
    /// 职级
    #[schema(value_type = String, max_length = 64)]
    job_grade: Text<0, 64>,
    /// 昵称
    #[schema(value_type = String, max_length = 64)]
    nickname: Text<0, 64>,
    /// 钉钉 ID
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    dingtalk_id: Option<Text<1, 64>>,
    /// 企业微信 ID
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    wework_id: Option<Text<1, 64>>,
    /// 汇报人唯一标识符, 即汇报人的 uuid
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{32}$")]
    leader_uuid: Option<Uuid>,
    /// 虚线汇报人唯一标识符, 即虚线汇报人的 uuid
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{32}$")]
    virtual_leader_uuid: Option<Uuid>,
    /// 合同公司的名称
    #[schema(value_type = String, max_length = 128)]
    sub_company: Text<0, 128>,
}

impl EmployeeView {
    /// What this caller may see of the employee.
    pub fn of(caller: &Caller, employee: Employee) -> Self {
        let employee = if caller.sees_sensitive() { employee } else { employee.without_sensitive() };
        let mobile = employee.mobile.map(Private::from).unwrap_or_default();
        Self {
            uuid: employee.uuid,
            name: employee.name,
            sex: employee.sex.map_or("", Sex::as_str),
            email: employee.email,
            empno: employee.empno,
            phone_number: employee.phone_number.unwrap_or_else(|| mobile.clone()),
            mobile,
            id_number: employee.id_number,
            address: employee.address,
            bank_name: employee.bank_name,
            bank_card: employee.bank_card.map(Private::from).unwrap_or_default(),
            photo: employee.photo,
            marriage: employee.marriage,
            birthday: employee.birthday,
            join_date: employee.join_date,
            probation_end_date: employee.probation_end_date,
            avatar: employee.avatar,
            leave_date: employee.leave_date,
            category: employee.category.map_or("", Category::as_str),
            status: employee.status.as_str(),
            department_uuid: employee.department_uuid,
            exmail: employee.exmail,
            job_title: employee.job_title,
            job_grade: employee.job_grade,
            nickname: employee.nickname,
            dingtalk_id: employee.dingtalk_id,
            wework_id: employee.wework_id,
            leader_uuid: employee.leader_uuid,
            virtual_leader_uuid: employee.virtual_leader_uuid,
            sub_company: employee.sub_company,
        }
    }
}

/// 全部员工, 或一页员工
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Employees {
    /// 全部获取时
    All(Vec<EmployeeView>),
    /// 分页获取时
    Page {
        #[serde(flatten)]
        page: PageView,
        /// 本页的员工
        #[schema(max_items = 100)]
        employees: Vec<EmployeeView>,
    },
}

/// The employees that match the filter: a page if the request selects one, else all.
pub async fn list(
    app: &App,
    caller: &Caller,
    group: &Group,
    filter: &Filter,
    pagination: Option<Pagination>,
) -> Result<Employees, Error> {
    let company = &caller.company;
    let all = app.all_employees(company, group, filter);
    let (page, employees) =
        all_or_page(pagination, all, async |request| app.employees(company, group, filter, request).await).await?;
    let employees = employees.into_iter().map(|employee| EmployeeView::of(caller, employee)).collect();
    Ok(match page {
        None => Employees::All(employees),
        Some(page) => Employees::Page { page, employees },
    })
}

/// 获取所有员工
///
/// 返回符合条件的员工, 按工号排序; 各条件须同时满足。有 pagination 时返回一页, 没有时返回全部。
/// 全部获取最多 10000 名员工, 更多时返回 422, 请分页获取。
#[utoipa::path(get, path = "/api/v2/employees", tag = "员工", params(Signed<ListPayload>), responses(
    (status = 200, body = Employees)))]
async fn list_employees(
    State(app): State<App>,
    Call { caller, payload }: Call<ListPayload>,
) -> Result<Reply<Employees>, Failure> {
    let filter = Filter {
        statuses: payload.status.0,
        joined: (payload.join_date_start, payload.join_date_end),
        left: (payload.leave_date_start, payload.leave_date_end),
        name: payload.name,
    };
    Ok(Reply(list(&app, &caller, &Group::Company, &filter, payload.pagination).await?))
}

/// 按 uuid、工号或手机号查询员工
///
/// 依次按 uuid、工号、手机号查找, 返回第一个找到的员工。找不到时返回 404。
#[utoipa::path(get, path = "/api/v2/employees/{id}", tag = "员工",
    params(("id" = String, Path, description = "员工的 uuid、工号或手机号"), Signed<TokenOnly>),
    responses((status = 200, body = EmployeeView)))]
async fn get_employee(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<TokenOnly>,
) -> Result<Reply<EmployeeView>, Failure> {
    Ok(Reply(EmployeeView::of(&caller, app.find_employee(&caller.company, &id).await?)))
}
