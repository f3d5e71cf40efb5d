//! `kill -9` at random moments, several people at once.

use std::collections::BTreeSet;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{filed, is_whole, names};
use crate::support::World;

/// How many processes are killed, unless `TWINSEAL_KILLS` says another number.
const KILLS: usize = 60;

/// How many run at once.
const AT_ONCE: usize = 3;

/// What people do, over and over.
const DEEDS: [(&str, &[&str]); 7] = [
    ("erin", &["note", "CHG-1", "Seen."]),
    ("erin", &["file", "--again", "change.toml"]),
    ("carol", &["approve", "CHG-1", "--revision", "REVISION"]),
    ("dave", &["approve", "CHG-1", "--revision", "REVISION"]),
    // Refused, and that is recorded too.
    ("erin", &["start", "CHG-2"]),
    ("audrey", &["note", "CHG-1", "Looked at."]),
    ("audrey", &["list"]),
];

/// Numbers that look random and repeat with their seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn spawn(world: &World, (person, words): (&str, &[&str]), revision: &str) -> Child {
    let mut words: Vec<&str> = words.iter().map(|word| if *word == "REVISION" { revision } else { *word }).collect();
    words.push("--json");
    world.command(person, &words).spawn().unwrap()
}

/// What was answered before death: the entry that was recorded, by place and leaf hash.
fn acknowledged(child: Child) -> Option<(u64, String)> {
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    let recorded = &answer["recorded"];
    Some((recorded["seq"].as_u64()?, recorded["leaf"].as_str()?.to_owned()))
}

#[test]
fn whoever_is_killed_loses_nothing_that_was_acknowledged_and_stands_in_nobodys_way() {
    let kills = std::env::var("TWINSEAL_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let seed = std::env::var("TWINSEAL_SEED").map_or(std::process::id().into(), |seed| seed.parse().unwrap());
    println!("TWINSEAL_KILLS={kills} TWINSEAL_SEED={seed}");
    let (world, mut dice) = (filed(), Dice(seed));
    world.ok("erin", "file change.toml --again");
    let revision = world.revision("CHG-1").filed.to_string();
    let begun = Instant::now();
    for child in [0, 2, 5].map(|deed| spawn(&world, DEEDS[deed], &revision)) {
        assert!(acknowledged(child).is_some());
    }
    // From the first moment to a little after the last.
    let longest = begun.elapsed() * 5 / 4;
    // A stranger's private copies have a folder.
    is_whole(&world, "erin", "before");
    let (before, mut promised, mut dead) = (names(&world.path("")), Vec::new(), 0);
    for round in 1.. {
        if dead >= kills {
            break;
        }
        let mut deeds: Vec<_> = (0..AT_ONCE).map(|_| DEEDS[dice.below(DEEDS.len() as u64) as usize]).collect();
        let mut running: Vec<(Duration, Child)> = Vec::new();
        let begun = Instant::now();
        for deed in &deeds {
            let moment = longest.mul_f64(dice.below(1000) as f64 / 1000.0);
            running.push((moment, spawn(&world, *deed, &revision)));
        }
        running.sort_by_key(|(moment, _)| *moment);
        for (moment, mut child) in running {
            sleep(moment.saturating_sub(begun.elapsed()));
            dead += usize::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            promised.extend(acknowledged(child));
        }
        world.at_real_time();
        deeds.sort();
        deeds.dedup_by_key(|(person, _)| *person);
        for (person, _) in deeds {
            // Nothing is said of a memory that was lost, either.
            let next = world.run(person, "note CHG-1 Next.");
            assert!(next.err.starts_with("note added"), "{person}: {}", next.screen);
        }
        if round % 10 == 0 {
            println!("{dead} killed");
            is_whole(&world, "erin", "killed");
        }
    }
    ["erin", "carol", "dave", "audrey"].into_iter().for_each(|person| is_whole(&world, person, "at the end"));
    for (seq, leaf) in &promised {
        assert_eq!(world.raw(*seq).leaf().to_string(), *leaf, "entry {seq} was acknowledged");
    }
    println!("{dead} killed, {} acknowledged before, {} entries", promised.len(), world.entries());
    // Whatever is half made is made under the same name each time, so that nothing piles up.
    let more: BTreeSet<String> = names(&world.path("")).difference(&before).cloned().collect();
    let known = [".new", ".previous", ".lock", "-wal", "-shm"];
    assert!(more.iter().all(|name| known.iter().any(|end| name.ends_with(end))), "{more:?}");
}
