//! What a sample is drawn from: the changes that were started in a period, or the rows of a list of deployments.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::population::{DEFINITION, Member, members};
use super::super::reconcile::{DeploymentList, Judgement, Verdict, compare, said};
use crate::domain::{Between, ChangeId, Digest, Drawn, Time};
use crate::error::Error;
use crate::input::Deployed;
use crate::output::Clock;
use crate::output::list;
use crate::store::Session;
use crate::{tr, trf};

/// What a sample is drawn from.
pub enum Frame {
    /// The population of the register.
    Changes,
    /// A list of what was really deployed, whatever its period is.
    Deployments(Box<DeploymentList>),
}

/// Something that can be drawn.
pub enum Item {
    Change(Member),
    Row { input: Digest, row: Deployed, judgement: Judgement },
}

impl Frame {
    /// The items of a period, as the first `size` entries of the log tell.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn items(&self, session: &Session, period: Between, (size, now): (u64, Time)) -> Result<Vec<Item>, Error> {
        match self {
            Self::Changes => {
                let members = members(session, period, (size, session.state().moment(now)))?;
                Ok(members.into_iter().map(Item::Change).collect())
            }
            Self::Deployments(list) => {
                let mut list = DeploymentList::clone(list);
                list.take_outside(Some(period));
                let (rows, _) = compare(session, &list, Some(period), now)?;
                let input = list.input;
                Ok(rows.into_iter().map(|(row, judgement)| Item::Row { input, row, judgement }).collect())
            }
        }
    }

    /// The SHA-256 of the list, if there is one.
    pub fn input(&self) -> Option<Digest> {
        match self {
            Self::Changes => None,
            Self::Deployments(list) => Some(list.input),
        }
    }

    /// These items of it as an entry states them.
    pub fn state<'i>(&self, items: impl Iterator<Item = &'i Item>) -> Drawn {
        match self.input() {
            None => Drawn::Changes(items.filter_map(Item::change).collect()),
            Some(input) => Drawn::Rows { input, rows: items.filter_map(Item::row).collect() },
        }
    }

    /// The sentence that defines it, for programs.
    pub fn definition(&self) -> &'static str {
        match self {
            Self::Changes => DEFINITION,
            Self::Deployments(_) => "every row of the list whose time lies from `from` to before `to`",
        }
    }

    pub fn title(&self, period: Between) -> String {
        let (from, to) = (period.from(), period.to());
        match self {
            Self::Changes => trf!(
                "sample of the changes started from {from} to before {to}",
                "自 {from} 起、{to} 之前开始实施的变更单抽样"
            ),
            Self::Deployments(_) => {
                trf!("sample of what was deployed from {from} to before {to}", "自 {from} 起、{to} 之前实际部署的抽样")
            }
        }
    }

    /// What is listed whole.
    pub fn whole(&self, count: usize) -> String {
        match self {
            Self::Changes => {
                trf!("{count}: emergencies and overridden requirements", "{count} 个：紧急变更和要求被豁免的变更单")
            }
            Self::Deployments(_) => trf!("{count}: what does not match the log", "{count} 个：与日志不符的部署"),
        }
    }

    /// The columns of an item in CSV.
    pub fn columns(&self) -> [&'static str; 8] {
        match self {
            Self::Changes => ["change", "entry", "leaf", "started", "kind", "risk", "owner", "title"],
            Self::Deployments(_) => ["row", "ref", "time", "service", "host", "artifact", "result", "about"],
        }
    }

    /// The columns of an item on the screen.
    pub fn header(&self) -> [&'static str; 5] {
        match self {
            Self::Changes => [
                tr!("ID", "编号"),
                tr!("ENTRY", "条目"),
                tr!("STARTED", "开始时间"),
                tr!("OWNER", "变更负责人"),
                tr!("TITLE", "标题"),
            ],
            Self::Deployments(_) => [
                tr!("ROW", "行"),
                tr!("TIME", "时间"),
                tr!("DEPLOYED", "部署"),
                tr!("RESULT", "结果"),
                tr!("WHY", "原因"),
            ],
        }
    }

    /// The columns of an item on the worksheet.
    pub fn sheet_header(&self) -> [&'static str; 6] {
        match self {
            Self::Changes => [
                tr!("change", "变更单"),
                tr!("entry", "条目"),
                tr!("leaf hash", "叶哈希"),
                tr!("started", "开始时间"),
                tr!("owner", "变更负责人"),
                tr!("title", "标题"),
            ],
            Self::Deployments(_) => [
                tr!("row", "行"),
                tr!("time", "时间"),
                tr!("deployed", "部署"),
                tr!("artifact", "制品"),
                tr!("result", "结果"),
                tr!("why", "原因"),
            ],
        }
    }
}

