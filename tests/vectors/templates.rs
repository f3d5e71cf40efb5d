//! Templates and standard changes: in the good log, in bad entries, and in refused ones.

use std::collections::BTreeMap;

use twinseal::domain::{
    Action, Args, Automation, BlankForm, BlankName, ChangeKind, Command, Description, Digest, EndTemplate, Event,
    Execution, Facts, Field, Prose, SetTemplate, Step, Target, Template, TemplateName, TemplateRef, Text, Trial,
    UsedTemplate,
};
use twinseal::format::Raw;

use super::bad_entries::{Bad, body_of, replaced, with_body, with_data};
use super::good_log::{Log, all, argument, few_facts, remark};
use super::refused::{Attempt, propose};

fn prose(words: &str) -> Prose {
    words.parse().unwrap()
}

fn blank(name: &str) -> BlankName {
    name.parse().unwrap()
}

fn name() -> TemplateName {
    "restart-gateway".parse().unwrap()
}

/// A template with a blank of each form and every line that there can be.
fn template() -> Template {
    let step = |text: &str, command: Option<&str>| Step { text: prose(text), command: command.map(prose) };
    let args = ["systemctl", "restart", "gateway@{{node}}"].map(argument).to_vec();
    let args = Automation {
        command: Command::Args(Args::try_from(args).unwrap()),
        cwd: Some(argument("/srv/{{site}}")),
        account: Some(argument("ops")),
    };
    let script = Command::Shell(prose("failover {{node}}\nsleep {{seconds}}").try_into().unwrap());
    let script = Automation { command: script, cwd: None, account: None };
    Template {
        risk: "medium".parse().unwrap(),
        outage_minutes: 1,
        rollback_minutes: 5,
        lead_minutes: 0,
        services: all(&["order-gateway", "risk-engine"]),
        environments: all(&["prod", "uat"]),
        most_targets: 2,
        blanks: BTreeMap::from([
            (blank("node"), BlankForm::Pattern("gw-##".parse().unwrap())),
            (blank("seconds"), BlankForm::Number { least: 1, most: 60 }),
            (blank("site"), BlankForm::List(all(&["east", "west"]))),
        ]),
        description: Description {
            impact: Some(prose("Orders through {{node}} wait.\n\n报单等待。")),
            security: Some(prose("No effect.")),
            plan: vec![step("Restart {{node}}.", Some("systemctl restart gateway@{{node}}")), step("Look.", None)],
            rollback: vec![step("Fail over from {{node}}.", None)],
            abort_if: vec![prose("{{node}} is down for {{seconds}} s")],
            tests: vec![Trial { what: prose("Restarted."), result: prose("It came up."), evidence: None }],
            success: Some(prose("It answers.")),
            ..Description::default()
        },
        execution: Execution { plan: [(1, args)].into(), rollback: [(1, script)].into(), ..Execution::default() },
    }
}

fn set(log: &Log, template: Template, until: &str) -> SetTemplate {
    let replaces = log.state.governance().templates().get(&name()).copied();
    SetTemplate { name: name(), replaces, until: until.parse().unwrap(), template }
}

/// The facts of a change from this template.
fn standard(since: Digest) -> Facts {
    let values = [("node", "gw-03"), ("seconds", "30"), ("site", "east")];
    let values = values.iter().map(|(name, value)| (blank(name), value.parse().unwrap())).collect();
    Facts {
        kind: ChangeKind::Standard,
        risk: "medium".parse().unwrap(),
        environments: all(&["prod"]),
        outage_minutes: 1,
        rollback_minutes: 5,
        plan_steps: 2,
        targets: 1,
        template: Some(UsedTemplate { template: TemplateRef { name: name(), since }, values }),
        ..few_facts()
    }
}

fn on(target: &str) -> Execution {
    Execution { targets: vec![target.parse::<Target>().unwrap()], ..Execution::default() }
}

fn words() -> Description {
    Description {
        title: Some("Restart gateway 3".parse().unwrap()),
        reason: Some(prose("Its memory grows.")),
        ..Description::default()
    }
}

const UNTIL: &str = "2027-06-30T00:00:00Z";

