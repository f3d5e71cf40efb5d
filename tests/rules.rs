//! Every rule, broken twice: the writer refuses, and an entry put in by force is found by `verify`.
//!
//! `every_rule_has_its_test` holds this file against the list of rules.

mod support;

use std::collections::BTreeSet;
use std::fs;

use support::{Alone, CHANGE, World};
use twinseal::domain::{
    Artifact, ChangeKind, Description, Digest, Event, Field, Header, Member, MotionRef, Outcome, PersonId, Policy,
    Proposal, Prose, Refusal, Register, RegisterId, RevisionRef, Role, Terms, Text, Time, Window,
};
use twinseal::draft;
use twinseal::error::{Error, Exit};
use twinseal::log::{Unsigned, request, text};
use twinseal::store::SharedFile;

/// This rule refuses the writer, and `verify` names it for the same entry, properly signed and put in by force. The
/// entry is taken out again, so that one world serves several cases.
#[track_caller]
fn forbidden(world: &World, person: &str, event: Event, text: Option<Text>, rule: &str) {
    refused(world, person, event.clone(), text.clone(), rule);
    let seq = world.force(person, event, text);
    let findings = world.findings("audrey");
    let expected = format!("entry {seq}: [{rule}] ");
    assert!(findings.len() == 1 && findings[0].starts_with(&expected), "{expected}\nbut {findings:#?}");
    world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new(), "the world is not as it was");
}

/// This rule refuses the writer.
#[track_caller]
fn refused(world: &World, person: &str, event: Event, text: Option<Text>, rule: &str) {
    match world.propose(person, event.clone(), text) {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.rule(), rule, "{person}: {event:?}: {refusal}"),
        other => panic!("{person}: {event:?}: not [{rule}] but {other:?}"),
    }
}

/// No rule has anything against this; nothing is recorded.
#[track_caller]
fn accepted(world: &World, person: &str, event: Event, text: Option<Text>) {
    if let Err(error) = world.propose(person, event, text) {
        panic!("{person}: {error}");
    }
}

/// The filing of [`CHANGE`] as the next change, altered.
fn filing(world: &World, alter: impl FnOnce(&mut Terms, &mut Description)) -> (Event, Option<Text>) {
    let mut draft = draft::read(CHANGE, &Alone).unwrap();
    alter(&mut draft.terms, &mut draft.description);
    let text = Text::Description(Box::new(draft.description));
    let event = Event::File { change: world.state().next_change(), terms: Box::new(draft.terms) };
    (event, Some(text).filter(|text| !text.filled().is_empty()))
}

/// Files [`CHANGE`] with some of its text replaced.
#[track_caller]
fn file(world: &World, replaced: &[(&str, &str)]) {
    let change = replaced.iter().fold(CHANGE.to_owned(), |change, (from, to)| change.replace(from, to));
    world.write("change.toml", change);
    world.ok("erin", "file change.toml");
}

fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap(), "UTC".parse().unwrap()).unwrap()
}

fn people(names: &[&str]) -> BTreeSet<PersonId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn reason(words: &str) -> Option<Text> {
    Some(Text::Remark(Field::Reason, Prose::from_typed(words).unwrap()))
}

fn approve(world: &World) -> Event {
    Event::Approve(world.revision("CHG-1"))
}

fn start(world: &World) -> Event {
    Event::Start { revision: world.revision("CHG-1"), artifacts: Vec::new() }
}

fn finish(world: &World, outcome: Outcome) -> Event {
    Event::Finish { revision: world.revision("CHG-1"), outcome }
}

/// Somebody who asks to be enrolled with `holder`'s key, which proves that it is held.
fn member(world: &World, person: &str, holder: &str, roles: &[Role]) -> Member {
    let id = world.state().id().cloned();
    let register = id.map_or_else(|| request::For::New("prod".parse().unwrap()), request::For::Existing);
    let (person, signer): (PersonId, _) = (person.parse().unwrap(), world.signer(holder));
    let body = request::body(&register, &person, &signer.public());
    let proof = signer.sign(request::NAMESPACE, body.as_bytes());
    Member { person, roles: roles.iter().copied().collect(), key: signer.public(), proof }
}

/// The next motion: to enrol these people.
fn enrolling(world: &World, members: &[Member]) -> Event {
    let motion = world.state().governance().next_motion();
    Event::Propose { motion, proposal: Proposal::Enrol(members.to_vec()) }
}

/// Gives somebody new a key and a request file.
fn newcomer(world: &World, person: &str) {
    world.person(person);
    let id = world.state().id().unwrap().clone();
    world.ok(person, &format!("person request {person} --register {id} --out {person}.request"));
}

/// Has alice open a motion to enrol somebody new.
fn open_motion(world: &World, person: &str, roles: &str) {
    newcomer(world, person);
    world.ok("alice", &format!("person enrol {person}={person}.request:{roles}"));
}

fn motion(world: &World, number: &str) -> MotionRef {
    let motion = number.parse().unwrap();
    MotionRef { motion, opened: world.state().governance().motion(motion).unwrap().opened }
}

#[track_caller]
fn second(world: &World, person: &str, number: &str) {
    world.ok(person, &format!("motion second {number} --digest {}", motion(world, number).opened));
}

/// Lets one person act with another's key.
fn steal_key(world: &World, holder: &str, thief: &str) {
    fs::copy(world.path(&format!("people/{holder}/key")), world.path(&format!("people/{thief}/key"))).unwrap();
}

const WRONG: Digest = Digest::new([9; 32]);

// ---- Founding

