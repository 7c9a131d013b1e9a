//! An import step by step: a sheet is uploaded, its columns are matched, a dry run shows the faults, the member confirms, and the rows are
//! imported.
//!
//! ```text
//! upload -> Matching -> match_columns -> Checking -> step ... -> Checked -> confirm -> Running -> step ... -> Done
//! ```
//!
//! Nothing is in memory between two requests. Below `imports/console/{id}/` of the uploads bucket are:
//!
//! | object | holds |
//! |---|---|
//! | `state` | whose import it is, since when, and [`Import`] |
//! | `sheet` | the sheet |
//! | `{revision}/lines` | its rows as `import_hris` takes them; a revision is one mapping of the columns |
//! | `{revision}/rows` | the row of the sheet that each line is |
//! | `{revision}/cells` | the faults of cells that keep their rows out |
//! | `{revision}/{dry or real}-{offset}` | the faults of a slice |
//!
//! Each step may be repeated: a slice that was imported already changes nothing, and its objects are stored again under the same keys.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::hris::import_lines::Kind;
use shared::hris::values::Uuid;
use shared::staff::Member;

use super::faults::{Counts, RowFault, errors_file, of_cells, of_results};
use super::matching::{Mapping, guess, lines};
use super::store::{Folder, Owned};
use super::{MAX_FAULTS, Sheet};
use crate::admin::Admin;
use crate::console::texts::text;

/// Where imports are. The bucket removes them after a day.
const PREFIX: &str = "imports/console/";
const SHEET: &str = "sheet";
const ERRORS: &str = "errors.xlsx";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const JSON_LINES: &str = "application/x-ndjson";
/// The most rows of a step: they are stored within the time of a request, and the member sees the progress.
const STEP_ROWS: usize = 500;

/// Executes commands as the member who is signed in, with all checks of the console.
pub trait Gate: Sync {
    type Error: From<Error>;

    fn execute(&self, command: &'static str, fields: Value) -> impl Future<Output = Result<Value, Self::Error>> + Send;
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The member matches the columns.
    Matching,
    /// The dry run.
    Checking,
    /// The member looks at the faults, and confirms.
    Checked,
    Running,
    Done,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    pub id: String,
    pub kind: Kind,
    /// Companies themselves are imported into none.
    pub company: Option<Uuid>,
    /// The name of the file.
    pub name: String,
    pub stage: Stage,
    /// The titles of the columns.
    pub header: Vec<String>,
    /// The field of each column: as it was guessed, then as the member chose.
    pub mapping: Mapping,
    /// How many rows are imported.
    pub lines: u64,
    /// How many rows have a cell that cannot be read, and are not imported.
    pub left_out: u64,
    /// How many rows still hold the examples of the template, and are not imported.
    pub examples: u64,
    /// The record of the import.
    pub import_id: Option<String>,
    revision: u32,
    check: Pass,
    run: Pass,
}

/// One pass over the lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pass {
    /// Whether the first slice was begun.
    is_begun: bool,
    /// The `from` of the next slice; none for the first one.
    next: Option<Value>,
    slices: Vec<Slice>,
    /// How many rows had which result, once the record of the import says so: a slice that was repeated reports its rows as unchanged.
    recorded: Option<Counts>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Slice {
    offset: u64,
    counts: Counts,
}

/// What an import begins with.
pub struct Upload<'a> {
    pub kind: Kind,
    /// Every kind except [`Kind::Companies`] needs one, which `import_hris` demands.
    pub company: Option<Uuid>,
    /// The name of the file.
    pub name: &'a str,
    pub sheet: &'a Sheet,
}

/// How many rows are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub stage: Stage,
    pub done: u64,
    pub total: u64,
    /// Of the dry run until the member confirms, then of the import. A row that is left out counts as `refused`.
    pub counts: Counts,
}

