//! The sections of `docs/performance.md`, as Markdown.

mod console;
mod scale;

use std::fmt::Write as _;
use std::time::Duration;

use crate::consent::{Consent, TRIES};
use crate::events::{CHANGES, PAUSE};
use crate::functions::{CALLS, Contender, STARTS, Samples};
use crate::load::{CLIENTS, Load};
use crate::sealing::{Compared, Form};
use crate::search::Measured;
use crate::wire::Call;
use crate::{Failure, lists, partner, sealing};
pub use console::console;
pub use scale::scale;

/// The functions that read one record, as the floor does, and the limits of their ratios. `signing-employee.get` is not among them: it also
/// reads the session.
const ONE_RECORD: [&str; 4] = ["channel-users.get", "channel-companies.get", "hris-employees.get", "jobboard-account.info"];
const WARM_LIMIT: f64 = 1.3;
const COLD_LIMIT: f64 = 1.5;

/// The medians of a contender. Times are in milliseconds.
struct Row {
    ready: f64,
    first: f64,
    /// From the start to the first response.
    cold: f64,
    warm: f64,
    warm_p99: f64,
    /// In MiB.
    memory: f64,
    /// The size of the binary and of the zip file, in MB.
    size: f64,
    packed: f64,
}

impl Row {
    fn of(contender: &Contender) -> Result<Self, Failure> {
        let samples = &contender.samples;
        let of = |measure: fn(&Samples) -> Duration| samples.iter().map(measure).collect();
        let warm: Vec<Duration> = samples.iter().flat_map(|samples| samples.warm.iter().copied()).collect();
        let memory = samples.iter().map(|samples| Duration::from_millis(samples.peak_memory)).collect();
        Ok(Self {
            ready: quantile(of(|samples| samples.ready), 0.5)?,
            first: quantile(of(|samples| samples.first), 0.5)?,
            cold: quantile(of(|samples| samples.ready + samples.first), 0.5)?,
            warm: quantile(warm.clone(), 0.5)?,
            warm_p99: quantile(warm, 0.99)?,
            memory: quantile(memory, 0.5)? / 1024.0,
            size: contender.size as f64 / 1e6,
            packed: contender.packed as f64 / 1e6,
        })
    }
}

/// In milliseconds.
fn quantile(mut values: Vec<Duration>, at: f64) -> Result<f64, Failure> {
    values.sort_unstable();
    let index = ((values.len().max(1) - 1) as f64 * at).round() as usize;
    Ok(values.get(index).ok_or("no samples")?.as_secs_f64() * 1000.0)
}

