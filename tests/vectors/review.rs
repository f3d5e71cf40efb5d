//! A review with its actions, one that is done, and a close: in the good log, in bad entries, and in refused ones.

use twinseal::domain::{
    ActionDone, ChangeId, Confirmation, Event, Execution, Field, Finish, Outcome, Prose, Review, ReviewAction,
    ReviewText, RevisionRef, Start, Text, Told,
};
use twinseal::format::Raw;

use super::bad_entries::{Bad, body_of, replaced, with_body, with_text};
use super::good_log::{Log, all, few_facts, few_words, remark};
use super::refused::Attempt;

fn prose(words: &str) -> Option<Prose> {
    Some(words.parse().unwrap())
}

/// The text of a review with these actions.
fn words(actions: &[u64]) -> Option<Text> {
    let what = |n: &u64| (*n, prose("Rehearse the rollback.\nOn the test gateway.").unwrap());
    Some(Text::Review(Box::new(ReviewText {
        happened: prose("The gateway did not come up.\n\nIt was rolled back after three minutes."),
        helped: prose("The alarm came at once."),
        hindered: prose("The rollback had not been rehearsed."),
        learned: prose("The new version needs the new library."),
        actions: actions.iter().map(what).collect(),
    })))
}

fn actions(numbers: &[u64], owner: &str) -> Vec<ReviewAction> {
    let due = "2099-12-24T12:00:00Z".parse().unwrap();
    let action = |number: &u64| ReviewAction { number: *number, owner: owner.parse().unwrap(), due };
    numbers.iter().map(action).collect()
}

/// A change that failed, was confirmed and reviewed twice, and is closed. What was to be done about it follows.
pub fn review(log: &mut Log) {
    let revision: RevisionRef = log.file(few_facts(), few_words(), Execution::default());
    log.add("uma", Event::Approve(revision), None);
    log.add("vera", Event::Approve(revision), None);
    log.add("erin", Event::Start(Start::of(revision)), None);
    log.add("erin", Event::Finish(Finish::of(revision, Outcome::Failed)), None);
    log.add("wim", Event::Confirm(Confirmation { revision, outcome: Outcome::Failed }), None);
    log.add("wim", Event::Review(Review { revision, actions: actions(&[1, 2], "uma") }), words(&[1, 2]));
    log.add("erin", Event::Review(Review { revision, actions: actions(&[3], "erin") }), words(&[3]));
    log.add("uma", Event::ActionDone(ActionDone { revision, number: 2 }), remark(Field::Note, "Rehearsed."));
    log.add("erin", Event::Close(revision), remark(Field::Note, "The rest goes on."));
    log.add("erin", Event::ActionDone(ActionDone { revision, number: 1 }), None);
    let id = log.state.next_deviation();
    let told = Told {
        done: "2026-12-01T08:00:00Z".parse().unwrap(),
        by: all(&["erin", "external acme"]),
        services: all(&["order-gateway", "risk-engine"]),
        incident: Some("INC-2216".parse().unwrap()),
    };
    let event = Event::DeviationRecord { id, told: Box::new(told) };
    let recorded = log.add("frank", event, remark(Field::Note, "The cable was pulled by hand."));
    log.add("wim", Event::DeviationReview { id, recorded }, remark(Field::Note, "Seen."));
}

