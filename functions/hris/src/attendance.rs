//! Punches, checkings, arrangements and timelines (docs/contract/hris.txt, 打卡, 排班, Timeline).

use axum::extract::State;
use deserr::{Deserr, IntoValue, Sequence as _, Value, ValuePointerRef};
use serde::Serialize;
use shared::hris::arrangements::{Arrangement, MAX_EMPLOYEES};
use shared::hris::punches::{Checking, MAX_PUNCHES, Punch};
use shared::hris::timelines::Timeline;
use shared::hris::values::{Code, DurationUnit, TimelineCategory};
use shared::values::input::{Faults, text};
use shared::values::{Date, LocalTime, Span, Text};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Call, Failure, Payload, Reply, Segment, Signed, SignedOnly, TokenOnly};
use crate::employees::EmployeeView;

/// The schemas of the closed lists.
pub mod lists {
    use shared::hris::values;

    lambda::closed_lists! {
        TimelineCategory = values::TimelineCategory, "类型: leave 请假, business_trip 公出";
        DurationUnit = values::DurationUnit, "时间的单位: days 天, hours 小时, minutes 分钟";
    }
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(check_attendance))
        .routes(routes!(create_punches))
        .routes(routes!(list_arrangements))
        .routes(routes!(list_timelines))
        .routes(routes!(list_checkings))
}

/// 员工, 以及当天是否出勤
#[derive(Serialize, ToSchema)]
struct Attended {
    #[serde(flatten)]
    employee: EmployeeView,
    /// 当天 (北京时间) 是否打过卡
    attended: bool,
}

/// 检查员工当天是否出勤
///
/// 返回员工, 以及当天 (北京时间) 是否打过卡。用 access_token 调用时需要 employees 和 attendance 两个授权范围。
#[utoipa::path(get, path = "/api/v2/employees/{id}/check_attendance", tag = "考勤",
    params(("id" = String, Path, description = "员工的 uuid, 32 位十六进制, 不区分大小写; 不能用工号或手机号"),
        Signed<TokenOnly>),
    responses((status = 200, body = Attended)))]
async fn check_attendance(
    State(app): State<App>,
    Segment(uuid): Segment,
    Call { caller, .. }: Call<TokenOnly>,
) -> Result<Reply<Attended>, Failure> {
    let (employee, attended) = app.check_attendance(&caller.company, &uuid).await?;
    Ok(Reply(Attended { employee: EmployeeView::of(&caller, employee), attended }))
}

/// `{"attendances": [...]}`, or the array alone.
struct PunchesPayload(Vec<Row>);

impl Payload for PunchesPayload {}

/// A row of the request. An invalid row does not affect the others: it keeps the reason, and the employee number if that is a string.
struct Row {
    empno: serde_json::Value,
    punch: Result<Punch, String>,
}

/// 一条打卡记录
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct PunchFields {
    /// 员工工号, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "NORMAL-1")]
    empno: Code,
    /// 打卡时间, 没有时区时为北京时间; 同一员工在同一秒内的打卡算一次
    #[schema(value_type = String, example = "2017-02-03 08:00")]
    punched_at: LocalTime,
}

/// 要导入的打卡记录; 也可以只传 attendances 的数组
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = PunchesPayload)]
struct PunchesObject {
    /// 打卡记录, 最多 1000 条
    #[schema(value_type = Vec<PunchFields>, max_items = 1000)]
    attendances: Rows,
}

struct Rows(Vec<Row>);

impl Deserr<Faults> for PunchesPayload {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Value::Sequence(_) => Rows::deserialize_from_value(value, at),
            value => PunchesObject::deserialize_from_value(value, at).map(|object| object.attendances),
        }
        .map(|Rows(rows)| Self(rows))
    }
}

impl Deserr<Faults> for Rows {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let Value::Sequence(rows) = value else { return Err(Faults::one(at, "must be an array")) };
        if rows.len() > MAX_PUNCHES {
            return Err(Faults::one(at, format!("must not have more than {MAX_PUNCHES} elements")));
        }
        Ok(Self(rows.into_iter().map(|row| Row::parse(row.into_value())).collect()))
    }
}

