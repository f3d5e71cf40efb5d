//! `init`: create a register.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::govern::explain::few_approvers;
use crate::commands::govern::policy::read as read_policy_file;
use crate::commands::lookup::{option_path, parse, say_authorities};
use crate::commands::people::members::{self, Members, fingerprints_block};
use crate::commands::registers::{check_utf8, place};
use crate::commands::{Context, Zh, about_to_sign, report_recorded};
use crate::config::Trusted;
use crate::domain::{
    Action, Digest, Event, FORMAT, Governance, Member, Moment, PersonId, Policy, Predecessor, Register, RegisterId,
    RegisterName, Role, Text,
};
use crate::env::Env;
use crate::error::{Error, RegisterError, RequestError};
use crate::format::request::RegisterRef;
use crate::format::{Entry, Raw, Unsigned};
use crate::key_choice::confirm;
use crate::output::{Page, member_blocks, members_line, policy_sentences, safe};
use crate::record::{Author, Plan, compose, sign};
use crate::store::{
    self, Anchor, Appended, Doing, Excuse, Session, SharedStore, StoreError, Writer, for_others, is_free, is_server,
};
use crate::trust::{Purpose, Request, taken};
use crate::{tr, trf};

/// How often entry 0 is written while connections are lost before the server has it.
const ATTEMPTS: usize = 3;

/// Create a register from options
///
/// For scripts; `twinseal found` asks for the same. Collect an enrolment request from every founding member
/// (`twinseal join --register NAME`), then create the register with the key of a founding admin. Nothing else can be
/// recorded until another founding admin runs `twinseal seal`.
#[derive(Debug, Args)]
#[command(zh("用选项创建变更台账"))]
#[command(zh_long(
    "供脚本使用；`twinseal found` 通过提问完成同样的工作。\
     先收集每位创始成员的登记申请（`twinseal join --register NAME`），再用一位创始管理员的密钥创建变更台账。\
     在另一名创始管理员执行 `twinseal seal` 之前，不能记录任何其他内容。"
))]
#[command(after_help = "Examples:
  twinseal init --name prod --member alice=alice.request:admin \\
      --member bob=bob.request:admin
  twinseal init --name prod2 --after prod --member alice=alice.request:admin \\
      --member bob=bob.request:admin")]
pub struct Init {
    /// Name of the register: lower-case, such as prod
    #[arg(zh("变更台账的名称：小写，如 prod"))]
    #[arg(long)]
    name: String,
    /// Founding member with the roles admin, engineer, approver, auditor
    #[arg(zh("创始成员及其角色：admin、engineer、approver、auditor"))]
    #[arg(long = "member", required = true, value_name = "NAME=FILE:ROLE,ROLE")]
    members: Vec<String>,
    /// Predecessor that the new register succeeds, because too few of its admins can act
    #[arg(zh("新变更台账所接替的旧台账，因为其中能操作的管理员太少"))]
    #[arg(long, value_name = "NAME|FILE")]
    after: Option<String>,
    /// First policy in TOML; by default 2 approvals that count for 14 days
    #[arg(zh("TOML 格式的首个策略；默认需要 2 人批准，14 天内有效"))]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Init {
    /// # Errors
    /// A rule refuses it, or the register cannot be created. No file is left behind, unless the error says that entry 0
    /// is recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: RegisterName = parse(&self.name)?;
        let default = format!("{name}.db");
        let given = context.options.register.as_deref().unwrap_or(&default);
        let path = place(context.env, Path::new(given))?;
        check_place(context, &name, &path)?;
        let after = self.after.clone().map(|old| predecessor(context, old)).transpose()?;
        check_free(context, &name, &path, after.as_ref())?;
        let policy = match &self.policy {
            Some(file) => read_policy_file(context, file)?.0,
            None => Policy::built_in(),
        };
        let members = members::read(context, &self.members, &RegisterRef::New(name.clone()))?;
        Founding { name, path, after, policy, members }.create(context).map(|_| ())
    }
}

/// Checks that a register can be created at this path.
///
/// # Errors
/// There is a file, or the path is not UTF-8.
pub fn check_place(context: &Context<'_>, name: &RegisterName, path: &Path) -> Result<(), Error> {
    check_utf8(path)?;
    if !is_free(path, context.registers.scratch()) {
        return Err(StoreError::Exists { path: path.to_owned() }.into());
    }
    if is_server(path) {
        // Nothing is created before entry 0. Whoever cannot use the database finds out before anything is asked.
        let id = RegisterId::new(name.clone(), [0; 16]);
        store::create(path, &id, context.registers.scratch(), context.registers.home())?;
    }
    Ok(())
}

