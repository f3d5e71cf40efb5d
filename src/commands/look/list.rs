//! `list`: list changes by filters and in an order.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::commands::change::against::digest_of;
use crate::commands::look::diff::content;
use crate::commands::lookup::{View, known_person, parse, time};
use crate::commands::{Context, Zh};
use crate::domain::{
    ChangeKind, ConfirmationState, Digest, Facts, Invalid, Left, Moment, Rule, SearchWords, Status, Time,
};
use crate::error::{Error, FileAct};
use crate::input::Toward;
use crate::output::{WIDE, ago, json, outcome_of, table};
use crate::store::{ChangeFilter, ChangeOrder, ChangeRow, Session};
use crate::{tr, trf};

/// List changes, newest first
#[derive(Debug, Args)]
#[command(zh("列出变更单，最新的在前"))]
#[command(after_help = "Examples:
  twinseal list --status awaiting-approval
  twinseal list --status approved --service order-gateway --sort window
  twinseal list --mine --status open
  twinseal list --approver carol --from 2026-11-01 --to 2026-12-01
  twinseal list --as-of 2026-12-01T18:00:00+08:00
  twinseal list --text 'connection pool' --limit 200")]
pub struct List {
    /// Filter by status, several with commas: awaiting-approval, approved, rejected, withdrawn, expired, in-progress,
    /// overrun, succeeded, failed, rolled-back, in-review, closed; open stands for those that have not ended: awaiting-approval, approved,
    /// rejected, in-progress, overrun
    #[arg(short, long, value_name = "STATUS")]
    #[arg(zh(
        "按状态筛选，多个用逗号分隔：awaiting-approval（待审批）、approved（已批准）、rejected（已驳回）、\
              withdrawn（已撤回）、expired（已过期）、in-progress（实施中）、overrun（已超窗口）、succeeded（成功）、\
              failed（失败）、rolled-back（已回退）、in-review（待评估）、closed（已关闭）；open 表示全部未结束的：awaiting-approval、approved、rejected、\
              in-progress、overrun"
    ))]
    status: Option<String>,
    /// Filter by changes that you filed, or whose author, owner or implementer you are
    #[arg(short, long, zh("只列出您提交的，或您是作者、变更负责人或实施人的变更单"))]
    mine: bool,
    /// Filter by who approved the current revision and did not retract that
    #[arg(long, value_name = "PERSON", zh("按批准了当前修订且未收回的人筛选"))]
    approver: Option<String>,
    /// Filter by an artifact of the current revision: a file, or its SHA-256 digest
    #[arg(long, value_name = "FILE|DIGEST", zh("按当前修订的制品筛选：文件，或其 SHA-256 摘要"))]
    artifact: Option<String>,
    /// Filter by owner
    #[arg(long, value_name = "PERSON", zh("按变更负责人筛选"))]
    owner: Option<String>,
    /// Filter by affected service
    #[arg(long, value_name = "SERVICE", zh("按受影响的服务筛选"))]
    service: Option<String>,
    /// Filter by tag
    #[arg(long, value_name = "TAG", zh("按标签筛选"))]
    tag: Option<String>,
    /// Filter by risk: low, medium, high, critical
    #[arg(long, value_name = "RISK", zh("按风险筛选：low（低）、medium（中）、high（高）、critical（极高）"))]
    risk: Option<String>,
    /// Filter by kind: standard, normal, emergency
    #[arg(long, value_name = "KIND")]
    #[arg(zh("按类型筛选：standard（标准变更）、normal（常规变更）、emergency（紧急变更）"))]
    kind: Option<String>,
    /// Filter by outcome, also of changes in review and closed ones: succeeded, failed, rolled-back
    #[arg(long, value_name = "OUTCOME")]
    #[arg(zh("按结果筛选，包括待评估和已关闭的：succeeded（成功）、failed（失败）、rolled-back（已回退）"))]
    outcome: Option<String>,
    /// Filter by finished changes that await a confirmation
    #[arg(long, zh("只列出已完成、待确认的变更单"))]
    unconfirmed: bool,
    /// Filter by windows that end after this time, such as 'mon 09:00'
    #[arg(long, value_name = "TIME", zh("只列出窗口在此时间之后结束的，如 'mon 09:00'"))]
    from: Option<String>,
    /// Filter by windows that start before this time
    #[arg(long, value_name = "TIME", zh("只列出窗口在此时间之前开始的"))]
    to: Option<String>,
    /// Filter by words in the text, ignoring case
    #[arg(long, value_name = "WORDS", zh("按文本中的词筛选，不区分大小写"))]
    text: Option<String>,
    /// Register as of an entry or a time in the past
    #[arg(long, value_name = "SEQ|TIME", zh("以过去某一条日志或某一时间的变更台账为准"))]
    as_of: Option<String>,
    /// Order of the list
    #[arg(long, value_enum, default_value_t = Order::Newest, zh("排列顺序"))]
    sort: Order,
    /// Maximum number of changes
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(zh("最多列出的变更单个数"))]
    limit: u32,
}

