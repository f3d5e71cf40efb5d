//! Makes the text of a draft from the options of `file`.

use std::collections::BTreeSet;

use clap::Args;

use super::draft::{check_may_file, copied, template_for};
use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::calendar::slots::free;
use crate::commands::duration::duration;
use crate::commands::lookup::{parse, zone};
use crate::domain::{ChangeId, Line, Risk, Scope, ServiceId, Time};
use crate::error::Error;
use crate::input::{FieldValue, NotATime, Toward, set_fields, spoken_time, zone_of};
use crate::store::Session;
use crate::tr;
use crate::zone::Zone;

/// The options of `file` and `revise` that say what a change is, without a file.
#[derive(Debug, Clone, Args)]
pub struct Compose {
    /// Title, in one line
    #[arg(long, value_name = "TITLE", conflicts_with = "file", zh("标题，一行"))]
    title: Option<String>,
    /// Affected service; repeat it for each
    #[arg(long = "service", value_name = "SERVICE", conflicts_with = "file", zh("受影响的服务；多个服务则重复此选项"))]
    services: Vec<String>,
    /// Window: 'sat 20:00 for 2h' or 'sat 20:00 to 22:00'
    #[arg(short, long, value_name = "WINDOW", conflicts_with = "file")]
    #[arg(zh("变更窗口：'sat 20:00 for 2h' 或 'sat 20:00 to 22:00'"))]
    window: Option<String>,
    /// Risk: low, medium, high, critical
    #[arg(
        long,
        value_name = "RISK",
        conflicts_with = "file",
        zh("风险：low、medium、high、critical（低、中、高、极高）")
    )]
    risk: Option<String>,
    /// Reason for the change
    #[arg(long, value_name = "TEXT", conflicts_with = "file", zh("变更原因"))]
    reason: Option<String>,
    /// Impact of the change
    #[arg(long, value_name = "TEXT", conflicts_with = "file", zh("影响范围"))]
    impact: Option<String>,
    /// Step of the plan; repeat it for each
    #[arg(long = "step", value_name = "TEXT", conflicts_with = "file", zh("实施步骤；多个步骤则重复此选项"))]
    steps: Vec<String>,
    /// Step of the rollback; repeat it for each
    #[arg(
        long = "rollback",
        value_name = "TEXT",
        conflicts_with = "file",
        zh("回退（回滚）步骤；多个步骤则重复此选项")
    )]
    rollback: Vec<String>,
    /// Open the draft in your editor before it is filed
    #[arg(long, conflicts_with = "file", zh("提交前在编辑器中打开草稿"))]
    pub(super) edit: bool,
}

impl Compose {
    /// Whether the draft is opened in the editor: with --edit, or if no option says what the change is.
    pub fn edits(&self) -> bool {
        let says = self.title.is_some() || self.window.is_some() || self.reason.is_some() || self.impact.is_some();
        let lists = !self.services.is_empty() || !self.steps.is_empty() || !self.rollback.is_empty();
        self.edit || !(says || lists || self.risk.is_some())
    }