/// A register that begins with this event: the one judge says no, and so does `verify` where the file is made by hand.
#[track_caller]
fn unfounded(world: &World, person: &str, event: Event, rule: &str) {
    let signer = world.signer(person);
    let header = Header {
        register: RegisterId::new("prod".parse().unwrap(), [1; 16]),
        seq: 0,
        prev: Digest::NONE,
        governance: Digest::NONE,
        last: event.change().map(|_| Digest::NONE),
        time: world.now(),
        actor: person.parse().unwrap(),
        key: signer.public().fingerprint(),
        text: None,
    };
    // `propose` needs a register to propose to; before entry 0 the judge is asked without one.
    assert_eq!(Register::default().judge(&header, &event).map_err(|refusal| refusal.rule()), Err(rule));
    let unsigned = Unsigned::new(&header, &event, None).unwrap();
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes());
    let (raw, _) = unsigned.seal(&signature).unwrap();
    SharedFile::create(&world.path("prod.db")).unwrap();
    world.insert(&raw);
    let findings = world.findings("audrey");
    assert!(findings.len() == 1 && findings[0].starts_with(&format!("entry 0: [{rule}] ")), "{findings:#?}");
    fs::remove_file(world.path("prod.db")).unwrap();
}

fn init(format: u64, members: Vec<Member>) -> Event {
    Event::Init { format, policy: Policy::BUILT_IN, members }
}

#[test]
fn a_register_begins_with_nothing_but_init() {
    let world = World::with_requests();
    unfounded(&world, "alice", Event::Seal, "founding");
    let at = MotionRef { motion: "1".parse().unwrap(), opened: WRONG };
    unfounded(&world, "alice", Event::Second(at), "founding");
}

#[test]
fn a_register_is_founded_once() {
    let world = World::with_requests();
    let members = [member(&world, "alice", "alice", &[Role::Admin]), member(&world, "bob", "bob", &[Role::Admin])];
    let world = World::founded();
    forbidden(&world, "alice", init(1, members.into()), None, "founding");
}

#[test]
fn no_register_has_a_format_before_the_first() {
    // `init` writes level 1 and nothing else. A level above ours is no finding but exit code 4: see `hostile.rs`.
    let world = World::with_requests();
    let founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin]));
    unfounded(&world, "alice", init(0, founders.into()), "format");
}

#[test]
fn one_admin_founds_no_register() {
    let world = World::with_requests();
    let one = "init --name prod --member alice=alice.request:admin --member carol=carol.request:approver";
    world.fails("alice", one, Exit::Refused, "a register needs two admins, and this leaves 1");
    assert!(!world.path("prod.db").exists());
    let founders =
        [member(&world, "alice", "alice", &[Role::Admin]), member(&world, "carol", "carol", &[Role::Approver])];
    unfounded(&world, "alice", init(1, founders.into()), "two-admins");
    unfounded(&world, "alice", init(1, vec![member(&world, "alice", "alice", &[Role::Admin])]), "two-admins");
}

#[test]
fn nobody_founds_a_register_for_other_admins() {
    let world = World::with_requests();
    let members =
        "--member alice=alice.request:admin --member bob=bob.request:admin --member erin=erin.request:engineer";
    let complaint = "entry 0 must be signed by one of the admins";
    world.fails("erin", &format!("init --name prod {members}"), Exit::Refused, complaint);
    let mut founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin])).to_vec();
    unfounded(&world, "carol", init(1, founders.clone()), "founder-is-admin");
    // An admin by name, and by another key than the one that entry 0 enrols.
    founders[0] = member(&world, "alice", "erin", &[Role::Admin]);
    unfounded(&world, "alice", init(1, founders), "founder-is-admin");
}

/// A register of alice's that nobody has sealed.
fn unsealed() -> World {
    let world = World::with_requests();
    let member = |it: &&str| format!("--member {it}={it}.request:{}", if *it == "erin" { "engineer" } else { "admin" });
    let members: Vec<String> = ["alice", "bob", "carol", "erin"].iter().map(member).collect();
    world.ok("alice", &format!("init --name prod --register prod.db {}", members.join(" ")));
    world
}

#[test]
fn nothing_is_accepted_before_the_seal() {
    let world = unsealed();
    world.write("change.toml", CHANGE);
    let file = format!("file change.toml --fingerprint {}", world.fingerprint());
    world.fails("erin", &file, Exit::Refused, "the register is not sealed yet");
    let (event, text) = filing(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "sealed");
    world.person("frank");
    let frank = member(&world, "frank", "frank", &[Role::Admin]);
    forbidden(&world, "bob", enrolling(&world, &[frank]), None, "sealed");
}

#[test]
fn a_register_is_sealed_once() {
    let world = unsealed();
    let seal = format!("seal --fingerprint {}", world.fingerprint());
    world.ok("bob", &seal);
    world.fails("carol", &seal, Exit::Refused, "the register is sealed already");
    forbidden(&world, "carol", Event::Seal, None, "sealed-once");
    forbidden(&world, "alice", Event::Seal, None, "sealed-once");
}

#[test]
fn nobody_seals_what_they_founded() {
    let world = unsealed();
    let seal = format!("seal --fingerprint {}", world.fingerprint());
    let complaint = "sealed by a founding admin who did not sign entry 0";
    for person in ["alice", "erin"] {
        world.fails(person, &seal, Exit::Refused, complaint);
        forbidden(&world, person, Event::Seal, None, "seal-by-another");
    }
    accepted(&world, "bob", Event::Seal, None);
}

// ---- People and keys

#[test]
fn nobody_acts_who_is_not_enrolled() {
    let world = World::filed();
    world.person("mallory");
    let list =
        format!("approve CHG-1 --revision {} --fingerprint {}", world.revision("CHG-1").filed, world.fingerprint());
    world.fails("mallory", &list, Exit::Refused, "is not enrolled in this register");
    forbidden(&world, "mallory", approve(&world), None, "enrolled");
}

#[test]
fn nobody_acts_with_a_key_that_is_not_theirs() {
    // No command gets here: who acts is whoever the key belongs to.
    let world = World::filed();
    steal_key(&world, "carol", "dave");
    forbidden(&world, "dave", approve(&world), None, "own-key");
    world.person("mallory");
    steal_key(&world, "mallory", "dave");
    forbidden(&world, "dave", approve(&world), None, "own-key");
}

