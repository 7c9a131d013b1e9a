//! /sub_companies and /departments (docs/contract/hris.txt, 分公司, 部门), with the lists of their employees.

use axum::extract::State;
use deserr::Deserr;
use serde::Serialize;
use shared::error::Error;
use shared::hris::employees::{Filter, Group};
use shared::hris::organization::{Department, SubCompany};
use shared::hris::values::Uuid;
use shared::values::Text;
use shared::values::input::Faults;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Nothing, Payload, Problem, Reply, Segment, Signed};
use crate::employees::{EmployeeView, Employees, list};
use crate::paging::Pagination;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_sub_companies))
        .routes(routes!(get_sub_company))
        .routes(routes!(list_sub_company_employees))
        .routes(routes!(get_sub_company_employee))
        .routes(routes!(list_departments))
        .routes(routes!(get_department))
        .routes(routes!(list_department_employees))
}

#[derive(Deserr)]
#[deserr(error = Faults)]
struct EmployeesPayload {
    #[deserr(default)]
    pagination: Option<Pagination>,
}

impl Payload for EmployeesPayload {}

/// 分公司。
#[derive(Serialize, ToSchema)]
struct SubCompanyView {
    /// 分公司唯一标识符
    #[schema(value_type = String)]
    uuid: Uuid,
    /// 母公司唯一标识符
    #[schema(value_type = String)]
    company_uuid: Uuid,
    /// 分公司名称
    #[schema(value_type = String)]
    name: Text<1, 128>,
    /// 分公司简称
    #[schema(value_type = String)]
    short_name: Text<0, 128>,
    /// 注册地址
    #[schema(value_type = String)]
    registered_address: Text<0, 255>,
    /// 法人姓名
    #[schema(value_type = String)]
    boss: Text<0, 64>,
}

impl SubCompanyView {
    fn of(company: &Uuid, sub_company: SubCompany) -> Self {
        let SubCompany { uuid, name, short_name, registered_address, boss } = sub_company;
        Self { uuid, company_uuid: company.clone(), name, short_name, registered_address, boss }
    }
}

/// 部门。
#[derive(Serialize, ToSchema)]
struct DepartmentView {
    /// 部门名称
    #[schema(value_type = String)]
    name: Text<1, 128>,
    /// 部门唯一标识符
    #[schema(value_type = String)]
    uuid: Uuid,
    /// 上级部门唯一标识符
    #[schema(value_type = Option<String>)]
    superior_uuid: Option<Uuid>,
    /// 部门负责人唯一标识符
    #[schema(value_type = Option<String>)]
    charger_uuid: Option<Uuid>,
}

impl From<Department> for DepartmentView {
    fn from(department: Department) -> Self {
        let Department { name, uuid, superior_uuid, charger_uuid } = department;
        Self { name, uuid, superior_uuid, charger_uuid }
    }
}

/// 获取所有分公司
#[utoipa::path(get, path = "/api/v2/sub_companies", tag = "分公司", params(Signed), responses(
    (status = 200, body = Vec<SubCompanyView>), (status = "default", body = Problem)))]
async fn list_sub_companies(
    State(app): State<App>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<SubCompanyView>>, Failure> {
    let all = app.all(&caller.company).await?;
    Ok(Reply(all.into_iter().map(|sub_company| SubCompanyView::of(&caller.company, sub_company)).collect()))
}

/// 获取单个分公司
#[utoipa::path(get, path = "/api/v2/sub_companies/{sub_company_uuid}", tag = "分公司",
    params(("sub_company_uuid" = String, Path), Signed),
    responses((status = 200, body = SubCompanyView), (status = "default", body = Problem)))]
async fn get_sub_company(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<SubCompanyView>, Failure> {
    let sub_company = find_sub_company(&app, &caller.company, &uuid).await?;
    Ok(Reply(SubCompanyView::of(&caller.company, sub_company)))
}

/// 查询分公司员工
#[utoipa::path(get, path = "/api/v2/sub_companies/{sub_company_uuid}/employees", tag = "分公司",
    params(("sub_company_uuid" = String, Path), Signed),
    responses((status = 200, body = Employees), (status = "default", body = Problem)))]
async fn list_sub_company_employees(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, payload }: Call<EmployeesPayload>,
) -> Result<Reply<Employees>, Failure> {
    let sub_company = find_sub_company(&app, &caller.company, &uuid).await?;
    let group = Group::SubCompany(sub_company.uuid);
    Ok(Reply(list(&app, &caller, &group, &Filter::default(), payload.pagination).await?))
}

/// 单个员工查询: 按文档, 是只有一个员工的数组
#[utoipa::path(get, path = "/api/v2/sub_companies/{sub_company_uuid}/employees/{uuid}", tag = "分公司",
    params(("sub_company_uuid" = String, Path), ("uuid" = String, Path), Signed),
    responses((status = 200, body = Vec<EmployeeView>), (status = "default", body = Problem)))]
async fn get_sub_company_employee(
    State(app): State<App>,
    Segment((sub_company, uuid)): Segment<(String, String)>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<EmployeeView>>, Failure> {
    let employee = app.employee(&caller.company, &uuid).await?;
    let sub_company = Uuid::parse(&sub_company).map_err(|_| Error::missing("sub_company_uuid"))?;
    if employee.sub_company_uuid.as_ref() != Some(&sub_company) {
        return Err(Error::missing("uuid").into());
    }
    Ok(Reply(vec![EmployeeView::of(&caller, employee)]))
}

/// 获取所有部门
#[utoipa::path(get, path = "/api/v2/departments", tag = "部门", params(Signed), responses(
    (status = 200, body = Vec<DepartmentView>), (status = "default", body = Problem)))]
async fn list_departments(
    State(app): State<App>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<DepartmentView>>, Failure> {
    let all = app.all::<Department>(&caller.company).await?;
    Ok(Reply(all.into_iter().map(Into::into).collect()))
}

/// 获取单个部门
#[utoipa::path(get, path = "/api/v2/departments/{uuid}", tag = "部门", params(("uuid" = String, Path), Signed),
    responses((status = 200, body = DepartmentView), (status = "default", body = Problem)))]
async fn get_department(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<DepartmentView>, Failure> {
    Ok(Reply(find_department(&app, &caller.company, &uuid).await?.into()))
}

/// 查询部门员工
#[utoipa::path(get, path = "/api/v2/departments/{uuid}/employees", tag = "部门", params(("uuid" = String, Path), Signed),
    responses((status = 200, body = Employees), (status = "default", body = Problem)))]
async fn list_department_employees(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, payload }: Call<EmployeesPayload>,
) -> Result<Reply<Employees>, Failure> {
    let department = find_department(&app, &caller.company, &uuid).await?;
    let group = Group::Department(department.uuid);
    Ok(Reply(list(&app, &caller, &group, &Filter::default(), payload.pagination).await?))
}

async fn find_sub_company(app: &App, company: &Uuid, uuid: &str) -> Result<SubCompany, Failure> {
    Ok(app.one(company, &uuid.to_ascii_lowercase(), "sub_company_uuid").await?)
}

async fn find_department(app: &App, company: &Uuid, uuid: &str) -> Result<Department, Failure> {
    Ok(app.one(company, &uuid.to_ascii_lowercase(), "uuid").await?)
}
