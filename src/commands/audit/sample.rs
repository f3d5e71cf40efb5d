//! `audit sample`: draw changes of a population so that anybody can repeat the draw.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::population::{DEFINITION, Log, Member, members};
use super::{AsCsv, Between, Span, print_with_table};
use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::files::create;
use crate::domain::{Digest, Line};
use crate::error::Error;
use crate::lang::lang;
use crate::output::safe;
use crate::store::Session;
use crate::{tr, trf};

/// The page to print.
const PAGE: &str = include_str!("sample.html");

/// How many changes are drawn, unless the option says otherwise.
const SIZE: usize = 25;

/// Arguments of `audit sample`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit sample --seed 'Q4 2026, dice 4 1 6' --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z
  twinseal audit sample --seed 416 --size 40 --from 2026-10-01 --to 2027-01-01 --zone Asia/Shanghai --csv > sheet.csv
  twinseal audit sample --seed 416 --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z --html sheet.html")]
pub struct Sample {
    /// Word that decides what is drawn, chosen by the auditor and not by those who are audited
    #[arg(long, value_name = "WORD", zh("决定抽取结果的文字，由审计员而非被审计方选定"))]
    seed: String,
    /// How many changes to draw
    #[arg(long, value_name = "N", default_value_t = SIZE, zh("抽取的变更单数"))]
    size: usize,
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    csv: AsCsv,
    /// Worksheet to create, as a page to print
    #[arg(long, value_name = "FILE", zh("要创建的工作底稿，可打印的网页"))]
    html: Option<PathBuf>,
}

/// What was drawn.
struct Drawn {
    seed: Line,
    period: Between,
    log: Log,
    /// How many changes the sample was drawn from.
    of: usize,
    /// In the order of their ranks.
    drawn: Vec<(Digest, Member)>,
    /// What is audited whole.
    whole: Vec<Member>,
}

impl Sample {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let seed = Line::from_typed(&self.seed);
        let seed = seed.map_err(|invalid| Error::Value { given: self.seed.clone(), invalid })?;
        let period = self.span.read(context)?;
        let session = context.open()?;
        let drawn = draw(context, &session, (seed, self.size), period)?;
        if let Some(path) = &self.html {
            create(context.env, path, page(&drawn))?;
        }
        let columns = [
            "part",
            "rank",
            "change",
            "entry",
            "leaf",
            "started",
            "kind",
            "risk",
            "owner",
            "title",
            "inspected_by",
            "remark",
        ];
        if self.csv.print(context, columns, || csv_rows(&drawn))? {
            return Ok(());
        }
        if context.ui.json {
            return context.ui.print_json(context.env, json(&session, &drawn));
        }
        show(context, &drawn)?;
        if let Some(path) = &self.html {
            let file = safe(&path.display().to_string()).into_owned();
            context.env.remark(trf!("worksheet: {file}", "工作底稿：{file}"));
        }
        Ok(())
    }
}

/// The rank of a change: anybody can compute it from the seed and the leaf hash of the entry of its first start.
fn rank(seed: &Line, leaf: Digest) -> Digest {
    Digest::new(Sha256::new().chain_update(seed.as_str()).chain_update(leaf.as_bytes()).finalize().into())
}

/// Draws the changes with the smallest ranks. Emergencies, and changes that went without a requirement, are never
/// drawn: they are listed whole.
fn draw(
    context: &Context<'_>,
    session: &Session,
    (seed, size): (Line, usize),
    period: Between,
) -> Result<Drawn, Error> {
    let log = Log::of(session)?;
    let all = members(session, period, (log.size, session.state().moment(context.env.now())))?;
    let (whole, ordinary): (Vec<Member>, Vec<Member>) = all.into_iter().partition(|it| it.exceptional);
    let of = ordinary.len();
    let mut drawn: Vec<(Digest, Member)> = ordinary.into_iter().map(|it| (rank(&seed, it.started.leaf), it)).collect();
    drawn.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
    drawn.truncate(size);
    Ok(Drawn { seed, period, log, of, drawn, whole })
}

fn show(context: &mut Context<'_>, it: &Drawn) -> Result<(), Error> {
    let mut page = context.page();
    page.title(title(it));
    facts(it).into_iter().for_each(|(label, value)| _ = page.field(label, value));
    it.log.field(&mut page);
    let clock = context.clock();
    let row = |part: &str, it: &Member| {
        let (id, seq) = (it.started.change.to_string(), it.started.seq.to_string());
        [part.to_owned(), id, seq, clock.minute(it.started.time, "UTC"), it.owner.clone(), it.shown_title()]
    };
    let drawn = (1..).zip(&it.drawn).map(|(n, (_, it)): (usize, _)| row(&n.to_string(), it));
    let rows = drawn.chain(it.whole.iter().map(|it| row(tr!("whole", "全部"), it))).collect();
    let header = [
        tr!("RANK", "序"),
        tr!("ID", "编号"),
        tr!("ENTRY", "条目"),
        tr!("STARTED", "开始时间"),
        tr!("OWNER", "变更负责人"),
        tr!("TITLE", "标题"),
    ];
    print_with_table(context, &page, header, rows)
}

