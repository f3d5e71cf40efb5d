//! Rules about templates: what one must say, when it is in force, and what a change from it may say.

use super::freezes::second_newest;
use super::prelude::*;
use crate::support::{STANDARD, TEMPLATE};

/// Has two admins put a template in force.
pub fn template(world: &World, draft: &str) {
    world.write("template.toml", draft);
    world.ok("alice", "template propose template.toml");
    second_newest(world);
}

/// A world with [`TEMPLATE`] in force.
fn templated() -> World {
    let world = World::founded();
    template(&world, TEMPLATE);
    world
}

/// The template in force, and the leaf hash of the entry that put it in force.
fn in_force(world: &World) -> (Digest, TemplateState) {
    let state = world.state();
    let (since, it) = state.governance().template(&"restart-gateway".parse().unwrap()).unwrap();
    (since, it.clone())
}

/// A register with one template.
struct Has(Digest, TemplateState);

impl input::DraftContext for Has {
    fn template(&self, _: &TemplateName) -> Result<(Digest, TemplateState), input::Problem> {
        Ok((self.0, self.1.clone()))
    }

    fn judge_service(&self, _: &ServiceId) -> Result<(), input::Problem> {
        Ok(())
    }

    fn digest_of(&self, _: &str) -> std::io::Result<Digest> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn judge_party(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_author(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_follows(&self, _: ChangeId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_time_left(&self, _: &Window, _: u64) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_exception(&self, _: &FreezeName) -> Result<Digest, Refusal> {
        Ok(Digest::NONE)
    }

    fn freezes(&self) -> Vec<FreezeName> {
        Vec::new()
    }

    fn judge_window(&self, _: &Window) -> Result<(), Refusal> {
        Ok(())
    }
}

/// An event that files [`STANDARD`] as the next change, after `alter`.
pub fn standard(
    world: &World,
    alter: impl FnOnce(&mut Facts, &mut Description, &mut Execution),
) -> (Event, Option<Text>) {
    let (since, it) = in_force(world);
    let mut draft = input::read(STANDARD, &Has(since, it)).unwrap();
    alter(&mut draft.facts, &mut draft.description, &mut draft.execution);
    let text = Text::Description(Box::new(draft.description));
    let (change, facts) = (world.state().next_change(), Box::new(draft.facts));
    (Event::File { change, facts, execution: Box::new(draft.execution) }, Some(text))
}

#[track_caller]
fn no_standard(world: &World, rule: &str, alter: impl FnOnce(&mut Facts, &mut Description, &mut Execution)) {
    let (event, text) = standard(world, alter);
    forbidden(world, "erin", event, text, rule);
}

fn value(facts: &mut Facts, blank: &str, value: &str) {
    let used = facts.template.as_mut().unwrap();
    used.values.insert(blank.parse().unwrap(), value.parse().unwrap());
}

/// Files [`STANDARD`] with some of its text replaced.
#[track_caller]
fn file_standard(world: &World, replaced: &[(&str, &str)]) {
    let draft = replaced.iter().fold(STANDARD.to_owned(), |draft, (from, to)| draft.replace(from, to));
    world.write("standard.toml", draft);
    world.ok("erin", "file standard.toml --again");
}

fn approved() -> World {
    let world = templated();
    file_standard(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world
}

pub fn set(world: &World, alter: impl FnOnce(&mut SetTemplate)) -> Event {
    let input::TemplateDraft { name, until, template, .. } = input::read_template(TEMPLATE).unwrap();
    let replaces = world.state().governance().templates().get(&name).copied();
    let mut it = SetTemplate { name, replaces, until, template };
    alter(&mut it);
    propose(world, Action::SetTemplate(Box::new(it)))
}

fn end(world: &World, name: &str, replaces: Digest) -> Event {
    propose(world, Action::EndTemplate(EndTemplate { name: name.parse().unwrap(), replaces }))
}

#[test]
fn a_standard_change_is_rendered_approved_by_two_and_carried_out() {
    let world = approved();
    let shown = world.ok("carol", "show CHG-1");
    for line in [
        "template restart-gateway: plan",
        "Restart gw-01.",
        "systemctl restart gateway@gw-01",
        "\"gateway@gw-01\"",
        "failover gw-01",
        "\"/srv/gw-01\"",
        "gw-01 is down for a minute",
        "Orders through gw-01 wait",
        "value      node gw-01",
        &format!("template   restart-gateway {}", in_force(&world).0),
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("{{"), "{shown}");
    let change: serde_json::Value = serde_json::from_str(&world.ok("carol", "show CHG-1 --json")).unwrap();
    let revision = &change["revisions"][0];
    assert_eq!(revision["text"]["plan"][0]["step"], "Restart gw-01.");
    assert_eq!(revision["execution"]["plan"][0]["args"][2], "gateway@gw-01");
    assert_eq!(revision["facts"]["template"]["values"][0]["value"], "gw-01");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    let found = world.ok("audrey", "list --as-of 2026-12-01T09:30:00Z --text 'fail over from gw-01'");
    assert!(found.contains("CHG-1"), "{found}");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn one_approval_is_not_enough_for_a_standard_change() {
    let world = templated();
    file_standard(&world, &[]);
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn no_standard_change_is_without_a_template_and_no_other_change_has_one() {
    let world = templated();
    no_standard(&world, "standard-template", |facts, _, _| {
        facts.template = None;
        // The body counts the steps of the text.
        (facts.plan_steps, facts.rollback_steps) = (0, 0);
    });
    no_standard(&world, "template-kind", |facts, _, _| facts.kind = ChangeKind::Normal);
    no_standard(&world, "template-kind", |facts, _, _| facts.kind = ChangeKind::Emergency);
    let (event, text) = standard(&world, |_, _, _| ());
    accepted(&world, "erin", event, text);
    world.fails("erin", "draft --kind standard", Exit::Refused, "a standard change follows a template");
}

#[test]
fn no_change_follows_a_template_that_is_not_in_force() {
    let world = templated();
    no_standard(&world, "template-in-force", |facts, _, _| {
        facts.template.as_mut().unwrap().template.name = "restart-oms".parse().unwrap();
    });
    no_standard(&world, "template-current", |facts, _, _| facts.template.as_mut().unwrap().template.since = WRONG);
    world.write("standard.toml", STANDARD.replace("restart-gateway", "restart-gatewai"));
    world.fails("erin", "file standard.toml", Exit::Invalid, "did you mean restart-gateway?");
}

#[test]
fn a_template_that_was_replaced_or_ended_starts_no_change() {
    let world = approved();
    accepted(&world, "erin", start(&world), None);
    world.write("template.toml", TEMPLATE.replace("few seconds", "minute"));
    let proposed = world.run("alice", "template propose template.toml");
    assert!(proposed.err.contains("open changes that it would stop\n  - CHG-1 approved"), "{}", proposed.err);
    second_newest(&world);
    forbidden(&world, "erin", start(&world), None, "template-current");
    let shown = world.ok("erin", "show CHG-1");
    assert!(shown.contains("template restart-gateway was replaced") && shown.contains("wait for a few seconds"));
    // The way out.
    world.at("2026-12-01T08:00:00Z");
    world.write("again.toml", world.ok("erin", "draft --from CHG-1"));
    world.ok("erin", "revise CHG-1 again.toml");
    assert!(world.ok("erin", "show CHG-1").contains("wait for a minute"));
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    world.ok("alice", "template end restart-gateway --reason 'The gateway is gone.'");
    second_newest(&world);
    forbidden(&world, "erin", start(&world), None, "template-in-force");
    assert!(world.ok("audrey", "show CHG-1").contains("Restart gw-01."), "an ended template is still shown");
    world.fails("erin", "draft --template restart-gateway", Exit::Invalid, "no template restart-gateway is in force");
}

#[test]
fn a_template_past_its_end_files_and_starts_no_change() {
    let world = World::founded();
    template(&world, &TEMPLATE.replace("2027-06-30T00:00:00Z", "2026-12-01T10:30:00Z"));
    file_standard(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    no_standard(&world, "template-ended", |facts, _, _| {
        facts.window = window("2026-12-01T10:30:00Z", "2026-12-01T12:00:00Z");
    });
    world.at("2026-12-01T10:29:59Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T10:30:00Z");
    forbidden(&world, "erin", start(&world), None, "template-ended");
}

#[test]
fn a_clock_that_was_set_back_does_not_prolong_a_template() {
    let world = World::founded();
    template(&world, &TEMPLATE.replace("2027-06-30T00:00:00Z", "2026-12-01T10:30:00Z"));
    file_standard(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T11:00:00Z");
    for person in ["alice", "bob", "carol", "dave"] {
        world.ok(person, "note CHG-1 Seen.");
    }
    world.at("2026-12-01T10:10:00Z");
    forbidden(&world, "erin", start(&world), None, "template-ended");
}

#[test]
fn each_blank_has_a_value_of_its_form_and_there_is_no_other_value() {
    let world = templated();
    no_standard(&world, "template-value-missing", |facts, _, _| facts.template.as_mut().unwrap().values.clear());
    no_standard(&world, "template-value-unknown", |facts, _, _| value(facts, "port", "80"));
    for wrong in ["gw-1", "gw-001", "GW-01", "gw-0a", "gw_01", "gw-01/x"] {
        let (event, text) = standard(&world, |facts, _, _| value(facts, "node", wrong));
        refused(&world, "erin", event, text, "template-value-form");
    }
    no_standard(&world, "template-value-form", |facts, _, _| value(facts, "node", "gw-1"));
    let (event, text) = standard(&world, |facts, _, _| value(facts, "node", "gw-99"));
    accepted(&world, "erin", event, text);
}

#[test]
fn no_value_is_an_option_or_syntax_of_a_shell() {
    for bad in
        ["", "-rf", "a b", "a;b", "$x", "`x`", "a'b", "a\"b", "a\\b", "a|b", "a&b", "a>b", "{x}", "a*", "é", "~x"]
    {
        assert!(bad.parse::<BlankValue>().is_err(), "{bad:?}");
    }
    for bad in [&"a".repeat(65), "a\n", "\u{1b}[2J", "a=b", "#", "@", "(a)", "a,b", "!x", "%a", "?"] {
        assert!(bad.parse::<BlankValue>().is_err(), "{bad:?}");
    }
    for good in [&"a".repeat(64), "gw-01", "10.0.0.1:8443", "/srv/gateway", "A_b", "..", "0"] {
        assert!(good.parse::<BlankValue>().is_ok(), "{good:?}");
    }
}

#[test]
fn a_change_says_nothing_that_its_template_says() {
    let world = templated();
    no_standard(&world, "template-says", |facts, _, _| facts.risk = Risk::High);
    no_standard(&world, "template-says", |facts, _, _| facts.outage_minutes = 0);
    no_standard(&world, "template-says", |facts, _, _| facts.rollback_minutes = 1);
    no_standard(&world, "template-says", |facts, _, _| facts.plan_steps = 1);
    no_standard(&world, "template-says", |facts, _, _| facts.rollback_steps = 2);
    let own = |field: fn(&mut Description)| move |_: &mut Facts, it: &mut Description, _: &mut Execution| field(it);
    no_standard(&world, "template-says", own(|it| it.impact = "Other.".parse().ok()));
    no_standard(&world, "template-says", own(|it| it.security = "Other.".parse().ok()));
    no_standard(&world, "template-says", own(|it| it.success = "Other.".parse().ok()));
    no_standard(&world, "template-says", own(|it| it.abort_if = vec!["Other.".parse().unwrap()]));
    let step = || Step { text: "Other.".parse().unwrap(), command: None };
    no_standard(&world, "template-says", |_, it, _| it.plan = vec![step()]);
    no_standard(&world, "template-says", |_, it, _| it.rollback = vec![step()]);
    no_standard(&world, "template-says", |_, _, it| {
        it.plan = input::read_template(TEMPLATE).unwrap().template.execution.plan;
    });
    let draft = STANDARD.replace("reason =", "risk = \"low\"\nplan = [{ step = \"Other.\" }]\nreason =");
    world.write("standard.toml", draft);
    world.fails("erin", "file standard.toml", Exit::Invalid, "plan: leave it out: the template says it");
}

#[test]
fn a_change_touches_only_what_its_template_lists() {
    let world = templated();
    no_standard(&world, "template-service", |facts, _, _| facts.services = ["ledger".parse().unwrap()].into());
    no_standard(&world, "template-environment", |facts, _, _| facts.environments = ["dr".parse().unwrap()].into());
    let on = |count: u64| {
        move |facts: &mut Facts, _: &mut Description, execution: &mut Execution| {
            facts.targets = count;
            execution.targets = (0..count).map(|n| format!("gw-{n}").parse().unwrap()).collect();
        }
    };
    no_standard(&world, "template-targets", on(3));
    let (event, text) = standard(&world, on(2));
    accepted(&world, "erin", event, text);
}

#[test]
fn the_lead_time_of_a_template_adds_to_that_of_the_policy() {
    let world = templated();
    let at = |start: &str| {
        let window = window(start, "2026-12-01T12:00:00Z");
        move |facts: &mut Facts, _: &mut Description, _: &mut Execution| facts.window = window
    };
    world.at("2026-12-01T09:31:00Z");
    no_standard(&world, "template-lead", |_, _, _| ());
    let (event, text) = standard(&world, at("2026-12-01T10:01:00Z"));
    accepted(&world, "erin", event, text);
    let policy = "approvals = 2\napproval_days = 14\n[[require]]\nname = 'notice'\nlead_minutes = 60\n";
    enact(&world, policy);
    no_standard(&world, "lead-time", at("2026-12-01T10:01:00Z"));
    enact(&world, &policy.replace("60", "1"));
    no_standard(&world, "template-lead", at("2026-12-01T10:00:00Z"));
}

#[test]
fn the_rendered_commands_are_sensitive() {
    let world = World::founded_with_spare_approvers();
    template(&world, TEMPLATE);
    let policy = "approvals = 2\napproval_days = 14\n[[require]]\nname = 'destructive'\nwhen = { risk = 'low' }\n\
        sensitive = ['failover gw-01', 'restart gateway@gw-02']\napprovals = 3\n";
    enact(&world, policy);
    // The text of the template names the second node, if the change does.
    no_standard(&world, "sensitive-named", |facts, _, _| value(facts, "node", "gw-02"));
    file_standard(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn what_a_policy_requires_may_stand_in_the_template() {
    let world = templated();
    let policy = "approvals = 2\napproval_days = 14\n[[require]]\nname = 'all'\nfields = ['security', 'tests']\n";
    enact(&world, policy);
    let (event, text) = standard(&world, |_, _, _| ());
    accepted(&world, "erin", event, text);
    enact(&world, &policy.replace("'tests'", "'success'"));
    no_standard(&world, "policy-field", |_, _, _| ());
}

#[test]
fn a_template_ends_ahead_and_within_two_years() {
    let world = World::founded();
    for until in ["2026-11-01T00:00:00Z", "2029-12-01T00:00:00Z"] {
        forbidden(&world, "alice", set(&world, |it| it.until = until.parse().unwrap()), None, "template-until");
        world.write("template.toml", TEMPLATE.replace("2027-06-30T00:00:00Z", until));
        world.fails("alice", "template propose template.toml", Exit::Invalid, "template.toml:3: until: ");
    }
    accepted(&world, "alice", set(&world, |_| ()), None);
    forbidden(&world, "erin", set(&world, |_| ()), None, "role");
}

#[test]
fn a_template_states_the_form_of_each_blank_that_occurs_and_of_no_other() {
    let world = World::founded();
    let blank = |name: &str| name.parse::<BlankName>().unwrap();
    let undeclared = set(&world, |it| _ = it.template.blanks.remove(&blank("node")));
    forbidden(&world, "alice", undeclared, None, "template-blank-declared");
    let unused = set(&world, |it| {
        it.template.blanks.insert(blank("port"), BlankForm::Number { least: 1, most: 9 });
    });
    forbidden(&world, "alice", unused, None, "template-blank-used");
    for stray in ["{{", "{{ node }}", "{{.State}}", "{{Node}}", "{{node}", "{{{node}}}"] {
        let text = || format!("See {stray}").parse::<Prose>().unwrap();
        let event = set(&world, |it| it.template.description.success = Some(text()));
        refused(&world, "alice", event, None, "template-blank-form");
        let event = set(&world, |it| it.template.description.plan[1].command = Some(text()));
        refused(&world, "alice", event, None, "template-blank-form");
    }
    let stray = set(&world, |it| it.template.description.success = "{{".parse().ok());
    forbidden(&world, "alice", stray, None, "template-blank-form");
    let empty = set(&world, |it| it.template.description.impact = None);
    forbidden(&world, "alice", empty, None, "field-required");
    let nothing = set(&world, |it| it.template.services.clear());
    forbidden(&world, "alice", nothing, None, "services-required");
}

#[test]
fn every_fault_of_a_template_is_found_at_once() {
    let draft = TEMPLATE
        .replace("pattern = \"gw-##\"", "pattern = \"gw ##\"\nlist = [\"a\"]\n[blanks.port]\nleast = 9\nmost = 1")
        .replace("See that it answers.", "See {{other}} and {{ this }}.")
        .replace("lead_minutes = 30", "lead_minutes = 999999")
        .replace("[\"systemctl\"", "[\"{{\"")
        .replace("risk = \"low\"", "risk = \"none\"");
    let faults = input::read_template(&draft).unwrap_err();
    let found: BTreeSet<&str> = faults.iter().map(|it| it.field.as_str()).collect();
    let expected = ["lead_minutes", "risk", "blanks.node.list", "blanks.port", "blanks.port.most", "plan[2].step"];
    let expected = expected.into_iter().chain(["plan[1].args[1]"]);
    assert_eq!(found, expected.collect(), "{faults:#?}");
    assert_eq!(faults.iter().filter(|it| it.field == "plan[2].step").count(), 2, "{faults:#?}");
}

#[test]
fn a_template_is_replaced_and_ended_only_as_it_is_in_force() {
    let world = templated();
    let since = in_force(&world).0;
    forbidden(&world, "alice", set(&world, |_| ()), None, "proposal-has-effect");
    let other = |it: &mut SetTemplate| it.until = "2027-01-01T00:00:00Z".parse().unwrap();
    for replaces in [None, Some(WRONG)] {
        let event = set(&world, |it| {
            other(it);
            it.replaces = replaces;
        });
        forbidden(&world, "alice", event, None, "proposal-not-stale");
    }
    accepted(&world, "alice", set(&world, other), None);
    forbidden(&world, "alice", end(&world, "restart-gateway", WRONG), None, "proposal-not-stale");
    forbidden(&world, "alice", end(&world, "restart-oms", since), None, "template-in-force");
    accepted(&world, "alice", end(&world, "restart-gateway", since), None);
    world.fails("alice", "template end restart-gatewai --reason x", Exit::Invalid, "did you mean restart-gateway?");
}

#[test]
fn a_template_cannot_be_redacted_and_the_reason_of_its_proposal_can() {
    let world = templated();
    file_standard(&world, &[]);
    let opened = world.state().governance().proposal("1".parse().unwrap()).unwrap().seq;
    for seq in [opened, opened + 2] {
        world.ok("alice", &format!("proposal redact {seq} --reason 'A name.'"));
        second_newest(&world);
    }
    // The data part is no text, so nothing names it.
    assert!(world.raw(opened).text.is_none() && world.raw(opened).data.is_some());
    let shown = world.ok("audrey", "show CHG-1");
    assert!(shown.contains("(text redacted)") && shown.contains("Restart gw-01."), "{shown}");
    assert!(!shown.contains("Its memory grows."), "{shown}");
    assert!(world.ok("audrey", "template show restart-gateway").contains("Restart {{node}}."));
    forbidden(&world, "carol", approve(&world), None, "revision-redacted");
}

#[test]
fn a_standard_change_is_not_approved_away_from_the_register() {
    let world = templated();
    file_standard(&world, &[]);
    let complaint = "CHG-1 is a standard change: what it does is rendered from its template";
    world.fails("erin", "approve CHG-1 --detached c.txt --for carol", Exit::Invalid, complaint);
}

#[test]
fn a_draft_from_a_template_asks_only_what_it_leaves_open() {
    let world = templated();
    let draft = world.ok("erin", "draft --template restart-gateway");
    let keys: Vec<&str> = draft.lines().filter(|line| !line.starts_with('#')).collect();
    let keys: Vec<&str> = keys.iter().filter_map(|line| line.split_once(" = ").map(|(key, _)| key)).collect();
    let expected = ["template", "title", "owner", "services", "environments", "reason", "node", "start", "end", "zone"];
    assert_eq!(keys, expected, "{draft}");
    world.write(
        "draft.toml",
        draft.replace("node = \"\"", "node = \"gw-1\"").replace("title = \"\"", "title = \"Restart\""),
    );
    let refused = world.run("erin", "check draft.toml").err;
    for fault in ["owner: required", "services: required", "values.node: the value of blank node must be like gw-##"] {
        assert!(refused.contains(fault), "{fault}\n{refused}");
    }
}

#[test]
fn an_evidence_pack_of_a_standard_change_is_judged_with_its_template() {
    let world = approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world.ok("alice", "template end restart-gateway --reason 'The gateway is gone.'");
    second_newest(&world);
    world.ok("audrey", "checkpoint --record");
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let page = fs::read_to_string(world.path("pack/index.html")).unwrap();
    assert!(page.contains("Restart gw-01."), "{page}");
    world.ok("audrey", "evidence verify pack");
    // The plan is the template's, so it cannot be left out.
    let complaint = "CHG-1";
    world.fails("audrey", "evidence pack CHG-1 --redact plan --out other", Exit::Invalid, complaint);
}

#[test]
fn a_draft_from_a_template_is_checked_only_beside_its_register() {
    let faults = input::read(STANDARD, &crate::support::Alone).unwrap_err();
    let said: Vec<String> = faults.iter().map(|it| it.field.clone()).collect();
    assert_eq!(said, ["template"], "{faults:#?}");
}