/// Entries with one defect each.
pub fn bad_reviews(good: &[Raw]) -> Vec<Bad> {
    let of = |kind: &str, has: &str| {
        let first = format!("twinseal/{kind}/v1\n");
        let found = good.iter().find(|raw| raw.blob.starts_with(first.as_bytes()) && body_of(raw).contains(has));
        found.unwrap_or_else(|| panic!("no {kind} has {has}"))
    };
    let day = "2099-12-24T12:00:00Z";
    let edits = [
        ("review-with-action-zero", "change.review", "action 1 uma", "action 0 uma", "line 12, action: Number"),
        ("review-with-an-action-without-owner", "change.review", "action 1 uma ", "action 1 ", "line 12, action: Id"),
        ("review-with-an-action-without-due", "change.review", day, "", "line 12, action: Time"),
        ("action-without-a-number", "change.action", "action 2", "action two", "line 12, action: Number"),
        ("action-zero-is-done", "change.action", "action 2", "action 0", "line 12, action: Number"),
        (
            "deviation-by-an-author-out-of-order",
            "deviation.record",
            "by erin\nby external acme",
            "by external acme\nby erin",
            "NotCanonical",
        ),
        ("deviation-without-its-time", "deviation.record", "done 2026-12-01T08:00:00Z\n", "", "line 11 is not done"),
        ("deviation-zero", "deviation.review", "deviation DEV-1", "deviation DEV-0", "line 10, deviation: Id"),
        ("close-with-an-outcome", "change.close", "filled note", "outcome failed\nfilled note", "Surplus"),
        ("review-within-the-usual-days-spelled-out", "policy.set", "review-days 30", "review-days 14", "NotCanonical"),
        (
            "another-review-within-no-day",
            "policy.set",
            "review-days 30",
            "review-days 0",
            "line 14, review-days: PolicyExpiry",
        ),
    ];
    let edited = edits.into_iter().map(|(name, kind, from, to, defect)| {
        let raw = of(kind, from);
        Bad { name, defect, raw: with_body(raw, replaced(&body_of(raw), from, to)) }
    });
    let review = of("change.review", "action 1");
    let texts = [
        (
            "review-whose-text-has-another-action",
            "action 2 Rehearse the rollback.\naction 2 On",
            "action 3 Rehearse the rollback.\naction 3 On",
            "TextFields",
        ),
        (
            "review-whose-text-lacks-an-action",
            "action 2 Rehearse the rollback.\naction 2 On the test gateway.\n",
            "",
            "TextFields",
        ),
        ("review-whose-text-lacks-what-helped", "helped The alarm came at once.\n", "", "TextFields"),
        ("review-whose-text-is-out-of-order", "learned The", "happened The", "text: Surplus"),
    ];
    let texts = texts.into_iter().map(|(name, from, to, defect)| {
        let text = String::from_utf8(review.text.clone().unwrap()).unwrap();
        Bad { name, defect, raw: with_text(review, replaced(&text, from, to).as_bytes()) }
    });
    edited.chain(texts).collect()
}

/// Entries about reviews that a rule refuses at the end of the good log.
pub fn refused_reviews(log: &Log) -> Vec<Attempt> {
    let current = |id: ChangeId| log.state.change(id).unwrap().current().id;
    let mut all = (0..log.state.filed()).map(ChangeId::after);
    let closed = current(all.find(|id| log.state.change(*id).unwrap().closed().is_some()).unwrap());
    let open = |change: &str| current(change.parse().unwrap());
    let done = |number| Event::ActionDone(ActionDone { revision: closed, number });
    let reviewed = |id: &str| {
        let id = id.parse().unwrap();
        let recorded = log.state.deviation(id).map_or(closed.filed, |it| it.recorded().leaf);
        Event::DeviationReview { id, recorded }
    };
    let review = |revision| Event::Review(Review { revision, actions: Vec::new() });
    let bad = log.state.change(open("CHG-4").change).unwrap();
    assert!(bad.awaited_review().is_some());
    vec![
        ("review-of-a-closed-change", "closed", "wim", review(closed), words(&[])),
        ("review-before-the-finish", "finished", "wim", review(open("CHG-3")), words(&[])),
        ("review-that-says-nothing", "field-required", "wim", review(bad.current().id), None),
        ("action-that-is-done-twice", "action-once", "uma", done(2), None),
        ("action-that-nobody-asked-for", "action-known", "uma", done(4), None),
        ("action-of-somebody-else", "action-owner", "wim", done(3), None),
        ("close-before-the-confirmation", "close-confirmed", "erin", Event::Close(bad.current().id), None),
        ("deviation-reviewed-by-who-did-it", "deviation-part", "erin", reviewed("DEV-1"), None),
        ("deviation-reviewed-twice", "deviation-review-once", "wim", reviewed("DEV-1"), None),
        ("deviation-that-nobody-told", "deviation-known", "wim", reviewed("DEV-2"), None),
        ("close-a-second-time", "closed", "erin", Event::Close(closed), None),
    ]
}
