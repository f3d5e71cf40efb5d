//! Reads a template of standard changes from TOML.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Rollback, read_impact, read_rollback, read_trials};
use super::fault::Fault;
use super::freeze::{read_all, read_zone};
use super::problem::Problem;
use super::steps::read_steps;
use super::times;
use super::tree::{Table, Value};
use crate::domain::{
    BlankForm, BlankName, BlankPattern, Description, Execution, Invalid, Prose, Refusal, Template, TemplateName, Time,
    blanks_in,
};
use crate::zone::Zone;

/// A valid draft of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateDraft {
    /// Its name.
    pub name: TemplateName,
    /// When it ends.
    pub until: Time,
    /// What it says.
    pub template: Template,
    /// Why it is proposed.
    pub reason: Option<Prose>,
}

/// Reads a template.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read_template(text: &str) -> Result<TemplateDraft, Vec<Fault>> {
    read_all(text, read)
}

/// The keys whose texts may have blanks.
const TEXTS: [&str; 6] = ["impact", "security", "success", "plan", "rollback", "tests"];

fn read(root: Table<'_, '_>) -> Option<TemplateDraft> {
    let name = root.required_word("name");
    let (reason, until, risk) = (root.prose("reason"), read_until(&root), root.required_word("risk"));
    let (services, environments) = (root.words("services"), root.words("environments"));
    root.require_items("services");
    let lead_minutes = checked(&root, "lead_minutes", Template::check_lead);
    let most_targets = checked(&root, "most_targets", Template::check_targets);
    let (impact, outage_minutes) = read_impact(&root);
    let (security, success) = (root.prose("security"), root.prose("success"));
    let (plan, rollback) = (read_steps(&root, "plan"), read_rollback(&root, |_| Ok(())));
    let tests = read_trials(&root, |_, _| None);
    let blanks = read_blanks(&root);
    root.finish();
    let Rollback { minutes, abort_if, steps } = rollback?;
    let (plan_steps, rollback) = (plan.automation, steps.automation);
    let execution = Execution { plan: plan_steps, rollback, ..Execution::default() };
    let (plan, rollback) = (plan.text, steps.text);
    let description =
        Description { impact, security, plan, rollback, abort_if, tests, success, ..Description::default() };
    let template = Template {
        risk: risk?,
        outage_minutes,
        rollback_minutes: minutes?,
        lead_minutes,
        services,
        environments,
        most_targets,
        blanks,
        description,
        execution,
    };
    Some(TemplateDraft { name: name?, until: until?, template, reason })
}

fn read_until(root: &Table<'_, '_>) -> Option<Time> {
    let zone = read_zone(root);
    let value = root.required("until")?;
    let written = value.time()?;
    // Beside a wrong zone, whose fault is reported, the form of the time can still be checked.
    let zone = zone.unwrap_or_else(|()| Some(Zone::utc()));
    times::time(&written, zone.as_ref()).map_err(|problem| value.fault(problem)).ok()
}

/// A number that `check` accepts; 0 if it is left out.
fn checked(root: &Table<'_, '_>, key: &'static str, check: fn(u64) -> Result<(), Invalid>) -> u64 {
    let Some(value) = root.get(key) else { return 0 };
    let found = value.number().unwrap_or_default();
    check(found).err().into_iter().for_each(|invalid| value.fault(invalid));
    found
}

/// The blanks with their forms. Each that occurs in a text has a form, and each with a form occurs.
fn read_blanks(root: &Table<'_, '_>) -> BTreeMap<BlankName, BlankForm> {
    let mut entries = Vec::new();
    for (name, value) in root.table("blanks").map(Table::entries).unwrap_or_default() {
        match name.parse::<BlankName>() {
            Ok(name) => entries.push((name, value)),
            Err(invalid) => value.fault(invalid),
        }
    }
    let declared = entries.iter().map(|(name, _)| name).collect();
    let occurring = occurring(root, &declared);
    let mut blanks = BTreeMap::new();
    for (name, value) in entries {
        if !occurring.contains(&name) {
            value.fault(Refusal::BlankUnused { blank: name.clone() });
        }
        blanks.extend(read_form(value).map(|form| (name, form)));
    }
    blanks
}

/// The blanks that occur in texts and commands.
fn occurring(root: &Table<'_, '_>, declared: &BTreeSet<&BlankName>) -> BTreeSet<BlankName> {
    let mut occurring = BTreeSet::new();
    for text in TEXTS.into_iter().filter_map(|key| root.get(key)).flat_map(Value::strings) {
        let (names, stray) = blanks_in(text.as_str());
        stray.into_iter().for_each(|found| text.fault(Refusal::BlankForm { text: found }));
        let undeclared: BTreeSet<&BlankName> = names.iter().filter(|name| !declared.contains(name)).collect();
        undeclared.into_iter().for_each(|name| text.fault(Refusal::BlankUndeclared { blank: name.clone() }));
        occurring.extend(names);
    }
    occurring
}

fn read_form(value: Value<'_, '_>) -> Option<BlankForm> {
    let table = value.table()?;
    let range = table.get("least").is_some() || table.get("most").is_some();
    let forms = [table.get("list").is_some(), table.get("pattern").is_some(), range];
    let form = match forms {
        [true, false, false] => {
            table.require_items("list");
            Some(BlankForm::List(table.words("list")))
        }
        [false, true, false] => table.required_word::<BlankPattern>("pattern").map(BlankForm::Pattern),
        [false, false, true] => read_range(&table),
        _ => {
            table.fault("list", Problem::OneForm);
            None
        }
    };
    table.finish();
    form
}

fn read_range(table: &Table<'_, '_>) -> Option<BlankForm> {
    let number = |key| table.required(key).and_then(|value| value.number());
    let (least, most) = (number("least"), number("most"));
    let (least, most) = (least?, most?);
    if most < least {
        table.fault("most", Invalid::BlankRange);
        return None;
    }
    Some(BlankForm::Number { least, most })
}
