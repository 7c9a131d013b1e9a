//! Imports and exports of the console over several requests. The pages call the same functions.

use std::sync::Mutex;

use jiff::SignedDuration;
use ops::admin::Admin;
use ops::sheets::export::{self, Column, FileType, Format, Page, Pages};
use ops::sheets::faults::Counts;
use ops::sheets::import::{self, Gate, Import, Stage as Step, Upload};
use ops::sheets::{Sheet, read};
use serde_json::{Value, json};
use shared::error::{Error, Kind as ErrorKind, Result};
use shared::hris::import_lines::Kind;
use shared::hris::values::Uuid;
use shared::runtime::clock::Clock as _;
use shared::staff::{Member, Service};
use shared::values::Secret;

use crate::quality::sheets::compare;
use crate::support::Stage;
use crate::support::product::{Product, numbered};
use crate::support::staff::{SESSION, Staff};

/// A member of staff, and the function `ops-console` with its own rights.
struct Console {
    stage: Stage,
    app: Admin,
    staff: Staff,
    member: Member,
    /// The commands that were executed.
    executed: Mutex<Vec<(&'static str, Value)>>,
}

impl Console {
    /// S3 accepts what was signed minutes ago.
    async fn open() -> Self {
        let stage = Stage::open_now().await;
        let environment = stage.environment_of("ops-console");
        let app = Admin::connect(&environment).await.unwrap();
        let (staff, member) = signed_in(&stage).await;
        Self { stage, app, staff, member, executed: Mutex::default() }
    }

    async fn upload(&self, company: &str, sheet: &Sheet) -> Import {
        let company = Some(Uuid::parse(company).unwrap());
        let upload = Upload { kind: Kind::Employees, company, name: "员工.xlsx", sheet };
        import::upload(&self.app, &self.member, upload).await.unwrap()
    }

    async fn step(&self, id: &str) -> Import {
        import::step(&self.app, &self.member, id, self).await.unwrap()
    }

    fn take_executed(&self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.executed.lock().unwrap())
    }
}

/// The commands go through the console's API.
impl Gate for Console {
    type Error = Error;

    async fn execute(&self, command: &'static str, fields: Value) -> Result<Value> {
        let response = self.staff.browser.post(&format!("commands/{command}"), &fields).await;
        self.executed.lock().unwrap().push((command, fields));
        if response.status == 200 { Ok(response.body) } else { Err(Error::internal(format!("{response:?}"))) }
    }
}

async fn signed_in(stage: &Stage) -> (Staff, Member) {
    let staff = Staff::signed_in(&stage.address, &["hr"], json!({}), stage.clock.now()).await;
    let service = Service::connect(&stage.environment()).await.unwrap();
    let session = staff.browser.cookie(SESSION).unwrap();
    let member = service.session(Secret::new(session.as_str())).await.unwrap().unwrap().member;
    (staff, member)
}

