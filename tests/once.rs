//! An approval takes each step once: the rules are asked, the key file is read, the log is caught up. The rules are
//! asked again only after a person was asked.
//!
//! Everything is counted from outside, by the world that the command runs in. Composing an entry with a note draws one
//! salt, so the salts tell how often the rules were asked. Each catch-up reads the clock.

use std::cell::Cell;
use std::fs;
use std::io;
use std::rc::Rc;

use crate::support::{CHANGE, Output, World, words};
use twinseal::env::Console;
use twinseal::error::Exit;
use zeroize::Zeroizing;

/// Somebody who types this at every question, after something else has happened.
struct Reader<F> {
    types: &'static str,
    meanwhile: F,
}

impl<F: FnMut()> Console for Reader<F> {
    fn is_interactive(&self) -> bool {
        true
    }

    fn can_ask_secret(&self) -> bool {
        false
    }

    fn ask(&mut self, _question: &str) -> io::Result<String> {
        (self.meanwhile)();
        Ok(self.types.to_owned())
    }

    fn secret(&mut self, _question: &str) -> io::Result<Zeroizing<String>> {
        Err(io::Error::other("nobody is asked for a passphrase"))
    }
}

/// What a command took.
struct Taken {
    output: Output,
    /// How often the rules were asked.
    judged: u64,
    /// How often the clock was read.
    clock: u64,
}

/// Runs a command of carol's. Her key file is gone as soon as the rules were asked for the first time.
fn run(world: &World, command: &str, meanwhile: Option<impl FnMut() + 'static>) -> Taken {
    let (mut env, recording) = world.env("carol", None);
    let (judged, clock) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (salts, mut draw) = (Rc::clone(&judged), env.random);
    let (key, gone) = (world.path("people/carol/key"), world.path("people/carol/key.gone"));
    let (from, to) = (key.clone(), gone.clone());
    env.random = Box::new(move |bytes| {
        salts.set(salts.get() + 1);
        let _ = fs::rename(&from, &to);
        draw(bytes)
    });
    let (reads, time) = (Rc::clone(&clock), env.clock);
    env.clock = Box::new(move || {
        reads.set(reads.get() + 1);
        time()
    });
    if let Some(meanwhile) = meanwhile {
        env.console = Box::new(Reader { types: "CHG-1", meanwhile });
    }
    let output = World::run_in(&mut env, &recording, &words(command));
    fs::rename(gone, key).unwrap();
    Taken { output, judged: judged.get(), clock: clock.get() }
}

const NOBODY: Option<fn()> = None;

#[test]
fn an_approve_with_a_digest_takes_each_step_once() {
    let world = World::filed();
    let digest = world.revision("CHG-1").filed;
    let taken = run(&world, &format!("approve CHG-1 --note Read. --revision {digest}"), NOBODY);
    assert_eq!(taken.output.exit, Exit::Done, "{}", taken.output.screen);
    assert_eq!(taken.judged, 1);
    // Before and on opening, for the page, before the entry and in it, at the turn and at the append, after appending,
    // and for the tally that is shown.
    assert_eq!(taken.clock, 9);
}

#[test]
fn an_approve_at_a_terminal_asks_the_rules_again_only_after_the_question() {
    let world = World::filed();
    let taken = run(&world, "approve CHG-1 --note Read.", Some(|| {}));
    assert_eq!(taken.output.exit, Exit::Done, "{}", taken.output.screen);
    assert_eq!(taken.judged, 2);
    // And on the page, and twice for the entry that is composed anew.
    assert_eq!(taken.clock, 14);
}

#[test]
fn an_approve_that_is_refused_asks_the_rules_once_and_shows_no_page() {
    let world = World::approved();
    let digest = world.revision("CHG-1").filed;
    world.ok("erin", "start CHG-1");
    let taken = run(&world, &format!("approve CHG-1 --note Read. --revision {digest}"), NOBODY);
    assert_eq!((taken.output.exit, taken.judged), (Exit::Refused, 1), "{}", taken.output.screen);
    let taken = run(&world, "approve CHG-1 --note Read.", Some(|| panic!("somebody was asked")));
    assert_eq!((taken.output.exit, taken.judged), (Exit::Refused, 1), "{}", taken.output.screen);
    assert!(!taken.output.screen.contains("about to sign"), "{}", taken.output.screen);
}

