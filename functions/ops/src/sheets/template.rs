//! The file that a person fills in for an import: a sheet with a header and a row of examples, and one that explains the columns.

use std::io;

use shared::error::{Error, Result};
use shared::hris::import_columns::{Column, Form};
use shared::hris::import_lines::Kind;

use super::columns::{Titled, choices, shown, titled};
use super::texts::form_name;
use super::xlsx::book::{self, Book, Rows, Style, Value};
use crate::console::texts::text;

/// The width of columns, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 10..=40;

/// The template of a kind. A row that still holds the examples is not imported.
pub fn template(kind: Kind) -> Result<Vec<u8>> {
    written(kind).map_err(Error::internal)
}

fn written(kind: Kind) -> io::Result<Vec<u8>> {
    let columns = titled(kind);
    let examples = examples(&columns);
    let formats = columns.iter().zip(&examples).map(|(Titled { column, title }, example)| book::Column {
        width: width(&[title, example]),
        style: style(column.form),
        choices: choices(column.form),
    });
    let header = |column: &Column| if column.is_required { Style::Required } else { Style::Header };
    let mut rows = Rows::default();
    rows.add(columns.iter().map(|Titled { column, title }| (Value::Text(title), header(column))))?;
    rows.add(
        columns.iter().zip(&examples).map(|(Titled { column, .. }, example)| (value(column.form, example), style(column.form))),
    )?;
    let mut book = Book::default();
    book.sheet(&text("sheet.template.rows"), &formats.collect::<Vec<_>>(), rows)?;
    explain(&mut book, &columns)?;
    book.finish()
}

/// The cells of the row of examples.
pub fn examples(columns: &[Titled]) -> Vec<String> {
    let example = |column: &Column| if column.is_usual { shown(column.form, column.example) } else { String::new() };
    columns.iter().map(|Titled { column, .. }| example(column)).collect()
}

fn explain(book: &mut Book, columns: &[Titled]) -> io::Result<()> {
    const HEADER: [&str; 6] = ["title", "field", "required", "form", "choices", "example"];
    let width = |width| book::Column { width, style: Style::Wrapped, choices: Vec::new() };
    let titles = HEADER.map(|name| text(&format!("sheet.template.{name}")));
    let mut rows = Rows::default();
    rows.add(titles.iter().map(|title| (Value::Text(title), Style::Header)))?;
    for Titled { column, title } in columns {
        let required = if column.is_required { "value.flag.true" } else { "value.flag.false" };
        let choices = choices(column.form).join(&text("sheet.reason.separator"));
        let example = shown(column.form, column.example);
        let (required, form) = (text(required), form_name(column));
        let cells = [title, column.field, &required, &form, &choices, &example];
        rows.add(cells.map(|cell| (Value::Text(cell), Style::Wrapped)))?;
    }
    let (title, note) = (text("sheet.template.notes"), text("sheet.template.note"));
    let note = [&*title, "", "", "", &*note, ""];
    rows.add(note.map(|cell| (Value::Text(cell), Style::Wrapped)))?;
    book.sheet(&text("sheet.template.columns"), &[20, 26, 10, 30, 40, 40].map(width), rows)
}

/// Digits that are no number, such as those of a phone, are texts: Excel would drop zeros and round.
fn style(form: Form) -> Style {
    match form {
        Form::Date => Style::Date,
        Form::Time => Style::Time,
        Form::Number => Style::Plain,
        Form::Text | Form::Uuid | Form::Flag | Form::Choice(_) | Form::Json => Style::Text,
    }
}

fn value(form: Form, example: &str) -> Value<'_> {
    let value = match form {
        Form::Date => example.parse().ok().map(Value::Date),
        Form::Time => example.replace(' ', "T").parse().ok().map(Value::Time),
        Form::Number if !example.is_empty() => Some(Value::Number(example)),
        _ => None,
    };
    value.unwrap_or(Value::Text(example))
}

/// A Chinese character is two wide.
fn width(texts: &[&str]) -> u32 {
    let width = |text: &&str| text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum::<usize>() + 2;
    let most = texts.iter().map(width).max().unwrap_or_default().clamp(*WIDTHS.start(), *WIDTHS.end());
    u32::try_from(most).unwrap_or_default()
}
