//! Reads and writes drafts of standard changes, which say little: the rest is their template's.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{
    Draft, DraftContext, People, read_artifacts, read_exceptions, read_links, read_people, read_targets, read_window,
};
use super::problem::Problem;
use super::tree::Table;
use super::write::key_of;
use crate::domain::{
    BlankName, BlankValue, ChangeKind, Description, Environment, Execution, Facts, PersonId, Refusal, ServiceId,
    Template, TemplateName, TemplateRef, TemplateState, Time, UsedTemplate,
};
use crate::trf;

/// The keys that only the template says.
const TEMPLATES: [&str; 7] = ["risk", "security", "success", "impact", "plan", "rollback", "tests"];

/// Reads a draft that names a template.
pub(super) fn read(root: Table<'_, '_>, context: &dyn DraftContext) -> Option<Draft> {
    let name: Option<TemplateName> = root.required_word("template");
    let found = name.as_ref().and_then(|name| match context.template(name) {
        Ok(found) => Some(found),
        Err(problem) => {
            root.fault("template", problem);
            None
        }
    });
    if root.word::<ChangeKind>("kind").is_some_and(|kind| kind != ChangeKind::Standard) {
        root.fault("kind", Refusal::TemplateKind);
    }
    TEMPLATES.into_iter().filter_map(|key| root.get(key)).for_each(|value| value.fault(Problem::InTemplate));
    let (title, reason) = (root.required_line("title"), root.required_prose("reason"));
    let People { owner, implementers, authors } = read_people(&root, context);
    let template = found.as_ref().map(|(_, it)| &it.template);
    let (services, environments) = read_touched(&root, template, context);
    let values = read_values(&root, template);
    let tags = root.words("tags");
    let follows = root.judged_words("follows", |it| context.judge_follows(*it));
    let (targets, stop_after) = read_targets(&root);
    let window = root.required("window").and_then(|_| root.table("window")).and_then(|it| read_window(it, context));
    let (artifacts, links) = (read_artifacts(&root, context), root.table("links").map(read_links).unwrap_or_default());
    let (exceptions, excepted, exception) = read_exceptions(&root, context);
    root.finish();

    let (since, state) = found?;
    let (plan_steps, rollback_steps) = state.template.steps();
    let facts = Facts {
        kind: ChangeKind::Standard,
        risk: state.template.risk,
        owner: owner?,
        authors,
        implementers,
        services,
        environments,
        tags,
        window: window?,
        outage_minutes: state.template.outage_minutes,
        rollback_minutes: state.template.rollback_minutes,
        artifacts,
        evidence: BTreeMap::new(),
        links,
        follows,
        conflicts: None,
        excepted,
        plan_steps,
        rollback_steps,
        targets: u64::try_from(targets.len()).unwrap_or(u64::MAX),
        stop_after,
        exceptions,
        sensitive: Default::default(), // It depends on the policy of a register.
        template: Some(UsedTemplate { template: TemplateRef { name: name?, since }, values }),
    };
    let description = Description { title, reason, exception, ..Description::default() };
    let execution = Execution { targets, ..Execution::default() };
    Some(Draft { facts, description, execution, template: Some(Box::new(state)) })
}

/// The services and environments. Where the template leaves no choice, the draft need not say them.
fn read_touched(
    root: &Table<'_, '_>,
    template: Option<&Template>,
    context: &dyn DraftContext,
) -> (BTreeSet<ServiceId>, BTreeSet<Environment>) {
    let mut services = root.judged_words("services", |it: &ServiceId| context.judge_service(it));
    let mut environments = root.words("environments");
    let Some(it) = template else { return (services, environments) };
    if services.is_empty() && it.services.len() == 1 {
        services.clone_from(&it.services);
    }
    if environments.is_empty() && it.environments.len() == 1 {
        environments.clone_from(&it.environments);
    }
    if services.is_empty() {
        root.require_items("services");
    }
    (services, environments)
}

