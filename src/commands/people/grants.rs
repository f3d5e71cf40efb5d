//! `person grant`, `rota`, `revoke-role`, `retire`, `machine` and `add-key`: each opens a proposal.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::commands::files::read_draft;
use crate::commands::govern::proposal::open;
use crate::commands::govern::stranded_by;
use crate::commands::lookup::{known_person, parse, reason, time};
use crate::commands::people::members;
use crate::commands::{Context, Zh};
use crate::domain::{
    Action, Grants, Group, NewGrants, Period, Periods, Person, PersonId, Refusal, Role, Text, Time, take_granted,
};
use crate::error::Error;
use crate::format::request::{RegisterRef, Request};
use crate::input::Toward;
use crate::input::read_rota;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `person grant`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person grant bob approver
  twinseal person grant carol --group dba
  twinseal person grant bob approver --until 2026-12-31T18:00:00+08:00 \\
      --reason 'Dave is on leave.'
  twinseal person grant erin --group duty \\
      --from 2026-12-07T09:00:00+08:00 --until 2026-12-14T09:00:00+08:00")]
pub struct Grant {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    why: Why,
}

/// A period on the command line.
#[derive(Debug, Args)]
struct When {
    /// Beginning of the period, such as 'mon 09:00' or 2026-12-07T09:00:00+08:00
    #[arg(zh("期间的开始，如 'mon 09:00' 或 2026-12-07T09:00:00+08:00"))]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// End of the period, such as 'fri 18:00' or 2026-12-31T18:00:00+08:00
    #[arg(zh("期间的结束，如 'fri 18:00' 或 2026-12-31T18:00:00+08:00"))]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Arguments of `person rota`.
#[derive(Debug, Args)]
#[command(after_help = tr!(
    "Examples:
  twinseal person rota december.csv --reason 'On duty in December.'

The file has one line for each period. The grant is a role, or group NAME:
  person,grant,from,until
  carol,group duty,2026-12-01T09:00:00+08:00,2026-12-08T09:00:00+08:00
  dave,group duty,2026-12-08T09:00:00+08:00,2026-12-15T09:00:00+08:00",
    "示例：
  twinseal person rota december.csv --reason '十二月值班。'

文件中每个期间一行。授权是一个角色，或 group NAME：
  person,grant,from,until
  carol,group duty,2026-12-01T09:00:00+08:00,2026-12-08T09:00:00+08:00
  dave,group duty,2026-12-08T09:00:00+08:00,2026-12-15T09:00:00+08:00"
))]
pub struct Rota {
    /// Rota in CSV; - reads standard input
    #[arg(zh("CSV 格式的轮值表；- 表示标准输入"))]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `person revoke-role`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person revoke-role bob approver
  twinseal person revoke-role carol --group dba
  twinseal person revoke-role carol --group duty \\
      --from 2026-12-05T09:00:00+08:00")]
pub struct Revoke {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    when: When,
    /// Do not revoke the machine account's keys with an operator, who then still answers for what they sign
    #[arg(zh("撤销操作责任人时不吊销机器账号的密钥；其签名仍由该责任人负责"))]
    #[arg(long, requires = "operators")]
    keep_keys: bool,
    #[command(flatten)]
    why: Why,
}

/// Grants of one person.
#[derive(Debug, Args)]
struct What {
    /// Person or machine account
    #[arg(zh("人员或机器账号"))]
    #[arg(value_name = "PERSON")]
    person: String,
    /// Roles: admin, engineer, approver, auditor
    #[arg(zh("角色：admin、engineer、approver、auditor"))]
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
    /// Group of approvers, such as dba
    #[arg(zh("审批人组，如 dba"))]
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Operator, if PERSON is a machine account
    #[arg(zh("操作责任人，如果 PERSON 是机器账号"))]
    #[arg(long = "operator", value_name = "PERSON")]
    operators: Vec<String>,
}

/// The reason for a proposal.
#[derive(Debug, Args)]
pub struct Why {
    /// Reason, shown to the admin who seconds the proposal
    #[arg(zh("原因，显示给附议的管理员"))]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Arguments of `person retire`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person retire dave --reason 'Left the firm.'")]
pub struct Retire {
    /// Person or machine account
    #[arg(zh("人员或机器账号"))]
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `person machine`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person machine deploy=deploy.request --operator erin
  twinseal person machine deploy=deploy.request --operator erin --role engineer")]
pub struct Machine {
    /// Id and enrolment request: deploy=deploy.request
    #[arg(zh("标识和登记申请：deploy=deploy.request"))]
    #[arg(value_name = "NAME=FILE")]
    member: String,
    /// Operator, who answers for the account; its acts count as theirs
    #[arg(zh("操作责任人，为该账号负责；其操作视为责任人本人的操作"))]
    #[arg(long = "operator", required = true, value_name = "PERSON")]
    operators: Vec<String>,
    /// Role: engineer, to file changes; starting changes needs no role
    #[arg(zh("角色：engineer，用于提交变更单；开始实施不需要角色"))]
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

/// Arguments of `person add-key`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person request bob --key ~/.ssh/new --vouch ~/.ssh/old \\
      --out bob.request
  twinseal person add-key bob.request")]
pub struct AddKey {
    /// Enrolment request, made with the new key
    #[arg(zh("用新密钥写出的登记申请"))]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    why: Why,
}

impl Why {
    fn text(&self) -> Result<Option<Text>, Error> {
        reason(self.reason.as_deref())
    }
}

impl When {
    fn period(&self, context: &Context<'_>) -> Result<Period, Error> {
        let at = |given: &String| time(context, given, Toward::Future);
        let (from, until) = (self.from.as_ref().map(at).transpose()?, self.until.as_ref().map(at).transpose()?);
        let given = || self.until.clone().unwrap_or_default();
        Period::new(from, until).map_err(|invalid| Error::Value { given: given(), invalid })
    }
}

impl What {
    /// The named grants, each in this period.
    fn grants(&self, period: Period, verb: &'static str) -> Result<Grants, Error> {
        if self.roles.is_empty() && self.groups.is_empty() && self.operators.is_empty() {
            return Err(Error::NothingNamed { verb });
        }
        if !self.operators.is_empty() && period != Period::PERMANENT {
            return Err(Error::OperatorPeriod);
        }
        let roles = self.roles.iter().map(|it| Ok((parse::<Role>(it)?, Periods::from(period))));
        let groups = self.groups.iter().map(|it| Ok((parse::<Group>(it)?, Periods::from(period))));
        Ok(Grants {
            roles: roles.collect::<Result<_, Error>>()?,
            groups: groups.collect::<Result<_, Error>>()?,
            operators: self.operators.iter().map(|it| parse(it)).collect::<Result<_, _>>()?,
        })
    }
}

/// The grants that a proposal starts from: those that have not ended, so that it does not renew the others.
fn base(present: &Person, now: Time) -> Grants {
    present.grants.left(now)
}

fn new_grants(present: &Person, grants: Grants) -> NewGrants {
    NewGrants::new(present.since, grants)
}

impl Grant {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.what.person)?;
        let added = self.what.grants(self.when.period(context)?, tr!("grant", "授予"))?;
        let text = self.why.text()?;
        propose_added(context, &BTreeMap::from([(person, added)]), text)
    }
}

impl Rota {
    /// # Errors
    /// The file has faults, a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let rota = read_draft(context.env, &self.file, read_rota)?;
        let why = self.why.text()?;
        propose_added(context, &rota, why)
    }
}

/// Opens a proposal that adds these grants to those that each person has.
fn propose_added(
    context: &mut Context<'_>,
    added: &BTreeMap<PersonId, Grants>,
    text: Option<Text>,
) -> Result<(), Error> {
    let mut session = context.open()?;
    added.keys().try_for_each(|person| known_person(&session, person).map(|_| ()))?;
    let now = context.env.now();
    open(context, &mut session, text, |session| {
        let mut changes = BTreeMap::new();
        for (person, added) in added {
            let present = known_person(session, person)?;
            let mut grants = base(&present, now);
            grants.add(added);
            changes.insert(person.clone(), new_grants(&present, grants));
        }
        Ok(Action::Roles(changes))
    })
}

impl Revoke {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.what.person)?;
        let cut = self.when.period(context)?;
        let removed = self.what.grants(cut, tr!("revoke", "撤销"))?;
        let text = self.why.text()?;
        let mut session = context.open()?;
        known_person(&session, &person)?;
        let now = context.env.now();
        open(context, &mut session, text, |session| {
            let present = known_person(session, &person)?;
            let mut grants = base(&present, now);
            let missing = |what: String| Error::NotGranted { person: person.clone(), what };
            if let Some(role) = take_granted(&mut grants.roles, removed.roles.keys().copied(), cut) {
                return Err(missing(trf!("role {}", "{}角色", role.phrase())));
            }
            if let Some(group) = take_granted(&mut grants.groups, removed.groups.keys().cloned(), cut) {
                return Err(missing(trf!("group {group}", "组 {group}")));
            }
            for it in &removed.operators {
                if !grants.operators.remove(it) {
                    return Err(missing(trf!("operator {it}", "操作责任人 {it}")));
                }
            }
            let mut new = new_grants(&present, grants);
            // Somebody who leaves may still have the machine account's keys.
            if !removed.operators.is_empty() && !self.keep_keys {
                new.revokes = present.keys().collect();
            }
            Ok(Action::Roles(BTreeMap::from([(person.clone(), new)])))
        })
    }
}

