//! Approvals that are signed away from the register: in the good log, in bad entries, and in refused ones.

use data_encoding::BASE64;
use twinseal::domain::{Digest, Event, Execution, Field, Fingerprint, RevisionRef, Statement};
use twinseal::format::{Raw, body, statement};

use super::bad_entries::{Bad, body_of, line, replaced, with_body};
use super::good_log::{Log, few_facts, few_words, key, point, remark, sign};
use super::refused::Attempt;

const MADE: &str = "2026-12-01T10:00:00Z";

/// What a person states about the newest change.
fn about(log: &Log, person: &str, revision: RevisionRef) -> Statement {
    Statement {
        revision,
        fingerprint: log.entries[0].leaf(),
        approver: person.parse().unwrap(),
        key: Fingerprint::of(&point(&key(person))),
        seen: log.state.change(revision.change).unwrap().last(),
        time: MADE.parse().unwrap(),
        not_after: "2026-12-02T10:00:00Z".parse().unwrap(),
    }
}

fn signed(log: &Log, signer: &str, statement: Statement) -> Event {
    let message = statement::message(log.state.id().unwrap(), &statement);
    let proof = sign(&key(signer), statement::NAMESPACE, message.as_bytes());
    Event::Submit(Box::new(statement::submission(statement, proof)))
}

/// What uma and vera signed elsewhere, submitted by a person who filed the change, and by one who has no part in it.
pub fn submit(log: &mut Log) {
    let revision = log.file(few_facts(), few_words(), Execution::default());
    let uma = signed(log, "uma", about(log, "uma", revision));
    log.add("erin", uma, None);
    log.add("uma", Event::Retract(revision), remark(Field::Reason, "I had read another file."));
    let vera = signed(log, "vera", about(log, "vera", revision));
    log.add("wim", vera, None);
}

/// Entries with one defect each.
pub fn bad_statements(good: &[Raw]) -> Vec<Bad> {
    let first = "twinseal/approval.submit/v1\n";
    let raw = good.iter().find(|raw| raw.blob.starts_with(first.as_bytes())).unwrap();
    let signed = body_of(raw);
    let not_after = format!("not-after {}\n", line(&signed, "not-after"));
    let edits = [
        ("statement-without-an-end", not_after.as_str(), "", "line 17 is not not-after"),
        (
            "statement-that-ends-before-it-was-made",
            not_after.as_str(),
            "not-after 2026-12-01T09:59:59Z\n",
            "line 17, not-after: StatementOrder",
        ),
        (
            "statement-of-another-end",
            not_after.as_str(),
            "not-after 2026-12-03T10:00:00Z\n",
            r#"Statement { person: PersonId("uma") }"#,
        ),
        ("statement-of-another-approver", "approver uma", "approver vera", r#"Statement { person: PersonId("vera") }"#),
    ];
    let edited = edits.into_iter().map(|(name, from, to, defect)| Bad {
        name,
        defect,
        raw: with_body(raw, replaced(&signed, from, to)),
    });
    // What uma signed as an approval in the log, or as another kind of message.
    let elsewhere =
        [("statement-signed-as-an-approval", "twinseal/change.approve/v1"), ("statement-signed-as-a-file", "file")];
    let lines = signed.split_once("\nchange ").unwrap().1.split_once("\nproof ").unwrap().0;
    let message = format!("{}\nregister {}\nchange {lines}\n", statement::NAMESPACE, line(&signed, "register"));
    let elsewhere = elsewhere.into_iter().map(|(name, namespace)| {
        let proof = BASE64.encode(&sign(&key("uma"), namespace, message.as_bytes()));
        let body = replaced(&signed, line(&signed, "proof"), &proof);
        Bad { name, defect: r#"Statement { person: PersonId("uma") }"#, raw: with_body(raw, body) }
    });
    edited.chain(elsewhere).collect()
}

/// Entries about statements that a rule refuses at the end of the good log.
pub fn refused_statements(log: &Log) -> Vec<Attempt> {
    let again = log.entries.iter().rev().find_map(|raw| match body::read(body_of(raw).as_bytes()).unwrap().1 {
        Event::Submit(it) if it.statement.approver.as_str() == "uma" => Some(it),
        _ => None,
    });
    let again = again.unwrap();
    let revision = again.statement.revision;
    let event = |person: &str, alter: fn(&mut Statement)| {
        let mut statement = about(log, person, revision);
        alter(&mut statement);
        signed(log, person, statement)
    };
    vec![
        (
            "statement-for-another-register",
            "statement-register",
            "erin",
            event("uma", |it| it.fingerprint = Digest::NONE),
            None,
        ),
        ("statement-from-the-future", "statement-ahead", "erin", event("uma", |it| it.time = it.not_after), None),
        ("statement-that-has-expired", "statement-expired", "erin", event("uma", |it| it.not_after = it.time), None),
        ("statement-submitted-after-a-retraction", "statement-once", "erin", Event::Submit(again), None),
        (
            "statement-that-saw-no-entry-about-the-change",
            "statement-seen",
            "erin",
            event("uma", |it| it.seen = it.fingerprint),
            None,
        ),
        (
            "statement-made-before-a-retraction",
            "statement-superseded",
            "erin",
            event("uma", |it| {
                it.seen = it.revision.filed;
                it.not_after = it.not_after.plus(1);
            }),
            None,
        ),
        ("statement-by-who-filed-the-change", "conflict-of-interest", "wim", event("erin", |_| {}), None),
    ]
}
