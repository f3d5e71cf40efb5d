//! Signatures are what other tools compute.

use std::process::Command;

use super::server::{Answer, Server};
use super::{SENDER, file, hooked, run, secrets, sender, status};
use crate::support::{World, stock_tool};
use twinseal::error::Exit;

/// HMAC-SHA256 by openssl, in base64 or hexadecimal.
fn by_openssl(world: &World, key: &str, signed: &str, form: &str) -> String {
    world.write("signed", signed);
    let script = format!("openssl dgst -sha256 -mac HMAC -macopt 'key:{key}' -binary signed | {form}");
    let output = Command::new("sh").arg("-c").arg(script).current_dir(world.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_webhook_is_signed_over_time_and_body() {
    if !stock_tool("openssl") {
        return;
    }
    let world = World::founded();
    let server = hooked(&world, "events = [\"approval-needed\"]");
    file(&world, "回滚 the pool");
    run(&world);
    let sent = server.take().pop().unwrap();
    let time = sent.header("Twinseal-Timestamp").unwrap();
    assert_eq!(time, world.now().unix().to_string());
    let expected = by_openssl(&world, "the key of ops", &format!("{time}.{}", sent.body), "od -An -tx1 | tr -d ' \\n'");
    assert_eq!(sent.header("Twinseal-Signature"), Some(format!("sha256={expected}").as_str()));
    assert_eq!(sent.header("Twinseal-Id"), sent.json()["id"].as_str());
}

/// A register with rules for one robot.
fn robot(kind: &str, secret: &str) -> (World, Server) {
    let (world, server) = (World::founded(), Server::new());
    secrets(&world, &format!("url = \"http://127.0.0.1:{}/robot/send?access_token=TOKEN\"\n{secret}", server.port));
    let key = if secret.is_empty() { "" } else { "key_secret = \"key\"\n" };
    world.write(
        "notify.toml",
        format!(
            "secrets = \"secrets\"\n[targets.robot]\ntype = \"{kind}\"\nurl_secret = \"url\"\n{key}[[rules]]\n\
             to = [\"robot\"]\nevents = [\"approval-needed\"]\n"
        ),
    );
    sender(&world);
    world.ok(SENDER, "notify run --config notify.toml");
    (world, server)
}

#[test]
fn ding_talk_accepts_the_signature() {
    if !stock_tool("openssl") || !stock_tool("python3") {
        return;
    }
    let key = "SECdeadbeef0123";
    let (world, server) = robot("dingtalk", &format!("key = \"{key}\"\n"));
    // Over many times, so that every character of base64 that a query quotes occurs.
    let mut quoted = String::new();
    for n in 0..12 {
        world.at(&world.now().plus(60).to_string());
        file(&world, &format!("Change {n}"));
        assert_eq!(run(&world).exit, Exit::Done);
        let sent = server.take().pop().unwrap();
        let time = world.now().unix() * 1_000;
        let signature = by_openssl(&world, key, &format!("{time}\n{key}"), "base64");
        let quote = "import sys, urllib.parse; print(urllib.parse.quote_plus(sys.argv[1]))";
        let output = Command::new("python3").args(["-c", quote, &signature]).output().unwrap();
        let signature = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let expected = format!("/robot/send?access_token=TOKEN&timestamp={time}&sign={signature}");
        assert_eq!(sent.path, expected);
        assert_eq!(sent.json()["msgtype"], "text");
        quoted.push_str(&signature);
    }
    assert!(["%2B", "%2F", "%3D"].iter().all(|it| quoted.contains(it)), "{quoted}");
}

#[test]
fn the_code_in_a_robots_answer_decides_whether_it_was_delivered() {
    for (kind, key, busy) in [("dingtalk", "key = \"SEC\"\n", 130_101), ("wecom", "", 45_009)] {
        let (world, server) = robot(kind, key);
        let code = |code: i64| Answer::Status("200 OK", String::new(), format!("{{\"errcode\":{code}}}"));
        server.next([code(busy), code(0), code(93_000)]);
        file(&world, "First");
        assert_eq!(run(&world).exit, Exit::Environment);
        assert_eq!(status(&world, "robot")["waiting"], 1);
        world.at("2026-12-01T09:10:00Z");
        assert_eq!(run(&world).exit, Exit::Done);
        assert_eq!(status(&world, "robot")["waiting"], 0);
        file(&world, "Second");
        assert!(run(&world).err.contains("robot refused CHG-2: it answers with error code 93000"), "{kind}");
        let said = server.requests()[0].json()["text"]["content"].as_str().unwrap().to_owned();
        assert!(said.starts_with("[prod") || said.starts_with("［prod］ CHG-1 awaiting approval\nFirst\n"), "{said}");
    }
}

#[test]
fn no_robot_gets_more_messages_in_a_minute_than_it_takes() {
    let (world, server) = robot("wecom", "");
    for n in 0..25 {
        file(&world, &format!("Change {n}"));
    }
    assert_eq!(run(&world).exit, Exit::Done);
    assert_eq!(server.take().len(), 20);
    world.at("2026-12-01T09:00:59Z");
    run(&world);
    assert!(server.take().is_empty());
    world.at("2026-12-01T09:01:00Z");
    run(&world);
    assert_eq!(server.take().len(), 5);
}

#[test]
fn slack_gets_plain_text() {
    let (world, server) = robot("slack", "");
    file(&world, "R&D <!channel> @here <https://evil.example|ok> *b*");
    assert_eq!(run(&world).exit, Exit::Done);
    let said = server.take().pop().unwrap().json();
    assert_eq!((&said["mrkdwn"], &said["link_names"]), (&false.into(), &false.into()));
    let text = said["text"].as_str().unwrap();
    let title = text.lines().nth(1).unwrap();
    assert_eq!(title, "R&amp;D ＜！channel＞ ＠here ＜https：//evil.example｜ok＞ ＊b＊");
    assert!(text.ends_with("twinseal approve CHG-1"), "{text}");
}