    /// The text of the draft: a copy of a change or of the one that it revises, or a template, with what the options say.
    ///
    /// # Errors
    /// No such change, or a window that is not understood.
    pub fn text(
        &self,
        context: &mut Context<'_>,
        from: Option<ChangeId>,
        revises: Option<ChangeId>,
    ) -> Result<String, Error> {
        let services = self.check()?;
        let (base, session) = match from.or(revises) {
            Some(from) => copied(context, from)?,
            None => template_for(context)?,
        };
        // An owner revises also without the role that files.
        if self.edits() && revises.is_none() {
            check_may_file(context, &session)?;
        }
        let mut fields = Vec::new();
        let words = [("title", &self.title), ("risk", &self.risk), ("reason", &self.reason)];
        fields.extend(words.into_iter().filter_map(|(key, word)| Some(FieldValue::Word(key, word.clone()?))));
        let lists = [
            FieldValue::Services(self.services.clone()),
            FieldValue::Plan(self.steps.clone()),
            FieldValue::Rollback(self.rollback.clone()),
        ];
        let filled = |it: &FieldValue| match it {
            FieldValue::Services(list) | FieldValue::Plan(list) | FieldValue::Rollback(list) => !list.is_empty(),
            _ => true,
        };
        fields.extend(lists.into_iter().filter(filled));
        fields.extend(self.impact.clone().map(FieldValue::Impact));
        let environments = environments_of(&session, &services)?;
        if !environments.is_empty() {
            fields.push(FieldValue::Environments(environments));
        }
        if from.or(revises).is_none()
            && self.window.is_none()
            && let Some(zone) = zone(context)?
        {
            let times = next_allowed(context, &session, &zone, services)?;
            fields.push(FieldValue::Window(zone, times));
        }
        if let Some(window) = &self.window {
            let zone = zone(context)?;
            let times = window_of(window, context.env.now(), zone.as_ref())?;
            // Times with an offset are read without a zone. They are shown in that of the draft.
            let shown = zone.or_else(|| zone_of(&base)).unwrap_or_else(Zone::utc);
            fields.push(FieldValue::Window(shown, times));
        }
        set_fields(&base, &fields).map_err(|message| Error::Io(std::io::Error::other(message)))
    }

    /// Fails on an invalid value, so that no draft is kept because of one. Returns the services.
    fn check(&self) -> Result<BTreeSet<ServiceId>, Error> {
        self.risk.as_deref().map(parse::<Risk>).transpose()?;
        if let Some(title) = &self.title {
            Line::from_typed(title).map_err(|invalid| Error::Value { given: title.clone(), invalid })?;
        }
        self.services.iter().map(|it| parse(it)).collect()
    }
}

/// The environments of these services, as far as they are in force.
fn environments_of(session: &Session, services: &BTreeSet<ServiceId>) -> Result<Vec<String>, Error> {
    let mut environments = BTreeSet::new();
    for id in services {
        let service = session.ask(|state| Ok(state.governance().service(id)?.cloned()))??;
        environments.extend(service.map(|it| it.environment.to_string()));
    }
    Ok(environments.into_iter().collect())
}

/// The first window of two hours from tomorrow evening on in which no freeze is closed that may concern the services;
/// tomorrow evening if there is none.
fn next_allowed(
    context: &Context<'_>,
    session: &Session,
    zone: &Zone,
    services: BTreeSet<ServiceId>,
) -> Result<[Time; 2], Error> {
    let [start, end] = window_of("tomorrow 20:00 for 2h", context.env.now(), Some(zone))?;
    let length = end.unix() - start.unix();
    let asked = Scope { services, ..Scope::default() };
    let free = free(session, &asked, (start, length), 1)?;
    let start = free.times.first().map_or(start, |it| it.from);
    Ok([start, start.plus(length)])
}

/// The start and end of `sat 20:00 for 2h` or `sat 20:00 to 22:00`.
fn window_of(given: &str, now: Time, zone: Option<&Zone>) -> Result<[Time; 2], Error> {
    let time = |written: &str, now| {
        spoken_time(written, now, zone, Toward::Future)
            .map_err(|problem| Error::Time { given: written.trim().to_owned(), problem })
    };
    if let Some((start, length)) = given.rsplit_once(" for ") {
        let start = time(start, now)?;
        return Ok([start, start.plus(duration(length.trim(), 60)?)]);
    }
    match given.rsplit_once(" to ") {
        // The end is on the day of the start unless it names one.
        Some((start, end)) => {
            let start = time(start, now)?;
            let end = match time(end, start) {
                // A window over midnight ends on the next day.
                Err(Error::Time { problem: NotATime::OtherSide { clock, .. }, .. }) => {
                    time(&format!("tomorrow {clock}"), start)?
                }
                end => end?,
            };
            Ok([start, end])
        }
        None => {
            let form = tr!("'sat 20:00 for 2h' or 'sat 20:00 to 22:00'", "'sat 20:00 for 2h' 或 'sat 20:00 to 22:00'");
            Err(Error::Form { given: given.to_owned(), form })
        }
    }
}