/// An order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Most recently filed first
    Newest,
    /// Least recently filed first
    Oldest,
    /// Earliest window first
    Window,
    /// Highest risk first
    Risk,
}

impl From<Order> for ChangeOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
            Order::Window => Self::Window,
            Order::Risk => Self::Risk,
        }
    }
}

/// The word for every status of a change that has not ended.
pub const OPEN: &str = "open";

/// The words that `--status` takes.
const STATUSES: [&str; Status::WORDS.len() + 1] = {
    let mut words = [OPEN; Status::WORDS.len() + 1];
    let mut n = 0;
    while n < Status::WORDS.len() {
        words[n] = Status::WORDS[n];
        n += 1;
    }
    words
};

/// How many candidates are loaded at a time.
const AT_A_TIME: usize = 64;

/// Conditions for SQL, and those that need the loaded change.
struct Query {
    filter: ChangeFilter,
    /// The statuses of which any will do; empty means any.
    statuses: BTreeSet<Status>,
    text: Option<SearchWords>,
}

/// A row of the list, with its status as of now.
struct Listed {
    row: ChangeRow,
    status: Status,
    left: Left,
    /// The rule that keeps everybody from starting it in its window.
    cannot_start: Option<Rule>,
}

impl List {
    /// # Errors
    /// A filter is invalid, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut query = self.query(context)?;
        let view = View::open(context, self.as_of.as_deref())?;
        let View { session, now, .. } = &view;
        if self.mine {
            query.filter.part_of = Some(context.me(session)?);
        }
        for person in query.filter.owner.iter().chain(&query.filter.approver) {
            known_person(session, person)?;
        }
        let (found, more) = self.select(session, *now, &query)?;
        let as_of =
            view.as_of(&context.clock()).map_or(String::new(), |as_of| trf!("as of {as_of}\n", "截至{as_of}\n"));
        if found.is_empty() && !context.ui.json {
            context.env.remark(format_args!("{as_of}{}", nothing(session)));
            return Ok(());
        }
        if context.ui.json {
            let changes = lines(session, *now, &found)?;
            let list = json!({ "as_of": view.as_of_json(), "changes": changes, "more": more });
            context.ui.print_json(context.env, list)?;
        } else {
            let rows = found.iter().map(|it| row(context, it, now.claimed)).collect();
            let header = [
                tr!("CHANGE", "变更单"),
                tr!("STATUS", "状态"),
                tr!("RISK", "风险"),
                tr!("OWNER", "变更负责人"),
                tr!("OPENS", "窗口开始"),
                tr!("TITLE", "标题"),
            ];
            let table = table(header, rows, context.env.width);
            context.env.print_long(&format!("{as_of}{table}"))?;
        }
        if more {
            let count = found.len();
            context.env.remark(trf!(
                "showing the first {count}; use --limit for more",
                "只显示前 {count} 个；用 --limit 显示更多"
            ));
        }
        Ok(())
    }

    fn query(&self, context: &Context<'_>) -> Result<Query, Error> {
        let at = |given: &str| time(context, given, Toward::Future);
        let statuses = self.status.as_deref().map_or(Ok(BTreeSet::new()), statuses)?;
        // Approved, expired and overrun depend on the moment of reading.
        let stored = |status: &Status| match status {
            Status::Approved | Status::Expired => Status::AwaitingApproval,
            Status::Overrun => Status::InProgress,
            status => *status,
        };
        // The tables answer everything else. Query one row more than is shown, to know whether there are more.
        let limit = (statuses.is_empty() && self.text.is_none()).then(|| self.limit.saturating_add(1));
        let filter = ChangeFilter {
            stored_statuses: statuses.iter().map(stored).collect(),
            approver: parse_given(self.approver.as_deref())?,
            artifact: self.artifact.as_deref().map(|given| artifact(context, given)).transpose()?,
            part_of: None,
            owner: parse_given(self.owner.as_deref())?,
            service: parse_given(self.service.as_deref())?,
            tag: parse_given(self.tag.as_deref())?,
            risk: parse_given(self.risk.as_deref())?,
            kind: parse_given(self.kind.as_deref())?,
            outcome: parse_given(self.outcome.as_deref())?,
            confirmation: self.unconfirmed.then_some(ConfirmationState::Awaiting),
            ends_after: self.from.as_deref().map(at).transpose()?,
            starts_before: self.to.as_deref().map(at).transpose()?,
            order: self.sort.into(),
            limit,
        };
        Ok(Query { filter, statuses, text: self.text.as_deref().map(SearchWords::new) })
    }

    /// Up to `limit` matching changes, and whether there are more.
    fn select(&self, session: &Session, now: Moment, query: &Query) -> Result<(Vec<Listed>, bool), Error> {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut candidates = candidates(session, query)?.into_iter();
        let mut found = Vec::new();
        loop {
            let mut some: Vec<Listed> = candidates.by_ref().take(AT_A_TIME).collect();
            if some.is_empty() {
                return Ok((found, false));
            }
            judge(session, now, &mut some)?;
            let _snapshot = session.hold_snapshot()?;
            for it in some {
                if !query.statuses.is_empty() && !query.statuses.contains(&it.status)
                    || !has_words(session, &it, query)?
                {
                    continue;
                }
                if found.len() == most {
                    return Ok((found, true));
                }
                found.push(it);
            }
        }
    }
}

