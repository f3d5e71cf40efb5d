//! Rules about times and content that a policy asks for, and about emergencies and exceptions that go without them.

use super::prelude::*;

const HEAD: &str = "approvals = 2\napproval_days = 14\n";

/// A policy with one requirement, `it`, and these lines before it.
fn policy(before: &str, lines: &str) -> String {
    format!("{HEAD}{before}\n[[require]]\nname = 'it'\n{lines}\n")
}

/// The draft of the tests with these lines at its end.
fn draft(lines: &str) -> String {
    format!("{CHANGE}\n{lines}")
}

const EXCEPTION: &str = "[exception]\nrequirements = ['it']\nreason = 'The vendor delivered late.'\n";

/// The result of a requirement, as `show` prints it.
fn result_of(world: &World, change: &str, requirement: &str) -> String {
    let shown = world.ok("carol", &format!("show {change}"));
    let from = shown.split("\nrequirements\n").nth(1).unwrap_or_default();
    let line = from.lines().find(|line| line.trim_start().starts_with(&format!("{requirement} ")));
    let line = line.unwrap_or_else(|| panic!("{shown}")).trim_start();
    line[requirement.len()..].trim().to_owned()
}

fn json_of(world: &World, change: &str) -> serde_json::Value {
    serde_json::from_str(&world.ok("carol", &format!("--json show {change}"))).unwrap()
}

#[test]
fn a_change_that_is_filed_too_shortly_before_its_window_is_refused() {
    let world = World::approved();
    world.at("2026-12-01T10:00:00Z");
    // The window starts at 10:00, and the revision was filed at 09:00.
    enact(&world, &policy("", "lead_minutes = 60"));
    accepted(&world, "erin", start(&world), None);
    enact(&world, &policy("", "lead_minutes = 61"));
    forbidden(&world, "erin", start(&world), None, "lead-time");
    let (event, text) =
        filing(&world, |facts, _| facts.window = window("2026-12-01T11:00:59Z", "2026-12-01T12:00:00Z"));
    forbidden(&world, "erin", event, text, "lead-time");
    let late = filing(&world, |facts, _| facts.window = window("2026-12-01T11:00:59Z", "2026-12-01T12:00:00Z"));
    let (event, text) = revising(&world, late);
    forbidden(&world, "erin", event, text, "lead-time");
    let (event, text) =
        filing(&world, |facts, _| facts.window = window("2026-12-01T11:01:00Z", "2026-12-01T12:00:00Z"));
    accepted(&world, "erin", event, text);
    world.write("change.toml", CHANGE);
    let fault = "window.start: the policy requires 61 min between filing and the start of the window (requirement it)";
    world.fails("erin", "check change.toml --register prod.db", Exit::Invalid, fault);
    world.fails("erin", "file change.toml --again", Exit::Refused, "the policy requires 61 min");
}

#[test]
fn a_clock_set_back_gains_no_lead_time() {
    let world = World::founded();
    enact(&world, &policy("", "lead_minutes = 60"));
    world.at("2026-12-01T09:30:00Z");
    file_notes(&world);
    world.at("2026-12-01T09:00:00Z");
    let (event, text) = filing(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "lead-time");
}

/// Has three people act now, so that their claims witness the time.
fn file_notes(world: &World) {
    let far = CHANGE.replace("2026-12-01T1", "2026-12-03T1");
    world.write("far.toml", far);
    world.ok("erin", "file far.toml");
    ["alice", "bob", "carol"].iter().for_each(|person| _ = world.ok(person, "note CHG-1 Here."));
}

#[test]
fn a_window_longer_than_the_policy_allows_is_refused() {
    let world = World::approved();
    enact(&world, &policy("", "longest_window_minutes = 120"));
    accepted(&world, "erin", start(&world), None);
    enact(&world, &policy("", "longest_window_minutes = 119"));
    forbidden(&world, "erin", start(&world), None, "longest-window");
    let (event, text) = filing(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "longest-window");
    assert_eq!(
        result_of(&world, "CHG-1", "it"),
        "unsatisfied: the policy allows windows of at most 119 min for this change (requirement it); could revise: erin"
    );
}

