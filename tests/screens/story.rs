//! A register in the middle of a day, with changes in every state, and the pages that people see of it.

use twinseal::error::Exit;

use super::{CHANGE, world};
use crate::support::{Output, World, words};

/// The members: id, roles, name.
const MEMBERS: [(&str, &str, &str); 8] = [
    ("alice", "admin", "Alice Okafor"),
    ("bob", "admin", "李波 (Bob Li)"),
    ("erin", "engineer", "Erin Smith"),
    ("maximiliana-oberhuber", "engineer", "Maximiliana von Oberhuber"),
    ("carol", "approver", "陈卡罗 🐼"),
    ("dave", "approver", "Dave"),
    ("ivy", "approver", "Ivy"),
    ("audrey", "auditor", "Audrey"),
];

const POLICY: &str = r#"
approvals = 2
approval_days = 10

[[require]]
name = "high-risk"
when = { risk = ["high", "critical"] }
from = [{ group = "trading-desk", count = 1 }]
fields = ["abort-if"]
"#;

const FREEZE: &str = r#"
name = "year-end"
exception_group = "trading-desk"
known_until = "complete"
reason = "年终决算：结算系统封网。The books of the year are closed."
scope = { service = ["ledger"] }

[[periods]]
name = "New Year"
from = "2026-12-31T10:00:00Z"
until = "2027-01-04T01:00:00Z"
"#;

/// The change with another title, service and window.
fn variant(title: &str, service: &str, window: (&str, &str)) -> String {
    let title = format!("title = {title:?}");
    let lines = CHANGE.lines().map(|line| if line.starts_with("title = ") { title.as_str() } else { line });
    let text = lines.collect::<Vec<_>>().join("\n").replace("\"order-gateway\"]", &format!("{service:?}]"));
    text.replace("2026-12-01T10:00:00Z", window.0).replace("2026-12-01T12:00:00Z", window.1)
}

/// The drafts of the story.
fn drafts(world: &World) {
    let targets =
        "targets = [\"order-gateway-shanghai-pudong-01.trading.example\", \"gw-02\"]\nstop_after = 1\nreason =";
    world.write("pool.toml", CHANGE.replace("reason =", targets));
    world.write("pool-140.toml", CHANGE.replace("reason =", targets).replace("160", "140"));
    let today = ("2026-12-01T09:30:00Z", "2026-12-01T11:30:00Z");
    let failover = variant("Market data: fail over to the feed handler in Hong Kong", "market-data", today);
    let failover = failover.replace("owner = \"erin\"", "owner = \"maximiliana-oberhuber\"");
    world.write("failover.toml", failover.replace("\"normal\"", "\"emergency\"").replace("\"high\"", "\"critical\""));
    world.write(
        "vwap.toml",
        variant("VWAP: cap child orders at 2 % of the book", "algo-vwap", today).replace("high", "low"),
    );
    let january = ("2027-01-05T20:00:00+08:00", "2027-01-05T22:00:00+08:00");
    world.write("ledger.toml", variant("结算系统：升级数据库至 17.2，并重建索引", "ledger", january));
    world.write(
        "purge.toml",
        variant("Archive: drop the partitions of 2019", "archive", january).replace("high", "medium"),
    );
    world.write("policy.toml", POLICY);
    world.write("freeze.toml", FREEZE);
    let bad = CHANGE.replace("kind = \"normal\"", "kind = \"normaal\"").replace("minutes = 5", "minutes = 500");
    world.write("bad.toml", bad.replace("owner = \"erin\"", "owner = \"erinn\""));
}

/// A second by bob of the newest proposal.
fn second(world: &World) {
    let (number, opened) = (world.state().governance().proposals(), world.newest_proposal().opened);
    world.ok("bob", &format!("proposal second {number} --digest {opened}"));
}

/// A founded register in which every account has verified everything.
fn founded() -> World {
    let world = world();
    for (person, roles, name) in MEMBERS {
        world.person(person);
        world.ok(
            person,
            &format!("person request {person} --name '{name}' --register prod --role {roles} --out {person}.request"),
        );
    }
    let members: Vec<String> =
        MEMBERS.iter().map(|(person, roles, _)| format!("--member {person}={person}.request:{roles}")).collect();
    world.ok("alice", &format!("init --name prod --register prod.db {}", members.join(" ")));
    let fingerprint = world.fingerprint();
    world.ok("bob", &format!("seal --fingerprint {fingerprint} --digest {fingerprint}"));
    for (person, ..) in MEMBERS {
        world.ok(person, &format!("list --fingerprint {fingerprint}"));
    }
    world
}