/// Every function compared with the floors. The first two contenders are the floors; the ratios are to the second one.
pub fn functions(contenders: &[Contender]) -> Result<String, Failure> {
    let rows = contenders.iter().map(Row::of).collect::<Result<Vec<_>, _>>()?;
    let floor = rows.get(1).ok_or("no floor")?;
    let mut text = String::from("## Every function\n\n");
    writeln!(
        text,
        "{STARTS} fresh processes of each function under an emulated Runtime API, in turn, {CALLS} warm calls in each process, with the event \
         that the first column names (`events/`); medians, in milliseconds. Cold is from the start of the process to its first response; its \
         ratio and that of the warm calls are to the bare GetItem. A TLS terminator is in front of embedded services on the same machine, so \
         absolute times say little and ratios say much: DynamoDB itself adds the same few milliseconds to every call. Packed is the size of \
         the zip. The last columns are the DynamoDB calls of the first and of a warm invocation, and the capacity units of the warm one; \
         [budgets.md](budgets.md) has those of every endpoint.\n"
    )?;
    writeln!(
        text,
        "| | ready | first call | cold | ratio | warm p50 | warm p99 | ratio | peak memory MiB | binary MB | packed MB | first calls | warm calls | units |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|---|---:|"
    )?;
    for (contender, row) in contenders.iter().zip(&rows) {
        let Row { ready, first, cold, warm, warm_p99, memory, size, packed } = row;
        let (cold_ratio, warm_ratio) = (cold / floor.cold, warm / floor.warm);
        writeln!(
            text,
            "| {} | {ready:.2} | {first:.2} | {cold:.2} | {cold_ratio:.2} | {warm:.3} | {warm_p99:.3} | {warm_ratio:.2} | {memory:.1} | \
             {size:.1} | {packed:.2} | {} | {} | {:.1} |",
            contender.name,
            operations(&contender.first_calls),
            operations(&contender.calls),
            units(&contender.calls)
        )?;
    }
    text.push_str("\n![Start to first response](charts/cold-start.svg)\n\n");
    write!(
        text,
        "GET of one record, warm (at most {WARM_LIMIT} times the bare GetItem) and cold (at most {COLD_LIMIT} times):"
    )?;
    for name in ONE_RECORD {
        let (_, one) = contenders.iter().zip(&rows).find(|(contender, _)| contender.name == name).ok_or(name)?;
        let (warm, cold) = (one.warm / floor.warm, one.cold / floor.cold);
        write!(text, " `{name}` **{warm:.2}** and **{cold:.2}**;")?;
    }
    text.pop();
    text.push_str(
        ". Every function fetches its keys and opens its DynamoDB connection while it starts, when a function on Lambda has a whole CPU; the \
         floor needs no keys and opens its connection in the first call. A function that makes more than one read takes longer, by its calls \
         and its work: the first call of a process looks up the caller, in the HR API the company's token too; tokens, captchas and orders \
         are created, images checked, and the search loads all open jobs.\n",
    );
    Ok(text)
}

/// The time from the start to the first response of each contender, in milliseconds.
pub fn cold_starts(contenders: &[Contender]) -> Result<Vec<(String, f64)>, Failure> {
    contenders.iter().map(|contender| Ok((contender.name.clone(), Row::of(contender)?.cold))).collect()
}

/// The cost of pages as lists grow.
pub fn lists(measured: &[lists::Measured]) -> Result<String, Failure> {
    let mut text = String::from("## Lists\n\n");
    writeln!(
        text,
        "A page of {} rows over HTTP, for this many records of one tenant: DynamoDB calls / read units / p50 ms, through a proxy that counts \
         the calls. The records are copies of one that the system has stored. By number, DynamoDB counts everything before and behind the \
         page, for the total, unless the list has milestones ([ADR 0017](adr/0017-milestones.md)); by cursor it reads the page. Not here: \
         the partner API, which is below; the jobs that a user has collected and the ledger of vouchers ([budgets.md](budgets.md#job-board)), \
         and lists that are returned whole up to a limit of their own ([quirks.md](quirks.md)).\n",
        lists::PAGE
    )?;
    writeln!(
        text,
        "| list | records | first page | last page by number | last but one by cursor |\n|---|---:|---:|---:|---:|"
    )?;
    for one in measured {
        let cost = |cost: &lists::Cost| -> Result<String, Failure> {
            Ok(format!("{} / {:.1} / {:.2}", cost.calls, cost.units, quantile(cost.times.clone(), 0.5)?))
        };
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            one.list,
            thousands(one.records),
            cost(&one.first)?,
            cost(&one.last)?,
            cost(&one.cursor)?
        )?;
    }
    text.push_str("\n![Read units of a page](charts/lists.svg)\n");
    Ok(text)
}

