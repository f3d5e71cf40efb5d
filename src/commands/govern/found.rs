//! `found`: the questions of a founder, whose answers `init` takes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use super::init::{Founding, check_free, check_place};
use super::policy::read as read_policy_file;
use crate::commands::account::{join, own_key, settle};
use crate::commands::ask::ask;
use crate::commands::lookup::parse;
use crate::commands::people::members::{Members, member, read_request};
use crate::commands::people::request::{requests_here, signed};
use crate::commands::registers::place;
use crate::commands::{Context, Zh};
use crate::domain::{Asked, PersonId, Policy, RegisterName, Role};
use crate::error::{AccountError, Error, FileAct};
use crate::format::request::{RegisterRef, Request};
use crate::output::safe;
use crate::store::is_server;
use crate::{tr, trf};

/// Found a register, guided by questions
///
/// Asks for the name of the register, its file, your id, the enrolment requests of the other founding members and the
/// policy. Then it does what `twinseal init` does, and writes config.toml. The other members first write their requests:
/// `twinseal join --register NAME`.
#[derive(Debug, Args)]
#[command(zh("以问答方式创建变更台账"))]
#[command(zh_long(
    "依次询问变更台账的名称、文件、您的标识、其他创始成员的登记申请和策略，\
     然后完成 `twinseal init` 的工作并写入 config.toml。其他成员先写出登记申请：`twinseal join --register NAME`。"
))]
#[command(after_help = "Examples:
  twinseal found
  twinseal found --register /srv/changes/prod.db")]
pub struct Found {
    /// No passphrase for a new key: anybody who can read the file can sign
    #[arg(zh("新密钥不设口令：任何能读取该文件的人都能签名"))]
    #[arg(long, conflicts_with = "global-passphrase-file")]
    no_passphrase: bool,
}

/// The answer that means the policy of [`Policy::built_in`].
const BUILT_IN: &str = "built-in";

impl Found {
    /// # Errors
    /// There is no terminal, or as `init`.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if !context.env.console.is_interactive() {
            return Err(AccountError::FoundNeedsTerminal.into());
        }
        let name = ask(context, tr!("Name of the register", "变更台账的名称"), "prod", |context, given| {
            let name: RegisterName = parse(given)?;
            check_free(context, &name, Path::new(""), None)?;
            Ok(name)
        })?;
        let path = ask_place(context, &name)?;
        let register = RegisterRef::New(name.clone());
        let founder = self.ask_founder(context, &register)?;
        let requests = ask_requests(context, &register, &founder.person)?;
        let members = ask_roles(context, founder, requests)?;
        let policy =
            ask(context, tr!("Policy, a file in TOML", "策略（TOML 文件）"), BUILT_IN, |context, given| {
                match given {
                    BUILT_IN => Ok(Policy::built_in()),
                    file => Ok(read_policy_file(context, Path::new(file))?.0),
                }
            })?;
        let (founder, fingerprint) = Founding { name, path, after: None, policy, members }.create(context)?;
        settle(context, fingerprint, &founder).map(|_| ()).map_err(|error| error.after(0))
    }

    /// The founder's own request, signed with their key.
    fn ask_founder(&self, context: &mut Context<'_>, register: &RegisterRef) -> Result<Request, Error> {
        let key = own_key(context, None, self.no_passphrase)?;
        let meant = context.key_choice.person_meant().map(parse::<PersonId>).transpose()?;
        let mine = |it: &Request| it.register == *register && it.key == key.public();
        let before = requests_here(context).into_iter().find(|(_, it)| mine(it));
        let before = before.filter(|(_, it)| meant.as_ref().is_none_or(|meant| *meant == it.person));
        let (person, name, usual) = match before {
            Some((file, Request { person, name, asked, .. })) => {
                context.env.status(trf!(
                    "your id and name are those of your request {file}: {person}",
                    "您的标识和姓名取自您的登记申请 {file}：{person}"
                ));
                (person, name, typed(asked.roles().iter().filter(|role| **role != Role::Admin)))
            }
            None => {
                let person = meant.map_or_else(|| join::ask_id(context, &BTreeSet::new()), Ok)?;
                (person, join::ask_name(context)?, String::new())
            }
        };
        let question = tr!(
            "Your roles besides admin: engineer, approver, or none",
            "除 admin 外您的角色：engineer、approver，或 none"
        );
        let mut roles = ask(context, question, &usual, |_, given| {
            let roles = if given == "none" { BTreeSet::new() } else { join::roles_of(given)? };
            if roles.contains(&Role::Auditor) { Err(AccountError::AuditorAlone.into()) } else { Ok(roles) }
        })?;
        roles.insert(Role::Admin);
        let now = context.env.now();
        let asked = Asked::new(None, now, Asked::usual_end(now));
        let asked = asked.map_err(|invalid| Error::Value { given: now.to_string(), invalid })?;
        signed(context, key, (register.clone(), person, name), asked.with(roles, BTreeSet::new()))
    }
}