impl Item {
    /// Emergencies, changes that went without a requirement, and rows that do not match the log.
    pub fn is_exceptional(&self) -> bool {
        match self {
            Self::Change(it) => it.exceptional,
            Self::Row { judgement, .. } => judgement.verdict != Verdict::Matched,
        }
    }

    /// What its rank is computed from: the leaf hash of the entry of the first start; for a row, the SHA-256 of the list's
    /// digest (32 bytes) and the number of the row in decimal.
    pub fn leaf(&self) -> Digest {
        match self {
            Self::Change(it) => it.started.leaf,
            Self::Row { input, row, .. } => {
                let number = row.row.to_string();
                Digest::new(Sha256::new().chain_update(input.as_bytes()).chain_update(number).finalize().into())
            }
        }
    }

    fn change(&self) -> Option<ChangeId> {
        match self {
            Self::Change(it) => Some(it.started.change),
            Self::Row { .. } => None,
        }
    }

    fn row(&self) -> Option<u64> {
        match self {
            Self::Change(_) => None,
            Self::Row { row, .. } => Some(row.row as u64),
        }
    }

    /// Its cells in CSV.
    pub fn csv(&self) -> [String; 8] {
        match self {
            Self::Change(it) => [
                it.started.change.to_string(),
                it.started.seq.to_string(),
                it.started.leaf.to_string(),
                it.started.time.to_string(),
                it.kind.to_string(),
                it.risk.to_string(),
                it.owner.clone(),
                it.title.clone().unwrap_or_default(),
            ],
            Self::Row { row, judgement, .. } => [
                row.row.to_string(),
                row.reference.clone(),
                row.time.to_string(),
                row.service.clone(),
                row.host.clone(),
                row.artifact.map(|it| it.to_string()).unwrap_or_default(),
                judgement.verdict.to_string(),
                judgement.about.clone(),
            ],
        }
    }

    /// Its cells on the screen.
    pub fn shown(&self, clock: &Clock) -> [String; 5] {
        match self {
            Self::Change(it) => [
                it.started.change.to_string(),
                it.started.seq.to_string(),
                clock.minute(it.started.time, "UTC"),
                it.owner.clone(),
                it.shown_title(),
            ],
            Self::Row { row, judgement, .. } => [
                row.row.to_string(),
                clock.to_the_second(row.time),
                deployed(row),
                judgement.verdict.phrase(),
                said(judgement),
            ],
        }
    }

    /// Its cells on the worksheet.
    pub fn sheet(&self) -> [String; 6] {
        match self {
            Self::Change(it) => [
                it.started.change.to_string(),
                it.started.seq.to_string(),
                it.started.leaf.to_string(),
                it.started.time.to_string(),
                it.owner.clone(),
                it.shown_title(),
            ],
            Self::Row { row, judgement, .. } => [
                row.row.to_string(),
                row.time.to_string(),
                deployed(row),
                row.artifact.map(|it| it.to_string()).unwrap_or_default(),
                judgement.verdict.phrase(),
                said(judgement),
            ],
        }
    }

    pub fn json(&self) -> Value {
        match self {
            Self::Change(it) => {
                let it = &it.started;
                json!({ "change": it.change.to_string(), "seq": it.seq, "leaf": it.leaf.to_string() })
            }
            Self::Row { row, judgement, .. } => json!({
                "row": row.row, "ref": row.reference, "time": row.time.to_string(),
                "result": judgement.verdict.as_str(), "about": judgement.about,
            }),
        }
    }
}

/// How the list names it, and where it went.
fn deployed(row: &Deployed) -> String {
    list([&row.reference, &row.service, &row.host].into_iter().filter(|it| !it.is_empty()))
}
