//! The commands that import records of the HR API, and those that list the imports (docs/operations.md, Imports).

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::hris::Service;
use shared::hris::import::RowResult;
use shared::hris::import_lines::{Imported, Kind, Lines, MAX_ROWS, Position, Run, Slice};
use shared::hris::import_record::ImportRecord;
use shared::hris::values::Uuid;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{Id, Int, Text};

use crate::command::{Command, run};
use crate::listing::{Direction, Limit, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes(
        "import_hris",
        "Imports records of a company, one slice for each call; with dry_run it only says what the rows would do",
        |admin, by, fields| run(fields, |read| import(&admin.hris, &by.act, read)),
    )
    .by(&[Role::Hr])
    .fields(
        "kind company_uuid? rows? object? from? limit? dry_run?",
        r#"{"kind": "departments", "company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f", "rows": "{\"name\":\"前厅\",\"uuid\":\"d0000000000000000000000000000001\"}", "dry_run": true}"#,
    ),
    Command::reads("list_imports", "Lists the imports, of all companies or into one, the newest first", |admin, _, fields| {
        run(fields, |read| list_imports(&admin.hris, read))
    })
    .by(&[Role::Hr, Role::Auditor])
    .fields("company_uuid? limit? order? cursor?", r#"{"company_uuid": "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e0f"}"#)
    .sorted(Order::Descending),
    Command::reads("show_import", "Shows an import and its rejected rows with their faults", |admin, _, fields| {
        run(fields, |read| show_import(&admin.hris, read))
    })
    .by(&[Role::Hr, Role::Auditor])
    .fields("import_id", r#"{"import_id": "376295991951886"}"#),
];

/// The rows are JSON Lines, in `rows` or in the object `object` of the uploads bucket.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Import {
    kind: Kind,
    #[deserr(default)]
    company_uuid: Option<Uuid>,
    #[deserr(default)]
    rows: Option<Text<0, MAX_INLINE>>,
    #[deserr(default)]
    object: Option<ObjectKey>,
    /// The `next` that the previous invocation returned.
    #[deserr(default)]
    from: ImportPosition,
    /// The most rows of this slice.
    #[deserr(default)]
    limit: Option<Int<1, MAX_LIMIT>>,
    /// Says what the rows would do, and stores nothing.
    #[deserr(default)]
    dry_run: bool,
}

const MAX_LIMIT: i64 = MAX_ROWS as i64;
/// More than an event can contain.
const MAX_INLINE: usize = 6 * 1024 * 1024;

#[derive(Default, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ImportPosition {
    offset: Offset,
    line: Offset,
    /// The import that the slice continues. Without it, the slice begins another one.
    #[deserr(default)]
    import_id: Option<Id>,
}

/// Up to the largest integer that every JSON parser keeps exactly.
type Offset = Int<0, 9_007_199_254_740_991>;

/// A key below `imports/`: an import reads nothing else.
struct ObjectKey(String);

impl ObjectKey {
    fn parse(text: &str) -> Result<Self, shared::values::Reason> {
        if text.starts_with("imports/") && text.len() <= 512 {
            Ok(Self(text.to_owned()))
        } else {
            Err("must begin with imports/")
        }
    }
}

impl Deserr<Faults> for ObjectKey {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = shared::values::input::text(&value).ok_or_else(|| Faults::one(at, "must be a string"))?;
        Self::parse(text).map_err(|reason| Faults::one(at, reason))
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListImports {
    #[deserr(default)]
    company_uuid: Option<Uuid>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 1024>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct NamedImport {
    import_id: Id,
}

/// Imports one slice. The operator repeats it with the returned `next` as `from`, until `next` is null. A repeated row changes nothing.
async fn import(service: &Service, act: &Act, import: Import) -> Result<Value> {
    let Import { kind, company_uuid, rows, object, from, limit, dry_run } = import;
    let lines = match (&rows, &object) {
        (Some(rows), None) => Lines::Inline(rows.as_str()),
        (None, Some(ObjectKey(key))) => Lines::Object(key),
        _ => return Err(Error::invalid([Fault::new("rows", "or object is required, and not both")])),
    };
    let ImportPosition { offset, line, import_id } = from;
    let run = match (dry_run, import_id) {
        (true, Some(_)) => return Err(Error::invalid([Fault::new("from.import_id", "must be absent in a dry run")])),
        (true, None) => Run::Dry,
        (false, import_id) => Run::Real(act, import_id),
    };
    let from = Position { offset: offset.get().unsigned_abs(), line: line.get().unsigned_abs() };
    let limit = limit.and_then(|limit| usize::try_from(limit.get()).ok()).unwrap_or(MAX_ROWS);
    let slice = Slice { kind, company: company_uuid, lines, from, limit };
    let Imported { import_id, results, next } = service.import_rows(&slice, run).await?;
    let results: Vec<Value> = results.iter().map(|(line, result)| outcome(*line, result, dry_run)).collect();
    Ok(match import_id.map(|id| id.to_string()) {
        Some(id) => {
            let next = next.map(|Position { offset, line }| json!({"import_id": id, "offset": offset, "line": line}));
            json!({"import_id": id, "results": results, "next": next})
        }
        None => {
            let next = next.map(|Position { offset, line }| json!({"offset": offset, "line": line}));
            json!({"dry_run": true, "results": results, "next": next})
        }
    })
}

/// A dry run also names the fields that the row would change.
fn outcome(line: u64, result: &RowResult, is_dry: bool) -> Value {
    match result {
        RowResult::Valid { done, fields, missing } => {
            let mut view = json!({"line": line, "status": done});
            if is_dry && !fields.is_empty() {
                view["fields"] = json!(fields);
            }
            if !missing.is_empty() {
                view["missing"] = json!(missing);
            }
            view
        }
        RowResult::Rejected(faults) => {
            let errors: Vec<Value> =
                faults.iter().map(|Fault { field, reason }| json!({"field": field, "reason": reason})).collect();
            json!({"line": line, "status": "refused", "errors": errors})
        }
    }
}

async fn list_imports(service: &Service, list: ListImports) -> Result<Value> {
    let ListImports { company_uuid, limit, cursor, order } = list;
    let page_of = page_of(&limit, cursor.as_ref(), order, Order::Descending);
    let imports = service.list_imports(company_uuid.as_ref(), &page_of).await?;
    Ok(page("imports", imports, |import| view(&import)))
}

async fn show_import(service: &Service, NamedImport { import_id }: NamedImport) -> Result<Value> {
    let (import, refused) = service.show_import(import_id).await?;
    let mut view = view(&import);
    view["next"] = json!(import.next);
    view["refused"] = json!(refused);
    Ok(view)
}

/// An import in a list.
pub fn view(import: &ImportRecord) -> Value {
    let ImportRecord { import_id, by, kind, company_uuid, object, bytes, counts, started_at, updated_at, .. } = import;
    json!({
        "import_id": import_id.to_string(), "by": by, "kind": kind, "company_uuid": company_uuid,
        "source": object.as_deref().unwrap_or("inline"), "bytes": bytes, "rows": counts.rows(), "counts": counts,
        "started_at": started_at, "updated_at": updated_at, "complete": import.is_complete(),
    })
}
