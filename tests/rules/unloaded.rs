//! A record of the state that is not loaded is never mistaken for one that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use super::detached::{signed, statement};
use super::prelude::*;
use crate::support::log::listing;
use crate::support::{CALENDAR, FREEZE, SERVICES, STANDARD, TEMPLATE};

type Records = BTreeMap<StateKey, StateRecord>;

/// The same state with no records loaded, and all its records.
fn unloaded(whole: &Register) -> (Register, Records) {
    let (mut register, mut governance, mut records) = (None, None, Records::new());
    for record in whole.clone().take_changed() {
        match record {
            StateRecord::Register(it) => register = Some(it),
            StateRecord::Governance(it) => governance = Some(it),
            record => _ = records.insert(record.key(), record),
        }
    }
    // A text that was not redacted has no record of its own in storage.
    for seq in 0..=whole.head().unwrap().seq {
        if let Some(text) = whole.governance().text(seq).unwrap() {
            records.insert(StateKey::Text(seq), StateRecord::Text(seq, text));
        }
    }
    (Register::resume(register.unwrap(), governance.unwrap()), records)
}

fn load(state: &mut Register, records: &Records, key: StateKey) {
    match records.get(&key) {
        Some(record) => state.load(record.clone()),
        None => state.load_absent(key),
    }
}

/// A register with an approved change, an unapproved one whose text was redacted, an open proposal, a machine account,
/// and a policy that separates all duties.
fn world() -> World {
    let world = World::approved();
    file(&world, &[]);
    let seq = world.change("CHG-2").current().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason Why."));
    second(&world, "bob", "1");
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    second(&world, "bob", "2");
    open_proposal(&world, "frank", "engineer");
    world.write(
        "policy.toml",
        "teams = ['risk']\napproval_days = 14\napprovals = 2\nseparate = ['requester-implementer', 'owner-implementer', 'admin-approver']\n\
         [[require]]\nname = 'risk'\nfrom = [{ group = 'risk' }]\nindependent = true\n",
    );
    world.ok("alice", "policy propose policy.toml");
    second(&world, "bob", "4");
    world.write("freeze.toml", FREEZE);
    world.ok("alice", "freeze propose freeze.toml");
    second(&world, "bob", "5");
    world.write("calendar.toml", CALENDAR);
    world.ok("alice", "calendar propose calendar.toml");
    second(&world, "bob", "6");
    world.write("follower.toml", "name = 'market'\nexception_group = 'duty'\ncalendar = 'market-cn'\n");
    world.ok("alice", "freeze propose follower.toml");
    world.ok("alice", "freeze now --reason Why. --service ledger");
    world.person("mallory");
    world.write("done.txt", "Done.");
    world.ok("erin", "breakglass open --incident INC-1 --change CHG-1 --reason Now.");
    world.ok("erin", "breakglass close BG-1 done.txt");
    world.write("told.toml", "done = 2026-12-01T08:00:00Z\nby = ['robot']\nwhat = 'Restarted.'\n");
    world.ok("erin", "deviation record told.toml");
    world
}

fn told() -> Box<Told> {
    let by = ["dave".parse().unwrap(), "robot".parse().unwrap()].into();
    Box::new(Told { done: "2026-12-01T08:00:00Z".parse().unwrap(), by, services: BTreeSet::new(), incident: None })
}

fn told_by(world: &World) -> Digest {
    world.state().deviation("DEV-1".parse().unwrap()).unwrap().recorded().leaf
}

