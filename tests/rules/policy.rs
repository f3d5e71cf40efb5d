//! Rules about policies and their requirements.

use super::prelude::*;

const STRICT: &str = "
approvals = 2
approval_days = 14
separate = ['requester-implementer']
[[require]]
name = 'bad'
when = { kind = ['normal'], risk = ['high', 'critical'] }
approvals = 3
fields = ['security']
";

fn policy(world: &World, text: &str) -> Event {
    let policy = input::read_policy(text).unwrap();
    propose(world, Action::Policy { replaces: world.state().governance().policy_since(), policy })
}

#[test]
fn no_policy_asks_for_fewer_than_two() {
    let world = World::founded();
    for (line, field) in [("approvals = 1", "approvals"), ("approvals = 0", "approvals")] {
        world.write("policy.toml", format!("{line}\napproval_days = 14\n"));
        for command in ["policy check policy.toml", "policy propose policy.toml"] {
            world.fails(
                "alice",
                command,
                Exit::Invalid,
                &format!("policy.toml:1: {field}: {} is out of range", &line[12..]),
            );
        }
    }
    world.write("policy.toml", "approvals = 2\napproval_days = 14\n[[require]]\nname = 'low'\napprovals = 1\n");
    world.fails("alice", "policy propose policy.toml", Exit::Invalid, "policy.toml:5: require[1].approvals");
    // Such an entry has no valid encoding: see the vector `requirement-of-one-approval`.
}

#[test]
fn a_requirement_asks_for_more_approvals_of_some_changes() {
    let world = World::approved();
    accepted(&world, "erin", start(&world), None);
    enact(
        &world,
        "approvals = 2\napproval_days = 14\n[[require]]\nname = 'bad'\nwhen = { risk = 'high' }\napprovals = 3\n",
    );
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 2 of 3 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    // The requirement applies to high risk only.
    file(&world, &[("\"high\"", "\"low\"")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-2");
    }
    let low = Event::Start(Start::of(world.revision("CHG-2")));
    accepted(&world, "erin", low, None);
}

#[test]
fn approvals_expire_as_the_policy_in_force_says() {
    let world = World::filed();
    file(&world, &[("2026-12-01T12:00:00Z", "2026-12-20T12:00:00Z")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-2");
    }
    let start = |world: &World| Event::Start(Start::of(world.revision("CHG-2")));
    world.at("2026-12-03T09:00:00Z");
    accepted(&world, "erin", start(&world), None);
    enact(&world, "approvals = 2\napproval_days = 2\n");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    enact(&world, "approvals = 2\napproval_days = 3\n");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn nothing_is_filed_or_started_without_what_the_policy_asks_for() {
    let world = World::approved();
    enact(&world, "approvals = 2\napproval_days = 14\n[[require]]\nname = 'shown'\nfields = ['evidence', 'ticket']\n");
    let complaint = "the policy requires evidence for this change (requirement shown)";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start(&world), None, "policy-field");
    world.fails("erin", "file change.toml --again", Exit::Refused, complaint);
    let (event, text) = filing(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "policy-field");
    let replaces = world.revision("CHG-1");
    let (filed, text) = filing(&world, |_, _| {});
    let Event::File { facts, execution, .. } = filed else { panic!("not a filing") };
    forbidden(&world, "erin", Event::Revise { replaces, facts, execution }, text, "policy-field");
    world.write("proof.txt", "it works\n");
    let more =
        "[links]\nticket = \"OPS-1\"\n[[tests]]\nwhat = \"Tried.\"\nresult = \"Fine.\"\nevidence = \"proof.txt\"\n";
    world.write("change.toml", format!("{CHANGE}\n{more}"));
    world.ok("erin", "file change.toml --again");
}

#[test]
fn every_field_that_a_policy_can_ask_for_is_missed_where_it_is_missing() {
    let world = World::founded();
    for needed in Needed::ALL {
        let text = format!("approvals = 2\napproval_days = 14\n[[require]]\nname = 'it'\nfields = ['{needed}']\n");
        enact(&world, &text);
        let (event, text) = filing(&world, |_, _| {});
        refused(&world, "erin", event, text, "policy-field");
        world.write("proof.txt", "it works\n");
        let more = "[links]\nticket = \"OPS-1\"\nincident = \"INC-1\"\nvulnerability = \"CVE-2026-1\"\n\
                    [[artifacts]]\nname = \"a\"\nfile = \"proof.txt\"\n\
                    [[tests]]\nwhat = \"Tried.\"\nresult = \"Fine.\"\nevidence = \"proof.txt\"\n";
        let change = CHANGE.replace("reason =", "security = \"None.\"\nsuccess = \"It runs.\"\nreason =");
        let change = change.replace("minutes = 5", "minutes = 5\nabort_if = [\"It does not.\"]");
        world.write("change.toml", format!("{change}\n{more}"));
        world.ok("erin", "file change.toml --again");
    }
}

#[test]
fn nobody_starts_what_they_filed_where_the_policy_keeps_that_apart() {
    let world = World::approved();
    enact(&world, "approvals = 2\napproval_days = 14\nseparate = ['requester-implementer']\n");
    world.fails(
        "erin",
        "start CHG-1",
        Exit::Refused,
        "cannot be both requester and implementer: the policy separates these duties",
    );
    forbidden(&world, "erin", start(&world), None, "separate-duties");
    // A revision that no implementer could start is refused when it is filed.
    let (event, text) = filing(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "separate-duties");
    let (event, text) = filing(&world, |facts, _| facts.implementers = people(&["erin", "bob"]));
    accepted(&world, "erin", event, text);
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"erin\", \"bob\"]")]);
    let replaces = world.revision("CHG-2");
    let (filed, text) = filing(&world, |_, _| {});
    let Event::File { facts, execution, .. } = filed else { panic!("not a filing") };
    forbidden(&world, "erin", Event::Revise { replaces, facts, execution }, text, "separate-duties");
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-2");
    }
    let start = Event::Start(Start::of(world.revision("CHG-2")));
    forbidden(&world, "erin", start.clone(), None, "separate-duties");
    accepted(&world, "bob", start, None);
}