/// Makes the calls of an import that no command makes.
pub async fn grants_used(stage: &Stage) {
    let app = Admin::connect(&stage.environment_of("ops-console")).await.unwrap();
    let (_, member) = signed_in(stage).await;
    let sheet = sheet(1..2, &[]);
    let upload = Upload { kind: Kind::Companies, company: None, name: "公司.xlsx", sheet: &sheet };
    let begun = import::upload(&app, &member, upload).await.unwrap();
    assert_eq!(import::open(&app, &member, &begun.id).await.unwrap(), begun);
    // One that does not exist.
    let missing = export::open(&app, &member, &"a".repeat(43)).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

/// A sheet of employees with these numbers; those in `wrong` have no status.
fn sheet(numbers: std::ops::Range<u32>, wrong: &[u32]) -> Sheet {
    let mut text = String::from("员工ID,姓名,工号,状态,手机号\n");
    for number in numbers {
        let row = numbered(number);
        let cell = |name: &str| row[name].as_str().unwrap().to_owned();
        let status = if wrong.contains(&number) { "在职" } else { "正式" };
        text.push_str(&format!("{},{},{},{status},\n", cell("uuid"), cell("name"), cell("empno")));
    }
    read(text.as_bytes()).unwrap()
}

fn counts(created: u64, unchanged: u64, refused: u64) -> Counts {
    Counts { created, unchanged, refused, ..Counts::default() }
}

#[tokio::test]
async fn a_sheet_is_checked_then_imported_slice_by_slice() {
    let console = Console::open().await;
    let product = Product::join_stage(&console.stage).await;
    let (app, member) = (&console.app, &console.member);
    let mut sheet = sheet(1..704, &[3, 650]);
    // The header is row 1.
    sheet.faults.push(ops::sheets::CellFault { row: 11, column: 4, reason: ops::sheets::CellReason::LostDigits });
    let begun = console.upload(&product.company, &sheet).await;
    let id = begun.id.as_str();
    assert_eq!(begun.stage, Step::Matching);
    let guessed: Vec<Option<&str>> = begun.mapping.0.iter().map(Option::as_deref).collect();
    assert_eq!(guessed, [Some("uuid"), Some("name"), Some("empno"), Some("status"), Some("mobile")]);
    assert_eq!(import::sheet(app, member, id).await.unwrap(), sheet);
    assert_eq!(console.step(id).await, begun, "the member has to match the columns first");
    assert_eq!(import::faults(app, member, id).await.unwrap(), []);

    let mut without_name = begun.mapping.clone();
    without_name.0[1] = Some("nickname".into());
    without_name.0[4] = Some("nickname".into());
    let rejected = import::match_columns(app, member, id, without_name).await.unwrap_err();
    let faults: Vec<_> = rejected.faults().iter().map(|fault| (fault.field.as_str(), &*fault.reason)).collect();
    assert_eq!(faults, [("nickname", "sheet.match.twice"), ("name", "sheet.match.missing")]);

    let matched = import::match_columns(app, member, id, begun.mapping.clone()).await.unwrap();
    assert_eq!((matched.stage, matched.lines, matched.left_out), (Step::Checking, 702, 1));
    assert_eq!((matched.progress().done, matched.progress().total), (1, 703));
    let refused = import::confirm(app, member, id).await.unwrap_err();
    assert_eq!(refused.faults()[0].reason, "is not checked");
    let first = console.step(id).await;
    assert_eq!((first.stage, first.progress().done), (Step::Checking, 501));
    let checked = console.step(id).await;
    assert_eq!((checked.stage, checked.progress().counts), (Step::Checked, counts(700, 0, 3)));
    assert_eq!(console.step(id).await, checked, "the member has to confirm");
    assert_eq!(console.take_executed().len(), 2);
    let items = console.stage.items("hris").await;
    assert!(!items.iter().any(|item| item["pk"]["S"].as_str().is_some_and(|key| key.contains("employee"))));

    let found = import::faults(app, member, id).await.unwrap();
    let places: Vec<_> = found.iter().map(|fault| (fault.row, fault.cell.as_ref().unwrap().letters.as_str())).collect();
    assert_eq!(places, [(4, "D"), (11, "E"), (651, "D")]);
    let texts: Vec<String> = found.iter().map(|fault| fault.text(Kind::Employees)).collect();
    assert_eq!(texts[0], "必须是：待入职、试用、正式、离职、实习");

    let running = import::confirm(app, member, id).await.unwrap();
    assert_eq!((running.stage, running.progress().done), (Step::Running, 1));
    assert_eq!(import::confirm(app, member, id).await.unwrap(), running);
    let conflict = import::match_columns(app, member, id, Default::default()).await.unwrap_err();
    assert_eq!(conflict.kind(), ErrorKind::Conflict);
    assert_eq!(console.step(id).await.progress().done, 501);
    let done = console.step(id).await;
    assert_eq!((done.stage, done.progress().counts), (Step::Done, counts(700, 0, 3)));
    assert_eq!(console.step(id).await, done);
    let listed = product.command(json!({"command": "list_imports", "company_uuid": product.company})).await;
    assert_eq!(listed["imports"][0]["import_id"].as_str(), done.import_id.as_deref());
    assert_eq!((&listed["imports"][0]["complete"], &listed["imports"][1]), (&json!(true), &Value::Null));

    let url = import::download_errors(app, member, id).await.unwrap();
    let downloaded = local::http::client().get(url).send().await.unwrap();
    let name =
        "attachment; filename=\"__-____.xlsx\"; filename*=UTF-8''%E5%91%98%E5%B7%A5-%E9%94%99%E8%AF%AF%E6%95%B0%E6%8D%AE.xlsx";
    assert_eq!((downloaded.status().as_u16(), &downloaded.headers()["content-disposition"]), (200, &name.parse().unwrap()));
    let errors = read(&downloaded.bytes().await.unwrap()).unwrap();
    assert_eq!(errors.rows.iter().map(|row| row.cells[2].as_str()).collect::<Vec<_>>(), ["000003", "000010", "000650"]);
}

/// The state of an import whose request ended before it could be stored is an earlier one.
#[tokio::test]
async fn a_step_that_is_repeated_imports_no_row_twice() {
    let console = Console::open().await;
    let product = Product::join_stage(&console.stage).await;
    let (app, member, objects) = (&console.app, &console.member, console.stage.objects().await);
    let begun = console.upload(&product.company, &sheet(1..602, &[7])).await;
    let (id, key) = (begun.id.as_str(), format!("imports/console/{}/state", begun.id));
    let state = async || objects.read(&key, 0, 1 << 20).await.unwrap().unwrap().0;
    let lose = async |state: Vec<u8>| objects.put(&key, state, "application/json").await.unwrap();

    import::match_columns(app, member, id, begun.mapping.clone()).await.unwrap();
    let before = state().await;
    let first = console.step(id).await;
    lose(before).await;
    assert_eq!(console.step(id).await, first);
    console.step(id).await;
    import::confirm(app, member, id).await.unwrap();

    // The first slice was begun, and its response is lost.
    let before = state().await;
    console.step(id).await;
    let mut begun: Value = serde_json::from_slice(&before).unwrap();
    begun["state"]["run"]["is_begun"] = true.into();
    lose(begun.to_string().into_bytes()).await;
    console.take_executed();
    let second = console.step(id).await;
    let executed: Vec<&str> = console.take_executed().into_iter().map(|(name, _)| name).collect();
    assert_eq!(executed, ["list_imports", "show_import", "import_hris", "show_import"]);
    assert_eq!((second.stage, second.progress().counts), (Step::Done, counts(600, 0, 1)));
    let found = import::faults(app, member, id).await.unwrap();
    assert_eq!(found.iter().map(|fault| fault.row).collect::<Vec<_>>(), [8]);

    // The last slice is repeated.
    begun["state"]["run"]["next"] = json!({"import_id": second.import_id, "offset": 0, "line": 0});
    begun["state"]["import_id"] = json!(second.import_id);
    lose(begun.to_string().into_bytes()).await;
    console.step(id).await;
    let again = console.step(id).await;
    assert_eq!((again.stage, again.progress().counts), (Step::Done, counts(600, 0, 1)));
    let listed = product.command(json!({"command": "list_imports", "company_uuid": product.company})).await;
    assert_eq!(listed["imports"].as_array().unwrap().len(), 1, "one import is one record");
}

#[tokio::test]
async fn an_import_and_an_export_are_those_of_their_member_for_a_day() {
    let console = Console::open().await;
    let product = Product::join_stage(&console.stage).await;
    let (app, member) = (&console.app, &console.member);
    let begun = console.upload(&product.company, &sheet(1..3, &[])).await;
    let columns = vec![Column { title: "A".into(), format: Format::Text }];
    let exported = export::begin(app, member, "x", FileType::Csv, columns).await.unwrap();
    let (_, other) = signed_in(&console.stage).await;
    let is_missing = |error: &Error| error.kind() == ErrorKind::NotFound;
    for id in [begun.id.as_str(), "", "x", "../state", &"a".repeat(43)] {
        assert!(is_missing(&import::open(app, &other, id).await.unwrap_err()), "{id}");
        assert!(is_missing(&export::open(app, &other, id).await.unwrap_err()), "{id}");
        assert!(is_missing(&import::step(app, &other, id, &console).await.unwrap_err()), "{id}");
    }
    assert!(is_missing(&export::open(app, &other, &exported.id).await.unwrap_err()));
    assert!(is_missing(&import::open(app, member, &exported.id).await.unwrap_err()));
    console.stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 60));
    // The machine's clock signs requests to S3.
    assert_eq!(import::open(app, member, &begun.id).await.unwrap(), begun);
    console.stage.clock.advance(SignedDuration::from_secs(60));
    assert!(is_missing(&import::open(app, member, &begun.id).await.unwrap_err()));
    assert!(is_missing(&export::open(app, member, &exported.id).await.unwrap_err()));
}

