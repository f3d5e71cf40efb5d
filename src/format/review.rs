//! The lines of a review, of an action that is done, and of a close, in their bodies.

use super::Defect;
use super::body::{at_least_one, read_revision, write_revision};
use super::lines::{Reader, Writer};
use crate::domain::{ActionDone, Event, EventKind, Invalid, Review, ReviewAction};

/// Encodes one of them.
pub(super) fn write(out: &mut Writer, event: &Event) {
    match event {
        Event::Review(it) => {
            write_revision(out, &it.revision);
            out.put_all("action", it.actions.iter().map(|it| format!("{} {} {}", it.number, it.owner, it.due)));
        }
        Event::ActionDone(it) => {
            write_revision(out, &it.revision);
            out.put("action", it.number);
        }
        Event::Close(at) => write_revision(out, at),
        _ => {}
    }
}

/// Decodes one of them.
///
/// # Errors
/// A defect of the grammar.
pub(super) fn read(lines: &mut Reader<'_>, kind: EventKind) -> Result<Event, Defect> {
    let revision = read_revision(lines)?;
    Ok(match kind {
        EventKind::Review => Event::Review(Review { revision, actions: lines.parse_all("action", read_action)? }),
        EventKind::ActionDone => {
            Event::ActionDone(ActionDone { revision, number: lines.parse_with("action", at_least_one)? })
        }
        _ => Event::Close(revision),
    })
}

fn read_action(value: &str) -> Result<ReviewAction, Invalid> {
    let mut parts = value.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or("");
    Ok(ReviewAction { number: at_least_one(part())?, owner: part().parse()?, due: part().parse()? })
}