impl Row {
    fn parse<V: IntoValue>(value: Value<V>) -> Self {
        let Value::Map(members) = value else {
            return Self { empno: serde_json::Value::Null, punch: Err("must be an object".into()) };
        };
        let (mut empno, mut fields) = (serde_json::Value::Null, serde_json::Map::new());
        for (name, member) in deserr::Map::into_iter(members) {
            let member = match member.into_value() {
                Value::Null => continue,
                // Both fields are strings. Any other value becomes null, which the parser rejects.
                member => text(&member).map_or(serde_json::Value::Null, Into::into),
            };
            if name == "empno" {
                empno = member.clone();
            }
            fields.insert(name, member);
        }
        let punch = lambda::body::known::<PunchFields>(shared::values::input::Json::from_value(fields.into()));
        let punch = punch.map(|PunchFields { empno, punched_at }| Punch { empno, punched_at });
        Self { empno, punch: punch.map_err(|error| join_faults(&error)) }
    }
}

fn join_faults(error: &shared::error::Error) -> String {
    error.faults().iter().map(|fault| format!("{} {}", fault.field, fault.reason)).collect::<Vec<_>>().join("; ")
}

/// 一条打卡数据的状态
#[derive(Serialize, ToSchema)]
struct PunchResult {
    // The document's spelling.
    /// 0k 成功 (数字 0 和字母 k), error 失败
    #[schema(pattern = "^(0k|error)$", example = "0k")]
    code: &'static str,
    /// 请求中的员工工号; 不是字符串时为 null
    #[schema(value_type = Option<String>, required, example = "007")]
    empno: serde_json::Value,
    /// 失败的原因, 英文; 成功时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "employee not found")]
    error_message: Option<String>,
}

/// 导入员工打卡记录
///
/// 按请求中的顺序返回每一条的结果。一条有误不影响其他各条; 重复的打卡也算成功, 只保存一次。
/// 全部成功的请求用同一签名重发时得到第一次的应答, 不再写入; 有失败的请求可以原样重发。
#[utoipa::path(post, path = "/api/v2/attendance_punches", tag = "考勤",
    security(("access_key" = [], "tonce" = [], "signature" = [])),
    request_body = PunchesObject,
    responses((status = 200, body = Vec<PunchResult>)))]
async fn create_punches(
    State(app): State<App>,
    SignedOnly { signer, payload: PunchesPayload(rows) }: SignedOnly<PunchesPayload>,
) -> Result<Reply<Vec<PunchResult>>, Failure> {
    let punches: Vec<Punch> = rows.iter().filter_map(|row| row.punch.as_ref().ok()).cloned().collect();
    let unknown = app.store_punches(&signer, &punches, punches.len() == rows.len()).await?;
    let results = rows.into_iter().map(|Row { empno, punch }| {
        let error_message = match punch {
            Err(reason) => Some(reason),
            Ok(punch) => unknown.contains(&punch.empno).then(|| "employee not found".to_owned()),
        };
        PunchResult { code: if error_message.is_some() { "error" } else { "0k" }, empno, error_message }
    });
    Ok(Reply(results.collect()))
}

/// 排班的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ArrangementsPayload {
    /// 员工工号列表, 最多 100 个, 每个 1 到 64 个字符
    #[schema(value_type = Vec<String>, max_items = 100, min_length = 1, max_length = 64,
        example = json!(["1001", "1002", "1003"]))]
    empnoes: Empnoes,
    /// 查询开始日期, YYYY-MM-DD, 含当日
    #[schema(value_type = String, format = Date, example = "2017-02-03")]
    start_date: Date,
    /// 查询结束日期, YYYY-MM-DD, 含当日; 不早于开始日期, 含首尾最多 92 天
    #[schema(value_type = String, format = Date, example = "2017-02-03")]
    end_date: Date,
}

impl Payload for ArrangementsPayload {
    const IS_FILTER: bool = true;
}

struct Empnoes(Vec<Code>);