/// The statuses of a list with commas. `open` stands for all of changes that have not ended.
fn statuses(given: &str) -> Result<BTreeSet<Status>, Error> {
    let mut statuses = BTreeSet::new();
    for word in given.split(',').map(str::trim) {
        match word {
            OPEN => statuses.extend(Status::ALL.iter().filter(|it| !it.is_ended())),
            word => _ = statuses.insert(word.parse().map_err(|invalid| unknown_status(word, invalid))?),
        }
    }
    Ok(statuses)
}

/// The error for a word that is no status. `open` is one of those that could be meant.
fn unknown_status(given: &str, invalid: Invalid) -> Error {
    let invalid = match invalid {
        Invalid::Word { what, .. } => Invalid::Word { what, allowed: &STATUSES },
        invalid => invalid,
    };
    Error::Value { given: given.to_owned(), invalid }
}

/// The digest of an artifact, given by itself or by its file.
fn artifact(context: &Context<'_>, given: &str) -> Result<Digest, Error> {
    let hex = given.strip_prefix("sha256:").unwrap_or(given);
    match parse(hex) {
        Err(_) if hex == given => {
            let failed = |source| Error::File { doing: FileAct::Read, path: given.into(), source };
            digest_of(&context.env.path(Path::new(given))).map_err(failed)
        }
        digest => digest,
    }
}

fn parse_given<T: FromStr<Err = Invalid>>(given: Option<&str>) -> Result<Option<T>, Error> {
    given.map(parse).transpose()
}

/// The changes that match as far as the tables can tell.
fn candidates(session: &Session, query: &Query) -> Result<Vec<Listed>, Error> {
    let rows = session.queries().changes(&query.filter)?;
    // Another process of this account may have advanced the cache beyond this session's state.
    let filed = session.state().filed();
    let known = rows.into_iter().filter(|row| row.id.number() <= filed);
    Ok(known.map(|row| Listed { status: row.stored_status, left: Left::Nobody, cannot_start: None, row }).collect())
}

