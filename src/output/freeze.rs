//! What a freeze says, as sentences and as JSON.

use std::fmt::Display;

use serde_json::{Value, json};

use super::json::{list as json_list, written};
use super::policy::any_of;
use super::{Gutter, Page, ago, list};
use crate::domain::{
    CalendarRef, Closed, ClosedPeriod, ClosedPeriods, DUTY, Effect, Excepting, Known, Met, Reserved, ServiceId, Terms,
    Time,
};
use crate::{tr, trf};

/// `every service`, or the services.
pub fn services<'a>(services: impl IntoIterator<Item = &'a ServiceId>) -> String {
    let services = list(services);
    if services.is_empty() { tr!("every service", "全部服务").to_owned() } else { services }
}

/// `244 closed periods, known until 2027-01-01T00:00:00Z`, or the calendar that has them.
pub fn in_short(terms: &Terms) -> String {
    match &terms.calendar {
        Some(calendar) => trf!("the closed periods of calendar {}", "日历 {} 的封网时段", calendar.name),
        None => schedule(terms.known, &terms.periods),
    }
}

/// `244 closed periods, known until 2027-01-01T00:00:00Z`.
pub fn schedule(known: Known, periods: &ClosedPeriods) -> String {
    trf!("{}, {}", "{}，{}", count(periods), self::known(known))
}

fn count(periods: &ClosedPeriods) -> String {
    match periods.as_slice().len() {
        1 => tr!("1 closed period", "1 个封网时段").to_owned(),
        count => trf!("{count} closed periods", "{count} 个封网时段"),
    }
}

fn known(known: Known) -> String {
    match known {
        Known::Complete => tr!("complete", "已列全").to_owned(),
        Known::Until(time) => trf!("known until {time}", "已知至 {time}"),
    }
}

/// The changes that a freeze concerns: `risk high; service ledger`, or `every change`.
pub fn scope(terms: &Terms) -> String {
    let scope = &terms.scope;
    let parts = [
        part(tr!("kind", "类型"), scope.kinds.iter().map(|it| it.phrase())),
        part(tr!("risk", "风险"), scope.risks.iter().map(|it| it.phrase())),
        part(tr!("service", "服务"), &scope.services),
        part(tr!("environment", "环境"), &scope.environments),
        part(tr!("tag", "标签"), &scope.tags),
    ];
    joined(parts).unwrap_or_else(|| tr!("every change", "所有变更单").to_owned())
}

fn joined<const N: usize>(parts: [Option<String>; N]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(tr!("; ", "；")))
}

fn part<T: Display>(name: &str, words: impl IntoIterator<Item = T>) -> Option<String> {
    let words: Vec<String> = words.into_iter().map(|it| it.to_string()).collect();
    (!words.is_empty()).then(|| trf!("{name} {}", "{name}为{}", any_of(&words)))
}

/// Everything that a freeze says except for its periods.
pub fn sentences(terms: &Terms, excepting: &Excepting) -> Vec<String> {
    let mut sentences = vec![trf!("Concerns {}.", "适用范围：{}。", scope(terms))];
    let kinds = part(tr!("kind", "类型"), terms.except_kinds.iter().map(|it| it.phrase()));
    if let Some(except) = joined([kinds, part(tr!("tag", "标签"), &terms.except_tags)]) {
        sentences.push(trf!("Does not concern {except}.", "不含：{except}。"));
    }
    sentences.push(trf!("Excepted by an approval by {excepting}.", "可由 {excepting}批准例外。"));
    if let Some(calendar) = &terms.calendar {
        sentences
            .push(trf!("The closed periods are those of calendar {calendar}.", "封网时段以日历 {calendar} 为准。"));
    }
    if terms.periods.end().is_some() {
        sentences.push(known_sentence(terms.known, &terms.periods));
    }
    sentences
}

/// `4 closed periods; known until 2026-12-06T16:00:00Z, closed from then on.`
pub fn known_sentence(known: Known, periods: &ClosedPeriods) -> String {
    match known {
        Known::Complete => trf!("{}; complete.", "{}；已列全。", count(periods)),
        Known::Until(time) => {
            trf!("{}; known until {time}, closed from then on.", "{}；已知至 {time}，此后一律封网。", count(periods))
        }
    }
}

/// Writes closed periods, each with its name.
pub fn period_block(page: &mut Page, periods: &ClosedPeriods) {
    page.block(tr!("closed periods", "封网时段"));
    for period in periods.as_slice() {
        page.text("", trf!("{} to {}", "{} 至 {}", period.from(), period.until()));
        page.quote_text(Gutter::Machine, period.name().as_str());
        period.reserved().into_iter().for_each(|it| _ = page.text(" ", it));
    }
}