impl Retire {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.person)?;
        let text = self.why.text()?;
        let mut session = context.open()?;
        known_person(&session, &person)?;
        report_stranded(context, &session, &person)?;
        open(context, &mut session, text, |session| {
            let replaces = known_person(session, &person)?.since;
            Ok(Action::Retire { person: person.clone(), replaces })
        })
    }
}

/// Warns of the open changes that somebody who leaves owns, or implements alone.
///
/// # Errors
/// The cache cannot be read.
fn report_stranded(context: &mut Context<'_>, session: &Session, leaving: &PersonId) -> Result<(), Error> {
    for line in stranded_by(session, leaving, session.state().moment(context.env.now()))? {
        context.env.status(trf!("warning: without {leaving}, {line}", "警告：{leaving} 离任后，{line}"));
    }
    Ok(())
}

impl Machine {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let (machine, names) =
            members::read_machine(context, &self.member, &self.roles, &self.operators, &here(&session)?)?;
        let text = Some(Text::Names(names)).filter(|text| !text.filled().is_empty());
        open(context, &mut session, text, |_| Ok(Action::Enrol(machine.clone())))
    }
}

impl AddKey {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let text = self.why.text()?;
        let mut session = context.open()?;
        let request = members::read_request(context, &self.file, &here(&session)?)?;
        known_person(&session, &request.person)?;
        if request.vouch.is_none() {
            context.env.remark(tr!(
                "note: no key of this person vouches for the new key; the seconding admin is warned",
                "注意：此人没有密钥为新密钥担保；附议的管理员会看到警告"
            ));
        }
        let Request { person, asked, key, proof, vouch, .. } = request;
        let action = Action::AddKey { person, asked, key, proof, vouch };
        open(context, &mut session, text, |_| Ok(action.clone()))
    }
}

/// This register, as an enrolment request names it.
///
/// # Errors
/// [`Refusal::NotFounding`].
pub fn here(session: &Session) -> Result<RegisterRef, Error> {
    session.state().id().cloned().map(RegisterRef::Existing).ok_or_else(|| Refusal::NotFounding.into())
}
