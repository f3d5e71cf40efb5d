//! `approve --detached`, `--sign` and `--submit`: an approval that is signed away from the register.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::commands::change::approve::approved;
use crate::commands::change::summary::{ToSign, content_of, last_moment, summary};
use crate::commands::files::{check_absent, create, read_text, read_text_within};
use crate::commands::lookup::{change, known_person, name_of_input};
use crate::commands::{Context, record_shown, report_recorded_with};
use crate::domain::{
    ChangeId, Digest, Event, Facts, Fingerprint, Header, KeyState, PersonId, Refusal, RegisterId, RevisionRef,
    Statement, Submission, Time,
};
use crate::error::{AccountError, DetachedError, Error, TemplateError, shell_word};
use crate::format::statement::{self, Exported};
use crate::format::{data, entry, sshsig};
use crate::key_choice::{Choice, choose};
use crate::output::{Page, Parts, ago, detached_page, json, safe};
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// The most bytes of a statement with its revision.
const MOST: u64 = (entry::MAX_BLOB + entry::MAX_TEXT + data::MAX_DATA + 64 * 1024) as u64;

/// Who is to sign, with which key, and until when it counts.
pub(super) struct Approver {
    /// Who; otherwise whoever runs the command.
    pub person: Option<PersonId>,
    /// The key; otherwise their only live one.
    pub key: Option<Fingerprint>,
    /// The last moment at which the approval counts; otherwise the last one to start the change.
    pub not_after: Option<Time>,
}

/// Writes a statement for an approver to sign elsewhere, with the revision that it approves.
///
/// # Errors
/// A rule would refuse the approval as things stand, the key is not known, or the file exists.
pub(super) fn export(context: &mut Context<'_>, id: ChangeId, approver: Approver, out: &Path) -> Result<(), Error> {
    if context.options.dry_run {
        return Err(AccountError::RecordsNothing("approve --detached".to_owned()).into());
    }
    let session = context.open()?;
    let approved = change(&session, id)?;
    let (revision, now) = (approved.current(), context.env.now());
    check_whole(id, &revision.facts)?;
    let person = approver.person.map_or_else(|| context.me(&session), Ok)?;
    let statement = Statement {
        revision: revision.id,
        fingerprint: session.fingerprint(),
        key: live_key(&session, &person, approver.key)?,
        approver: person.clone(),
        seen: approved.last(),
        time: now,
        not_after: approver.not_after.unwrap_or_else(|| revision.facts.last_start()),
    };
    judge(&session, &statement, now)?;
    let register = session.state().id().cloned().ok_or(Refusal::NotFounding)?;
    let raw = session.raw(revision.seq)?.ok_or(Error::NoEntry(revision.seq))?;
    create(context.env, out, statement::write_file(&register, &statement, &raw))?;
    report(context, &register, &statement)?;
    let file = safe(&shell_word(&out.display().to_string())).into_owned();
    context.env.remark(trf!(
        "nothing was recorded; {person} signs it with `twinseal approve --sign {file}`, then `twinseal approve --submit \
         {file}`",
        "未记录任何内容；由 {person} 签名：`twinseal approve --sign {file}`，然后 `twinseal approve --submit {file}`"
    ));
    Ok(())
}

/// The named live key of a person, or the only one.
fn live_key(session: &Session, person: &PersonId, named: Option<Fingerprint>) -> Result<Fingerprint, Error> {
    let enrolled = known_person(session, person)?;
    let governance = session.governed()?;
    let live = |key: &Fingerprint| governance.key(*key).is_ok_and(|it| it.is_some_and(|it| it.state == KeyState::Live));
    let keys: Vec<Fingerprint> = enrolled.keys().filter(live).collect();
    match (named, keys.as_slice()) {
        (Some(named), _) if keys.contains(&named) => Ok(named),
        (None, [only]) => Ok(*only),
        _ => Err(DetachedError::WhichKey { person: person.clone(), keys }.into()),
    }
}

/// Fails if the approval would be refused although it were signed and submitted now.
fn judge(session: &Session, statement: &Statement, now: Time) -> Result<(), Error> {
    let key = session.ask(|state| Ok(state.governance().key(statement.key)?.cloned()))??;
    let touch = key.and_then(|it| it.public.best_touch());
    let header = Header {
        register: session.state().id().cloned().ok_or(Refusal::NotFounding)?,
        seq: session.state().head().map_or(0, |head| head.seq + 1),
        prev: Digest::NONE,
        governance: Digest::NONE,
        last: None,
        time: now,
        actor: statement.approver.clone(),
        key: statement.key,
        touch,
        data: None,
        text: None,
    };
    let event = Event::Submit(Box::new(Submission { statement: statement.clone(), proof: Vec::new(), touch }));
    Ok(session.ask(|state| state.judge(&header, &event))??)
}

