//! What `verify --against` and `evidence verify` make of the timestamp beside a checkpoint.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use twinseal::domain::hex;
use twinseal::error::Exit;

use super::authority::{Authority, Info, P256, STAMPING};
use crate::outside::tools;
use crate::support::{CHANGE, Output, World};

/// `kept` is a checkpoint with a timestamp of `time` beside it, and `root.pem` the root of its authority. Returns `None`
/// without openssl.
fn scene(time: &'static str) -> Option<(World, Authority)> {
    let (world, authority) = (World::founded(), Authority::new()?);
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    world.ok("audrey", "checkpoint --record --out kept");
    let info = Info { time, ..Info::of(&fs::read(world.path("kept")).unwrap()) };
    world.write("kept.tsr", authority.forge(&info.der(), "tsa", " -cades"));
    for name in ["root", "tsa"] {
        world.write(&format!("{name}.pem"), fs::read(authority.path(&format!("{name}.pem"))).unwrap());
    }
    fs::create_dir_all(world.path("people/stranger")).unwrap();
    Some((world, authority))
}

const SOON: &str = "20261201093000Z";

#[track_caller]
fn shows(output: &Output, exit: Exit, said: &[&str]) {
    assert_eq!(output.exit, exit, "{}", output.screen);
    // Pages break lines.
    let out = output.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in said {
        assert!(out.contains(said), "no {said:?} in\n{}", output.screen);
    }
}

#[test]
fn verify_tells_when_a_checkpoint_existed_and_who_says_so() {
    let Some((world, _)) = scene(SOON) else { return };
    let output = world.run("audrey", "verify --against kept --timestamp-ca root.pem");
    shows(
        &output,
        Exit::Done,
        &["kept existed at 2026-12-01T09:30:00Z, by the timestamp authority CN=tsa,O=Test result"],
    );
    let output = world.run("audrey", "verify --against kept");
    let unchecked = "kept existed at 2026-12-01T09:30:00Z, if CN=tsa,O=Test is a timestamp authority that you trust: not \
        checked without --timestamp-ca FILE";
    shows(&output, Exit::Done, &[unchecked]);
    let json: Value = world.ok("audrey", "--json verify --against kept").parse().unwrap();
    let stamp = &json["checkpoints"][0]["timestamp"];
    assert_eq!(stamp["time"], "2026-12-01T09:30:00Z");
    assert_eq!(
        (&stamp["trusted"], &stamp["policy"], &stamp["serial"]),
        (&false.into(), &"1.2.3.4.1".into(), &"07".into())
    );
    fs::remove_file(world.path("kept.tsr")).unwrap();
    let output = world.run("audrey", "verify --against kept --timestamp-ca root.pem");
    shows(&output, Exit::Done, &["kept: the log extends"]);
    assert!(!output.out.contains("existed at"), "{}", output.screen);
}

