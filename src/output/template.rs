//! What a template says, as sentences, lines and JSON, and what a proposal changes about it.

use serde_json::{Value, json};

use super::json::{description, execution, list as json_list, written};
use super::{Equal, Page, Parts, diff};
use crate::domain::{BlankForm, BlankName, BlankValue, EndTemplate, SetTemplate, Template, UsedTemplate};
use crate::{tr, trf};

/// What a proposal would do: `set template restart-gateway: 2 steps, 1 blank, until 2027-12-01T00:00:00Z`.
pub fn summary(it: &SetTemplate) -> String {
    let SetTemplate { name, replaces, until, template } = it;
    let said = in_short(template);
    match replaces {
        Some(_) => trf!("replace template {name}: {said}, until {until}", "更换模板 {name}：{said}，有效至 {until}"),
        None => trf!("set template {name}: {said}, until {until}", "设置模板 {name}：{said}，有效至 {until}"),
    }
}

fn in_short(it: &Template) -> String {
    let (steps, blanks) = (it.description.plan.len(), it.blanks.len());
    let (s, bs) = (if steps == 1 { "" } else { "s" }, if blanks == 1 { "" } else { "s" });
    trf!("{steps} step{s}, {blanks} blank{bs}", "{steps} 个步骤，{blanks} 个空项")
}

/// Compares the lines of a template in force with those of the one that would replace it: `+` is added, `-` is removed.
/// The lines of one that replaces none are in the data part, which every page shows.
pub fn changes(page: &mut Page, it: &SetTemplate, lines: Option<&(Vec<String>, Vec<String>)>) {
    let Some((present, new)) = lines else { return };
    page.block(&trf!("changes to template {}", "模板 {} 的变化", it.name));
    let parts = |lines: &[String]| Parts::new(b"", None, Some(format!("{}\n", lines.join("\n")).as_bytes()));
    diff(page, &parts(present), &parts(new), Equal::Near);
}

/// Says what the end of a template means.
pub fn end(page: &mut Page, it: &EndTemplate) {
    page.block(&trf!("template {}", "模板 {}", it.name));
    page.text("", tr!("Nobody can file or start a change from it any more.", "此后不能再依据它提交或开始变更单。"));
}

/// The template that a revision follows, for programs.
pub fn used(it: &UsedTemplate) -> Value {
    let value =
        |(blank, value): (&BlankName, &BlankValue)| json!({ "blank": blank.to_string(), "value": value.to_string() });
    json!({
        "name": it.template.name.to_string(),
        "since": it.template.since.to_string(),
        "values": it.values.iter().map(value).collect::<Value>(),
    })
}

/// What a template says, for programs.
pub fn template(it: &Template) -> Value {
    json!({
        "risk": it.risk.to_string(),
        "outage_minutes": it.outage_minutes,
        "rollback_minutes": it.rollback_minutes,
        "lead_minutes": it.lead_minutes,
        "services": json_list(&it.services),
        "environments": json_list(&it.environments),
        "most_targets": it.most_targets,
        "blanks": it.blanks.iter().map(blank).collect::<Value>(),
        "text": description(&it.description),
        "execution": execution(&it.execution),
    })
}

fn blank((name, form): (&BlankName, &BlankForm)) -> Value {
    let (list, pattern, range) = match form {
        BlankForm::List(values) => (Some(json_list(values)), None, None),
        BlankForm::Pattern(pattern) => (None, Some(pattern.to_string()), None),
        BlankForm::Number { least, most } => (None, None, Some((*least, *most))),
    };
    let (least, most) = (range.map(|it| it.0), range.map(|it| it.1));
    json!({ "blank": name.to_string(), "list": list, "pattern": pattern, "least": least, "most": most })
}

/// A proposal of a template for programs.
pub fn set(it: &SetTemplate) -> Value {
    json!({
        "name": it.name.to_string(),
        "replaces": written(it.replaces),
        "until": it.until.to_string(),
        "template": template(&it.template),
    })
}