/// Signs a statement. No register is opened, and nothing is recorded.
///
/// # Errors
/// The file is no statement with its revision, the key is not the one that it names, or the signature exists.
pub(super) fn sign(context: &mut Context<'_>, file: &Path, digest: Option<Digest>) -> Result<(), Error> {
    if context.options.dry_run {
        return Err(AccountError::RecordsNothing("approve --sign".to_owned()).into());
    }
    let exported = read(context, file)?;
    let Exported { register, statement, .. } = &exported;
    let key = context.key_choice.key(|key| Ok(key.fingerprint() == statement.key))?;
    let chosen = key.public().fingerprint();
    if chosen != statement.key {
        return Err(DetachedError::OtherKey { named: Box::new(statement.key), chosen: Box::new(chosen) }.into());
    }
    // Not that of the revision: until when it counts, and what was seen, are signed too.
    let found = statement::digest(register, statement);
    let signature = signature_of(file);
    check_absent(context.env, &signature)?;
    match digest {
        Some(given) if given != found => return Err(Error::OtherDigest { flag: "--digest", given, found }),
        Some(_) => {}
        None if !context.env.console.is_interactive() => {
            let file = safe(&shell_word(&file.display().to_string())).into_owned();
            let shows = format!("`sed '/^$/,$d' {file} | sha256sum`");
            return Err(Error::NeedDigest { flag: "--digest", shows });
        }
        None => ask(context, &exported)?,
    }
    let message = statement::message(register, statement);
    let signer = context.key_choice.unlock(context.env, key)?;
    let proof = signer.sign(statement::NAMESPACE, message.as_bytes())?;
    create(context.env, &signature, sshsig::armor(&proof))?;
    report(context, register, statement)?;
    let file = safe(&shell_word(&file.display().to_string())).into_owned();
    context.env.remark(trf!(
        "signed into {file}.sig; where the register is: `twinseal approve --submit {file}`",
        "签名已写入 {file}.sig；在有变更台账的地方：`twinseal approve --submit {file}`"
    ));
    Ok(())
}

/// Shows the revision and the statement, and asks for the id of the change.
fn ask(context: &mut Context<'_>, exported: &Exported) -> Result<(), Error> {
    let Exported { register, statement, revision, raw } = exported;
    let RevisionRef { change, .. } = statement.revision;
    let parts = Parts::new(&raw.blob, raw.text.as_deref(), raw.data.as_deref());
    let mut long = context.page_above_question();
    detached_page(&mut long, revision, &parts);
    let mut short = context.page_above_question();
    short.block(&ToSign::Approve.heading(statement.revision));
    content_of(&mut short, &parts, &revision.facts);
    last_moment(&mut short, &revision.facts, false);
    let made = ago(statement.time, context.env.now());
    let unverified = trf!(
        "Signed without the register: the log was not verified. The statement was made {made}.",
        "离线签名：日志未经验证。声明生成于 {made}。"
    );
    short.text("", unverified);
    let message = statement::message(register, statement);
    short.fields(&Parts::new(message.as_bytes(), None, None).fields()).legend();
    let (long, short) = (long.legend().finish().to_owned(), short.finish().to_owned());
    context.env.show(&long);
    let act = tr!("approve this revision", "批准此修订");
    let again = [('v', tr!("shows it again", "再次显示"))];
    loop {
        context.env.status(&short);
        match choose(context.env, act, &change.to_string(), &again)? {
            Choice::Confirmed => return Ok(()),
            Choice::Letter(_) => context.env.show(&long),
        }
    }
}

/// Carries a signed statement into the log.
///
/// # Errors
/// It is not signed by the key that it names, a rule refuses it, or it cannot be recorded.
pub(super) fn submit(context: &mut Context<'_>, file: &Path) -> Result<(), Error> {
    let Exported { register, statement, .. } = read(context, file)?;
    let (path, person) = (name_of_input(file), statement.approver.clone());
    let armored = match read_text(context.env, &signature_of(file)) {
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Err(DetachedError::Unsigned { path }.into());
        }
        read => read?,
    };
    let not_signed = || DetachedError::Signature { path: path.clone(), person: person.clone() };
    let proof = sshsig::read_armor(&armored).ok_or_else(not_signed)?;
    let submission = statement::submission(statement, proof);
    statement::check(&register, &submission).map_err(|_| not_signed())?;
    let mut session = context.open()?;
    if session.state().id() != Some(&register) {
        return Err(Refusal::StatementElsewhere { person }.into());
    }
    let revision = submission.statement.revision;
    let plan = |_: &mut Session| Ok(Plan { event: Event::Submit(Box::new(submission.clone())), text: None });
    let shown = |page: &mut Page, session: &Session| {
        page.text("", trf!("The approval of {person}, signed without the register.", "{person} 的离线批准。"));
        summary(page, session, revision, ToSign::Submit)
    };
    let entry = record_shown(context, &mut session, shown, plan)?;
    let (said, requirements) = approved(context, &session, revision.change)?;
    report_recorded_with(context, &entry, None, said, Some(("requirements", requirements)))
}

/// Prints the statement as JSON, if that is asked for.
fn report(context: &mut Context<'_>, register: &RegisterId, statement: &Statement) -> Result<(), Error> {
    if context.ui.json {
        let digest = statement::digest(register, statement).to_string();
        let said = serde_json::json!({ "statement": json::statement(statement), "digest": digest });
        context.ui.print_json(context.env, said)?;
    }
    Ok(())
}

/// Reads a statement with its revision.
fn read(context: &mut Context<'_>, file: &Path) -> Result<Exported, Error> {
    let text = read_text_within(context.env, file, MOST)?;
    let fault = |fault| DetachedError::File { path: name_of_input(file), fault: Box::new(fault) };
    let exported = statement::read_file(text.as_bytes()).map_err(fault)?;
    check_whole(exported.statement.revision.change, &exported.revision.facts)?;
    Ok(exported)
}

/// Fails for a standard change: the file would not have what its template gives, so nobody could read what they sign.
fn check_whole(change: ChangeId, facts: &Facts) -> Result<(), Error> {
    if facts.template.is_some() { Err(TemplateError::Detached { change }.into()) } else { Ok(()) }
}

/// The file of the signature: beside the statement, as `ssh-keygen -Y sign` names it.
fn signature_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}
