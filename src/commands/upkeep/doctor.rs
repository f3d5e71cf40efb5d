//! `doctor`: check the surroundings of a register, with a hint for each problem.

mod register;
mod rights;
mod server;

use std::fmt::Display;
use std::os::unix::fs::PermissionsExt;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::{Context, Zh};
use crate::domain::{KeyState, PublicKey};
use crate::error::{Error, KeyChoiceError};
use crate::output::safe;
use crate::signer::{AgentError, KeyError, KeySource};
use crate::store::Session;
use crate::{tr, trf};

/// Check key, agent, clock, files and disk
///
/// Each line is ok, warning or fault, with a hint on how to fix it. Like every command, doctor brings the verified
/// cache up to date; it changes nothing else. To check the log itself, use twinseal verify. The exit code is 0 without
/// faults, otherwise 4.
#[derive(Debug, Args)]
#[command(zh("检查密钥、ssh-agent、时钟、文件和磁盘"))]
#[command(zh_long(
    "每行为正常、警告或故障，并提示如何解决。与其他命令一样，doctor 会更新已验证缓存；除此之外不改动任何内容。要检查日志本身，请用 `twinseal verify`。没有故障时退出码为 0，否则为 4。"
))]
#[command(after_help = "Examples:
  twinseal doctor
  twinseal doctor --register /srv/twinseal/prod.db")]
pub struct Doctor {}

/// The severity of a check's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No problem.
    Ok,
    /// A possible problem; commands work.
    Warning,
    /// Some commands fail until it is fixed.
    Fault,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }

    /// The word for screens.
    fn phrase(self) -> &'static str {
        match self {
            Self::Ok => tr!("ok", "正常"),
            Self::Warning => tr!("warning", "警告"),
            Self::Fault => tr!("fault", "故障"),
        }
    }
}

/// The result of one check.
#[derive(Debug)]
struct Check {
    name: &'static str,
    state: State,
    what: String,
    hint: Option<String>,
}

impl Check {
    fn ok(name: &'static str, what: impl Display) -> Self {
        Self { name, state: State::Ok, what: what.to_string(), hint: None }
    }

    fn warning(name: &'static str, what: impl Display, hint: impl Display) -> Self {
        Self { name, state: State::Warning, what: what.to_string(), hint: Some(hint.to_string()) }
    }

    fn fault(name: &'static str, what: impl Display, hint: impl Display) -> Self {
        Self { state: State::Fault, ..Self::warning(name, what, hint) }
    }

    /// An error that a command would report, with its hint.
    fn error(name: &'static str, state: State, error: &Error) -> Self {
        Self { name, state, what: error.to_string(), hint: error.hint() }
    }
}

impl Doctor {
    /// # Errors
    /// [`Error::Unwell`], or standard output fails.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut checks = Vec::new();
        let session = register::look(context, &mut checks);
        let session = session.as_ref();
        let key = key(context, session, &mut checks);
        checks.push(agent(context, session, key.as_ref()));
        let count = |state| checks.iter().filter(|it| it.state == state).count();
        let (faults, warnings) = (count(State::Fault), count(State::Warning));
        // The exit code reports faults even if nobody reads the output to its end.
        let reported = report(context, &checks, faults, warnings);
        if faults == 0 { reported } else { Err(Error::Unwell { count: faults }) }
    }
}

fn report(context: &mut Context<'_>, checks: &[Check], faults: usize, warnings: usize) -> Result<(), Error> {
    if context.ui.json {
        let check =
            |it: &Check| json!({ "check": it.name, "state": it.state.as_str(), "detail": it.what, "hint": it.hint });
        let checks: Value = checks.iter().map(check).collect();
        return context.ui.print_json(context.env, json!({ "checks": checks, "faults": faults, "warnings": warnings }));
    }
    let mut page = context.page();
    for it @ Check { name, state, what, .. } in checks {
        let hint = |hint: &String| trf!("\nhint: {}", "\n提示：{}", safe(hint));
        let hint = it.hint.as_ref().map(hint).unwrap_or_default();
        page.field(state.phrase(), trf!("{name}: {}{hint}", "{name}：{}{hint}", safe(what)));
    }
    Ok(context.env.print(page.finish().trim_end())?)
}

/// The owner and state of a key, for a message and for the checks; empty without a session.
fn key_owner(session: Option<&Session>, key: &PublicKey) -> (String, Option<KeyState>) {
    let Some(session) = session else { return (String::new(), None) };
    match session.ask(|state| Ok(state.governance().key(key.fingerprint())?.cloned())) {
        Ok(Ok(Some(enrolled))) => {
            let (person, state) = (&enrolled.person, enrolled.state.phrase());
            (trf!(", {person}'s, {state}", "，属于 {person}，{state}"), Some(enrolled.state))
        }
        Ok(Ok(None) | Err(_)) => (tr!(", not enrolled here", "，未在此登记").to_owned(), None),
        Err(error) => (trf!(", {error}", "，{error}"), None),
    }
}

