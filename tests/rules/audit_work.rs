//! Rules about `log.sample` and `log.reconciliation`: who records them, and of which log.

use twinseal::domain::{Drawn, Reconciliation, ReconciliationCounts, Sample};

use super::prelude::*;

fn log(world: &World) -> CountedRoot {
    world.state().roots().unwrap().log
}

pub fn sample(log: CountedRoot) -> Sample {
    Sample {
        log,
        period: "2026-12-01T00:00:00Z 2026-12-02T00:00:00Z".parse().unwrap(),
        seed: "dice 416".parse().unwrap(),
        of: 3,
        drawn: Drawn::Changes(["CHG-1".parse().unwrap()].into()),
    }
}

fn reconciliation(log: CountedRoot) -> Event {
    let counts =
        ReconciliationCounts { outside: 0, matched: 1, differs: 0, break_glass: 0, unauthorised: 2, not_deployed: 0 };
    let period = sample(log).period;
    Event::Reconciliation(Box::new(Reconciliation { log, period, input: WRONG, counts }))
}

fn both(log: CountedRoot) -> [Event; 2] {
    [Event::Sample(Box::new(sample(log))), reconciliation(log)]
}

#[test]
fn nobody_but_an_auditor_records_a_sample_or_a_reconciliation() {
    let world = World::approved();
    for at in 0..2 {
        for person in ["erin", "carol", "alice"] {
            forbidden(&world, person, both(log(&world))[at].clone(), None, "audit-role");
        }
        accepted(&world, "audrey", both(log(&world))[at].clone(), None);
    }
}

#[test]
fn no_sample_or_reconciliation_is_of_another_log() {
    let world = World::approved();
    let it = log(&world);
    for event in both(CountedRoot { count: it.count + 1, ..it }).into_iter().chain(both(CountedRoot { count: 0, ..it }))
    {
        forbidden(&world, "audrey", event, None, "checkpoint-size");
    }
    for event in both(CountedRoot { root: WRONG, ..it }) {
        forbidden(&world, "audrey", event, None, "checkpoint-root");
    }
}

#[test]
fn no_sample_has_more_than_it_was_drawn_from() {
    let world = World::approved();
    let it = Sample { of: 0, ..sample(log(&world)) };
    forbidden(&world, "audrey", Event::Sample(Box::new(it)), None, "sample-count");
    let none = Drawn::Changes([].into());
    accepted(&world, "audrey", Event::Sample(Box::new(Sample { of: 0, drawn: none, ..sample(log(&world)) })), None);
}