impl Deserr<Faults> for Empnoes {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Value::Sequence(empnoes) if empnoes.len() > MAX_EMPLOYEES => {
                Err(Faults::one(at, format!("must not have more than {MAX_EMPLOYEES} elements")))
            }
            value => {
                let mut empnoes = Vec::<Code>::deserialize_from_value(value, at)?;
                let mut seen = std::collections::HashSet::new();
                empnoes.retain(|empno| seen.insert(empno.clone()));
                Ok(Self(empnoes))
            }
        }
    }
}

/// 排班
#[derive(Serialize, ToSchema)]
struct ArrangementView {
    // The document's misspelling.
    /// 出勤规则名称
    #[serde(rename = "attenance_rule_name")]
    #[schema(value_type = String, max_length = 128)]
    attendance_rule_name: Text<0, 128>,
    /// 班次
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    workshift_name: Text<1, 128>,
    /// 员工工号
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    empno: Code,
    /// 排班日期, YYYY-MM-DD
    #[schema(value_type = String, format = Date, example = "2017-02-03")]
    date: Date,
    /// 工作时间段, 自由文本
    #[schema(value_type = String, max_length = 128, example = "09:00-18:00")]
    time_range: Text<0, 128>,
}

impl From<Arrangement> for ArrangementView {
    fn from(arrangement: Arrangement) -> Self {
        let Arrangement { attendance_rule_name, workshift_name, empno, date, time_range } = arrangement;
        Self { attendance_rule_name, workshift_name, empno, date, time_range }
    }
}

/// 查询员工排班
///
/// 按请求中工号的顺序, 同一员工再按日期, 返回一段时间内的排班; 一名员工一天可以有几个班次。不存在的工号没有排班, 不报错。
#[utoipa::path(get, path = "/api/v2/arrangement_employees", tag = "考勤", params(Signed<ArrangementsPayload>),
    responses((status = 200, body = Vec<ArrangementView>)))]
async fn list_arrangements(
    State(app): State<App>,
    Call { caller, payload }: Call<ArrangementsPayload>,
) -> Result<Reply<Vec<ArrangementView>>, Failure> {
    let ArrangementsPayload { empnoes: Empnoes(empnoes), start_date, end_date } = payload;
    let arrangements = app.arrangements(&caller.company, &empnoes, &start_date, &end_date).await?;
    Ok(Reply(arrangements.into_iter().map(Into::into).collect()))
}

/// 请假和公出的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct TimelinesPayload {
    /// 开始日期, YYYY-MM-DD, 含当日
    #[schema(value_type = String, format = Date, example = "2017-02-01")]
    start_date: Date,
    /// 结束日期, YYYY-MM-DD, 含当日; 不早于开始日期, 含首尾最多 366 天
    #[schema(value_type = String, format = Date, example = "2017-03-01")]
    end_date: Date,
    /// 类型: leave 请假, business_trip 公出
    #[schema(value_type = lists::TimelineCategory)]
    category: TimelineCategory,
}

impl Payload for TimelinesPayload {
    const IS_FILTER: bool = true;
}

/// 请假或公出
#[derive(Serialize, ToSchema)]
struct TimelineView {
    /// 发生日期, YYYY-MM-DD
    #[schema(value_type = String, format = Date, example = "2017-02-03")]
    date: Date,
    /// 类型: leave 请假, business_trip 公出
    #[schema(value_type = lists::TimelineCategory)]
    category: &'static str,
    /// 时间的长短, 单位见 duration_unit, 0 到 100000
    #[serde(serialize_with = "Span::as_number")]
    #[schema(value_type = f64, minimum = 0, maximum = 100_000, example = 0.5)]
    duration: Option<Span>,
    /// duration 的单位: days 天, hours 小时, minutes 分钟
    #[schema(value_type = lists::DurationUnit)]
    duration_unit: &'static str,
    /// 开始时间, 北京时间, 精确到秒
    #[serde(serialize_with = "LocalTime::as_second")]
    #[schema(value_type = String, format = DateTime, example = "2017-02-03T08:00:00+08:00")]
    start_time: LocalTime,
    /// 结束时间, 北京时间, 精确到秒
    #[serde(serialize_with = "LocalTime::as_second")]
    #[schema(value_type = String, format = DateTime, example = "2017-02-03T17:00:00+08:00")]
    end_time: LocalTime,
}

