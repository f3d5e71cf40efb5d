//! Clocks that are wrong: they stop nobody, and are reported.

use twinseal::error::Exit;

use super::scene::{STRANGER, Scene};

const NOW: &str = "2026-12-01T10:00:00Z";
const AHEAD: &str = "2027-12-01T10:00:00Z";
const BEHIND: &str = "2025-12-01T10:00:00Z";

/// Asserts that everybody can read, verify and record; returns what `verify` reports of clocks.
#[track_caller]
fn goes_on(scene: &Scene) -> Vec<String> {
    for person in ["erin", "carol", "dave", "frank", "alice", "audrey"] {
        for command in ["list", "show CHG-1", "inbox", "log", "note CHG-1 Seen.", "export jsonl"] {
            let output = scene.run(person, command);
            assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
        }
    }
    let notices = |person: &str| {
        let output = scene.run(person, "verify");
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        let lines = output.out.lines().filter_map(|line| line.strip_prefix("notice"));
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let said = notices("audrey");
    assert_eq!(notices(STRANGER), said, "it is said whether one remembers the register or not");
    said
}

#[test]
fn a_clock_that_runs_behind_stops_nobody_and_is_reported() {
    let scene = Scene::new();
    scene.at(BEHIND);
    scene.ok("erin", "note CHG-1 'A year behind.'");
    scene.at(NOW);
    let said = goes_on(&scene);
    assert_eq!(said.len(), 1, "{said:?}");
    let expected =
        format!("entry 10: [clock] erin claims {BEHIND}, more than 300 seconds behind what others had claimed");
    assert_eq!(said[0], expected);
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
}

#[test]
fn a_clock_that_ran_ahead_stops_nobody_and_is_reported_once_three_others_have_acted() {
    let scene = Scene::new();
    scene.at(AHEAD);
    scene.ok("erin", "note CHG-1 'A year ahead.'");
    scene.at(NOW);
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
    let said = goes_on(&scene);
    let expected =
        format!("entry 10: [clock] erin claims {AHEAD}, more than 300 seconds ahead of what others claimed after it");
    assert_eq!(said, [expected]);
    assert!(scene.ok("dave", "show CHG-2").contains("carol"), "the approval counts all the same");
}

#[test]
fn less_than_five_minutes_are_not_reported() {
    let scene = Scene::new();
    scene.at("2026-12-01T09:55:00Z");
    scene.ok("erin", "note CHG-1 'Five minutes behind.'");
    scene.at(NOW);
    assert_eq!(goes_on(&scene), Vec::<String>::new());
    scene.at("2026-12-01T09:54:59Z");
    scene.ok("erin", "note CHG-1 'A second more.'");
    let said = goes_on(&scene);
    assert!(said.iter().any(|line| line.contains("erin claims 2026-12-01T09:54:59Z")), "{said:?}");
}

#[test]
fn one_notice_names_a_run_of_entries_by_one_clock_and_hides_no_other() {
    let scene = Scene::new();
    for (person, time) in [("audrey", "9996-01-01T00:00:00Z"), ("alice", NOW), ("carol", NOW), ("dave", NOW)] {
        scene.at(time);
        scene.ok(person, "note CHG-1 Words.");
    }
    for (person, time) in
        [("erin", BEHIND), ("erin", BEHIND), ("alice", NOW), ("erin", BEHIND), ("erin", NOW), ("erin", BEHIND)]
    {
        scene.at(time);
        scene.ok(person, "note CHG-1 Words.");
    }
    scene.at(NOW);
    let said = scene.ok("audrey", "verify");
    let said: Vec<&str> = said.lines().filter(|line| line.contains("[clock]")).map(str::trim).collect();
    let behind = format!("erin claims {BEHIND}, more than 300 seconds behind what others had claimed");
    assert!(said.iter().any(|line| line.contains("entry 10: [clock] audrey claims 9996-")), "{said:#?}");
    let run = format!("entry 14: [clock] {behind}; so do their next entries: 15, 17");
    assert!(said.iter().any(|line| line.ends_with(&run)), "{said:#?}");
    let later = format!("entry 19: [clock] {behind}");
    assert!(said.iter().any(|line| line.ends_with(&later)), "{said:#?}");
    assert_eq!(said.len(), 3, "{said:#?}");
}

#[test]
fn a_readers_clock_changes_no_verdict() {
    for wrong in [AHEAD, BEHIND] {
        let scene = Scene::new();
        let filed = scene.filed.clone();
        scene.at(wrong);
        for person in ["audrey", STRANGER] {
            assert_eq!(scene.findings(person), Vec::<String>::new(), "{wrong}");
        }
        for command in ["list", "show CHG-1", "show CHG-2", "log", "inbox", "rebuild"] {
            scene.ok("carol", command);
        }
        // Only whoever judges by a wrong clock is stopped, and only where time is the question.
        let approved = scene.run("carol", &format!("approve CHG-2 --revision {filed}"));
        let expected = if wrong == AHEAD { Exit::Refused } else { Exit::Done };
        assert_eq!(approved.exit, expected, "{wrong}: {}", approved.screen);
        scene.at(NOW);
        scene.ok("dave", &format!("approve CHG-2 --revision {filed}"));
        assert_eq!(scene.findings("audrey"), Vec::<String>::new(), "{wrong}");
    }
}

#[test]
fn a_pin_from_a_wrong_clock_is_a_pin() {
    for wrong in [AHEAD, BEHIND] {
        let scene = Scene::new();
        scene.at(wrong);
        scene.ok("erin", "note CHG-1 Words.");
        scene.ok("carol", "list");
        scene.at(NOW);
        scene.ok("carol", "list");
        scene.tamper("DELETE FROM entry WHERE seq = 10");
        scene.stops("the log lacks entry 10");
    }
}
