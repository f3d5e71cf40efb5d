//! `audit reconcile`: what was really deployed, against the log.

mod matching;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{AsCsv, Between, print_with_table};
use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::breakglass::Judged;
use crate::commands::files::{read_draft, read_text_within};
use crate::commands::lookup::{name_of_input, time};
use crate::domain::{ChangeId, Digest};
use crate::error::Error;
use crate::input::{Deployed, DeploymentMap, Toward, read_deployment_map, read_deployments};
use crate::lang::within;
use crate::output::json::{list as words, written};
use crate::output::{list, safe};
use crate::store::Session;
use crate::{tr, trf};
use matching::{Executed, Judgement, Verdict, judge, without_deployment};

/// The size limit of a list in bytes.
const MOST_INPUT: u64 = 32 << 20;

/// Arguments of `audit reconcile`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit reconcile deployments.csv --map examples/reconcile/gitlab.toml
  twinseal audit reconcile argocd.json --map argocd.toml --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z
  twinseal audit reconcile sessions.csv --map bastion.toml --csv > findings.csv")]
pub struct Reconcile {
    /// List of what was deployed, in CSV or JSON; - reads standard input
    #[arg(value_name = "FILE", zh("实际部署的清单，CSV 或 JSON；- 表示标准输入"))]
    file: PathBuf,
    /// Map in TOML that says which column is what
    #[arg(long, value_name = "FILE", zh("TOML 格式的映射，说明各列的含义"))]
    map: Option<PathBuf>,
    /// Beginning of the period; the first row by default
    #[arg(long, value_name = "TIME", requires = "to", zh("期间的开始；默认为第一行的时间"))]
    from: Option<String>,
    /// End of the period, which is no longer in it; after the last row by default
    #[arg(long, value_name = "TIME", requires = "from", zh("期间的结束，此刻不含在内；默认在最后一行之后"))]
    to: Option<String>,
    #[command(flatten)]
    csv: AsCsv,
}

/// What was found.
struct Reconciled {
    /// The SHA-256 of the list.
    input: Digest,
    period: Option<Between>,
    rows: Vec<(Deployed, Judgement)>,
    /// Rows outside of the period.
    outside: usize,
    missing: Vec<(ChangeId, Vec<String>)>,
}

impl Reconciled {
    fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|(_, it)| it.verdict == verdict).count()
    }
}

impl Reconcile {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let map = match &self.map {
            Some(path) => Some(read_draft(context.env, path, read_deployment_map)?),
            None => None,
        };
        let text = read_text_within(context.env, &self.file, MOST_INPUT)?;
        let rows = read_deployments(&text, map.as_ref())
            .map_err(|faults| Error::Faults { path: name_of_input(&self.file), faults })?;
        let (period, outside, rows) = self.within(context, rows)?;
        let session = context.open()?;
        let lang = self.csv.lang();
        let (rows, missing) = within(lang, || compare(context, &session, (rows, period), map.as_ref()))?;
        let found = Reconciled { input: Digest::new(Sha256::digest(&text).into()), period, rows, outside, missing };
        let columns = ["row", "ref", "time", "service", "host", "artifact", "result", "about", "why"];
        if self.csv.print(context, columns, || csv_rows(&found))? {
            return Ok(());
        }
        if context.ui.json {
            return context.ui.print_json(context.env, self.json(&session, map.as_ref(), &found));
        }
        self.show(context, &found)
    }

    /// The rows of the period, which is that of all rows unless it is given.
    fn within(
        &self,
        context: &Context<'_>,
        mut rows: Vec<Deployed>,
    ) -> Result<(Option<Between>, usize, Vec<Deployed>), Error> {
        let given = match (&self.from, &self.to) {
            (Some(from), Some(to)) => {
                Some(Between::new(time(context, from, Toward::Past)?, time(context, to, Toward::Past)?)?)
            }
            _ => None,
        };
        let times = || rows.iter().map(|row| row.time);
        let whole = times().min().zip(times().max()).map(|(from, last)| Between { from, to: last.plus(1) });
        let (period, all) = (given.or(whole), rows.len());
        rows.retain(|row| period.is_some_and(|period| period.contains(row.time)));
        Ok((period, all - rows.len(), rows))
    }

    fn show(&self, context: &mut Context<'_>, found: &Reconciled) -> Result<(), Error> {
        let mut page = context.page();
        let file = safe(&name_of_input(&self.file)).into_owned();
        page.title(trf!("{file} against the log", "{file} 与日志核对"));
        page.field("SHA-256", found.input);
        if let Some(Between { from, to }) = found.period {
            page.field(tr!("period", "期间"), trf!("from {from} to before {to}", "自 {from} 起、{to} 之前"));
        }
        let (rows, outside) = (found.rows.len(), found.outside);
        let beside = match outside {
            0 => String::new(),
            outside => trf!("; {outside} outside the period", "；期间之外 {outside} 行"),
        };
        page.field(tr!("rows", "行数"), format_args!("{rows}{beside}"));
        for verdict in Verdict::ALL {
            page.field(&verdict.phrase(), found.count(*verdict));
        }
        page.field(tr!("not deployed", "无部署记录"), found.missing.len());
        if found.period.is_none() {
            let none = tr!(
                "the list has no rows; --from and --to say for which period that is so",
                "清单没有行；用 --from 和 --to 说明是哪个期间"
            );
            page.field(tr!("note", "说明"), none);
        }
        if !found.missing.is_empty() {
            page.block(tr!("said to be done, but not deployed", "称已完成，但没有部署记录"));
            for (id, targets) in &found.missing {
                page.text("", if targets.is_empty() { id.to_string() } else { format!("{id}: {}", list(targets)) });
            }
        }
        let clock = context.clock();
        let row = |(row, it): &(Deployed, Judgement)| {
            let time = clock.to_the_second(row.time);
            let what = list([&row.reference, &row.service, &row.host].into_iter().filter(|it| !it.is_empty()));
            [row.row.to_string(), time, what, it.verdict.phrase(), said(it)]
        };
        let header =
            [tr!("ROW", "行"), tr!("TIME", "时间"), tr!("DEPLOYED", "部署"), tr!("RESULT", "结果"), tr!("WHY", "原因")];
        let open = found.rows.iter().filter(|(_, it)| it.verdict != Verdict::Matched);
        print_with_table(context, &page, header, open.map(row).collect())
    }

    fn json(&self, session: &Session, map: Option<&DeploymentMap>, found: &Reconciled) -> Value {
        let row = |(row, it): &(Deployed, Judgement)| {
            json!({
                "row": row.row, "ref": row.reference, "time": row.time.to_string(), "service": row.service,
                "host": row.host, "artifact": written(row.artifact), "result": it.verdict.as_str(),
                "about": it.about, "differences": words(it.differences.iter().map(|it| it.as_str())), "why": it.why,
            })
        };
        let missing =
            |(id, targets): &(ChangeId, Vec<String>)| json!({ "change": id.to_string(), "targets": words(targets) });
        let counts: serde_json::Map<String, Value> =
            Verdict::ALL.iter().map(|it| (it.to_string(), found.count(*it).into())).collect();
        json!({
            "register": written(session.state().id()),
            "head": session.state().head().map(crate::output::json::head),
            "file": name_of_input(&self.file),
            "sha256": found.input.to_string(),
            "query": written(map.and_then(|it| it.query.as_ref())),
            "extractor": written(map.and_then(|it| it.extractor.as_ref())),
            "from": written(found.period.map(|it| it.from)),
            "to": written(found.period.map(|it| it.to)),
            "outside_period": found.outside,
            "counts": counts,
            "rows": found.rows.iter().map(row).collect::<Value>(),
            "without_deployment": found.missing.iter().map(missing).collect::<Value>(),
        })
    }
}

