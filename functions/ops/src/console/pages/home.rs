//! 工作台: what waits for the member, and today against the seven days before.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::App;
use super::super::answer::Failure;
use super::super::texts::{filled, text};
use super::define::plain;
use super::filters;
use super::shell::{Shell, page};
use super::visit::{Pairs, Visit};

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    shell: Shell,
    waiting: Vec<Waiting>,
    charts: Vec<Chart>,
}

/// A number of records that wait, and where they are.
struct Waiting {
    label: String,
    count: String,
    href: String,
    is_empty: bool,
}

/// Numbers by day, the oldest first.
struct Chart {
    title: String,
    summary: String,
    bars: Vec<Bar>,
}

struct Bar {
    x: u32,
    y: u32,
    height: u32,
    day: String,
    count: i64,
    is_today: bool,
}

/// Where the bars are, in the units of the drawing.
const STEP: u32 = 60;
const TOP: u32 = 24;
const TALLEST: u32 = 90;

/// A number at which a count ends: more are not counted.
const MANY: i64 = 100;

pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Failure> {
    let workload = visit.execute(&app, "show_workload", json!({})).await?;
    let page_of = HomePage {
        shell: Shell::of(&visit, text("page.home"), "home"),
        waiting: waiting(&workload),
        charts: [("orders", "home.orders"), ("audit", "home.audit")]
            .into_iter()
            .filter_map(|(part, title)| chart(&workload[part]["days"], title))
            .collect(),
    };
    page(&visit, "", StatusCode::OK, &page_of)
}

fn waiting(workload: &Value) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    let number = |count: &Value, at_most: i64| match count.as_i64() {
        Some(count) if count >= at_most => format!("{at_most}+"),
        _ => plain(count),
    };
    for company in workload["applications"].as_array().into_iter().flatten() {
        for (state, member) in [("1", "applied"), ("2", "approved")] {
            let pairs = ["platform_code", "company_id"].map(|name| (name.to_owned(), plain(&company[name])));
            let pairs = Pairs(pairs.into_iter().chain([("status".into(), state.into())]).collect());
            waiting.push(Waiting {
                label: filled(&format!("home.{member}"), &[("company", &plain(&company["company_name"]))]),
                count: number(&company[member], MANY),
                href: format!("/console/applications?{}", pairs.encoded()),
                is_empty: company[member] == 0,
            });
        }
    }
    let to_review = &workload["orders"]["to_review"];
    if !to_review.is_null() {
        waiting.push(Waiting {
            label: text("home.to_review").into_owned(),
            count: number(to_review, i64::MAX),
            href: "/console/orders-to-review".into(),
            is_empty: *to_review == 0,
        });
    }
    for kind in ["notifications", "sweeps"] {
        let failures = &workload["failures"][kind];
        if let Some(count) = failures["count"].as_i64() {
            let more = if failures["complete"] == true { "" } else { "+" };
            waiting.push(Waiting {
                label: text(&format!("home.{kind}")).into_owned(),
                count: format!("{count}{more}"),
                href: format!("/console/failures?kind={kind}"),
                is_empty: count == 0,
            });
        }
    }
    let reports = &workload["reports"]["waiting"];
    if !reports.is_null() {
        waiting.push(Waiting {
            label: text("home.reports").into_owned(),
            count: number(reports, MANY),
            href: "/console/reports".into(),
            is_empty: *reports == 0,
        });
    }
    for (kind, label, href) in
        [("jobs", "home.waiting_jobs", "/console/jobs?status=5"), ("names", "home.waiting_names", "/console/names")]
    {
        let count = &workload["contents"][kind];
        if !count.is_null() {
            waiting.push(Waiting {
                label: text(label).into_owned(),
                count: number(count, MANY),
                href: href.into(),
                is_empty: *count == 0,
            });
        }
    }
    if let Some(imports) = workload["imports"].as_array() {
        waiting.push(Waiting {
            label: text("home.imports").into_owned(),
            count: imports.len().to_string(),
            href: "/console/imports".into(),
            is_empty: imports.is_empty(),
        });
    }
    waiting
}

fn chart(days: &Value, title: &str) -> Option<Chart> {
    let days = days.as_array()?;
    let counts: Vec<i64> = days.iter().map(|day| day["count"].as_i64().unwrap_or_default()).collect();
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let bars = days.iter().zip(&counts).rev().enumerate().map(|(at, (day, count))| {
        let height = u32::try_from(*count * i64::from(TALLEST) / most).unwrap_or(TALLEST);
        Bar {
            x: u32::try_from(at).unwrap_or_default() * STEP,
            y: TOP + TALLEST - height,
            height,
            day: plain(&day["day"]).chars().skip(5).collect(),
            count: *count,
            is_today: at + 1 == days.len(),
        }
    });
    let (today, before) = counts.split_first()?;
    let average = before.iter().sum::<i64>() / i64::try_from(before.len().max(1)).unwrap_or(1);
    let summary = filled("home.summary", &[("today", &today.to_string()), ("average", &average.to_string())]);
    Some(Chart { title: text(title).into_owned(), summary, bars: bars.collect() })
}
