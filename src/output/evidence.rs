//! The page of an evidence pack: what its entries say, for people. It judges nothing, runs nothing, and loads nothing.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use super::{Parts, Quoted, describe, heading, list};
use crate::domain::{ChangeId, Event, Header, RegisterId, Stream};
use crate::lang::{Lang, lang};
use crate::{tr, trf};

/// An entry of a pack.
pub struct Told {
    /// Its fields.
    pub header: Header,
    /// What it records.
    pub event: Event,
    /// Its exact lines.
    pub parts: Parts,
    /// Whether its text is in the pack.
    pub has_text: bool,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
    table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #bbb;padding:.3em .6em;text-align:left;\
    vertical-align:top}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2em 0 .8em 1em}\
    h4{margin:.6em 0 0}section{break-inside:auto}@media print{body{margin:0;max-width:none}}";

/// Text as HTML shows it.
fn escaped(text: impl Display) -> String {
    let mut html = String::new();
    for c in text.to_string().chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

/// The page.
pub fn evidence_page(register: &RegisterId, subjects: &BTreeSet<ChangeId>, told: &[Told]) -> String {
    let code = if lang() == Lang::Zh { "zh-CN" } else { "en" };
    let title = escaped(trf!("Evidence about {}", "{} 的证据", list(subjects)));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\">\n<meta http-equiv=\
         \"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    let intro = trf!(
        "This page repeats what the signed entries in this pack say. It judges nothing. Whether they are genuine, complete and \
         in keeping with the rules is what `twinseal evidence verify` says. The register is {register}.",
        "本页复述包内签名条目的内容，不作任何判断。它们是否真实、完整、合规，以 `twinseal evidence verify` 为准。变更台账为 {register}。"
    );
    let _ = writeln!(html, "<p>{}</p>", escaped(intro));
    for id in subjects {
        let about: Vec<&Told> = told.iter().filter(|it| it.event.stream() == Stream::Change(*id)).collect();
        let _ = writeln!(html, "<section><h2>{}</h2>", escaped(id));
        table(&mut html, &about);
        about.iter().for_each(|it| content(&mut html, it));
        html.push_str("</section>\n");
    }
    let others: Vec<&Told> = told.iter().filter(|it| it.event.change().is_none()).collect();
    let heading = tr!("People, keys, policies and freezes", "人员、密钥、策略和封网");
    let _ = writeln!(html, "<section><h2>{}</h2>", escaped(heading));
    table(&mut html, &others);
    html.push_str("</section>\n</body></html>\n");
    html
}

fn table(html: &mut String, told: &[&Told]) {
    let header = [tr!("Entry", "条目"), tr!("Time", "时间"), tr!("Person", "人员"), tr!("Act", "操作")];
    let header: String = header.iter().map(|it| format!("<th>{}</th>", escaped(it))).collect();
    let _ = writeln!(html, "<table><tr>{header}</tr>");
    for Told { header, event, has_text, .. } in told {
        let missing = header.text.is_some() && !has_text;
        let missing = if missing { tr!(" (text not in this pack)", "（文本不在包内）") } else { "" };
        let cells = [header.seq.to_string(), header.time.to_string(), header.actor.to_string()];
        let cells: String = cells.iter().map(|it| format!("<td>{}</td>", escaped(it))).collect();
        let _ = writeln!(html, "<tr>{cells}<td>{}{}</td></tr>", escaped(describe(event)), escaped(missing));
    }
    html.push_str("</table>\n");
}

/// What people wrote in an entry, and the facts of a revision.
fn content(html: &mut String, told: &Told) {
    let is_revision = matches!(told.event, Event::File { .. } | Event::Revise { .. });
    let blocks = told.parts.content();
    if blocks.is_empty() && !is_revision {
        return;
    }
    let (seq, what) = (told.header.seq, describe(&told.event));
    let _ = writeln!(html, "<h3>{}</h3>", escaped(trf!("Entry {seq}: {what}", "第 {seq} 条：{what}")));
    if is_revision {
        lines(html, heading("fields"), &told.parts.chosen_fields());
    }
    blocks.iter().for_each(|block| lines(html, &block.heading(), &block.lines));
}

fn lines(html: &mut String, heading: &str, lines: &[Quoted]) {
    let line = |it: &Quoted| if it.mark.is_empty() { it.text.clone() } else { format!("{} {}", it.mark, it.text) };
    let lines: Vec<String> = lines.iter().map(line).collect();
    let _ = writeln!(html, "<h4>{}</h4>\n<pre>{}</pre>", escaped(heading), escaped(lines.join("\n")));
}