#[test]
fn nobody_seals_under_anothers_name() {
    let world = unsealed();
    steal_key(&world, "alice", "bob");
    forbidden(&world, "bob", Event::Seal, None, "own-key");
}

#[test]
fn nobody_acts_beyond_their_roles() {
    let world = World::filed();
    world.fails("carol", "file change.toml", Exit::Refused, "carol does not have the role engineer");
    world.fails("alice", "reject CHG-1 --reason no", Exit::Refused, "alice does not have the role approver");
    let revision = world.revision("CHG-1");
    for person in ["alice", "carol", "audrey"] {
        let (event, text) = filing(&world, |_, _| {});
        forbidden(&world, person, event, text, "role");
    }
    for person in ["alice", "audrey"] {
        forbidden(&world, person, Event::Approve(revision), None, "role");
        forbidden(&world, person, Event::Reject(revision), reason("No."), "role");
    }
    open_motion(&world, "frank", "approver");
    world.fails("erin", "motion withdraw 1", Exit::Refused, "erin does not have the role admin");
    let at = motion(&world, "1");
    world.person("grace");
    let grace = member(&world, "grace", "grace", &[Role::Admin]);
    for event in [Event::Second(at), Event::Decline(at), Event::MotionWithdraw(at), enrolling(&world, &[grace])] {
        forbidden(&world, "erin", event, None, "role");
    }
}

#[test]
fn nobody_is_enrolled_twice() {
    let world = World::founded();
    for person in ["frank", "grace"] {
        newcomer(&world, person);
    }
    let id = world.state().id().unwrap().clone();
    world.ok("frank", &format!("person request carol --register {id} --out again.request"));
    world.fails("alice", "person enrol carol=again.request:admin", Exit::Refused, "carol is enrolled already");
    let carol = member(&world, "carol", "frank", &[Role::Admin]);
    forbidden(&world, "alice", enrolling(&world, &[carol]), None, "enrolled-once");
    let twice = ["frank", "grace"].map(|key| member(&world, "frank", key, &[Role::Approver]));
    forbidden(&world, "alice", enrolling(&world, &twice), None, "enrolled-once");
}

#[test]
fn nobody_is_enrolled_by_a_motion_that_was_overtaken() {
    // Both motions were right when they were proposed; the first to be carried makes the second wrong.
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    world.ok("alice", "person enrol frank=frank.request:engineer");
    second(&world, "bob", "1");
    forbidden(&world, "bob", Event::Second(motion(&world, "2")), None, "enrolled-once");
}

#[test]
fn no_key_belongs_to_two_people() {
    let world = World::founded();
    let id = world.state().id().unwrap().clone();
    world.ok("carol", &format!("person request frank --register {id} --out frank.request"));
    world.fails(
        "alice",
        "person enrol frank=frank.request:approver",
        Exit::Refused,
        "a key belongs to one person forever",
    );
    let frank = member(&world, "frank", "carol", &[Role::Approver]);
    forbidden(&world, "alice", enrolling(&world, &[frank]), None, "key-once");
    world.person("grace");
    let shared = ["grace", "heidi"].map(|it| member(&world, it, "grace", &[Role::Approver]));
    forbidden(&world, "alice", enrolling(&world, &shared), None, "key-once");
}

#[test]
fn nobody_is_enrolled_without_a_role() {
    // `verify` cannot see it: the line `roles` cannot be written without a role, so such an entry has no spelling.
    let world = World::founded();
    newcomer(&world, "frank");
    world.fails("alice", "person enrol frank=frank.request:", Exit::Invalid, "not a role");
    refused(&world, "alice", enrolling(&world, &[member(&world, "frank", "frank", &[])]), None, "some-role");
}

#[test]
fn no_auditor_does_anything_else() {
    let world = World::founded();
    newcomer(&world, "frank");
    for other in [Role::Admin, Role::Engineer, Role::Approver] {
        let command = format!("person enrol frank=frank.request:auditor,{other}");
        world.fails("alice", &command, Exit::Refused, "frank cannot be an auditor and something else");
        let frank = member(&world, "frank", "frank", &[Role::Auditor, other]);
        forbidden(&world, "alice", enrolling(&world, &[frank]), None, "auditor-excludes");
    }
}

#[test]
fn no_motion_is_about_nobody() {
    let world = World::founded();
    world.fails("alice", "person enrol", Exit::Invalid, "NAME=FILE:ROLES");
    forbidden(&world, "alice", enrolling(&world, &[]), None, "somebody-named");
}

#[test]
fn founding_people_obey_the_same_rules() {
    let world = World::with_requests();
    let founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin]));
    let with = |third: Member| init(1, [founders.as_slice(), &[third]].concat());
    unfounded(&world, "alice", with(member(&world, "bob", "carol", &[Role::Admin])), "enrolled-once");
    unfounded(&world, "alice", with(member(&world, "carol", "bob", &[Role::Admin])), "key-once");
    unfounded(
        &world,
        "alice",
        with(member(&world, "carol", "carol", &[Role::Auditor, Role::Admin])),
        "auditor-excludes",
    );
    unfounded(&world, "alice", init(1, Vec::new()), "somebody-named");
}

// ---- Motions

#[test]
fn no_motion_jumps_the_queue() {
    // A command takes the next number itself.
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    world.person("grace");
    let proposal = Proposal::Enrol(vec![member(&world, "grace", "grace", &[Role::Approver])]);
    for number in ["1", "3"] {
        let event = Event::Propose { motion: number.parse().unwrap(), proposal: proposal.clone() };
        forbidden(&world, "alice", event, None, "motion-number");
    }
}

