//! The lines of a deviation, and of its review, in their bodies.

use super::Defect;
use super::lines::{Reader, Writer};
use crate::domain::{Event, EventKind, Told};

/// Encodes one of them.
pub(super) fn write(out: &mut Writer, event: &Event) {
    match event {
        Event::DeviationRecord { id, told } => {
            out.put("deviation", id);
            out.put("done", told.done);
            out.put_all("by", &told.by);
            out.put_all("service", &told.services);
            out.put_all("incident", &told.incident);
        }
        Event::DeviationReview { id, recorded } => {
            out.put("deviation", id);
            out.put("recorded", recorded);
        }
        _ => {}
    }
}

/// Decodes one of them.
///
/// # Errors
/// A defect of the grammar.
pub(super) fn read(lines: &mut Reader<'_>, kind: EventKind) -> Result<Event, Defect> {
    let id = lines.parse("deviation")?;
    if kind == EventKind::DeviationReview {
        return Ok(Event::DeviationReview { id, recorded: lines.parse("recorded")? });
    }
    let told = Told {
        done: lines.parse("done")?,
        by: lines.parse_all("by", str::parse)?,
        services: lines.parse_all("service", str::parse)?,
        incident: if lines.next_is("incident") { Some(lines.parse("incident")?) } else { None },
    };
    Ok(Event::DeviationRecord { id, told: Box::new(told) })
}
