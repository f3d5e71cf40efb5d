//! Templates of standard changes: recurring work that two admins sign once, with blanks that each change fills in.
//!
//! A change names its template by the entry that put it in force, so what the change says never changes. What people and
//! machines do is rendered by [`Template::render`] alone, from signed bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::template::blank::{Piece, blanks_in, pieces};
use crate::domain::{
    BlankForm, BlankName, BlankValue, Description, Digest, Environment, Execution, Facts, Field, Invalid, MOST_TARGETS,
    ProposalId, Refusal, Risk, ServiceId, TemplateName, Time,
};

pub(in crate::domain) mod blank;
pub(in crate::domain) mod names;
pub(in crate::domain) mod records;
pub(in crate::domain) mod rules;

/// A template by its name and the leaf hash of the entry that put it in force; written with a space between.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TemplateRef {
    /// Its name.
    pub name: TemplateName,
    /// The leaf hash.
    pub since: Digest,
}

impl fmt::Display for TemplateRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.since)
    }
}

impl FromStr for TemplateRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (name, since) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { name: name.parse()?, since: since.parse()? })
    }
}

/// The template that a revision follows, and what it fills in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedTemplate {
    /// The template.
    pub template: TemplateRef,
    /// The value of each blank.
    pub values: BTreeMap<BlankName, BlankValue>,
}

/// What a template says. All of it is permanent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The worst effect that a change from it can have.
    pub risk: Risk,
    /// Expected outage, in minutes.
    pub outage_minutes: u64,
    /// Expected duration of a rollback, in minutes.
    pub rollback_minutes: u64,
    /// How long before its window a change is filed at least, in minutes.
    pub lead_minutes: u64,
    /// The services that a change may touch; at least one.
    pub services: BTreeSet<ServiceId>,
    /// The environments that a change may touch.
    pub environments: BTreeSet<Environment>,
    /// The most targets of a change; 0 for none.
    pub most_targets: u64,
    /// What a change fills in.
    pub blanks: BTreeMap<BlankName, BlankForm>,
    /// What people do and read, with blanks. It has no title, reason and exception.
    pub description: Description,
    /// What a machine could carry out, with blanks. It has no targets.
    pub execution: Execution,
}

/// The template of a proposal whose data part is not read yet.
impl Default for Template {
    fn default() -> Self {
        Self {
            risk: Risk::Critical,
            outage_minutes: 0,
            rollback_minutes: 0,
            lead_minutes: 0,
            services: BTreeSet::new(),
            environments: BTreeSet::new(),
            most_targets: 0,
            blanks: BTreeMap::new(),
            description: Description::default(),
            execution: Execution::default(),
        }
    }
}

/// A template that is or was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateState {
    /// Its name.
    pub name: TemplateName,
    /// The proposal that set it.
    pub proposal: ProposalId,
    /// The sequence number of the entry that put it in force.
    pub seq: u64,
    /// When it ends.
    pub until: Time,
    /// What it says.
    pub template: Template,
}

/// A template as a proposal would set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTemplate {
    /// Its name.
    pub name: TemplateName,
    /// The leaf hash of the entry that put the template of this name in force; `None` if there is none.
    pub replaces: Option<Digest>,
    /// When it ends.
    pub until: Time,
    /// What it says.
    pub template: Template,
}

/// The end of a template, as a proposal asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndTemplate {
    /// Its name.
    pub name: TemplateName,
    /// The leaf hash of the entry that put it in force.
    pub replaces: Digest,
}

/// The text fields that a standard change has of its own. Its template has the others.
pub const OWN_FIELDS: [Field; 3] = [Field::Title, Field::Reason, Field::Exception];

impl Template {
    /// The longest lead time, in minutes: 366 days.
    pub const MOST_LEAD: u64 = 366 * 24 * 60;

    /// # Errors
    /// [`Invalid::TemplateLead`] above [`Template::MOST_LEAD`].
    pub fn check_lead(found: u64) -> Result<(), Invalid> {
        if found <= Self::MOST_LEAD { Ok(()) } else { Err(Invalid::TemplateLead { found }) }
    }

    /// # Errors
    /// [`Invalid::TemplateTargets`] above the most targets of any change.
    pub fn check_targets(found: u64) -> Result<(), Invalid> {
        if found <= MOST_TARGETS { Ok(()) } else { Err(Invalid::TemplateTargets { found }) }
    }

    /// The number of steps of the plan, and of the rollback.
    pub fn steps(&self) -> (u64, u64) {
        let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
        (count(self.description.plan.len()), count(self.description.rollback.len()))
    }

