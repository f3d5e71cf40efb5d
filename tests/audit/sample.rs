//! A sample is what its seed draws, and anybody can repeat the draw.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use twinseal::domain::{Digest, Drawn, Event, Sample, hex};
use twinseal::error::Exit;

use super::{DAY, carry_out, each, read};
use crate::support::World;

/// CHG-1 to CHG-5; CHG-4 is an emergency.
fn five() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    for n in 2..=5 {
        let kind = if n == 4 { "\"emergency\"" } else { "\"normal\"" };
        carry_out(&world, &format!("CHG-{n}"), |it| {
            it.replace("\"normal\"", kind).replace("Raise the pool", &format!("<b>Pool & {n}</b>"))
        });
    }
    world
}

#[test]
fn the_sample_is_what_the_seed_draws_from_every_ordinary_change() {
    let world = five();
    let drawn = read(&world, &format!("audit sample --seed 'dice 416' --size 3 {DAY}"));
    // By hand, from the entries of the starts.
    let population = read(&world, &format!("audit population {DAY}"));
    let mut ranked: Vec<(String, String)> = Vec::new();
    for it in population["changes"].as_array().unwrap().iter().filter(|it| it["change"] != "CHG-4") {
        let leaf: Digest = world.raw(it["seq"].as_u64().unwrap()).leaf();
        assert_eq!(it["leaf"], leaf.to_string());
        let rank = Sha256::new().chain_update("dice 416").chain_update(leaf.as_bytes()).finalize();
        ranked.push((hex(&rank), it["change"].as_str().unwrap().to_owned()));
    }
    ranked.sort();
    let expected: Vec<&str> = ranked.iter().take(3).map(|(_, id)| id.as_str()).collect();
    assert_eq!(each(&drawn["sample"], "change"), expected);
    assert_eq!(drawn["sample"][0]["rank"], ranked[0].0);
    assert_eq!((&drawn["drawn_from"], each(&drawn["whole"], "change")), (&4.into(), vec!["CHG-4"]));
    assert_eq!(drawn["log"], population["log"]);
    // A larger sample has all of the smaller one.
    let all = read(&world, &format!("audit sample --seed 'dice 416' --size 99 {DAY}"));
    assert_eq!(each(&all["sample"], "change")[..3], expected);
    assert_eq!(all["sample"].as_array().unwrap().len(), 4);
}