fn title(it: &Drawn) -> String {
    let Between { from, to } = it.period;
    trf!("sample of the changes started from {from} to before {to}", "自 {from} 起、{to} 之前开始实施的变更单抽样")
}

fn facts(it: &Drawn) -> [(&'static str, String); 3] {
    let (drawn, of, whole) = (it.drawn.len(), it.of, it.whole.len());
    [
        (tr!("seed", "种子"), it.seed.to_string()),
        (
            tr!("drawn", "抽取"),
            trf!("{drawn} of {of}, by SHA-256(seed, leaf hash)", "{of} 个中抽取 {drawn} 个，按 SHA-256(种子, 叶哈希)"),
        ),
        (
            tr!("whole", "全部"),
            trf!("{whole}: emergencies and overridden requirements", "{whole} 个：紧急变更和要求被豁免的变更单"),
        ),
    ]
}

/// A row for each change, with two empty cells for the auditor.
fn csv_rows(it: &Drawn) -> Vec<[String; 12]> {
    let row = |part: &str, rank: String, it: &Member| {
        let (started, empty) = (&it.started, String::new);
        [
            part.to_owned(),
            rank,
            started.change.to_string(),
            started.seq.to_string(),
            started.leaf.to_string(),
            started.time.to_string(),
            it.kind.to_string(),
            it.risk.to_string(),
            it.owner.clone(),
            it.title.clone().unwrap_or_default(),
            empty(),
            empty(),
        ]
    };
    let drawn = it.drawn.iter().map(|(rank, it)| row("sample", rank.to_string(), it));
    drawn.chain(it.whole.iter().map(|it| row("whole", String::new(), it))).collect()
}

fn json(session: &Session, it: &Drawn) -> Value {
    let member = |it: &Member| {
        let started = &it.started;
        json!({ "change": started.change.to_string(), "seq": started.seq, "leaf": started.leaf.to_string() })
    };
    let drawn = it.drawn.iter().map(|(rank, it)| {
        let mut value = member(it);
        value["rank"] = rank.to_string().into();
        value
    });
    json!({
        "register": crate::output::json::written(session.state().id()),
        "query": { "population": DEFINITION, "from": it.period.from.to_string(), "to": it.period.to.to_string() },
        "log": it.log.json(),
        "seed": it.seed.to_string(),
        "drawn_from": it.of,
        "sample": drawn.collect::<Value>(),
        "whole": it.whole.iter().map(member).collect::<Value>(),
    })
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

/// The worksheet: what was drawn and from what, with room for the auditor's words, and no verdict.
fn page(it: &Drawn) -> String {
    let log = trf!("{} entries, root {}", "{} 条，根哈希 {}", it.log.size, it.log.root_text());
    let facts = facts(it).into_iter().chain([(tr!("log", "日志"), log)]);
    let facts: String =
        facts.map(|(label, value)| format!("<dt>{}</dt><dd>{}</dd>\n", html(label), html(value))).collect();
    let drawn = it.drawn.iter().map(|(_, it)| it);
    let tables =
        [table(tr!("sample", "抽样"), drawn.collect()), table(tr!("whole", "全部"), it.whole.iter().collect())];
    PAGE.replace("{LANG}", lang().tag())
        .replace("{TITLE}", &html(title(it)))
        .replace("{FACTS}", &facts)
        .replace("{TABLES}", &tables.concat())
}

fn table(heading: &str, members: Vec<&Member>) -> String {
    let header = [
        tr!("change", "变更单"),
        tr!("entry", "条目"),
        tr!("leaf hash", "叶哈希"),
        tr!("started", "开始时间"),
        tr!("owner", "变更负责人"),
        tr!("title", "标题"),
        tr!("inspected by", "检查人"),
        tr!("remark", "备注"),
    ];
    let header: String = header.iter().map(|it| format!("<th>{}</th>", html(it))).collect();
    let row = |it: &&Member| {
        let started = &it.started;
        let (id, seq, leaf) = (started.change.to_string(), started.seq.to_string(), started.leaf.to_string());
        let cells = [id, seq, leaf, started.time.to_string(), it.owner.clone(), it.shown_title()];
        let cells: String = cells.into_iter().map(|cell| format!("<td>{}</td>", html(cell))).collect();
        format!("<tr>{cells}<td class=\"blank\"></td><td class=\"blank\"></td></tr>\n")
    };
    let rows: String = members.iter().map(row).collect();
    format!("<h2>{}</h2>\n<table>\n<tr>{header}</tr>\n{rows}</table>\n", html(heading))
}
