//! Services: in the good log, in bad entries, and in refused ones.

use std::collections::BTreeSet;

use twinseal::domain::{Action, Digest, Execution, Facts, Field, Service, ServiceId, SetServices, Tier};
use twinseal::format::Raw;

use super::bad_entries::{Bad, body_of, replaced, with_body, with_data};
use super::good_log::{Log, all, few_facts, few_words, remark};
use super::refused::{Attempt, propose};

fn id(name: &str) -> ServiceId {
    name.parse().unwrap()
}

/// A service with every field.
fn gateway(tier: u64) -> Service {
    Service {
        name: "Order gateway 报单".parse().unwrap(),
        owner: "erin".parse().unwrap(),
        team: "trading".parse().unwrap(),
        tier: Tier::new(tier).unwrap(),
        kind: "gateway".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        tags: all(&["fix", "open"]),
        depends_on: all(&["orders-db", "risk-engine"]),
        hours: Some("market-cn".parse().unwrap()),
    }
}

/// A service with as few fields as there can be.
fn plain(name: &str) -> Service {
    let name = name.parse().unwrap();
    Service { name, tags: all(&[]), depends_on: all(&[]), hours: None, ..gateway(4) }
}

fn set(log: &Log, put: &[(&str, Service)], dropped: &[&str]) -> SetServices {
    let put = put.iter().map(|(name, it)| (id(name), it.clone())).collect();
    let dropped: BTreeSet<ServiceId> = dropped.iter().map(|it| id(it)).collect();
    log.state.governance().services_changed(put, dropped).unwrap()
}

/// Services that are added, changed and dropped, and a change of one of them. None is left.
pub fn services(log: &mut Log) {
    let carry_out = |log: &mut Log, it: SetServices, reason: &str| {
        log.carry_out(Action::SetServices(Box::new(it)), remark(Field::Reason, reason));
    };
    let first = [("order-gateway", gateway(1)), ("orders-db", plain("db")), ("risk-engine", plain("risk"))];
    carry_out(log, set(log, &first, &[]), "From the CMDB.");
    let alone = Service { depends_on: all(&[]), ..gateway(2) };
    carry_out(log, set(log, &[("order-gateway", alone)], &["risk-engine"]), "Limits moved into the gateway.");
    let facts = Facts { services: all(&["orders-db"]), environments: all(&["prod"]), ..few_facts() };
    log.file(facts, few_words(), Execution::default());
    carry_out(log, set(log, &[], &["order-gateway", "orders-db"]), "Moved to another register.");
}

/// Entries about services with one defect each.
pub fn bad_services(good: &[Raw]) -> Vec<Bad> {
    let mut of = good.iter().filter(|raw| raw.blob.starts_with(b"twinseal/service.set/v1\n"));
    let (first, second) = (of.next().unwrap(), of.next().unwrap());
    let data = |raw: &Raw| String::from_utf8(raw.data.clone().unwrap()).unwrap();
    let edits = [
        ("service-of-no-tier", "tier 1\n", "tier 5\n", "data: line 5, tier: Tier"),
        ("service-without-an-owner", "owner erin\n", "", "data: line 3 is not owner"),
        ("service-in-capitals", "put orders-db\n", "put Orders-db\n", "data: line 13, put: Id"),
        ("service-with-tags-out-of-order", "tag fix\ntag open\n", "tag open\ntag fix\n", "data: NotCanonical"),
        ("services-out-of-order", "put risk-engine\n", "put a-service\n", "data: NotCanonical"),
        ("service-without-a-name", "name db\n", "name  db\n", "data: line 14, name"),
    ];
    let edited = edits.into_iter().map(|(name, from, to, defect)| {
        let one = data(first).replacen(from, to, 1);
        assert_ne!(one, data(first), "{name}");
        Bad { name, defect, raw: with_data(first, one.as_bytes()) }
    });
    let both = data(second).replacen("drop risk-engine\n", "drop order-gateway\n", 1);
    let root = body_of(first).lines().find(|line| line.starts_with("services ")).unwrap().to_owned();
    let more = [
        Bad { name: "service-dropped-and-put", defect: "DataFields", raw: with_data(second, both.as_bytes()) },
        Bad { name: "services-without-any", defect: "data: line 1 is not put", raw: with_data(first, b"") },
        Bad {
            name: "services-without-a-root",
            defect: "line 10, services: Digest",
            raw: with_body(first, replaced(&body_of(first), &root, "services 3")),
        },
    ];
    edited.chain(more).collect()
}

/// Entries about services that a rule refuses at the end of the good log, where none is in force.
pub fn refused_services(log: &Log) -> Vec<Attempt> {
    let attempt = |it: SetServices| propose(log, Action::SetServices(Box::new(it)));
    let right = set(log, &[("orders-db", plain("db"))], &[]);
    let owned = Service { owner: "nobody".parse().unwrap(), ..plain("db") };
    let hours = Service { hours: Some("market-us".parse().unwrap()), ..plain("db") };
    vec![
        (
            "services-of-a-set-that-is-not-in-force",
            "proposal-not-stale",
            "alice",
            attempt(SetServices { replaces: None, ..right.clone() }),
            None,
        ),
        (
            "services-with-another-count",
            "service-root",
            "alice",
            attempt(SetServices { count: 2, ..right.clone() }),
            None,
        ),
        (
            "services-with-another-root",
            "service-root",
            "alice",
            attempt(SetServices { root: Digest::NONE, ..right }),
            None,
        ),
        (
            "service-that-needs-an-unknown-one",
            "service-needs",
            "alice",
            attempt(set(log, &[("order-gateway", gateway(1))], &[])),
            None,
        ),
        (
            "service-that-needs-itself",
            "service-cycle",
            "alice",
            attempt(set(log, &[("a", Service { depends_on: all(&["a"]), ..plain("a") })], &[])),
            None,
        ),
        ("service-of-nobody", "participant-enrolled", "alice", attempt(set(log, &[("a", owned)], &[])), None),
        (
            "service-with-hours-that-nobody-set",
            "calendar-known",
            "alice",
            attempt(set(log, &[("a", hours)], &[])),
            None,
        ),
        ("service-dropped-that-is-not-there", "service-known", "alice", attempt(set(log, &[], &["orders-db"])), None),
    ]
}
