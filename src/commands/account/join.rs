//! `join`: from no key to a register that this account uses, in two runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::home;
use super::own_key::own_key;
use super::settle::settle;
use super::whoami::Me;
use crate::commands::ask::ask;
use crate::commands::files::read_text;
use crate::commands::lookup::{option_path, parse};
use crate::commands::people::request::{for_whom, requests_here, signed, write_request};
use crate::commands::{Context, Zh};
use crate::domain::{Asked, Digest, KeyState, Line, PersonId, PublicKey, Refusal, Role};
use crate::error::{AccountError, Error, RegisterError, RequestError};
use crate::format::request::{RegisterRef, Request};
use crate::output::{list, safe};
use crate::signer::KeySource;
use crate::store::{Session, may_exist};
use crate::{tr, trf};

/// Join a register
///
/// The first run makes a key, unless this account has one, and writes an enrolment request to send to an admin. Run it
/// again once you are enrolled: it shows the fingerprint of the register to compare, checks that your key is enrolled,
/// and writes config.toml. At a terminal it asks for what the options leave out.
#[derive(Debug, Args)]
#[command(zh("加入变更台账"))]
#[command(zh_long(
    "首次运行：如果本账号还没有密钥，就生成一把，并写出登记申请，交给管理员。登记之后再运行一次：\
     它显示变更台账的指纹供核对，检查您的密钥是否已登记，并写入 config.toml。在终端上会询问选项没有给出的内容。"
))]
#[command(after_help = "Examples:
  twinseal join --register prod
  twinseal join --register /srv/changes/prod.db
  twinseal join frank --role engineer --register prod#ID --fingerprint DIGEST")]
pub struct Join {
    /// Id to be enrolled as: lower-case, such as alice
    #[arg(zh("登记用的标识：小写，如 alice"))]
    #[arg(value_name = "ID")]
    person: Option<String>,
    /// Role asked for: admin, engineer, approver, auditor
    #[arg(zh("申请的角色：admin、engineer、approver、auditor"))]
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',')]
    roles: Vec<String>,
    /// Display name
    #[arg(zh("显示名"))]
    #[arg(long)]
    name: Option<String>,
    /// File of the request; ID.request by default
    #[arg(zh("登记申请的文件；默认 ID.request"))]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// No passphrase for a new key: anybody who can read the file can sign
    #[arg(zh("新密钥不设口令：任何能读取该文件的人都能签名"))]
    #[arg(long, conflicts_with = "global-passphrase-file")]
    no_passphrase: bool,
}

/// What a request is about.
struct Wanted {
    register: RegisterRef,
    fingerprint: Option<Digest>,
    /// Who is enrolled there already; empty unless the register was opened.
    enrolled: BTreeSet<PersonId>,
}