#[test]
fn nobody_starts_by_their_machine_what_they_filed() {
    let world = World::founded();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin");
    second(&world, "bob", "1");
    enact(&world, "approvals = 2\napproval_days = 14\nseparate = ['requester-implementer']\n");
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\", \"bob\"]")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "robot", start(&world), None, "separate-duties");
    accepted(&world, "bob", start(&world), None);
}

#[test]
fn nobody_owns_what_they_implement_where_the_policy_keeps_that_apart() {
    let world = World::approved();
    enact(&world, "approvals = 2\napproval_days = 14\nseparate = ['owner-implementer']\n");
    let (event, text) = filing(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "separate-duties");
    forbidden(&world, "erin", start(&world), None, "separate-duties");
    let (event, text) = filing(&world, |facts, _| facts.implementers = people(&["bob"]));
    accepted(&world, "erin", event, text);
    // The same holds for a machine account that the owner operates.
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin");
    second(&world, "bob", "2");
    let (event, text) = filing(&world, |facts, _| facts.implementers = people(&["robot"]));
    forbidden(&world, "erin", event, text, "separate-duties");
}

#[test]
fn no_admin_approves_where_the_policy_keeps_that_apart() {
    let world = World::approved();
    world.ok("alice", "person grant dave admin");
    second(&world, "bob", "1");
    accepted(&world, "erin", start(&world), None);
    enact(&world, "approvals = 2\napproval_days = 14\nseparate = ['admin-approver']\n");
    forbidden(&world, "dave", approve(&world), None, "separate-duties");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    assert!(world.ok("carol", "show CHG-1").contains("not counted: the policy bars admins from approving"));
}

#[test]
fn a_policy_is_put_in_force_by_two() {
    let world = World::founded();
    world.write("policy.toml", STRICT);
    world.ok("alice", "policy propose policy.toml");
    forbidden(&world, "alice", Event::Second(proposal(&world, "1")), None, "proposal-by-two");
    assert!(world.ok("carol", "policy show").starts_with("Every revision needs the approvals of 2 different people."));
    second(&world, "bob", "1");
    let shown = world.ok("carol", "policy show");
    assert!(shown.contains("and high or critical risk need the approvals of 3 different people"), "{shown}");
    assert!(shown.contains("Nobody starts a change that they filed or revised."), "{shown}");
    assert!(world.ok("carol", "policy show --source").contains("name = 'bad'"));
    assert!(!world.ok("carol", "policy show --as-of 1").contains("high or critical"));
    forbidden(&world, "carol", policy(&world, "approvals = 3\napproval_days = 1\n"), None, "role");
    forbidden(&world, "alice", policy(&world, STRICT), None, "proposal-has-effect");
}

#[test]
fn a_policy_does_not_replace_one_that_its_proposer_never_saw() {
    let world = World::founded();
    for approvals in [3, 4] {
        world.write("policy.toml", format!("approvals = {approvals}\napproval_days = 14\n"));
        world.ok("alice", "policy propose policy.toml");
    }
    second(&world, "bob", "1");
    forbidden(&world, "bob", Event::Second(proposal(&world, "2")), None, "proposal-not-stale");
}

#[test]
fn a_proposal_shows_what_it_would_change_for_open_changes() {
    let world = World::approved();
    world.write("policy.toml", STRICT);
    let output = world.run("alice", "policy propose policy.toml");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    for shown in ["+ Changes of kind normal and high or critical risk need", "CHG-1 now: approved (2 of 2)"] {
        assert!(output.err.contains(shown), "{shown}\n{}", output.screen);
    }
    assert!(
        output.err.contains("awaiting approval (2 of 3); cannot start: the policy requires security"),
        "{}",
        output.screen
    );
}

#[test]
fn the_same_requirements_in_another_order_are_another_policy() {
    let world = World::founded();
    let requirement = |name: &str| format!("[[require]]\nname = '{name}'\nfields = ['tests']\n");
    let head = "approvals = 2\napproval_days = 14\n";
    enact(&world, &format!("{head}{}{}", requirement("a"), requirement("b")));
    let same = policy(&world, &format!("{head}{}{}", requirement("a"), requirement("b")));
    forbidden(&world, "alice", same, None, "proposal-has-effect");
    let reordered = policy(&world, &format!("{head}{}{}", requirement("b"), requirement("a")));
    accepted(&world, "alice", reordered, None);
    // The order of kinds, risks and needs is not the writer's: sets have one order.
    let set = |fields: &str| format!("{head}[[require]]\nname = 'a'\nfields = [{fields}]\n");
    enact(&world, &set("'tests', 'evidence'"));
    forbidden(&world, "alice", policy(&world, &set("'evidence', 'tests'")), None, "proposal-has-effect");
}

#[test]
fn a_policy_that_came_back_does_not_revive_a_proposal() {
    let world = World::founded();
    let other = "approvals = 3\napproval_days = 14\n";
    world.write("policy.toml", "approvals = 2\napproval_days = 7\n");
    world.ok("alice", "policy propose policy.toml");
    enact(&world, other);
    enact(&world, "approvals = 2\napproval_days = 14\n");
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "proposal-not-stale");
}
