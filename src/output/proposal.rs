//! Everything that a proposal would change, for admins to read before they second it.

use std::collections::BTreeMap;

use similar::ChangeTag;

use super::diff::{differences, search_end};
use super::{Gutter, Page, freeze, grants, key_name, list, member_blocks, policy_sentences};
use crate::domain::{
    Action, Calendar, ClosedPeriods, Excepting, Fingerprint, FreezeName, Grants, KeyState, LiftFreeze, Line,
    LostEntries, NewGrants, PersonId, Policy, Restoration, Role, Service, ServiceId, SetCalendar, Terms, Time,
};
use crate::{tr, trf};

/// What a proposal would replace.
pub struct Present {
    /// The grants of the people concerned.
    pub grants: BTreeMap<PersonId, Grants>,
    /// The policy in force.
    pub policy: Option<Policy>,
    /// The freeze in force that would be replaced or ended.
    pub freeze: Option<Terms>,
    /// What the freeze would say that would be set, with the periods of its calendar; `None` if that is not in force.
    pub set: Option<Terms>,
    /// The calendar in force that would be replaced, and the freezes that refer to it.
    pub calendar: Option<(Calendar, Vec<FreezeName>)>,
    /// The services whose maintenance hours follow the calendar.
    pub hours: Vec<ServiceId>,
    /// Who began the freeze alone that would be ended, and every freeze that would end with it.
    pub alone: Option<(PersonId, Vec<FreezeName>)>,
    /// The services in force that would be replaced or dropped.
    pub services: BTreeMap<ServiceId, Service>,
    /// The lines of the template in force that would be replaced, and of the one that would replace it.
    pub template: Option<(Vec<String>, Vec<String>)>,
    /// The key whose suspension would be lifted.
    pub key: Option<KeyHistory>,
}

/// Whose key it is, and who put it into its state.
pub struct KeyHistory {
    /// The person whose key it is.
    pub person: PersonId,
    /// Their display name.
    pub name: Option<String>,
    /// The state of the key.
    pub state: KeyState,
    /// Who put it into this state, when, and in which entry.
    pub by: Option<(PersonId, Time, u64)>,
    /// The reason that they gave.
    pub reason: Option<String>,
}

/// Writes what a proposal would set, beside what is in force.
pub fn action(page: &mut Page, action: &Action, present: &Present, names: &BTreeMap<PersonId, Line>) {
    match action {
        Action::Enrol(members) => {
            member_blocks(page, members, names);
            let admins = members.iter().filter(|it| it.grants.has_permanently(Role::Admin));
            admins.for_each(|it| admin_for_good(page, &it.person));
        }
        Action::Roles(changes) => roles_change(page, changes, present),
        Action::Retire { person, .. } => retired(page, person, present),
        Action::AddKey { person, asked, key, vouch, .. } => {
            let label = trf!("new key of {person}", "{person} 的新密钥");
            page.block(&label).text("", format_args!("{}\n{key}", key_name(key)));
            let (time, expires) = (asked.time(), asked.expires());
            page.text(tr!("requested", "申请："), trf!("{time}, expires {expires}", "{time}，{expires} 过期"));
            let by = match vouch {
                Some(vouch) => trf!("their key {}", "本人的密钥 {}", vouch.key),
                None => trf!(
                    "NOBODY: no key of {person} signed this request. Ask {person} out of band: by phone, or in person.",
                    "无人：{person} 没有任何密钥签署过此申请。请另行向 {person} 核实：打电话或当面。"
                ),
            };
            page.text(tr!("vouched for by", "担保："), by);
        }
        Action::Policy { policy, .. } => policy_change(page, present.policy.as_ref(), policy),
        Action::Restored(LostEntries { ends: Restoration { restored, lost }, .. }) => {
            page.block(tr!("restoration", "恢复"));
            page.text(tr!("after", "在此之后："), trf!("entry {restored}", "日志条目 {restored}"));
            page.text(tr!("up to", "直到："), trf!("entry {lost}", "日志条目 {lost}"));
            page.text(
                "",
                tr!(
                    "Accounts whose newest verified entry is one of these will accept this log instead.",
                    "最新已验证日志条目在此范围内的账号，将改为接受本日志。"
                ),
            );
        }
        Action::Lift { key, .. } => {
            self::key(page, tr!("suspended key", "已停用的密钥"), *key, present.key.as_ref());
        }
        Action::SetFreeze(it) => {
            freeze_change(page, present.freeze.as_ref(), present.set.as_ref().unwrap_or(&it.terms))
        }
        Action::SetCalendar(it) => calendar_change(page, present.calendar.as_ref(), it, &present.hours),
        Action::SetServices(it) => super::service::changes(page, it, &present.services),
        Action::SetTemplate(it) => super::template::changes(page, it, present.template.as_ref()),
        Action::EndTemplate(it) => super::template::end(page, it),
        Action::LiftFreeze(it) => {
            page.block(&trf!("freeze {}", "封网 {}", it.name));
            present.freeze.iter().flat_map(sentences).for_each(|line| _ = page.text("-", line));
            if let Some((person, freezes)) = &present.alone {
                lifted(page, it, person, freezes);
            }
        }
        Action::Redact(_) => {}
    }
}

/// Writes the grants that somebody loses who retires.
fn retired(page: &mut Page, person: &PersonId, present: &Present) {
    let now = present.grants.get(person).map_or(String::new(), grants);
    page.block(&trf!("grants of {person}", "{person} 的授权"));
    let none = tr!("none; the account can no longer act", "无；该账号不能再进行任何操作");
    page.text(tr!("now: ", "现在："), now).text(tr!("then:", "之后："), none);
}

