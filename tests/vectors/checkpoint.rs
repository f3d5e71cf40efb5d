//! The checkpoint, the samples and the reconciliation in the good log, and those that are refused after it.

use twinseal::domain::{
    Action, CountedRoot, Digest, Drawn, Event, Field, LogRoots, Reconciliation, ReconciliationCounts, Sample,
};

use super::good_log::{Log, home, member, names, remark};
use super::refused::Attempt;

/// A recorded checkpoint.
pub fn checkpoint(log: &mut Log) {
    let roots = log.state.roots().unwrap();
    log.add("bob", Event::Checkpoint(roots), None);
    audit_work(log);
}

/// What an auditor records of an audit.
fn audit_work(log: &mut Log) {
    let ivy = member(&home(&log.entries), "ivy", &["auditor"]);
    log.carry_out(Action::Enrol(vec![ivy]), names(&[("ivy", "Ivy")]));
    let input = Digest::new([8; 32]);
    let counts =
        ReconciliationCounts { outside: 1, matched: 212, differs: 3, break_glass: 1, unauthorised: 2, not_deployed: 4 };
    let roots = log.state.roots().unwrap().log;
    let period = sample(roots).period;
    let reconciliation = Event::Reconciliation(Box::new(Reconciliation { log: roots, period, input, counts }));
    let source = "extractor = 'psql'\nquery = 'select * from deployments'\n\n[columns]\ntime = 'at'";
    log.add("ivy", reconciliation, remark(Field::Source, source));
    log.add("ivy", Event::Sample(Box::new(sample(log.state.roots().unwrap().log))), None);
    let rows = Drawn::Rows { input, rows: [2, 18, 204].into() };
    let of_rows = Sample { of: 212, drawn: rows, ..sample(log.state.roots().unwrap().log) };
    log.add("ivy", Event::Sample(Box::new(of_rows)), None);
}

fn sample(log: CountedRoot) -> Sample {
    Sample {
        log,
        period: "2026-10-01T00:00:00Z 2027-01-01T00:00:00Z".parse().unwrap(),
        seed: "Q4 2026, dice 4 1 6".parse().unwrap(),
        of: 4,
        drawn: Drawn::Changes(["CHG-1".parse().unwrap(), "CHG-12".parse().unwrap()].into()),
    }
}

pub fn refused_checkpoints(log: &Log) -> Vec<Attempt> {
    let it = log.state.roots().unwrap();
    let other = |root: CountedRoot| CountedRoot { root: Digest::new([7; 32]), ..root };
    let log_of = |count| CountedRoot { count, ..it.log };
    let event = Event::Checkpoint;
    let sample = |log| Event::Sample(Box::new(self::sample(log)));
    let too_many = Sample { of: 1, ..self::sample(it.log) };
    vec![
        ("sample-by-an-engineer", "audit-role", "erin", sample(it.log), None),
        ("sample-of-another-log", "checkpoint-root", "ivy", sample(other(it.log)), None),
        ("sample-of-more-than-there-are", "sample-count", "ivy", Event::Sample(Box::new(too_many)), None),
        ("checkpoint-by-an-engineer", "checkpoint-role", "erin", event(it), None),
        (
            "checkpoint-of-more-entries",
            "checkpoint-size",
            "bob",
            event(LogRoots { log: log_of(it.log.count + 1), ..it }),
            None,
        ),
        ("checkpoint-of-another-log", "checkpoint-root", "bob", event(LogRoots { log: other(it.log), ..it }), None),
        (
            "checkpoint-of-other-changes",
            "checkpoint-changes",
            "bob",
            event(LogRoots { changes: other(it.changes), ..it }),
            None,
        ),
        (
            "checkpoint-of-other-break-glasses",
            "checkpoint-breakglasses",
            "bob",
            event(LogRoots { break_glasses: other(it.break_glasses), ..it }),
            None,
        ),
    ]
}