/// What the log says of each row, and which changes have none.
type Compared = (Vec<(Deployed, Judgement)>, Vec<(ChangeId, Vec<String>)>);

fn compare(
    context: &Context<'_>,
    session: &Session,
    (rows, period): (Vec<Deployed>, Option<Between>),
    map: Option<&DeploymentMap>,
) -> Result<Compared, Error> {
    let _snapshot = session.hold_snapshot()?;
    let head = session.state().head().map_or(0, |head| head.seq);
    let started = session.queries().started_in(0, head)?.into_iter().map(|it| it.change);
    let corrected = session.queries().corrected_times()?;
    let executed = session.ask_each(None, started, |change, _| Ok(Executed::of(change, &corrected)))??;
    let executed: Vec<Executed> = executed.into_iter().flatten().collect();
    let glasses = Judged::all(session, session.state().moment(context.env.now()))?;
    let judged = rows.into_iter().map(|row| {
        let it = judge(&row, &executed, &glasses);
        (row, it)
    });
    let rows: Vec<_> = judged.collect();
    let covers = map.map(|it| it.covers.clone()).unwrap_or_default();
    let missing = period.map(|it| without_deployment(&executed, &rows, &covers, (it.from, it.to)));
    Ok((rows, missing.unwrap_or_default()))
}

/// The reason in words: `CHG-7: outside its window`.
fn said(it: &Judgement) -> String {
    let about = &it.about;
    match (it.verdict, it.differences.is_empty()) {
        (_, false) => trf!("{about}: {}", "{about}：{}", list(it.differences.iter().map(|it| it.phrase()))),
        (Verdict::Unauthorised, _) if about.is_empty() => it.why.to_owned(),
        (Verdict::Unauthorised, _) => trf!("{about}: {}", "{about}：{}", it.why),
        _ => about.clone(),
    }
}

/// Every row, then the changes without one.
fn csv_rows(found: &Reconciled) -> Vec<[String; 9]> {
    let row = |(row, it): &(Deployed, Judgement)| {
        let why = if it.differences.is_empty() {
            it.why.to_owned()
        } else {
            list(it.differences.iter().map(|it| it.as_str()))
        };
        let artifact = row.artifact.map_or(String::new(), |it| it.to_string());
        let (time, result) = (row.time.to_string(), it.verdict.to_string());
        let [reference, service, host] = [&row.reference, &row.service, &row.host].map(String::clone);
        [row.row.to_string(), reference, time, service, host, artifact, result, it.about.clone(), why]
    };
    let missing = |(id, targets): &(ChangeId, Vec<String>)| {
        let empty = String::new;
        let (result, host) = ("no-deployment".to_owned(), targets.join(" "));
        [empty(), empty(), empty(), empty(), host, empty(), result, id.to_string(), empty()]
    };
    found.rows.iter().map(row).chain(found.missing.iter().map(missing)).collect()
}