#[test]
fn nobody_decides_a_motion_that_there_is_not() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    world.fails("bob", "motion decline 2", Exit::Invalid, "there is no motion 2");
    let opened = motion(&world, "1").opened;
    for at in [
        MotionRef { motion: "2".parse().unwrap(), opened },
        // The right number, and not what was read.
        MotionRef { motion: "1".parse().unwrap(), opened: WRONG },
    ] {
        forbidden(&world, "bob", Event::Second(at), None, "motion-known");
        forbidden(&world, "bob", Event::Decline(at), None, "motion-known");
        forbidden(&world, "alice", Event::MotionWithdraw(at), None, "motion-known");
    }
}

#[test]
fn no_motion_is_decided_twice() {
    let world = World::founded();
    let ends = [("frank", "second"), ("grace", "decline"), ("heidi", "withdraw")];
    for (number, (person, _)) in (1..).zip(ends) {
        open_motion(&world, person, "approver");
        assert_eq!(world.state().governance().motions().len(), number);
    }
    second(&world, "bob", "1");
    world.ok("bob", "motion decline 2");
    world.ok("alice", "motion withdraw 3");
    for number in ["1", "2", "3"] {
        let at = motion(&world, number);
        let complaint = format!("motion {number} is not open any more");
        world.fails("bob", &format!("motion second {number} --digest {}", at.opened), Exit::Refused, &complaint);
        forbidden(&world, "bob", Event::Second(at), None, "motion-open");
        forbidden(&world, "bob", Event::Decline(at), None, "motion-open");
        forbidden(&world, "alice", Event::MotionWithdraw(at), None, "motion-open");
    }
}

#[test]
fn a_motion_lapses_after_seven_days() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    let at = motion(&world, "1");
    world.at("2026-12-08T08:59:59Z");
    accepted(&world, "bob", Event::Second(at), None);
    world.at("2026-12-08T09:00:00Z");
    let complaint = "motion 1 lapsed at 2026-12-08T09:00:00Z, seven days after it was opened";
    world.fails("bob", &format!("motion second 1 --digest {}", at.opened), Exit::Refused, complaint);
    forbidden(&world, "bob", Event::Second(at), None, "motion-lapse");
}

#[test]
fn nobody_decides_their_own_motion() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    let at = motion(&world, "1");
    let complaint = "whoever proposed motion 1 cannot decide it alone";
    world.fails("alice", &format!("motion second 1 --digest {}", at.opened), Exit::Refused, complaint);
    world.fails("alice", "motion decline 1", Exit::Refused, complaint);
    forbidden(&world, "alice", Event::Second(at), None, "motion-by-two");
    forbidden(&world, "alice", Event::Decline(at), None, "motion-by-two");
    accepted(&world, "bob", Event::Second(at), None);
    accepted(&world, "bob", Event::Decline(at), None);
}

#[test]
fn nobody_seconds_a_motion_about_themselves() {
    // frank becomes an admin by the first motion, and the second is about him too.
    let world = World::founded();
    open_motion(&world, "frank", "admin");
    world.ok("alice", "person enrol frank=frank.request:admin,approver");
    second(&world, "bob", "1");
    let at = motion(&world, "2");
    let command = format!("motion second 2 --digest {} --fingerprint {}", at.opened, world.fingerprint());
    world.fails("frank", &command, Exit::Refused, "motion 2 is about you: somebody else must second it");
    forbidden(&world, "frank", Event::Second(at), None, "motion-subject");
}

#[test]
fn nobody_withdraws_anothers_motion() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    let at = motion(&world, "1");
    world.fails("bob", "motion withdraw 1", Exit::Refused, "only its proposer can withdraw motion 1");
    forbidden(&world, "bob", Event::MotionWithdraw(at), None, "motion-proposer");
    accepted(&world, "alice", Event::MotionWithdraw(at), None);
}

// ---- Filing

#[test]
fn no_change_jumps_the_queue() {
    // A command takes the next number itself. A number that is taken is an entry about another's change.
    let world = World::filed();
    let (event, text) = filing(&world, |_, _| {});
    let Event::File { terms, .. } = event else { unreachable!() };
    for number in ["CHG-1", "CHG-3"] {
        let event = Event::File { change: number.parse().unwrap(), terms: terms.clone() };
        forbidden(&world, "erin", event, text.clone(), "change-number");
    }
}

#[test]
fn nothing_is_filed_without_its_mandatory_fields() {
    let world = World::founded();
    let without: [fn(&mut Description); 6] = [
        |it| it.title = None,
        |it| it.reason = None,
        |it| it.impact = None,
        |it| it.plan.clear(),
        |it| it.rollback.clear(),
        |it| *it = Description::default(),
    ];
    for without in without {
        let (event, text) = filing(&world, |_, description| without(description));
        forbidden(&world, "erin", event, text, "field-required");
    }
    world.write("change.toml", CHANGE.replace("Orders were rejected at the open.", ""));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:7: reason: is mandatory, and missing or empty");
}

#[test]
fn no_change_touches_nothing() {
    let world = World::founded();
    let (event, text) = filing(&world, |terms, _| terms.services.clear());
    forbidden(&world, "erin", event, text, "services-required");
    world.write("change.toml", CHANGE.replace("\"order-gateway\"", ""));
    world.fails("erin", "file change.toml", Exit::Invalid, "services: is mandatory, and missing or empty");
}

#[test]
fn no_change_is_carried_out_by_nobody() {
    // A draft without implementers means its owner, so no command gets here.
    let world = World::founded();
    let (event, text) = filing(&world, |terms, _| terms.implementers.clear());
    forbidden(&world, "erin", event, text, "implementers-required");
}

#[test]
fn no_change_names_people_who_are_not_enrolled() {
    let world = World::founded();
    let (event, text) = filing(&world, |terms, _| terms.owner = "mallory".parse().unwrap());
    forbidden(&world, "erin", event, text, "party-enrolled");
    let (event, text) = filing(&world, |terms, _| terms.implementers = people(&["erin", "mallory"]));
    forbidden(&world, "erin", event, text, "party-enrolled");
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"mallory\""));
    let complaint = "change.toml:5: owner: mallory is named in the change and not enrolled";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
}