/// Allowed and refused events of every kind that needs records.
fn events(world: &World) -> Vec<(&'static str, Event)> {
    let (one, two) = (world.revision("CHG-1"), world.revision("CHG-2"));
    let at = |number: &str| proposal(world, number);
    let person = |it: &str| it.parse::<PersonId>().unwrap();
    let since = |it: &str| world.state().governance().person(&person(it)).unwrap().unwrap().since;
    let rule_of = |who: &str, event: &Event| match world.state().judge(&world.header(who, event), event) {
        Err(Denied::Refused(refusal)) => refusal.rule(),
        other => panic!("{who}: {event:?}: not refused but {other:?}"),
    };
    let refused = |who: &'static str, event: Event| {
        let (attempt, rule) = (RefusedAttempt::of(&event).unwrap(), rule_of(who, &event));
        (who, Event::Refused { attempt, rule })
    };
    let lift = |name: &str| {
        let name: FreezeName = name.parse().unwrap();
        let replaces = world.state().governance().freeze(&name).unwrap().since;
        Action::LiftFreeze(LiftFreeze { name, replaces, again: false })
    };
    let input::CalendarDraft { name, known, periods, .. } = input::read_calendar(CALENDAR).unwrap();
    let replaces = world.state().governance().calendars().get(&name).copied();
    let calendar = Action::SetCalendar(SetCalendar { name, replaces, known, periods });
    let grants = Grants::of([Role::Engineer]);
    let roles = Action::Roles([(person("carol"), NewGrants::new(since("carol"), grants))].into());
    let id: BreakGlassId = "BG-1".parse().unwrap();
    let closed = world.state().break_glass(id).unwrap().close().unwrap().leaf;
    vec![
        ("alice", Event::Checkpoint(world.state().roots().unwrap())),
        ("carol", Event::Checkpoint(world.state().roots().unwrap())),
        ("audrey", Event::Sample(Box::new(super::audit_work::sample(world.state().roots().unwrap().log)))),
        ("carol", Event::Sample(Box::new(super::audit_work::sample(world.state().roots().unwrap().log)))),
        ("carol", Event::BreakGlassRatify { id, closed }),
        ("erin", Event::BreakGlassRatify { id, closed }),
        ("erin", Event::BreakGlassClose(id)),
        ("robot", Event::DeviationRecord { id: world.state().next_deviation(), told: told() }),
        ("mallory", Event::DeviationRecord { id: world.state().next_deviation(), told: told() }),
        ("carol", Event::DeviationReview { id: "DEV-1".parse().unwrap(), recorded: told_by(world) }),
        ("erin", Event::DeviationReview { id: "DEV-1".parse().unwrap(), recorded: told_by(world) }),
        ("carol", Event::Approve(one)),
        ("carol", Event::Approve(two)),
        ("erin", Event::Approve(one)),
        ("robot", signed(world, "carol", statement(world, "carol"))),
        ("mallory", signed(world, "dave", statement(world, "dave"))),
        ("bob", Event::Approve(one)),
        ("erin", start(world)),
        ("erin", Event::Finish(Finish { target: Some("gw-1".parse().unwrap()), ..Finish::of(one, Outcome::Failed) })),
        ("carol", Event::Confirm(Confirmation { revision: one, outcome: Outcome::Succeeded })),
        ("robot", Event::Confirm(Confirmation { revision: one, outcome: Outcome::Succeeded })),
        ("carol", Event::Review(Review { revision: one, actions: Vec::new() })),
        ("robot", Event::Review(Review { revision: one, actions: Vec::new() })),
        ("carol", Event::ActionDone(ActionDone { revision: one, number: 1 })),
        ("erin", Event::Close(one)),
        ("carol", Event::Close(one)),
        ("erin", filing(world, |facts, _| facts.kind = ChangeKind::Emergency).0),
        ("robot", Event::Note(one.change)),
        ("mallory", Event::Note(one.change)),
        ("erin", Event::ChangeWithdraw(two)),
        ("bob", Event::Second(at("3"))),
        ("alice", Event::Second(at("3"))),
        ("bob", Event::Second(at("1"))),
        ("bob", Event::Second(at("7"))),
        ("alice", propose(world, calendar)),
        ("bob", Event::Decline(at("3"))),
        ("alice", Event::ProposalWithdraw(at("3"))),
        ("alice", Event::KeySuspend(key_of(world, "dave"))),
        ("alice", Event::PersonSuspend(person("dave"))),
        ("alice", Event::PersonSuspend(person("nobody"))),
        ("dave", Event::KeyRevoke(key_of(world, "dave"))),
        ("alice", Event::FreezeEnd(freeze(world))),
        ("bob", Event::FreezeEnd(freeze(world))),
        ("alice", Event::FreezeNow { until: "2026-12-01T14:00:00Z".parse().unwrap(), services: BTreeSet::new() }),
        ("alice", propose(world, lift("month-end"))),
        ("alice", propose(world, roles)),
        ("alice", propose(world, Action::Retire { person: person("bob"), replaces: since("bob") })),
        ("alice", propose(world, Action::Redact([one_text(world)].into()))),
        ("alice", enrolling(world, &[member(world, "grace", "mallory", &[Role::Engineer])])),
        refused("erin", Event::Approve(one)),
        refused("robot", Event::Approve(one)),
        refused("carol", Event::Approve(two)),
        refused("alice", Event::Second(at("3"))),
        refused("bob", Event::Second(at("1"))),
    ]
}