/// A template, a change from it, a newer one, and its end. Then another one, which stays in force.
pub fn templates(mut log: Log) -> Vec<Raw> {
    let carry_out = |log: &mut Log, action: Action, reason: &str| {
        log.carry_out(action, remark(Field::Reason, reason));
    };
    let since = |log: &Log| log.state.governance().templates()[&name()];
    let first = set(&log, template(), UNTIL);
    carry_out(&mut log, Action::SetTemplate(Box::new(first)), "It is done every week.");
    let facts = standard(since(&log));
    log.file(facts, words(), on("gw-03.example"));
    let newer = set(&log, Template { blanks: template().blanks, lead_minutes: 30, ..template() }, UNTIL);
    carry_out(&mut log, Action::SetTemplate(Box::new(newer)), "With notice.");
    let end = EndTemplate { name: name(), replaces: since(&log) };
    carry_out(&mut log, Action::EndTemplate(end), "The gateway is gone.");
    let again = set(&log, template(), UNTIL);
    carry_out(&mut log, Action::SetTemplate(Box::new(again)), "It is back.");
    log.entries
}

/// Entries about templates with one defect each.
pub fn bad_templates(good: &[Raw]) -> Vec<Bad> {
    let kind = |kind: &str| good.iter().find(|raw| raw.blob.starts_with(format!("twinseal/{kind}/v1\n").as_bytes()));
    let (first, end) = (kind("template.set").unwrap(), kind("template.end").unwrap());
    let change = good.iter().rfind(|raw| raw.blob.starts_with(b"twinseal/change.file/v1\n")).unwrap();
    let data = String::from_utf8(first.data.clone().unwrap()).unwrap();
    let edits = [
        ("template-of-no-form", "node pattern\n", "node regex\n", "data: line 10, blank: Word"),
        ("template-with-an-empty-list", "allow east\nallow west\n", "", "data: line 16 is not allow"),
        (
            "template-with-a-list-out-of-order",
            "allow east\nallow west\n",
            "allow west\nallow east\n",
            "data: NotCanonical",
        ),
        ("template-with-values-twice", "allow east\n", "allow west\n", "data: NotCanonical"),
        ("template-with-blanks-out-of-order", "blank site list\n", "blank a list\n", "data: NotCanonical"),
        ("template-with-an-option", "allow east\n", "allow -east\n", "data: line 16, allow: Id"),
        ("template-with-white-space", "allow east\n", "allow ea st\n", "data: line 16, allow: Id"),
        ("template-with-a-false-range", "least 1\n", "least 61\n", "data: line 14, most: BlankRange"),
        (
            "template-with-a-pattern-of-another-character",
            "pattern gw-##\n",
            "pattern gw-*\n",
            "data: line 11, pattern: Id",
        ),
        ("template-with-a-title", "impact Orders", "title Restart\nimpact Orders", "data: NotCanonical"),
        ("template-with-a-reason", "impact Orders", "reason Restart\nimpact Orders", "data: NotCanonical"),
        (
            "template-with-evidence",
            "result 1 It came up.\n",
            "result 1 It came up.\ntest-evidence 1 x\n",
            "data: NotCanonical",
        ),
        ("template-with-a-target", "plan-arg 1 systemctl\n", "target gw-1\nplan-arg 1 systemctl\n", "data: Surplus"),
        ("template-with-a-step-without-text", "rollback 1 Fail over from {{node}}.\n", "", "DataFields"),
        (
            "template-with-too-much-lead",
            "lead-minutes 0\n",
            "lead-minutes 527041\n",
            "data: line 4, lead-minutes: TemplateLead",
        ),
        (
            "template-with-too-many-targets",
            "most-targets 2\n",
            "most-targets 1001\n",
            "data: line 9, most-targets: TemplateTargets",
        ),
        ("template-without-a-risk", "risk medium\n", "", "data: line 1 is not risk"),
    ];
    let edited = edits.into_iter().map(|(name, from, to, defect)| {
        let one = data.replacen(from, to, 1);
        assert_ne!(one, data, "{name}");
        Bad { name, defect, raw: with_data(first, one.as_bytes()) }
    });
    let body = body_of(change);
    let named = body.lines().find(|line| line.starts_with("template ")).unwrap().to_owned();
    let of = |name: &'static str, defect: &'static str, from: &str, to: &str| Bad {
        name,
        defect,
        raw: with_body(change, replaced(&body, from, to)),
    };
    let more = [
        Bad { name: "template-without-content", defect: "data: line 1 is not risk", raw: with_data(first, b"") },
        Bad {
            name: "template-end-without-a-digest",
            defect: "line 11 is not replaces",
            raw: with_body(
                end,
                body_of(end)
                    .lines()
                    .filter(|it| !it.starts_with("replaces "))
                    .fold(String::new(), |all, it| all + it + "\n"),
            ),
        },
        of(
            "standard-change-without-the-entry-of-its-template",
            "line 24, template: Digest",
            &named,
            "template restart-gateway",
        ),
        of("standard-change-with-an-option-as-a-value", "line 25, value: Id", "value node gw-03", "value node -gw-03"),
        of("standard-change-with-a-quote-in-a-value", "line 25, value: Id", "value node gw-03", "value node gw'03"),
        of("standard-change-with-values-out-of-order", "NotCanonical", "value node gw-03", "value z gw-03"),
        of("standard-change-with-a-value-twice", "NotCanonical", "value seconds 30", "value node gw-03"),
        of("standard-change-with-values-alone", "Surplus", &format!("{named}\n"), ""),
    ];
    edited.chain(more).collect()
}