#[test]
fn no_auditor_takes_part_in_a_change() {
    let world = World::founded();
    let (event, text) = filing(&world, |terms, _| terms.owner = "audrey".parse().unwrap());
    forbidden(&world, "erin", event, text, "party-no-auditor");
    let (event, text) = filing(&world, |terms, _| terms.implementers = people(&["audrey", "erin"]));
    forbidden(&world, "erin", event, text, "party-no-auditor");
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"audrey\"]"));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:6: implementers[1]: audrey is an auditor");
}

#[test]
fn nothing_is_filed_for_a_window_that_is_over() {
    let world = World::founded();
    let (event, text) = filing(&world, |_, _| {});
    world.at("2026-12-01T11:59:59Z");
    accepted(&world, "erin", event.clone(), text.clone());
    world.at("2026-12-01T12:00:00Z");
    forbidden(&world, "erin", event, text, "window-ahead");
    world.write("change.toml", CHANGE);
    let complaint = "window.end: the window has ended already (2026-12-01T12:00:00Z)";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
}

#[test]
fn nobody_approves_after_the_window() {
    let world = World::filed();
    world.at("2026-12-01T11:59:59Z");
    accepted(&world, "carol", approve(&world), None);
    world.at("2026-12-01T12:00:00Z");
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &command, Exit::Refused, "the window has ended already");
    forbidden(&world, "carol", approve(&world), None, "window-ahead");
}

#[test]
fn no_window_lies_more_than_ten_years_ahead() {
    let world = World::founded();
    // Ten years of 366 days from nine in the morning of 2026-12-01.
    let edge: Time = world.now().plus(10 * 366 * 86_400);
    for (start, good) in [(edge, true), (edge.plus(1), false)] {
        let (start, end) = (start.to_string(), start.plus(60).to_string());
        let (event, text) = filing(&world, |terms, _| terms.window = window(&start, &end));
        if good {
            accepted(&world, "erin", event, text);
        } else {
            forbidden(&world, "erin", event, text, "window-near");
        }
    }
    world.write("change.toml", CHANGE.replace("2026-12-01T", "9999-12-01T"));
    let complaint = "the window starts more than ten years ahead (9999-12-01T10:00:00Z)";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
}

#[test]
fn no_change_is_standard_without_a_template() {
    let world = World::founded();
    let (event, text) = filing(&world, |terms, _| terms.kind = ChangeKind::Standard);
    forbidden(&world, "erin", event, text, "standard-template");
    world.write("change.toml", CHANGE.replace("\"normal\"", "\"standard\""));
    world.fails("erin", "file change.toml", Exit::Invalid, "kind: a standard change needs an approved template");
}

fn artifact(name: &str, digest: Digest) -> Artifact {
    Artifact { name: name.parse().unwrap(), digest }
}

#[test]
fn no_two_artifacts_share_a_name() {
    let world = World::founded();
    let twice = vec![artifact("app.tar", WRONG), artifact("app.tar", Digest::new([8; 32]))];
    let (event, text) = filing(&world, |terms, _| terms.artifacts = twice);
    forbidden(&world, "erin", event, text, "artifact-once");
    let one = format!("\n[[artifacts]]\nname = \"app.tar\"\nsha256 = \"{WRONG}\"\n");
    world.write("change.toml", format!("{CHANGE}{one}{one}"));
    world.fails("erin", "file change.toml", Exit::Invalid, "the artifact app.tar is named twice");
}

// ---- Deciding

#[test]
fn nobody_decides_a_change_that_there_is_not() {
    let world = World::filed();
    world.fails("carol", "reject CHG-2 --reason no", Exit::Invalid, "there is no CHG-2");
    let revision = RevisionRef { change: "CHG-2".parse().unwrap(), ..world.revision("CHG-1") };
    forbidden(&world, "carol", Event::Approve(revision), None, "change-known");
    forbidden(&world, "carol", Event::Reject(revision), reason("No."), "change-known");
    forbidden(&world, "erin", Event::Start { revision, artifacts: Vec::new() }, None, "change-known");
    forbidden(&world, "erin", Event::Finish { revision, outcome: Outcome::Failed }, None, "change-known");
}

#[test]
fn nobody_decides_another_revision_than_the_current_one() {
    // A command names the current revision itself, or says that another one was read: see `road.rs`.
    let world = World::approved();
    let current = world.revision("CHG-1");
    for revision in [RevisionRef { filed: WRONG, ..current }, RevisionRef { number: 2, ..current }] {
        forbidden(&world, "carol", Event::Approve(revision), None, "current-revision");
        forbidden(&world, "carol", Event::Reject(revision), reason("No."), "current-revision");
        forbidden(&world, "erin", Event::Start { revision, artifacts: Vec::new() }, None, "current-revision");
        forbidden(&world, "erin", Event::Finish { revision, outcome: Outcome::Failed }, None, "current-revision");
    }
}

#[test]
fn nobody_approves_what_they_filed() {
    let world = World::founded();
    // erin only files: what she is bound by is that alone.
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("erin", &command, Exit::Refused, "you cannot approve CHG-1: you filed or revised it");
    forbidden(&world, "erin", approve(&world), None, "own-change");
}

#[test]
fn nobody_approves_what_they_own_or_implement() {
    let world = World::founded();
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    for (person, tie) in [("carol", "you own it"), ("dave", "you are to implement it")] {
        world.fails(person, &command, Exit::Refused, &format!("you cannot approve CHG-1: {tie}"));
        forbidden(&world, person, approve(&world), None, "own-change");
    }
}

