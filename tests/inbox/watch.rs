//! `inbox --watch` shows what is new, and ends when the register is gone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::support::{CHANGE, World, words};
use twinseal::error::Exit;

/// What somebody does while carol watches.
type Act = Box<dyn FnOnce(&World)>;

/// Runs a command of carol's; at each turn of its sleep the next of these acts is done.
fn watched(world: &Rc<World>, command: &str, width: Option<u16>, acts: Vec<Act>) -> crate::support::Output {
    let (mut env, recording) = world.env("carol", None);
    (env.width, env.colour) = (width, width.is_some());
    let (here, mut acts) = (Rc::clone(world), acts.into_iter());
    env.sleep = Box::new(move |time| {
        let later = here.now().plus(time.as_secs().try_into().unwrap());
        here.at(&later.to_string());
        acts.next().expect("nobody stopped watching")(&here);
    });
    World::run_in(&mut env, &recording, &words(command))
}

fn act(act: impl FnOnce(&World) + 'static) -> Act {
    Box::new(act)
}

fn file(world: &World) {
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml --again");
}

fn remove(world: &World) {
    fs::remove_file(world.path("prod.db")).unwrap();
}

#[test]
fn new_items_are_lines_and_a_removed_register_ends_it() {
    let world = Rc::new(World::filed());
    let acts = vec![act(|_| ()), act(file), act(|world| world.approve("dave", "CHG-1")), act(|_| ()), act(remove)];
    let output = watched(&world, "inbox --watch", None, acts);
    assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", output.screen);
    assert!(lines[0].starts_with("2026-12-01T09:00:00Z  approve CHG-1: high; 0 of 2 approvals; window opens in 1 h"));
    assert!(lines[1].starts_with("2026-12-01T09:00:04Z  approve CHG-2: high;"), "{}", output.screen);
    assert!(output.err.contains("prod.db"), "{}", output.screen);
}

#[test]
fn new_items_are_json_documents_for_programs() {
    let world = Rc::new(World::filed());
    let output = watched(&world, "--json inbox --watch", None, vec![act(file), act(remove)]);
    let lines: Vec<serde_json::Value> = output.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}", output.screen);
    assert_eq!((&lines[0]["item"]["subject"], &lines[1]["item"]["subject"]), (&"CHG-1".into(), &"CHG-2".into()));
    assert_eq!(lines[1]["time"], "2026-12-01T09:00:02Z");
    assert_eq!(lines[2]["error"]["exit"], 4);
}

#[test]
fn the_page_is_drawn_over_itself_and_rings_only_for_something_new() {
    let world = Rc::new(World::filed());
    let mut acts = vec![act(file)];
    // Nothing happens for a minute, then the countdown is shown again.
    acts.extend((0..30).map(|_| act(|_| ())));
    acts.push(act(remove));
    let output = watched(&world, "inbox --watch", Some(80), acts);
    let pages: Vec<&str> = output.out.split("inbox of carol at ").skip(1).collect();
    assert_eq!(pages.len(), 3, "{}", output.screen);
    assert!(pages[0].contains("changes to approve (1)") && pages[1].contains("changes to approve (2)"));
    assert!(
        pages[2].starts_with("2026-12-01T09:01:02Z") && pages[2].contains("window opens in 58 min"),
        "{}",
        pages[2]
    );
    assert_eq!(output.out.matches('\u{7}').count(), 1);
    for (page, next) in pages.iter().zip(pages.iter().skip(1)) {
        // What follows a page goes up exactly over its lines; the beginning of the first line is in the split.
        let (text, up) = page.rsplit_once("\u{1b}[").map(|(it, _)| it.rsplit_once("\u{1b}[").unwrap()).unwrap();
        assert_eq!(up, format!("{}A", text.lines().count()), "{next}");
    }
    // On a dumb terminal there are lines alone.
    let world = Rc::new(World::filed());
    world.variable("carol", "TERM", Some("dumb"));
    let output = watched(&world, "inbox --watch", Some(80), vec![act(remove)]);
    assert!(!output.out.contains('\u{1b}') && output.out.contains("approve CHG-1: "), "{}", output.screen);
}

#[test]
fn an_exchanged_or_shortened_register_ends_it_as_broken() {
    let world = Rc::new(World::filed());
    fs::copy(world.path("prod.db"), world.path("before.db")).unwrap();
    file(&world);
    let roll_back = act(|world: &World| fs::rename(world.path("before.db"), world.path("prod.db")).unwrap());
    let output = watched(&world, "inbox --watch", None, vec![act(|_| ()), roll_back]);
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert_eq!(output.out.lines().count(), 2, "{}", output.screen);

    let world = Rc::new(World::filed());
    let forge = act(|world: &World| {
        world.ok("audrey", "note CHG-1 'Seen.'");
        world.tamper("UPDATE entry SET text = x'00' WHERE seq = 3");
    });
    let output = watched(&world, "inbox --watch", None, vec![forge]);
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert!(output.err.contains("broken at entry 3"), "{}", output.screen);
}

#[test]
fn a_busy_register_is_waited_for_and_notices_are_not_repeated() {
    let world = Rc::new(World::filed());
    let lock = |world: &World| {
        let db = world.sql();
        db.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        // It stays locked until the connection is dropped, at the end of the process.
        std::mem::forget(db);
    };
    let output = watched(&world, "inbox --watch", None, vec![act(file), act(lock), act(|_| ()), act(remove)]);
    assert!(output.exit == Exit::Environment && output.out.lines().count() == 2, "{}", output.screen);
}

#[test]
fn watching_costs_nearly_nothing_and_holds_no_file_open() {
    let world = World::founded();
    let tomorrow = world.at_real_time().plus(86_400).to_string();
    world.write("change.toml", CHANGE.replace("2026-12-01", &tomorrow[..10]));
    world.ok("erin", "file change.toml");
    world.ok("carol", "list");
    let mut child = world.command("carol", &["inbox", "--watch"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("CHG-1"));
    let ticks = || -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    std::thread::sleep(Duration::from_millis(500));
    let (before, begun) = (ticks(), Instant::now());
    std::thread::sleep(Duration::from_secs(5));
    // Ticks are hundredths of a second. The kernel charges a busy machine's process a few too many.
    let spent = ticks() - before;
    assert!(spent <= 10, "{spent} ticks in {:?}", begun.elapsed());
    let open = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
    let open: Vec<_> = open.filter_map(|it| fs::read_link(it.ok()?.path()).ok()).collect();
    assert!(open.iter().all(|it| !it.to_string_lossy().contains("prod.db")), "{open:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn no_warning_about_the_register_is_left_out_or_repeated_while_somebody_watches() {
    let suspend = |world: &World| drop(world.ok("alice", "person suspend bob --reason Lost."));
    for command in ["inbox --watch", "inbox --watch -q"] {
        let world = Rc::new(World::filed());
        let mut acts = vec![act(|_| ()), act(suspend), act(file)];
        acts.extend((0..40).map(|_| act(|_| ())));
        acts.push(act(remove));
        let output = watched(&world, command, None, acts);
        let warnings = output.err.matches("warning: only alice is a permanent admin with a live key").count();
        assert_eq!(warnings, 1, "{command}: {}", output.screen);
    }
}
