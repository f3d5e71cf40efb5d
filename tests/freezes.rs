//! What the screens of freezes say: what a freeze would stop, where it stands, what is misspelt, and what comes next.

use twinseal::error::Exit;

use crate::support::{CHANGE, FREEZE, World};

/// Files a change like [`CHANGE`], with these words replaced.
fn file(world: &World, replaced: &[(&str, &str)]) {
    world.write("change.toml", replaced.iter().fold(CHANGE.to_owned(), |text, (from, to)| text.replace(from, to)));
    world.ok("erin", "file change.toml");
}

/// Proposes a freeze and returns the page above the question.
fn propose(world: &World, draft: &str) -> String {
    world.write("freeze.toml", draft);
    world.run("alice", "freeze propose freeze.toml").err
}

fn second(world: &World) {
    let (number, opened) = (world.state().governance().proposals(), world.newest_proposal().opened);
    world.ok("bob", &format!("proposal second {number} --digest {opened}"));
}

/// The lines of a block of a page.
fn block(page: &str, heading: &str) -> Vec<String> {
    let after = page.lines().skip_while(|line| *line != heading).skip(1);
    after.take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

const STOPPED: &str = "open changes that it would stop";

#[test]
fn nobody_proposes_or_seconds_a_freeze_without_seeing_what_it_would_stop() {
    let world = World::filed();
    file(&world, &[("Raise the pool", "Lower the pool"), ("\"high\"", "\"low\"")]);
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    file(&world, &[("Raise the pool", "Before noon"), ("T12:00", "T11:00")]);
    file(&world, &[("Raise the pool", "Withdrawn")]);
    world.ok("erin", "withdraw CHG-5 --reason Never.");
    let noon = "closed from 2026-12-01T11:00:00Z to 2026-12-01T12:00:00Z (noon)";
    let expected = [
        format!("- CHG-1 awaiting approval: {noon}"),
        "| Raise the pool".into(),
        format!("- CHG-2 awaiting approval: {noon}"),
        "| Lower the pool".into(),
    ];
    assert_eq!(block(&propose(&world, FREEZE), STOPPED), expected);
    assert_eq!(block(&world.ok("bob", "proposal show 1"), STOPPED), expected);
    let high = FREEZE.replace("reason =", "scope = { risk = \"high\" }\nreason =");
    assert_eq!(block(&propose(&world, &high), STOPPED), expected[..2]);
    let ledger = FREEZE.replace("reason =", "scope = { service = \"ledger\" }\nreason =");
    assert_eq!(block(&propose(&world, &ledger), STOPPED), ["none"]);
    // What is expired cannot be stopped any more.
    world.at("2026-12-01T12:00:00Z");
    assert_eq!(block(&world.ok("bob", "proposal show 1"), STOPPED), ["none"]);
}

#[test]
fn an_exception_from_a_freeze_that_would_be_replaced_is_named() {
    let world = World::founded();
    propose(&world, FREEZE);
    second(&world);
    let exception =
        format!("{CHANGE}\n[freeze_exception]\nfreezes = [\"month-end\"]\nreason = \"The desk cannot wait.\"\n");
    world.write("change.toml", exception);
    world.ok("erin", "file change.toml");
    let longer = FREEZE.replace("2026-12-01T12:00:00Z", "2026-12-01T13:00:00Z");
    let lines = block(&propose(&world, &longer), STOPPED);
    assert!(lines[0].starts_with("- CHG-1 awaiting approval: closed from"), "{lines:?}");
    assert!(lines[0].ends_with("; its exception is from the freeze that this one replaces"), "{lines:?}");
}

#[test]
fn at_most_twenty_changes_are_listed() {
    let world = World::founded();
    for n in 0..23 {
        file(&world, &[("Raise the pool", &format!("Raise the pool {n}"))]);
    }
    let lines = block(&propose(&world, FREEZE), STOPPED);
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (41, "and 3 more"));
}

#[test]
fn the_list_of_freezes_fits_80_columns_and_a_freeze_ends_rather_than_opens() {
    let world = World::founded();
    propose(&world, FREEZE);
    second(&world);
    let known = FREEZE.replace("\"complete\"", "\"2026-12-01T08:00:00Z\"").replace("month-end", "market-hours");
    let known = known.split("\n[[periods]]\nname = \"December\"").next().unwrap().replace("-01T1", "-01T0");
    let known = known.replace("T01:00:00Z", "T06:00:00Z").replace("T02:00:00Z", "T07:00:00Z");
    propose(&world, &known);
    second(&world);
    world.ok("bob", "freeze now --reason Why. --service order-gateway --for 90m");
    world.columns(Some(80));
    let expected = "\
FREEZE        STATE             CONCERNS       EXCEPTED BY     KNOWN UNTIL
market-hours  closed; calendar  every change   group finance   1 h ago
              unknown
month-end     begins in 2 h     every change   group finance   complete
now-6         closed; ends in   service        admin or duty,  complete
              1 h 30 min        order-gateway  not bob
";
    assert_eq!(world.ok("audrey", "freeze list"), expected);
    let shown = world.ok("audrey", "freeze show month-end");
    assert!(shown.contains("begins in 2 h (noon)") && !shown.contains("opens"), "{shown}");
}