/// A register with services, one of them with maintenance hours, a requirement that asks by tier, an approved change of
/// them, and a proposal to change and drop some; with events that need their records.
fn serviced() -> (World, Vec<(&'static str, Event)>) {
    let world = World::founded();
    world.write(
        "policy.toml",
        "approvals = 2\napproval_days = 14\n[[require]]\nname = 'critical'\nwhen = { tier = 1 }\napprovals = 2\n",
    );
    world.ok("alice", "policy propose policy.toml");
    second(&world, "bob", "1");
    world.write("calendar.toml", CALENDAR);
    world.ok("alice", "calendar propose calendar.toml");
    second(&world, "bob", "2");
    super::services::services(&world, &SERVICES.replace("depends_on", "hours = 'market-cn'\ndepends_on"));
    file(&world, &[("services = ", "environments = [\"prod\"]\nservices = ")]);
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world.write("services.toml", SERVICES.replace("depends_on = ['orders-db']", "depends_on = []"));
    world.ok("alice", "service import services.toml");
    world.at("2026-12-01T10:00:00Z");
    let in_prod = |facts: &mut Facts| facts.environments = ["prod".parse().unwrap()].into();
    let filed = |service: &str| {
        let service = service.parse().unwrap();
        filing(&world, |facts, _| {
            in_prod(facts);
            facts.services = [service].into();
        })
        .0
    };
    let dropped = world.state().governance().services_changed([].into(), ["orders-db".parse().unwrap()].into());
    let dropping = Action::SetServices(Box::new(dropped.unwrap()));
    let events = vec![
        ("erin", filed("order-gateway")),
        ("erin", filed("ledger")),
        ("erin", start(&world)),
        ("bob", Event::Second(proposal(&world, "4"))),
        ("alice", propose(&world, dropping)),
    ];
    (world, events)
}

/// A register with a template and an approved change from it, with events that need the template.
fn templated() -> (World, Vec<(&'static str, Event)>) {
    let world = World::founded();
    super::templates::template(&world, TEMPLATE);
    world.write("standard.toml", STANDARD);
    world.ok("erin", "file standard.toml");
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T09:10:00Z");
    let later = window("2026-12-01T11:00:00Z", "2026-12-01T12:00:00Z");
    let filed = super::templates::standard(&world, |facts, _, _| facts.window = later).0;
    let late = super::templates::standard(&world, |facts, _, _| facts.risk = Risk::High).0;
    world.at("2026-12-01T10:00:00Z");
    let set = super::templates::set(&world, |it| it.until = "2027-01-01T00:00:00Z".parse().unwrap());
    let events = vec![("erin", filed), ("erin", late), ("erin", start(&world)), ("alice", set)];
    (world, events)
}

/// The registers, each with its events.
fn scenes() -> Vec<(World, Vec<(&'static str, Event)>)> {
    let world = world();
    let events = events(&world);
    let listed = |(world, events): (World, Vec<(&'static str, Event)>)| {
        let state = world.state();
        let events = events.into_iter().map(|(who, event)| (who, listing(&state, event))).collect();
        (world, events)
    };
    [(world, events), serviced(), templated()].map(listed).into()
}

/// The freeze that alice opened alone.
fn freeze(world: &World) -> FreezeRef {
    let state = world.state();
    let (name, mark) = state.governance().freezes().find(|(name, _)| name.as_str() != "month-end").unwrap();
    FreezeRef { name: name.clone(), since: mark.since }
}

fn one_text(world: &World) -> (u64, Digest) {
    let change = world.change("CHG-1");
    (change.current().seq, change.current().text.as_ref().unwrap().digest)
}

/// The verdict of a state that loads records on demand, and the keys of the loaded records.
fn judged_by_rows(whole: &Register, header: &Header, event: &Event) -> (Result<(), Denied>, Vec<StateKey>) {
    let (mut state, records) = unloaded(whole);
    let mut asked = Vec::new();
    loop {
        match state.judge(header, event) {
            Err(Denied::Unloaded(Unloaded(key))) => {
                assert!(!asked.contains(&key), "{key} is asked for again");
                load(&mut state, &records, key.clone());
                asked.push(key);
            }
            verdict => return (verdict, asked),
        }
    }
}

#[test]
fn nothing_that_is_not_loaded_lets_a_rule_pass_or_refuse() {
    let mut kinds = BTreeSet::new();
    for (world, person, event) in
        scenes().iter().flat_map(|(world, events)| events.iter().map(move |(who, it)| (world, *who, it.clone())))
    {
        let whole = world.state();
        let header = world.header(person, &event);
        let (verdict, asked) = judged_by_rows(&whole, &header, &event);
        assert_eq!(verdict, whole.judge(&header, &event), "{person}: {event:?}");
        assert!(!asked.is_empty(), "{person}: {event:?}");
        for missing in &asked {
            let (mut state, records) = unloaded(&whole);
            asked.iter().filter(|key| *key != missing).for_each(|key| load(&mut state, &records, key.clone()));
            let verdict = state.judge(&header, &event);
            let expected = Err(Denied::Unloaded(Unloaded(missing.clone())));
            assert_eq!(verdict, expected, "{person}: {event:?} without {missing}");
            kinds.insert(missing.to_string().split('/').next().unwrap().to_owned());
        }
    }
    assert!(
        kinds.iter().eq([
            "breakglass",
            "calendar",
            "change",
            "deviation",
            "freeze",
            "key",
            "open",
            "open-rows",
            "person",
            "point",
            "proposal",
            "service",
            "service-graph",
            "service-leaves",
            "template",
            "text",
            "tree"
        ]),
        "{kinds:?}"
    );
}

#[test]
fn nothing_is_taken_in_without_the_records_that_it_changes() {
    let mut scenes = scenes();
    let redact = propose(&scenes[0].0, Action::Redact([one_text(&scenes[0].0)].into()));
    scenes[0].1.push(("alice", redact));
    let mut kinds = BTreeSet::new();
    for (world, person, event) in
        scenes.iter().flat_map(|(world, events)| events.iter().map(move |(who, it)| (world, *who, it.clone())))
    {
        let whole = world.state();
        let header = world.header(person, &event);
        if whole.judge(&header, &event).is_err() {
            continue;
        }
        let mut expected = whole.clone();
        expected.take_changed();
        expected.apply(&header, WRONG, &event).unwrap();
        let (mut state, records) = unloaded(&whole);
        while let Err(denied) = state.apply(&header, WRONG, &event) {
            let Denied::Unloaded(Unloaded(key)) = denied else { panic!("{person}: {event:?}: {denied}") };
            assert_eq!(state.head(), whole.head(), "nothing was taken in");
            assert!(state.take_changed().is_empty(), "nothing was taken in");
            kinds.insert(key.to_string().split('/').next().unwrap().to_owned());
            load(&mut state, &records, key);
        }
        assert_eq!(state.take_changed(), expected.take_changed(), "{person}: {event:?}");
    }
    assert!(
        kinds.iter().eq([
            "breakglass",
            "calendar",
            "change",
            "deviation",
            "key",
            "open",
            "open-rows",
            "person",
            "proposal",
            "service",
            "service-graph",
            "service-leaves",
            "tree"
        ]),
        "{kinds:?}"
    );
}

#[test]
fn what_was_changed_is_not_unloaded_before_it_is_written() {
    let world = world();
    let event = start(&world);
    let (header, mut state) = (world.header("erin", &event), world.state());
    state.take_changed();
    state.apply(&header, WRONG, &event).unwrap();
    state.unload();
    assert_eq!(state.change("CHG-1".parse().unwrap()).unwrap().last(), WRONG);
    let unloaded = state.change("CHG-2".parse().unwrap()).unwrap_err();
    assert_eq!(unloaded, Denied::Unloaded(Unloaded(StateKey::Change("CHG-2".parse().unwrap()))));
    let what = "the change, its row of the tree, the rows of open changes that it left and entered, the list of these rows, \
                and the summary of the register";
    assert_eq!(state.take_changed().len(), 6, "{what}");
}

/// Decides on an event with the records that it asks for, all but those that `missing` names. Returns the verdict, and
/// the records that were asked for.
fn judged_without(whole: &Register, header: &Header, event: &Event, missing: &[StateKey]) -> Result<(), Denied> {
    let (mut state, records) = unloaded(whole);
    loop {
        match state.judge(header, event) {
            Err(Denied::Unloaded(Unloaded(key))) if !missing.contains(&key) => load(&mut state, &records, key),
            verdict => return verdict,
        }
    }
}

#[test]
fn a_followed_change_that_is_not_loaded_is_not_taken_for_one_that_succeeded() {
    let world = World::approved();
    file(&world, &[("risk =", "follows = \"CHG-1\"\nrisk =")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    let followed = [StateKey::Change("CHG-1".parse().unwrap())];
    let start = Event::Start(Start::of(world.revision("CHG-2")));
    for succeeded in [false, true] {
        if succeeded {
            world.ok("erin", "start CHG-1");
            world.ok("erin", "finish CHG-1 --outcome succeeded");
        }
        let (whole, header) = (world.state(), world.header("erin", &start));
        assert_eq!(whole.judge(&header, &start).is_ok(), succeeded);
        assert_eq!(judged_without(&whole, &header, &start, &[]), whole.judge(&header, &start));
        let expected = Err(Denied::Unloaded(Unloaded(followed[0].clone())));
        assert_eq!(judged_without(&whole, &header, &start, &followed), expected);
    }
}
