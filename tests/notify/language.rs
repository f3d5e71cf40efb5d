//! Each target is written to in its own language.

use std::fs;

use serde_json::Value;
use twinseal::error::Exit;
use twinseal::lang::Lang;

use super::server::{Request, Server};
use super::{SENDER, file, run, secrets, sender};
use crate::support::World;

/// The rules that docs/notices.md shows for two languages.
fn documented() -> String {
    let page = fs::read_to_string("docs/notices.md").unwrap();
    let blocks = page.split("```toml\n").skip(1).map(|it| it.split("```").next().unwrap());
    blocks.filter(|it| it.contains("zh-CN")).map(str::to_owned).next().unwrap()
}

/// What a chat was sent last, by the path of its URL.
fn said(requests: &[Request], path: &str) -> String {
    let sent = requests.iter().rfind(|it| it.path == path).unwrap().json();
    let text = [&sent["text"]["content"], &sent["text"]].into_iter().find_map(Value::as_str);
    text.unwrap().to_owned()
}

#[test]
fn one_round_writes_chinese_to_one_target_and_english_to_another() {
    for account in [Lang::En, Lang::Zh] {
        let (world, server) = (World::founded(), Server::new());
        let url = |name: &str| format!("{name} = \"http://127.0.0.1:{}/{name}\"\n", server.port);
        secrets(&world, &[url("changes"), url("ops-cn")].concat());
        let rules = documented().replace("notify.secrets", "secrets");
        world.write("notify.toml", rules.replace("lang = \"zh-CN\"", "lang = \"zh-CN\"\ndetails = true"));
        sender(&world);
        world.speak(account);
        world.ok(SENDER, "notify run --config notify.toml");
        assert!(server.take().is_empty());
        file(&world, "Raise the pool");
        assert_eq!(run(&world).exit, Exit::Done);
        let sent = server.take();
        assert_eq!(
            said(&sent, "/changes"),
            "［prod］ CHG-1 awaiting approval\nRaise the pool\nrisk: high\nwindow opens 2026-12-01T10:00:00Z\n\
             twinseal approve CHG-1"
        );
        assert_eq!(
            said(&sent, "/ops-cn"),
            "［prod］ CHG-1 待审批\nRaise the pool\n风险：高\n窗口开始：2026-12-01T10:00:00Z\n变更负责人：erin\n\
             服务：order-gateway\ntwinseal approve CHG-1"
        );
        world.ok("alice", "proposal redact 2 --reason 'It names a customer.'");
        assert_eq!(run(&world).exit, Exit::Done);
        let sent = server.take();
        let second = said(&sent, "/changes");
        assert!(second.starts_with("［prod］ proposal 1 awaiting a second\n"), "{second}");
        let second = said(&sent, "/ops-cn");
        assert!(second.starts_with("［prod］ 提案 1 待附议\n") && second.contains("\n提案失效："), "{second}");
        world.approve("carol", "CHG-1");
        world.approve("dave", "CHG-1");
        world.at("2026-12-01T10:00:00Z");
        world.ok("erin", "start CHG-1");
        world.ok("erin", "finish CHG-1 --outcome rolled-back --note 'It failed.'");
        assert_eq!(run(&world).exit, Exit::Done);
        let sent = server.take();
        let finished = said(&sent, "/changes");
        assert!(finished.starts_with("［prod］ erin finished CHG-1: rolled-back\n"), "{finished}");
        let finished = said(&sent, "/ops-cn");
        assert!(finished.starts_with("［prod］ erin 完成了 CHG-1：已回退\n"), "{finished}");
    }
}

#[test]
fn a_refusal_is_kept_without_a_language_and_shown_in_that_of_the_reader() {
    let (world, server) = (World::founded(), Server::new());
    let url = |name: &str| format!("{name} = \"http://127.0.0.1:{}/{name}\"\n", server.port);
    secrets(&world, &[url("changes"), url("ops-cn")].concat());
    world.write("notify.toml", documented().replace("notify.secrets", "secrets"));
    sender(&world);
    world.ok(SENDER, "notify run --config notify.toml");
    server.always(Some(super::server::Answer::status("404 Not Found")));
    world.speak(Lang::Zh);
    file(&world, "Raise the pool");
    let output = run(&world);
    assert!(output.err.contains("警告：changes 拒收 CHG-1：其应答为 HTTP 404"), "{}", output.err);
    let status = "notify status --config notify.toml";
    assert!(world.ok(SENDER, status).contains("changes 拒收 CHG-1：其应答为 HTTP 404"));
    assert!(world.ok(SENDER, &format!("--json {status}")).contains("\"it answers HTTP 404\""));
    world.speak(Lang::En);
    assert!(world.ok(SENDER, status).contains("changes refused CHG-1: it answers HTTP 404"));
}

#[test]
fn the_language_of_a_webhook_is_not_chosen() {
    let world = World::founded();
    secrets(&world, "ops = \"the key of ops\"\n");
    let rules = super::rules(9, super::ALL);
    world.write("notify.toml", rules.replace("[[rules]]", "lang = \"zh-CN\"\n[[rules]]"));
    let output = world.run(SENDER, "notify check notify.toml");
    assert_eq!(output.exit, Exit::Invalid);
    assert!(output.err.contains("a target of type webhook does not have lang"), "{}", output.err);
    world.write("notify.toml", rules.replace("[[rules]]", "lang = \"fr\"\n[[rules]]"));
    let output = world.run(SENDER, "notify check notify.toml");
    assert!(output.err.contains("must be en or zh-CN"), "{}", output.err);
}
