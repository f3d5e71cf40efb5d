//! Notes and refused attempts do not push the revision out of sight of those who sign it.

use crate::support::World;
use twinseal::error::Exit;

fn page(world: &World) -> String {
    world.run_typing("carol", "approve CHG-1", &["no"]).err
}

#[test]
fn nobody_floods_the_page_above_the_question_with_notes() {
    let world = World::filed();
    let before = page(&world).lines().count();
    world.ok("dave", "note CHG-1 'The rollback was never tested.'");
    let long = vec!["x"; 2000].join("\n");
    for n in 0..30 {
        let note = ["note".to_owned(), "CHG-1".to_owned(), format!("{long} {n}")];
        assert_eq!(world.run_words("audrey", &note, None).exit, Exit::Done);
    }
    let shown = page(&world);
    assert!(shown.lines().count() < before + 200, "{shown}");
    assert!(shown.contains("the newest 10 of 31 notes; all: `twinseal show CHG-1`"), "{shown}");
    assert!(shown.contains("more characters)"), "{shown}");
    assert!(shown.contains("| The rollback was never tested."), "one person hides the note of another\n{shown}");
    let all = world.ok("carol", "show CHG-1");
    assert!(all.lines().count() > 30 * 2000 && all.contains("| x 29") && !all.contains("more characters)"));
}

#[test]
fn nobody_floods_the_page_above_the_question_with_refused_attempts() {
    let world = World::filed();
    let before = page(&world).lines().count();
    for minute in 0..20 {
        world.at(&format!("2026-12-01T09:{minute:02}:00Z"));
        world.ok("erin", "revise CHG-1 change.toml --again");
        let output = world.run("erin", "start CHG-1");
        assert!(output.err.contains("recorded as entry"), "{}", output.screen);
    }
    let shown = page(&world);
    assert!(shown.contains("the newest 10 of 20 refused attempts; all: `twinseal show CHG-1`"), "{shown}");
    assert!(shown.lines().count() < before + 40, "{shown}");
}