impl From<Timeline> for TimelineView {
    fn from(timeline: Timeline) -> Self {
        Self {
            date: timeline.date,
            category: TimelineCategory::as_str(timeline.category),
            duration: Some(timeline.duration),
            duration_unit: DurationUnit::as_str(timeline.duration_unit),
            start_time: timeline.start_time,
            end_time: timeline.end_time,
        }
    }
}

/// 查询请假和公出
///
/// 返回一名员工在一段时间内的请假或公出, 按发生日期从早到晚排列。
#[utoipa::path(get, path = "/api/v2/employees/{id}/timelines", tag = "考勤",
    params(("id" = String, Path, description = "员工的 uuid, 32 位十六进制, 不区分大小写; 不能用工号或手机号"),
        Signed<TimelinesPayload>),
    responses((status = 200, body = Vec<TimelineView>)))]
async fn list_timelines(
    State(app): State<App>,
    Segment(guid): Segment,
    Call { caller, payload }: Call<TimelinesPayload>,
) -> Result<Reply<Vec<TimelineView>>, Failure> {
    let TimelinesPayload { start_date, end_date, category } = payload;
    let timelines = app.timelines(&caller.company, &guid, category, &start_date, &end_date).await?;
    Ok(Reply(timelines.into_iter().map(Into::into).collect()))
}

/// 打卡记录的条件
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct PeriodPayload {
    /// 查询开始日期, YYYY-MM-DD, 含当日
    #[schema(value_type = String, format = Date, example = "2017-02-03")]
    start_date: Date,
    /// 查询结束日期, YYYY-MM-DD, 含当日; 不早于开始日期, 含首尾最多 366 天
    #[schema(value_type = String, format = Date, example = "2017-02-04")]
    end_date: Date,
}

impl Payload for PeriodPayload {
    const IS_FILTER: bool = true;
}

/// 打卡: 一天中的第一次和最后一次
#[derive(Serialize, ToSchema)]
struct CheckingView {
    /// 打卡日期, YYYY-MM-DD, 北京时间
    #[schema(value_type = String, format = Date, example = "2017-02-03")]
    date: Date,
    /// 上班打卡时间, 即当天第一次打卡, 北京时间, 精确到秒
    #[schema(format = DateTime, example = "2017-02-03T08:00:00+08:00")]
    check_in_time: String,
    /// 下班打卡时间, 即当天最后一次打卡, 北京时间, 精确到秒; 当天只打过一次时为 null
    #[schema(format = DateTime, example = "2017-02-03T17:00:00+08:00")]
    check_out_time: Option<String>,
}

impl From<Checking> for CheckingView {
    fn from(Checking { date, check_in, check_out }: Checking) -> Self {
        Self { date, check_in_time: check_in.to_second(), check_out_time: check_out.map(LocalTime::to_second) }
    }
}

/// 获取员工打卡记录
///
/// 返回一名员工在一段时间内每天的第一次和最后一次打卡, 按日期从早到晚排列。日期按北京时间计算, 没有打卡的日期不返回。
#[utoipa::path(get, path = "/api/v2/employees/{id}/attendance_checkings", tag = "考勤",
    params(("id" = String, Path, description = "员工的 uuid, 32 位十六进制, 不区分大小写; 不能用工号或手机号"),
        Signed<PeriodPayload>),
    responses((status = 200, body = Vec<CheckingView>)))]
async fn list_checkings(
    State(app): State<App>,
    Segment(guid): Segment,
    Call { caller, payload }: Call<PeriodPayload>,
) -> Result<Reply<Vec<CheckingView>>, Failure> {
    let checkings = app.checkings(&caller.company, &guid, &payload.start_date, &payload.end_date).await?;
    Ok(Reply(checkings.into_iter().map(Into::into).collect()))
}
