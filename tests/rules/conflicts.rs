//! Rules about changes that overlap: what a revision lists, and what must not start beside what.

use std::io;

use zeroize::Zeroizing;

use super::prelude::*;
use super::services::services;
use crate::support::SERVICES;
use twinseal::env::Console;

const LATER: (&str, &str) = ("10:00:00Z\"\nend = \"2026-12-01T12", "12:00:00Z\"\nend = \"2026-12-01T14");
const LEDGER: (&str, &str) = ("order-gateway", "ledger");
const BY_ERIN: (&str, &str) = ("\"frank\"", "\"erin\"");

/// A register in which frank can carry out changes besides erin.
fn world() -> World {
    let world = World::founded();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    world.ok("frank", &format!("list --fingerprint {}", world.fingerprint()));
    world
}

/// Files [`CHANGE`] with some of it replaced, in prod and by frank unless it says otherwise.
#[track_caller]
fn filed(world: &World, replaced: &[(&str, &str)]) {
    let by_frank = ("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"frank\"]\nenvironments = [\"prod\"]");
    file(world, &[&[by_frank], replaced].concat());
}

/// What the current revision of a change lists.
fn listed(world: &World, change: &str) -> Vec<String> {
    world.change(change).current().conflicts.keys().map(ChangeId::to_string).collect()
}

/// An event that files [`CHANGE`] and lists exactly the current revisions of these changes.
fn listing_exactly(world: &World, changes: &[&str], alter: impl FnOnce(&mut Facts)) -> (Event, Option<Text>) {
    let (event, text) = filing(world, |facts, _| alter(facts));
    let Event::File { change, mut facts, mut execution } = event else { unreachable!() };
    execution.conflicts = changes.iter().map(|it| (it.parse().unwrap(), world.revision(it).filed)).collect();
    facts.conflicts = conflicts_root(&execution.conflicts);
    (Event::File { change, facts, execution }, text)
}

fn approved(world: &World, change: &str) {
    ["carol", "dave"].iter().for_each(|person| world.approve(person, change));
}

fn starting(world: &World, change: &str) -> Event {
    Event::Start(Start::of(world.revision(change)))
}

