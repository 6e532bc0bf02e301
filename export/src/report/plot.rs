//! Drawings, as SVG.

use std::fmt::Write;

use super::page::escape;

/// Colours of lines, dark enough on white.
const COLOURS: [&str; 4] = ["#0b62a4", "#b3541e", "#2e7d32", "#6a3d9a"];

/// Width of a drawing, and of the margin for names and numbers.
const WIDTH: f64 = 720.0;
const MARGIN: f64 = 190.0;

/// A line through points.
pub(super) struct Line<'a> {
    pub name: &'a str,
    pub points: &'a [(f64, f64)],
}

/// A bar for each value, on a scale of powers of ten. Values are above 0.
pub(super) fn bars<'a>(values: impl Iterator<Item = (&'a str, f64)>) -> String {
    const ROW: f64 = 18.0;
    let values: Vec<(&str, f64)> = values.collect();
    let exponent = |value: f64| value.log10();
    let low = values.iter().map(|&(_, value)| exponent(value).floor()).fold(0.0, f64::min);
    let place = |value: f64| MARGIN + (exponent(value) - low) / -low.min(-1.0) * (WIDTH - MARGIN - 40.0);
    let height = ROW * (values.len() as f64 + 1.5);
    let mut svg = open(height);
    for power in (low as i32)..=0 {
        let x = place(10_f64.powi(power));
        let bottom = height - ROW;
        let _ =
            writeln!(svg, "<line x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#ddd\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">1e{power}</text>",
            height - 4.0
        );
    }
    for (row, (name, value)) in values.into_iter().enumerate() {
        let (y, end) = (row as f64 * ROW, place(value));
        let name = escape(name);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
            MARGIN - 6.0,
            y + 13.0
        );
        let (width, colour) = ((end - MARGIN).max(1.0), COLOURS[0]);
        let _ = writeln!(
            svg,
            "<rect x=\"{MARGIN}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"12\" fill=\"{colour}\"/>",
            y + 3.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Lines over two rates, both on scales from a thousandth to one.
pub(super) fn lines(x_name: &str, y_name: &str, lines: &[Line<'_>]) -> String {
    const SIDE: f64 = 360.0;
    const LEFT: f64 = 60.0;
    const LEAST: f64 = 1e-3;
    let along = |rate: f64| (rate.clamp(LEAST, 1.0) / LEAST).log10() / 3.0 * SIDE;
    let mut svg = open(SIDE + 50.0);
    for power in -3..=0 {
        let at = along(10_f64.powi(power));
        let (x, y) = (LEFT + at, SIDE - at + 5.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"5\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
            SIDE + 5.0
        );
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
            LEFT + SIDE
        );
        let percent = 100.0 * 10_f64.powi(power);
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{percent} %</text>",
            SIDE + 20.0
        );
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        LEFT + SIDE / 2.0,
        SIDE + 40.0,
        escape(x_name)
    );
    let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"16\">{}</text>", LEFT + SIDE + 12.0, escape(y_name));
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let point = |&(x, y): &(f64, f64)| format!("{:.1},{:.1}", LEFT + along(x), SIDE - along(y) + 5.0);
        let points: Vec<String> = line.points.iter().map(point).collect();
        let points = points.join(" ");
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"36\" style=\"fill:{colour}\">{}</text>",
            LEFT + SIDE + 12.0,
            escape(line.name)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A histogram in the line of a table; shares of the highest from 0 to 1.
pub(super) fn sketch(shares: &[f64]) -> String {
    const HEIGHT: f64 = 24.0;
    const BAR: f64 = 4.0;
    let width = BAR * shares.len() as f64;
    let mut svg = format!("<svg width=\"{width}\" height=\"{HEIGHT}\" role=\"img\">");
    for (bar, share) in shares.iter().enumerate() {
        let (x, height) = (bar as f64 * BAR, share * HEIGHT);
        let colour = COLOURS[0];
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{:.1}\" width=\"3\" height=\"{height:.1}\" fill=\"{colour}\"/>",
            HEIGHT - height
        );
    }
    svg.push_str("</svg>");
    svg
}

fn open(height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\">\n"
    )
}
