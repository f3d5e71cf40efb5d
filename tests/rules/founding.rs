//! Rules about founding a register.

use super::prelude::*;

/// Asserts that this rule refuses a register that begins with this event, and that `verify` reports it for such a file.
#[track_caller]
pub fn unfounded(world: &World, person: &str, event: Event, rule: &str) {
    let signer = world.signer(person);
    let header = Header {
        register: RegisterId::new("prod".parse().unwrap(), [1; 16]),
        seq: 0,
        prev: Digest::NONE,
        governance: Digest::NONE,
        last: Some(Digest::NONE).filter(|_| event.stream() != Stream::Governance),
        time: world.now(),
        actor: person.parse().unwrap(),
        key: signer.public().fingerprint(),
        touch: None,
        data: None,
        text: None,
    };
    // `World::propose` needs a register, and there is none before entry 0, so call `judge` directly.
    match Register::default().judge(&header, &event) {
        Err(Denied::Refused(refusal)) => assert_eq!(refusal.rule().as_str(), rule),
        other => panic!("not [{rule}] but {other:?}"),
    }
    let unsigned = Unsigned::new(&header, &event, None).unwrap();
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    let (raw, _) = unsigned.seal(&signature).unwrap();
    crate::support::log::create_file(&world.path("prod.db"), &world.path("scratch"));
    world.insert(&raw);
    let findings = world.findings("audrey");
    assert!(findings.len() == 1 && findings[0].starts_with(&format!("entry 0: [{rule}] ")), "{findings:#?}");
    fs::remove_file(world.path("prod.db")).unwrap();
}

pub fn init(format: u64, members: Vec<Member>) -> Event {
    Event::Init { format, after: None, policy: Policy::built_in(), members }
}

#[test]
fn a_register_begins_with_nothing_but_init() {
    let world = World::with_requests();
    unfounded(&world, "alice", Event::Seal, "founding");
    let at = ProposalRef { proposal: "1".parse().unwrap(), opened: WRONG };
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
    // `init` writes only level 1. A newer level is exit code 4, not a finding: see `hostile/registers.rs`.
    let world = World::with_requests();
    let founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin]));
    unfounded(&world, "alice", init(0, founders.into()), "format");
}

#[test]
fn one_admin_founds_no_register() {
    let world = World::with_requests();
    let one = "init --name prod --member alice=alice.request:admin --member carol=carol.request:approver";
    world.fails("alice", one, Exit::Refused, "a register needs two permanent admins with a live key; this leaves 1");
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
    let complaint = "entry 0 must be signed by a founding admin";
    world.fails("erin", &format!("init --name prod {members}"), Exit::Refused, complaint);
    let mut founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin])).to_vec();
    unfounded(&world, "carol", init(1, founders.clone()), "founder-is-admin");
    // An admin by name, but with another key than the one that entry 0 enrols.
    founders[0] = member(&world, "alice", "erin", &[Role::Admin]);
    unfounded(&world, "alice", init(1, founders), "founder-is-admin");
}

/// A register founded by alice and not yet sealed.
pub fn unsealed() -> World {
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
fn no_unsealed_register_is_intact_without_qualification() {
    let world = unsealed();
    let verified = world.ok("alice", "verify");
    assert!(verified.contains("result        intact, but not sealed by a second admin"), "{verified}");
    let json: serde_json::Value = serde_json::from_str(&world.ok("alice", "--json verify")).unwrap();
    assert_eq!((&json["sealed"], &json["intact"]), (&false.into(), &true.into()));
    assert_eq!(json["result"], "intact, but not sealed by a second admin");
    // Somebody without a pin lacks the other half too.
    let verified = world.ok("audrey", "verify");
    let expected = "intact, but not sealed by a second admin, and not anchored outside this file";
    assert!(verified.contains(expected), "{verified}");
    world.ok("bob", &format!("seal --fingerprint {0} --digest {0}", world.fingerprint()));
    world.ok("alice", "list");
    let json: serde_json::Value = serde_json::from_str(&world.ok("alice", "--json verify")).unwrap();
    assert_eq!((&json["sealed"], &json["result"]), (&true.into(), &"intact".into()));
}

#[test]
fn a_register_is_sealed_once() {
    let world = unsealed();
    let seal = format!("seal --fingerprint {0} --digest {0}", world.fingerprint());
    world.ok("bob", &seal);
    world.fails("carol", &seal, Exit::Refused, "the register is already sealed");
    forbidden(&world, "carol", Event::Seal, None, "sealed-once");
    forbidden(&world, "alice", Event::Seal, None, "sealed-once");
}

#[test]
fn nobody_seals_what_they_founded() {
    let world = unsealed();
    let seal = format!("seal --fingerprint {0} --digest {0}", world.fingerprint());
    let complaint = "the seal must come from a founding admin who did not sign entry 0";
    for person in ["alice", "erin"] {
        world.fails(person, &seal, Exit::Refused, complaint);
        forbidden(&world, person, Event::Seal, None, "seal-by-another");
    }
    accepted(&world, "bob", Event::Seal, None);
}

#[test]
fn trusting_a_fingerprint_is_no_consent_to_seal() {
    let world = World::with_requests();
    world.ok("alice", &format!("init --name prod {}", members_of_two()));
    let fingerprint = world.fingerprint();
    world.fails("bob", &format!("seal --fingerprint {fingerprint}"), Exit::Invalid, "--digest DIGEST is required");
    let other = Digest::NONE.to_string();
    let seal = format!("seal --fingerprint {fingerprint} --digest");
    world.fails("bob", &format!("{seal} {other}"), Exit::Invalid, "does not match the current digest");
    assert_eq!(world.entries(), 1);
    world.ok("bob", &format!("{seal} {fingerprint}"));
}

fn members_of_two() -> &'static str {
    "--member alice=alice.request:admin --member bob=bob.request:admin"
}

#[test]
fn no_display_name_hides_the_key_that_is_signed_for() {
    let world = World::empty();
    ["alice", "bob"].iter().for_each(|person| world.person(person));
    world.ok("alice", "person request alice --register prod --role admin --out alice.request");
    let long = "B".repeat(190);
    world.ok("bob", &format!("person request bob --register prod --role admin --name {long} --out bob.request"));
    world.on_screen(true);
    let output = world.run_typing("alice", &format!("init --name prod {}", members_of_two()), &["prod"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    for person in ["alice", "bob"] {
        assert!(output.screen.contains(&key_of(&world, person).to_string()), "{}", output.screen);
    }
}

#[test]
fn a_seal_that_is_refused_shows_no_page_and_asks_nothing() {
    let world = World::with_requests();
    world.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin");
    let output = world.run_typing("alice", "seal", &["prod"]);
    assert_eq!((output.exit, output.unasked.len()), (Exit::Refused, 1), "{}", output.screen);
    assert!(!output.screen.contains("fingerprint"), "{}", output.screen);
    let sealed = world.run_typing("bob", &format!("seal --fingerprint {}", world.fingerprint()), &["prod"]);
    assert!(sealed.exit == Exit::Done && sealed.screen.contains("fingerprint"), "{}", sealed.screen);
}