/// Checks the signing key and returns it.
fn key(context: &Context<'_>, session: Option<&Session>, checks: &mut Vec<Check>) -> Option<KeySource> {
    let chosen = match session {
        Some(session) => context.key_choice.key_for(session),
        // Without a register any key of the agent may be the right one.
        None => context.key_choice.key(|_| Ok(true)),
    };
    let key = match chosen {
        Ok(key) => key,
        Err(error) => {
            // Reading needs no key.
            let reads = matches!(
                error,
                Error::KeyChoice(KeyChoiceError::NotNamed) | Error::KeyChoice(KeyChoiceError::NoneFits { .. })
            );
            checks.push(Check::error(tr!("key", "密钥"), if reads { State::Warning } else { State::Fault }, &error));
            return None;
        }
    };
    checks.push(match &key {
        KeySource::Agent(public) => held(context, session, public),
        KeySource::Token(path, public) => {
            let place = trf!("{}, in a FIDO token", "{}，在 FIDO 设备中", path.display());
            enrolled(context, session, public, place)
        }
        KeySource::File(file) => {
            let lock = match file.is_locked() {
                true => tr!("encrypted with a passphrase", "有口令保护"),
                false => tr!("no passphrase", "无口令"),
            };
            let path = context.key_choice.key_path().unwrap_or_default();
            let mode = std::fs::metadata(&path).map_or(0, |it| it.permissions().mode() & 0o7777);
            let place = trf!("{}, mode {mode:04o}, {lock}", "{}，权限 {mode:04o}，{lock}", path.display());
            enrolled(context, session, &file.public(), place)
        }
    });
    Some(key)
}

/// Checks a key that must be in the agent.
fn held(context: &Context<'_>, session: Option<&Session>, key: &PublicKey) -> Check {
    match context.key_choice.agent().and_then(|agent| agent.signer(*key)) {
        Ok(_) => enrolled(context, session, key, tr!("in the ssh-agent", "在 ssh-agent 中")),
        Err(error) => Check::error(tr!("key", "密钥"), State::Fault, &KeyError::from(error).into()),
    }
}

/// Checks whether an available key may be used in the register.
fn enrolled(context: &Context<'_>, session: Option<&Session>, key: &PublicKey, place: impl Display) -> Check {
    let (whose, state) = key_owner(session, key);
    let what = trf!("{}, {place}{whose}", "{}，{place}{whose}", key.fingerprint());
    let Some(session) = session else { return Check::ok(tr!("key", "密钥"), what) };
    match (context.key_choice.actor(session, *key), state) {
        (Err(error @ Error::KeyChoice(KeyChoiceError::OtherPerson { .. })), _) => {
            Check::error(tr!("key", "密钥"), State::Fault, &error)
        }
        (_, Some(KeyState::Live)) => Check::ok(tr!("key", "密钥"), what),
        (_, Some(KeyState::Suspended)) => {
            let hint = tr!(
                "ask two admins to lift the suspension (`twinseal key lift`), or use another key",
                "请两名管理员恢复该密钥（`twinseal key lift`），或使用其他密钥"
            );
            Check::fault(tr!("key", "密钥"), what, hint)
        }
        (_, Some(KeyState::Revoked)) => {
            let hint = tr!(
                "use another key; request its enrolment with: `twinseal person request`",
                "使用其他密钥；用以下命令申请登记：`twinseal person request`"
            );
            Check::fault(tr!("key", "密钥"), what, hint)
        }
        (_, None) => Check::warning(
            tr!("key", "密钥"),
            what,
            tr!(
                "choose your enrolled key with --key, or ask to be enrolled with this one: `twinseal join`",
                "用 --key 选择已登记的密钥，或申请登记此密钥：`twinseal join`"
            ),
        ),
    }
}

/// Checks the agent. A missing key is reported by the key check.
fn agent(context: &Context<'_>, session: Option<&Session>, key: Option<&KeySource>) -> Check {
    let agent = match context.key_choice.agent() {
        Ok(agent) => agent,
        Err(_) => {
            return Check::ok(
                tr!("agent", "ssh-agent"),
                tr!("none: SSH_AUTH_SOCK is not set", "无：未设置 SSH_AUTH_SOCK"),
            );
        }
    };
    let socket = agent.socket().display();
    match agent.keys() {
        Ok(held) if held.is_empty() => {
            let what = trf!("{socket} holds no Ed25519 key, or is locked", "{socket} 中没有 Ed25519 密钥，或已锁定");
            Check::ok(tr!("agent", "ssh-agent"), what)
        }
        Ok(held) => {
            let name = |key: &PublicKey, comment: &str| {
                trf!("{} ({comment}){}", "{}（{comment}）{}", key.fingerprint(), key_owner(session, key).0)
            };
            let names: Vec<String> = held.iter().map(|it| name(&it.key, &it.comment)).collect();
            Check::ok(
                tr!("agent", "ssh-agent"),
                trf!("{socket} holds {}", "{socket} 中有 {}", names.join(tr!("; ", "；"))),
            )
        }
        // A stale socket does not matter if the key is in a file.
        Err(error @ AgentError::Unreachable { .. }) if matches!(key, Some(KeySource::File(_))) => {
            Check::ok(tr!("agent", "ssh-agent"), trf!("none: {error}", "无：{error}"))
        }
        Err(error) => Check::error(tr!("agent", "ssh-agent"), State::Warning, &KeyError::from(error).into()),
    }
}