#[test]
fn an_emergency_goes_without_what_the_policy_says_and_nothing_else() {
    let world = World::founded();
    let asks = "lead_minutes = 600\nlongest_window_minutes = 60\nfields = ['tests', 'evidence', 'ticket']";
    let emergency = |facts: &mut Facts| facts.kind = ChangeKind::Emergency;
    let ticket = |facts: &mut Facts| facts.links = ["ticket OPS-1".parse().unwrap()].into();
    let waives = ["lead-time", "longest-window", "tests", "evidence"];
    for (missing, rule) in waives.iter().zip(["lead-time", "longest-window", "policy-field", "policy-field"]) {
        let others: Vec<String> = waives.iter().filter(|it| *it != missing).map(|it| format!("'{it}'")).collect();
        enact(&world, &policy(&format!("[emergency]\nwaives = [{}]", others.join(", ")), asks));
        let (event, text) = filing(&world, |facts, _| {
            emergency(facts);
            ticket(facts);
        });
        forbidden(&world, "erin", event, text, rule);
    }
    enact(&world, &policy("[emergency]\nwaives = ['lead-time', 'longest-window', 'tests', 'evidence']", asks));
    let (event, text) = filing(&world, |facts, _| {
        emergency(facts);
        ticket(facts);
    });
    accepted(&world, "erin", event, text);
    // What the policy does not name is asked of emergencies too, and of other changes everything.
    let (event, text) = filing(&world, |facts, _| emergency(facts));
    forbidden(&world, "erin", event, text, "policy-field");
    let (event, text) = filing(&world, |facts, _| ticket(facts));
    forbidden(&world, "erin", event, text, "policy-field");
}

#[test]
fn no_emergency_goes_without_approvals_or_groups() {
    let world = World::founded();
    let everything = "[emergency]\nwaives = ['lead-time', 'longest-window', 'tests', 'evidence']\n";
    enact(&world, &policy(everything, "approvals = 3\nfrom = [{ group = 'dba' }]\nfields = ['tests']"));
    grant(&world, "alice", "approver --group dba");
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.approve("alice", "CHG-1");
    accepted(&world, "erin", start(&world), None);
    assert_eq!(result_of(&world, "CHG-1", "it"), "overridden by alice, carol, dave (emergency)");
    world.ok("alice", "person revoke-role alice --group dba");
    second(&world, "bob", &world.state().governance().proposals().to_string());
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    // No word of a policy waives approvals.
    world.write("policy.toml", format!("{HEAD}[emergency]\nwaives = ['approvals']\n"));
    world.fails(
        "alice",
        "policy check policy.toml",
        Exit::Invalid,
        "policy.toml:4: emergency.waives[1]: not something",
    );
}