/// A name, the rule that refuses, and what is altered in the facts.
type Altered = (&'static str, &'static str, fn(&mut Facts));

/// Entries about templates that a rule refuses at the end of the good log.
pub fn refused_templates(log: &Log) -> Vec<Attempt> {
    let since = log.state.governance().templates()[&name()];
    let setting = |it: SetTemplate| propose(log, Action::SetTemplate(Box::new(it)));
    let without = |what: fn(&mut Template)| {
        let mut it = template();
        what(&mut it);
        setting(set(log, it, UNTIL))
    };
    let filing = |alter: fn(&mut Facts)| {
        let mut facts = standard(since);
        alter(&mut facts);
        let change = log.state.next_change();
        Event::File { change, facts: Box::new(facts), execution: Box::new(on("gw-03.example")) }
    };
    let text = || Some(Text::Description(Box::new(words())));
    let filings: [Altered; 8] = [
        ("standard-change-of-an-older-template", "template-current", |it| {
            it.template.as_mut().unwrap().template.since = Digest::NONE;
        }),
        ("standard-change-of-no-template", "template-in-force", |it| {
            it.template.as_mut().unwrap().template.name = "other".parse().unwrap();
        }),
        ("standard-change-with-a-value-of-another-form", "template-value-form", |it| {
            it.template.as_mut().unwrap().values.insert(blank("node"), "gw-3".parse().unwrap());
        }),
        ("standard-change-without-a-value", "template-value-missing", |it| {
            it.template.as_mut().unwrap().values.remove(&blank("site"));
        }),
        ("standard-change-with-another-value", "template-value-unknown", |it| {
            it.template.as_mut().unwrap().values.insert(blank("user"), "root".parse().unwrap());
        }),
        ("standard-change-of-another-risk", "template-says", |it| it.risk = "low".parse().unwrap()),
        ("standard-change-of-another-service", "template-service", |it| it.services = all(&["ledger"])),
        ("normal-change-with-a-template", "template-kind", |it| it.kind = ChangeKind::Normal),
    ];
    let filings = filings.into_iter().map(|(name, rule, alter)| (name, rule, "erin", filing(alter), text()));
    let proposals = [
        ("template-that-is-in-force", "proposal-has-effect", setting(set(log, template(), UNTIL))),
        ("template-that-ended", "template-until", setting(set(log, template(), "2020-01-01T00:00:00Z"))),
        (
            "template-with-a-blank-of-no-form",
            "template-blank-declared",
            without(|it| _ = it.blanks.remove(&blank("node"))),
        ),
        (
            "template-with-a-stray-blank",
            "template-blank-form",
            without(|it| it.description.success = Some(prose("{{"))),
        ),
        (
            "template-end-of-an-older-one",
            "proposal-not-stale",
            propose(log, Action::EndTemplate(EndTemplate { name: name(), replaces: Digest::NONE })),
        ),
    ];
    filings.chain(proposals.into_iter().map(|(name, rule, event)| (name, rule, "alice", event, None))).collect()
}
