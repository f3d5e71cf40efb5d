//! Evidence packs: what they prove without the register, and that nothing can be taken from one or changed in it unseen.

mod agreed;
mod conditions;
mod hostile;
mod judged;
mod made;
mod redacted;
mod tampered;
mod zipped;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::support::{CHANGE, World};
use twinseal::domain::hex;
use twinseal::error::Exit;
use twinseal::format::checkpoint::Checkpoint;
use twinseal::signer::Signer;

/// A pack as files by their names in it.
type Pack = BTreeMap<String, Vec<u8>>;

/// CHG-1 was rejected, revised, approved by carol and dave, started and finished; CHG-2 is filed. Audrey has recorded the
/// tree of changes.
fn carried_out() -> World {
    carried_out_in(World::founded())
}

fn carried_out_in(world: World) -> World {
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    world.ok("dave", "reject CHG-1 --reason 'Say how it is rolled back.'");
    world.write("change.toml", CHANGE.replace("160", "170"));
    world.ok("erin", "revise CHG-1 change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded --note 'It grew.'");
    world.write("other.toml", CHANGE.replace("Raise the pool", "Another"));
    world.ok("erin", "file other.toml");
    record(&world);
    world
}

/// Audrey records the tree of changes.
fn record(world: &World) {
    world.ok("audrey", "checkpoint --record");
}

/// The same, packed as `pack`.
fn packed() -> World {
    packed_in(World::founded())
}

/// The same in another register.
fn packed_elsewhere() -> World {
    packed_in(World::founded_with_spare_approvers())
}

fn packed_in(world: World) -> World {
    let world = carried_out_in(world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    world
}

fn read(folder: &Path) -> Pack {
    fn walk(top: &Path, folder: &Path, pack: &mut Pack) {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(top, &path, pack);
            } else {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                pack.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut pack = Pack::new();
    walk(folder, folder, &mut pack);
    pack
}

fn write(world: &World, name: &str, pack: &Pack) -> PathBuf {
    let folder = world.path(name);
    _ = fs::remove_dir_all(&folder);
    for (file, bytes) in pack {
        world.write(&format!("{name}/{file}"), bytes);
    }
    folder
}

/// Writes the manifest anew, as whoever tampers with a pack would.
fn with_manifest(mut pack: Pack) -> Pack {
    pack.remove("manifest");
    let lines: String = pack.iter().map(|(name, bytes)| format!("{}  {name}\n", hex(&Sha256::digest(bytes)))).collect();
    pack.insert("manifest".to_owned(), lines.into_bytes());
    pack
}

/// The same pack under the same checkpoint, signed by somebody else.
fn signed_by(pack: &Pack, signer: &Signer) -> Pack {
    let ours = String::from_utf8(pack["checkpoint"].clone()).unwrap();
    let text = format!("{}\n", ours.split("\n\n").next().unwrap());
    let line = signer.sign_checkpoint(&Checkpoint::read(&text).unwrap()).unwrap();
    let theirs = format!("{text}\n{line}\n");
    let again = |bytes: &Vec<u8>| match str::from_utf8(bytes) {
        Ok(it) if it.ends_with(&ours) => it.replace(&ours, &theirs).into_bytes(),
        _ => bytes.clone(),
    };
    pack.iter().map(|(name, bytes)| (name.clone(), again(bytes))).collect()
}

/// Verifies a pack as somebody without the register, and returns the findings.
#[track_caller]
fn findings(world: &World, options: &str) -> Vec<String> {
    fs::create_dir_all(world.path("people/stranger")).unwrap();
    let output = world.run("stranger", &format!("evidence verify {options}"));
    let found = output.out.lines().filter_map(|line| line.strip_prefix("finding")).map(|it| it.trim().to_owned());
    let found: Vec<String> = found.collect();
    let expected = if found.is_empty() { Exit::Done } else { Exit::Broken };
    assert_eq!(output.exit, expected, "{}", output.screen);
    assert_eq!(output.out.contains("NOT PROVEN"), !found.is_empty(), "{}", output.screen);
    found
}

/// Asserts that a pack is refused with a finding by this rule.
#[track_caller]
fn refused(world: &World, pack: Pack, rule: &str) {
    write(world, "tampered", &with_manifest(pack));
    let found = findings(world, "tampered");
    assert!(found.iter().any(|it| it.contains(&format!("[{rule}]"))), "{rule}: {found:#?}");
}
