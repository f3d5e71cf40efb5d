//! Every message arrives, once and in order, whatever its target does meanwhile.

use std::fs;
use std::time::{Duration, Instant};

use super::server::{Answer, Server};
use super::{ALL, SENDER, file, hooked, run, status, told};
use crate::support::World;
use twinseal::error::Exit;

const AWAITING: &str = "events = [\"approval-needed\"]";

fn titles(server: &Server) -> Vec<String> {
    server.take().iter().map(|it| it.json()["title"].as_str().unwrap().to_owned()).collect()
}

fn ids(server: &Server) -> Vec<String> {
    server.requests().iter().map(|it| it.header("Twinseal-Id").unwrap().to_owned()).collect()
}

#[test]
fn no_failure_of_a_target_loses_a_message() {
    let failures = [
        (Answer::status("500 Internal Server Error"), "HTTP 500"),
        (Answer::status("503 Service Unavailable"), "HTTP 503"),
        (Answer::status("408 Request Timeout"), "HTTP 408"),
        (Answer::Delay(Duration::from_secs(4)), "no answer within the time limit"),
        (Answer::Half, "the connection failed"),
        (Answer::Drop, "the connection failed"),
        (Answer::Endless, "its answer is too large"),
        (Answer::EndlessHeader, "its answer is not HTTP"),
    ];
    for (failure, reason) in failures {
        let world = World::founded();
        let server = hooked(&world, AWAITING);
        file(&world, "Raise the pool");
        server.next([failure.clone()]);
        let output = run(&world);
        assert_eq!(output.exit, Exit::Environment, "{failure:?}: {}", output.screen);
        assert!(output.err.contains(reason), "{failure:?}: {}", output.screen);
        assert_eq!(status(&world, "ops")["waiting"], 1, "{failure:?}");
        world.at("2026-12-01T09:00:29Z");
        assert_eq!(run(&world).exit, Exit::Done, "it is left alone for half a minute");
        world.at("2026-12-01T09:00:30Z");
        assert_eq!(run(&world).exit, Exit::Done, "{failure:?}");
        let ids = ids(&server);
        assert_eq!(ids.len(), 2, "{failure:?}");
        assert_eq!(ids[0], ids[1], "a receiver can tell that it is the same message");
        assert!(run(&world).err.is_empty());
        assert_eq!(status(&world, "ops")["waiting"], 0);
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let world = World::founded();
    let (server, other) = (hooked(&world, AWAITING), Server::new());
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        file(&world, status);
        let elsewhere = format!("Location: http://127.0.0.1:{}/token\r\n", other.port);
        server.next([Answer::Status(status, elsewhere, String::new())]);
        let output = run(&world);
        assert!(output.err.contains("a redirect, which is not followed"), "{status}: {}", output.screen);
        assert!(!output.screen.contains(&other.port.to_string()));
        world.at(&world.now().plus(60).to_string());
        run(&world);
    }
    assert!(other.requests().is_empty());
    assert_eq!(server.requests().len(), 8);
}