/// Checks that this account trusts no other register of this name or at this path.
///
/// # Errors
/// [`RegisterError::Taken`].
pub fn check_free(
    context: &Context<'_>,
    name: &RegisterName,
    path: &Path,
    after: Option<&Predecessor>,
) -> Result<(), Error> {
    match taken(context.registers.known(), name.as_str(), path, after.map(|old| old.fingerprint)) {
        Some(known) => Err(Error::Register(RegisterError::Taken(Box::new(known.clone())))),
        None => Ok(()),
    }
}

/// A register that is about to be created.
pub struct Founding {
    /// Its name.
    pub name: RegisterName,
    /// Its file.
    pub path: PathBuf,
    /// The register that it succeeds.
    pub after: Option<Predecessor>,
    /// Its first policy.
    pub policy: Policy,
    /// The founding members, and their display names.
    pub members: Members,
}

impl Founding {
    /// Shows what is signed, asks for the name on a terminal, and creates the register with the key of a founding admin.
    /// Returns the founder and the fingerprint.
    ///
    /// # Errors
    /// As [`Init::run`].
    pub fn create(self, context: &mut Context<'_>) -> Result<(PersonId, Digest), Error> {
        let Self { name, path, after, policy, members: (members, names) } = &self;
        let old = after.as_ref().map(|old| old.fingerprint);
        let source = context.key_choice.key(|key| Ok(members.iter().any(|member| member.key == *key)))?;
        let key = source.public();
        let founder = members.iter().find(|member| member.key == key).map(|member| member.person.clone());
        let founder = context
            .key_choice
            .check_meant(founder.ok_or(Error::Request(RequestError::NotAmongMembers { key: key.fingerprint() }))?)?;

        let founded = trf!("register {name} with {}", "变更台账 {name}，成员：{}", members_line(members));
        let shown = self.page(context, &founder)?;
        let id = RegisterId::new(name.clone(), context.env.random()?);
        let text = Some(Text::Names(names.clone())).filter(|text| !text.filled().is_empty());
        let (after, policy, members) = (after.clone(), policy.clone(), members.clone());
        let plan = Plan { event: Event::Init { format: FORMAT, after, policy, members }, text };
        // Ask the rules before anybody types a name and a passphrase.
        let compose = |env: &mut Env| {
            let author = Author { register: id.clone(), actor: founder.clone(), key };
            compose(env, &Register::default(), author, &plan)
        };
        let unsigned = compose(context.env)?;
        ask(context, (shown, &founded, &self.members.0), unsigned, name.as_str())?;
        let signer = context.key_choice.unlock(context.env, source)?;
        let (raw, entry) = sign(compose(context.env)?, &signer)?;
        let mut state = Register::default();
        state.apply(&entry.header, entry.leaf, &entry.event)?;

        let shared = store::create(path, &id, context.registers.scratch(), context.registers.home())?;
        let writer = context.writer();
        let write = || record(shared, &writer, &raw, &entry, &state);
        let shared = context.env.writing(write, |done| done.is_ok().then_some((0, 0)))?;
        let place = if is_server(path) { shared.place().to_owned() } else { path.clone() };
        let trusted = Trusted { name: id.name(), path: &place, fingerprint: entry.leaf, in_place_of: old };
        context.registers.trust(context.env, &trusted).map_err(|error| error.after(0))?;
        let (now, folder) = (context.env.now(), context.registers.state_folder(entry.leaf));
        let anchor = Anchor { folder: &folder, fingerprint: entry.leaf, excuse: Excuse::None };
        let remembered = Session::open(shared, anchor, now, &mut |_| {});
        remembered.map_err(|error| Error::from(error).after(0))?;
        report(context, &entry, &place)?;
        Ok((founder, entry.leaf))
    }

    /// What the founder is about to sign, in words.
    fn page(&self, context: &Context<'_>, founder: &PersonId) -> Result<Page, Error> {
        let (members, names) = &self.members;
        let mut page = context.page_above_question();
        let path = self.path.display().to_string();
        page.title(trf!(
            "New register {} at {}, created by {founder}",
            "新变更台账 {}，位于 {}，由 {founder} 创建",
            self.name,
            safe(&path)
        ));
        member_blocks(&mut page, members, names);
        if let Some(predecessor) = &self.after {
            predecessor_block(&mut page, predecessor);
        }
        page.block(tr!("policy", "策略")).text("", policy_sentences(&self.policy).join("\n"));
        let founded = Governance::default().under(self.policy.clone()).after(&Action::Enrol(members.clone()));
        for sentence in few_approvers(&founded, Moment::unwitnessed(context.env.now()))?.values() {
            page.text(
                "",
                trf!(
                    "note: {sentence}; name more approvers, or enrol them later",
                    "注意：{sentence}；请指定更多审批人，或以后再登记"
                ),
            );
        }
        let admins = members.iter().filter(|member| member.grants.has_permanently(Role::Admin)).count();
        if admins == 2 {
            let note = tr!(
                "note: name three admins; with two, one lost key blocks every proposal",
                "注意：请指定三名管理员；只有两名时，丢失一把密钥就会使所有提案无法生效"
            );
            page.text("", note);
        }
        Ok(page)
    }
}

