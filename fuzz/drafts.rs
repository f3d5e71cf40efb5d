//! The checks of what people write: changes, policies, freezes, calendars and rotas.

use std::io;

use twinseal::domain::{
    Action, CalendarRef, ChangeId, Digest, Event, EventKind, FreezeName, NewGrants, PersonId, ProposalId, Refusal,
    ServiceId, SetCalendar, SetFreeze, Text, Window, judge_time_left, judge_window,
};
use twinseal::format::text;
use twinseal::input::{self, CalendarDraft, Copied, DraftContext, Fault, FreezeDraft, Problem};

use super::{check_characters, check_message, check_recordable, now};

/// A context in which each file holds its own name, and files whose name begins with `no` do not exist.
struct Names;

impl DraftContext for Names {
    fn judge_service(&self, _: &ServiceId) -> Result<(), Problem> {
        Ok(())
    }

    fn digest_of(&self, path: &str) -> io::Result<Digest> {
        if path.starts_with("no") { Err(io::ErrorKind::NotFound.into()) } else { Ok(text::digest(path.as_bytes())) }
    }

    fn judge_party(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_author(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_follows(&self, _: ChangeId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_time_left(&self, window: &Window, rollback_minutes: u64) -> Result<(), Refusal> {
        judge_time_left(window, rollback_minutes, now())
    }

    fn judge_exception(&self, freeze: &FreezeName) -> Result<Digest, Refusal> {
        Ok(text::digest(freeze.as_str().as_bytes()))
    }

    fn freezes(&self) -> Vec<FreezeName> {
        Vec::new()
    }

    fn judge_window(&self, window: &Window) -> Result<(), Refusal> {
        judge_window(window, now())
    }
}

/// Input: a change as TOML.
pub fn change(data: &[u8]) {
    let Ok(source) = str::from_utf8(data) else { return };
    let draft = match input::read(source, &Names) {
        Err(faults) => return check_faults(source, &faults),
        Ok(draft) => draft,
    };
    // A valid draft can be recorded.
    let words = Text::Description(Box::new(draft.description.clone()));
    let (bytes, reference) = text::write(&words, [7; 16]);
    check_characters(&bytes);
    assert_eq!(text::read(EventKind::File, &bytes), Ok(words));
    let (facts, execution) = (Box::new(draft.facts.clone()), Box::new(draft.execution.clone()));
    let event = Event::File { change: ChangeId::after(0), facts, execution };
    check_recordable(&event, Some(reference));
    // Written as a draft and read again, it is the same except for its window.
    let copied = Copied { facts: &draft.facts, words: &draft.description, execution: &draft.execution };
    let written = input::write("CHG-1", &copied, now());
    let again = input::read(&written, &Names).unwrap();
    assert_eq!(again.facts.window.zone(), draft.facts.window.zone());
    let facts = twinseal::domain::Facts { window: draft.facts.window.clone(), ..again.facts };
    let again = (facts, again.description, again.execution);
    assert_eq!(again, (draft.facts, draft.description, draft.execution));
}

/// Input: a policy as TOML.
pub fn policy(data: &[u8]) {
    let Ok(source) = str::from_utf8(data) else { return };
    match input::read_policy(source) {
        Err(faults) => check_faults(source, &faults),
        Ok(policy) => {
            assert!(policy.approvals() >= 2);
            let action = Action::Policy { replaces: Digest::NONE, policy };
            let event = Event::Propose { proposal: ProposalId::after(0), action };
            check_recordable(&event, None);
        }
    }
}

/// Input: a freeze as TOML.
pub fn freeze(data: &[u8]) {
    let Ok(source) = str::from_utf8(data) else { return };
    match input::read_freeze(source) {
        Err(faults) => check_faults(source, &faults),
        Ok(FreezeDraft { name, mut terms, calendar, .. }) => {
            terms.calendar = calendar.map(|name| CalendarRef { name, since: Digest::NONE });
            let action = Action::SetFreeze(Box::new(SetFreeze { name, replaces: None, terms }));
            check_recordable(&Event::Propose { proposal: ProposalId::after(0), action }, None);
        }
    }
}

/// Input: a calendar as TOML.
pub fn calendar(data: &[u8]) {
    let Ok(source) = str::from_utf8(data) else { return };
    match input::read_calendar(source) {
        Err(faults) => check_faults(source, &faults),
        Ok(CalendarDraft { name, known, periods, .. }) => {
            let action = Action::SetCalendar(SetCalendar { name, replaces: None, known, periods });
            check_recordable(&Event::Propose { proposal: ProposalId::after(0), action }, None);
        }
    }
}

/// Input: a rota as CSV.
pub fn rota(data: &[u8]) {
    let Ok(source) = str::from_utf8(data) else { return };
    match input::read_rota(source) {
        Err(faults) => check_faults(source, &faults),
        Ok(rota) => {
            let new = |(person, grants)| (person, NewGrants::new(Digest::NONE, grants));
            let action = Action::Roles(rota.into_iter().map(new).collect());
            check_recordable(&Event::Propose { proposal: ProposalId::after(0), action }, None);
        }
    }
}

/// Checks that the faults are in order, on lines that exist or on none, and printable.
fn check_faults(source: &str, faults: &[Fault]) {
    let lines = source.split('\n').count();
    assert!(!faults.is_empty() && faults.is_sorted_by_key(|fault| fault.line));
    assert!(faults.iter().all(|fault| fault.line <= lines));
    faults.iter().for_each(check_message);
}