#[test]
fn nothing_is_sent_before_the_time_that_a_receiver_asks_for() {
    for asked in ["Retry-After: 1200\r\n", "Retry-After: Tue, 01 Dec 2026 09:20:00 GMT\r\n"] {
        let world = World::founded();
        let server = hooked(&world, AWAITING);
        file(&world, "Raise the pool");
        server.next([Answer::Status("429 Too Many Requests", asked.to_owned(), String::new())]);
        assert_eq!(run(&world).exit, Exit::Environment);
        for early in ["09:00:30", "09:10:00", "09:19:59"] {
            world.at(&format!("2026-12-01T{early}Z"));
            run(&world);
            assert_eq!(server.requests().len(), 1, "{early}");
        }
        world.at("2026-12-01T09:20:00Z");
        assert_eq!(run(&world).exit, Exit::Done);
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn a_refused_message_is_reported_not_sent_again_and_stays_visible() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    file(&world, "Raise the pool");
    server.next([Answer::status("403 Forbidden")]);
    let output = run(&world);
    assert_eq!(output.exit, Exit::Environment);
    assert!(output.err.contains("warning: ops refused CHG-1: it answers HTTP 403"), "{}", output.screen);
    for hour in 10..14 {
        world.at(&format!("2026-12-01T{hour}:00:00Z"));
        run(&world);
    }
    assert_eq!(server.take().len(), 1);
    let refused = serde_json::json!([{ "subject": "CHG-1", "reason": "it answers HTTP 403" }]);
    assert_eq!(status(&world, "ops")["refused"], refused);
    let page = world.ok(SENDER, "notify status --config notify.toml");
    assert!(page.contains("ops refused CHG-1: it answers HTTP 403"), "{page}");
    assert_eq!(world.ok(SENDER, "notify retry ops --config notify.toml"), "1 message to ops queued again\n");
    assert_eq!(run(&world).exit, Exit::Done);
    assert_eq!(titles(&server), ["Raise the pool"]);
    world.fails(SENDER, "notify retry opps --config notify.toml", Exit::Invalid, "did you mean ops?");
}

#[test]
fn a_target_that_is_down_for_an_hour_loses_nothing_keeps_the_order_and_blocks_no_other() {
    let world = World::founded();
    let (down, up) = (hooked(&world, AWAITING), Server::new());
    let rules = fs::read_to_string(world.path("notify.toml")).unwrap();
    let other = format!(
        "[targets.up]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\nkey_secret = \"ops\"\n[[rules]]\n\
         to = [\"ops\", \"up\"]\n{AWAITING}\n",
        up.port
    );
    let (targets, _) = rules.split_once("[[rules]]").unwrap();
    world.write("notify.toml", format!("{targets}{other}"));
    down.always(Some(Answer::status("502 Bad Gateway")));
    let expected: Vec<String> = (0..12).map(|n| format!("Change number {n}")).collect();
    for (n, title) in expected.iter().enumerate() {
        world.at(&format!("2026-12-01T08:{:02}:00Z", n * 5));
        file(&world, title);
        let exit = run(&world).exit;
        assert!(n > 0 || exit == Exit::Environment, "the first try fails");
        assert_eq!(titles(&up), [title.as_str()], "the other target is not blocked");
    }
    assert_eq!(status(&world, "ops")["waiting"], 12);
    let tries = down.take().len();
    assert!((4..=12).contains(&tries), "it was left alone between the tries: {tries}");
    down.always(None);
    world.at("2026-12-01T09:15:00Z");
    assert_eq!(run(&world).exit, Exit::Done);
    assert_eq!(titles(&down), expected);
    assert!(titles(&up).is_empty());
}

#[test]
fn a_hundred_restarts_send_nothing_twice() {
    let world = World::founded();
    let server = hooked(&world, ALL);
    let mut sent = Vec::new();
    for n in 0..100 {
        match n {
            10 => file(&world, "Raise the pool"),
            30 => world.approve("carol", "CHG-1"),
            50 => world.approve("dave", "CHG-1"),
            _ => {}
        }
        sent.extend(told(&world, &server));
    }
    let expected = [
        "approval-needed CHG-1: twinseal approve CHG-1",
        "approved CHG-1: twinseal show CHG-1",
        "approved CHG-1: twinseal show CHG-1",
        "action-needed CHG-1: twinseal start CHG-1",
    ];
    assert_eq!(sent, expected);
}

#[test]
fn a_process_killed_between_sending_and_saving_repeats_one_message_and_loses_none() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    world.at_real_time();
    let now = world.now();
    for title in ["First", "Second", "Third"] {
        let change = crate::support::CHANGE
            .replace("Raise the pool", title)
            .replace("2026-12-01T10:00:00Z", &now.plus(7_200).to_string())
            .replace("2026-12-01T12:00:00Z", &now.plus(14_400).to_string());
        world.write("soon.toml", change);
        world.ok("erin", "file soon.toml");
    }
    let pid = world.path("pid");
    server.next([Answer::status("200 OK"), Answer::Kill(pid.clone())]);
    let mut child = world.command(SENDER, &["notify", "run", "--config", "notify.toml"]).spawn().unwrap();
    fs::write(&pid, child.id().to_string()).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(9));
    assert_eq!(server.requests().len(), 2);
    let output = world.command(SENDER, &["notify", "run", "--config", "notify.toml"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let ids = ids(&server);
    assert_eq!(titles(&server), ["First", "Second", "Second", "Third"]);
    assert_eq!(ids[1], ids[2], "the repeated message has the same id");
    assert!(ids[0] != ids[1] && ids[1] != ids[3], "{ids:?}");
}

#[test]
fn two_processes_never_send_at_once() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    world.at_real_time();
    let stay = ["notify", "run", "--config", "notify.toml", "--stay", "--every", "1s"];
    let mut child = world.command(SENDER, &stay).spawn().unwrap();
    let lock = world.path(&format!("people/{SENDER}/.local/state/twinseal/{}/notices.lock", world.fingerprint()));
    let held = || fs::File::open(&lock).is_ok_and(|file| file.try_lock().is_err());
    for _ in 0..200 {
        if held() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    world.fails(SENDER, "notify run --config notify.toml", Exit::Environment, "by another process of this account");
    // The one that stays sees what is filed meanwhile.
    let now = world.now();
    let change = crate::support::CHANGE
        .replace("2026-12-01T10:00:00Z", &now.plus(7_200).to_string())
        .replace("2026-12-01T12:00:00Z", &now.plus(14_400).to_string());
    world.write("soon.toml", change);
    world.ok("erin", "file soon.toml");
    for _ in 0..200 {
        // Killed before it saves, it would send the message again.
        if !server.requests().is_empty() && status(&world, "ops")["waiting"] == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(titles(&server), ["Raise the pool"]);
    assert_eq!(run(&world).exit, Exit::Done, "the lock ended with the process");
    assert!(server.requests().is_empty());
}

#[test]
fn a_message_that_cannot_be_delivered_for_a_week_is_given_up_and_stays_visible() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    file(&world, "Raise the pool");
    server.always(Some(Answer::Drop));
    run(&world);
    world.at("2026-12-08T09:00:01Z");
    run(&world);
    let said = status(&world, "ops");
    assert_eq!((&said["waiting"], &said["refused"][0]["reason"]), (&0.into(), &"given up after a week".into()));
}

#[test]
fn no_notice_is_sent_from_a_log_that_lacks_what_was_noticed_before() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    world.ok("alice", "backup copy.db");
    file(&world, "Raise the pool");
    assert_eq!(told(&world, &server).len(), 1);
    let before = fs::read(world.path("prod.db")).unwrap();
    let command = "notify run --config notify.toml --register ./copy.db";
    let lost = "the log lacks entry 2, up to which notices were sent";
    world.fails(SENDER, command, Exit::Broken, lost);
    world.fails(SENDER, command, Exit::Broken, "hint: a backup or a restored register");
    assert!(server.requests().is_empty());
    // In the register itself nothing is sent twice after that.
    assert_eq!(fs::read(world.path("prod.db")).unwrap(), before);
    assert!(told(&world, &server).is_empty());
}

#[test]
fn a_busy_register_is_noticed_within_seconds() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    for n in 0..60 {
        file(&world, &format!("Change number {n}"));
    }
    let begun = Instant::now();
    assert_eq!(told(&world, &server).len(), 60);
    assert!(told(&world, &server).is_empty());
    // Half a second on a desktop of 2026, without optimisation.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
