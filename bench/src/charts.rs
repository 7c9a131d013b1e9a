//! The charts of `docs/performance.md`.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::{Failure, lists};

const FLOOR: RGBColor = RGBColor(150, 150, 150);
const OURS: RGBColor = RGBColor(33, 102, 172);
const LINES: [RGBColor; 10] = [
    RGBColor(33, 102, 172),
    RGBColor(178, 24, 43),
    RGBColor(27, 120, 55),
    RGBColor(118, 42, 131),
    RGBColor(191, 129, 45),
    RGBColor(1, 133, 113),
    RGBColor(231, 41, 138),
    RGBColor(90, 90, 90),
    RGBColor(0, 160, 220),
    RGBColor(102, 60, 20),
];
const FONT: &str = "sans-serif";

/// A horizontal bar chart in milliseconds. The first `floors` bars are floors.
pub fn bars(file: &Path, title: &str, rows: &[(String, f64)], floors: usize) -> Result<(), Failure> {
    let height = 70 + 18 * u32::try_from(rows.len())?;
    let most = rows.iter().map(|(_, value)| *value).fold(0.0, f64::max) * 1.1;
    let area = SVGBackend::new(file, (900, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 18))
        .margin(10)
        .x_label_area_size(24)
        .y_label_area_size(240)
        .build_cartesian_2d(0.0..most, (0..rows.len()).into_segmented())?;
    let name = |place: &SegmentValue<usize>| match place {
        SegmentValue::CenterOf(number) => {
            rows.len().checked_sub(number + 1).and_then(|at| rows.get(at)).map(|row| row.0.clone()).unwrap_or_default()
        }
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(rows.len())
        .y_label_formatter(&name)
        .label_style((FONT, 12))
        .x_label_formatter(&|value| format!("{value:.0} ms"))
        .draw()?;
    chart.draw_series(rows.iter().enumerate().map(|(at, (_, value))| {
        let from = rows.len() - 1 - at;
        let colour = if at < floors { FLOOR } else { OURS };
        let mut bar =
            Rectangle::new([(0.0, SegmentValue::Exact(from)), (*value, SegmentValue::Exact(from + 1))], colour.filled());
        bar.set_margin(2, 2, 0, 0);
        bar
    }))?;
    area.present()?;
    Ok(())
}

/// The read units of a page by the number of records, with logarithmic axes: the last page by number (thick) and a page by cursor (thin).
pub fn lines(file: &Path, title: &str, measured: &[lists::Measured]) -> Result<(), Failure> {
    let area = SVGBackend::new(file, (900, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let records: Range<f64> = 900.0..110_000.0;
    let most = measured.iter().map(|one| one.last.units).fold(10.0, f64::max) * 1.5;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 18))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(records.log_scale(), (1.0..most).log_scale())?;
    chart.configure_mesh().x_desc("records").y_desc("read units").label_style((FONT, 12)).draw()?;
    let mut names: Vec<&str> = measured.iter().map(|one| one.list).collect();
    names.dedup();
    for (name, colour) in names.into_iter().zip(LINES.into_iter().cycle()) {
        let of = |units: &dyn Fn(&lists::Measured) -> Option<f64>| -> Vec<(f64, f64)> {
            let own = measured.iter().filter(|one| one.list == name);
            own.filter_map(|one| Some((one.records as f64, units(one)?))).collect()
        };
        let by_number = of(&|one| Some(one.last.units));
        let by_cursor = of(&|one| Some(one.cursor.units));
        chart
            .draw_series(LineSeries::new(by_number, colour.stroke_width(3)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(3)));
        chart.draw_series(LineSeries::new(by_cursor, colour.stroke_width(1)).point_size(3))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font((FONT, 12))
        .background_style(WHITE.mix(0.9))
        .border_style(FLOOR)
        .draw()?;
    area.present()?;
    Ok(())
}
