//! The page: one file, with its style and its plots in it.

use std::fmt::Write as _;

use super::plot::{self, Series, escape};
use super::{Report, Summary};
use crate::load::QUANTILES;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
    svg{width:100%;max-width:52rem;font:12px system-ui,sans-serif;fill:currentColor}\
    table{border-collapse:collapse;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}\
    td,th{padding:.2rem .6rem;border-bottom:1px solid #8884;text-align:right;white-space:nowrap}\
    :root{color-scheme:light dark}code{word-break:break-all}";

/// Writes the page of a report that was summarised.
pub(super) fn render(report: &Report) -> String {
    let machine = &report.machine;
    let mut html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Load of {began}</title><style>{STYLE}</style><h1>Load of {began}</h1>\
         <p>{} × {}, {}, Linux {}, load average {} at the beginning. Medians of {} rounds, all servers in turns.</p>\
         <p><code>bench {}</code></p>",
        machine.processors,
        escape(&machine.processor),
        escape(&machine.memory),
        escape(&machine.kernel),
        escape(&machine.load),
        report.rounds,
        escape(&report.command.join(" ")),
        began = escape(&report.began),
    );
    for failure in &report.failures {
        let _ = write!(html, "<p><strong>{}</strong></p>", escape(failure));
    }
    html.push_str("<h2>Frames per second of the server's processor time</h2>");
    html.push_str(&throughput(&report.summary));
    html.push_str("<h2>Latency, from when a message was due</h2>");
    for (scenario, pace) in talks(&report.summary) {
        let _ = write!(html, "<h3>{} {}</h3>", escape(&scenario), escape(&pace));
        html.push_str(&latency(&report.summary, &scenario, &pace));
    }
    html.push_str("<h2>Throughput against listeners per room</h2>");
    html.push_str(&against(
        report,
        ("listeners per room", "deliveries/s"),
        |row| {
            (
                row.scenario.listeners() as f64,
                row.deliveries_per_second.median,
            )
        },
    ));
    html.push_str("<h2>Memory against connections</h2>");
    html.push_str(&against(
        report,
        ("connections", "resident bytes per connection"),
        |row| {
            let connections = row.scenario.connections as f64;
            (connections, row.resident_bytes_per_connection.most)
        },
    ));
    html.push_str("<h2>Figures</h2>");
    html.push_str(&table(&report.table()));
    html.push_str("</html>\n");
    html
}

/// The scenarios and paces in which servers were spoken to, in order.
fn talks(summary: &[Summary]) -> Vec<(String, String)> {
    distinct(
        summary
            .iter()
            .filter(|row| row.name != "limit")
            .map(|row| (row.scenario.to_string(), row.pace.clone())),
    )
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

fn throughput(summary: &[Summary]) -> String {
    let talks = talks(summary);
    let group_of = |row: &Summary| {
        let of_row = (row.scenario.to_string(), row.pace.clone());
        talks.iter().position(|talk| *talk == of_row)
    };
    let servers = distinct(
        summary
            .iter()
            .filter(|row| row.name != "limit")
            .map(|row| &row.name),
    );
    let mut series: Vec<Series> = servers
        .into_iter()
        .map(|name| Series {
            name: name.clone(),
            points: summary
                .iter()
                .filter(|row| row.name == *name)
                .filter_map(|row| Some((group_of(row)? as f64, row.frames_per_cpu_second.median)))
                .collect(),
        })
        .collect();
    // The limit stands beside every pace of its scenario.
    for pace in distinct(
        summary
            .iter()
            .filter(|row| row.name == "limit")
            .map(|row| &row.pace),
    ) {
        let limits = summary
            .iter()
            .filter(|row| row.name == "limit" && row.pace == *pace);
        let points = limits.flat_map(|row| {
            let scenario = row.scenario.to_string();
            let groups = talks.iter().enumerate();
            groups
                .filter(move |(_, talk)| talk.0 == scenario)
                .map(move |(group, _)| (group as f64, row.frames_per_cpu_second.median))
        });
        series.push(Series {
            name: format!("limit, {pace}"),
            points: points.collect(),
        });
    }
    let groups: Vec<String> = talks
        .iter()
        .map(|(scenario, pace)| format!("{scenario} {pace}"))
        .collect();
    plot::bars("frames per CPU second", &groups, &series)
}

fn latency(summary: &[Summary], scenario: &str, pace: &str) -> String {
    // The further to the right, the rarer: 90 % lie left of 10, 99 % left of 100.
    let rarity = |quantile: f64| 1.0 / (1.0 - quantile).max(0.0002);
    let series: Vec<Series> = summary
        .iter()
        .filter(|row| row.scenario.to_string() == scenario && row.pace == pace)
        .map(|row| Series {
            name: row.name.clone(),
            points: QUANTILES
                .into_iter()
                .map(rarity)
                .zip(row.latency_ms.iter().copied())
                .collect(),
        })
        .collect();
    let ticks: Vec<(f64, String)> = [
        (0.1, "10 %"),
        (0.5, "50 %"),
        (0.9, "90 %"),
        (0.99, "99 %"),
        (0.999, "99.9 %"),
        (1.0, "all"),
    ]
    .map(|(quantile, label)| (rarity(quantile), label.to_owned()))
    .into();
    plot::lines("share of deliveries", "ms", &ticks, &series)
}

/// One line per server and pace over the scenarios.
fn against(
    report: &Report,
    (x, y): (&str, &str),
    point: impl Fn(&Summary) -> (f64, f64),
) -> String {
    let rows = || report.summary.iter().filter(|row| row.name != "limit");
    let mut ticks: Vec<f64> = distinct(rows().map(|row| point(row).0));
    ticks.sort_by(f64::total_cmp);
    let ticks: Vec<(f64, String)> = ticks
        .into_iter()
        .map(|tick| (tick, tick.to_string()))
        .collect();
    let mut series = Vec::new();
    for (name, pace) in distinct(rows().map(|row| (&row.name, &row.pace))) {
        let own = rows().filter(|row| row.name == *name && row.pace == *pace);
        let mut points: Vec<(f64, f64)> = own.map(&point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        series.push(Series {
            name: format!("{name} {pace}"),
            points,
        });
    }
    plot::lines(x, y, &ticks, &series)
}

/// A table of Markdown as one of HTML.
fn table(markdown: &str) -> String {
    let mut html = String::from("<table>");
    for line in markdown
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("| ---"))
    {
        html.push_str("<tr>");
        for cell in line.trim_matches('|').split('|') {
            let _ = write!(html, "<td>{}</td>", escape(cell.trim()));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
    html
}