/// The register at 09:40: two changes await approval, one is in progress, one was rejected, one withdrawn; a
/// break-glass is open, and a service is frozen.
pub fn morning() -> World {
    let world = founded();
    drafts(&world);
    for proposal in ["policy propose policy.toml", "freeze propose freeze.toml"] {
        world.ok("alice", proposal);
        second(&world);
    }
    for person in ["carol", "ivy"] {
        world.ok("alice", &format!("person grant {person} approver --group trading-desk --reason 'On the desk.'"));
        second(&world);
    }
    world.ok("erin", "file pool.toml");
    world.approve("carol", "CHG-1");
    world.ok("erin", "revise CHG-1 pool-140.toml");
    world.ok("maximiliana-oberhuber", "file failover.toml");
    for draft in ["vwap", "ledger", "purge"] {
        world.ok("erin", &format!("file {draft}.toml"));
    }
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-3");
    }
    world.ok("erin", "approve CHG-1 --detached ivy.approval --for ivy");
    world.ok("dave", "reject CHG-4 --reason 'Not in the first week of the year. 请改到一月十五日之后。'");
    world.ok("erin", "withdraw CHG-5 --reason 'The partitions are still read.'");
    world.at("2026-12-01T09:35:00Z");
    world.ok("erin", "start CHG-3");
    let reason = "盘中行情中断；Restarting the feed handler by hand, as INC-2214 says.";
    world.ok(
        "maximiliana-oberhuber",
        &format!("breakglass open --incident INC-2214 --service market-data --change CHG-2 --reason '{reason}'"),
    );
    world.ok("alice", "freeze now --service ledger --for 2h --reason 'INC-2215: figures are wrong.'");
    world.at("2026-12-01T09:40:00Z");
    world
}

/// What people wrote in the story.
pub fn written() -> String {
    let source = include_str!("story.rs");
    source.split('"').skip(1).step_by(2).collect::<Vec<_>>().join("\n")
}

/// A page of the story.
pub struct Shot {
    pub name: &'static str,
    pub person: &'static str,
    pub line: &'static str,
    /// What the person types at the questions; `None` is no terminal to ask at.
    pub typed: Option<&'static [&'static str]>,
    pub exit: Exit,
}

const fn shot(name: &'static str, person: &'static str, line: &'static str) -> Shot {
    Shot { name, person, line, typed: None, exit: Exit::Done }
}

const fn asked(name: &'static str, person: &'static str, line: &'static str, typed: &'static [&'static str]) -> Shot {
    Shot { typed: Some(typed), ..shot(name, person, line) }
}

const fn refused(name: &'static str, person: &'static str, line: &'static str, exit: Exit) -> Shot {
    Shot { exit, ..shot(name, person, line) }
}

/// The pages, in an order in which each ends as it should.
pub const SHOTS: &[Shot] = &[
    shot("home-approver", "carol", ""),
    shot("home-engineer", "erin", ""),
    shot("inbox-approver", "carol", "inbox"),
    shot("inbox-engineer", "erin", "inbox"),
    shot("list-all-states", "audrey", "list"),
    shot("list-none", "audrey", "list --owner dave"),
    shot("show-revised", "carol", "show CHG-1"),
    shot("show-in-progress", "carol", "show CHG-3"),
    shot("show-rejected", "erin", "show CHG-4"),
    shot("diff-revised", "carol", "diff CHG-1"),
    shot("person-list-names", "carol", "person list"),
    shot("breakglass-list-open", "carol", "breakglass list"),
    shot("freeze-list-both", "carol", "freeze list"),
    shot("policy-explain-change", "carol", "policy explain"),
    refused("gate-closed", "erin", "gate CHG-1 --target gw-02", Exit::Refused),
    refused("freeze-check-closed", "erin", "freeze check now --service ledger", Exit::Refused),
    refused("start-refused", "erin", "start CHG-1 --target gw-02", Exit::Refused),
    refused("show-unknown", "erin", "show CHG-77", Exit::Invalid),
    refused("check-faults", "erin", "check bad.toml", Exit::Invalid),
    refused("command-unknown", "erin", "aprove CHG-1", Exit::Invalid),
    Shot { exit: Exit::Refused, ..asked("approve-own", "erin", "approve CHG-1", &[]) },
    asked("approve-page", "carol", "approve CHG-1", &["d", "CHG-1"]),
    asked("approve-sign", "ivy", "approve --sign ivy.approval", &["CHG-1"]),
    Shot { exit: Exit::Refused, ..asked("approve-several", "ivy", "approve CHG-1 CHG-2", &["s", "CHG-2"]) },
    asked("reject-page", "dave", "reject CHG-1", &["The pool is too large for one node."]),
    asked("finish-asked", "erin", "finish CHG-3", &["succeeded"]),
];

/// Whether a line has a question and the answer that was typed, which a terminal folds by itself.
pub fn is_answered(line: &str) -> bool {
    let typed = SHOTS.iter().filter_map(|shot| shot.typed).flatten();
    typed.into_iter().any(|answer| [": ", "："].iter().any(|colon| line.ends_with(&format!("{colon}{answer}"))))
}

/// Shows a page on a terminal of this many columns, or in a pipe.
#[track_caller]
pub fn show(world: &World, shot: &Shot, width: Option<u16>) -> Output {
    world.columns(width);
    let output = world.run_words(shot.person, &words(shot.line), shot.typed);
    world.columns(None);
    assert_eq!(output.exit, shot.exit, "{}, {width:?}\n{}", shot.line, output.screen);
    assert_eq!((output.unanswered.len(), output.unasked.len()), (0, 0), "{}\n{}", shot.line, output.screen);
    output
}