#[test]
fn nothing_is_decided_after_the_start() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    let command = "reject CHG-1 --reason 'Too late.'";
    world.fails("carol", command, Exit::Refused, "CHG-1 is executing: there is nothing left to decide");
    for status in ["executing", "succeeded"] {
        forbidden(&world, "carol", approve(&world), None, "undecided");
        forbidden(&world, "carol", Event::Reject(world.revision("CHG-1")), reason("No."), "undecided");
        if status == "executing" {
            world.ok("erin", "finish CHG-1 --outcome succeeded");
        }
    }
}

#[test]
fn nobody_rejects_without_a_reason() {
    let world = World::filed();
    let reject = Event::Reject(world.revision("CHG-1"));
    world.fails("carol", "reject CHG-1", Exit::Invalid, "--reason");
    world.fails("carol", "reject CHG-1 --reason ' '", Exit::Invalid, "empty");
    forbidden(&world, "carol", reject.clone(), None, "reason-required");
    accepted(&world, "carol", reject, reason("No."));
}

/// The revision of CHG-1 with [`CHANGE`], altered.
fn revising(world: &World, alter: impl FnOnce(&mut Terms, &mut Description)) -> (Event, Option<Text>) {
    let (event, text) = filing(world, alter);
    let Event::File { terms, .. } = event else { panic!("{event:?}") };
    (Event::Revise { replaces: world.revision("CHG-1"), terms }, text)
}

