//! `checkpoint --timestamp`: from an authority, and from a file with its answer.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;
use twinseal::error::Exit;
use twinseal::format::timestamp::MAX_RESPONSE;
use twinseal::notify::{Reason, ask_timestamp_authority};

use super::authority::{Authority, Info};
use super::{Server, http, reply};
use crate::support::World;

/// A register, an authority, and its root as `root.pem`. Returns `None` without openssl.
fn scene() -> Option<(World, Authority)> {
    let (world, authority) = (World::founded(), Authority::new()?);
    world.write("root.pem", fs::read(authority.path("root.pem")).unwrap());
    Some((world, authority))
}

fn read(world: &World, name: &str) -> Vec<u8> {
    fs::read(world.path(name)).unwrap()
}

/// Whether openssl accepts `NAME.tsr` for `NAME`, now.
fn openssl_accepts(world: &World, name: &str) -> bool {
    let mut command = std::process::Command::new("openssl");
    command.args(["ts", "-verify", "-in", &format!("{name}.tsr"), "-data", name, "-CAfile", "root.pem"]);
    command.current_dir(world.path("")).output().unwrap().status.success()
}

#[test]
fn a_checkpoint_is_timestamped_by_an_authority() {
    let Some((world, authority)) = scene() else { return };
    let server = Server::new(move |query| reply(&authority.answer(query, "tsa", "")));
    let asked = format!("--out prod.checkpoint --timestamp {} --timestamp-ca root.pem", server.url());
    let output = world.run("audrey", &format!("checkpoint {asked}"));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("timestamp in prod.checkpoint.tsr: existed at 20"), "{}", output.screen);
    assert!(output.err.contains("Z, by the timestamp authority CN=tsa,O=Test\n"), "{}", output.screen);
    assert!(openssl_accepts(&world, "prod.checkpoint"));
    let json = format!("--json checkpoint --record --out other --timestamp {}", server.url());
    let json: Value = world.ok("audrey", &json).parse().unwrap();
    assert_eq!(json["timestamp"]["authority"], "CN=tsa,O=Test");
    assert_eq!(json["timestamp"]["trusted"], false, "nobody said whom to trust");
    assert!(openssl_accepts(&world, "other"));
    let output = world.run("audrey", &format!("checkpoint --out third --timestamp {}", server.url()));
    assert!(output.err.contains("not checked without --timestamp-ca FILE"), "{}", output.screen);
}

#[test]
fn whatever_an_authority_answers_the_checkpoint_is_kept_and_can_be_timestamped_later() {
    let Some((world, authority)) = scene() else { return };
    let other = authority.stamp(b"another", " -sha256", "tsa", "");
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 2 * MAX_RESPONSE]].concat();
    let bad: [(Vec<u8>, &str); 9] = [
        (http("200 OK", "text/html", b"<html>busy</html>"), "authority: not a timestamp response (RFC 3161)"),
        (reply(&other), "it is the timestamp of other bytes"),
        (reply(b"\x30\x05\x30\x03\x02\x01\x02"), "the authority refused (status 2)"),
        (http("404 Not Found", "text/plain", b"no"), "it answers HTTP 404"),
        (http("503 Busy", "text/plain", b"no"), "it answers HTTP 503"),
        (redirect.to_vec(), "it answers HTTP 302, a redirect, which is not followed"),
        (endless, "its answer is too large"),
        (http("200 OK", "a/b", b"0123456789")[..60].to_vec(), "no timestamp from the authority: "),
        (Vec::new(), "no timestamp from the authority: "),
    ];
    for (number, (answer, why)) in bad.into_iter().enumerate() {
        let server = Server::new(move |_| answer.clone());
        let name = format!("{number}.checkpoint");
        let output = world.run("audrey", &format!("checkpoint --out {name} --timestamp {}", server.url()));
        assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
        assert!(output.err.contains(why), "{why}\n{}", output.screen);
        let again = format!("`twinseal checkpoint --timestamp URL {name}`");
        assert!(output.err.contains(&again), "{}", output.screen);
        assert!(!world.path(&format!("{name}.tsr")).exists());
        world.ok("audrey", &format!("verify --against {name}"));
    }
    let server = Server::new(move |query| reply(&authority.answer(query, "tsa", "")));
    world.ok("audrey", &format!("checkpoint --timestamp {} 0.checkpoint", server.url()));
    assert!(openssl_accepts(&world, "0.checkpoint"));
}

#[test]
fn an_answer_to_an_earlier_request_is_refused() {
    let Some((world, authority)) = scene() else { return };
    world.ok("audrey", "checkpoint --out kept");
    let earlier = authority.stamp(&read(&world, "kept"), " -sha256", "tsa", "");
    let server = Server::new(move |_| reply(&earlier));
    let again = format!("checkpoint --timestamp {} kept", server.url());
    world.fails("audrey", &again, Exit::Environment, "it answers another request (nonce)");
    assert!(!world.path("kept.tsr").exists());
}