#[test]
fn an_approve_goes_on_if_others_record_while_somebody_reads() {
    let world = Rc::new(World::filed());
    let others = Rc::clone(&world);
    let taken = run(&world, "approve CHG-1 --note Read.", Some(move || drop(others.ok("audrey", "note CHG-1 Seen."))));
    assert_eq!((taken.output.exit, taken.judged), (Exit::Done, 2), "{}", taken.output.screen);
    assert_eq!(world.entries(), 5);
}

#[test]
fn no_revision_is_signed_that_was_filed_while_somebody_reads_another() {
    let world = Rc::new(World::filed());
    world.write("revised.toml", CHANGE.replace("pool to 160", "pool to 144"));
    let others = Rc::clone(&world);
    let revise = move || drop(others.ok("erin", "revise CHG-1 revised.toml"));
    let taken = run(&world, "approve CHG-1 --note Read.", Some(revise));
    assert_eq!((taken.output.exit, taken.judged), (Exit::Refused, 2), "{}", taken.output.screen);
    assert!(world.change("CHG-1").votes().is_empty());
}

#[test]
fn no_revision_is_replaced_that_was_filed_while_somebody_is_asked() {
    let world = Rc::new(World::filed());
    world.write("revised.toml", CHANGE.replace("pool to 160", "pool to 144"));
    let others = Rc::clone(&world);
    let (mut env, recording) = world.env("erin", None);
    let meanwhile = move || drop(others.ok("erin", "revise CHG-1 revised.toml"));
    env.console = Box::new(Reader { types: "CHG-1", meanwhile });
    let output = World::run_in(&mut env, &recording, &words("revise CHG-1 change.toml"));
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert_eq!(world.change("CHG-1").revisions().count(), 2);
}

#[test]
fn nothing_is_decided_about_another_revision_than_the_one_at_the_beginning() {
    let revised = CHANGE.replace("pool to 160", "pool to 144");
    for (person, command) in [
        ("carol", "reject CHG-1 --reason No."),
        ("carol", "retract CHG-1 --reason No."),
        ("erin", "withdraw CHG-1"),
        ("erin", "start CHG-1"),
    ] {
        let world = Rc::new(World::approved());
        world.write("revised.toml", &revised);
        let others = Rc::clone(&world);
        let (mut env, recording) = world.env(person, None);
        let (reads, time) = (Cell::new(0), env.clock);
        // The clock is read three times on opening, and then for the entry that was planned: revision 2 is filed and
        // approved then.
        env.clock = Box::new(move || {
            reads.set(reads.get() + 1);
            if reads.get() == 4 {
                others.ok("erin", "revise CHG-1 revised.toml");
                ["carol", "dave"].iter().for_each(|person| others.approve(person, "CHG-1"));
            }
            time()
        });
        let output = World::run_in(&mut env, &recording, &words(command));
        assert_eq!(output.exit, Exit::Refused, "{command}: {}", output.screen);
        let change = world.change("CHG-1");
        assert_eq!((change.revisions().count(), change.votes().len()), (2, 4), "{command}");
        assert!(change.started().is_none() && change.withdrawn().is_none(), "{command}");
    }
}

/// Seconds the newest proposal as alice.
fn seconded(world: &World) {
    let number = world.state().governance().next_proposal().number() - 1;
    let opened = world.state().governance().proposal(number.to_string().parse().unwrap()).map(|it| it.opened);
    let opened = opened.unwrap_or_else(|denied| panic!("{denied}"));
    world.ok("alice", &format!("proposal second {number} --digest {opened}"));
}