/// Roles as they are typed: `engineer, approver`.
fn typed<'r>(roles: impl IntoIterator<Item = &'r Role>) -> String {
    roles.into_iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

fn ask_place(context: &mut Context<'_>, name: &RegisterName) -> Result<PathBuf, Error> {
    let usual = context.options.register.clone().unwrap_or_else(|| format!("{name}.db"));
    let usual = place(context.env, Path::new(&usual))?.display().to_string();
    let asked = tr!("File of the register, or address of its server", "变更台账的文件，或其服务器的地址");
    ask(context, asked, &usual, |context, given| {
        let path = place(context.env, Path::new(given))?;
        check_place(context, name, &path)?;
        check_free(context, name, &path, None)?;
        match path.parent().filter(|folder| !is_server(&path) && !folder.is_dir()) {
            Some(folder) => {
                let source = std::io::ErrorKind::NotFound.into();
                Err(Error::File { doing: FileAct::Use, path: folder.to_owned(), source })
            }
            None => Ok(path),
        }
    })
}

/// The requests of the other members; by default those in the current directory.
fn ask_requests(context: &mut Context<'_>, register: &RegisterRef, founder: &PersonId) -> Result<Vec<Request>, Error> {
    let others = requests_here(context).into_iter().filter(|(_, it)| it.register == *register && it.person != *founder);
    let usual = others.map(|(file, _)| file).collect::<Vec<_>>().join(" ");
    let asked = tr!("Requests of the other members, files separated by spaces", "其他成员的登记申请文件，以空格分隔");
    let requests = ask(context, asked, &usual, |context, given| {
        let one = context.env.path(Path::new(given)).is_file();
        let files: Vec<&str> = if one { vec![given] } else { given.split_whitespace().collect() };
        let mut requests = BTreeMap::new();
        for file in files {
            let request = read_request(context, Path::new(file), register)?;
            let person = request.person.clone();
            if person == *founder || requests.insert(person.clone(), request).is_some() {
                return Err(Error::NamedTwice(person.to_string()));
            }
        }
        if requests.is_empty() { Err(AccountError::NoSecondAdmin.into()) } else { Ok(requests) }
    })?;
    Ok(requests.into_values().collect())
}

/// Asks for the roles of each member; by default those in the request.
fn ask_roles(context: &mut Context<'_>, founder: Request, requests: Vec<Request>) -> Result<Members, Error> {
    let (mut members, mut names, mut seconded) = (Vec::new(), BTreeMap::new(), false);
    names.extend(founder.name.clone().map(|name| (founder.person.clone(), name)));
    let roles = founder.asked.roles().clone();
    members.push(member(founder, roles));
    let last = requests.len().saturating_sub(1);
    for (at, request) in requests.into_iter().enumerate() {
        let usual = typed(request.asked.roles());
        let key = request.key.fingerprint();
        let person = safe(request.person.as_str());
        context.env.status(trf!(
            "{person} has the key {key}; compare it by phone or in person",
            "{person} 的密钥是 {key}；请打电话或当面核对"
        ));
        let question = trf!(
            "Roles of {person}: admin, engineer, approver, auditor",
            "{person} 的角色：admin、engineer、approver、auditor"
        );
        let roles = ask(context, &question, &usual, |_, given| {
            let roles = join::roles_of(given)?;
            let lacks = at == last && !seconded && !roles.contains(&Role::Admin);
            if lacks { Err(AccountError::NoSecondAdmin.into()) } else { Ok(roles) }
        })?;
        seconded |= roles.contains(&Role::Admin);
        names.extend(request.name.clone().map(|name| (request.person.clone(), name)));
        members.push(member(request, roles));
    }
    Ok((members, names))
}
