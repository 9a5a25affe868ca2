//! Plots in SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 180.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// Told apart by the colour-blind too (Okabe and Ito).
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// A line or a row of bars.
pub(super) struct Series {
    pub(super) name: String,
    /// From left to right; of bars, each `x` is the number of a group.
    pub(super) points: Vec<(f64, f64)>,
}

/// Lines over an axis with these ticks; both axes grow by factors where the points are over nought.
pub(super) fn lines(x: &str, y: &str, ticks: &[(f64, String)], series: &[Series]) -> String {
    let xs = Axis::over(ticks.iter().map(|(at, _)| *at));
    let points = series.iter().flat_map(|series| &series.points);
    let ys = Axis::over(points.map(|(_, y)| *y).filter(|y| *y > 0.0));
    let place = |(x, y): (f64, f64)| {
        let left = LEFT + xs.share(x) * (WIDTH - LEFT - RIGHT);
        let top = HEIGHT - BOTTOM - ys.share(y) * (HEIGHT - TOP - BOTTOM);
        (left, top)
    };
    let mut svg = open(x, y);
    for (at, label) in ticks {
        let (left, _) = place((*at, ys.least));
        text(&mut svg, left, HEIGHT - BOTTOM + 16.0, "middle", label);
    }
    for value in ys.ticks() {
        let (_, top) = place((xs.least, value));
        grid(&mut svg, top, &short(value));
    }
    for (index, series) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let mut path = String::new();
        for point in series.points.iter().filter(|(_, y)| *y > 0.0) {
            let (left, top) = place(*point);
            let _ = write!(path, "{left:.1},{top:.1} ");
            let _ = write!(
                svg,
                "<circle cx='{left:.1}' cy='{top:.1}' r='3' fill='{colour}'/>"
            );
        }
        let _ = write!(
            svg,
            "<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>"
        );
        legend(&mut svg, index, &series.name);
    }
    svg.push_str("</svg>");
    svg
}

/// Groups of bars, from nought.
pub(super) fn bars(y: &str, groups: &[String], series: &[Series]) -> String {
    let points = series.iter().flat_map(|series| &series.points);
    let most = points.map(|(_, y)| *y).fold(1.0, f64::max);
    let group_width = (WIDTH - LEFT - RIGHT) / groups.len().max(1) as f64;
    let bar_width = group_width * 0.8 / series.len().max(1) as f64;
    let top = |value: f64| HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
    let mut svg = open("", y);
    for quarter in 0..=4 {
        let value = most * f64::from(quarter) / 4.0;
        grid(&mut svg, top(value), &short(value));
    }
    for (index, label) in groups.iter().enumerate() {
        let middle = LEFT + (index as f64 + 0.5) * group_width;
        text(&mut svg, middle, HEIGHT - BOTTOM + 16.0, "middle", label);
    }
    for (index, series) in series.iter().enumerate() {
        for (group, value) in &series.points {
            let left = LEFT + (group + 0.1) * group_width + index as f64 * bar_width;
            let _ = write!(
                svg,
                "<rect x='{left:.1}' y='{:.1}' width='{:.1}' height='{:.1}' fill='{}'/>",
                top(*value),
                bar_width * 0.95,
                HEIGHT - BOTTOM - top(*value),
                COLOURS[index % COLOURS.len()],
            );
        }
        legend(&mut svg, index, &series.name);
    }
    svg.push_str("</svg>");
    svg
}

/// An axis that grows by factors.
struct Axis {
    least: f64,
    most: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let bounds = values.fold((f64::MAX, f64::MIN), |(least, most), value| {
            (least.min(value), most.max(value))
        });
        match bounds {
            (least, most) if least < most => Self { least, most },
            (least, _) if least < f64::MAX && least > 0.0 => Self {
                least: least / 2.0,
                most: least * 2.0,
            },
            _ => Self {
                least: 1.0,
                most: 10.0,
            },
        }
    }

    /// How far along the axis a value is, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        (value / self.least).ln() / (self.most / self.least).ln()
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (least, most) = (self.least, self.most);
        let first = least.log10().floor() as i32;
        (first..=most.log10().ceil() as i32)
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
            .filter(move |value| (least..=most).contains(value))
    }
}

fn open(x: &str, y: &str) -> String {
    let mut svg = format!(
        "<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{} {}'>",
        escape(y),
        escape(x)
    );
    text(
        &mut svg,
        LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
        HEIGHT - 8.0,
        "middle",
        x,
    );
    let middle = TOP + (HEIGHT - TOP - BOTTOM) / 2.0;
    let _ = write!(
        svg,
        "<text transform='translate(14 {middle}) rotate(-90)' text-anchor='middle'>{}</text>",
        escape(y)
    );
    svg
}

fn grid(svg: &mut String, top: f64, label: &str) {
    let right = WIDTH - RIGHT;
    let _ = write!(
        svg,
        "<line x1='{LEFT}' x2='{right}' y1='{top:.1}' y2='{top:.1}' stroke='#8884'/>"
    );
    text(svg, LEFT - 6.0, top + 4.0, "end", label);
}

fn legend(svg: &mut String, index: usize, name: &str) {
    let (left, top) = (WIDTH - RIGHT + 14.0, TOP + 8.0 + index as f64 * 20.0);
    let colour = COLOURS[index % COLOURS.len()];
    let _ = write!(
        svg,
        "<rect x='{left}' y='{}' width='12' height='12' fill='{colour}'/>",
        top - 10.0
    );
    text(svg, left + 18.0, top, "start", name);
}

fn text(svg: &mut String, left: f64, top: f64, anchor: &str, text: &str) {
    let text = escape(text);
    let _ = write!(
        svg,
        "<text x='{left:.1}' y='{top:.1}' text-anchor='{anchor}'>{text}</text>"
    );
}

/// Text as HTML and SVG take it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}

fn short(value: f64) -> String {
    match value {
        large if large >= 1e6 => format!("{:.1} M", large / 1e6),
        large if large >= 1e4 => format!("{:.0} k", large / 1e3),
        whole if whole >= 10.0 || whole == 0.0 => format!("{whole:.0}"),
        small => format!("{small}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_its_ends_at_its_ends_and_ticks_between_them() {
        let axis = Axis::over([3.0, 700.0].into_iter());
        assert_eq!((axis.share(3.0), axis.share(700.0)), (0.0, 1.0));
        let ticks: Vec<f64> = axis.ticks().collect();
        assert_eq!(ticks, [5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0]);
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let series = [Series {
            name: "<script>".into(),
            points: vec![(1.0, 1.0)],
        }];
        let svg = lines("x", "y", &[(1.0, "1".into())], &series);
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script>"));
    }
}