#[test]
fn an_authority_that_does_not_answer_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let silent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let (limit, began) = (Duration::from_millis(300), Instant::now());
    let now = "2026-12-01T09:00:00Z".parse().unwrap();
    let failure = ask_timestamp_authority(&url, b"query", limit, now).unwrap_err();
    assert_eq!(failure.reason(), &Reason::Timeout);
    assert!(began.elapsed() < Duration::from_secs(10));
    silent.join().unwrap();
}

#[test]
fn an_answer_that_somebody_fetched_is_taken_in_without_register_and_key() {
    let Some((world, authority)) = scene() else { return };
    world.ok("audrey", "checkpoint --out kept");
    let answer = authority.stamp(&read(&world, "kept"), " -sha512", "tsa", "");
    world.write("answer", &answer);
    fs::create_dir_all(world.path("people/courier")).unwrap();
    let take_in = "checkpoint --timestamp answer --timestamp-ca root.pem kept";
    world.ok("courier", take_in);
    assert_eq!(read(&world, "kept.tsr"), answer);
    assert!(openssl_accepts(&world, "kept"));
    // Again, and as it lies there already.
    world.ok("courier", take_in);
    let json: Value = world.ok("courier", "--json checkpoint --timestamp kept.tsr kept").parse().unwrap();
    assert_eq!(json["timestamp"]["trusted"], false);
    assert_eq!((&json["person"], &json["out"]), (&Value::Null, &"kept".into()));
}

#[test]
fn no_timestamp_is_taken_in_that_is_not_of_this_checkpoint() {
    let Some((world, authority)) = scene() else { return };
    world.ok("audrey", "checkpoint --out kept");
    world.write("other", authority.stamp(b"another", " -sha256", "tsa", ""));
    world.write("html", "<html>");
    world.write("large", vec![0x30; MAX_RESPONSE + 1]);
    let stranger = Authority::new().unwrap();
    world.write("stranger", stranger.stamp(&read(&world, "kept"), " -sha256", "tsa", ""));
    for (answer, why) in [
        ("other", "other is not a timestamp of kept: it is the timestamp of other bytes"),
        ("html", "html is not a timestamp of kept: not a timestamp response (RFC 3161)"),
        ("large", "large is larger than the limit of 65536 bytes"),
        ("stranger", "stranger is not a timestamp of kept: no authority of the CA file vouches for the signer's"),
        ("missing", "cannot read missing"),
    ] {
        let take_in = format!("checkpoint --timestamp {answer} --timestamp-ca root.pem kept");
        world.fails("audrey", &take_in, Exit::Invalid, why);
    }
    world.fails("audrey", "checkpoint --timestamp kept --timestamp-ca other kept", Exit::Invalid, "other");
    world.fails(
        "audrey",
        "checkpoint --timestamp kept --timestamp-ca html kept",
        Exit::Invalid,
        "not a list of certificates",
    );
    assert!(!world.path("kept.tsr").exists());
}

#[test]
fn a_timestamp_that_is_there_is_never_overwritten() {
    let Some((world, authority)) = scene() else { return };
    world.ok("audrey", "checkpoint --out kept");
    world.write("kept.tsr", "mine");
    world.write("answer", authority.stamp(&read(&world, "kept"), " -sha256", "tsa", ""));
    let taken = "cannot create kept.tsr";
    world.fails("audrey", "checkpoint --timestamp answer kept", Exit::Invalid, taken);
    // Nobody is asked in vain, and nothing is recorded.
    let nobody = "--timestamp http://127.0.0.1:1/";
    world.fails("audrey", &format!("checkpoint {nobody} kept"), Exit::Invalid, taken);
    fs::remove_file(world.path("kept")).unwrap();
    world.fails("audrey", &format!("checkpoint --record --out kept {nobody}"), Exit::Invalid, taken);
    assert_eq!(read(&world, "kept.tsr"), b"mine");
}

#[test]
fn an_entry_that_was_recorded_before_the_authority_failed_is_named() {
    let Some((world, _)) = scene() else { return };
    let entries = world.entries();
    let output = world.run("audrey", "checkpoint --record --out kept --timestamp http://127.0.0.1:1/");
    assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
    assert!(output.err.contains(&format!("entry {entries}")), "{}", output.screen);
    assert!(output.err.contains("no timestamp from the authority"), "{}", output.screen);
    assert!(output.err.contains("`twinseal checkpoint --timestamp URL kept`"), "{}", output.screen);
    assert_eq!(world.entries(), entries + 1);
    assert!(world.path("kept").exists());
}

#[test]
fn a_command_line_that_makes_no_sense_is_explained() {
    let Some((world, authority)) = scene() else { return };
    world.write("answer", authority.forge(&Info::of(b"x").der(), "tsa", " -cades"));
    for (options, why) in [
        ("--timestamp http://127.0.0.1:1/", "a timestamp is kept beside a file"),
        ("--timestamp answer --out kept", "answer is not a URL"),
        ("--timestamp answer", "answer is not a URL"),
        ("kept", "--timestamp"),
        ("--timestamp answer --record kept", "--record"),
        ("--timestamp answer --out new kept", "--out"),
        ("--timestamp-ca root.pem", "--timestamp"),
    ] {
        world.fails("audrey", &format!("checkpoint {options}"), Exit::Invalid, why);
    }
}