#[test]
fn a_misspelt_service_environment_or_tag_is_noted() {
    let world = World::filed();
    let note = |command: &str| -> Vec<String> {
        let said = world.run("alice", command).err;
        said.lines().filter(|line| line.starts_with("note: no change")).map(str::to_owned).collect()
    };
    let service = "note: no change, freeze or policy names service order-gatewy; did you mean order-gateway?";
    assert_eq!(note("freeze check now --service order-gatewy"), [service]);
    assert_eq!(note("freeze check now --service order-gateway"), [""; 0]);
    assert_eq!(note("calendar --service order-gatewy"), [service]);
    // No environment and no tag is named yet: nothing is a typing error.
    assert_eq!(note("freeze check now --environment prod --tag open"), [""; 0]);
    let scope = "scope = { environment = \"prod\", tag = \"open\" }\nexcept = { tag = \"text-only\" }\nreason =";
    world.write("freeze.toml", FREEZE.replace("reason =", scope));
    world.ok("alice", "freeze propose freeze.toml");
    second(&world);
    let noted = note("freeze check now --environment prd --tag opne");
    assert_eq!(
        noted,
        [
            "note: no change, freeze or policy names environment prd; did you mean prod?",
            "note: no change, freeze or policy names tag opne; did you mean open?",
        ]
    );
    world.write(
        "freeze.toml",
        FREEZE.replace("month-end", "other").replace("reason =", "except = { tag = \"opne\" }\nreason ="),
    );
    assert_eq!(note("freeze propose freeze.toml").len(), 1);
    assert_eq!(note("freeze now --reason Why. --service order-gatewy"), [service]);
}

#[test]
fn freeze_check_leaves_out_what_does_not_concern_the_environment_or_the_tag() {
    let world = World::founded();
    let scope = "scope = { environment = \"prod\" }\nexcept = { tag = \"text-only\" }\nreason =";
    propose(&world, &FREEZE.replace("reason =", scope));
    second(&world);
    let closed = |more: &str| world.run("erin", &format!("freeze check 2026-12-01T11:00:00Z {more}")).exit as u8;
    assert_eq!(
        ["", "--environment prod", "--environment uat", "--tag text-only", "--tag other"].map(closed),
        [1, 1, 0, 0, 1]
    );
}

#[test]
fn the_end_of_a_freeze_says_what_is_still_closed() {
    let world = World::founded();
    for service in ["ledger", "order-gateway"] {
        world.ok("bob", &format!("freeze now --reason Why. --service {service}"));
    }
    let said = world.run("bob", "freeze end now-2").err;
    assert!(said.ends_with("freeze now-2 ended; still closed: now-3; `twinseal freeze list` shows them\n"), "{said}");
    let said = world.run("bob", "freeze end now-3").err;
    assert!(said.ends_with("freeze now-3 ended; no freeze is closed now\n"), "{said}");
}

#[test]
fn a_freeze_that_refers_to_a_calendar_is_judged_by_the_periods_of_the_calendar() {
    let world = World::filed();
    let calendar = "name = \"year-end\"\nknown_until = \"complete\"\n[[periods]]\nname = \"noon\"\n\
        from = \"2026-12-01T11:00:00Z\"\nuntil = \"2026-12-01T12:00:00Z\"\n";
    world.write("calendar.toml", calendar);
    world.ok("alice", "calendar propose calendar.toml");
    second(&world);
    let freeze = "name = \"month-end\"\nexception_group = \"finance\"\ncalendar = \"year-end\"\n";
    let lines = block(&propose(&world, freeze), STOPPED);
    assert!(lines[0].starts_with("- CHG-1 awaiting approval: closed from"), "{lines:?}");
}

#[test]
fn a_misspelt_freeze_in_an_exception_is_named_with_the_right_one() {
    let world = World::founded();
    propose(&world, FREEZE);
    second(&world);
    world.write("change.toml", format!("{CHANGE}\n[freeze_exception]\nfreezes = [\"mont-end\"]\nreason = \"No.\"\n"));
    let fault =
        "freeze_exception.freezes[1]: freeze mont-end is not in force, or was replaced; did you mean month-end?";
    for command in ["check change.toml", "file change.toml"] {
        world.fails("erin", command, Exit::Invalid, fault);
    }
}

