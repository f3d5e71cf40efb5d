//! Compares what was deployed with what the log says was carried out.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::breakglass::Judged;
use crate::domain::{Act, Between, Change, ChangeId, Facts, Outcome, ServiceId, TOLERANCE, Target, Time};
use crate::input::Deployed;
use crate::tr;

crate::domain::closed_enum!(
    /// What the log says of a row.
    Verdict, ["a result of a reconciliation", "核对结果"], {
        /// A change covers it.
        Matched => "matched", "相符";
        /// It belongs to a change, but was done otherwise.
        Differs => "differs", "不一致";
        /// A break-glass covers it: it was done without approval, and somebody said so.
        BreakGlass => "break-glass", "紧急处置";
        /// Nothing covers it.
        Unauthorised => "unauthorised", "未获授权";
    }
);

/// How something was done otherwise than a change says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Outside the window of the change.
    OutsideWindow,
    /// Within the window, but not between start and outcome.
    OutsideRun,
    /// Another artifact than the approved ones.
    OtherArtifact,
    /// A service that the change does not name.
    OtherService,
    /// A target that the change does not name.
    OtherTarget,
}

impl Difference {
    /// The word in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutsideWindow => "outside-window",
            Self::OutsideRun => "outside-run",
            Self::OtherArtifact => "other-artifact",
            Self::OtherService => "other-service",
            Self::OtherTarget => "other-target",
        }
    }

    /// The words for people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::OutsideWindow => tr!("outside the window", "在变更窗口之外"),
            Self::OutsideRun => tr!("not between start and outcome", "不在开始与完成之间"),
            Self::OtherArtifact => tr!("another artifact", "制品与获批的不同"),
            Self::OtherService => tr!("another service", "服务与变更单不符"),
            Self::OtherTarget => tr!("another target", "目标与变更单不符"),
        }
    }
}

/// A change that was started, as far as it can be compared.
pub struct Executed {
    pub id: ChangeId,
    facts: Facts,
    targets: Vec<Target>,
    /// From the first start to the last outcome, or to the end of the window while it has none. A clock that was set back
    /// covers nothing that was done before.
    run: (Time, Time),
    succeeded: bool,
    /// The targets on which it succeeded.
    done: BTreeSet<String>,
}

/// What was found about a row.
pub struct Judgement {
    pub verdict: Verdict,
    /// The change, or the break-glass.
    pub about: String,
    pub differences: BTreeSet<Difference>,
    /// Why nothing covers it.
    pub why: &'static str,
}

impl Executed {
    /// `None` unless it was started. `corrected` has the effective times of entries whose claims were behind.
    pub fn of(change: &Change, corrected: &BTreeMap<u64, Time>) -> Option<Self> {
        let (started, current) = (change.started()?, change.current());
        let effective = |act: &Act| corrected.get(&act.seq).copied().unwrap_or(act.time);
        let on_targets = || change.on_targets().iter();
        let ends = on_targets().flat_map(|(_, on)| on.outcomes.iter());
        let last = ends.chain(change.outcomes()).map(|(_, act)| effective(act)).max();
        let done = on_targets().filter(|(_, on)| on.outcome() == Some(Outcome::Succeeded));
        Some(Self {
            id: change.id(),
            facts: current.facts.clone(),
            targets: current.targets.clone(),
            run: (effective(started), last.unwrap_or_else(|| current.facts.window.end())),
            succeeded: matches!(change.outcomes().first(), Some((Outcome::Succeeded, _))),
            done: done.map(|(target, _)| target.to_string()).collect(),
        })
    }

    /// When it was started first.
    pub fn started(&self) -> Time {
        self.run.0
    }

    fn names_service(&self, service: &str) -> bool {
        self.facts.services.iter().any(|it| it.as_str() == service)
    }

    fn names_artifact(&self, row: &Deployed) -> bool {
        row.artifact.is_some_and(|digest| self.facts.artifacts.iter().any(|it| it.digest == digest))
    }

    /// Whether it was in progress at that time. Clocks may differ a little.
    fn runs_at(&self, time: Time) -> bool {
        (self.run.0.plus(-TOLERANCE)..=self.run.1.plus(TOLERANCE)).contains(&time)
    }

