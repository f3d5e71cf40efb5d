//! Every rule is broken twice: the writer refuses the event, and `verify` finds an entry that was forced into the log.
//!
//! `every_rule_has_its_test` compares this folder with the list of rules.

mod approving;
mod audit_work;
mod breakglass;
mod breakglass_end;
mod breakglass_offline;
mod calendars;
mod checkpoints;
mod confirming;
mod conflicts;
mod detached;
mod deviations;
mod effective_time;
mod exceptions;
mod fido;
mod filing;
mod founding;
mod freezes;
mod freezes_alone;
mod grants;
mod keys;
mod leaving;
mod machines;
mod people;
mod periods;
mod policy;
mod proposals;
mod redaction;
mod requests;
mod requirements;
mod reserved;
mod restoration;
mod reviews;
mod sensitive;
mod services;
mod starting;
mod suspension;
mod targets;
mod templates;
mod unloaded;

use std::collections::BTreeSet;
use std::fs;

use crate::outside;
use crate::support::{Alone, CHANGE, World};
use twinseal::domain::{
    Action, Asked, Description, Digest, Event, Execution, Facts, Field, Fingerprint, Finish, Grants, Member, Outcome,
    PersonId, ProposalRef, Prose, Refusal, Role, Start, Text, Window,
};
use twinseal::error::Error;
use twinseal::format::request;
use twinseal::input;

/// Asserts that this rule refuses the event when written, and that `verify` reports the same rule for the same entry,
/// correctly signed and forced into the log. The entry is then deleted, so that one world serves several cases.
#[track_caller]
pub fn forbidden(world: &World, person: &str, event: Event, text: Option<Text>, rule: &str) {
    refused(world, person, event.clone(), text.clone(), rule);
    let seq = world.force(person, event, text);
    let findings = world.findings("audrey");
    let expected = format!("entry {seq}: [{rule}] ");
    assert!(findings.len() == 1 && findings[0].starts_with(&expected), "{expected}\nbut {findings:#?}");
    outside::agree(world, seq, rule);
    world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new(), "the entry left a finding behind");
}

/// Asserts that this rule refuses the event when written.
#[track_caller]
pub fn refused(world: &World, person: &str, event: Event, text: Option<Text>, rule: &str) {
    match world.propose(person, event.clone(), text) {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.rule().as_str(), rule, "{person}: {event:?}: {refusal}"),
        other => panic!("{person}: {event:?}: not [{rule}] but {other:?}"),
    }
}

/// Asserts that no rule refuses the event. Nothing is recorded.
#[track_caller]
pub fn accepted(world: &World, person: &str, event: Event, text: Option<Text>) {
    if let Err(error) = world.propose(person, event, text) {
        panic!("{person}: {error}");
    }
}

/// An event that files [`CHANGE`] as the next change, after `alter`.
pub fn filing(world: &World, alter: impl FnOnce(&mut Facts, &mut Description)) -> (Event, Option<Text>) {
    let mut draft = input::read(CHANGE, &Alone).unwrap();
    alter(&mut draft.facts, &mut draft.description);
    // The body counts the steps, and no rule can be reached by an entry that counts them wrong.
    draft.facts.plan_steps = draft.description.plan.len() as u64;
    draft.facts.rollback_steps = draft.description.rollback.len() as u64;
    let text = Text::Description(Box::new(draft.description));
    let (change, facts) = (world.state().next_change(), Box::new(draft.facts));
    let event = Event::File { change, facts, execution: Box::default() };
    (event, Some(text).filter(|text| !text.filled().is_empty()))
}

/// An event that files [`CHANGE`] with these targets, after `alter`.
pub fn filing_on(world: &World, targets: &[&str], alter: impl FnOnce(&mut Facts)) -> (Event, Option<Text>) {
    let (event, text) = filing(world, |facts, _| {
        facts.targets = targets.len() as u64;
        alter(facts);
    });
    let Event::File { change, facts, .. } = event else { unreachable!() };
    let targets = targets.iter().map(|it| it.parse().unwrap()).collect();
    let execution = Box::new(Execution { targets, ..Execution::default() });
    (Event::File { change, facts, execution }, text)
}

/// The same content as a new revision of CHG-1.
pub fn revising(world: &World, (event, text): (Event, Option<Text>)) -> (Event, Option<Text>) {
    let Event::File { facts, execution, .. } = event else { unreachable!() };
    (Event::Revise { replaces: world.revision("CHG-1"), facts, execution }, text)
}

/// Files [`CHANGE`] with some of its text replaced.
#[track_caller]
pub fn file(world: &World, replaced: &[(&str, &str)]) {
    let change = replaced.iter().fold(CHANGE.to_owned(), |change, (from, to)| change.replace(from, to));
    world.write("change.toml", change);
    world.ok("erin", "file change.toml --again");
}