/// Derives the status of open changes, which may be approved, expired or overrun by now, and who of their people has left.
fn judge(session: &Session, now: Moment, some: &mut [Listed]) -> Result<(), Error> {
    let open = |it: &&mut Listed| matches!(it.status, Status::AwaitingApproval | Status::Rejected | Status::InProgress);
    let mut open: Vec<&mut Listed> = some.iter_mut().filter(open).collect();
    let ids = open.iter().map(|it| it.row.id);
    let judged = session.ask_each(None, ids, |change, governance| {
        let status = change.status(governance, now)?;
        let open = matches!(status, Status::AwaitingApproval | Status::Approved);
        let obstacle = if open { change.cannot_start(governance, now)? } else { None };
        Ok((status, change.stranded(governance, None)?, obstacle.map(|it| it.rule())))
    })??;
    open.iter_mut().zip(judged).for_each(|(it, judged)| (it.status, it.left, it.cannot_start) = judged);
    Ok(())
}

/// The list as JSON.
fn lines(session: &Session, now: Moment, found: &[Listed]) -> Result<Value, Error> {
    let ids = found.iter().map(|it| it.row.id);
    let judged = session.ask_each(None, ids, |change, governance| {
        Ok((change.current().facts.clone(), json::approvals(change, &change.tally(governance, now)?)))
    })??;
    let line = |(it, (facts, approvals)): (&Listed, (Facts, Value))| {
        json!({
            "change": it.row.id.to_string(),
            "status": it.status.as_str(),
            "title": it.row.title,
            "left": json::left(it.left),
            "cannot_start": json::written(it.cannot_start),
            "approvals": approvals,
            "confirmation": it.row.confirmation.as_str(),
            "outcome": json::written(it.row.outcome),
            "last_start": facts.last_start().to_string(),
            "last_rollback": facts.last_rollback().to_string(),
            "facts": json::facts(&facts),
        })
    };
    Ok(found.iter().zip(judged).map(line).collect())
}

/// Whether the text of the current revision contains the words.
fn has_words(session: &Session, it: &Listed, query: &Query) -> Result<bool, Error> {
    let Some(words) = &query.text else { return Ok(true) };
    Ok(content(session, it.row.filed)?.0.contains(words))
}

fn nothing(session: &Session) -> &'static str {
    if session.state().filed() > 0 {
        tr!("no matching changes; `twinseal list` shows all", "没有符合条件的变更单；`twinseal list` 列出全部")
    } else if session.state().governance().is_sealed() {
        tr!(
            "no changes yet; start with `twinseal draft > change.toml`",
            "还没有变更单；从 `twinseal draft > change.toml` 开始"
        )
    } else {
        tr!(
            "register is not sealed yet; another founding admin runs: `twinseal seal`",
            "变更台账尚未封印；请另一名创始管理员运行：`twinseal seal`"
        )
    }
}

/// `high`, or `high emergency`: a normal change does not say its kind.
pub fn risk_and_kind(row: &ChangeRow) -> String {
    let ChangeRow { risk, kind, .. } = row;
    let (risk, of_kind) = (risk.phrase(), kind.phrase());
    if *kind == ChangeKind::Normal { risk } else { trf!("{risk} {of_kind}", "{risk}，{of_kind}") }
}

fn row(context: &Context<'_>, it: &Listed, now: Time) -> [String; 6] {
    let risk = risk_and_kind(&it.row);
    let opens = match context.env.width.is_some_and(|width| width < WIDE) {
        true => ago(it.row.opens, now),
        false => {
            let clock = context.clock();
            let opens = clock.minute(it.row.opens, &it.row.zone);
            // A pipe has no width, and what reads it no clock.
            if context.env.width.is_some() {
                trf!("{opens}, {}", "{opens}，{}", ago(it.row.opens, now))
            } else {
                opens
            }
        }
    };
    let title = it.row.title.clone().unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned());
    let phrase = outcome_of(it.status, it.row.outcome);
    let status = match it.left {
        // Why it cannot start, where that is the reason.
        left if left.is_any() => trf!("{phrase}; {}", "{phrase}；{}", left.phrase()),
        _ if it.row.confirmation == ConfirmationState::Awaiting => {
            trf!("{phrase}; awaiting confirmation", "{phrase}；待确认")
        }
        _ if it.cannot_start.is_some() => trf!("{phrase}; cannot start", "{phrase}；无法开始"),
        _ => phrase,
    };
    [it.row.id.to_string(), status, risk, it.row.owner.clone(), opens, title]
}