/// A list of so many rows, and of so many on each page.
struct List {
    rows: usize,
    page: usize,
    read: Mutex<Vec<Option<String>>>,
    /// How long a page takes.
    takes: SignedDuration,
    clock: std::sync::Arc<shared::runtime::clock::ManualClock>,
}

impl Pages for List {
    type Error = Error;

    async fn page(&self, cursor: Option<&str>) -> Result<Page> {
        self.read.lock().unwrap().push(cursor.map(str::to_owned));
        self.clock.advance(self.takes);
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let to = (from + self.page).min(self.rows);
        let row = |n: usize| {
            vec![
                json!(format!("{n:018}")),
                json!(format!("=张三{n}")),
                json!(n),
                json!(n as f64 / 100.0),
                json!("2026-11-30 08:00:00"),
            ]
        };
        Ok(Page { rows: (from..to).map(row).collect(), next: (to < self.rows).then(|| to.to_string()) })
    }
}

fn columns() -> Vec<Column> {
    let columns = [
        ("编号", Format::Text),
        ("姓名", Format::Text),
        ("次数", Format::Number),
        ("金额", Format::Money),
        ("时间", Format::Time),
    ];
    columns.map(|(title, format)| Column { title: title.into(), format }).into()
}

async fn exported(console: &Console, file: FileType, list: &List) -> (export::Export, reqwest::Response) {
    let (app, member) = (&console.app, &console.member);
    let mut export = export::begin(app, member, "订单 11 月", file, columns()).await.unwrap();
    while export.stage != export::Stage::Done {
        assert_eq!(export::download(app, member, &export.id).await.unwrap_err().kind(), ErrorKind::Conflict);
        export = export::step(app, member, &export.id, list).await.unwrap();
    }
    assert_eq!(export::step(app, member, &export.id, list).await.unwrap(), export);
    let url = export::download(app, member, &export.id).await.unwrap();
    (export, local::http::client().get(url).send().await.unwrap())
}