/// The lists of the partner API.
pub fn partner(measured: &[partner::Measured]) -> Result<String, Failure> {
    let mut text = String::from("## Lists of the partner API\n\n");
    writeln!(
        text,
        "A page of {} rows over HTTP, for this many records of one tenant: DynamoDB calls / read units / p50 ms, through a proxy that counts \
         the calls. The records are copies of one that the system has stored; one in {} has the rare status. A page by number comes from the \
         memory of the process, which reads what has changed before each answer (`shared/src/channel/view/`). Cold is the first page of a \
         process: it reads the list once. Behind the filter a page by cursor ends, short, after 85 times its \
         size (`shared/src/storage/list.rs`).\n",
        lists::PAGE,
        lists::RARE
    )?;
    writeln!(
        text,
        "| list | records | {} | cold |\n|---|---:{}|---:|",
        partner::PAGES.join(" | "),
        "|---:".repeat(partner::PAGES.len())
    )?;
    for one in measured {
        let cost = |cost: &lists::Cost| -> Result<String, Failure> {
            Ok(format!("{} / {:.1} / {:.2}", cost.calls, cost.units, quantile(cost.times.clone(), 0.5)?))
        };
        let pages = one.pages.iter().map(cost).collect::<Result<Vec<_>, _>>()?.join(" | ");
        writeln!(text, "| `{}` | {} | {pages} | {} |", one.list, thousands(one.records), cost(&one.cold)?)?;
    }
    Ok(text)
}

/// The throughput and errors of the whole system on one machine.
pub fn load(load: &Load) -> Result<String, Failure> {
    let mut text = String::from("## Load\n\n");
    let requests: usize = load.times.values().map(Vec::len).sum();
    let all: Vec<Duration> = load.times.values().flatten().copied().collect();
    writeln!(
        text,
        "{CLIENTS} clients in one process with `local` and its embedded parts, its data in a file: {} requests in {:.0} seconds, \
         **{:.0} a second**, p50 {:.1} ms, p99 {:.1} ms. Errors: **{}**. Acknowledged writes: {}, each seen in the next response or read back \
         at the end, except **{}**.\n",
        thousands(requests),
        load.lasted.as_secs_f64(),
        requests as f64 / load.lasted.as_secs_f64(),
        quantile(all.clone(), 0.5)?,
        quantile(all, 0.99)?,
        load.errors.values().sum::<usize>(),
        thousands(load.written),
        load.lost
    )?;
    writeln!(text, "| request | count | p50 ms | p99 ms |\n|---|---:|---:|---:|")?;
    for (what, times) in &load.times {
        let (p50, p99) = (quantile(times.clone(), 0.5)?, quantile(times.clone(), 0.99)?);
        writeln!(text, "| `{what}` | {} | {p50:.1} | {p99:.1} |", thousands(times.len()))?;
    }
    for (error, count) in &load.errors {
        writeln!(text, "\n{count} times: {error}")?;
    }
    Ok(text)
}

/// The times of the consent page. The noise is the difference of the medians
/// that 95 of 100 random divisions of all requests into two halves stay below.
pub fn consents(measured: &[Consent]) -> Result<String, Failure> {
    let mut text = String::from("## The consent page\n\n");
    writeln!(
        text,
        "The time of a request for a code, p50 in milliseconds of {TRIES} requests for phones of administrators and {TRIES} for phones \
         that belong to no one, in turn. The message is sent after the response (`shared/src/runtime/outbox.rs`). Of 1,000 random \
         divisions of all requests into two halves, 95 in 100 have a smaller difference than the noise.\n"
    )?;
    writeln!(text, "| SNS | administrators | others | difference | noise |\n|---|---:|---:|---:|---:|")?;
    for Consent { service, administrators, strangers } in measured {
        let (known, unknown) = (quantile(administrators.clone(), 0.5)?, quantile(strangers.clone(), 0.5)?);
        let (difference, noise) = (known - unknown, noise([&administrators[..], strangers].concat())?);
        writeln!(text, "| {service} | {known:.2} | {unknown:.2} | {difference:.2} | {noise:.2} |")?;
    }
    Ok(text)
}