#[test]
fn a_revision_lists_every_open_change_that_it_overlaps() {
    let world = world();
    filed(&world, &[]);
    assert!(listed(&world, "CHG-1").is_empty() && world.change("CHG-1").current().facts.conflicts.is_none());
    filed(&world, &[]);
    filed(&world, &[]);
    assert_eq!(listed(&world, "CHG-3"), ["CHG-1", "CHG-2"]);
    assert_eq!(world.change("CHG-3").current().conflicts[&"CHG-1".parse().unwrap()], world.revision("CHG-1").filed);
    // Neither another window nor another service; and one that ends when this one begins.
    filed(&world, &[LATER]);
    filed(&world, &[LEDGER, BY_ERIN]);
    assert!(listed(&world, "CHG-4").is_empty() && listed(&world, "CHG-5").is_empty());
    world.ok("erin", "withdraw CHG-1 --reason No.");
    world.ok("carol", "reject CHG-2 --reason No.");
    filed(&world, &[]);
    assert_eq!(listed(&world, "CHG-6"), ["CHG-3"]);
    world.ok("erin", "revise CHG-2 change.toml --again");
    assert_eq!(listed(&world, "CHG-2"), ["CHG-3", "CHG-6"]);
    let shown = world.ok("carol", "show CHG-6");
    assert!(shown.contains("overlaps      CHG-2 (awaiting approval; window opens in 1 h): order-gateway;"), "{shown}");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn no_revision_leaves_out_a_change_that_it_overlaps() {
    let world = world();
    filed(&world, &[]);
    filed(&world, &[]);
    let (event, text) = listing_exactly(&world, &["CHG-2"], |_| ());
    forbidden(&world, "erin", event, text, "conflict-listed");
    let (event, text) = listing_exactly(&world, &["CHG-1", "CHG-2"], |_| ());
    accepted(&world, "erin", event.clone(), text.clone());
    // The revision that it lists is replaced.
    world.ok("erin", "revise CHG-1 change.toml --again");
    forbidden(&world, "erin", event, text, "conflict-listed");
    let (event, text) = revising(&world, listing_exactly(&world, &["CHG-1"], |_| ()));
    forbidden(&world, "erin", event, text, "conflict-listed");
}

#[test]
fn no_revision_lists_a_change_that_it_does_not_overlap() {
    let world = world();
    filed(&world, &[LATER]);
    filed(&world, &[LEDGER, BY_ERIN]);
    filed(&world, &[]);
    let by_frank = |facts: &mut Facts| facts.implementers = people(&["frank"]);
    for other in ["CHG-1", "CHG-2"] {
        let (event, text) = listing_exactly(&world, &[other, "CHG-3"], by_frank);
        forbidden(&world, "erin", event, text, "conflict-real");
    }
    let (event, text) = listing_exactly(&world, &["CHG-3"], by_frank);
    world.ok("erin", "withdraw CHG-3 --reason No.");
    forbidden(&world, "erin", event, text, "conflict-real");
}

#[test]
fn a_change_overlaps_what_its_services_need_and_what_needs_them_but_not_what_needs_the_same() {
    let world = world();
    let also = "[[service]]\nid = 'risk'\nowner = 'erin'\nteam = 'risk'\ntier = 1\nkind = 'x'\nenvironment = 'prod'\n\
                depends_on = ['orders-db']\n[[service]]\nid = 'desk'\nowner = 'erin'\nteam = 'risk'\ntier = 1\n\
                kind = 'x'\nenvironment = 'prod'\ndepends_on = ['order-gateway']\n";
    services(&world, &format!("{SERVICES}{also}"));
    filed(&world, &[]);
    filed(&world, &[("order-gateway", "risk"), BY_ERIN]);
    assert!(listed(&world, "CHG-2").is_empty(), "two services on one database");
    filed(&world, &[("order-gateway", "desk"), BY_ERIN]);
    assert_eq!(listed(&world, "CHG-3"), ["CHG-1", "CHG-2"], "erin implements two");
    filed(&world, &[("order-gateway", "orders-db")]);
    assert_eq!(listed(&world, "CHG-4"), ["CHG-1", "CHG-2", "CHG-3"], "at any distance");
    let shown = world.ok("carol", "show CHG-4");
    assert!(shown.contains("CHG-3 (awaiting approval; window opens in 1 h): desk"), "{shown}");
    // A service is dropped, and with it what it had in common with others.
    services(&world, &format!("{SERVICES}{also}").replace("depends_on = ['order-gateway']", ""));
    world.ok("erin", "revise CHG-4 change.toml --again");
    assert_eq!(listed(&world, "CHG-4"), ["CHG-1", "CHG-2"]);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn one_person_implements_no_two_changes_at_one_time_unlisted_but_a_machine_does() {
    let world = world();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator frank --role engineer");
    second(&world, "bob", "2");
    let by = |who: &str| format!("owner = \"erin\"\nimplementers = [\"{who}\"]");
    for (service, who) in [("a", "frank"), ("b", "robot"), ("c", "robot"), ("d", "frank")] {
        file(&world, &[LEDGER, ("ledger", service), ("owner = \"erin\"", &by(who))]);
    }
    assert!(listed(&world, "CHG-2").is_empty() && listed(&world, "CHG-3").is_empty());
    assert_eq!(listed(&world, "CHG-4"), ["CHG-1"]);
}

#[test]
fn no_change_starts_beside_one_in_progress_that_its_approvers_did_not_sign_for() {
    let world = world();
    filed(&world, &[]);
    approved(&world, "CHG-1");
    filed(&world, &[]);
    world.at("2026-12-01T10:00:00Z");
    // To file a change stops nobody; only to start it does.
    accepted(&world, "frank", starting(&world, "CHG-1"), None);
    approved(&world, "CHG-2");
    world.ok("frank", "start CHG-2");
    forbidden(&world, "frank", starting(&world, "CHG-1"), None, "conflict-in-progress");
    let gate = world.run("carol", "gate CHG-1").out;
    assert!(gate.contains("conflicts") && gate.contains("CHG-2 is in progress and overlaps CHG-1"), "{gate}");
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("this change cannot start before it is finished"), "{shown}");
    let inbox = world.ok("frank", "inbox");
    assert!(inbox.contains("must wait for CHG-2"), "{inbox}");
    // What its approvers signed for stops nothing: the same words, with another list.
    world.ok("erin", "revise CHG-1 --again");
    assert_eq!(listed(&world, "CHG-1"), ["CHG-2"]);
    approved(&world, "CHG-1");
    accepted(&world, "frank", starting(&world, "CHG-1"), None);
}

#[test]
fn no_change_starts_beside_another_revision_than_the_one_that_was_signed_for() {
    let world = world();
    filed(&world, &[]);
    filed(&world, &[]);
    approved(&world, "CHG-2");
    world.ok("erin", "revise CHG-1 change.toml --again");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.ok("frank", "start CHG-1");
    forbidden(&world, "frank", starting(&world, "CHG-2"), None, "conflict-in-progress");
    world.ok("frank", "finish CHG-1 --outcome succeeded");
    accepted(&world, "frank", starting(&world, "CHG-2"), None);
}

#[test]
fn a_change_in_progress_lasts_until_it_is_finished_and_goes_on_whatever_starts_beside_it() {
    let world = world();
    let targets = ("risk =", "targets = [\"gw-1\", \"gw-2\"]\nrisk =");
    filed(&world, &[targets]);
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.ok("frank", "start CHG-1 --target gw-1");
    world.at("2026-12-01T11:00:00Z");
    filed(&world, &[("2026-12-01T10", "2026-12-01T12"), ("2026-12-01T12:00:00Z\"\n\n", "2026-12-01T14:00:00Z\"\n\n")]);
    assert_eq!(listed(&world, "CHG-2"), ["CHG-1"], "its window would have ended");
    filed(&world, &[]);
    approved(&world, "CHG-3");
    world.ok("frank", "start CHG-3");
    let second = Start { target: Some("gw-2".parse().unwrap()), ..Start::of(world.revision("CHG-1")) };
    accepted(&world, "frank", Event::Start(second), None);
}

#[test]
fn no_clock_takes_a_change_out_of_the_open_ones() {
    let world = world();
    filed(&world, &[]);
    world.at("2026-12-01T11:59:00Z");
    filed(&world, &[("2026-12-01T12:00:00Z", "2026-12-01T18:00:00Z")]);
    assert_eq!(listed(&world, "CHG-2"), ["CHG-1"], "nobody can start it any more, and nobody withdrew it");
    world.at("2026-12-03T00:00:00Z");
    filed(&world, &[("2026-12-01", "2026-12-03")]);
    filed(&world, &[("2026-12-01", "2026-12-03")]);
    assert_eq!(listed(&world, "CHG-4"), ["CHG-3"]);
}

/// A terminal at which an entry arrives while the first question stands there.
struct Meanwhile {
    file: std::path::PathBuf,
    entry: Option<Raw>,
    answers: Vec<&'static str>,
}

impl Console for Meanwhile {
    fn is_interactive(&self) -> bool {
        true
    }

    fn can_ask_secret(&self) -> bool {
        true
    }

    fn ask(&mut self, _: &str) -> io::Result<String> {
        if let Some(raw) = self.entry.take() {
            let insert = "INSERT INTO entry (seq, blob, text, data) VALUES (?1, ?2, ?3, ?4)";
            let db = rusqlite::Connection::open(&self.file).unwrap();
            db.execute(insert, rusqlite::params![raw.seq, raw.blob, raw.text, raw.data]).unwrap();
        }
        Ok(if self.answers.is_empty() { String::new() } else { self.answers.remove(0).to_owned() })
    }

    fn secret(&mut self, _: &str) -> io::Result<Zeroizing<String>> {
        Ok(Zeroizing::default())
    }
}

#[test]
fn nothing_is_filed_with_other_conflicts_than_those_that_its_requester_was_asked_about() {
    let world = world();
    filed(&world, &[]);
    let (event, text) = filing(&world, |_, _| ());
    let seq = world.force("erin", event, text);
    let entry = world.raw(seq);
    world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    let files = |answers: &[&'static str]| {
        let (mut env, recording) = world.env("erin", None);
        let (file, entry, answers) = (world.path("prod.db"), Some(entry.clone()), answers.to_vec());
        env.console = Box::new(Meanwhile { file, entry, answers });
        World::run_in(&mut env, &recording, &["file".to_owned(), "change.toml".to_owned(), "--again".to_owned()])
    };
    let output = files(&["y", "n"]);
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert_eq!(output.screen.matches("note: it overlaps CHG-1").count(), 2, "{}", output.screen);
    assert_eq!(output.screen.matches("note: it overlaps CHG-2").count(), 1, "{}", output.screen);
    assert!(output.screen.contains("meanwhile other changes overlap it"), "{}", output.screen);
    assert_eq!(world.entries(), seq + 1, "only the other change was filed");
    world.ok("erin", "file change.toml --again");
    assert_eq!(listed(&world, "CHG-3"), ["CHG-1", "CHG-2"]);
}