#[tokio::test]
async fn a_list_is_exported_over_several_requests() {
    let console = Console::open().await;
    let list = |rows, takes| List {
        rows,
        page: 1000,
        read: Mutex::default(),
        takes: SignedDuration::from_secs(takes),
        clock: console.stage.clock.clone(),
    };
    for (file, extension) in [(FileType::Xlsx, "xlsx"), (FileType::Csv, "csv")] {
        let few = list(3, 0);
        let (_, response) = exported(&console, file, &few).await;
        let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.ends_with(&format!("''%E8%AE%A2%E5%8D%95%2011%20%E6%9C%88.{extension}")), "{disposition}");
        compare(&format!("export.{extension}"), &response.bytes().await.unwrap());

        // Five seconds are two pages of three seconds each.
        let slow = list(5500, 3);
        let (export, response) = exported(&console, file, &slow).await;
        assert_eq!((export.rows, export.is_cut), (5500, false));
        let sheet = read(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(sheet.header, ["编号", "姓名", "次数", "金额", "时间"]);
        assert_eq!(sheet.rows.len(), 5500);
        for (row, number) in sheet.rows.iter().zip(0..) {
            let name = if file == FileType::Csv { format!("'=张三{number}") } else { format!("=张三{number}") };
            assert_eq!((row.number, &row.cells[0], &row.cells[1]), (number + 2, &format!("{number:018}"), &name));
        }
        let pages = slow.read.lock().unwrap().len();
        assert_eq!(pages, 6, "each page is read once");
    }
    // What a step that was repeated stores replaces what was there.
    let once = list(2500, 6);
    let (app, member) = (&console.app, &console.member);
    let begun = export::begin(app, member, "x", FileType::Csv, columns()).await.unwrap();
    let (objects, key) = (console.stage.objects().await, format!("exports/console/{}/state", begun.id));
    let before = objects.read(&key, 0, 1 << 20).await.unwrap().unwrap().0;
    let first = export::step(app, member, &begun.id, &once).await.unwrap();
    objects.put(&key, before, "application/json").await.unwrap();
    assert_eq!(export::step(app, member, &begun.id, &once).await.unwrap(), first);
    assert_eq!(first.rows, 1000);
}

