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

/// A scale of powers of ten.
pub(super) struct Axis<'a> {
    pub name: &'a str,
    /// The powers at its ends.
    pub low: i32,
    pub high: i32,
    /// What a power of ten is called.
    pub label: fn(f64) -> String,
}

impl Axis<'_> {
    /// How far along the axis a value is, from 0 to 1.
    fn along(&self, value: f64) -> f64 {
        let power = value.max(f64::MIN_POSITIVE).log10().clamp(f64::from(self.low), f64::from(self.high));
        (power - f64::from(self.low)) / f64::from(self.high - self.low)
    }

    /// Where a line of the grid goes, and what stands at it.
    fn grid(&self) -> impl Iterator<Item = (f64, String)> {
        (self.low..=self.high).map(|power| {
            let value = 10_f64.powi(power);
            (self.along(value), (self.label)(value))
        })
    }
}

/// A bar for each value, on a scale of powers of ten that holds all of them. Values are above 0.
pub(super) fn bars<'a>(values: impl Iterator<Item = (&'a str, f64)>, label: fn(f64) -> String) -> String {
    const ROW: f64 = 18.0;
    let values: Vec<(&str, f64)> = values.collect();
    let powers = values.iter().map(|&(_, value)| value.log10());
    let low = powers.clone().fold(f64::INFINITY, f64::min).floor().clamp(-12.0, 12.0) as i32;
    let high = powers.fold(f64::NEG_INFINITY, f64::max).ceil().clamp(-12.0, 12.0) as i32;
    let axis = Axis { name: "", low, high: high.max(low + 1), label };
    let place = |along: f64| MARGIN + along * (WIDTH - MARGIN - 40.0);
    let height = ROW * (values.len() as f64 + 1.5);
    let mut svg = open(height);
    for (along, label) in axis.grid() {
        let (x, bottom) = (place(along), height - ROW);
        straight(&mut svg, [x, 0.0], [x, bottom]);
        text(&mut svg, [x, height - 4.0], "middle", &label);
    }
    for (row, (name, value)) in values.into_iter().enumerate() {
        let (y, end) = (row as f64 * ROW, place(axis.along(value)));
        text(&mut svg, [MARGIN - 6.0, y + 13.0], "end", name);
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

/// Lines over two scales, with their names beside them.
pub(super) fn lines(x: &Axis<'_>, y: &Axis<'_>, lines: &[Line<'_>]) -> String {
    const SIDE: f64 = 360.0;
    const LEFT: f64 = 60.0;
    const TOP: f64 = 5.0;
    const ROW: f64 = 16.0;
    let across = |along: f64| LEFT + along * SIDE;
    let up = |along: f64| TOP + SIDE - along * SIDE;
    let mut svg = open(SIDE + 50.0);
    for (along, label) in x.grid() {
        let x = across(along);
        straight(&mut svg, [x, up(1.0)], [x, up(0.0)]);
        text(&mut svg, [x, SIDE + 20.0], "middle", &label);
    }
    for (along, label) in y.grid() {
        let y = up(along);
        straight(&mut svg, [across(0.0), y], [across(1.0), y]);
        text(&mut svg, [LEFT - 6.0, y + 4.0], "end", &label);
    }
    text(&mut svg, [across(0.5), SIDE + 40.0], "middle", x.name);
    let beside = across(1.0) + 12.0;
    text(&mut svg, [beside, 16.0], "start", y.name);
    for (row, (line, colour)) in lines.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let point =
            |&(of_x, of_y): &(f64, f64)| format!("{:.1},{:.1}", across(x.along(of_x)), up(y.along(of_y)));
        let points: Vec<String> = line.points.iter().map(point).collect();
        let points = points.join(" ");
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{beside:.1}\" y=\"{:.1}\" style=\"fill:{colour}\">{}</text>",
            36.0 + ROW * row as f64,
            escape(line.name)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A line of the grid.
fn straight(svg: &mut String, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
    let _ =
        writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>");
}

fn text(svg: &mut String, [x, y]: [f64; 2], anchor: &str, text: &str) {
    let text = escape(text);
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
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
