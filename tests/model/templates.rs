//! Templates in the model: which are in force, what a standard change may say, and when it may be filed and started.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{self, BlankForm, ChangeKind, Field, Risk};

use super::clocks::Moment;
use super::draw::{Draw, TICK};
use super::facts::{Action, DAY, Entry, Facts, Place, Time};
use super::model::{Fact, Model};
use super::real::{Real, environment, production, time};
use super::rules::Broken;
use super::services::service;

const MINUTE: Time = 60;

/// What a template says. Its one blank takes a number from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub until: Time,
    pub risk: Risk,
    /// In seconds: whole minutes.
    pub rollback: Time,
    /// In minutes.
    pub lead: u64,
    /// Whether it lists the service that changes name.
    pub service: bool,
    /// Whether it lists the environment that changes name.
    pub production: bool,
    pub most_targets: usize,
    /// What it fills beside impact, plan and rollback.
    pub more: BTreeSet<Field>,
    /// The largest number.
    pub most: u64,
}

/// The template that a revision follows: its name, where it was put in force, and the number in its blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub name: usize,
    pub since: Place,
    pub number: Option<u64>,
    /// Whether it has a value for another blank too.
    pub more: bool,
}

impl Template {
    fn fields(&self) -> BTreeSet<Field> {
        self.more.iter().copied().chain([Field::Impact, Field::Plan, Field::Rollback]).collect()
    }
}

impl Model {
    /// The templates in force, each with the place at which it was put in force.
    pub fn templates(&self) -> BTreeMap<usize, (Place, &Template)> {
        let mut templates = BTreeMap::new();
        for (place, fact) in &self.facts {
            match fact {
                Fact::Template(name, Some(it)) => _ = templates.insert(*name, (*place, it)),
                Fact::Template(name, None) => _ = templates.remove(name),
                _ => {}
            }
        }
        templates
    }

    /// The template that was put in force at a place, in force or not.
    fn template_at(&self, since: Place) -> Option<&Template> {
        self.facts.iter().find_map(|(place, fact)| match fact {
            Fact::Template(_, it) if *place == since => it.as_ref(),
            _ => None,
        })
    }

    /// The fields that a revision fills, by its text or its template.
    pub fn filled(&self, filing: &Entry, facts: &Facts) -> BTreeSet<Field> {
        let template = facts.template.as_ref().and_then(|it| self.template_at(it.since));
        filing.words.iter().copied().chain(template.into_iter().flat_map(Template::fields)).collect()
    }

    /// Whether the template of a revision that was filed at a time by others' clocks lets it start at another.
    pub fn break_template(&self, no: &mut Broken, facts: &Facts, (starts, filed): (Time, Time)) {
        let standard = facts.kind == ChangeKind::Standard;
        no.when(standard && facts.template.is_none(), "standard-template");
        no.when(!standard && facts.template.is_some(), "template-kind");
        let Some(used) = facts.template.as_ref().filter(|_| standard) else { return };
        match self.templates().get(&used.name) {
            None => no.when(true, "template-in-force"),
            Some((since, _)) if *since != used.since => no.when(true, "template-current"),
            Some((_, it)) => {
                no.when(starts >= it.until, "template-ended");
                let lead = it.lead as Time * MINUTE;
                no.when(lead > 0 && facts.window.0 < filed + lead, "template-lead");
            }
        }
    }

    /// What a standard change says that its template does not let it say.
    pub fn break_standard(&self, no: &mut Broken, entry: &Entry, facts: &Facts) {
        let Some(used) = &facts.template else { return };
        let Some(it) = self.template_at(used.since) else { return };
        no.when(used.number.is_none(), "template-value-missing");
        no.when(used.number.is_some_and(|number| !(1..=it.most).contains(&number)), "template-value-form");
        no.when(used.more, "template-value-unknown");
        let own = [Field::Title, Field::Reason, Field::Exception];
        let others = entry.words.iter().any(|field| !own.contains(field));
        let other = facts.risk != it.risk || facts.rollback != it.rollback || facts.evidence || facts.dangerous.0;
        no.when(others || other, "template-says");
        let outside = |service: &usize| !(it.service && *service == 0);
        no.when(facts.services.iter().any(outside), "template-service");
        no.when(facts.production && !it.production, "template-environment");
        no.when(facts.targets.len() > it.most_targets, "template-targets");
    }

    /// What a proposal about a template may ask for.
    pub fn break_set_template(&self, no: &mut Broken, action: &Action, now: Moment) {
        let templates = self.templates();
        match action {
            Action::Template { name, replaces, template } => {
                let present = templates.get(name);
                no.when(present.map(|it| it.0) != *replaces, "proposal-not-stale");
                let now = now.effective;
                no.when(template.until <= now || template.until > now + 2 * 366 * DAY, "template-until");
                no.when(present.is_some_and(|it| it.1 == template), "proposal-has-effect");
            }
            Action::EndTemplate { name, replaces } => {
                let present = templates.get(name);
                no.when(present.is_none(), "template-in-force");
                no.when(present.is_some_and(|it| it.0 != *replaces), "proposal-not-stale");
            }
            _ => {}
        }
    }
}

/// What the second of a proposal about a template makes so.
pub fn seconded(action: &Action) -> Option<Fact> {
    match action {
        Action::Template { name, template, .. } => Some(Fact::Template(*name, Some(template.clone()))),
        Action::EndTemplate { name, .. } => Some(Fact::Template(*name, None)),
        _ => None,
    }
}