impl Import {
    pub fn progress(&self) -> Progress {
        let mut counts = Counts { refused: self.left_out, ..Counts::default() };
        match self.pass().recorded {
            Some(recorded) => counts += recorded,
            None => self.pass().slices.iter().for_each(|slice| counts += slice.counts),
        }
        Progress { stage: self.stage, done: counts.rows(), total: self.lines + self.left_out, counts }
    }

    fn is_dry(&self) -> bool {
        matches!(self.stage, Stage::Matching | Stage::Checking | Stage::Checked)
    }

    fn pass(&self) -> &Pass {
        if self.is_dry() { &self.check } else { &self.run }
    }

    fn pass_mut(&mut self) -> &mut Pass {
        if self.is_dry() { &mut self.check } else { &mut self.run }
    }

    /// The name of an object of this mapping.
    fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.revision)
    }

    fn slice(&self, offset: u64) -> String {
        let pass = if self.is_dry() { "dry" } else { "real" };
        self.object(&format!("{pass}-{offset}"))
    }
}

/// Begins an import with a sheet. The columns are matched as their titles suggest.
///
/// S3: two PUTs.
pub async fn upload(app: &Admin, member: &Member, upload: Upload<'_>) -> Result<Import> {
    let Upload { kind, company, name, sheet } = upload;
    let folder = Folder::create(app, PREFIX)?;
    let import = Import {
        id: folder.id().to_owned(),
        kind,
        company,
        name: name.chars().take(128).collect(),
        stage: Stage::Matching,
        header: sheet.header.clone(),
        mapping: guess(kind, &sheet.header),
        lines: 0,
        left_out: 0,
        examples: 0,
        import_id: None,
        revision: 0,
        check: Pass::default(),
        run: Pass::default(),
    };
    folder.put(SHEET, sheet).await?;
    folder.put_state(&Owned::new(member, app.clock.now(), &import)).await?;
    Ok(import)
}

/// The import of a member.
///
/// S3: one GET.
pub async fn open(app: &Admin, member: &Member, id: &str) -> Result<Import> {
    Ok(stored(app, member, id).await?.1.state)
}

/// The sheet of an import.
///
/// S3: two GETs.
pub async fn sheet(app: &Admin, member: &Member, id: &str) -> Result<Sheet> {
    let (folder, _) = stored(app, member, id).await?;
    folder.existing(SHEET).await
}

async fn stored<'a>(app: &'a Admin, member: &Member, id: &str) -> Result<(Folder<'a>, Owned<Import>)> {
    let folder = Folder::of(app, PREFIX, id).ok_or_else(|| Error::missing("id"))?;
    let state = folder.state(member, app.clock.now()).await?.ok_or_else(|| Error::missing("id"))?;
    Ok((folder, state))
}

/// Takes over which column is which field, and begins the dry run. Before the import itself has begun, the member may match again.
///
/// S3: two GETs and four PUTs.
pub async fn match_columns(app: &Admin, member: &Member, id: &str, mapping: Mapping) -> Result<Import> {
    let (folder, mut stored) = stored(app, member, id).await?;
    let import = &mut stored.state;
    if import.stage != Stage::Matching && import.mapping == mapping {
        return Ok(stored.state);
    }
    if !import.is_dry() {
        return Err(Error::conflict(Fault::new("mapping", "cannot change: the import has begun")));
    }
    let sheet: Sheet = folder.existing(SHEET).await?;
    let mismatches = mapping.mismatches(import.kind, &sheet);
    if !mismatches.is_empty() {
        let fault = |field: Option<&str>, key| Fault::new(field.unwrap_or("mapping").to_owned(), key);
        return Err(Error::invalid(mismatches.iter().map(|mismatch| fault(mismatch.field(), mismatch.key()))));
    }
    let made = lines(import.kind, &sheet, &mapping);
    let left_out = of_cells(&sheet.header, &mapping, &made.faults);
    let mut rows: Vec<u32> = left_out.iter().map(|fault| fault.row).collect();
    rows.dedup();
    import.mapping = mapping;
    import.revision += 1;
    import.lines = made.rows.len() as u64;
    import.left_out = rows.len() as u64;
    import.examples = made.examples as u64;
    import.check = Pass::default();
    import.stage = if made.rows.is_empty() { Stage::Checked } else { Stage::Checking };
    folder.put_bytes(&import.object("lines"), made.text.into_bytes(), JSON_LINES).await?;
    folder.put(&import.object("rows"), &made.rows).await?;
    folder.put(&import.object("cells"), &left_out).await?;
    folder.put_state(&stored).await?;
    Ok(stored.state)
}

