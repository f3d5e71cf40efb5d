//! `person enrol`, `list` and `show`.

use clap::{Args, Subcommand};

use serde_json::{Value, json};

use crate::commands::govern::proposal::open;
use crate::commands::lookup::{AsOf, as_of, names, no_person, parse};
use crate::commands::people::grants::{AddKey, Grant, Machine, Retire, Revoke, Rota, here};
use crate::commands::people::members;
use crate::commands::people::request::RequestArgs;
use crate::commands::people::suspend::Suspend;
use crate::commands::{Context, Zh};
use crate::domain::{Action, Fingerprint, Governance, Key, Person as Enrolled, PersonId, Text};
use crate::error::Error;
use crate::output::{self, Gutter, grants, key_name, list, table};
use crate::{tr, trf};

/// Enrol people and manage their grants
#[derive(Debug, Subcommand)]
#[command(zh("登记人员，管理授权"))]
pub enum Person {
    /// Write an enrolment request signed with your key
    #[command(zh("用自己的密钥写出并签署登记申请"))]
    Request(RequestArgs),
    /// Propose to enrol people
    #[command(zh("提议登记人员"))]
    Enrol(Enrol),
    /// Propose to enrol a machine account
    ///
    /// A machine account belongs to a pipeline or an agent. Its operators answer for it.
    #[command(zh("提议登记机器账号"))]
    #[command(zh_long("机器账号属于流水线或智能体，由其操作责任人负责。"))]
    Machine(Machine),
    /// Propose to grant roles, groups or operators
    ///
    /// With --from and --until the grant is a delegation, which begins and ends by itself. The period is added to those
    /// that the person has.
    #[command(zh("提议授予角色、组或操作责任人"))]
    #[command(zh_long("带 --from 和 --until 时，授权是一次委托，按时自动开始和结束。该期间会加到此人已有的授权上。"))]
    Grant(Grant),
    /// Propose the grants of a rota
    ///
    /// One proposal grants roles and groups to several people, each in several periods. They are added to what these
    /// people have.
    #[command(zh("提议轮值表中的授权"))]
    #[command(zh_long("一个提案为多人授予角色和组，每人可有多个期间。它们会加到这些人已有的授权上。"))]
    Rota(Rota),
    /// Propose to revoke roles, groups or operators
    ///
    /// With --from and --until, only that period is taken away.
    #[command(zh("提议撤销角色、组或操作责任人"))]
    #[command(zh_long("带 --from 和 --until 时，只撤销该期间。"))]
    RevokeRole(Revoke),
    /// Suspend all grants and keys of a person immediately
    ///
    /// One admin can suspend anybody. Two admins give the person grants again (twinseal person grant) and lift the
    /// suspension of each key (twinseal key lift).
    #[command(zh("立即停用一个人的全部授权和密钥"))]
    #[command(zh_long(
        "一名管理员即可停用任何人。恢复时，由两名管理员重新授权（`twinseal person grant`），\
         并逐把恢复停用的密钥（twinseal key lift）。"
    ))]
    Suspend(Suspend),
    /// Propose to retire a person, who can then no longer act
    #[command(zh("提议某人离任，此后不能再操作"))]
    Retire(Retire),
    /// Propose to enrol another key for a person
    #[command(zh("提议为某人登记另一把密钥"))]
    AddKey(AddKey),
    /// List everybody enrolled
    #[command(zh("列出所有已登记的人员"))]
    List(List),
    /// Show the grants and keys of a person
    #[command(zh("显示一个人的授权和密钥"))]
    Show(Show),
}

/// Arguments of `person enrol`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person enrol frank=frank.request:engineer
  twinseal person enrol frank=frank.request:engineer,approver grace=grace.request:auditor")]
pub struct Enrol {
    /// People as NAME=REQUEST-FILE:ROLE,ROLE with the roles admin, engineer, approver, auditor
    #[arg(zh("人员，写作 NAME=REQUEST-FILE:ROLE,ROLE，角色为 admin、engineer、approver、auditor"))]
    #[arg(required = true, value_name = "NAME=FILE:ROLES")]
    members: Vec<String>,
}

/// Arguments of `person list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person list
  twinseal person list --as-of 2026-12-01T18:00:00+08:00")]
pub struct List {
    #[command(flatten)]
    moment: Moment,
}

/// Arguments of `person show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person show bob
  twinseal person show bob --as-of 812")]
pub struct Show {
    /// Person or machine account
    #[arg(zh("人员或机器账号"))]
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    moment: Moment,
}

/// A point in the past.
#[derive(Debug, Args)]
struct Moment {
    /// State after this entry or at this time: 812 or 2026-12-01T18:00:00+08:00
    #[arg(zh("该条目之后或该时间的状态：812 或 2026-12-01T18:00:00+08:00"))]
    #[arg(long, value_name = "SEQ|TIME")]
    as_of: Option<String>,
}

impl Person {
    /// # Errors
    /// The register or a request cannot be read, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Request(request) => request.run(context),
            Self::Enrol(enrol) => enrol.run(context),
            Self::Machine(machine) => machine.run(context),
            Self::Grant(grant) => grant.run(context),
            Self::Rota(rota) => rota.run(context),
            Self::Suspend(suspend) => suspend.run(context),
            Self::RevokeRole(revoke) => revoke.run(context),
            Self::Retire(retire) => retire.run(context),
            Self::AddKey(add) => add.run(context),
            Self::List(list) => list.run(context),
            Self::Show(show) => show.run(context),
        }
    }
}

