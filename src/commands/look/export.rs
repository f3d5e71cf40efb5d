//! `export jsonl|csv|allowed-signers`: write the log, the changes or the keys for other programs.

mod allowed_signers;

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::commands::breakglass::Judged;
use crate::commands::lookup::{reason_of, title};
use crate::commands::{Context, Zh};
use crate::domain::{BreakGlass, Change, ChangeId, Left, Outcome, Status, Tally};
use crate::error::{Error, UsageError};
use crate::format::Entry;
use crate::lang::{Lang, within};
use crate::output::{csv_row, json};
use crate::store::Session;
use crate::{tr, trf};

/// Export the log or the changes for other programs
#[derive(Debug, Subcommand)]
#[command(zh("导出日志或变更单，供其他程序使用"))]
pub enum Export {
    /// Export every log entry as a line of JSON
    ///
    /// Each line has the exact signed bytes of an entry and their parsed content.
    #[command(zh("把每条日志导出为一行 JSON"))]
    #[command(zh_long("每行包括一条日志的原始签名字节及其解析后的内容。"))]
    Jsonl(Lines),
    /// Export every change as a row of CSV, or every break-glass
    ///
    /// A break-glass is no change and has no row among the changes. --breakglass exports them instead.
    ///
    /// The column `approved` has the times of the approvals in `approved_by`, in the same order, as their entries claim
    /// them. `seconds_to_approve` counts from the filing of the current revision to the approval with which it had all
    /// that it needed; it is empty as long as approvals are missing.
    ///
    /// A cell that a spreadsheet would read as a formula begins with an apostrophe.
    #[command(zh("把每个变更单或每个紧急处置导出为一行 CSV"))]
    #[command(zh_long("\
紧急处置不是变更，不在变更单之列；--breakglass 改为导出紧急处置。

`approved` 列是 `approved_by` 中各批准的时间，顺序相同，以各日志条目所称为准。`seconds_to_approve` 从当前修订的提交算起，\
到批准齐备为止；批准未齐备时为空。

电子表格会当作公式的单元格，前面加一个撇号。"))]
    Csv(Csv),
    /// Export the keys as an allowed signers file of OpenSSH
    ///
    /// `ssh-keygen -Y verify -f FILE` then checks the signature of any entry or request, without twinseal. Each line allows
    /// signatures of twinseal only, and none as git or a file would have.
    ///
    /// A key that can no longer sign has the time of its end as `valid-before`: when it was suspended or revoked, or its
    /// person retired. Give `ssh-keygen` the time that the entry claims: `-Overify-time=20261201093005Z`. OpenSSH reads
    /// these times from version 9.1 on.
    ///
    /// The file says who may sign, and not what a role allows. For that, use `twinseal verify`.
    #[command(zh("把密钥导出为 OpenSSH 的 allowed signers 文件"))]
    #[command(zh_long("\
之后无需 twinseal，用 `ssh-keygen -Y verify -f FILE` 即可核验任何日志条目或申请的签名。每一行只允许 twinseal 的签名，不允许 git 或文件的签名。

不能再签名的密钥以其终止时间作为 `valid-before`：即被停用、被吊销或其所属人员离任的时间。请把日志条目所称的时间交给 `ssh-keygen`：\
`-Overify-time=20261201093005Z`。OpenSSH 从 9.1 版起支持这种时间。

该文件只说明谁可以签名，不说明其角色允许什么；后者请用 `twinseal verify`。"))]
    AllowedSigners(AllowedSigners),
}

/// Arguments of `export allowed-signers`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal export allowed-signers > signers
  ssh-keygen -Y verify -f signers -I bob -n twinseal/change.approve/v1 \\
      -Overify-time=20261201093005Z -s approval.sig < approval.body")]
pub struct AllowedSigners {}

/// Arguments of `export jsonl`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal export jsonl > log.jsonl
  twinseal export jsonl --since 812 | ship-to-siem")]
pub struct Lines {
    /// First entry to export
    #[arg(long, value_name = "N", default_value_t = 0, zh("从这一条日志开始导出"))]
    since: u64,
}

