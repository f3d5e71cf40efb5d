//! A sample is what its seed draws, and anybody can repeat the draw.

use sha2::{Digest as _, Sha256};
use twinseal::domain::{Digest, hex};
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