pub fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap(), "UTC".parse().unwrap()).unwrap()
}

pub fn people(names: &[&str]) -> BTreeSet<PersonId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

pub fn reason(words: &str) -> Option<Text> {
    Some(Text::Remark(Field::Reason, Prose::from_typed(words).unwrap()))
}

pub fn approve(world: &World) -> Event {
    Event::Approve(world.revision("CHG-1"))
}

pub fn start(world: &World) -> Event {
    Event::Start(Start::of(world.revision("CHG-1")))
}

pub fn finish(world: &World, outcome: Outcome) -> Event {
    Event::Finish(Finish::of(world.revision("CHG-1"), outcome))
}

/// A member to enrol with `holder`'s key and a valid proof of possession.
pub fn member(world: &World, person: &str, holder: &str, roles: &[Role]) -> Member {
    let person: PersonId = person.parse().unwrap();
    let asked = world.asked().with(roles.iter().copied().collect(), BTreeSet::new());
    asking(world, &person, holder, asked, Grants::of(roles.iter().copied()))
}

/// A member to enrol with `holder`'s key, whose request asks for something.
pub fn asking(world: &World, person: &PersonId, holder: &str, asked: Asked, grants: Grants) -> Member {
    let (register, signer) = (register_ref(world), world.signer(holder));
    let body = request::body(&register, person, &asked, &signer.public());
    let proof = signer.sign(request::NAMESPACE, body.as_bytes()).unwrap();
    Member { person: person.clone(), grants, asked, key: signer.public(), proof }
}

/// The register as a request names it.
pub fn register_ref(world: &World) -> request::RegisterRef {
    let id = world.state().id().cloned();
    id.map_or_else(|| request::RegisterRef::New("prod".parse().unwrap()), request::RegisterRef::Existing)
}

/// An event that opens the next proposal.
pub fn propose(world: &World, action: Action) -> Event {
    Event::Propose { proposal: world.state().governance().next_proposal(), action }
}

/// An event that opens a proposal to enrol these people.
pub fn enrolling(world: &World, members: &[Member]) -> Event {
    propose(world, Action::Enrol(members.to_vec()))
}

/// Creates a key and a request file for a new person.
pub fn newcomer(world: &World, person: &str) {
    world.person(person);
    let id = world.named();
    world.ok(person, &format!("person request {person} --register {id} --out {person}.request"));
}

/// Has alice open a proposal to enrol a new person.
pub fn open_proposal(world: &World, person: &str, roles: &str) {
    newcomer(world, person);
    world.ok("alice", &format!("person enrol {person}={person}.request:{roles}"));
}

pub fn proposal(world: &World, number: &str) -> ProposalRef {
    let proposal = number.parse().unwrap();
    ProposalRef { proposal, opened: world.state().governance().proposal(proposal).unwrap().opened }
}

#[track_caller]
pub fn second(world: &World, person: &str, number: &str) {
    world.ok(person, &format!("proposal second {number} --digest {}", proposal(world, number).opened));
}

/// Has two admins put a policy in force.
#[track_caller]
pub fn enact(world: &World, policy: &str) {
    world.write("policy.toml", policy);
    world.ok("alice", "policy propose policy.toml");
    second(world, "bob", &world.state().governance().proposals().to_string());
}

/// Has two admins give a person roles and groups, as options of `person grant`.
#[track_caller]
pub fn grant(world: &World, person: &str, options: &str) {
    world.ok("alice", &format!("person grant {person} {options}"));
    second(world, "bob", &world.state().governance().proposals().to_string());
}

/// Copies the holder's private key to the thief.
pub fn steal_key(world: &World, holder: &str, thief: &str) {
    fs::copy(world.path(&format!("people/{holder}/key")), world.path(&format!("people/{thief}/key"))).unwrap();
}

pub const WRONG: Digest = Digest::new([9; 32]);
pub fn key_of(world: &World, person: &str) -> Fingerprint {
    world.signer(person).public().fingerprint()
}

/// The imports that every module of this folder needs.
mod prelude {
    pub use std::fs;

    pub use twinseal::domain::*;
    pub use twinseal::error::Exit;
    pub use twinseal::format::{Defect, Raw, Unsigned, body, entry, request, text};
    pub use twinseal::input;

    pub use super::*;
    pub use crate::support::{CHANGE, World};
}

#[test]
fn every_rule_has_its_test() {
    let sources = fs::read_dir("tests/rules").unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let sources: String = sources.collect();
    let untested: Vec<&&str> = Refusal::RULES.iter().filter(|rule| !sources.contains(&format!("\"{rule}\""))).collect();
    assert!(untested.is_empty(), "rules without a test: {untested:?}");
}