/// Begins the import itself, after the dry run.
///
/// S3: one GET and one PUT.
pub async fn confirm(app: &Admin, member: &Member, id: &str) -> Result<Import> {
    let (folder, mut stored) = stored(app, member, id).await?;
    match stored.state.stage {
        Stage::Running | Stage::Done => return Ok(stored.state),
        Stage::Checked if stored.state.lines > 0 => {}
        Stage::Checked => return Err(Error::conflict(Fault::new("id", "has no row that can be imported"))),
        Stage::Matching | Stage::Checking => return Err(Error::conflict(Fault::new("id", "is not checked"))),
    }
    stored.state.stage = Stage::Running;
    folder.put_state(&stored).await?;
    Ok(stored.state)
}

/// Executes one slice of the dry run or of the import. Does nothing while the member has to act, or when everything is done.
///
/// S3: two GETs and two PUTs, one more PUT for the first slice. Commands: `import_hris`, at the end `show_import`. If the first slice was
/// begun before and did not end, `list_imports` and `show_import` find its record.
pub async fn step<G: Gate>(app: &Admin, member: &Member, id: &str, gate: &G) -> Result<Import, G::Error> {
    let (folder, mut stored) = stored(app, member, id).await?;
    if !matches!(stored.state.stage, Stage::Checking | Stage::Running) {
        return Ok(stored.state);
    }
    if stored.state.stage == Stage::Running && stored.state.import_id.is_none() {
        if stored.state.run.is_begun {
            find_record(&folder, &mut stored.state, gate).await?;
        } else {
            stored.state.run.is_begun = true;
            folder.put_state(&stored).await?;
        }
    }
    if stored.state.stage != Stage::Done {
        slice(&folder, &mut stored.state, gate).await?;
    }
    if let (Stage::Done, Some(id)) = (stored.state.stage, &stored.state.import_id) {
        let shown = gate.execute("show_import", json!({"import_id": id})).await?;
        stored.state.run.recorded = serde_json::from_value(shown["counts"].clone()).ok();
    }
    folder.put_state(&stored).await?;
    Ok(stored.state)
}

async fn slice<G: Gate>(folder: &Folder<'_>, import: &mut Import, gate: &G) -> Result<(), G::Error> {
    let from = import.pass().next.clone();
    let offset = from.as_ref().and_then(|from| from["offset"].as_u64()).unwrap_or(0);
    let mut fields = json!({
        "kind": import.kind, "object": folder.key(&import.object("lines")), "dry_run": import.is_dry(),
        "limit": STEP_ROWS,
    });
    if let Some(company) = &import.company {
        fields["company_uuid"] = json!(company);
    }
    if let Some(from) = from {
        fields["from"] = from;
    }
    let output = gate.execute("import_hris", fields).await?;
    let results = output["results"].as_array().map_or(&[][..], Vec::as_slice);
    store(folder, import, offset, Counts::of(results), results).await?;
    let next = output["next"].clone();
    if let Some(id) = output["import_id"].as_str() {
        import.import_id = Some(id.to_owned());
    }
    let is_last = next.is_null();
    import.pass_mut().next = Some(next).filter(|next| !next.is_null());
    if is_last {
        import.stage = if import.is_dry() { Stage::Checked } else { Stage::Done };
    }
    Ok(())
}

