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
use crate::edge::{Call, Failure, Payload, Problem, Reply, Segment, Signed, TokenOnly};
use crate::paging::{PageView, Pagination, all_or_page};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_employees)).routes(routes!(get_employee))
}

#[derive(Deserr)]
#[deserr(error = Faults)]
struct ListPayload {
    #[deserr(default)]
    status: StatusFilter,
    #[deserr(default)]
    join_date_start: Option<Date>,
    #[deserr(default)]
    join_date_end: Option<Date>,
    #[deserr(default)]
    leave_date_start: Option<Date>,
    #[deserr(default)]
    leave_date_end: Option<Date>,
    #[deserr(default)]
    name: Option<Text<1, 64>>,
    #[deserr(default)]
    pagination: Option<Pagination>,
}

impl Payload for ListPayload {
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

/// 员工: every documented property is there, null for ids and dates, "" for text.
#[derive(Serialize, ToSchema)]
pub struct EmployeeView {
    #[schema(value_type = String, example = "1387c26da1091124264793e123744fbb")]
    uuid: Uuid,
    /// 姓名
    #[schema(value_type = String)]
    name: Text<1, 64>,
    /// 性别
    #[schema(example = "male")]
    sex: &'static str,
    /// 邮箱
    #[schema(value_type = String)]
    email: Text<0, 255>,
    /// 手机号
    #[schema(value_type = String, example = "18602836721")]
    mobile: Private,
    /// 员工编号
    #[schema(value_type = String, example = "NORMAL-1")]
    empno: Code,
    /// 手机号
    #[schema(value_type = String)]
    phone_number: Private,
    /// 身份证号
    #[schema(value_type = String)]
    id_number: Private,
    /// 详细地址
    #[schema(value_type = String)]
    address: Text<0, 255>,
    /// 开户行
    #[schema(value_type = String)]
    bank_name: Text<0, 128>,
    /// 银行卡号
    #[schema(value_type = String)]
    bank_card: Private,
    /// 头像
    #[schema(value_type = String)]
    photo: Text<0, 2048>,
    /// 婚姻状况
    #[schema(value_type = String)]
    marriage: Text<0, 64>,
    /// 公历生日
    #[schema(value_type = Option<String>)]
    birthday: Option<Date>,
    /// 入职日期
    #[schema(value_type = Option<String>, example = "2012-09-29")]
    join_date: Option<Date>,
    /// 试用期转正日期
    #[schema(value_type = Option<String>)]
    probation_end_date: Option<Date>,
    /// 头像
    #[schema(value_type = String)]
    avatar: Text<0, 2048>,
    /// 离职日期
    #[schema(value_type = Option<String>)]
    leave_date: Option<Date>,
    /// 员工类型: fulltime, part_time, intern, contractor
    category: &'static str,
    /// 员工状态: waiting, probation, regular, dimission, internship
    status: &'static str,
    /// 所在部门唯一标示符
    #[schema(value_type = Option<String>)]
    department_uuid: Option<Uuid>,
    /// 企业邮箱地址
    #[schema(value_type = String)]
    exmail: Text<0, 255>,
    /// 职位
    #[schema(value_type = String)]
    job_title: Text<0, 64>,
    /// 职级
    #[schema(value_type = String)]
    job_grade: Text<0, 64>,
    /// 昵称
    #[schema(value_type = String)]
    nickname: Text<0, 64>,
    /// 钉钉 ID
    #[schema(value_type = Option<String>)]
    dingtalk_id: Option<Text<1, 64>>,
    /// 企业微信 ID
    #[schema(value_type = Option<String>)]
    wework_id: Option<Text<1, 64>>,
    /// 汇报人唯一标识符
    #[schema(value_type = Option<String>)]
    leader_uuid: Option<Uuid>,
    /// 虚线汇报人唯一标识符
    #[schema(value_type = Option<String>)]
    virtual_leader_uuid: Option<Uuid>,
    /// 合同公司
    #[schema(value_type = String)]
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

/// 全部员工, 或一页。
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Employees {
    All(Vec<EmployeeView>),
    Page {
        #[serde(flatten)]
        page: PageView,
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
#[utoipa::path(get, path = "/api/v2/employees", tag = "员工", params(Signed), responses(
    (status = 200, body = Employees), (status = "default", body = Problem)))]
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
#[utoipa::path(get, path = "/api/v2/employees/{id}", tag = "员工", params(("id" = String, Path), Signed),
    responses((status = 200, body = EmployeeView), (status = "default", body = Problem)))]
async fn get_employee(
    State(app): State<App>,
    Segment(id): Segment,
    Call { caller, .. }: Call<TokenOnly>,
) -> Result<Reply<EmployeeView>, Failure> {
    Ok(Reply(EmployeeView::of(&caller, app.find_employee(&caller.company, &id).await?)))
}