#[test]
fn no_proposal_replaces_what_came_into_force_after_its_page_was_shown() {
    let dave = "dave engineer";
    for (before, others, command) in [
        ("", "person grant dave engineer", format!("person grant {dave} --reason Needed.")),
        (
            "person grant dave engineer",
            "person grant dave --group dba",
            format!("person revoke-role {dave} --reason No."),
        ),
        ("", "person grant dave engineer", "person retire dave --reason Left.".to_owned()),
        ("", "policy propose strict.toml", "policy propose policy.toml".to_owned()),
        ("", "person grant dave engineer", "person rota rota.csv --reason Duty.".to_owned()),
    ] {
        let world = Rc::new(World::founded());
        world.write("strict.toml", "approvals = 3\napproval_days = 7\n");
        world.write("policy.toml", "approvals = 2\napproval_days = 9\n");
        let rota = "person,grant,from,until\ndave,group duty,2026-12-02T09:00:00Z,2026-12-03T09:00:00Z\n";
        world.write("rota.csv", rota);
        if !before.is_empty() {
            world.ok("bob", before);
            seconded(&world);
        }
        let entries = world.entries();
        let (mut env, recording) = world.env("alice", None);
        let (mut first, mut draw, meanwhile) = (true, env.random, Rc::clone(&world));
        // The salt of the text is drawn for the entry that the page shows.
        env.random = Box::new(move |bytes| {
            if std::mem::take(&mut first) {
                meanwhile.ok("bob", others);
                seconded(&meanwhile);
            }
            draw(bytes)
        });
        let output = World::run_in(&mut env, &recording, &words(&command));
        assert_eq!(output.exit, Exit::Refused, "{command}: {}", output.screen);
        assert!(output.err.contains("what it would replace has changed since"), "{}", output.err);
        assert_eq!(world.entries(), entries + 2, "{command}");
    }
}

#[test]
fn whoever_approved_a_revision_does_not_approve_it_again() {
    let world = World::filed();
    let approve = |world: &World| {
        let (before, output) = (world.entries(), world.run("carol", &approve_command(world)));
        (output, world.entries() - before)
    };
    fn approve_command(world: &World) -> String {
        format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)
    }
    assert_eq!(approve(&world).1, 1);
    let (output, recorded) = approve(&world);
    assert_eq!((output.exit, recorded), (Exit::Done, 0));
    let said = "CHG-1 already approved by you (1 of 2); 1 more approval needed; nothing was recorded";
    assert_eq!(output.err.trim_end(), said);
    // At a terminal nothing is asked, and a program sees that nothing was recorded.
    let output = world.run_typing("carol", "approve CHG-1", &[]);
    assert!(output.err.contains(said) && output.unanswered.is_empty(), "{}", output.screen);
    let json: serde_json::Value =
        serde_json::from_str(&world.ok("carol", &format!("--json {}", approve_command(&world)))).unwrap();
    assert_eq!(json["recorded"], serde_json::Value::Null);
    // An approval that was retracted, or that counts no more, is given again.
    world.ok("carol", "retract CHG-1 --reason Wait.");
    assert_eq!(approve(&world).1, 1);
    let wrong = format!("approve CHG-1 --revision {}", "7".repeat(64));
    assert_eq!(world.run("carol", &wrong).exit, Exit::Invalid);
}

#[test]
fn an_approval_that_expires_before_the_window_is_renewed_with_the_reason() {
    let world = World::founded();
    world.write("policy.toml", "approvals = 2\napproval_days = 2\n");
    world.ok("alice", "policy propose policy.toml");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    world.write("change.toml", CHANGE.replace("2026-12-01T1", "2026-12-04T1"));
    world.ok("erin", "file change.toml");
    world.approve("carol", "CHG-1");
    // Another one made now would expire too.
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    assert!(world.run("carol", &command).err.contains("already approved"));
    world.at("2026-12-02T12:00:00Z");
    let page = world.run_typing("carol", "approve CHG-1", &["CHG-1"]).screen;
    assert!(
        page.contains("Your approval expires in 21 h, before the window opens; approving again renews it."),
        "{page}"
    );
    assert!(page.contains("CHG-1 approved (1 of 2)"), "{page}");
}
