//! `inbox --watch`: the inbox again and again.
//!
//! Nothing of a file is open between two looks: whether the register changed is told by its files, whose sizes and times are
//! compared. So watching costs nearly nothing, locks nothing, and notices that the file was replaced or removed.
//! A server tells what is recorded, on a connection that only listens.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{Look, Waiting, heading, look, text_of};
use crate::commands::Context;
use crate::domain::Time;
use crate::error::Error;
use crate::output::Act;
use crate::store::{StoreError, beside, is_server};
use crate::{tr, trf};

/// The time between two comparisons of the files.
const TICK: Duration = Duration::from_secs(2);

/// After how many seconds the countdowns are shown again.
const MINUTE: i64 = 60;

/// The most lines that are overwritten: more may have left the screen, and the scrollback is not touched.
const MOST_LINES: usize = 20;

/// How often a look is repeated at once because the files changed meanwhile.
const AT_ONCE: usize = 3;

/// What tells that a file changed: device, inode, length and time of the last change.
type FileState = Option<(u64, u64, u64, i64, i64)>;

fn states(register: &Path) -> [FileState; 2] {
    let state = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
    };
    [state(register), state(&beside(register, "-wal"))]
}

/// What has been shown.
#[derive(Default)]
struct Screen {
    /// The items by action and subject; `None` before the first look.
    known: Option<BTreeSet<(Act, String)>>,
    /// The lines of the last page.
    lines: usize,
    busy: bool,
}

/// Shows the inbox until the register cannot be read any more.
///
/// # Errors
/// The register is broken, was replaced or removed, or standard output fails.
pub fn watch(context: &mut Context<'_>) -> Result<(), Error> {
    let request = context.registers.request(context.env)?;
    let path = request.path.clone();
    let server = is_server(&path).then(|| context.registers.open(&request)).transpose()?.map(|(server, _)| server);
    server.as_deref().map(|it| it.wait_for_news(Duration::ZERO)).transpose()?;
    let mut screen = Screen::default();
    loop {
        let mut found = None;
        for _ in 0..AT_ONCE {
            let before = states(&path);
            found = screen.look(context)?.or(found);
            // Closing a register may change its files, and so may somebody who records meanwhile.
            if context.ui.broken || states(&path) == before {
                break;
            }
        }
        if let Some(found) = found {
            screen.show(context, &found)?;
        }
        // The valid part was shown, with a warning; nothing will be added to it.
        if context.ui.broken {
            return Ok(());
        }
        match &server {
            // It looks once a minute all the same: what a person may do depends on the time, too.
            Some(server) if server.wait_for_news(Duration::from_secs(MINUTE.unsigned_abs()))? => {}
            // A standby tells no news.
            Some(_) => (context.env.sleep)(POLL),
            None => wait(context, &path),
        }
    }
}

/// Between two looks at a standby.
const POLL: Duration = Duration::from_secs(5);

/// Waits until the files change or a minute has passed.
fn wait(context: &mut Context<'_>, path: &Path) {
    let (seen, begun) = (states(path), context.env.now());
    while states(path) == seen && context.env.now().unix() - begun.unix() < MINUTE {
        (context.env.sleep)(TICK);
    }
}

impl Screen {
    /// Reads the inbox; `None` while the register is busy.
    fn look(&mut self, context: &mut Context<'_>) -> Result<Option<Look>, Error> {
        // What was said of the register is not said again every minute.
        context.ui.once = true;
        match look(context) {
            Ok(found) => {
                self.busy = false;
                Ok(Some(found))
            }
            Err(Error::Store(StoreError::Busy { .. })) => {
                if !std::mem::replace(&mut self.busy, true) {
                    context.env.status(tr!("register is busy; trying again", "变更台账正忙，正在重试"));
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn show(&mut self, context: &mut Context<'_>, found: &Look) -> Result<(), Error> {
        let keys: BTreeSet<_> = found.waiting.iter().map(|it| (it.action, it.subject.clone())).collect();
        let known = self.known.replace(keys);
        let is_new =
            |it: &&Waiting| known.as_ref().is_none_or(|known| !known.contains(&(it.action, it.subject.clone())));
        let new: Vec<&Waiting> = found.waiting.iter().filter(is_new).collect();
        let dumb = context.env.variables.get("TERM").is_some_and(|term| term == "dumb");
        if context.env.width.is_none() || dumb || context.ui.json {
            new.iter().try_for_each(|it| line(context, it, found.now.claimed))?;
        } else {
            self.draw(context, found, known.is_some() && !new.is_empty())?;
        }
        Ok(context.env.out.flush()?)
    }

    /// Writes the page over the last one if that is still on the screen, and rings the bell if something is new.
    fn draw(&mut self, context: &mut Context<'_>, found: &Look, bell: bool) -> Result<(), Error> {
        let time = context.clock().at(found.now.claimed);
        let text = match found.waiting.as_slice() {
            [] => {
                trf!("inbox of {} is empty at {time}; Ctrl-C ends", "{} 没有待办（{time}）；按 Ctrl-C 结束", found.me)
            }
            waiting => {
                let items = text_of(context, waiting);
                trf!(
                    "inbox of {} at {time}; Ctrl-C ends\n\n{items}",
                    "{} 的待办（{time}）；按 Ctrl-C 结束\n\n{items}",
                    found.me
                )
            }
        };
        let over = match self.lines {
            0 => String::new(),
            lines if lines <= MOST_LINES => format!("\u{1b}[{lines}A\u{1b}[J"),
            _ => "\n".to_owned(),
        };
        let bell = if bell { "\u{7}" } else { "" };
        self.lines = text.lines().count();
        Ok(writeln!(context.env.out, "{over}{bell}{text}")?)
    }
}

/// A new item as a line.
fn line(context: &mut Context<'_>, it: &Waiting, now: Time) -> Result<(), Error> {
    let clock = context.clock();
    let json = || json!({ "time": now.to_string(), "item": it.json() });
    let text = || {
        let (subject, details) = (crate::output::subject(&it.subject), it.details(&clock));
        let (action, title, kind) = (it.action, &it.title, heading(it.action));
        let text = trf!("{action} {subject}: {details}; {title}", "{kind} {subject}：{details}；{title}");
        format!("{}  {}", clock.to_the_second(now), crate::output::safe(&text))
    };
    context.ui.answer(context.env, json, text)
}