impl Enrol {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let (members, names) = members::read(context, &self.members, &here(&session)?)?;
        let text = Some(Text::Names(names)).filter(|text| !text.filled().is_empty());
        open(context, &mut session, text, |_| Ok(Action::Enrol(members.clone())))
    }
}

/// The grants of a person at a time; those that have ended are listed as such.
fn may(person: &Enrolled, at: crate::domain::Moment) -> String {
    let at = at.effective;
    let left = person.grants.left(at);
    let ended_roles = person.grants.roles.iter().filter(|(_, it)| it.ended(at)).map(|(it, _)| it.phrase());
    let ended_groups = person.grants.groups.iter().filter(|(_, it)| it.ended(at));
    let ended_groups = ended_groups.map(|(it, _)| trf!("group {it}", "组 {it}"));
    let ended: Vec<String> = ended_roles.chain(ended_groups).collect();
    let mut words = vec![grants(&left)];
    words.extend((!ended.is_empty()).then(|| trf!("ended: {}", "已结束：{}", list(&ended))));
    words.extend((!person.is_active()).then(|| match person.state() {
        "retired" => tr!("retired", "已离任").to_owned(),
        _ => tr!("suspended", "已停用").to_owned(),
    }));
    words.retain(|word| !word.is_empty());
    words.join(tr!("; ", "；"))
}

fn keys<'g>(governance: &'g Governance, id: &'g PersonId) -> impl Iterator<Item = (&'g Fingerprint, &'g Key)> {
    governance.loaded_keys().filter(move |(_, key)| key.person == *id)
}

fn person_json(id: &PersonId, person: &Enrolled, name: Option<&String>, governance: &Governance) -> Value {
    let key = |(fingerprint, key): (&Fingerprint, &Key)| {
        json!({
            "fingerprint": fingerprint.to_string(),
            "public_key": key.public.to_string(),
            "state": key.state.to_string(),
            "enrolled": key.enrolled,
        })
    };
    json!({
        "person": id.to_string(),
        "name": name,
        "state": person.state(),
        "machine": person.grants.is_machine(),
        "grants": output::json::grants(&person.grants),
        "enrolled": person.enrolled,
        "keys": keys(governance, id).map(key).collect::<Value>(),
    })
}

fn entry(seq: u64) -> String {
    trf!("entry {seq}", "第 {seq} 条")
}

/// Reports the point in the past that was asked for.
fn report_moment(context: &mut Context<'_>, moment: &AsOf) {
    if let Some(seq) = moment.seq {
        let at = context.clock().at(moment.at.claimed);
        context.env.status(trf!("as of entry {seq}, {at}", "截至第 {seq} 条，{at}"));
    }
}

impl List {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let moment = as_of(context, &session, self.moment.as_of.as_deref())?;
        let names = names(&session)?;
        let clock = context.clock();
        let people = || moment.governance.loaded_people();
        let row = |(id, person): (&PersonId, &Enrolled)| {
            let name = names.get(id).cloned().unwrap_or_default();
            [id.to_string(), clock.local(&may(person, moment.at)), entry(person.enrolled), name]
        };
        let json = || {
            let people = people().map(|(id, it)| person_json(id, it, names.get(id), &moment.governance));
            json!({ "as_of": { "seq": moment.seq, "time": moment.at.claimed.to_string() }, "people": people.collect::<Value>() })
        };
        let width = context.env.width;
        let header = [tr!("PERSON", "人员"), tr!("ROLES", "角色"), tr!("ENROLLED", "登记于"), tr!("NAME", "姓名")];
        context.ui.answer(context.env, json, || table(header, people().map(row).collect(), width))?;
        if let Some(id) = session.state().id() {
            let fingerprint = session.fingerprint();
            context.env.status(trf!("register {id}\nfingerprint {fingerprint}", "变更台账 {id}\n指纹 {fingerprint}"));
        }
        report_moment(context, &moment);
        Ok(())
    }
}

impl Show {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: PersonId = parse(&self.person)?;
        let session = context.open()?;
        let moment = as_of(context, &session, self.moment.as_of.as_deref())?;
        let governance = &moment.governance;
        let person = governance.loaded_people().find(|(it, _)| **it == id).map(|(_, person)| person);
        let person = person.ok_or_else(|| no_person(governance, &id))?;
        let names = names(&session)?;
        let mut page = context.page();
        page.title(&id);
        names.get(&id).into_iter().for_each(|name| _ = page.quote_text(Gutter::Prose, name));
        page.field(tr!("roles", "角色"), may(person, moment.at));
        page.field(tr!("enrolled", "登记于"), entry(person.enrolled));
        for (_, key) in keys(governance, &id) {
            let (name, state, seq) = (key_name(&key.public), key.state.phrase(), key.enrolled);
            page.block(&trf!(
                "key {name}, {state}, enrolled by entry {seq}",
                "密钥 {name}，{state}，由第 {seq} 条登记"
            ))
            .text("", key.public);
        }
        let machines = governance.loaded_people().filter(|(_, it)| it.grants.operators.contains(&id));
        let machines = list(machines.map(|(machine, _)| machine));
        if !machines.is_empty() {
            page.block(tr!("operates", "负责的机器账号")).text("", machines);
        }
        context.ui.answer(
            context.env,
            || person_json(&id, person, names.get(&id), governance),
            || page.finish().to_owned(),
        )?;
        report_moment(context, &moment);
        Ok(())
    }
}