#[test]
fn a_timestamp_that_is_not_good_is_a_finding() {
    let Some((world, authority)) = scene(SOON) else { return };
    authority.issue("other", "other", P256, STAMPING);
    world.write("other.pem", fs::read(authority.path("other.pem")).unwrap());
    let output = world.run("audrey", "verify --against kept --timestamp-ca other.pem");
    let untrusted =
        "[timestamp] kept.tsr: no authority of the CA file vouches for the signer's certificate (UnknownIssuer)";
    shows(&output, Exit::Broken, &[untrusted, "NOT INTACT"]);
    assert!(output.err.contains("the log is not in question"), "{}", output.screen);
    let good = fs::read(world.path("kept.tsr")).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bad, why) in [
        (flipped, "the signature does not verify"),
        (good[..good.len() - 1].to_vec(), "not a timestamp response"),
        (authority.forge(&Info::of(b"another").der(), "tsa", " -cades"), "it is the timestamp of other bytes"),
        (vec![b' '; 1 << 20], "more than 65536 bytes"),
        (Vec::new(), "not a timestamp response"),
    ] {
        world.write("kept.tsr", bad);
        let output = world.run("audrey", "verify --against kept");
        shows(&output, Exit::Broken, &[&format!("[timestamp] kept.tsr: {why}"), "kept: the log extends"]);
        let json: Value = world.run("audrey", "--json verify --against kept").out.parse().unwrap();
        assert_eq!(json["checkpoints"][0]["timestamp"], Value::Null);
    }
    fs::remove_file(world.path("kept.tsr")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, world.path("kept.tsr"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    world.fails("audrey", "verify --against kept", Exit::Invalid, "cannot read kept.tsr");
}

#[test]
fn an_entry_that_claims_a_later_time_than_its_timestamp_is_noticed() {
    let Some((world, _)) = scene("20261201083000Z") else { return };
    let said = "[clock] claims 2026-12-01T09:00:00Z, but a checkpoint that covers it existed at 2026-12-01T08:30:00Z";
    shows(&world.run("audrey", "verify --against kept"), Exit::Done, &[said]);
    let json: Value = world.ok("audrey", "--json verify --against kept").parse().unwrap();
    assert_eq!(json["notices"][0]["rule"], "clock");
    world.ok("audrey", "evidence pack CHG-1 --checkpoint kept --out pack");
    let output = world.run("stranger", "evidence verify pack");
    shows(&output, Exit::Done, &["notice", said, "result proven"]);
    let json: Value = world.ok("stranger", "--json evidence verify pack").parse().unwrap();
    assert_eq!(json["notices"][0]["rule"], "clock");
}

#[test]
fn no_honest_entry_hides_one_before_it_that_claims_a_later_time() {
    let Some((world, authority)) = scene(SOON) else { return };
    fs::remove_file(world.path("kept")).unwrap();
    fs::remove_file(world.path("kept.tsr")).unwrap();
    world.at("2026-12-01T11:00:00Z");
    world.ok("erin", "note CHG-1 Later.");
    let seq = world.entries() - 1;
    world.at("2026-12-01T09:00:00Z");
    world.ok("audrey", "checkpoint --record --out kept");
    let info = Info { time: SOON, ..Info::of(&fs::read(world.path("kept")).unwrap()) };
    world.write("kept.tsr", authority.forge(&info.der(), "tsa", " -cades"));
    let said = format!("entry {seq}: [clock] claims 2026-12-01T11:00:00Z, but a checkpoint that covers it existed at");
    shows(&world.run("audrey", "verify --against kept"), Exit::Done, &[&said]);
    world.ok("audrey", "evidence pack CHG-1 --checkpoint kept --out pack");
    shows(&world.run("stranger", "evidence verify pack"), Exit::Done, &[&said]);
}

#[test]
fn a_pack_carries_the_timestamp_of_its_checkpoint() {
    let Some((world, _)) = scene(SOON) else { return };
    let json: Value = world.ok("audrey", "--json evidence pack CHG-1 --checkpoint kept --out pack").parse().unwrap();
    assert_eq!(json["timestamp"]["time"], "2026-12-01T09:30:00Z");
    assert_eq!(fs::read(world.path("pack/checkpoint.tsr")).unwrap(), fs::read(world.path("kept.tsr")).unwrap());
    let output = world.run("stranger", "evidence verify pack --timestamp-ca root.pem");
    let trusted = "the checkpoint existed at 2026-12-01T09:30:00Z, by the timestamp authority CN=tsa,O=Test";
    shows(&output, Exit::Done, &[trusted]);
    let output = world.run("stranger", "evidence verify pack");
    shows(&output, Exit::Done, &["2026-12-01T09:30:00Z, if CN=tsa,O=Test is a timestamp authority that you trust"]);
    let output = world.run("stranger", "evidence verify pack --timestamp-ca tsa.pem");
    shows(&output, Exit::Broken, &["[timestamp] checkpoint.tsr: no authority of the CA file", "NOT PROVEN"]);
    let verify = Command::new("openssl")
        .args("ts -verify -in checkpoint.tsr -data checkpoint -CAfile ../root.pem -attime 1796117400".split(' '))
        .current_dir(world.path("pack"))
        .output()
        .unwrap();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
    world.ok("audrey", "evidence pack CHG-1 --checkpoint kept --out pack.zip");
    shows(&world.run("stranger", "evidence verify pack.zip --timestamp-ca root.pem"), Exit::Done, &[trusted]);
    // The scripts need no timestamp, and are not disturbed by one.
    if !tools() {
        return;
    }
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify/verify.py");
    let checked = Command::new("python3").arg(python).arg(world.path("pack")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn a_timestamp_that_was_exchanged_in_a_pack_is_found() {
    let Some((world, authority)) = scene(SOON) else { return };
    world.ok("audrey", "evidence pack CHG-1 --checkpoint kept --out pack");
    let other = authority.forge(&Info::of(b"another").der(), "tsa", " -cades");
    world.write("pack/checkpoint.tsr", &other);
    shows(&world.run("stranger", "evidence verify pack"), Exit::Broken, &["[manifest]", "[timestamp]"]);
    let manifest = fs::read_to_string(world.path("pack/manifest")).unwrap();
    let line = |it: &str| match it.strip_suffix("  checkpoint.tsr") {
        Some(_) => format!("{}  checkpoint.tsr\n", hex(&Sha256::digest(&other))),
        None => format!("{it}\n"),
    };
    world.write("pack/manifest", manifest.lines().map(line).collect::<String>());
    let output = world.run("stranger", "evidence verify pack");
    shows(&output, Exit::Broken, &["[timestamp] checkpoint.tsr: it is the timestamp of other bytes", "NOT PROVEN"]);
}

#[test]
fn no_pack_is_made_with_a_timestamp_that_is_not_good() {
    let Some((world, authority)) = scene(SOON) else { return };
    world.write("kept.tsr", authority.forge(&Info::of(b"another").der(), "tsa", " -cades"));
    let pack = "evidence pack CHG-1 --checkpoint kept --out pack";
    world.fails(
        "audrey",
        pack,
        Exit::Invalid,
        "kept.tsr is not a timestamp of kept: it is the timestamp of other bytes",
    );
    assert!(!world.path("pack").exists());
}
