//! Packs of logs that somebody with keys and the file has made: signatures, proofs and links are right, and a rule is
//! broken. The pack has the finding that `verify` has.

use twinseal::domain::{
    Artifact, ChangeId, Digest, Event, Finish, LogRoots, Outcome, Start, Stream, Text, root_of, subject_leaf,
};
use twinseal::format::checkpoint::Checkpoint;
use twinseal::format::note::Note;
use twinseal::format::pack::{ChangeProof, Contents, EntryProof};
use twinseal::format::{Raw, entry, tree};

use super::{Pack, carried_out, findings, read, record, with_manifest, write};
use crate::support::{FREEZE, World};

fn hashes(leaves: &[Digest], at: u64) -> Vec<Digest> {
    let subtrees = tree::inclusion(at, leaves.len() as u64).unwrap();
    subtrees.into_iter().map(|it| root_of(leaves[it.start as usize..it.end as usize].to_vec())).collect()
}

/// A pack about CHG-1 from the entries as they are in the file.
pub fn forged(world: &World) -> Pack {
    forged_with(world, world.state().roots().unwrap())
}

/// The same, where audrey records these roots.
pub fn forged_with(world: &World, roots: LogRoots) -> Pack {
    let state = world.state();
    let recorded = world.force("audrey", Event::Checkpoint(roots), None);
    let raws: Vec<Raw> = (0..world.entries()).map(|seq| world.raw(seq)).collect();
    let leaves: Vec<Digest> = raws.iter().map(Raw::leaf).collect();
    let (register, size) = (state.id().unwrap().clone(), leaves.len() as u64);
    let checkpoint = Checkpoint { origin: register.clone(), size, root: root_of(leaves.clone()) };
    let line = world.signer("audrey").sign_checkpoint(&checkpoint).unwrap();
    let note = Note::new(checkpoint.to_string(), vec![line]).unwrap().to_string();
    let subject: ChangeId = "CHG-1".parse().unwrap();
    let mut pack = Pack::new();
    for raw in &raws {
        let (seq, (_, event)) = (raw.seq, entry::read_body(raw).unwrap());
        if !(event.stream() == Stream::Governance || event.stream() == Stream::Change(subject) || seq == recorded) {
            continue;
        }
        let proof = EntryProof { index: seq, hashes: hashes(&leaves, seq), checkpoint: note.clone() };
        pack.insert(format!("entries/{seq:012}.entry"), raw.blob.clone());
        pack.insert(format!("entries/{seq:012}.proof"), proof.to_string().into_bytes());
        raw.text.iter().for_each(|text| _ = pack.insert(format!("entries/{seq:012}.text"), text.clone()));
        raw.data.iter().for_each(|data| _ = pack.insert(format!("entries/{seq:012}.data"), data.clone()));
    }
    let latest: Vec<Digest> = (0..state.filed()).map(|at| state.change(ChangeId::after(at)).unwrap().last()).collect();
    let changes: Vec<Digest> =
        (0..).zip(&latest).map(|(at, latest)| subject_leaf(ChangeId::after(at), *latest)).collect();
    let (count, proof) = (changes.len() as u64, hashes(&changes, 0));
    let proof = ChangeProof { change: subject, latest: latest[0], count, hashes: proof };
    pack.insert("changes/CHG-1.proof".to_owned(), proof.to_string().into_bytes());
    let contents = Contents { register, subjects: [subject].into(), size, recorded };
    pack.insert("pack".to_owned(), contents.to_string().into_bytes());
    pack.insert("checkpoint".to_owned(), note.into_bytes());
    with_manifest(pack)
}

pub fn start(world: &World) -> Event {
    Event::Start(Start::of(world.revision("CHG-1")))
}

/// CHG-1 approved by carol alone, at 10:00.
pub fn approved_once() -> World {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world
}

pub fn frozen() -> World {
    let world = World::approved();
    world.write("freeze.toml", FREEZE);
    world.ok("alice", "freeze propose freeze.toml");
    world.run_typing("bob", "proposal second 1", &["1"]);
    world.at("2026-12-01T11:10:00Z");
    world
}

#[test]
fn a_pack_of_a_log_that_keeps_the_rules_is_proven() {
    let world = carried_out();
    write(&world, "forged", &forged(&world));
    assert_eq!(findings(&world, "forged"), [""; 0]);
}

