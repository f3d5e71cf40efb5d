//! The templates that a state keeps: which are in force, and every one that ever was, because changes go on naming it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::records::{Denied, StateKey, Unloaded};
use crate::domain::{Digest, Facts, Governance, Refusal, TemplateName, TemplateState};

/// Which templates there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct TemplateMarks {
    /// Those in force, each with the leaf hash of the entry that put it in force. One stays until two admins end it, also
    /// after its last day.
    in_force: BTreeMap<TemplateName, Digest>,
    /// The leaf hashes of all that ever were in force.
    ever: BTreeSet<Digest>,
}

impl Governance {
    /// The templates in force, each with the leaf hash of the entry that put it in force.
    pub fn templates(&self) -> &BTreeMap<TemplateName, Digest> {
        &self.summary.templates.in_force
    }

    /// Whether this entry put a template in force.
    pub(in crate::domain) fn had_template(&self, since: Digest) -> bool {
        self.summary.templates.ever.contains(&since)
    }

    /// The template that this entry put in force, whether or not it still is; `None` if it put none in force.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn template_since(&self, since: Digest) -> Result<Option<&TemplateState>, Unloaded> {
        if !self.had_template(since) {
            return Ok(None);
        }
        self.templates.get(&since, StateKey::Template)
    }

    /// The template in force with this name.
    ///
    /// # Errors
    /// [`Refusal::TemplateNone`], or [`Unloaded`].
    pub fn template(&self, name: &TemplateName) -> Result<(Digest, &TemplateState), Denied> {
        let missing = || Refusal::TemplateNone { template: name.clone() };
        let since = self.templates().get(name).copied().ok_or_else(missing)?;
        Ok((since, self.template_since(since)?.ok_or_else(missing)?))
    }

    /// The template that a revision follows, whether or not it is still in force; `None` if it follows none.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn template_of(&self, facts: &Facts) -> Result<Option<&TemplateState>, Unloaded> {
        facts.template.as_ref().map_or(Ok(None), |used| self.template_since(used.template.since))
    }

    pub(in crate::domain) fn put_template(&mut self, since: Digest, it: TemplateState) {
        let marks = &mut self.summary_mut().templates;
        marks.in_force.insert(it.name.clone(), since);
        marks.ever.insert(since);
        self.templates.insert(since, it);
    }

    /// Ends a template. Its record stays, for the changes that name it.
    pub(in crate::domain) fn drop_template(&mut self, name: &TemplateName) {
        self.summary_mut().templates.in_force.remove(name);
    }
}