    /// What people and machines do with these values in the blanks. A blank without a value stays as it is.
    pub fn render(&self, values: &BTreeMap<BlankName, BlankValue>) -> (Description, Execution) {
        let mut fill = |text: &str| {
            let piece = |piece: Piece<'_>| match piece {
                Piece::Text(text) | Piece::Stray(text) => text.to_owned(),
                Piece::Blank(name) => values.get(&name).map_or_else(|| name.written(), ToString::to_string),
            };
            pieces(text).into_iter().map(piece).collect()
        };
        (self.description.map(&mut fill), self.execution.map(&mut fill))
    }

    /// A whole revision: what it says of its own, and the rest from this template.
    pub fn complete(
        &self,
        values: &BTreeMap<BlankName, BlankValue>,
        (own, execution): (&Description, &Execution),
    ) -> (Description, Execution) {
        let (description, steps) = self.render(values);
        let Description { title, reason, exception, .. } = own.clone();
        let execution = Execution { plan: steps.plan, rollback: steps.rollback, ..execution.clone() };
        (Description { title, reason, exception, ..description }, execution)
    }

    /// The blanks in its texts and commands, and the first `{{` that begins none.
    pub fn occurring(&self) -> (BTreeSet<BlankName>, Option<String>) {
        let (mut names, mut stray) = (BTreeSet::new(), None);
        let mut look = |text: &str| {
            let (found, odd) = blanks_in(text);
            names.extend(found);
            stray = stray.take().or(odd);
            text.to_owned()
        };
        self.description.map(&mut look);
        self.execution.map(&mut look);
        (names, stray)
    }

    /// Every rule about what a template says that this one breaks.
    pub fn faults(&self) -> Vec<Refusal> {
        let mut faults = Vec::new();
        let filled = self.description.filled();
        let missing = [Field::Impact, Field::Plan, Field::Rollback].into_iter().find(|it| !filled.contains(it));
        faults.extend(missing.map(|field| Refusal::FieldMissing { field }));
        if self.services.is_empty() {
            faults.push(Refusal::NoServices);
        }
        let (occurring, stray) = self.occurring();
        let undeclared = occurring.iter().filter(|it| !self.blanks.contains_key(*it)).cloned();
        faults.extend(undeclared.map(|blank| Refusal::BlankUndeclared { blank }));
        let unused = self.blanks.keys().filter(|it| !occurring.contains(*it)).cloned();
        faults.extend(unused.map(|blank| Refusal::BlankUnused { blank }));
        faults.extend(stray.map(|text| Refusal::BlankForm { text }));
        faults
    }

    /// Every rule about what a change from this template says that these facts and this data part break. `own` are the
    /// fields that its text fills.
    pub fn refusals(&self, facts: &Facts, execution: &Execution, own: &BTreeSet<Field>) -> Vec<Refusal> {
        let mut refusals = self.value_refusals(facts.template.as_ref().map(|it| &it.values));
        let (plan_steps, rollback_steps) = self.steps();
        let same = [
            (facts.risk == self.risk, "risk"),
            (facts.outage_minutes == self.outage_minutes, "outage-minutes"),
            (facts.rollback_minutes == self.rollback_minutes, "rollback-minutes"),
            (facts.plan_steps == plan_steps && execution.plan.is_empty(), "plan"),
            (facts.rollback_steps == rollback_steps && execution.rollback.is_empty(), "rollback"),
            (facts.evidence.is_empty(), "evidence"),
        ];
        refusals.extend(same.iter().filter(|(same, _)| !same).map(|(_, field)| Refusal::TemplateSays { field }));
        let others = own.iter().filter(|field| !OWN_FIELDS.contains(field));
        refusals.extend(others.map(|field| Refusal::TemplateSays { field: field.as_str() }));
        let services = facts.services.difference(&self.services);
        refusals.extend(services.map(|it| Refusal::TemplateService { service: it.clone() }));
        let environments = facts.environments.difference(&self.environments);
        refusals.extend(environments.map(|it| Refusal::TemplateEnvironment { environment: it.clone() }));
        if facts.targets > self.most_targets {
            refusals.push(Refusal::TemplateTargets { found: facts.targets, most: self.most_targets });
        }
        refusals
    }

    fn value_refusals(&self, values: Option<&BTreeMap<BlankName, BlankValue>>) -> Vec<Refusal> {
        let (mut refusals, none) = (Vec::new(), BTreeMap::new());
        let values = values.unwrap_or(&none);
        for (blank, form) in &self.blanks {
            match values.get(blank) {
                None => refusals.push(Refusal::ValueMissing { blank: blank.clone(), form: form.phrase() }),
                Some(value) if !form.allows(value) => {
                    refusals.push(Refusal::ValueForm { blank: blank.clone(), form: form.phrase() });
                }
                Some(_) => {}
            }
        }
        let unknown = values.keys().filter(|it| !self.blanks.contains_key(*it));
        refusals.extend(unknown.map(|blank| Refusal::ValueUnknown { blank: blank.clone() }));
        refusals
    }
}