/// Arguments of `export csv`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal export csv > changes.csv
  twinseal export csv --bom > changes-for-excel.csv
  twinseal export csv --breakglass > without-approval.csv")]
pub struct Csv {
    /// Begin with a byte order mark, by which Excel recognises UTF-8
    #[arg(long, zh("以字节顺序标记开头，Excel 据此识别 UTF-8"))]
    bom: bool,
    /// Break-glasses instead of changes
    #[arg(long, zh("导出紧急处置，而不是变更单"))]
    breakglass: bool,
}

impl Export {
    /// # Errors
    /// The register cannot be opened or read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if context.ui.json
            && let Some((name, written)) = self.without_json()
        {
            return Err(UsageError {
                message: trf!("export {name} prints {written}, not JSON", "export {name} 输出 {written}，而不是 JSON"),
                hint: tr!(
                    "leave out --json, or use `twinseal --json list` or `twinseal export jsonl`",
                    "请去掉 --json，或用 `twinseal --json list` 或 `twinseal export jsonl`"
                )
                .to_owned(),
            }
            .into());
        }
        let session = context.open()?;
        // Programs read it.
        within(Lang::En, || match self {
            Self::Jsonl(lines) => jsonl(context, &session, lines.since),
            Self::Csv(Csv { bom, breakglass }) => {
                if bom {
                    write!(context.env.out, "\u{feff}")?;
                }
                if breakglass { csv_of_break_glasses(context, &session) } else { csv(context, &session) }
            }
            Self::AllowedSigners(_) => allowed_signers::write(context, &session),
        })
    }

    /// Its name and what it writes, if that is never JSON.
    fn without_json(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Jsonl(_) => None,
            Self::Csv(_) => Some(("csv", "CSV")),
            Self::AllowedSigners(_) => Some(("allowed-signers", tr!("lines for OpenSSH", "供 OpenSSH 使用的行"))),
        }
    }
}

fn jsonl(context: &mut Context<'_>, session: &Session, since: u64) -> Result<(), Error> {
    let newest = session.state().head().map_or(0, |head| head.seq);
    for seq in since..=newest {
        let (Some(raw), Some(entry)) = (session.raw(seq)?, session.entry(seq)?) else {
            return Err(Error::NoEntry(seq));
        };
        let Entry { header, event, text, leaf } = &entry;
        let parsed = json::entry(header, event, text.as_ref(), *leaf);
        // Valid entries are UTF-8, so a JSON string holds their exact bytes.
        let blob = String::from_utf8_lossy(&raw.blob);
        let [words, data] = [&raw.text, &raw.data].map(|part| part.as_deref().map(String::from_utf8_lossy));
        let line = json!({ "seq": seq, "blob": blob, "text": words, "data": data, "entry": parsed });
        context.ui.print_json(context.env, line)?;
    }
    Ok(())
}

/// How many changes are read at a time.
const AT_A_TIME: usize = 256;

/// The columns of `export csv`. New ones come last, so that a sheet that counts columns goes on working.
const HEADER: [&str; 39] = [
    "change",
    "status",
    "title",
    "kind",
    "risk",
    "owner",
    "implementers",
    "services",
    "tags",
    "links",
    "window_start",
    "window_end",
    "outage_minutes",
    "rollback_minutes",
    "revision",
    "requester",
    "filed",
    "approved_by",
    "started_by",
    "started",
    "outcome",
    "finished",
    "authors",
    "environments",
    "follows",
    "conflicts",
    "targets",
    "stop_after",
    "left",
    "confirmation",
    "confirmed_by",
    "review_due",
    "approved",
    "seconds_to_approve",
    "reviewed_by",
    "reviewed",
    "open_actions",
    "closed",
    "template",
];

fn csv(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    write!(context.env.out, "{}", csv_row(&HEADER.map(str::to_owned)))?;
    let (filed, now) = (session.state().filed(), session.state().moment(context.env.now()));
    for from in (0..filed).step_by(AT_A_TIME) {
        let ids = || (from..filed).take(AT_A_TIME).map(ChangeId::after);
        let rows = session.ask_each(None, ids(), |change, governance| {
            let left = change.stranded(governance, None)?;
            Ok(row(change, (change.status(governance, now)?, left), &change.tally(governance, now)?))
        })??;
        for (id, mut row) in ids().zip(rows) {
            row[2] = title(session, id)?.unwrap_or_default();
            write!(context.env.out, "{}", csv_row(&row))?;
        }
    }
    Ok(())
}

