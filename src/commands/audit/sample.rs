//! `audit sample`: draw a sample so that anybody can repeat the draw.

mod frame;
mod recorded;
mod worksheet;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::population::Log;
use super::reconcile::DeploymentList;
use super::{AsCsv, Span, print_with_table};
use crate::commands::files::{check_absent, create};
use crate::commands::{Context, Zh};
use crate::domain::{Between, Digest, Event, Line, Sample as Statement, Time};
use crate::error::Error;
use crate::format::Entry;
use crate::output::json::written;
use crate::output::safe;
use crate::record::{Plan, record};
use crate::store::Session;
use crate::{tr, trf};
use frame::{Frame, Item};
use recorded::{Earlier, check_reconciled, earlier};

/// How many are drawn, unless the option says otherwise.
const SIZE: u32 = 25;

/// Arguments of `audit sample`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit sample --seed 'Q4 2026, dice 4 1 6' --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z --record
  twinseal audit sample --seed 416 --size 40 --from 2026-10-01 --to 2027-01-01 --zone Asia/Shanghai --csv > sheet.csv
  twinseal audit sample --seed 416 --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z --html sheet.html
  twinseal audit sample --seed 416 --deployments list.csv --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z")]
pub struct Sample {
    /// Word that decides what is drawn, chosen by the auditor and not by those who are audited
    #[arg(long, value_name = "WORD", zh("决定抽取结果的文字，由审计员而非被审计方选定"))]
    seed: String,
    /// How many to draw
    #[arg(long, value_name = "N", default_value_t = SIZE, value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(zh("抽取的数量"))]
    size: u32,
    #[command(flatten)]
    span: Span,
    /// Draw from this list of what was really deployed, as audit reconcile reads it
    #[arg(long, value_name = "FILE", zh("改从这份实际部署的清单中抽取，格式与 audit reconcile 相同"))]
    deployments: Option<PathBuf>,
    /// Map in TOML that says which column of the list is what
    #[arg(long, value_name = "FILE", requires = "deployments", zh("TOML 格式的映射，说明清单各列的含义"))]
    map: Option<PathBuf>,
    /// Record the sample, as an auditor
    #[arg(long, zh("由审计员记录抽样"))]
    record: bool,
    #[command(flatten)]
    csv: AsCsv,
    /// Worksheet to create, as a page to print
    #[arg(long, value_name = "FILE", zh("要创建的工作底稿，可打印的网页"))]
    html: Option<PathBuf>,
}

/// How to draw.
struct Method {
    seed: Line,
    size: usize,
    period: Between,
}

/// A sample that was drawn.
struct Draw {
    seed: Line,
    period: Between,
    log: Log,
    /// How many it was drawn from.
    of: usize,
    /// In the order of their ranks.
    drawn: Vec<(Digest, Item)>,
    /// What is audited whole.
    whole: Vec<Item>,
}

impl Sample {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        self.html.iter().try_for_each(|path| check_absent(context.env, path))?;
        let seed = Line::from_typed(&self.seed);
        let seed = seed.map_err(|invalid| Error::Value { given: self.seed.clone(), invalid })?;
        let method = Method { seed, size: self.size as usize, period: self.span.read(context)? };
        let frame = match &self.deployments {
            Some(file) => Frame::Deployments(Box::new(DeploymentList::read(context, file, self.map.as_deref())?)),
            None => Frame::Changes,
        };
        let now = context.env.now();
        let mut session = context.open()?;
        let recorded = match self.record {
            false => None,
            true => Some(record(context.recorder(), &mut session, |session| {
                check_reconciled(session, &frame)?;
                let draw = Draw::new(session, &frame, &method, (Log::of(session)?, now))?;
                Ok(Plan::of(Event::Sample(Box::new(draw.statement(&frame)))))
            })?),
        };
        context.ui.report_recorded_notices(context.env);
        let log = match &recorded {
            Some(entry) => Log::at(&session, entry.header.seq),
            None => Log::of(&session),
        };
        let printed = log.and_then(|log| {
            let draw = Draw::new(&session, &frame, &method, (log, now))?;
            self.print(context, &session, (&frame, &draw), recorded.as_ref())
        });
        super::after(recorded.as_ref(), printed)
    }

    fn print(
        &self,
        context: &mut Context<'_>,
        session: &Session,
        (frame, draw): (&Frame, &Draw),
        recorded: Option<&Entry>,
    ) -> Result<(), Error> {
        let (earlier, clock) = (earlier(session, frame, draw, context.env.now())?, context.clock());
        if let Some(path) = &self.html {
            create(context.env, path, worksheet::page(frame, draw, &earlier, &clock))?;
        }
        let [a, b, c, d, e, f, g, h] = frame.columns();
        let columns = ["part", "rank", a, b, c, d, e, f, g, h, "inspected_by", "remark"];
        if self.csv.print(context, columns, || worksheet::csv_rows(draw))? {
            for it in &earlier {
                let it = it.said(&clock);
                context.env.remark(trf!("recorded before: {it}", "此前记录：{it}"));
            }
            super::remark_recorded(context, recorded);
            return Ok(());
        }
        if context.ui.json {
            let mut json = json(session, frame, draw);
            json["recorded"] = super::recorded_json(recorded);
            json["earlier"] = earlier.iter().map(Earlier::json).collect();
            return context.ui.print_json(context.env, json);
        }
        show(context, (frame, draw), &earlier)?;
        if let Some(path) = &self.html {
            let file = safe(&path.display().to_string()).into_owned();
            context.env.remark(trf!("worksheet: {file}", "工作底稿：{file}"));
        }
        super::remark_recorded(context, recorded);
        Ok(())
    }
}

