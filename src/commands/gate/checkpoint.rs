//! `gate --checkpoint`: whether the log extends a checkpoint that a person signed lately.

use super::Asked;
use super::answer::{Line, Name};
use crate::domain::{EventKind, Opens, Policy, Time, is_ahead};
use crate::error::Error;
use crate::output::{duration, list};
use crate::store::{EntryFilter, Session};
use crate::{tr, trf};

/// The condition, if a checkpoint was given, and the last entry that it covers if the condition holds.
///
/// A signed note has no time of its own. Its age is that of the newest checkpoint that it covers and that one of its
/// signers recorded: their word, not that of whoever recorded last.
///
/// # Errors
/// The log does not extend it, nobody enrolled signed it, or the log cannot be read.
pub fn line(session: &Session, asked: &Asked, now: Time) -> Result<(Option<Line>, Option<u64>), Error> {
    let Some(kept) = &asked.checkpoint else { return Ok((None, None)) };
    let compared = kept.compare(session)?;
    if let Some(finding) = compared.finding() {
        return Err(Error::Broken(finding.clone()));
    }
    let (covers, people) = (compared.covers(), compared.people().cloned().collect::<Vec<_>>());
    let filter = EntryFilter { kind: Some(EventKind::Checkpoint), ..EntryFilter::default() };
    let mut recorded = None;
    for seq in session.queries().entries(&filter)?.into_iter().filter(|seq| covers.is_some_and(|last| *seq <= last)) {
        let entry = session.entry(seq)?;
        recorded = entry.map(|it| it.header).filter(|it| people.contains(&it.actor)).or(recorded);
    }
    let hours = session.state().governance().policy().map_or(Policy::CHECKPOINT_HOURS, Policy::checkpoint_hours);
    let old = |time: Time| now.unix() - time.unix() > i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(3_600);
    let failed = match &recorded {
        None if people.is_empty() => {
            tr!("no person signed it, only machine accounts", "没有人签署它，只有机器账号签署").to_owned()
        }
        None => trf!(
            "signed by {}, who recorded no checkpoint: its age is unknown",
            "由 {} 签署，但未记录检查点：无法得知其签署时间",
            list(&people)
        ),
        Some(it) if is_ahead(it.time, now) => {
            trf!("{} recorded it at {}, which is in the future", "{} 于 {} 记录，该时间尚未到来", it.actor, it.time)
        }
        Some(it) if old(it.time) => trf!(
            "{} recorded it {} ago; the policy allows {hours} h",
            "{} 于 {}前记录；策略允许 {hours} 小时",
            it.actor,
            duration(now.unix() - it.time.unix())
        ),
        Some(it) => {
            let detail =
                trf!("recorded by {} at {} (entry {})", "由 {} 于 {} 记录（第 {} 条）", it.actor, it.time, it.seq);
            return Ok((Some(Line::satisfied(Name::Checkpoint, detail)), covers));
        }
    };
    let hint = tr!(
        "have a person make one: `twinseal checkpoint --record --out FILE`",
        "请由一个人生成：`twinseal checkpoint --record --out FILE`"
    );
    Ok((Some(Line::unsatisfied(Name::Checkpoint, failed, Opens::Never, hint)), None))
}
