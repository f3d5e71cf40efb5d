//! Reports clocks that were wrong: claims that are behind or ahead of what most other people claim. Such a claim breaks
//! no rule.

use std::collections::BTreeMap;

use crate::domain::{Header, PersonId, Register, Since, Time, Unloaded, is_ahead};
use crate::store::Finding;
use crate::store::error::MOST;
use crate::{tr, trf};

/// The number of entries of a run that are named after the first.
const NAMED: usize = 5;

/// How a claim differs from what most others claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Behind,
    Ahead,
}

/// An entry that may turn out to be ahead.
struct Claim {
    seq: u64,
    time: Time,
    actor: PersonId,
    /// The number of the entry among those of its actor.
    act: u64,
}

/// Entries of one actor, one after the other, whose claims are wrong on the same side.
struct Run {
    side: Side,
    first: Claim,
    /// The next ones, up to [`NAMED`].
    others: Vec<u64>,
    /// The number of further ones.
    more: u64,
}

/// Collects outliers while a log is replayed.
#[derive(Default)]
pub struct Outliers {
    /// The number of entries of each actor.
    acts: BTreeMap<PersonId, u64>,
    /// Entries that are not settled. Those with the same people since are settled together.
    unsettled: BTreeMap<Since, Vec<Claim>>,
    runs: Vec<Run>,
    /// The run that the next outlier of an actor continues, and the act that would do so.
    open: BTreeMap<(PersonId, Side), (usize, u64)>,
}

impl Outliers {
    /// Takes in an entry that was just applied to `state`.
    ///
    /// # Errors
    /// [`Unloaded`]; nothing was taken in.
    pub fn take(&mut self, header: &Header, state: &Register) -> Result<(), Unloaded> {
        let behind = state.is_behind(header)?;
        let actors = state.governance().answer_for_act(&header.actor, header.key)?;
        let is_person = state.governance().person(&header.actor)?.is_none_or(|it| !it.grants.is_machine());
        if is_person {
            self.settle(&header.actor, header.time);
        }
        let act = self.acts.entry(header.actor.clone()).or_default();
        *act += 1;
        let claim = Claim { seq: header.seq, time: header.time, actor: header.actor.clone(), act: *act };
        match behind {
            true => self.report(Side::Behind, claim),
            false => self.unsettled.entry(Since::nobody(actors)).or_default().push(claim),
        }
        Ok(())
    }

    /// Lets the next outlier of each actor begin a run, so that it is reported by itself.
    pub fn begin_runs_anew(&mut self) {
        self.open.clear();
    }

    /// Takes in that a person has acted, and settles the claims for which they are the third.
    fn settle(&mut self, person: &PersonId, claimed: Time) {
        for (mut since, claims) in std::mem::take(&mut self.unsettled) {
            let Some(witnessed) = since.acted(person, claimed) else {
                let waiting = self.unsettled.entry(since).or_default();
                waiting.extend(claims);
                waiting.sort_by_key(|claim| claim.seq);
                continue;
            };
            let ahead = claims.into_iter().filter(|claim| is_ahead(claim.time, witnessed));
            ahead.for_each(|claim| self.report(Side::Ahead, claim));
        }
    }

    fn report(&mut self, side: Side, claim: Claim) {
        let (run, continues) = self.open.entry((claim.actor.clone(), side)).or_insert((usize::MAX, 0));
        let starts = std::mem::replace(continues, claim.act + 1) != claim.act;
        if starts {
            *run = self.runs.len();
            if *run < MOST {
                self.runs.push(Run { side, first: claim, others: Vec::new(), more: 0 });
            }
            return;
        }
        match self.runs.get_mut(*run) {
            Some(run) if run.others.len() < NAMED => run.others.push(claim.seq),
            run => run.into_iter().for_each(|run| run.more += 1),
        }
    }

    /// One notice for each run of outliers.
    pub fn notices(mut self) -> Vec<Finding> {
        self.runs.sort_by_key(|run| run.first.seq);
        let notice = |Run { side, first, others, more }: Run| {
            let Claim { seq, time, actor, .. } = first;
            let claim = match side {
                Side::Behind => trf!(
                    "{actor} claims {time}, more than 300 seconds behind what others had claimed",
                    "{actor} 声称的时间为 {time}，落后于其他人此前声称的时间 300 秒以上"
                ),
                Side::Ahead => trf!(
                    "{actor} claims {time}, more than 300 seconds ahead of what others claimed after it",
                    "{actor} 声称的时间为 {time}，超前于其他人此后声称的时间 300 秒以上"
                ),
            };
            let others: Vec<String> = others.iter().map(u64::to_string).collect();
            let others = others.join(tr!(", ", "、"));
            let meaning = match (others.is_empty(), more) {
                (true, _) => claim,
                (false, 0) => {
                    trf!("{claim}; so do their next entries: {others}", "{claim}；其后续日志条目同样如此：{others}")
                }
                (false, more) => trf!(
                    "{claim}; so do their next entries: {others} and {more} more",
                    "{claim}；其后续日志条目同样如此：{others}，另有 {more} 条"
                ),
            };
            Finding::at(seq, "clock", meaning)
        };
        self.runs.into_iter().map(notice).collect()
    }
}
