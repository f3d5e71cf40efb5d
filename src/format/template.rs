//! Encoding of templates: name and end in a body, what they say in a data part; and which template a revision follows.

use std::collections::{BTreeMap, BTreeSet};

use super::Defect;
use super::data::{read_steps, write_steps};
use super::lines::{Reader, Writer};
use super::text::{read_description, write_description};
use crate::domain::{
    Action, BlankForm, BlankName, Description, EndTemplate, Execution, Invalid, SetTemplate, Template, Trial,
    UsedTemplate, number,
};
use crate::tr;

/// Encodes a proposal to set a template, all but what the template says.
pub fn write_set(out: &mut Writer, it: &SetTemplate) {
    out.put("template", &it.name);
    out.put_all("replaces", it.replaces);
    out.put("until", it.until);
}

/// Decodes a proposal to set a template. The data part has what the template says.
///
/// # Errors
/// A defect of the grammar.
pub fn read_set(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let name = lines.parse("template")?;
    let replaces = if lines.next_is("replaces") { Some(lines.parse("replaces")?) } else { None };
    let (until, template) = (lines.parse("until")?, Template::default());
    Ok(Action::SetTemplate(Box::new(SetTemplate { name, replaces, until, template })))
}

/// Encodes a proposal to end a template.
pub fn write_end(out: &mut Writer, it: &EndTemplate) {
    out.put("template", &it.name);
    out.put("replaces", it.replaces);
}

/// Decodes a proposal to end a template.
///
/// # Errors
/// A defect of the grammar.
pub fn read_end(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    Ok(Action::EndTemplate(EndTemplate { name: lines.parse("template")?, replaces: lines.parse("replaces")? }))
}

/// Encodes the template that a revision follows, if it follows one.
pub fn write_used(out: &mut Writer, used: Option<&UsedTemplate>) {
    let Some(UsedTemplate { template, values }) = used else { return };
    out.put("template", template);
    out.put_all("value", values.iter().map(|(blank, value)| format!("{blank} {value}")));
}

/// Decodes the template that a revision follows; `None` if there is no `template` line.
///
/// # Errors
/// A defect of the grammar.
pub fn read_used(lines: &mut Reader<'_>) -> Result<Option<UsedTemplate>, Defect> {
    if !lines.next_is("template") {
        return Ok(None);
    }
    let template = lines.parse("template")?;
    let values = lines.parse_all("value", |value| {
        let (blank, value) = value.split_once(' ').unwrap_or((value, ""));
        Ok((blank.parse()?, value.parse()?))
    })?;
    Ok(Some(UsedTemplate { template, values }))
}

/// Encodes what a template says.
pub fn write_template(out: &mut Writer, it: &Template) {
    out.put("risk", it.risk);
    out.put("outage-minutes", it.outage_minutes);
    out.put("rollback-minutes", it.rollback_minutes);
    out.put("lead-minutes", it.lead_minutes);
    out.put_all("service", &it.services);
    out.put_all("environment", &it.environments);
    out.put("most-targets", it.most_targets);
    for (name, form) in &it.blanks {
        match form {
            BlankForm::List(values) => {
                out.put("blank", format_args!("{name} list"));
                out.put_all("allow", values);
            }
            BlankForm::Pattern(pattern) => {
                out.put("blank", format_args!("{name} pattern"));
                out.put("pattern", pattern);
            }
            BlankForm::Number { least, most } => {
                out.put("blank", format_args!("{name} number"));
                out.put("least", least);
                out.put("most", most);
            }
        }
    }
    write_description(out, &it.description);
    write_steps(out, &it.execution);
}

/// Decodes what a template says. A title, a reason, an exception and evidence are a change's, so the canonical rule
/// refuses them.
///
/// # Errors
/// A defect of the grammar.
pub fn read_template(lines: &mut Reader<'_>) -> Result<Template, Defect> {
    let checked = |check: fn(u64) -> Result<(), Invalid>| {
        move |text: &str| number(text).and_then(|found| check(found).map(|()| found))
    };
    let (risk, outage_minutes) = (lines.parse("risk")?, lines.parse_with("outage-minutes", number)?);
    let rollback_minutes = lines.parse_with("rollback-minutes", number)?;
    let lead_minutes = lines.parse_with("lead-minutes", checked(Template::check_lead))?;
    let (services, environments) =
        (lines.parse_all("service", str::parse)?, lines.parse_all("environment", str::parse)?);
    let most_targets = lines.parse_with("most-targets", checked(Template::check_targets))?;
    let mut blanks = BTreeMap::new();
    // Out of order or twice is refused by the canonical rule.
    while lines.next_is("blank") {
        let (name, form) = read_blank(lines)?;
        blanks.insert(name, form);
    }
    let own = |it: Trial| Trial { evidence: None, ..it };
    let read = read_description(lines)?;
    let tests = read.tests.into_iter().map(own).collect();
    let description = Description { title: None, reason: None, exception: None, tests, ..read };
    let (plan, rollback) = (read_steps(lines, "plan")?, read_steps(lines, "rollback")?);
    let execution = Execution { plan, rollback, ..Execution::default() };
    Ok(Template {
        risk,
        outage_minutes,
        rollback_minutes,
        lead_minutes,
        services,
        environments,
        most_targets,
        blanks,
        description,
        execution,
    })
}

fn read_blank(lines: &mut Reader<'_>) -> Result<(BlankName, BlankForm), Defect> {
    let (name, word) = lines.parse_with("blank", |value| {
        let (name, form) = value.split_once(' ').unwrap_or((value, ""));
        let words = &["list", "pattern", "number"];
        let known = words.iter().find(|word| **word == form);
        let form = known.ok_or(Invalid::Word { what: tr!("a form of a blank", "空项格式"), allowed: words })?;
        Ok((name.parse::<BlankName>()?, *form))
    })?;
    let form = match word {
        "list" => {
            let first = lines.parse("allow")?;
            let rest: BTreeSet<_> = lines.parse_all("allow", str::parse)?;
            BlankForm::List(rest.into_iter().chain([first]).collect())
        }
        "pattern" => BlankForm::Pattern(lines.parse("pattern")?),
        _ => {
            let (least, most) = (lines.parse_with("least", number)?, lines.parse_with("most", number)?);
            if most < least {
                return Err(lines.defect("most", Invalid::BlankRange));
            }
            BlankForm::Number { least, most }
        }
    };
    Ok((name, form))
}