/// The delays of events.
pub fn events(delays: &[Duration]) -> Result<String, Failure> {
    let mut text = String::from("## Events\n\n");
    writeln!(
        text,
        "From the response to a change until its event arrives at the receiver of a product: {CHANGES} imported departments, {} ms apart. The \
         local stream reports every 250 ms and the local queue every 100 ms. On AWS the metric `event_delay` reports it; it is not measured. \
         [cost.md](cost.md#a-million-events) has the cost of a million.\n\n\
         | p50 ms | p95 ms | longest ms |\n|---:|---:|---:|",
        PAUSE.as_millis()
    )?;
    let [p50, p95, longest] = [0.5, 0.95, 1.0].map(|at| quantile(delays.to_vec(), at));
    writeln!(text, "| {:.0} | {:.0} | {:.0} |", p50?, p95?, longest?)?;
    Ok(text)
}

/// Lists of sealed records, next to the same in plain.
pub fn sealing(measured: &[Compared]) -> Result<String, Failure> {
    let mut text = String::from("## Sealed fields\n\n");
    writeln!(
        text,
        "Lists over {} records, p50 and p90 in milliseconds of {} requests each, in turn: the personal fields of each record are sealed \
         together (`shared/src/storage/sealed.rs`), or stored in plain, as earlier versions did, which is the floor. Read units are those \
         of DynamoDB. The ratio is to the floor; the noise is that of the consent page.\n",
        thousands(sealing::RECORDS),
        sealing::TIMES
    )?;
    writeln!(
        text,
        "| list | fields | record, bytes | calls | read units | p50 ms | p90 ms | ratio | noise ms |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for Compared { what, forms } in measured {
        let [sealed, plain] = forms;
        let (floor, noise) = (quantile(plain.times.clone(), 0.5)?, noise([&sealed.times[..], &plain.times].concat())?);
        for Form { name, bytes, calls, units, times } in forms {
            let (p50, p90) = (quantile(times.clone(), 0.5)?, quantile(times.clone(), 0.9)?);
            let ratio = p50 / floor;
            writeln!(
                text,
                "| {what} | {name} | {bytes} | {calls} | {units:.1} | {p50:.1} | {p90:.1} | {ratio:.2} | {noise:.1} |"
            )?;
        }
    }
    Ok(text)
}

/// See [`consents`], in milliseconds.
fn noise(mut times: Vec<Duration>) -> Result<f64, Failure> {
    // Numerical Recipes' linear congruential generator: a run can be repeated.
    let mut state = 1_u32;
    let mut differences = Vec::new();
    for _ in 0..1_000 {
        for last in (1..times.len()).rev() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            times.swap(last, (state >> 8) as usize % (last + 1));
        }
        let (one, other) = times.split_at(times.len() / 2);
        let difference = quantile(one.to_vec(), 0.5)? - quantile(other.to_vec(), 0.5)?;
        differences.push(Duration::from_secs_f64(difference.abs() / 1000.0));
    }
    quantile(differences, 0.95)
}