#[test]
fn a_revision_voids_every_approval() {
    let world = World::approved();
    accepted(&world, "erin", start(&world), None);
    let output = world.run("erin", "revise CHG-1 change.toml");
    assert!(output.err.contains("the approvals of carol, dave do not count any more"), "{}", output.screen);
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    world.approve("carol", "CHG-1");
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn nobody_approves_or_replaces_a_revision_that_was_replaced() {
    let world = World::filed();
    let (old, (again, text)) = (approve(&world), revising(&world, |_, _| {}));
    world.ok("erin", "revise CHG-1 change.toml");
    forbidden(&world, "carol", old, None, "current-revision");
    forbidden(&world, "erin", again, text, "current-revision");
}

#[test]
fn nobody_approves_what_they_owned_in_an_earlier_revision() {
    let world = World::founded();
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    world.write("change.toml", CHANGE);
    world.ok("carol", "revise CHG-1 change.toml");
    forbidden(&world, "carol", approve(&world), None, "own-change");
    forbidden(&world, "dave", approve(&world), None, "own-change");
    forbidden(&world, "erin", approve(&world), None, "own-change");
}

#[test]
fn nobody_approves_what_a_later_revision_gives_them() {
    let world = World::filed();
    let change = CHANGE.replace("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]");
    world.write("change.toml", change);
    world.ok("erin", "revise CHG-1 change.toml");
    forbidden(&world, "carol", approve(&world), None, "own-change");
    forbidden(&world, "dave", approve(&world), None, "own-change");
}

#[test]
fn nobody_revises_or_withdraws_what_is_not_theirs() {
    let world = World::filed();
    let (event, text) = revising(&world, |_, _| {});
    forbidden(&world, "carol", event, text, "requester-or-owner");
    forbidden(&world, "alice", Event::ChangeWithdraw(world.revision("CHG-1")), None, "requester-or-owner");
    world.fails("carol", "withdraw CHG-1", Exit::Refused, "carol neither filed, revised nor owns CHG-1");
}

#[test]
fn a_revision_is_judged_like_a_filing() {
    let world = World::filed();
    let (event, text) = revising(&world, |terms, _| terms.owner = "mallory".parse().unwrap());
    forbidden(&world, "erin", event, text, "party-enrolled");
    let (event, text) = revising(&world, |_, words| words.rollback.clear());
    forbidden(&world, "erin", event, text, "field-required");
}

#[test]
fn nothing_happens_to_a_change_that_was_withdrawn() {
    let world = World::approved();
    let at = world.revision("CHG-1");
    world.ok("erin", "withdraw CHG-1 --reason 'Overtaken by the new release.'");
    assert!(world.ok("carol", "show CHG-1").contains("Overtaken by the new release."));
    let complaint = "CHG-1 was withdrawn";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    let (revise, text) = revising(&world, |_, _| {});
    forbidden(&world, "erin", revise, text, "withdrawn");
    for (person, event) in [
        ("erin", start(&world)),
        ("carol", approve(&world)),
        ("carol", Event::Reject(at)),
        ("carol", Event::Retract(at)),
        ("erin", Event::ChangeWithdraw(at)),
    ] {
        forbidden(&world, person, event, None, "withdrawn");
    }
    accepted(&world, "audrey", Event::Note(at.change), Some(Text::Remark(Field::Note, "Why?".parse().unwrap())));
}

#[test]
fn an_approval_that_was_taken_back_does_not_count() {
    let world = World::approved();
    world.ok("dave", "retract CHG-1 --reason 'The test was of the old build.'");
    assert!(world.ok("carol", "show CHG-1").contains("The test was of the old build."));
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    forbidden(&world, "dave", Event::Retract(world.revision("CHG-1")), reason("Again."), "own-approval");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn nobody_takes_back_what_they_did_not_approve() {
    let world = World::approved();
    let retract = Event::Retract(world.revision("CHG-1"));
    forbidden(&world, "erin", retract.clone(), reason("I do not like it."), "own-approval");
    forbidden(&world, "dave", retract, None, "reason-required");
}

#[test]
fn nothing_is_taken_back_revised_or_withdrawn_after_the_start() {
    let world = World::approved();
    let at = world.revision("CHG-1");
    world.ok("erin", "start CHG-1");
    forbidden(&world, "dave", Event::Retract(at), reason("Too late."), "undecided");
    forbidden(&world, "erin", Event::ChangeWithdraw(at), None, "undecided");
    let (event, text) = revising(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "undecided");
}

#[test]
fn no_note_is_empty() {
    let world = World::filed();
    let note = Event::Note("CHG-1".parse().unwrap());
    forbidden(&world, "audrey", note, None, "note-required");
    world.ok("audrey", "note CHG-1 'Seen in the audit of the fourth quarter.'");
    assert!(world.ok("carol", "show CHG-1").contains("Seen in the audit of the fourth quarter."));
}

fn key_of(world: &World, person: &str) -> twinseal::domain::Fingerprint {
    world.signer(person).public().fingerprint()
}

#[test]
fn an_approval_by_a_key_that_was_ended_does_not_count() {
    for end in ["suspend", "revoke"] {
        let world = World::approved();
        let key = key_of(&world, "dave");
        let who = if end == "revoke" { "dave" } else { "bob" };
        accepted(&world, "erin", start(&world), None);
        world.ok(who, &format!("key {end} {key} --reason 'The laptop is missing.'"));
        forbidden(&world, "erin", start(&world), None, "two-approvals");
        forbidden(&world, "dave", approve(&world), None, "key-live");
        assert!(world.ok("carol", "show CHG-1").contains("does not count: its key may not be used any more"));
        assert!(world.ok("carol", "person show dave").contains(if end == "revoke" { "revoked" } else { "suspended" }));
    }
}

#[test]
fn a_lifted_suspension_revives_approvals_and_takes_two_admins() {
    let world = World::approved();
    let key = key_of(&world, "dave");
    world.ok("bob", &format!("key suspend {key}"));
    forbidden(&world, "bob", Event::KeySuspend(key), None, "key-live");
    world.ok("bob", &format!("key lift {key} --reason 'It was found.'"));
    let at = motion(&world, "1");
    forbidden(&world, "bob", Event::Second(at), None, "motion-by-two");
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    second(&world, "alice", "1");
    accepted(&world, "erin", start(&world), None);
    let again = Event::Propose { motion: world.state().governance().next_motion(), proposal: Proposal::Lift(key) };
    forbidden(&world, "bob", again, None, "key-suspended");
}

#[test]
fn a_suspended_key_does_not_second_that_it_is_lifted() {
    let world = World::founded();
    open_motion(&world, "grace", "admin");
    second(&world, "bob", "1");
    let key = key_of(&world, "grace");
    world.ok("bob", &format!("key suspend {key}"));
    world.ok("bob", &format!("key lift {key}"));
    // That its person may not second with another key either is judged too, and cannot be reached while people have one.
    forbidden(&world, "grace", Event::Second(motion(&world, "2")), None, "key-live");
}

#[test]
fn a_revoked_key_is_never_lifted() {
    let world = World::founded();
    let key = key_of(&world, "dave");
    world.ok("dave", &format!("key revoke {key}"));
    let lift = Event::Propose { motion: world.state().governance().next_motion(), proposal: Proposal::Lift(key) };
    forbidden(&world, "alice", lift, None, "key-suspended");
    forbidden(&world, "alice", Event::KeySuspend(key), None, "key-live");
}

#[test]
fn nobody_revokes_anothers_key_and_only_admins_suspend() {
    let world = World::founded();
    let key = key_of(&world, "dave");
    forbidden(&world, "carol", Event::KeyRevoke(key), None, "revoke-own");
    forbidden(&world, "alice", Event::KeyRevoke(key), None, "revoke-own");
    forbidden(&world, "carol", Event::KeySuspend(key), None, "role");
    world.person("mallory");
    forbidden(&world, "alice", Event::KeySuspend(key_of(&world, "mallory")), None, "key-known");
    world.fails("carol", &format!("key revoke {key}"), Exit::Refused, "is not yours to revoke");
}

/// A change approved by carol and dave, and rejected by a third approver.
fn rejected() -> World {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    second(&world, "bob", "1");
    file(&world, &[]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    world.ok("frank", &format!("reject CHG-1 --reason 'Not today.' --fingerprint {}", world.fingerprint()));
    world
}

#[test]
fn one_rejection_blocks_two_approvals() {
    let world = rejected();
    let complaint = "CHG-1 was rejected by frank, which blocks this revision";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start(&world), None, "rejected");
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &command, Exit::Refused, complaint);
    forbidden(&world, "carol", approve(&world), None, "rejected");
}

#[test]
fn nobody_takes_back_a_rejection_by_approving() {
    let world = rejected();
    forbidden(&world, "frank", approve(&world), None, "rejected");
}

// ---- Executing

#[test]
fn nothing_starts_on_fewer_than_two_approvals() {
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 0 of 2 approvals that count");
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    world.approve("carol", "CHG-1");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 1 of 2 approvals that count");
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn one_person_counts_once() {
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    for _ in 0..3 {
        world.approve("carol", "CHG-1");
    }
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 1 of 2 approvals that count");
    forbidden(&world, "erin", start(&world), None, "two-approvals");
}

#[test]
fn approvals_expire_after_fourteen_days() {
    let world = World::founded();
    file(&world, &[("2026-12-01T10", "2026-12-10T10"), ("2026-12-01T12", "2026-12-20T12")]);
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T09:00:10Z");
    world.approve("dave", "CHG-1");
    world.at("2026-12-15T08:59:59Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-15T09:00:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 1 of 2 approvals that count");
    forbidden(&world, "erin", start(&world), None, "two-approvals");
    // Approving again replaces one's own approval that expired.
    world.approve("carol", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn approvals_of_another_change_count_for_nothing() {
    let world = World::approved();
    world.ok("erin", "file change.toml");
    world.fails("erin", "start CHG-2", Exit::Refused, "CHG-2 has 0 of 2 approvals that count");
    let event = Event::Start { revision: world.revision("CHG-2"), artifacts: Vec::new() };
    forbidden(&world, "erin", event, None, "two-approvals");
}

#[test]
fn nothing_starts_outside_its_window() {
    let world = World::approved();
    for (time, good) in [("09:59:59", false), ("10:00:00", true), ("11:59:59", true), ("12:00:00", false)] {
        world.at(&format!("2026-12-01T{time}Z"));
        if good {
            accepted(&world, "erin", start(&world), None);
        } else {
            let complaint = format!("it is 2026-12-01T{time}Z, and the window is 2026-12-01T10:00:00Z to");
            world.fails("erin", "start CHG-1", Exit::Refused, &complaint);
            forbidden(&world, "erin", start(&world), None, "in-window");
        }
    }
}

#[test]
fn nobody_starts_who_does_not_implement() {
    let world = World::founded();
    // The owner answers for it and does not start it either.
    file(&world, &[("owner = \"erin\"", "owner = \"bob\"\nimplementers = [\"erin\"]")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    for person in ["bob", "carol", "alice", "audrey"] {
        world.fails(person, "start CHG-1", Exit::Refused, &format!("{person} is not an implementer of CHG-1"));
        forbidden(&world, person, start(&world), None, "implementer");
    }
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_change_starts_once() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 was started already");
    forbidden(&world, "erin", start(&world), None, "start-once");
    world.ok("erin", "finish CHG-1 --outcome failed");
    forbidden(&world, "erin", start(&world), None, "start-once");
}

/// A change approved with the artifact `app.tar`, and a start that read these.
fn with_artifact() -> (World, impl Fn(&World, &[Artifact]) -> Event) {
    let world = World::founded();
    world.write("app.tar", "approved");
    world.write("change.toml", format!("{CHANGE}\n[[artifacts]]\nname = \"app.tar\"\nfile = \"app.tar\"\n"));
    world.ok("erin", "file change.toml");
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    let start =
        |world: &World, read: &[Artifact]| Event::Start { revision: world.revision("CHG-1"), artifacts: read.to_vec() };
    (world, start)
}

#[test]
fn nothing_starts_without_reading_its_artifacts() {
    let (world, start) = with_artifact();
    world.fails("erin", "start CHG-1", Exit::Refused, "the artifact app.tar was approved and not read");
    forbidden(&world, "erin", start(&world, &[]), None, "artifact-read");
    let approved = text::digest(b"approved");
    accepted(&world, "erin", start(&world, &[artifact("app.tar", approved)]), None);
}

#[test]
fn nothing_starts_with_another_artifact_than_approved() {
    let (world, start) = with_artifact();
    world.write("app.tar", "swapped");
    let complaint = "the artifact app.tar is not what was approved";
    world.fails("erin", "start CHG-1 --artifact app.tar=app.tar", Exit::Refused, complaint);
    let swapped = artifact("app.tar", text::digest(b"swapped"));
    forbidden(&world, "erin", start(&world, std::slice::from_ref(&swapped)), None, "artifact-match");
    // Neither first nor second among two readings may be the wrong one.
    let approved = artifact("app.tar", text::digest(b"approved"));
    forbidden(&world, "erin", start(&world, &[swapped.clone(), approved.clone()]), None, "artifact-match");
    forbidden(&world, "erin", start(&world, &[approved, swapped]), None, "artifact-once");
}

#[test]
fn nothing_starts_with_an_artifact_that_nobody_approved() {
    let (world, start) = with_artifact();
    let complaint = "the artifact extra.sh is not part of the approved revision";
    let command = "start CHG-1 --artifact app.tar=app.tar --artifact extra.sh=app.tar";
    world.fails("erin", command, Exit::Refused, complaint);
    let (approved, extra) = (artifact("app.tar", text::digest(b"approved")), artifact("extra.sh", WRONG));
    forbidden(&world, "erin", start(&world, &[approved, extra]), None, "artifact-approved");
}

#[test]
fn nothing_is_finished_that_was_not_started() {
    let world = World::approved();
    world.fails("erin", "finish CHG-1 --outcome succeeded", Exit::Refused, "CHG-1 was not started");
    for outcome in Outcome::ALL {
        forbidden(&world, "erin", finish(&world, *outcome), None, "started");
    }
}

#[test]
fn nobody_finishes_who_neither_implements_nor_owns() {
    let world = World::founded();
    file(&world, &[("owner = \"erin\"", "owner = \"bob\"\nimplementers = [\"alice\"]")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("alice", "start CHG-1");
    // erin filed it, and that alone gives her nothing to finish.
    for person in ["carol", "erin", "audrey"] {
        let complaint = format!("{person} neither implements nor owns CHG-1");
        world.fails(person, "finish CHG-1 --outcome failed", Exit::Refused, &complaint);
        forbidden(&world, person, finish(&world, Outcome::Failed), None, "implementer-or-owner");
    }
    accepted(&world, "bob", finish(&world, Outcome::Failed), None);
    accepted(&world, "alice", finish(&world, Outcome::Failed), None);
}

#[test]
fn a_change_is_finished_once() {
    for first in [Outcome::Succeeded, Outcome::Failed] {
        let world = World::approved();
        world.ok("erin", "start CHG-1");
        world.ok("erin", &format!("finish CHG-1 --outcome {first}"));
        for again in [Outcome::Succeeded, Outcome::Failed] {
            let complaint = format!("CHG-1 was finished as {first} already");
            world.fails("erin", &format!("finish CHG-1 --outcome {again}"), Exit::Refused, &complaint);
            forbidden(&world, "erin", finish(&world, again), None, "finish-once");
        }
        // Rolling back is possible after any other outcome, and is the end.
        world.ok("erin", "finish CHG-1 --outcome rolled-back");
        for outcome in Outcome::ALL {
            forbidden(&world, "erin", finish(&world, *outcome), None, "finish-once");
        }
    }
}

#[test]
fn every_rule_has_its_test() {
    let source = include_str!("rules.rs");
    let untested: Vec<&&str> = Refusal::RULES.iter().filter(|rule| !source.contains(&format!("\"{rule}\""))).collect();
    assert!(untested.is_empty(), "rules without a test: {untested:?}");
}
