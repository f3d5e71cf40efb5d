//! Moves a register to another place: its entries as they were signed, so that fingerprint and pins stay valid.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::lookup::{option_path, say_authorities};
use crate::commands::registers::{check_utf8, place};
use crate::commands::ui::busy;
use crate::commands::{Context, Zh};
use crate::domain::Head;
use crate::error::{Error, RegisterError};
use crate::key_choice::confirm;
use crate::output::safe;
use crate::private::{self, Owner};
use crate::store::{
    self, FileError, Session, SharedStore, Site, StoreError, for_others, is_free, is_one_place, is_server,
};
use crate::trust::{Purpose, Request};
use crate::{tr, trf};

/// How often the mark is tried while others record first.
const ATTEMPTS: usize = 100;

#[derive(Debug, Args)]
pub struct Move {
    /// Register to move, by name, path or address
    #[arg(value_name = "FROM", zh("要迁移的变更台账：名称、路径或地址"))]
    from: String,
    /// New path, or the address of a server
    #[arg(value_name = "TO", zh("新路径，或服务器的地址"))]
    to: PathBuf,
    /// Finish a move that was interrupted
    #[arg(long, zh("完成被中断的迁移"))]
    resume: bool,
}

impl Move {
    /// # Errors
    /// The register cannot be written, the new place is taken, or the user does not confirm.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let to = place(context.env, &self.to)?;
        check_utf8(&to)?;
        let path = context.registers.path(context.env, &self.from)?;
        let request = Request { name: self.from, path, fingerprint: context.registers.fingerprint()? };
        let mut session = context.open_by(&request, Purpose::Use)?;
        if let Some(fault) = session.fault() {
            return Err(Error::Broken(fault.clone()));
        }
        if is_one_place(session.shared().place(), &to) {
            return Err(StoreError::File(FileError::SameFile { path: to }).into());
        }
        let marked = session.shared().moved()?;
        match &marked {
            Some(_) if self.resume => {}
            Some(to) => return Err(moved(&session, to)),
            None => session.shared().writable()?,
        }
        let target = confirmed_target(context, &session, &to, marked.as_deref())?;
        let note = context.registers.state_folder(session.fingerprint()).join("moving");
        if marked.is_some() {
            let begun = check_begun(context, &note, target.place());
            if begun.is_err() {
                target.discard();
                return begun;
            }
        }
        let newest = session.state().head().map_or(0, |head| head.seq);
        let bar = busy(context.env, newest, tr!("moving", "正在迁移"));
        let (there, head) = carry_over(context, &mut session, target, (&note, marked.is_some()))?;
        bar.finish_and_clear();
        let fingerprint = session.fingerprint();
        context.registers.move_to(context.env, fingerprint, &there)?;
        // If it stays, only this account could begin the same move again, which its mark refuses.
        let _ = std::fs::remove_file(&note);
        report(context, &session, &there, head)
    }
}

/// The new place, once the user has confirmed it. A file is made only then, because Ctrl-C at the question would leave it
/// there. On a server nothing exists before entry 0, so it is opened first, to show its address in the question.
fn confirmed_target(
    context: &mut Context<'_>,
    session: &Session,
    to: &Path,
    marked: Option<&Path>,
) -> Result<Box<dyn SharedStore>, Error> {
    let makes_file = !is_server(to) && is_free(to, context.registers.scratch());
    if makes_file {
        ask(context, session, to)?;
    } else if marked.is_none() && !is_server(to) {
        return Err(StoreError::Exists { path: to.to_owned() }.into());
    }
    let target = open_target(context, session, to, marked.is_some())?;
    let checked = if is_one_place(session.shared().place(), target.place()) {
        // Another spelling of an address is not noticed before the server was asked.
        Err(StoreError::File(FileError::SameFile { path: to.to_owned() }).into())
    } else if let Some(to) = marked.filter(|to| !is_one_place(target.place(), to)) {
        // At the marked place others may record already, so it goes nowhere else.
        Err(moved(session, to))
    } else if makes_file {
        Ok(())
    } else {
        ask(context, session, target.place())
    };
    match checked {
        Ok(()) => Ok(target),
        Err(error) => {
            target.discard();
            Err(error)
        }
    }
}

/// Says what is moved and where to, and asks, on a terminal.
fn ask(context: &mut Context<'_>, session: &Session, to: &Path) -> Result<(), Error> {
    let Some(id) = session.state().id().filter(|_| context.env.console.is_interactive()) else { return Ok(()) };
    let entries = session.state().head().map_or(0, |head| head.seq + 1);
    let [from, to] = [session.shared().place(), to].map(|place| safe(&place.display().to_string()).into_owned());
    context
        .env
        .status(trf!("{id}, {entries} entries\nfrom {from}\nto   {to}", "{id}，{entries} 条日志\n从 {from}\n到 {to}"));
    let what = tr!("move it, so that nobody records at the old place", "迁移，此后任何人都不能在原位置记录");
    confirm(context.env, what, "move")
}