/// The list of open jobs, by the number of jobs.
pub fn searches(measured: &[Measured]) -> Result<String, Failure> {
    let mut text = String::from("## The list of open jobs\n\n");
    writeln!(
        text,
        "`POST /jobs/list` over jobs of a seeded generator (`bench/src/jobs.rs`): Chinese positions, the coordinates of real cities, tags \
         and refreshes with their usual skew. Each function holds the open jobs itself and follows a feed of changes \
         (`shared/src/jobboard/search/`). Its DynamoDB calls go through a proxy that counts them and takes its share of the time.\n"
    )?;
    let mut table = Table { text: &mut text, measured };
    table.head("open jobs", |one| Ok(thousands(one.jobs)))?;
    table.row("DynamoDB calls of a page", |one| Ok(operations(&one.rested)))?;
    table.row("their read units", |one| Ok(format!("{:.1}", units(&one.rested))))?;
    table.row("DynamoDB calls of another page within 250 ms", |one| Ok(operations(&one.at_once)))?;
    table.row("their read units", |one| Ok(format!("{:.1}", units(&one.at_once))))?;
    table.row("a filter expression instead, read units", |one| Ok(thousands(one.brute.units.round() as usize)))?;
    table.row("**as a multiple**", |one| Ok(format!("{:.0}", one.brute.units / units(&one.rested))))?;
    table.row("a filter expression instead, ms", |one| Ok(format!("{:.0}", one.brute.time.as_secs_f64() * 1000.0)))?;
    table.row("**as a multiple of a call's p50**", |one| {
        Ok(format!("{:.0}", one.brute.time.as_secs_f64() * 1000.0 / quantile(one.calls.clone(), 0.5)?))
    })?;
    table.row("share of the table that was read to measure this", |one| Ok(format!("{:.0} %", one.brute.share * 100.0)))?;
    table.row("call of the function with DynamoDB, p50 / p99 ms", |one| both(&one.calls))?;
    table.row("from the acknowledgement of a job to its first appearance in another process, p50 / p99 ms", |one| {
        both(&one.freshness)
    })?;
    table.row("start to ready with a snapshot, ms", |one| Ok(format!("{:.0}", one.ready.as_secs_f64() * 1000.0)))?;
    table
        .row("reading the table and writing a snapshot, ms", |one| Ok(format!("{:.0}", one.rebuilt.as_secs_f64() * 1000.0)))?;
    table.row("snapshot, MB", |one| Ok(format!("{:.2}", one.snapshot_bytes as f64 / 1e6)))?;
    table.row("peak memory of the function, MiB", |one| Ok(format!("{:.0}", one.peak_memory as f64 / 1024.0)))?;
    text.push_str(
        "\nThe embedded DynamoDB scans more slowly the more it stores, and returns the pages of an index slowly: the times of the filter \
         expression and of reading the table are the emulator's, the read units are DynamoDB's.\n",
    );
    text.push_str(
        "\nInside the function, without DynamoDB, p50 / p99 in milliseconds. The last page is the last one that the filter leaves, or the \
         1,000th:\n\n",
    );
    let mut table = Table { text: &mut text, measured };
    table.head("open jobs", |one| Ok(thousands(one.jobs)))?;
    let kinds = measured.first().map_or(0, |one| one.searches.len());
    for kind in 0..kinds {
        let name = measured.first().map_or("", |one| one.searches[kind].0.as_str());
        table.row(name, |one| both(&one.searches[kind].1))?;
    }
    Ok(text)
}

struct Table<'a> {
    text: &'a mut String,
    measured: &'a [Measured],
}

impl Table<'_> {
    fn head(&mut self, name: &str, cell: impl Fn(&Measured) -> Result<String, Failure>) -> Result<(), Failure> {
        self.row(name, cell)?;
        writeln!(self.text, "|---|{}", "---:|".repeat(self.measured.len()))?;
        Ok(())
    }

    fn row(&mut self, name: &str, cell: impl Fn(&Measured) -> Result<String, Failure>) -> Result<(), Failure> {
        let cells = self.measured.iter().map(cell).collect::<Result<Vec<_>, _>>()?;
        writeln!(self.text, "| {name} | {} |", cells.join(" | "))?;
        Ok(())
    }
}

fn both(times: &[Duration]) -> Result<String, Failure> {
    Ok(format!("{:.3} / {:.3}", quantile(times.to_vec(), 0.5)?, quantile(times.to_vec(), 0.99)?))
}

/// `Query + 2 GetItem`, or `-`.
fn operations(calls: &[Call]) -> String {
    let alike = calls.chunk_by(|one, next| one.operation == next.operation);
    let counted: Vec<String> = alike
        .filter_map(|calls| match calls {
            [one] => Some(one.operation.clone()),
            [one, ..] => Some(format!("{} {}", calls.len(), one.operation)),
            [] => None,
        })
        .collect();
    if counted.is_empty() { "-".to_owned() } else { counted.join(" + ") }
}

fn units(calls: &[Call]) -> f64 {
    calls.iter().fold(0.0, |sum, call| sum + call.units)
}

/// `1,000,000`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
