//! `audit reconcile`: what was really deployed, against the log.

mod matching;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::population::Log;
use super::{AsCsv, print_with_table};
use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::breakglass::Judged;
use crate::commands::files::{read_text, read_text_within};
use crate::commands::lookup::{name_of_input, time};
use crate::domain::{Between, ChangeId, Digest, Event, Field, Prose, Reconciliation, ReconciliationCounts, Text, Time};
use crate::error::{Error, UsageError};
use crate::format::Entry;
use crate::input::{Deployed, DeploymentMap, Toward, read_deployment_map, read_deployments};
use crate::lang::within;
use crate::output::json::{list as words, written};
use crate::output::{list, safe};
use crate::record::{Plan, record};
use crate::store::Session;
use crate::{tr, trf};
use matching::{Executed, judge, without_deployment};
pub(super) use matching::{Judgement, Verdict};

/// The size limit of a list in bytes.
const MOST_INPUT: u64 = 32 << 20;

/// Arguments of `audit reconcile`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit reconcile deployments.csv --map examples/reconcile/gitlab.toml
  twinseal audit reconcile argocd.json --map argocd.toml --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z
  twinseal audit reconcile sessions.csv --map bastion.toml --csv > findings.csv
  twinseal audit reconcile deployments.csv --map gitlab.toml --record")]
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
    /// Record the result, as an auditor
    #[arg(long, zh("由审计员记录结果"))]
    record: bool,
    #[command(flatten)]
    csv: AsCsv,
}

/// A list of what was really deployed, as it was read.
#[derive(Clone)]
pub(super) struct DeploymentList {
    /// The SHA-256 of the file.
    pub input: Digest,
    pub rows: Vec<Deployed>,
    map: Option<DeploymentMap>,
    /// The map as it was written.
    source: Option<Prose>,
}

impl DeploymentList {
    /// # Errors
    /// A file cannot be read, or is invalid.
    pub fn read(context: &mut Context<'_>, file: &Path, map: Option<&Path>) -> Result<Self, Error> {
        let (mut source, mut read) = (None, None);
        if let Some(path) = map {
            let text = read_text(context.env, path)?;
            let path = name_of_input(path);
            let map = read_deployment_map(&text).map_err(|faults| Error::Faults { path: path.clone(), faults })?;
            source = Some(Prose::from_typed(&text).map_err(|invalid| Error::Value { given: path, invalid })?);
            read = Some(map);
        }
        let text = read_text_within(context.env, file, MOST_INPUT)?;
        let rows = read_deployments(&text, read.as_ref())
            .map_err(|faults| Error::Faults { path: name_of_input(file), faults })?;
        Ok(Self { input: Digest::new(Sha256::digest(&text).into()), rows, map: read, source })
    }

    /// Takes out the rows that are not of a period, and says how many.
    pub fn take_outside(&mut self, period: Option<Between>) -> usize {
        let all = self.rows.len();
        self.rows.retain(|row| period.is_some_and(|period| period.contains(row.time)));
        all - self.rows.len()
    }

    /// The period from the first row to the last one.
    fn period(&self) -> Option<Between> {
        let times = || self.rows.iter().map(|row| row.time);
        times().min().zip(times().max()).and_then(|(from, last)| Between::new(from, last.plus(1)).ok())
    }
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

    /// The result as an entry on top of the log states it.
    fn to_record(&self, session: &Session, period: Between) -> Result<Reconciliation, Error> {
        let count = |verdict| self.count(verdict) as u64;
        let counts = ReconciliationCounts {
            outside: self.outside as u64,
            matched: count(Verdict::Matched),
            differs: count(Verdict::Differs),
            break_glass: count(Verdict::BreakGlass),
            unauthorised: count(Verdict::Unauthorised),
            not_deployed: self.missing.len() as u64,
        };
        Ok(Reconciliation { log: Log::of(session)?.counted(), period, input: self.input, counts })
    }
}

