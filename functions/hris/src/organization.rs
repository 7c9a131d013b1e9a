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
use crate::edge::{Call, Failure, Nothing, Payload, Reply, Segment, Signed};
use crate::employees::{EmployeeView, Employees, list};
use crate::paging::{Fields, Pagination};

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

/// 分公司或部门的员工列表的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct EmployeesPayload {
    /// 分页获取员工数据, 省略时返回全部; 对象, 或内容为该对象的 JSON 字符串
    #[deserr(default)]
    #[schema(value_type = Option<Fields>, inline)]
    pagination: Option<Pagination>,
}

impl Payload for EmployeesPayload {
    const IS_FILTER: bool = true;
}

/// 分公司
#[derive(Serialize, ToSchema)]
struct SubCompanyView {
    /// 分公司唯一标识符, 32 位小写十六进制
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    uuid: Uuid,
    /// 母公司唯一标识符, 32 位小写十六进制
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    company_uuid: Uuid,
    /// 分公司名称
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: Text<1, 128>,
    /// 分公司简称
    #[schema(value_type = String, max_length = 128)]
    short_name: Text<0, 128>,
    /// 注册地址
    #[schema(value_type = String, max_length = 255)]
    registered_address: Text<0, 255>,
    /// 法人姓名
    #[schema(value_type = String, max_length = 64)]
    boss: Text<0, 64>,
}

impl SubCompanyView {
    fn of(company: &Uuid, sub_company: SubCompany) -> Self {
        let SubCompany { uuid, name, short_name, registered_address, boss } = sub_company;
        Self { uuid, company_uuid: company.clone(), name, short_name, registered_address, boss }
    }
}

/// 部门
#[derive(Serialize, ToSchema)]
pub struct DepartmentView {
    /// 部门名称
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: Text<1, 128>,
    /// 部门唯一标识符, 32 位小写十六进制
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    uuid: Uuid,
    /// 上级部门唯一标识符; 没有上级部门时为 null
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{32}$")]
    superior_uuid: Option<Uuid>,
    /// 部门负责人唯一标识符, 即员工的 uuid; 没有时为 null
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{32}$")]
    charger_uuid: Option<Uuid>,
}

impl From<Department> for DepartmentView {
    fn from(department: Department) -> Self {
        let Department { name, uuid, superior_uuid, charger_uuid } = department;
        Self { name, uuid, superior_uuid, charger_uuid }
    }
}

/// 获取所有分公司
///
/// 返回公司的全部分公司, 按 uuid 排序。
#[utoipa::path(get, path = "/api/v2/sub_companies", tag = "分公司", responses(
    (status = 200, body = Vec<SubCompanyView>)))]
async fn list_sub_companies(
    State(app): State<App>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<SubCompanyView>>, Failure> {
    let all = app.all(&caller.company).await?;
    Ok(Reply(all.into_iter().map(|sub_company| SubCompanyView::of(&caller.company, sub_company)).collect()))
}

/// 获取单个分公司
///
/// 返回一个分公司。本公司没有这个分公司时返回 404。
#[utoipa::path(get, path = "/api/v2/sub_companies/{sub_company_uuid}", tag = "分公司",
    params(("sub_company_uuid" = String, Path, description = "分公司的 uuid, 32 位十六进制, 不区分大小写")),
    responses((status = 200, body = SubCompanyView)))]
async fn get_sub_company(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<SubCompanyView>, Failure> {
    let sub_company = find_sub_company(&app, &caller.company, &uuid).await?;
    Ok(Reply(SubCompanyView::of(&caller.company, sub_company)))
}

/// 查询分公司员工
///
/// 返回分公司的员工, 按工号排序。有 pagination 时返回一页, 没有时返回全部, 最多 10000 名, 更多时返回 422。
#[utoipa::path(get, path = "/api/v2/sub_companies/{sub_company_uuid}/employees", tag = "分公司",
    params(("sub_company_uuid" = String, Path, description = "分公司的 uuid, 32 位十六进制, 不区分大小写"),
        Signed<EmployeesPayload>),
    responses((status = 200, body = Employees)))]
async fn list_sub_company_employees(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, payload }: Call<EmployeesPayload>,
) -> Result<Reply<Employees>, Failure> {
    let sub_company = find_sub_company(&app, &caller.company, &uuid).await?;
    let group = Group::SubCompany(sub_company.uuid);
    Ok(Reply(list(&app, &caller, &group, &Filter::default(), payload.pagination).await?))
}

/// 单个员工查询
///
/// 返回只有一个员工的数组。员工不存在, 或不属于这个分公司时返回 404。
#[utoipa::path(get, path = "/api/v2/sub_companies/{sub_company_uuid}/employees/{uuid}", tag = "分公司",
    params(("sub_company_uuid" = String, Path, description = "分公司的 uuid, 32 位十六进制, 不区分大小写"),
        ("uuid" = String, Path, description = "员工的 uuid, 32 位十六进制, 不区分大小写")),
    responses((status = 200, body = Vec<EmployeeView>)))]
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
///
/// 返回公司的全部部门, 按 uuid 排序。
#[utoipa::path(get, path = "/api/v2/departments", tag = "部门", responses(
    (status = 200, body = Vec<DepartmentView>)))]
async fn list_departments(
    State(app): State<App>,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<Vec<DepartmentView>>, Failure> {
    let all = app.all::<Department>(&caller.company).await?;
    Ok(Reply(all.into_iter().map(Into::into).collect()))
}

/// 获取单个部门
///
/// 返回一个部门。本公司没有这个部门时返回 404。
#[utoipa::path(get, path = "/api/v2/departments/{uuid}", tag = "部门",
    params(("uuid" = String, Path, description = "部门的 uuid, 32 位十六进制, 不区分大小写")),
    responses((status = 200, body = DepartmentView)))]
async fn get_department(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, .. }: Call<Nothing>,
) -> Result<Reply<DepartmentView>, Failure> {
    Ok(Reply(find_department(&app, &caller.company, &uuid).await?.into()))
}

/// 查询部门员工
///
/// 返回 department_uuid 为这个部门的员工, 不含下级部门的员工, 按工号排序。
/// 有 pagination 时返回一页, 没有时返回全部, 最多 10000 名, 更多时返回 422。
#[utoipa::path(get, path = "/api/v2/departments/{uuid}/employees", tag = "部门",
    params(("uuid" = String, Path, description = "部门的 uuid, 32 位十六进制, 不区分大小写"), Signed<EmployeesPayload>),
    responses((status = 200, body = Employees)))]
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
