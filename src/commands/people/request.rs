//! `person request`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::files::{create, read_text};
use crate::commands::lookup::{parse, time};
use crate::commands::{Context, Zh};
use crate::domain::{Asked, Digest, Line, PersonId, Refusal, RegisterName, Role, Vouch};
use crate::error::{Error, RegisterError, RequestError};
use crate::format::request::{NAMESPACE, RegisterRef, Request, VOUCH, body};
use crate::input::Toward;
use crate::signer::KeySource;
use crate::trf;

/// Arguments of `person request`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person request alice --register prod --role admin \\
      --out alice.request
  twinseal person request bob --name 'Bob Li' --role approver > bob.request
  twinseal person request deploy --role engineer --operator erin \\
      --out deploy.request
  twinseal person request bob --key ~/.ssh/new --vouch ~/.ssh/old \\
      --out bob.request")]
pub struct RequestArgs {
    /// Id to enrol as: lower-case, such as alice
    #[arg(zh("登记用的标识：小写，如 alice"))]
    #[arg(value_name = "PERSON")]
    person: String,
    /// Role asked for: admin, engineer, approver, auditor
    #[arg(zh("申请的角色：admin、engineer、approver、auditor"))]
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',')]
    roles: Vec<String>,
    /// Operator asked for, if PERSON is a machine account
    #[arg(zh("申请的操作责任人，如果 PERSON 是机器账号"))]
    #[arg(long = "operator", value_name = "PERSON", value_delimiter = ',')]
    operators: Vec<String>,
    /// Time at which the request expires; 30 days from now by default
    #[arg(zh("登记申请的到期时间；默认 30 天后"))]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Display name
    #[arg(zh("显示名"))]
    #[arg(long)]
    name: Option<String>,
    /// Enrolled key that vouches for the new one; a file, as for --key
    #[arg(zh("为新密钥担保的已登记密钥；与 --key 一样是文件"))]
    #[arg(long, value_name = "KEY-FILE")]
    vouch: Option<PathBuf>,
    /// Output file; standard output by default
    #[arg(zh("输出文件；默认标准输出"))]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl RequestArgs {
    /// # Errors
    /// The register is not known well enough to be named, the key cannot sign, or the file cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.person)?;
        let name = self
            .name
            .as_deref()
            .map(|given| Line::from_typed(given).map_err(|invalid| Error::Value { given: given.to_owned(), invalid }));
        let name = name.transpose()?;
        let (roles, operators) = self.asked_for()?;
        let (register, fingerprint) = register_asked(context)?;
        let asked = self.asked(context, fingerprint)?.with(roles, operators);
        let key = context.key_choice.key(|_| Ok(true))?;
        let mut request = signed(context, key, (register, person, name), asked)?;
        request.vouch = self.vouch(context, &request)?;
        match &self.out {
            None => write!(context.env.out, "{}", request.write())?,
            Some(out) => write_request(context, out, &request)?,
        }
        context.env.remark(for_whom(&request));
        context.env.remark(trf!("expires {}", "有效期至 {}", request.asked.expires()));
        Ok(())
    }

    fn asked_for(&self) -> Result<(BTreeSet<Role>, BTreeSet<PersonId>), Error> {
        let roles = self.roles.iter().map(|role| parse(role)).collect::<Result<_, _>>()?;
        Ok((roles, self.operators.iter().map(|operator| parse(operator)).collect::<Result<_, _>>()?))
    }

    fn asked(&self, context: &Context<'_>, fingerprint: Option<Digest>) -> Result<Asked, Error> {
        let now = context.env.now();
        let expires =
            self.expires.as_deref().map_or(Ok(Asked::usual_end(now)), |it| time(context, it, Toward::Future))?;
        let given = || self.expires.clone().unwrap_or_default();
        Asked::new(fingerprint, now, expires).map_err(|invalid| Error::Value { given: given(), invalid })
    }

    fn vouch(&self, context: &mut Context<'_>, it: &Request) -> Result<Option<Vouch>, Error> {
        let Some(path) = &self.vouch else { return Ok(None) };
        let asked = body(&it.register, &it.person, &it.asked, &it.key);
        let key = KeySource::read(&context.env.path(path))?;
        let signer = context.key_choice.unlock(context.env, key)?;
        Ok(Some(Vouch { key: signer.public().fingerprint(), proof: signer.sign(VOUCH, asked.as_bytes())? }))
    }
}

/// Whose request it is, for which register, and who gets it.
pub fn for_whom(request: &Request) -> String {
    let person = &request.person;
    match &request.register {
        RegisterRef::New(name) => trf!(
            "enrolment request of {person} for new register {name}; send it to the admin who founds it",
            "{person} 在新变更台账 {name} 的登记申请；请交给创建它的管理员"
        ),
        RegisterRef::Existing(id) => trf!(
            "enrolment request of {person} for register {id}; send it to an admin",
            "{person} 在变更台账 {id} 的登记申请；请交给一名管理员"
        ),
    }
}

/// A request signed with this key, for a register, by a person with this display name.
///
/// # Errors
/// The key cannot sign.
pub fn signed(
    context: &mut Context<'_>,
    key: KeySource,
    (register, person, name): (RegisterRef, PersonId, Option<Line>),
    asked: Asked,
) -> Result<Request, Error> {
    let signer = context.key_choice.unlock(context.env, key)?;
    let key = signer.public();
    let proof = signer.sign(NAMESPACE, body(&register, &person, &asked, &key).as_bytes())?;
    Ok(Request { proof, register, person, asked, key, vouch: None, name })
}

/// The requests in the current directory that have not expired, with the names of their files.
pub fn requests_here(context: &mut Context<'_>) -> Vec<(String, Request)> {
    let now = context.env.now();
    let items = std::fs::read_dir(&context.env.folder).into_iter().flatten().flatten();
    let names = items.filter(|item| item.path().is_file()).filter_map(|item| item.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter(|it| it.ends_with(".request") && !it.contains(char::is_whitespace)).collect();
    names.sort();
    let mut requests = Vec::new();
    for name in names {
        let text = read_text(context.env, Path::new(&name)).unwrap_or_default();
        let request = Request::read(text.as_bytes()).ok().filter(|it| it.asked.expires() > now);
        requests.extend(request.map(|it| (name, it)));
    }
    requests
}

/// Writes a request into a new file. An existing file is never overwritten: it could be a key.
///
/// # Errors
/// [`Error::File`].
pub fn write_request(context: &Context<'_>, out: &Path, request: &Request) -> Result<(), Error> {
    create(context.env, out, request.write())
}

/// The register that a request is for, with its fingerprint if it exists: a register id, an existing register, or the
/// name of a new one.
fn register_asked(context: &mut Context<'_>) -> Result<(RegisterRef, Option<Digest>), Error> {
    let given = context.registers.named().ok_or_else(|| context.registers.no_register())?;
    if given.contains('#') {
        let fingerprint = context.registers.fingerprint()?.ok_or(Error::Request(RequestError::NeedsFingerprint))?;
        return Ok((parse(&given)?, Some(fingerprint)));
    }
    match context.registers.path(context.env, &given) {
        Ok(_) => {
            let session = context.open()?;
            let id = session.state().id().cloned().ok_or(Refusal::NotFounding)?;
            Ok((RegisterRef::Existing(id), Some(session.fingerprint())))
        }
        Err(Error::Register(RegisterError::Unknown { name })) => {
            Ok((RegisterRef::New(parse::<RegisterName>(&name)?), None))
        }
        Err(error) => Err(error),
    }
}