#[test]
fn an_exception_without_a_signature_of_its_group_starts_nothing() {
    let world = World::founded();
    enact(&world, &policy("", "fields = ['evidence']\nexception_group = 'cab'"));
    grant(&world, "dave", "--group cab");
    world.write("change.toml", draft(EXCEPTION));
    world.ok("erin", "file change.toml");
    grant(&world, "alice", "approver");
    ["carol", "alice"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    assert_eq!(
        result_of(&world, "CHG-1", "it"),
        "unsatisfied: CHG-1 needs a further approval by a member of group cab; could approve: dave"
    );
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
    assert_eq!(result_of(&world, "CHG-1", "it"), "overridden by dave (exception, group cab)");
    let line = &json_of(&world, "CHG-1")["requirements"][1];
    assert_eq!(line["result"], "overridden");
    assert_eq!(line["overridden_by"], serde_json::json!({ "people": ["dave"], "group": "cab" }));
    // A policy without exceptions takes the exception away again.
    enact(&world, &policy("", "fields = ['evidence']"));
    forbidden(&world, "erin", start(&world), None, "policy-field");
}

#[test]
fn no_exception_is_filed_that_the_policy_does_not_allow() {
    let world = World::founded();
    let excepting = |facts: &mut Facts| facts.exceptions = ["it".parse().unwrap()].into();
    let reason = |words: &mut Description| words.exception = Some("Late.".parse().unwrap());
    let filing = |world: &World| {
        filing(world, |facts, words| {
            excepting(facts);
            reason(words);
        })
    };
    let lines = ["fields = ['evidence']", "when = { risk = ['low'] }\nfields = ['evidence']\nexception_group = 'cab'"];
    for lines in lines {
        enact(&world, &policy("", lines));
        let (event, text) = filing(&world);
        forbidden(&world, "erin", event, text, "exception-allowed");
    }
    world.write("change.toml", draft(EXCEPTION));
    let fault = "no exception to it: no requirement of this name applies to the change and allows one";
    world.fails("erin", "check change.toml --register prod.db", Exit::Invalid, fault);
    world.fails("erin", "file change.toml", Exit::Refused, fault);
    enact(&world, &policy("", "fields = ['evidence']\nexception_group = 'cab'"));
    let (event, text) = filing(&world);
    accepted(&world, "erin", event, text);
    let (event, text) = super::filing(&world, |facts, _| excepting(facts));
    forbidden(&world, "erin", event, text, "field-required");
}

#[test]
fn no_exception_goes_without_content_that_cannot_be_waived() {
    let world = World::founded();
    enact(&world, &policy("", "fields = ['evidence', 'ticket']\nexception_group = 'cab'"));
    let (event, text) = filing(&world, |facts, words| {
        facts.exceptions = ["it".parse().unwrap()].into();
        words.exception = Some("Late.".parse().unwrap());
    });
    forbidden(&world, "erin", event, text, "policy-field");
}

#[test]
fn the_reason_of_an_exception_is_shown_to_whoever_signs_it() {
    let world = World::founded();
    enact(&world, &policy("", "fields = ['evidence']\nexception_group = 'cab'"));
    grant(&world, "dave", "--group cab");
    world.write("change.toml", draft(EXCEPTION));
    world.ok("erin", "file change.toml");
    let output = world.run_typing("dave", "approve CHG-1", &["CHG-1"]);
    for shown in ["= exception  it", "| The vendor delivered late.", "overridden by dave (exception, group cab)"] {
        assert!(output.screen.contains(shown), "{shown}\n{}", output.screen);
    }
    let copied = world.ok("erin", "draft --from CHG-1");
    assert!(
        copied.contains("[exception]\nrequirements = [\"it\"]\nreason = \"The vendor delivered late.\""),
        "{copied}"
    );
}

#[test]
fn an_exception_in_a_draft_names_requirements_and_a_reason() {
    let world = World::founded();
    for (lines, fault) in [
        ("[exception]\nreason = 'Late.'\n", "exception.requirements: required, but missing or empty"),
        ("[exception]\nrequirements = ['it']\n", "exception.reason: required, but missing or empty"),
        ("[exception]\nrequirement = ['it']\nreason = 'Late.'\n", "unknown key; did you mean requirements?"),
    ] {
        world.write("change.toml", draft(lines));
        world.fails("erin", "file change.toml", Exit::Invalid, fault);
    }
}

#[test]
fn an_emergency_shows_when_its_review_is_due() {
    let world = World::founded();
    enact(&world, &format!("{HEAD}[emergency]\nreview_days = 3\n"));
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    assert_eq!(json_of(&world, "CHG-1")["review_due"], serde_json::Value::Null);
    // The duty is that of the policy at the start.
    enact(&world, &format!("{HEAD}[emergency]\nreview_days = 9\n"));
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    assert_eq!(json_of(&world, "CHG-1")["review_due"], "2026-12-04T10:00:00Z");
    assert!(world.ok("carol", "show CHG-1").contains("due: 2026-12-04T10:00:00Z, in 3 d"));
    world.at("2026-12-05T10:00:00Z");
    assert!(world.ok("carol", "show CHG-1").contains("overdue: 2026-12-04T10:00:00Z, 24 h ago"));
    // Other changes need no review yet.
    file(&world, &[("2026-12-01", "2026-12-06")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    world.at("2026-12-06T10:00:00Z");
    world.ok("erin", "start CHG-2");
    world.ok("erin", "finish CHG-2 --outcome succeeded");
    assert_eq!(json_of(&world, "CHG-2")["review_due"], serde_json::Value::Null);
}

#[test]
fn a_requirement_of_redacted_text_is_an_error_and_starts_nothing() {
    let world = World::approved();
    enact(&world, &policy("", "fields = ['security']"));
    let seq = world.change("CHG-1").current().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason Why."));
    second(&world, "bob", "2");
    assert!(
        result_of(&world, "CHG-1", "it").starts_with("error: the text of the current revision of CHG-1 was redacted")
    );
    assert_eq!(json_of(&world, "CHG-1")["requirements"][1]["result"], "error");
    forbidden(&world, "erin", start(&world), None, "revision-redacted");
}

#[test]
fn the_lines_about_requirements_say_no_exactly_if_the_rules_do() {
    let world = World::founded();
    let requirements = "[[require]]\nname = 'big'\nwhen = { min_targets = 5 }\napprovals = 9\n\
                        [[require]]\nname = 'db'\nfrom = [{ group = 'dba' }]\n\
                        [[require]]\nname = 'far'\nindependent = true\n";
    enact(&world, &format!("teams = ['trading', 'it']\n{HEAD}{requirements}"));
    ["erin --group trading", "carol --group trading --group dba", "dave --group it --group dba"].iter().for_each(
        |it| {
            let (person, options) = it.split_once(' ').unwrap();
            grant(&world, person, options);
        },
    );
    file(&world, &[]);
    world.at("2026-12-01T10:00:00Z");
    let results = |world: &World| {
        let json = json_of(world, "CHG-1");
        let lines = json["requirements"].as_array().unwrap().iter();
        lines.map(|it| format!("{} {}", it["requirement"].as_str().unwrap(), it["result"].as_str().unwrap())).collect()
    };
    let expect = |every: &str, db: &str, far: &str| -> Vec<String> {
        vec![format!("every change {every}"), "big not-applicable".to_owned(), format!("db {db}"), format!("far {far}")]
    };
    let found: Vec<String> = results(&world);
    assert_eq!(found, expect("unsatisfied", "unsatisfied", "unsatisfied"));
    world.approve("carol", "CHG-1");
    let found: Vec<String> = results(&world);
    assert_eq!(found, expect("unsatisfied", "satisfied", "unsatisfied"));
    refused(&world, "erin", start(&world), None, "enough-approvals");
    let output = world.run("dave", &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)).screen;
    assert!(output.contains("far           satisfied"), "{output}");
    assert!(output.contains("big           not applicable"), "{output}");
    let found: Vec<String> = results(&world);
    assert_eq!(found, expect("satisfied", "satisfied", "satisfied"));
    accepted(&world, "erin", start(&world), None);
    // What the lines said at the start stays.
    world.ok("erin", "start CHG-1");
    enact(&world, "approvals = 9\napproval_days = 14\n");
    let found: Vec<String> = results(&world);
    assert_eq!(found, expect("satisfied", "satisfied", "satisfied"));
}

#[test]
fn an_approver_of_a_team_that_takes_part_is_not_independent() {
    let world = World::founded();
    let teams = "teams = ['trading', 'it']\n";
    let requirement = "[[require]]\nname = 'far'\nindependent = true\nexception_group = 'cab'\n";
    enact(&world, &format!("{teams}{HEAD}{requirement}"));
    // A group that is no team does not matter.
    grant(&world, "erin", "--group trading --group dba");
    grant(&world, "carol", "--group trading");
    grant(&world, "dave", "--group trading --group it");
    grant(&world, "alice", "approver --group dba");
    file(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "independent-approver");
    let lacking = "CHG-1 needs an approval by somebody who shares no team with its requesters, authors, owner and \
                   implementers; could approve: alice";
    assert_eq!(result_of(&world, "CHG-1", "far"), format!("unsatisfied: {lacking}"));
    assert!(world.ok("carol", "show CHG-1").contains("awaiting approval (2 of 2, missing: independent)"));
    // Teams are taken at the start, for both.
    world.ok("alice", "person revoke-role dave --group trading");
    second(&world, "bob", &world.state().governance().proposals().to_string());
    accepted(&world, "erin", start(&world), None);
    grant(&world, "erin", "--group it --from 2026-12-01T11:00:00Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T11:00:00Z");
    forbidden(&world, "erin", start(&world), None, "independent-approver");
    world.approve("alice", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_suspension_makes_nobody_independent() {
    let world = World::founded();
    enact(&world, &format!("teams = ['trading']\n{HEAD}[[require]]\nname = 'far'\nindependent = true\n"));
    ["erin", "carol", "dave"].iter().for_each(|person| grant(&world, person, "--group trading"));
    // She could approve, and does not.
    grant(&world, "alice", "approver");
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"bob\"]"));
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "bob", start(&world), None, "independent-approver");
    // One admin alone must not change that, and nor does a retirement.
    world.ok("alice", "person suspend erin");
    forbidden(&world, "bob", start(&world), None, "independent-approver");
}

#[test]
fn the_teams_of_former_owners_and_of_operators_take_part_too() {
    let world = World::founded();
    enact(&world, &format!("teams = ['it']\n{HEAD}[[require]]\nname = 'far'\nindependent = true\n"));
    ["alice", "carol", "dave"].iter().for_each(|person| grant(&world, person, "--group it"));
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator alice");
    second(&world, "bob", &world.state().governance().proposals().to_string());
    file(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    let by_robot = ("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"erin\", \"robot\"]");
    let draft = CHANGE.replace(by_robot.0, by_robot.1);
    world.write("robot.toml", draft);
    world.fails("erin", "revise CHG-1 robot.toml", Exit::Invalid, "an independent approver needed, but everybody");
    let (event, text) = revising(&world, filing(&world, |facts, _| facts.implementers = people(&["erin", "robot"])));
    accepted(&world, "erin", event.clone(), text.clone());
    world.force("erin", event, text);
    let (event, text) = revising(&world, filing(&world, |_, _| {}));
    world.force("erin", event, text);
    world.ok("alice", "rebuild");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    forbidden(&world, "erin", start(&world), None, "independent-approver");
}
