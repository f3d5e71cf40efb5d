//! The worksheets of a sample: what was drawn and from what, with room for the auditor's words, and no verdict.

use super::frame::{Frame, Item};
use super::recorded::Earlier;
use super::{Draw, facts};
use crate::lang::lang;
use crate::output::Clock;
use crate::{tr, trf};

/// The page to print.
const PAGE: &str = include_str!("worksheet.html");

/// A row for each item, with two empty cells for the auditor.
pub fn csv_rows(draw: &Draw) -> Vec<[String; 12]> {
    let row = |part: &str, rank: String, it: &Item| {
        let ([a, b, c, d, e, f, g, h], empty) = (it.csv(), String::new);
        [part.to_owned(), rank, a, b, c, d, e, f, g, h, empty(), empty()]
    };
    let drawn = draw.drawn.iter().map(|(rank, it)| row("sample", rank.to_string(), it));
    drawn.chain(draw.whole.iter().map(|it| row("whole", String::new(), it))).collect()
}

/// The page to print.
pub fn page(frame: &Frame, draw: &Draw, earlier: &[Earlier], clock: &Clock) -> String {
    let log = trf!("{} entries, root {}", "{} 条，根哈希 {}", draw.log.size, draw.log.root_text());
    let earlier = earlier.iter().map(|it| (tr!("recorded before", "此前记录"), it.said(clock)));
    let facts = facts(frame, draw).into_iter().chain([(tr!("log", "日志"), log)]).chain(earlier);
    let facts: String =
        facts.map(|(label, value)| format!("<dt>{}</dt><dd>{}</dd>\n", html(label), html(value))).collect();
    let drawn = draw.drawn.iter().map(|(_, it)| it).collect();
    let whole = draw.whole.iter().collect();
    let tables = [table(frame, tr!("sample", "抽样"), drawn), table(frame, tr!("whole", "全部"), whole)];
    PAGE.replace("{LANG}", lang().tag())
        .replace("{TITLE}", &html(frame.title(draw.period)))
        .replace("{FACTS}", &facts)
        .replace("{TABLES}", &tables.concat())
}

fn table(frame: &Frame, heading: &str, items: Vec<&Item>) -> String {
    let blank = [tr!("inspected by", "检查人"), tr!("remark", "备注")];
    let header: String =
        frame.sheet_header().into_iter().chain(blank).map(|it| format!("<th>{}</th>", html(it))).collect();
    let row = |it: &&Item| {
        let cells: String = it.sheet().into_iter().map(|cell| format!("<td>{}</td>", html(cell))).collect();
        format!("<tr>{cells}<td class=\"blank\"></td><td class=\"blank\"></td></tr>\n")
    };
    let rows: String = items.iter().map(row).collect();
    format!("<h2>{}</h2>\n<table>\n<tr>{header}</tr>\n{rows}</table>\n", html(heading))
}

/// Text as HTML shows it.
fn html(text: impl ToString) -> String {
    let escaped = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        // A brace could be one of our places.
        '{' => "&#123;".to_owned(),
        c => c.to_string(),
    };
    text.to_string().chars().map(escaped).collect()
}