/// `closed; ends in 3 h`, `begins in 3 h`, or `over`, at a time. `named` adds the name of the closed time.
pub fn state(terms: &Terms, now: Time, named: bool) -> String {
    let closed = terms.closed_from(now);
    let period = closed.as_ref().map_or("", Closed::phrase);
    let name = if named { trf!(" ({period})", "（{period}）") } else { String::new() };
    match &closed {
        Some(Closed { from, until: Some(until), reserved, .. }) if *from <= now => {
            let only = reserved
                .as_ref()
                .map_or_else(String::new, |it| trf!(" for all but tag {}", "（标签 {} 除外）", it.tag));
            trf!("closed{only}; ends {}{name}", "封网中{only}；{}结束{name}", ago(*until, now))
        }
        Some(Closed { from, until: None, .. }) if *from <= now => trf!("closed; {period}", "封网中；{period}"),
        Some(Closed { from, .. }) => trf!("begins {}{name}", "{}开始{name}", ago(*from, now)),
        None => tr!("over", "已结束").to_owned(),
    }
}

/// Who may except from it, for a table: `group risk`.
pub fn excepting(by: &Excepting) -> String {
    match by {
        Excepting::Group(group) => trf!("group {group}", "{group} 组"),
        Excepting::OnDuty(others) => {
            trf!("admin or {DUTY}, not {}", "管理员或 {DUTY} 组，{} 除外", list(others))
        }
    }
}

/// What a freeze says, for JSON.
pub fn terms(terms: &Terms) -> Value {
    let scope = &terms.scope;
    // An entry that refers to a calendar does not have its periods.
    let listed = terms.periods.end().map(|_| periods(&terms.periods));
    json!({
        "scope": {
            "kind": json_list(&scope.kinds),
            "risk": json_list(&scope.risks),
            "service": json_list(&scope.services),
            "environment": json_list(&scope.environments),
            "tag": json_list(&scope.tags),
        },
        "except": { "kind": json_list(&terms.except_kinds), "tag": json_list(&terms.except_tags) },
        "exception_group": terms.group.to_string(),
        "calendar": terms.calendar.as_ref().map(calendar),
        "known_until": written(terms.known.until()),
        "periods": listed,
    })
}

fn calendar(it: &CalendarRef) -> Value {
    json!({ "calendar": it.name.to_string(), "since": it.since.to_string() })
}

/// Closed periods for JSON.
pub fn periods(it: &ClosedPeriods) -> Value {
    it.as_slice().iter().map(period).collect()
}

fn period(it: &ClosedPeriod) -> Value {
    json!({
        "from": it.from().to_string(),
        "until": it.until().to_string(),
        "name": it.name().as_str(),
        "reserved": it.reserved().map(reserved),
    })
}

fn reserved(it: &Reserved) -> Value {
    json!({ "tag": it.tag.to_string(), "restored_by": it.restored_by.to_string() })
}

/// A closed time for JSON; null for none.
pub fn closed(it: Option<&Closed>) -> Value {
    let one = |it: &Closed| {
        json!({
            "from": it.from.to_string(),
            "until": written(it.until),
            "name": it.name,
            "reserved": it.reserved.as_ref().map(reserved),
        })
    };
    it.map_or(Value::Null, one)
}

/// What a freeze means for a change, for a page: `market-hours: closed from … (2026-12-01); stops it`.
pub fn met(it: &Met) -> String {
    let effect = match it.effect {
        Effect::Stops => tr!("stops the change", "阻止该变更").to_owned(),
        Effect::Waived => tr!("waived by the emergency", "因紧急变更而豁免").to_owned(),
        Effect::Admits => tr!("admits the change", "放行该变更").to_owned(),
        Effect::Excepted => trf!("excepted with an approval by {}", "已由 {}批准例外", it.excepting),
    };
    trf!("{} {}; {effect}", "{} {}；{effect}", it.freeze.name, it.closed)
}

/// The same for JSON.
pub fn met_json(it: &Met) -> Value {
    let effect = match it.effect {
        Effect::Stops => "stops",
        Effect::Waived => "waived",
        Effect::Excepted => "excepted",
        Effect::Admits => "admits",
    };
    json!({
        "freeze": it.freeze.name.to_string(),
        "since": it.freeze.since.to_string(),
        "closed": closed(Some(&it.closed)),
        "effect": effect,
    })
}