type Broken = (&'static str, fn() -> World, &'static str, fn(&World) -> (Event, Option<Text>));

/// Entries that break a rule: the rule, the world, who signs, and what.
const BROKEN: &[Broken] = &[
    ("too few approvals", approved_once, "erin", |world| (start(world), None)),
    ("the owner approves", approved_once, "erin", |world| (Event::Approve(world.revision("CHG-1")), None)),
    ("an auditor approves", approved_once, "audrey", |world| (Event::Approve(world.revision("CHG-1")), None)),
    ("somebody else starts", World::approved, "dave", |world| (start(world), None)),
    (
        "after the window",
        || {
            let world = World::approved();
            world.at("2026-12-01T13:00:00Z");
            world
        },
        "erin",
        |world| (start(world), None),
    ),
    ("another artifact", World::approved, "erin", |world| {
        let artifact = Artifact { name: "pool".parse().unwrap(), digest: Digest::NONE };
        (Event::Start(Start { artifacts: vec![artifact], ..Start::of(world.revision("CHG-1")) }), None)
    }),
    ("in a freeze", frozen, "erin", |world| (start(world), None)),
    ("finished before it was started", World::approved, "erin", |world| {
        (Event::Finish(Finish::of(world.revision("CHG-1"), Outcome::Succeeded)), None)
    }),
    ("a rejection without a reason", World::approved, "dave", |world| (Event::Reject(world.revision("CHG-1")), None)),
];

#[test]
fn a_start_that_broke_a_rule_is_found_in_a_pack() {
    for (name, world, person, event) in BROKEN {
        let world = world();
        let (event, text) = event(&world);
        world.force(person, event, text);
        let expected = world.findings("audrey");
        assert_eq!(expected.len(), 1, "{name}: {expected:#?}");
        write(&world, "forged", &forged(&world));
        assert_eq!(findings(&world, "forged"), expected, "{name}");
    }
}

#[test]
fn an_act_with_a_suspended_key_is_found_in_a_pack() {
    let world = approved_once();
    world.ok("bob", &format!("key suspend {}", world.signer("dave").public().fingerprint()));
    world.force("dave", Event::Approve(world.revision("CHG-1")), None);
    let expected = world.findings("audrey");
    write(&world, "forged", &forged(&world));
    assert_eq!(findings(&world, "forged"), expected);
    assert!(expected[0].contains("[key-live]"), "{expected:#?}");
}

#[test]
fn a_floor_is_asked_at_each_start_beside_the_policy_of_the_register() {
    let world = carried_out();
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    world.write("floor.toml", "approvals = 2\napproval_days = 1\n");
    assert_eq!(findings(&world, "pack --require floor.toml"), [""; 0]);
    world.write("three.toml", "approvals = 3\napproval_days = 30\n");
    let found = findings(&world, "pack --require three.toml");
    assert!(found.len() == 1 && found[0].contains("[require]"), "{found:#?}");
    let groups = "approvals = 2\napproval_days = 30\n[[require]]\nname = 'dba'\nfrom = [{ group = 'dba' }]\n";
    world.write("groups.toml", groups);
    assert!(findings(&world, "pack --require groups.toml")[0].contains("[require]"));
    world.write("none.toml", "approvals = 1\napproval_days = 30\n");
    let output = world.run("carol", "evidence verify pack --require none.toml");
    assert_eq!(output.exit, twinseal::error::Exit::Invalid, "{}", output.screen);
}

#[test]
fn a_clock_that_only_others_could_correct_is_not_held_against_anybody() {
    // Carol's clock is ten minutes ahead of erin's. Whether erin's is behind, only others could tell.
    let world = World::filed();
    world.at("2026-12-01T10:10:00Z");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("alice", "person grant audrey auditor --group risk");
    world.at("2026-12-01T10:04:00Z");
    let output = world.run("erin", "start CHG-1");
    record(&world);
    world.run("audrey", "evidence pack CHG-1 --out pack");
    if output.exit == twinseal::error::Exit::Done {
        assert_eq!(findings(&world, "pack"), [""; 0]);
    }
    assert!(read(&world.path("pack")).contains_key("manifest"));
}