#[test]
fn no_title_is_markup_or_a_formula_in_a_worksheet() {
    let world = five();
    carry_out(&world, "CHG-6", |it| it.replace("Raise the pool", "=1+{TABLES}{LANG}"));
    let csv = world.ok("audrey", &format!("audit sample --seed 1 --html sheet.html --csv {DAY}"));
    assert!(csv.contains("'=1+{TABLES}{LANG}") && csv.lines().count() == 1 + 6, "{csv}");
    let page = std::fs::read_to_string(world.path("sheet.html")).unwrap();
    assert!(page.contains("&lt;b&gt;Pool &amp; 2&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    assert!(page.contains("=1+&#123;TABLES}&#123;LANG}") && page.matches("<table>").count() == 2, "{page}");
    assert!(!page.contains("script") && page.contains("default-src 'none'"), "{page}");
    // A worksheet that was filled in is never overwritten.
    world.fails("audrey", &format!("audit sample --seed 1 --html sheet.html {DAY}"), Exit::Invalid, "sheet.html");
}

#[test]
fn no_sample_is_drawn_without_a_seed() {
    let world = World::founded();
    world.fails("audrey", &format!("audit sample {DAY}"), Exit::Invalid, "--seed");
    world.fails("audrey", &format!("audit sample --seed '' {DAY}"), Exit::Invalid, "empty");
}

/// The SHA-256 of the seed and something, in hexadecimal.
fn rank(seed: &str, leaf: &[u8]) -> String {
    hex(&Sha256::new().chain_update(seed).chain_update(leaf).finalize())
}

#[test]
fn a_second_draw_is_seen() {
    let world = five();
    let line = format!("audit sample --seed 'dice 416' --size 2 --record {DAY}");
    let first = read(&world, &line);
    let at = world.entries() - 1;
    assert_eq!((&first["recorded"]["seq"], &first["earlier"]), (&at.into(), &serde_json::json!([])));
    let stated = &first["recorded"]["event"];
    assert_eq!((&stated["seed"], &stated["of"], &stated["size"]), (&"dice 416".into(), &4.into(), &at.into()));
    let mut drawn: Vec<String> = each(&first["sample"], "change").iter().map(ToString::to_string).collect();
    drawn.sort_unstable();
    assert_eq!(stated["drawn"], serde_json::json!(drawn));
    // The log goes on, and the first draw stays what its seed draws.
    carry_out(&world, "CHG-6", |it| it.replace("Raise the pool", "Pool 6"));
    let second = read(&world, &line.replace("416", "417"));
    let earlier = &second["earlier"];
    assert_eq!(
        (&earlier[0]["seq"], &earlier[0]["repeats"], earlier.as_array().unwrap().len()),
        (&at.into(), &true.into(), 1)
    );
    let shown = world.ok("audrey", &line.replace(" --record", ""));
    assert!(shown.contains("2 of 4 by the seed dice 416") && shown.contains("2 of 5 by the seed dice 417"), "{shown}");
    assert!(!shown.contains("its seed draws others"), "{shown}");
    // Whoever is handed a worksheet sees it too.
    let csv = world.run("audrey", &format!("{line} --csv --html sheet.html").replace(" --record", ""));
    assert!(csv.err.contains("recorded before: entry") && !csv.out.contains("recorded"), "{}", csv.screen);
    let page = std::fs::read_to_string(world.path("sheet.html")).unwrap();
    assert!(page.contains("2 of 4 by the seed dice 416") && page.contains("2 of 5 by the seed dice 417"), "{page}");
    // Of another day nobody drew.
    let other = DAY.replace("12-02", "12-03").replace("12-01", "12-02");
    assert_eq!(read(&world, &format!("audit sample --seed 1 {other}"))["earlier"], serde_json::json!([]));
}

#[test]
fn a_recorded_sample_that_its_seed_does_not_draw_is_named() {
    let world = five();
    let honest = read(&world, &format!("audit sample --seed chosen --size 2 {DAY}"));
    let drawn = each(&honest["sample"], "change");
    let others = ["CHG-1", "CHG-2", "CHG-3", "CHG-5"].iter().filter(|it| !drawn.contains(it));
    let sample = Sample {
        log: world.state().roots().unwrap().log,
        period: "2026-12-01T00:00:00Z 2026-12-02T00:00:00Z".parse().unwrap(),
        seed: "chosen".parse().unwrap(),
        of: 4,
        drawn: Drawn::Changes(others.map(|it| it.parse().unwrap()).collect()),
    };
    world.force("audrey", Event::Sample(Box::new(sample)), None);
    let shown = world.ok("audrey", &format!("audit sample --seed chosen --size 2 {DAY}"));
    assert!(shown.contains("2 of 4 by the seed chosen; its seed draws others"), "{shown}");
}

#[test]
fn a_sample_of_deployments_is_drawn_from_a_list_that_was_reconciled() {
    let world = five();
    let row = |n: u32, change: &str| format!("{n},2026-12-01T10:00:00Z,order-gateway,{change}\n");
    let rows: Vec<String> = (1..=5).map(|n| row(n, &format!("CHG-{n}"))).chain([row(6, "")]).collect();
    let list = format!("ref,time,service,change\n{}7,2026-12-01T23:00:00Z,ledger,\n", rows.concat());
    world.write("list.csv", &list);
    let line = format!("audit sample --seed 416 --size 2 --deployments list.csv {DAY}");
    world.fails("audrey", &format!("{line} --record"), Exit::Invalid, "no reconciliation with this list is recorded");
    let found = read(&world, &format!("audit reconcile list.csv {DAY} --record"));
    let stated = &found["recorded"]["event"];
    let digest = Sha256::digest(&list);
    assert_eq!(stated["input"], hex(&digest));
    assert_eq!((&stated["matched"], &stated["unauthorised"]), (&6.into(), &1.into()));
    let drawn = read(&world, &format!("{line} --record"));
    // By hand: the header is row 1.
    let leaf = |n: u64| Sha256::new().chain_update(digest).chain_update(n.to_string()).finalize();
    let mut ranked: Vec<(String, u64)> = (2..=7).map(|n| (rank("416", &leaf(n)), n)).collect();
    ranked.sort();
    let numbers: Vec<u64> = drawn["sample"].as_array().unwrap().iter().map(|it| it["row"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [ranked[0].1, ranked[1].1]);
    assert_eq!((&drawn["whole"][0]["row"], &drawn["drawn_from"]), (&8.into(), &6.into()));
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    assert_eq!((&drawn["recorded"]["event"]["drawn"], &drawn["input"]), (&sorted.into(), &hex(&digest).into()));
    let csv = world.ok("audrey", &format!("{line} --csv --html rows.html"));
    assert!(csv.starts_with("part,rank,row,ref,time,") && csv.contains("whole,,8,7,"), "{csv}");
    assert_eq!(std::fs::read_to_string(world.path("rows.html")).unwrap().matches("<tr>").count(), 2 + 3);
    // The same list, saved again, is another one. What was drawn from the first is shown with it.
    world.write("again.csv", list.replace(",ledger,", ",\"ledger\","));
    let again = line.replace("list.csv", "again.csv").replace("416", "417");
    let shown = world.ok("audrey", &again);
    assert!(shown.contains("2 of 6 by the seed 416; from another list"), "{shown}");
    assert_eq!(read(&world, &again)["earlier"][0]["repeats"], Value::Null);
    assert_eq!(read(&world, &line.replace("416", "417"))["earlier"][0]["repeats"], true);
    // What nobody drew by the seed is named here too.
    let drawn = Drawn::Rows {
        input: Digest::new(digest.into()),
        rows: (2..=7).filter(|n| !numbers.contains(n)).take(2).collect(),
    };
    let log = world.state().roots().unwrap().log;
    let period = "2026-12-01T00:00:00Z 2026-12-02T00:00:00Z".parse().unwrap();
    let forged = Sample { log, period, seed: "416".parse().unwrap(), of: 6, drawn };
    world.force("audrey", Event::Sample(Box::new(forged)), None);
    let shown = world.ok("audrey", &line);
    assert!(shown.contains("its seed draws others from the log as it is now"), "{shown}");
    // The samples of the register are others.
    assert_eq!(read(&world, &format!("audit sample --seed 1 {DAY}"))["earlier"], serde_json::json!([]));
}

#[test]
fn nothing_is_recorded_by_a_draw_that_fails() {
    let world = five();
    world.write("sheet.html", "filled in");
    let before = world.entries();
    let line = format!("audit sample --seed 416 --record {DAY}");
    world.fails("audrey", &format!("{line} --html sheet.html"), Exit::Invalid, "sheet.html");
    world.fails("audrey", &format!("{line} --size 0"), Exit::Invalid, "0");
    world.fails("audrey", &format!("{line} --map map.toml"), Exit::Invalid, "--deployments");
    world.write("none.csv", "time,service\n");
    world.fails("audrey", "audit reconcile none.csv --record", Exit::Invalid, "give --from and --to");
    world.fails("erin", &line, Exit::Refused, "erin is not an auditor");
    assert_eq!(world.entries(), before);
}