impl Reconcile {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let given = match (&self.from, &self.to) {
            (Some(from), Some(to)) => {
                Some(super::period(time(context, from, Toward::Past)?, time(context, to, Toward::Past)?)?)
            }
            _ => None,
        };
        let mut list = DeploymentList::read(context, &self.file, self.map.as_deref())?;
        let period = given.or(list.period());
        let outside = list.take_outside(period);
        let now = context.env.now();
        let mut session = context.open()?;
        let compare = |session: &Session| {
            let (rows, missing) = compare(session, &list, period, now)?;
            Ok::<_, Error>(Reconciled { input: list.input, period, rows, outside, missing })
        };
        let recorded = match (self.record, period) {
            (false, _) => None,
            (true, None) => return Err(no_period()),
            (true, Some(period)) => Some(record(context.recorder(), &mut session, |session| {
                let found = compare(session)?.to_record(session, period)?;
                let text = list.source.clone().map(|source| Text::Remark(Field::Source, source));
                Ok(Plan { event: Event::Reconciliation(Box::new(found)), text })
            })?),
        };
        context.ui.report_recorded_notices(context.env);
        let found = within(self.csv.lang(), || compare(&session));
        let printed =
            found.and_then(|found| self.print(context, &session, list.map.as_ref(), (&found, recorded.as_ref())));
        super::after(recorded.as_ref(), printed)
    }

    fn print(
        &self,
        context: &mut Context<'_>,
        session: &Session,
        map: Option<&DeploymentMap>,
        (found, recorded): (&Reconciled, Option<&Entry>),
    ) -> Result<(), Error> {
        let columns = ["row", "ref", "time", "service", "host", "artifact", "result", "about", "why"];
        if self.csv.print(context, columns, || csv_rows(found))? {
            return Ok(());
        }
        if context.ui.json {
            let mut json = self.json(session, map, found);
            json["recorded"] = super::recorded_json(recorded);
            return context.ui.print_json(context.env, json);
        }
        self.show(context, found)?;
        super::remark_recorded(context, recorded);
        Ok(())
    }

    fn show(&self, context: &mut Context<'_>, found: &Reconciled) -> Result<(), Error> {
        let mut page = context.page();
        let file = safe(&name_of_input(&self.file)).into_owned();
        page.title(trf!("{file} against the log", "{file} 与日志核对"));
        page.field("SHA-256", found.input);
        if let Some((from, to)) = found.period.map(|it| (it.from(), it.to())) {
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
            "from": written(found.period.map(Between::from)),
            "to": written(found.period.map(Between::to)),
            "outside_period": found.outside,
            "counts": counts,
            "rows": found.rows.iter().map(row).collect::<Value>(),
            "without_deployment": found.missing.iter().map(missing).collect::<Value>(),
        })
    }
}

/// Without a row, only the options say for which period the list was extracted.
fn no_period() -> Error {
    let message = tr!("the list has no rows, so it is of no period", "清单没有行，因此不属于任何期间").to_owned();
    let hint = tr!("give --from and --to", "请给出 --from 和 --to").to_owned();
    UsageError { message, hint }.into()
}

/// What the log says of each row, and which changes have none.
type Compared = (Vec<(Deployed, Judgement)>, Vec<(ChangeId, Vec<String>)>);

/// Compares the rows with the log.
///
/// # Errors
/// The cache cannot be read.
pub(super) fn compare(
    session: &Session,
    list: &DeploymentList,
    period: Option<Between>,
    now: Time,
) -> Result<Compared, Error> {
    let _snapshot = session.hold_snapshot()?;
    let head = session.state().head().map_or(0, |head| head.seq);
    let started = session.queries().started_in(0, head)?.into_iter().map(|it| it.change);
    let corrected = session.queries().corrected_times()?;
    let executed = session.ask_each(None, started, |change, _| Ok(Executed::of(change, &corrected)))??;
    let executed: Vec<Executed> = executed.into_iter().flatten().collect();
    let glasses = Judged::all(session, session.state().moment(now))?;
    let judged = list.rows.iter().map(|row| (row.clone(), judge(row, &executed, &glasses)));
    let rows: Vec<_> = judged.collect();
    let covers = list.map.as_ref().map(|it| it.covers.clone()).unwrap_or_default();
    let missing = period.map(|it| without_deployment(&executed, &rows, &covers, it));
    Ok((rows, missing.unwrap_or_default()))
}

/// The reason in words: `CHG-7: outside its window`.
pub(super) fn said(it: &Judgement) -> String {
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