/// Stores the faults of a slice, and notes its counts.
async fn store(folder: &Folder<'_>, import: &mut Import, offset: u64, counts: Counts, results: &[Value]) -> Result<()> {
    let rows: Vec<u32> = folder.existing(&import.object("rows")).await?;
    let mut faults = of_results(&import.header, &import.mapping, &rows, results);
    limit(&mut faults);
    folder.put(&import.slice(offset), &faults).await?;
    let slices = &mut import.pass_mut().slices;
    slices.retain(|slice| slice.offset != offset);
    slices.push(Slice { offset, counts });
    Ok(())
}

/// At most so many faults of each row.
fn limit(faults: &mut Vec<RowFault>) {
    let (mut row, mut count) = (0, 0);
    faults.retain(|fault| {
        count = if fault.row == row { count + 1 } else { 1 };
        row = fault.row;
        count <= MAX_FAULTS
    });
}

/// Finds the record of an import whose first slice was begun by a request that did not end. If it is missing, the slice begins again.
async fn find_record<G: Gate>(folder: &Folder<'_>, import: &mut Import, gate: &G) -> Result<(), G::Error> {
    let mut fields = json!({"limit": 100});
    if let Some(company) = &import.company {
        fields["company_uuid"] = json!(company);
    }
    let listed = gate.execute("list_imports", fields).await?;
    let source = folder.key(&import.object("lines"));
    let mut records = listed["imports"].as_array().into_iter().flatten();
    let Some(record) = records.find(|record| record["source"] == source.as_str()) else { return Ok(()) };
    let Some(id) = record["import_id"].as_str() else { return Ok(()) };
    import.import_id = Some(id.to_owned());
    let shown = gate.execute("show_import", json!({"import_id": id})).await?;
    // The record has the results of the slices before, which no other object may have.
    let counts: Counts = serde_json::from_value(shown["counts"].clone()).unwrap_or_default();
    store(folder, import, 0, counts, shown["refused"].as_array().map_or(&[], Vec::as_slice)).await?;
    match &shown["next"] {
        Value::Null => import.stage = Stage::Done,
        next => import.run.next = Some(json!({"import_id": id, "offset": next["offset"], "line": next["line"]})),
    }
    Ok(())
}

/// The faults and warnings by row: those of the dry run until the member confirms, then those of the import.
///
/// S3: two GETs, and one for each slice.
pub async fn faults(app: &Admin, member: &Member, id: &str) -> Result<Vec<RowFault>> {
    let (folder, Owned { state: import, .. }) = stored(app, member, id).await?;
    if import.stage == Stage::Matching {
        return Ok(Vec::new());
    }
    collected(&folder, &import).await
}

async fn collected(folder: &Folder<'_>, import: &Import) -> Result<Vec<RowFault>> {
    let mut faults: Vec<RowFault> = folder.existing(&import.object("cells")).await?;
    for Slice { offset, .. } in &import.pass().slices {
        faults.extend(folder.read::<Vec<RowFault>>(&import.slice(*offset)).await?.unwrap_or_default());
    }
    faults.sort_by_key(|fault| fault.row);
    Ok(faults)
}

/// An address from which a browser downloads the rows with a fault, for fifteen minutes.
///
/// S3: three GETs, one for each slice, and one PUT.
pub async fn download_errors(app: &Admin, member: &Member, id: &str) -> Result<String> {
    let (folder, Owned { state: import, .. }) = stored(app, member, id).await?;
    if import.stage == Stage::Matching {
        return Err(Error::conflict(Fault::new("id", "is not checked")));
    }
    let (sheet, faults): (Sheet, _) = (folder.existing(SHEET).await?, collected(&folder, &import).await?);
    folder.put_bytes(ERRORS, errors_file(import.kind, &sheet, &faults)?, XLSX).await?;
    let name = import.name.rsplit_once('.').map_or(import.name.as_str(), |(name, _)| name);
    folder.download(ERRORS, &format!("{name}-{}.xlsx", text("sheet.errors.file"))).await
}
