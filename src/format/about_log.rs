//! The lines of entries about the log itself: checkpoints, samples, reconciliations.

use super::Defect;
use super::lines::{Reader, Writer};
use crate::domain::{CountedRoot, Drawn, Event, LogRoots, Reconciliation, ReconciliationCounts, Sample, number};

pub(super) fn write(out: &mut Writer, event: &Event) {
    match event {
        Event::Checkpoint(LogRoots { log, changes, break_glasses }) => {
            write_log(out, log);
            out.put("changes", changes);
            out.put("breakglasses", break_glasses);
        }
        Event::Sample(it) => {
            write_log(out, &it.log);
            out.put("period", it.period);
            out.put_all("input", it.drawn.input());
            out.put("seed", &it.seed);
            out.put("of", it.of);
            match &it.drawn {
                Drawn::Changes(changes) => out.put_all("drawn", changes),
                Drawn::Rows { rows, .. } => out.put_all("drawn", rows),
            }
        }
        Event::Reconciliation(it) => {
            write_log(out, &it.log);
            out.put("period", it.period);
            out.put("input", it.input);
            let it = &it.counts;
            out.put("outside", it.outside);
            out.put("matched", it.matched);
            out.put("differs", it.differs);
            out.put("break-glass", it.break_glass);
            out.put("unauthorised", it.unauthorised);
            out.put("not-deployed", it.not_deployed);
        }
        _ => {}
    }
}

fn write_log(out: &mut Writer, log: &CountedRoot) {
    out.put("size", log.count);
    out.put("root", log.root);
}

fn read_log(lines: &mut Reader<'_>) -> Result<CountedRoot, Defect> {
    Ok(CountedRoot { count: lines.parse_with("size", number)?, root: lines.parse("root")? })
}

pub(super) fn read_checkpoint(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    Ok(Event::Checkpoint(LogRoots {
        log: read_log(lines)?,
        changes: lines.parse("changes")?,
        break_glasses: lines.parse("breakglasses")?,
    }))
}

pub(super) fn read_sample(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    let (log, period) = (read_log(lines)?, lines.parse("period")?);
    let input = if lines.next_is("input") { Some(lines.parse("input")?) } else { None };
    let (seed, of) = (lines.parse("seed")?, lines.parse_with("of", number)?);
    let drawn = match input {
        None => Drawn::Changes(lines.parse_all("drawn", str::parse)?),
        Some(input) => Drawn::Rows { input, rows: lines.parse_all("drawn", number)? },
    };
    Ok(Event::Sample(Box::new(Sample { log, period, seed, of, drawn })))
}

pub(super) fn read_reconciliation(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    let (log, period, input) = (read_log(lines)?, lines.parse("period")?, lines.parse("input")?);
    let counts = ReconciliationCounts {
        outside: lines.parse_with("outside", number)?,
        matched: lines.parse_with("matched", number)?,
        differs: lines.parse_with("differs", number)?,
        break_glass: lines.parse_with("break-glass", number)?,
        unauthorised: lines.parse_with("unauthorised", number)?,
        not_deployed: lines.parse_with("not-deployed", number)?,
    };
    Ok(Event::Reconciliation(Box::new(Reconciliation { log, period, input, counts })))
}