/// In XLSX, rows of fifteen columns are more than 100 MB. Only compressed ones are in memory.
#[tokio::test]
async fn a_wide_list_of_a_hundred_thousand_rows_is_exported_whole() {
    let console = Console::open().await;
    let list = List {
        rows: 100_000,
        page: 1000,
        read: Mutex::default(),
        takes: SignedDuration::ZERO,
        clock: console.stage.clock.clone(),
    };
    let wide = Wide(&list);
    let (app, member) = (&console.app, &console.member);
    let columns = [columns(), columns(), columns()].concat();
    let mut export = export::begin(app, member, "x", FileType::Xlsx, columns).await.unwrap();
    let mut steps = 0;
    while export.stage != export::Stage::Done {
        export = export::step(app, member, &export.id, &wide).await.unwrap();
        steps += 1;
    }
    assert_eq!((export.rows, export.is_cut, steps), (100_000, false, 21));
    let stored = console.stage.objects().await.read(&format!("exports/console/{}/file", export.id), 0, 1 << 26).await.unwrap();
    let file = stored.expect("the file").0;
    assert!(file.starts_with(b"PK") && file.len() < 32 << 20, "{}", file.len());
}

/// A list with the same cells three times in each row.
struct Wide<'a>(&'a List);

impl Pages for Wide<'_> {
    type Error = Error;

    async fn page(&self, cursor: Option<&str>) -> Result<Page> {
        let Page { rows, next } = self.0.page(cursor).await?;
        Ok(Page { rows: rows.into_iter().map(|row| [row.clone(), row.clone(), row].concat()).collect(), next })
    }
}

#[tokio::test]
async fn an_export_ends_at_a_hundred_thousand_rows() {
    let console = Console::open().await;
    let list = List {
        rows: 100_001,
        page: 999,
        read: Mutex::default(),
        takes: SignedDuration::ZERO,
        clock: console.stage.clock.clone(),
    };
    let (export, response) = exported(&console, FileType::Csv, &list).await;
    assert_eq!((export.rows, export.is_cut), (100_000, true));
    let text = response.text().await.unwrap();
    assert_eq!(text.lines().count(), 100_001);
    assert!(text.starts_with("\u{feff}编号,姓名,次数,金额,时间\r\n000000000000000000,'=张三0,0,0.00,2026-11-30 08:00:00\r\n"));
    let exact = List { rows: 1998, ..list };
    assert!(!exported(&console, FileType::Csv, &exact).await.0.is_cut);
}