impl Draw<'_> {
    /// A proposal to set, replace or end a template.
    pub fn template_action(&mut self) -> Action {
        let (model, name) = (self.model, self.rng.below(2));
        let any = self.rng.below(model.entries.len().max(1));
        let present = model.templates().get(&name).map(|(since, it)| (*since, (*it).clone()));
        let replaces = if self.rng.percent(7) { Some(any) } else { present.as_ref().map(|it| it.0) };
        if self.rng.percent(if present.is_some() { 45 } else { 4 }) {
            return Action::EndTemplate { name, replaces: replaces.unwrap_or(any) };
        }
        let same = present.map(|it| it.1).filter(|_| self.rng.percent(10));
        Action::Template { name, replaces, template: same.unwrap_or_else(|| self.template()) }
    }

    fn template(&mut self) -> Template {
        let days = self.rng.one(&[0, 1, 1, 2, 30, 30, 400, 731, 732, 733]);
        Template {
            until: self.now + days * DAY + (self.rng.below(12) as Time - 1) * TICK,
            risk: self.rng.one(Risk::ALL),
            rollback: self.rng.one(&[0, MINUTE, TICK]),
            lead: self.rng.one(&[0, 0, 0, 360, 720]),
            service: self.rng.percent(90),
            production: self.rng.percent(80),
            most_targets: self.rng.below(4),
            more: self
                .rng
                .some(&[Field::Security, Field::AbortIf, Field::Tests, Field::Success], 50)
                .into_iter()
                .collect(),
            most: 1 + self.rng.below(3) as u64,
        }
    }

    /// Makes a standard change of facts, mostly as one of the templates in force lets it be.
    pub fn follow_template(&mut self, facts: &mut Facts) {
        let model = self.model;
        let templates: Vec<(usize, Place, Template)> =
            model.templates().into_iter().map(|(name, (since, it))| (name, since, it.clone())).collect();
        if templates.is_empty() && self.rng.percent(97) {
            return;
        }
        let any = (self.rng.below(2), self.rng.below(model.entries.len().max(1)), self.template());
        let (name, since, it) = self.rng.one_or(&templates, any);
        let since = if self.rng.percent(3) { self.rng.below(model.entries.len().max(1)) } else { since };
        let number = self.rng.percent(93).then(|| if self.rng.percent(90) { 1 } else { self.rng.below(6) as u64 });
        facts.template = Some(Used { name, since, number, more: self.rng.percent(5) });
        facts.kind = ChangeKind::Standard;
        facts.dangerous.0 &= self.rng.percent(3);
        facts.targets.truncate(if self.rng.percent(95) { it.most_targets } else { usize::MAX });
        if self.rng.percent(96) {
            (facts.risk, facts.rollback) = (it.risk, it.rollback);
        }
        facts.production &= it.production || self.rng.percent(5);
        let soon = self.now + it.lead as Time * MINUTE;
        if facts.window.0 < soon && self.rng.percent(80) {
            let later = soon - facts.window.0 + self.rng.one(&[0, TICK]);
            facts.window = (facts.window.0 + later, facts.window.1 + later);
        }
        match self.rng.below(40) {
            0 => facts.template = None,
            1 => facts.kind = ChangeKind::Normal,
            _ => {}
        }
    }
}

impl Real {
    /// A proposal about a template as the register has it.
    pub fn template_action(&self, action: &Action) -> Option<domain::Action> {
        Some(match action {
            Action::Template { name, replaces, template: it } => {
                domain::Action::SetTemplate(Box::new(domain::SetTemplate {
                    name: template_name(*name),
                    replaces: replaces.map(|it| self.leaf(it)),
                    until: time(it.until),
                    template: template(it),
                }))
            }
            Action::EndTemplate { name, replaces } => domain::Action::EndTemplate(domain::EndTemplate {
                name: template_name(*name),
                replaces: self.leaf(*replaces),
            }),
            _ => return None,
        })
    }

    /// The template that a revision follows as the register has it.
    pub fn used(&self, it: &Used) -> domain::UsedTemplate {
        let number = it.number.map(|number| ("n", number.to_string()));
        let more = it.more.then(|| ("other", "x".to_owned()));
        let value = |(name, value): (&str, String)| (name.parse().unwrap(), value.parse().unwrap());
        domain::UsedTemplate {
            template: domain::TemplateRef { name: template_name(it.name), since: self.leaf(it.since) },
            values: number.into_iter().chain(more).map(value).collect(),
        }
    }
}

fn template_name(name: usize) -> domain::TemplateName {
    format!("template-{name}").parse().unwrap()
}

fn template(it: &Template) -> domain::Template {
    let prose = || "Host {{n}}.".parse::<domain::Prose>().unwrap();
    let step = || vec![domain::Step { text: prose(), command: None }];
    let has = |field| it.more.contains(&field);
    domain::Template {
        risk: it.risk,
        outage_minutes: 0,
        rollback_minutes: (it.rollback / MINUTE) as u64,
        lead_minutes: it.lead,
        services: [if it.service { service(0) } else { service(9) }].into(),
        environments: [if it.production { production() } else { environment(1) }].into(),
        most_targets: it.most_targets as u64,
        blanks: [("n".parse().unwrap(), BlankForm::Number { least: 1, most: it.most })].into(),
        description: domain::Description {
            impact: Some(prose()),
            security: has(Field::Security).then(prose),
            plan: step(),
            rollback: step(),
            abort_if: has(Field::AbortIf).then(prose).into_iter().collect(),
            tests: has(Field::Tests)
                .then(|| domain::Trial { what: prose(), result: prose(), evidence: None })
                .into_iter()
                .collect(),
            success: has(Field::Success).then(prose),
            ..domain::Description::default()
        },
        execution: domain::Execution::default(),
    }
}
