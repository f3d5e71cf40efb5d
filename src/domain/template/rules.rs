//! The rules about templates and the standard changes that follow them.

use std::collections::BTreeSet;

use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::time::DAY;
use crate::domain::{
    ChangeKind, Conflicts, Digest, EndTemplate, Event, Execution, Facts, Field, Folded, Governance, Header, Moment,
    ProposalId, Refusal, SetTemplate, Target, TemplateState, TextRef, Time, UsedTemplate,
};

/// The furthest end of a template, in seconds from its proposal.
pub const LONGEST_TEMPLATE: i64 = 2 * 366 * DAY;

/// What a revision gives beside its facts, the part of its template included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::domain) struct Given {
    /// The text fields that are filled.
    pub filled: BTreeSet<Field>,
    /// The open changes that it lists.
    pub conflicts: Conflicts,
    /// The targets, in order.
    pub targets: Vec<Target>,
    /// The commands that a machine could carry out.
    pub commands: Vec<Folded>,
}

impl Given {
    /// What a revision gives of its own.
    pub(in crate::domain) fn own(text: Option<&TextRef>, execution: &Execution) -> Self {
        let filled = text.map(|text| text.filled.clone()).unwrap_or_default();
        let (conflicts, targets) = (execution.conflicts.clone(), execution.targets.clone());
        Self { filled, conflicts, targets, commands: execution.folded() }
    }
}

impl Governance {
    /// What a revision with this text and data part gives.
    pub(in crate::domain) fn given(
        &self,
        text: Option<&TextRef>,
        (facts, execution): (&Facts, &Execution),
    ) -> Result<Given, Unloaded> {
        let mut given = Given::own(text, execution);
        if let (Some(it), Some(used)) = (self.template_of(facts)?, &facts.template) {
            let (description, steps) = it.template.render(&used.values);
            given.filled.extend(description.filled());
            given.commands.extend(steps.folded());
        }
        Ok(given)
    }

    /// What an entry with this header gives if it files a revision.
    pub(in crate::domain) fn given_by(&self, header: &Header, event: &Event) -> Result<Given, Unloaded> {
        match event {
            Event::File { facts, execution, .. } | Event::Revise { facts, execution, .. } => {
                self.given(header.text.as_ref(), (facts, execution))
            }
            _ => Ok(Given::default()),
        }
    }

    /// Checks that the template of a revision is in force and has not ended when a start is possible or attempted, and that
    /// it was filed early enough. Only a standard change has a template.
    ///
    /// # Errors
    /// The rule that refuses it, or [`Unloaded`].
    pub fn judge_template(&self, facts: &Facts, starts: Time, filed: Time) -> Result<(), Denied> {
        let used = match (facts.kind, &facts.template) {
            (ChangeKind::Standard, None) => return Err(Refusal::NoTemplate.into()),
            (ChangeKind::Standard, Some(used)) => used,
            (_, Some(_)) => return Err(Refusal::TemplateKind.into()),
            (_, None) => return Ok(()),
        };
        let UsedTemplate { template, .. } = used;
        let (since, it) = self.template(&template.name)?;
        if since != template.since {
            return Err(Refusal::TemplateReplaced { template: template.name.clone() }.into());
        }
        Ok(it.judge_times(facts, starts, filed)?)
    }

    /// Checks what a standard change says against its template. `own` are the fields that its text fills.
    pub(in crate::domain) fn judge_from_template(
        &self,
        (facts, execution): (&Facts, &Execution),
        own: &BTreeSet<Field>,
    ) -> Result<(), Denied> {
        let Some(it) = self.template_of(facts)? else { return Ok(()) };
        match it.template.refusals(facts, execution, own).into_iter().next() {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    pub(in crate::domain) fn judge_set_template(&self, at: Moment, it: &SetTemplate) -> Result<(), Denied> {
        if self.templates().get(&it.name).copied() != it.replaces {
            return Err(Refusal::NotInForce.into());
        }
        judge_until(it.until, at)?;
        if let Some(refusal) = it.template.faults().into_iter().next() {
            return Err(refusal.into());
        }
        if it.replaces.is_none() {
            return Ok(());
        }
        let (_, present) = self.template(&it.name)?;
        let same = (present.until, &present.template) == (it.until, &it.template);
        if same { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
    }

    pub(in crate::domain) fn judge_end_template(&self, it: &EndTemplate) -> Result<(), Denied> {
        match self.templates().get(&it.name) {
            None => Err(Refusal::TemplateNone { template: it.name.clone() }.into()),
            Some(since) if *since != it.replaces => Err(Refusal::NotInForce.into()),
            Some(_) => Ok(()),
        }
    }

    pub(in crate::domain) fn set_template(&mut self, proposal: ProposalId, it: &SetTemplate, seq: u64, since: Digest) {
        let SetTemplate { name, until, template, .. } = it.clone();
        self.put_template(since, TemplateState { name, proposal, seq, until, template });
    }
}

/// Checks that the end of a template lies ahead, and not too far.
///
/// # Errors
/// [`Refusal::TemplateUntil`].
pub fn judge_until(until: Time, at: Moment) -> Result<(), Refusal> {
    let fits = at.effective < until && until <= at.latest.plus(LONGEST_TEMPLATE);
    if fits { Ok(()) } else { Err(Refusal::TemplateUntil { until }) }
}

impl TemplateState {
    /// Checks that it has not ended at a time when a change could start, and that the change was filed early enough.
    ///
    /// # Errors
    /// [`Refusal::TemplateEnded`], [`Refusal::TemplateLead`].
    pub fn judge_times(&self, facts: &Facts, starts: Time, filed: Time) -> Result<(), Refusal> {
        if starts >= self.until {
            return Err(Refusal::TemplateEnded { template: self.name.clone(), until: self.until });
        }
        let minutes = self.template.lead_minutes;
        let lead = i64::try_from(minutes).unwrap_or(i64::MAX / 60).saturating_mul(60);
        // Without a lead time the window may have begun, as that of any change.
        let late = minutes > 0 && facts.window.start() < filed.plus(lead);
        if late { Err(Refusal::TemplateLead { minutes }) } else { Ok(()) }
    }
}