impl Join {
    /// # Errors
    /// No register is named and nobody can be asked, the register or the key cannot be used, or a file cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let given = match context.registers.named() {
            Some(given) => given,
            None if let Some(before) = self.made_before(context, None) => return self.again(context, before, false),
            None if context.env.console.is_interactive() => ask_register(context)?,
            None => return Err(context.registers.no_register()),
        };
        if given.contains('#') {
            let register: RegisterRef = parse(&given)?;
            let fingerprint = match context.registers.fingerprint()? {
                Some(fingerprint) => fingerprint,
                None if context.env.console.is_interactive() => {
                    let question = tr!("Its fingerprint, as an admin told you", "它的指纹，由管理员告知");
                    ask(context, question, "", |_, given| parse(given))?
                }
                None => return Err(Error::Request(RequestError::NeedsFingerprint)),
            };
            let key = own_key(context, None, self.no_passphrase)?;
            let fingerprint = Some(fingerprint);
            return self.request(context, key, Wanted { register, fingerprint, enrolled: BTreeSet::new() });
        }
        match context.registers.path(context.env, &given) {
            Ok(_) => self.meet(context),
            Err(Error::Register(RegisterError::Unknown { name })) => {
                let register = RegisterRef::New(parse(&name)?);
                let key = own_key(context, None, self.no_passphrase)?;
                self.request(context, key, Wanted { register, fingerprint: None, enrolled: BTreeSet::new() })
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the register, which asks whether its fingerprint is right, and looks for this account's key in it.
    fn meet(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let source = own_key(context, Some(&session), self.no_passphrase)?;
        let key = source.public().fingerprint();
        match session.ask(|state| Ok(state.governance().key(key)?.cloned()))?? {
            Some(enrolled) if enrolled.state != KeyState::Live => {
                Err(Refusal::KeyNotLive { key, state: enrolled.state }.into())
            }
            Some(_) => joined(context, &session),
            None => {
                let id = session.state().id().cloned().ok_or(Refusal::NotFounding)?;
                let (register, fingerprint) = (RegisterRef::Existing(id), Some(session.fingerprint()));
                let enrolled = session.governed()?.loaded_people().map(|(person, _)| person.clone()).collect();
                self.request(context, source, Wanted { register, fingerprint, enrolled })
            }
        }
    }

    /// Writes the request to be enrolled, or finds the one that was written before.
    fn request(self, context: &mut Context<'_>, key: KeySource, wanted: Wanted) -> Result<(), Error> {
        let (public, met) = (key.public(), !wanted.enrolled.is_empty());
        if let Some(before) = self.made_before(context, Some((&public, &wanted))) {
            return self.again(context, before, met);
        }
        let person = self.person(context, &wanted.enrolled)?;
        let Wanted { register, fingerprint, .. } = wanted;
        let about = (&register, &person, &public);
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{person}.request")));
        if context.env.path(&out).exists() {
            let before = written_before(context, &out, about, fingerprint)?;
            return self.again(context, (out, before), met);
        }
        let (name, roles) = (self.display_name(context)?, self.roles(context)?);
        let now = context.env.now();
        let asked = Asked::new(fingerprint, now, Asked::usual_end(now));
        let asked = asked.map_err(|invalid| Error::Value { given: now.to_string(), invalid })?;
        let request = signed(context, key, (register, person, name), asked.with(roles, BTreeSet::new()))?;
        write_request(context, &out, &request)?;
        report(context, &out, &request)
    }

    /// The request in the current directory that an earlier run wrote for this key and register, or for any register
    /// with the key file of this account.
    fn made_before(
        &self,
        context: &mut Context<'_>,
        about: Option<(&PublicKey, &Wanted)>,
    ) -> Option<(PathBuf, Request)> {
        let read = |path: PathBuf| KeySource::read(&path).ok().map(|it| it.public());
        let own = match about {
            Some((key, _)) => *key,
            None => context.key_choice.key_path().filter(|it| it.exists()).and_then(read)?,
        };
        let given = self.person.clone().or_else(|| context.key_choice.person_meant().map(str::to_owned));
        let mine = |it: &Request| {
            it.key == own
                && about.is_none_or(|(_, wanted)| it.register == wanted.register && names(it, wanted.fingerprint))
                && given.as_ref().is_none_or(|given| it.person.as_str() == given)
        };
        let found = requests_here(context).into_iter().find(|(_, it)| mine(it)).filter(|_| self.out.is_none());
        found.map(|(file, request)| (PathBuf::from(file), request))
    }

    /// Shows the request that was written before. `met` says whether the register was opened and does not know the key.
    fn again(&self, context: &mut Context<'_>, (out, before): (PathBuf, Request), met: bool) -> Result<(), Error> {
        self.check_wish(&out, &before)?;
        let path = out.display().to_string();
        let path = safe(&path);
        context.env.remark(match met {
            true => {
                trf!("{path} was written before; you are not enrolled yet", "{path} 此前已写出；您尚未登记")
            }
            false => trf!("{path} was written before", "{path} 此前已写出"),
        });
        report(context, &out, &before)
    }

    /// Fails if the options ask for another display name or other roles than the request that was written before.
    fn check_wish(&self, out: &Path, before: &Request) -> Result<(), Error> {
        let roles: BTreeSet<Role> = self.roles.iter().map(|role| parse(role)).collect::<Result<_, _>>()?;
        let name = self.name.as_deref().map(display_name).transpose()?;
        let other = !roles.is_empty() && roles != *before.asked.roles() || name.is_some_and(|it| it != before.name);
        let (path, asked) = (out.display().to_string(), wish(before));
        if other { Err(AccountError::OtherWish { path, asked }.into()) } else { Ok(()) }
    }

    fn person(&self, context: &mut Context<'_>, enrolled: &BTreeSet<PersonId>) -> Result<PersonId, Error> {
        let given = self.person.clone().or_else(|| context.key_choice.person_meant().map(str::to_owned));
        match given {
            Some(given) => free(parse(&given)?, enrolled),
            None if context.env.console.is_interactive() => ask_id(context, enrolled),
            None => Err(AccountError::NoIdGiven.into()),
        }
    }

    fn display_name(&self, context: &mut Context<'_>) -> Result<Option<Line>, Error> {
        match &self.name {
            Some(given) => display_name(given),
            None if self.asks(context) => ask_name(context),
            None => Ok(None),
        }
    }

    fn roles(&self, context: &mut Context<'_>) -> Result<BTreeSet<Role>, Error> {
        if !self.roles.is_empty() || !self.asks(context) {
            return self.roles.iter().map(|role| parse(role)).collect();
        }
        let question = tr!(
            "Roles to ask for: admin, engineer, approver, auditor",
            "申请的角色：admin、engineer、approver、auditor"
        );
        ask(context, question, "engineer", |_, given| roles_of(given))
    }

    /// Whether a person is asked for what is optional: not if an option says what the request is.
    fn asks(&self, context: &Context<'_>) -> bool {
        context.env.console.is_interactive() && self.roles.is_empty() && self.name.is_none()
    }
}

/// The roles in `engineer, approver`.
///
/// # Errors
/// [`Error::Value`].
pub fn roles_of(given: &str) -> Result<BTreeSet<Role>, Error> {
    let words = given.split([',', ' ']).filter(|it| !it.is_empty());
    let roles = words.map(parse).collect::<Result<BTreeSet<Role>, Error>>()?;
    if roles.contains(&Role::Auditor) && roles.len() > 1 {
        return Err(AccountError::AuditorAlone.into());
    }
    Ok(roles)
}

fn display_name(given: &str) -> Result<Option<Line>, Error> {
    let wrong = |invalid| Error::Value { given: given.to_owned(), invalid };
    if given.is_empty() { Ok(None) } else { Line::from_typed(given).map(Some).map_err(wrong) }
}

/// Asks for the display name of the person at the terminal, who may have none.
///
/// # Errors
/// The terminal fails, or nothing was typed three times.
pub fn ask_name(context: &mut Context<'_>) -> Result<Option<Line>, Error> {
    ask(context, tr!("Your name, as others should see it", "您的姓名，供他人查看"), "", |_, given| {
        display_name(given)
    })
}

/// Asks for the id of the person at the terminal; by default the name of the account.
///
/// # Errors
/// The terminal fails, or nothing was typed three times.
pub fn ask_id(context: &mut Context<'_>, enrolled: &BTreeSet<PersonId>) -> Result<PersonId, Error> {
    let account = context.env.account().to_owned();
    let usual = account.parse::<PersonId>().map_or(String::new(), |it| it.to_string());
    ask(context, tr!("Your id in the register", "您在变更台账中的标识"), &usual, |_, given| {
        free(parse(given)?, enrolled)
    })
}

/// Fails if somebody has this id.
fn free(person: PersonId, enrolled: &BTreeSet<PersonId>) -> Result<PersonId, Error> {
    if enrolled.contains(&person) { Err(Refusal::AlreadyEnrolled { person }.into()) } else { Ok(person) }
}

/// Asks which register to join, and remembers it for the rest of the command.
fn ask_register(context: &mut Context<'_>) -> Result<String, Error> {
    context.env.status(tr!(
        "Which register? Type the path of its file or the address of its server; or its id, NAME#..., as an admin told you; \
         or, if it is about to be founded, its name.",
        "加入哪个变更台账？请输入其文件的路径或其服务器的地址；或管理员告知的标识 NAME#...；如果它即将创建，请输入其名称。"
    ));
    let given = ask(context, tr!("Register", "变更台账"), "", |context, given| {
        if given.contains('#') {
            return parse::<RegisterRef>(given).map(|_| given.to_owned());
        }
        match context.registers.path(context.env, given) {
            Ok(path) if may_exist(&path) => Ok(given.to_owned()),
            Ok(path) => Err(crate::store::StoreError::NotFound { path }.into()),
            Err(Error::Register(RegisterError::Unknown { name })) => parse::<RegisterRef>(&name).map(|_| name),
            Err(error) => Err(error),
        }
    })?;
    context.registers.name(given.clone());
    Ok(given)
}

/// What a request asks for: `roles engineer, approver; name Frank Ng`.
fn wish(request: &Request) -> String {
    let none = tr!("none", "无");
    let roles = request.asked.roles();
    let roles = if roles.is_empty() { none.to_owned() } else { list(roles.iter().map(|it| it.phrase())) };
    let name = request.name.as_ref().map_or(none, Line::as_str);
    trf!("roles {roles}; name {name}", "角色 {roles}；姓名 {name}")
}

/// The request in a file, if it is one of this person with this key for this register that has not expired.
fn written_before(
    context: &mut Context<'_>,
    out: &Path,
    (register, person, key): (&RegisterRef, &PersonId, &PublicKey),
    fingerprint: Option<Digest>,
) -> Result<Request, Error> {
    let path = out.display().to_string();
    let text = read_text(context.env, out)?;
    let found = Request::read(text.as_bytes())
        .map_err(|defect| Error::Request(RequestError::Malformed { path: path.clone(), defect }))?;
    if (&found.register, &found.person, &found.key) != (register, person, key) || !names(&found, fingerprint) {
        let (register, key) = (found.register.to_string(), found.key.fingerprint());
        return Err(AccountError::OtherRequest { path, person: found.person, register, key }.into());
    }
    if found.asked.expires() <= context.env.now() {
        return Err(AccountError::OldRequest { path, expires: found.asked.expires() }.into());
    }
    Ok(found)
}

/// Whether a request names this fingerprint of its register, or none is known.
fn names(request: &Request, fingerprint: Option<Digest>) -> bool {
    fingerprint.is_none_or(|it| request.asked.fingerprint() == Some(it))
}

/// Says what to send to whom, and what comes next.
fn report(context: &mut Context<'_>, out: &Path, request: &Request) -> Result<(), Error> {
    let file = safe(&out.display().to_string()).into_owned();
    let key = request.key.fingerprint().to_string();
    let json = || {
        json!({
            "step": "requested",
            "person": request.person.to_string(),
            "key": key,
            "register": request.register.to_string(),
            "request": file,
            "expires": request.asked.expires().to_string(),
        })
    };
    context.ui.answer(context.env, json, || trf!("request {file}\nkey {key}", "申请 {file}\n密钥 {key}"))?;
    context.env.remark(for_whom(request));
    context.env.remark(trf!("it asks for: {}", "申请内容：{}", safe(&wish(request))));
    context.env.remark(trf!("expires {}", "有效期至 {}", request.asked.expires()));
    context.env.remark(match &request.register {
        RegisterRef::New(_) => tr!(
            "read the fingerprint of your key to that admin, by phone or in person",
            "请打电话或当面把您的密钥指纹念给该管理员"
        ),
        RegisterRef::Existing(_) => tr!(
            "read the fingerprint of your key to two admins, by phone or in person",
            "请打电话或当面把您的密钥指纹念给两名管理员"
        ),
    });
    let named = context.registers.named();
    let file = named.and_then(|it| context.registers.path(context.env, &it).ok()).filter(|it| may_exist(it));
    let file = file.map_or_else(|| "FILE".to_owned(), |it| option_path(&it));
    context.env.remark(match &request.register {
        RegisterRef::New(_) => trf!(
            "next, once it is founded: `twinseal join --register {file}`",
            "下一步，创建之后：`twinseal join --register {file}`"
        ),
        RegisterRef::Existing(_) => trf!(
            "next, once you are enrolled: `twinseal join --register {file}`",
            "下一步，登记之后：`twinseal join --register {file}`"
        ),
    });
    Ok(())
}

/// Sets this account up for a register in which its key is enrolled, and shows what comes next.
fn joined(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let me = Me::find(context, session)?;
    let now = session.state().moment(context.env.now());
    let register = session.state().id().map(ToString::to_string).unwrap_or_default();
    let said =
        trf!("you are {} ({}) in register {register}", "您是 {}（{}），变更台账 {register}", me.id, me.grants(now));
    context.env.remark(safe(&said));
    let written = settle(context, session.fingerprint(), &me.id)?;
    if !written {
        context.env.remark(tr!("nothing left to set up", "没有需要再设置的内容"));
    }
    if context.ui.json {
        let answer = json!({
            "step": if written { "joined" } else { "done" },
            "person": me.id.to_string(),
            "key": me.key.to_string(),
            "register": register,
            "request": null,
            "expires": null,
        });
        return context.ui.print_json(context.env, answer);
    }
    let governance = session.state().governance();
    if !governance.is_sealed() && governance.founder() != Some(&me.id) {
        context
            .env
            .remark(tr!("next, if you are an admin: `twinseal seal`", "下一步，如果您是管理员：`twinseal seal`"));
    }
    home::page(context, session)
}