/// The row of a change, without its title.
fn row(change: &Change, (status, left): (Status, Left), tally: &Tally<'_>) -> [String; 39] {
    let (revision, facts) = (change.current(), &change.current().facts);
    let approvers = tally.counted.iter().map(|vote| &vote.person);
    let outcome = change.outcomes().last();
    [
        change.id().to_string(),
        status.to_string(),
        String::new(),
        facts.kind.to_string(),
        facts.risk.to_string(),
        facts.owner.to_string(),
        joined(&facts.implementers),
        joined(&facts.services),
        joined(&facts.tags),
        joined(&facts.links),
        facts.window.start().to_string(),
        facts.window.end().to_string(),
        facts.outage_minutes.to_string(),
        facts.rollback_minutes.to_string(),
        revision.id.number.to_string(),
        change.revisions().next().map_or(String::new(), |first| first.requester.to_string()),
        change.revisions().next().map_or(String::new(), |first| first.time.to_string()),
        joined(approvers),
        change.started().map_or(String::new(), |act| act.person.to_string()),
        change.started().map_or(String::new(), |act| act.time.to_string()),
        outcome.map_or(String::new(), |(outcome, _): &(Outcome, _)| outcome.to_string()),
        outcome.map_or(String::new(), |(_, act)| act.time.to_string()),
        listed(&facts.authors),
        joined(&facts.environments),
        joined(&facts.follows),
        joined(revision.conflicts.keys()),
        facts.targets.to_string(),
        facts.stop_after.map_or(String::new(), |n| n.to_string()),
        left.phrase().to_owned(),
        change.confirmation().to_string(),
        joined(change.confirmations().iter().map(|(_, act)| &act.person)),
        joined(change.review_due()),
        joined(tally.counted.iter().map(|vote| vote.time)),
        joined(change.seconds_to_approve(tally)),
        joined(change.reviews().iter().map(|act| &act.person)),
        joined(change.reviews().iter().map(|act| act.time)),
        change.actions().iter().filter(|it| it.done.is_none()).count().to_string(),
        joined(change.closed().map(|act| act.time)),
        joined(facts.template.iter().map(|it| &it.template.name)),
    ]
}

/// The columns of `export csv --breakglass`. New ones come last, as in [`HEADER`].
const BREAK_GLASS_HEADER: [&str; 12] = [
    "breakglass",
    "status",
    "incident",
    "services",
    "affects",
    "opened_by",
    "opened",
    "ended",
    "closed_by",
    "closed",
    "ratified_by",
    "reason",
];

fn csv_of_break_glasses(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    write!(context.env.out, "{}", csv_row(&BREAK_GLASS_HEADER.map(str::to_owned)))?;
    let now = session.state().moment(context.env.now());
    for it in Judged::all(session, now)?.iter().rev() {
        let reason = reason_of(session, it.glass.opener().seq)?.unwrap_or_default();
        write!(context.env.out, "{}", csv_row(&break_glass_row(&it.glass, it.status.to_string(), reason)))?;
    }
    Ok(())
}

fn break_glass_row(glass: &BreakGlass, status: String, reason: String) -> [String; 12] {
    let (opening, opener, close) = (glass.opening(), glass.opener(), glass.close());
    let ratified = glass.ratified().into_iter().flatten().map(|act| &act.person);
    [
        glass.id().to_string(),
        status,
        opening.incident.to_string(),
        joined(&opening.services),
        joined(opening.affects),
        opener.person.to_string(),
        opener.moment.claimed.to_string(),
        glass.end().to_string(),
        joined(close.map(|act| &act.person)),
        joined(close.map(|act| act.moment.claimed)),
        joined(ratified),
        reason,
    ]
}

/// As [`joined`], for items that contain spaces.
fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(" ")
}