impl Draw {
    /// Draws the items with the smallest ranks. What is exceptional is never drawn: it is listed whole.
    ///
    /// # Errors
    /// The cache cannot be read.
    fn new(session: &Session, frame: &Frame, method: &Method, (log, now): (Log, Time)) -> Result<Self, Error> {
        let Method { seed, size, period } = method;
        let all = frame.items(session, *period, (log.size, now))?;
        let (whole, ordinary): (Vec<Item>, Vec<Item>) = all.into_iter().partition(Item::is_exceptional);
        let of = ordinary.len();
        let mut drawn: Vec<(Digest, Item)> = ordinary.into_iter().map(|it| (rank(seed, it.leaf()), it)).collect();
        drawn.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        drawn.truncate(*size);
        Ok(Self { seed: seed.clone(), period: *period, log, of, drawn, whole })
    }

    /// The sample as an entry states it.
    fn statement(&self, frame: &Frame) -> Statement {
        let drawn = frame.state(self.drawn.iter().map(|(_, it)| it));
        let (seed, of) = (self.seed.clone(), self.of as u64);
        Statement { log: self.log.counted(), period: self.period, seed, of, drawn }
    }
}

/// The rank of an item: anybody can compute it from the seed and the leaf.
fn rank(seed: &Line, leaf: Digest) -> Digest {
    Digest::new(Sha256::new().chain_update(seed.as_str()).chain_update(leaf.as_bytes()).finalize().into())
}

fn show(context: &mut Context<'_>, (frame, draw): (&Frame, &Draw), earlier: &[Earlier]) -> Result<(), Error> {
    let mut page = context.page();
    page.title(frame.title(draw.period));
    facts(frame, draw).into_iter().for_each(|(label, value)| _ = page.field(label, value));
    draw.log.field(&mut page);
    let clock = context.clock();
    if !earlier.is_empty() {
        page.block(tr!("recorded before, of the same period", "此前记录的同期抽样"));
        earlier.iter().for_each(|it| _ = page.text("", it.said(&clock)));
    }
    let row = |part: String, it: &Item| {
        let [a, b, c, d, e] = it.shown(&clock);
        [part, a, b, c, d, e]
    };
    let drawn = (1..).zip(&draw.drawn).map(|(n, (_, it)): (usize, _)| row(n.to_string(), it));
    let rows = drawn.chain(draw.whole.iter().map(|it| row(tr!("whole", "全部").to_owned(), it))).collect();
    let [a, b, c, d, e] = frame.header();
    print_with_table(context, &page, [tr!("RANK", "序"), a, b, c, d, e], rows)
}

/// What a reader needs to repeat the draw.
fn facts(frame: &Frame, draw: &Draw) -> Vec<(&'static str, String)> {
    let (drawn, of, whole) = (draw.drawn.len(), draw.of, draw.whole.len());
    let input = frame.input().map(|input| (tr!("list", "清单"), trf!("SHA-256 {input}", "SHA-256 {input}")));
    let facts = [
        (tr!("seed", "种子"), draw.seed.to_string()),
        (
            tr!("drawn", "抽取"),
            trf!("{drawn} of {of}, by SHA-256(seed, leaf hash)", "{of} 个中抽取 {drawn} 个，按 SHA-256(种子, 叶哈希)"),
        ),
        (tr!("whole", "全部"), frame.whole(whole)),
    ];
    input.into_iter().chain(facts).collect()
}

fn json(session: &Session, frame: &Frame, draw: &Draw) -> Value {
    let drawn = draw.drawn.iter().map(|(rank, it)| {
        let mut value = it.json();
        value["rank"] = rank.to_string().into();
        value
    });
    let (from, to) = (draw.period.from().to_string(), draw.period.to().to_string());
    json!({
        "register": written(session.state().id()),
        "query": { "population": frame.definition(), "from": from, "to": to },
        "input": written(frame.input()),
        "log": draw.log.json(),
        "seed": draw.seed.to_string(),
        "drawn_from": draw.of,
        "sample": drawn.collect::<Value>(),
        "whole": draw.whole.iter().map(Item::json).collect::<Value>(),
    })
}