    /// How a row differs from it.
    fn differences(&self, row: &Deployed) -> BTreeSet<Difference> {
        let window = &self.facts.window;
        let in_window = (window.start().plus(-TOLERANCE)..window.end().plus(TOLERANCE)).contains(&row.time);
        let other_artifact = row.artifact.is_some() && !self.facts.artifacts.is_empty() && !self.names_artifact(row);
        let known_target = |host: &str| self.targets.iter().any(|it| it.as_str() == host);
        let found = [
            (Difference::OutsideWindow, !in_window),
            (Difference::OutsideRun, in_window && !self.runs_at(row.time)),
            (Difference::OtherArtifact, other_artifact),
            (Difference::OtherService, !row.service.is_empty() && !self.names_service(&row.service)),
            (Difference::OtherTarget, !row.host.is_empty() && !self.targets.is_empty() && !known_target(&row.host)),
        ];
        found.into_iter().filter(|(_, differs)| *differs).map(|(it, _)| it).collect()
    }

    /// Whether a row belongs to it although it does not name a change: by its artifact, or by service and time.
    fn claims(&self, row: &Deployed) -> bool {
        let at_that_time = self.runs_at(row.time) && (row.service.is_empty() || self.names_service(&row.service));
        self.names_artifact(row) || at_that_time && !(row.service.is_empty() && row.artifact.is_none())
    }
}

/// Judges one row. Of several changes, the one from which it differs least counts, and of those the latest.
pub fn judge(row: &Deployed, executed: &[Executed], glasses: &[Judged]) -> Judgement {
    let named = || executed.iter().filter(|it| row.changes.contains(&it.id));
    let candidates: Vec<&Executed> = match row.changes.is_empty() {
        true => executed.iter().filter(|it| it.claims(row)).collect(),
        false => named().collect(),
    };
    let judged = candidates.into_iter().map(|it| (it.differences(row), it));
    let best = judged.min_by_key(|(differences, it)| (differences.len(), std::cmp::Reverse(it.id)));
    let of = |verdict, about: String| Judgement { verdict, about, differences: BTreeSet::new(), why: "" };
    match best {
        Some((differences, it)) if differences.is_empty() => of(Verdict::Matched, it.id.to_string()),
        Some((differences, it)) => Judgement { differences, ..of(Verdict::Differs, it.id.to_string()) },
        None => match glasses.iter().find(|it| covers(it, row)) {
            Some(glass) => of(Verdict::BreakGlass, glass.glass.id().to_string()),
            None if row.changes.is_empty() => Judgement {
                why: tr!("no change covers it", "没有变更单涵盖它"),
                ..of(Verdict::Unauthorised, String::new())
            },
            None => Judgement {
                why: tr!("the change that it names was not started", "它所指的变更单没有开始实施"),
                ..of(Verdict::Unauthorised, crate::output::list(&row.changes))
            },
        },
    }
}

/// Whether a break-glass was open at that time for that service.
fn covers(it: &Judged, row: &Deployed) -> bool {
    let (glass, opening) = (&it.glass, it.glass.opening());
    let services = &opening.services;
    let service = services.is_empty() || row.service.is_empty() || services.iter().any(|it| it.as_str() == row.service);
    let from = glass.opener().moment.effective.plus(-TOLERANCE);
    service && (from..=glass.end().plus(TOLERANCE)).contains(&row.time)
}

/// The changes of a period that are said to be done and left no row, each with the targets that did not; without targets
/// the change as a whole. Only changes are asked about that name a service which the list covers.
pub fn without_deployment(
    executed: &[Executed],
    rows: &[(Deployed, Judgement)],
    covers: &BTreeSet<ServiceId>,
    period: Between,
) -> Vec<(ChangeId, Vec<String>)> {
    let mut hosts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (row, judged) in rows.iter().filter(|(_, it)| matches!(it.verdict, Verdict::Matched | Verdict::Differs)) {
        hosts.entry(&judged.about).or_default().insert(&row.host);
    }
    let listed: BTreeSet<&str> = rows.iter().map(|(row, _)| row.service.as_str()).collect();
    let concerns = |it: &Executed| {
        // A list without services covers all of them.
        let all = covers.is_empty() && listed.iter().all(|it| it.is_empty());
        all || it.facts.services.iter().any(|it| covers.contains(it) || listed.contains(it.as_str()))
    };
    let mut missing = Vec::new();
    for it in executed.iter().filter(|it| period.contains(it.started()) && concerns(it)) {
        let id = it.id.to_string();
        let seen = hosts.get(id.as_str());
        let by_target = !it.done.is_empty() && seen.is_none_or(|seen| seen.iter().any(|host| !host.is_empty()));
        if by_target {
            let absent = |target: &&String| seen.is_none_or(|seen| !seen.contains(target.as_str()));
            let targets: Vec<String> = it.done.iter().filter(absent).cloned().collect();
            if !targets.is_empty() {
                missing.push((it.id, targets));
            }
        } else if it.succeeded && seen.is_none() {
            missing.push((it.id, Vec::new()));
        }
    }
    missing
}