/// The value of each blank.
fn read_values(root: &Table<'_, '_>, template: Option<&Template>) -> BTreeMap<BlankName, BlankValue> {
    let entries = root.table("values").map(Table::entries).unwrap_or_default();
    let mut values = BTreeMap::new();
    let mut written = Vec::new();
    for (name, value) in entries {
        let name = match name.parse::<BlankName>() {
            Ok(name) => name,
            Err(invalid) => {
                value.fault(invalid);
                continue;
            }
        };
        written.push(name.clone());
        let form = template.and_then(|it| it.blanks.get(&name));
        if template.is_some() && form.is_none() {
            value.fault(Refusal::ValueUnknown { blank: name });
            continue;
        }
        let said = value.written().unwrap_or_default();
        match (said.parse::<BlankValue>(), form) {
            _ if said.is_empty() => {
                value.fault(form.map_or(Problem::Missing, |form| {
                    Refusal::ValueMissing { blank: name, form: form.phrase() }.into()
                }));
            }
            (Ok(said), Some(form)) if !form.allows(&said) => {
                value.fault(Refusal::ValueForm { blank: name, form: form.phrase() });
            }
            (Ok(said), _) => _ = values.insert(name, said),
            (Err(_), Some(form)) => value.fault(Refusal::ValueForm { blank: name, form: form.phrase() }),
            (Err(invalid), None) => value.fault(invalid),
        }
    }
    for (blank, form) in template.iter().flat_map(|it| &it.blanks) {
        if !written.contains(blank) {
            root.fault("values", Refusal::ValueMissing { blank: blank.clone(), form: form.phrase() });
        }
    }
    values
}

/// What a new draft from a template begins with.
pub struct NewStandard<'a> {
    /// The template.
    pub template: &'a TemplateState,
    /// Its owner, if that is known.
    pub owner: Option<&'a PersonId>,
    /// Now.
    pub now: Time,
}

/// A draft of a standard change that asks only what its template leaves open.
pub fn draft_from_template(it: &NewStandard<'_>) -> String {
    let TemplateState { name, template, .. } = it.template;
    let owner = it.owner.map_or("", PersonId::as_str);
    let mut out = trf!(
        "# A standard change from template {name}. Fill it in, then run\n\
         # `twinseal check FILE` and `twinseal file FILE`.\n\
         # `twinseal template show {name}` shows what it does.\n\n",
        "# 依据模板 {name} 的标准变更。填写后运行\n\
         # `twinseal check FILE` 和 `twinseal file FILE`。\n\
         # 变更内容见 `twinseal template show {name}`。\n\n"
    );
    out.push_str(&format!("template = \"{name}\"\ntitle = \"\"\nowner = \"{owner}\"\n"));
    out.push_str(&format!("# implementers = [\"{owner}\"]\n"));
    choice(&mut out, "services", template.services.iter().map(ServiceId::as_str));
    choice(&mut out, "environments", template.environments.iter().map(|it| it.as_str()));
    if template.most_targets > 0 {
        out.push_str(&trf!("# targets = []  # at most {}\n", "# targets = []  # 最多 {} 个\n", template.most_targets));
    }
    out.push_str("reason = \"\"\"\n\"\"\"\n");
    if !template.blanks.is_empty() {
        out.push_str("\n[values]\n");
    }
    for (blank, form) in &template.blanks {
        out.push_str(&format!("# {}\n{} = \"\"\n", form.phrase(), key_of(blank.as_str())));
    }
    let lead = i64::try_from(template.lead_minutes).unwrap_or_default().saturating_mul(60);
    let day = it.now.plus(86_400).plus(lead).utc().format("%Y-%m-%d");
    out.push_str(&format!("\n[window]\nstart = \"{day} 20:00\"\nend = \"{day} 22:00\"\nzone = \"UTC\"\n"));
    out
}

/// A list of which the change names some; one without a choice is left out.
fn choice<'a>(out: &mut String, key: &str, all: impl ExactSizeIterator<Item = &'a str>) {
    if all.len() > 1 {
        let all = all.collect::<Vec<_>>().join(", ");
        out.push_str(&trf!("{key} = []  # of these: {all}\n", "{key} = []  # 可选：{all}\n"));
    }
}