/// Writes the grants of each account, now and then.
fn roles_change(page: &mut Page, changes: &BTreeMap<PersonId, NewGrants>, present: &Present) {
    for (person, new) in changes {
        let now = present.grants.get(person).map_or(String::new(), grants);
        page.block(&trf!("grants of {person}", "{person} 的授权"));
        let now = if now.is_empty() { tr!("none", "无").to_owned() } else { now };
        page.text(tr!("now: ", "现在："), now).text(tr!("then:", "之后："), grants(&new.grants));
        let already = present.grants.get(person).is_some_and(|it| it.has_permanently(Role::Admin));
        if new.grants.has_permanently(Role::Admin) && !already {
            admin_for_good(page, person);
        }
        new.revokes.iter().for_each(|key| _ = page.text(tr!("revokes", "吊销"), key));
    }
}

/// Says what it means that somebody becomes an admin without an end.
fn admin_for_good(page: &mut Page, person: &PersonId) {
    let note = trf!(
        "{person} becomes an admin without an end, and with one other admin decides about everybody here",
        "{person} 将成为无期限的管理员，与另一名管理员一起即可决定这里所有人的权限"
    );
    page.text(tr!("note:", "注意："), note);
}

/// Writes a key, whose it is, and who put it into its state and why.
pub fn key(page: &mut Page, heading: &str, key: Fingerprint, history: Option<&KeyHistory>) {
    page.block(heading).text("", key);
    let Some(KeyHistory { person, name, state, by, reason }) = history else { return };
    page.text(tr!("key of", "密钥属于"), person);
    name.iter().for_each(|name| _ = page.quote_text(Gutter::Prose, name));
    let word = if *state == KeyState::Live { tr!("enrolled or restored", "登记或恢复") } else { &state.phrase() };
    match by {
        Some((by, time, seq)) => {
            page.text(word, trf!("by {by}, {time} (entry {seq})", "由 {by} 于 {time} 操作（第 {seq} 条）"))
        }
        None => page.text("", state.phrase()),
    };
    if let Some(reason) = reason {
        page.text(tr!("reason:", "原因："), "").quote_text(Gutter::Prose, reason);
    }
}

/// Compares two policies sentence by sentence: `+` is added, `-` is removed.
pub fn policy_change(page: &mut Page, old: Option<&Policy>, new: &Policy) {
    page.block(tr!("policy", "策略"));
    compared(page, &old.map(policy_sentences).unwrap_or_default(), &policy_sentences(new));
}

/// Compares two freezes, their periods included. The periods of a new one are in the data part, which every page shows.
fn freeze_change(page: &mut Page, old: Option<&Terms>, new: &Terms) {
    page.block(tr!("freeze", "封网"));
    let Some(old) = old else {
        sentences(new).iter().for_each(|line| _ = page.text("+", line));
        return;
    };
    let lines = |of: &Terms| {
        let periods = of.periods.as_slice().iter().map(ToString::to_string);
        sentences(of).into_iter().chain(periods).collect::<Vec<String>>()
    };
    compared(page, &lines(old), &lines(new));
}

/// Compares two calendars, their periods included. A newer one changes no freeze, but the
/// maintenance hours of services.
fn calendar_change(page: &mut Page, old: Option<&(Calendar, Vec<FreezeName>)>, new: &SetCalendar, hours: &[ServiceId]) {
    page.block(tr!("calendar", "日历"));
    let sentence = freeze::known_sentence(new.known, &new.periods);
    let Some((old, freezes)) = old else {
        page.text("+", sentence);
        return;
    };
    let lines = |sentence: String, periods: &ClosedPeriods| {
        let periods = periods.as_slice().iter().map(ToString::to_string);
        [sentence].into_iter().chain(periods).collect::<Vec<String>>()
    };
    let before = lines(freeze::known_sentence(old.known, &old.periods), &old.periods);
    compared(page, &before, &lines(sentence, &new.periods));
    if !freezes.is_empty() {
        let keep = trf!(
            "These freezes keep the older one until they are proposed again: {}.",
            "以下封网沿用旧日历，直到重新提出提案：{}。",
            list(freezes)
        );
        page.text("", keep);
    }
    if !hours.is_empty() {
        let follow = trf!(
            "The maintenance hours of these services change at once: {}.",
            "以下服务的维护时间立即随之改变：{}。",
            list(hours)
        );
        page.text("", follow);
    }
}

/// Writes what the end of a freeze means for whoever began it alone.
fn lifted(page: &mut Page, it: &LiftFreeze, person: &PersonId, freezes: &[FreezeName]) {
    page.text("", trf!("Begun by {person} alone.", "由 {person} 单独发起。"));
    if it.again {
        page.text("", trf!("{person} may begin another one.", "{person} 可再次发起。"));
        return;
    }
    for other in freezes.iter().filter(|other| **other != it.name) {
        let ends = trf!(
            "Freeze {other}, which {person} began alone too, ends as well.",
            "封网 {other} 同样由 {person} 单独发起，也随之结束。"
        );
        page.text("-", ends);
    }
    page.text("", trf!("{person} then begins none for seven days.", "此后七天内 {person} 不能发起封网。"));
}

/// What a freeze says that a proposal sets.
fn sentences(terms: &Terms) -> Vec<String> {
    freeze::sentences(terms, &Excepting::Group(terms.group.clone()))
}

fn compared(page: &mut Page, old: &[String], new: &[String]) {
    let (old, new) = (as_strs(old), as_strs(new));
    for change in differences(&old, &new, search_end()).iter().flat_map(|op| op.iter_changes(&old, &new)) {
        let mark = match change.tag() {
            ChangeTag::Equal => " ",
            ChangeTag::Delete => "-",
            ChangeTag::Insert => "+",
        };
        page.text(mark, change.value());
    }
}

fn as_strs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}