#[test]
fn nobody_proposes_a_freeze_that_is_over_without_a_note() {
    let world = World::founded();
    let note = "note: all closed periods are over; this freeze would stop nothing";
    assert!(!propose(&world, FREEZE).contains(note));
    world.at("2027-01-04T01:00:00Z");
    assert!(propose(&world, &FREEZE.replace("month-end", "other")).contains(note));
}

fn set(world: &World, draft: &str) {
    propose(world, draft);
    second(world);
}

/// The first two columns of `slots`.
fn slots(world: &World, options: &str) -> Vec<String> {
    let shown = world.ok("erin", &format!("slots {options}"));
    shown.lines().skip(1).map(|line| line.split("  ").take(2).collect::<Vec<_>>().join(" to ")).collect()
}

#[test]
fn slots_are_the_times_in_which_no_freeze_is_closed() {
    let world = World::founded();
    world.ok("erin", "config set zone UTC");
    assert_eq!(slots(&world, ""), ["Tue 2026-12-01T09:00:00Z to without an end"]);
    set(&world, FREEZE);
    let noon = "Tue 2026-12-01T12:00:00Z to Thu 2026-12-31T10:00:00Z";
    let first = ["Tue 2026-12-01T09:00:00Z to Tue 2026-12-01T11:00:00Z", noon];
    assert_eq!(slots(&world, "--for 2h --count 2"), first);
    assert_eq!(slots(&world, "--for 2h1m --count 1"), [noon]);
    assert_eq!(slots(&world, "--from 2026-12-01T11:30:00Z --count 1"), [noon]);
    // Nothing is planned in the past, and nothing to the second.
    world.at("2026-12-01T09:01:01Z");
    let early = slots(&world, "--from 2026-11-01T00:00:00Z --count 1");
    assert!(early[0].starts_with("Tue 2026-12-01T09:01:01Z"), "{early:?}");
    assert!(slots(&world, "--count 1")[0].starts_with("Tue 2026-12-01T09:05:00Z"));
    // What `freeze check` says of their beginnings and ends.
    for time in ["2026-12-01T10:59:59Z", "2026-12-01T12:00:00Z", "2026-12-31T09:59:59Z"] {
        world.ok("erin", &format!("freeze check {time}"));
    }
    world.fails("erin", "freeze check 2026-12-31T10:00:00Z", Exit::Refused, "is closed");
    let said = world.run("erin", "slots --for 90m --zone Asia/Shanghai --count 1");
    assert!(said.out.contains("Tue 2026-12-01 17:05 +08:00"), "{}", said.screen);
    assert!(said.err.contains("`twinseal file --window '2026-12-01 17:05 for 90m'`"), "{}", said.screen);
    for wrong in ["--for 25h", "--for 0m", "--count 0", "--service 'a b'", "--from never", "--zone Mars/Base"] {
        assert_eq!(world.run("erin", &format!("slots {wrong}")).exit, Exit::Invalid, "{wrong}");
    }
}

#[test]
fn slots_leave_out_freezes_that_do_not_concern_the_change() {
    let world = World::founded();
    world.ok("erin", "config set zone UTC");
    let scoped =
        FREEZE.replace("[[periods]]\nname = \"noon\"", "[scope]\nservice = [\"ledger\"]\n[[periods]]\nname = \"noon\"");
    set(&world, &scoped);
    let open = ["Tue 2026-12-01T09:00:00Z to without an end"];
    assert_eq!(slots(&world, "--service order-gateway"), open);
    assert_eq!(slots(&world, "--service ledger --count 1"), ["Tue 2026-12-01T09:00:00Z to Tue 2026-12-01T11:00:00Z"]);
    assert_eq!(slots(&world, "--service ledger --service order-gateway --count 1").len(), 1);
}

#[test]
fn no_slot_lies_in_a_freeze_of_one_person_or_beyond_a_calendar() {
    let world = World::founded();
    world.ok("erin", "config set zone UTC");
    world.ok("alice", "freeze now --for 90m --reason 'Rejects.'");
    assert_eq!(slots(&world, ""), ["Tue 2026-12-01T10:30:00Z to without an end"]);
    set(&world, &FREEZE.replace("\"complete\"", "\"2027-02-01T00:00:00Z\""));
    let shown = world.run("erin", "slots --from 2027-01-10T00:00:00Z");
    assert!(shown.out.contains("Sun 2027-01-10T00:00:00Z  Mon 2027-02-01T00:00:00Z"), "{}", shown.screen);
    assert!(
        shown.err.contains("beyond these, freeze month-end is closed from 2027-02-01T00:00:00Z on"),
        "{}",
        shown.screen
    );
    let none = world.run("erin", "slots --from 2027-03-01T00:00:00Z");
    assert!(none.out.is_empty() && none.err.contains("no window of 1h without a freeze"), "{}", none.screen);
}