/// Whether this account began the move: what a place means may differ between accounts and hosts, and a move that was
/// finished elsewhere would be finished twice.
fn check_begun(context: &mut Context<'_>, note: &Path, to: &Path) -> Result<(), Error> {
    let begun = private::read(note, Owner::Me).map_err(StoreError::from)?;
    if begun.is_some_and(|begun| is_one_place(Path::new(begun.trim_end()), to)) {
        return Ok(());
    }
    if !context.env.console.is_interactive() {
        return Err(Error::Register(RegisterError::MoveByOther { place: to.to_owned() }));
    }
    let what = tr!(
        "finish a move that another account began; if it was finished already, two registers will diverge",
        "完成由另一账号开始的迁移；如果迁移已经完成，将出现两个不同的变更台账"
    );
    confirm(context.env, what, "finish")
}

fn moved(session: &Session, to: &Path) -> Error {
    StoreError::Moved { path: session.shared().place().to_owned(), to: to.to_owned() }.into()
}

/// The new place: empty, or once the old one is marked perhaps with what was moved.
fn open_target(
    context: &Context<'_>,
    session: &Session,
    to: &Path,
    marked: bool,
) -> Result<Box<dyn SharedStore>, Error> {
    let id = session.state().id().cloned().ok_or(Error::NoEntry(0))?;
    let (scratch, home) = (context.registers.scratch(), context.registers.home());
    match store::create(to, &id, scratch, home) {
        Err(StoreError::Exists { .. }) if marked => {
            let (target, findings) = store::open(to, Site::Register, scratch, home)?;
            findings.into_iter().next().map_or(Ok(target), |finding| Err(StoreError::Broken(finding).into()))
        }
        created => Ok(created?),
    }
}

/// Marks the old place, at its head.
fn mark(context: &Context<'_>, session: &mut Session, there: &Path) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        session.refresh(context.env.now(), &mut |_| {})?;
        let turn = session.turn(&context.writer())?;
        if session.refresh_soon(&turn)? && session.mark_moved(&turn, there)? {
            return Ok(());
        }
    }
    Err(Error::Contended { attempts: ATTEMPTS })
}

/// Marks the old place, and then copies the entries: at no time can both be written. Returns the new place and its head.
fn carry_over(
    context: &mut Context<'_>,
    session: &mut Session,
    mut target: Box<dyn SharedStore>,
    (note, marked): (&Path, bool),
) -> Result<(PathBuf, Head), Error> {
    let there = target.place().to_owned();
    let interrupted = |source: StoreError| {
        Error::Register(RegisterError::MoveInterrupted { place: there.clone(), source: source.into() })
    };
    if !marked {
        let told = for_others(&there);
        match mark(context, session, &told) {
            // Nobody knows whether the mark is there. If it is, nobody records.
            Err(Error::Store(source @ StoreError::Uncertain { .. })) => {
                target.discard();
                return Err(interrupted(source));
            }
            Err(error) => {
                return Err(match (session.shared().moved(), error) {
                    (Ok(Some(_)), Error::Store(source)) => interrupted(source),
                    (_, error) => {
                        target.discard();
                        error
                    }
                });
            }
            Ok(()) => {}
        }
        // Only whoever set the mark finishes the move unasked.
        private::replace(note, &format!("{}\n", told.display())).map_err(|error| interrupted(error.into()))?;
    }
    // Somebody may have appended just before the mark.
    let settled = session.settle_mark().and_then(|()| session.refresh(context.env.now(), &mut |_| {}));
    if let Err(error) = settled {
        target.discard();
        return Err(interrupted(error));
    }
    let head = session.state().head().ok_or(Error::NoEntry(0))?;
    let copied = match target.newest().map_err(interrupted)? {
        None => session.copy_into(&mut *target),
        // Somebody else may have filled it meanwhile.
        Some(_) => Ok(()),
    };
    let done = copied.and_then(|()| session.verify_elsewhere(target, context.env.now()));
    done.map_err(interrupted)?;
    Ok((there, head))
}

fn report(context: &mut Context<'_>, session: &Session, there: &Path, head: Head) -> Result<(), Error> {
    let (name, entries) = (safe(&there.display().to_string()).into_owned(), head.seq + 1);
    let json = || json!({ "moved": there.display().to_string(), "entries": entries });
    context.ui.answer(context.env, json, || {
        trf!("moved {entries} entries to {name}", "已将 {entries} 条日志迁移到 {name}")
    })?;
    let (option, fingerprint) = (option_path(&for_others(there)), session.fingerprint());
    context.env.remark(trf!(
        "tell everybody the new place; each account names it once: \
         `twinseal list --register {option} --fingerprint {fingerprint}`",
        "请将新位置告知所有人；每个账号用一次：`twinseal list --register {option} --fingerprint {fingerprint}`"
    ));
    say_authorities(context.env, there);
    Ok(())
}
