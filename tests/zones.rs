//! People read times in the zone that they set. JSON, CSV and what is signed stay in UTC.

use crate::support::{CHANGE, FREEZE, World};
use twinseal::domain::Time;
use twinseal::error::Exit;

/// Commands whose pages have times, and that succeed.
const PAGES: [&str; 19] = [
    "log",
    "show CHG-1",
    "show CHG-1 --as-of 6",
    "show CHG-2 --revision 1",
    "list",
    "list --as-of 6",
    "inbox --as dave",
    "",
    "freeze list",
    "freeze show month-end",
    "freeze show now-7",
    "breakglass list",
    "breakglass show BG-1",
    "person list",
    "person list --as-of 6",
    "person show frank",
    "proposal list",
    "proposal show 1",
    "policy show",
];

fn world() -> World {
    let world = World::founded();
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.write("freeze.toml", FREEZE);
    world.ok("alice", "freeze propose freeze.toml");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    world.ok("alice", "freeze now --reason INC-1 --service ledger --for 90m");
    world.write("second.toml", CHANGE.replace("Raise the pool", "Lower the pool"));
    world.ok("erin", "file second.toml --again");
    world.ok("erin", "breakglass open --incident INC-1 --service ledger --reason Now.");
    world.ok("erin", "person request frank --out frank.request --key people/erin/key");
    world
}

/// The times in UTC that are the program's own words: not behind a gutter and not in a command.
fn in_utc(page: &str) -> Vec<String> {
    let own =
        page.lines().filter(|line| !["= ", "=…", "| ", "|…", "> ", ">…", "$ "].iter().any(|it| line.starts_with(it)));
    let outside = own.flat_map(|line| line.split('`').step_by(2));
    let words = outside.flat_map(|words| words.split([' ', ',', ';', ')', '(']));
    words
        .map(|word| word.trim_end_matches([':', '.']))
        .filter(|it| it.parse::<Time>().is_ok())
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_page_shows_a_time_in_utc_to_somebody_with_another_zone() {
    let world = world();
    let mut local = 0;
    for page in PAGES.iter().filter(|it| !it.contains("frank")) {
        world.variable("dave", "TZ", None);
        let utc = world.run("dave", page);
        world.variable("dave", "TZ", Some("Asia/Shanghai"));
        let here = world.run("dave", page);
        assert_eq!(here.exit, Exit::Done, "{page}: {}", here.screen);
        assert_eq!(in_utc(&here.screen), Vec::<String>::new(), "{page}: {}", here.screen);
        assert!(!here.screen.contains("+00:00"), "{page}: {}", here.screen);
        let times = in_utc(&utc.screen).len();
        assert!(here.screen.matches(" +08:00").count() >= times, "{page}: {}", here.screen);
        local += times;
    }
    assert!(local > 30, "{local}");
}

#[test]
fn json_and_csv_are_the_same_in_every_zone() {
    let world = world();
    let told = |command: &str| world.run("dave", command).out;
    for command in PAGES.iter().map(|page| format!("--json {page}")).chain(["export csv".to_owned()]) {
        world.variable("dave", "TZ", None);
        let utc = told(&command);
        world.variable("dave", "TZ", Some("Asia/Shanghai"));
        assert_eq!(told(&command), utc, "{command}");
    }
}

#[test]
fn refusals_and_the_gate_name_times_in_the_zone_and_how_far_away_they_are() {
    let world = world();
    world.variable("erin", "TZ", Some("Asia/Shanghai"));
    world.fails("erin", "start CHG-1", Exit::Refused, "2026-12-01 18:00 +08:00");
    let gate = world.run("erin", "gate CHG-1");
    assert!(gate.out.contains("2026-12-01 18:00 +08:00") && gate.out.contains("; opens in 1 h"), "{}", gate.screen);
    assert_eq!(in_utc(&gate.out), Vec::<String>::new(), "{}", gate.screen);
    let check = world.run("erin", "freeze check '2026-12-01 19:30'");
    let closed = "month-end closed from 2026-12-01 19:00 +08:00 to 2026-12-01 20:00 +08:00 (noon); ends in 3 h\n";
    assert!(check.out.contains(closed), "{}", check.screen);
    let world = World::approved();
    world.variable("erin", "TZ", Some("Asia/Shanghai"));
    world.at("2026-12-01T10:10:00Z");
    let gate = world.ok("erin", "gate CHG-1");
    assert!(gate.contains("until 2026-12-01 20:00 +08:00, in 1 h 50 min"), "{gate}");
    assert!(gate.contains("last moment to start 2026-12-01 19:55 +08:00, in 1 h 45 min"), "{gate}");
    // What a pipeline reads stays as it is.
    let gate: serde_json::Value = serde_json::from_str(&world.ok("erin", "--json gate CHG-1")).unwrap();
    let details: Vec<&str> =
        gate["conditions"].as_array().unwrap().iter().map(|it| it["detail"].as_str().unwrap()).collect();
    assert!(details.contains(&"until 2026-12-01T12:00:00Z"), "{details:?}");
}

#[test]
fn above_a_signature_the_exact_time_in_utc_stands_beside() {
    let world = world();
    world.variable("alice", "TZ", Some("Asia/Shanghai"));
    let output = world.run_typing("alice", "freeze now --reason INC-1 --service other --for 90m", &["no"]);
    let until = "about to sign: a freeze until 2026-12-01 18:30 +08:00 (2026-12-01T10:30:00Z)";
    assert!(output.err.contains(until), "{}", output.screen);
    world.variable("dave", "TZ", Some("Asia/Shanghai"));
    let output = world.run_typing("dave", "approve CHG-2", &["no"]);
    assert!(output.err.contains("last moment to start: 2026-12-01 19:55 +08:00, in 2 h 55 min"), "{}", output.screen);
    assert!(output.err.contains("2026-12-01T10:00:00Z"), "{}", output.screen);
}

#[test]
fn a_zone_is_taken_from_the_option_the_configuration_or_the_variable() {
    let world = world();
    let first = |command: &str| world.ok("dave", command).lines().nth(2).unwrap().to_owned();
    assert!(first("log").contains("  2026-12-01T09:00:00Z  "));
    world.variable("dave", "TZ", Some("Asia/Tokyo"));
    assert!(first("log").contains("  2026-12-01 18:00:00 +09:00  "));
    world.ok("dave", "config set zone Asia/Shanghai");
    assert!(first("log").contains("  2026-12-01 17:00:00 +08:00  "));
    assert!(first("log --zone Europe/Berlin").contains("  2026-12-01 10:00:00 +01:00  "));
    assert!(first("log --zone UTC").contains("  2026-12-01T09:00:00Z  "));
    // A zone that does not exist keeps nobody from reading.
    world.ok("dave", "config unset zone");
    world.variable("dave", "TZ", Some("Nowhere/Else"));
    assert!(first("log").contains("  2026-12-01T09:00:00Z  "));
}