/// Writes which register this one succeeds.
pub fn predecessor_block(page: &mut Page, Predecessor { register, fingerprint, head }: &Predecessor) {
    page.block(tr!("successor of", "接替")).text("", register);
    page.text(tr!("fingerprint", "指纹"), fingerprint).text(tr!("after entry", "接续于条目"), head);
}

/// Says where the register is, and who does what next.
fn report(context: &mut Context<'_>, entry: &Entry, path: &Path) -> Result<(), Error> {
    let data = format!("register {}\nfingerprint {}", entry.header.register, entry.leaf);
    let (file, option) = (safe(&path.display().to_string()).into_owned(), option_path(&for_others(path)));
    let said = trf!(
        "register created at {file}; give everybody the fingerprint out of band: by phone, or in person\n\
         next: another founding admin runs `twinseal seal --register {option}`\n\
         then everybody else runs `twinseal join --register {option}`",
        "变更台账已创建于 {file}；请另行把指纹告知所有人：打电话或当面\n\
         下一步：请另一名创始管理员执行 `twinseal seal --register {option}`\n\
         然后请其他人执行 `twinseal join --register {option}`"
    );
    report_recorded(context, entry, Some(data), said)?;
    say_authorities(context.env, path);
    Ok(())
}

/// Shows the page, with every field of entry 0 that is known before it is signed, and asks for the name. A dry run ends
/// here.
fn ask(
    context: &mut Context<'_>,
    (mut page, founded, members): (Page, &str, &[Member]),
    entry: Unsigned,
    name: &str,
) -> Result<(), Error> {
    page.block(tr!("about to sign: entry 0", "即将签名：第 0 条")).text("", founded);
    if context.options.dry_run {
        context.env.status(page.finish());
        return Err(Error::WouldRecord(Box::new(entry)));
    }
    about_to_sign(&mut page, Some(&entry));
    fingerprints_block(&mut page, members.iter().map(|it| (&it.person, &it.key)));
    context.env.status(page.finish());
    if context.env.console.is_interactive() {
        confirm(context.env, tr!("sign entry 0", "签署第 0 条"), name)?;
    }
    Ok(())
}

/// Records entry 0 in a new file, and removes the file if that fails.
fn record(
    mut shared: Box<dyn SharedStore>,
    writer: &Writer,
    raw: &Raw,
    entry: &Entry,
    state: &Register,
) -> Result<Box<dyn SharedStore>, StoreError> {
    let mut append = || {
        let turn = shared.turn(writer)?;
        for _ in 0..ATTEMPTS {
            match shared.append(&turn, None, raw, &[], &|tables| tables.project(entry, None, state))? {
                Appended::Done => return Ok(true),
                // Another process created it at the same time.
                Appended::HeadMoved if shared.newest()?.is_some() => return Ok(false),
                // A connection was lost before the server had the entry.
                Appended::HeadMoved => {}
            }
        }
        Err(StoreError::not_kept(0))
    };
    match append() {
        Ok(true) => Ok(shared),
        Ok(false) => Err(StoreError::Exists { path: shared.place().to_owned() }),
        Err(error) => Err(match (shared.discard(), error) {
            (true, StoreError::Uncertain { source }) => StoreError::Failed { doing: Doing::Record, source },
            (_, error) => error,
        }),
    }
}

/// Verifies the predecessor and returns its id, fingerprint and newest entry.
fn predecessor(context: &mut Context<'_>, old: String) -> Result<Predecessor, Error> {
    let request = Request { path: context.registers.path(context.env, &old)?, name: old, fingerprint: None };
    let session = context.open_by(&request, Purpose::Use)?;
    if let Some(fault) = session.fault() {
        let fault = fault.to_string();
        context.env.remark(trf!(
            "note: the predecessor is broken; the new register succeeds its last valid entry: {}",
            "注意：被接替的变更台账已损坏；新台账接续其最后一个有效条目：{}",
            safe(&fault)
        ));
    }
    let (id, head) = (session.state().id().cloned(), session.state().head());
    let (register, head) = id.zip(head).ok_or(Error::NoEntry(0))?;
    Ok(Predecessor { register, fingerprint: session.fingerprint(), head })
}
