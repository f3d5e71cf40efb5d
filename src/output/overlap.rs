//! The open changes that a change overlaps, in a phrase each and as JSON.

use serde_json::{Value, json};

use super::format_time::ago;
use super::json::list as json_list;
use crate::domain::{ChangeId, Overlap, Status, Time};
use crate::output::list;
use crate::{tr, trf};

/// How many changes are named where there is little room.
const NAMED: usize = 4;

/// Some changes where there is little room: `CHG-1, CHG-2, CHG-3, CHG-5 and 75 more`; `None` if there are none.
pub fn some(changes: Vec<ChangeId>) -> Option<String> {
    let more = changes.len().saturating_sub(NAMED);
    let named = list(changes.iter().take(NAMED));
    match (changes.len(), more) {
        (0, _) => None,
        (_, 0) => Some(named),
        _ => Some(trf!("{named} and {more} more", "{named} 和另外 {more} 个")),
    }
}

/// An open change that another one overlaps.
#[derive(Debug, Clone)]
pub struct Overlapping {
    /// Where they overlap.
    pub overlap: Overlap,
    /// The status of the open change.
    pub status: Status,
    /// Whether the other one lists it, so that its approvers sign for it.
    pub listed: bool,
    /// Whether it lists the other one, so that its own approvers sign for it.
    pub lists: bool,
    /// Whether it keeps the other one from being started.
    pub stops: bool,
}

/// The open changes that a change overlaps, with those together that are alike:
/// `CHG-7, CHG-9 (approved; window opens in 3 h): orders-db; alice implements both`.
pub fn overlaps(all: &[Overlapping], now: Time) -> Vec<String> {
    let mut alike: Vec<([String; 2], Vec<ChangeId>)> = Vec::new();
    for it in all {
        let told = [it.when(now), it.shared()];
        match alike.iter_mut().find(|(other, _)| *other == told) {
            Some((_, changes)) => changes.push(it.overlap.change),
            None => alike.push((told, vec![it.overlap.change])),
        }
    }
    let line = |([when, shared], changes): ([String; 2], Vec<ChangeId>)| {
        let changes = list(&changes);
        trf!("{changes} ({when}): {shared}", "{changes}（{when}）：{shared}")
    };
    alike.into_iter().map(line).collect()
}

impl Overlapping {
    /// `approved; window opens in 3 h`.
    fn when(&self, now: Time) -> String {
        let (status, window) = (self.status.phrase(), &self.overlap.window);
        match self.status {
            Status::InProgress | Status::Overrun => status,
            _ if window.start() > now => {
                trf!("{status}; window opens {}", "{status}；窗口 {}开始", ago(window.start(), now))
            }
            _ => trf!("{status}; window closes {}", "{status}；窗口 {}结束", ago(window.end(), now)),
        }
    }

    /// `orders-db; alice implements both; not signed for`.
    fn shared(&self) -> String {
        let Overlap { services, implementers, .. } = &self.overlap;
        let shared = (!services.is_empty()).then(|| list(services));
        let people = match implementers.len() {
            0 => None,
            1 => Some(trf!("{} implements both", "实施人同为 {}", list(implementers))),
            _ => Some(trf!("{} implement both", "实施人同为 {}", list(implementers))),
        };
        let known = match (self.stops, self.listed, self.lists) {
            (true, ..) => Some(tr!("this change cannot start before it is finished", "它完成之前，本变更单不能开始")),
            (_, false, true) => Some(tr!("listed there, not here", "对方列出，本单未列出")),
            (_, false, false) => Some(tr!("listed by neither", "双方均未列出")),
            _ => None,
        };
        let told: Vec<String> = shared.into_iter().chain(people).chain(known.map(str::to_owned)).collect();
        told.join(tr!("; ", "；"))
    }

    /// The same for JSON.
    pub fn json(&self) -> Value {
        let Overlap { change, filed, services, implementers, .. } = &self.overlap;
        json!({
            "change": change.to_string(),
            "revision": filed.to_string(),
            "status": self.status.to_string(),
            "services": json_list(services),
            "implementers": json_list(implementers),
            "listed": self.listed,
            "lists": self.lists,
            "stops": self.stops,
        })
    }
}
