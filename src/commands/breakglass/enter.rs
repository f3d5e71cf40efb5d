//! `breakglass enter`, and signing without the register for `breakglass open --offline`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::Zh;
use crate::commands::files::{create, read_text};
use crate::commands::lookup::{name_of_input, parse};
use crate::commands::{Context, Question, record_asked, report_recorded};
use crate::domain::{Event, Opening, PersonId, Text, Word};
use crate::error::{BreakGlassError, Error, shell_word};
use crate::format::{text, word};
use crate::key_choice::confirm;
use crate::output::{Page, Parts, ago, safe};
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `breakglass enter`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal breakglass enter acted.word")]
pub struct Enter {
    /// File that `twinseal breakglass open --offline` wrote
    #[arg(value_name = "FILE", zh("`twinseal breakglass open --offline` 写出的文件"))]
    file: PathBuf,
}

impl Enter {
    /// # Errors
    /// The file is no signed word, a rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let bytes = read_text(context.env, &self.file)?;
        let (word, opening, text) = word::read_file(bytes.as_bytes())
            .map_err(|defect| BreakGlassError::Word { path: name_of_input(&self.file), defect: Box::new(defect) })?;
        let mut session = context.open()?;
        let (now, person) = (context.env.now(), word.person.clone());
        let plan = |session: &mut Session| {
            let (id, word) = (session.state().next_break_glass(), Box::new(word.clone()));
            Ok(Plan { event: Event::BreakGlassEnter { id, opening: opening.clone(), word }, text: Some(text.clone()) })
        };
        let signed = ago(word.time, now);
        let shown = |page: &mut Page, _: &Session| {
            page.block(tr!(
                "about to sign: enter a break-glass that was signed without the register",
                "即将签名：补录一个未连接变更台账时签名的紧急处置"
            ));
            page.text(
                "",
                trf!("{person} signed it {signed}. It is marked as late.", "{person} 于 {signed}签名。它会标为补录。"),
            );
            Ok(())
        };
        let warning = tr!("it stays in the log, marked as late", "它会留在日志中，并标为补录");
        let act = tr!("enter this break-glass", "补录此紧急处置").to_owned();
        let question = Question { warning, act, word: opening.incident.to_string() };
        let entry = record_asked(context, &mut session, shown, plan, Some(question))?;
        let Some(id) = entry.event.break_glass() else { return Ok(()) };
        let said = trf!(
            "{id} entered late, for {person}; what was done: `twinseal breakglass close {id} FILE`",
            "{id} 已为 {person} 补录；说明处置经过：`twinseal breakglass close {id} FILE`"
        );
        report_recorded(context, &entry, Some(format!("{id} {}", entry.leaf)), said)
    }
}

/// Signs an opening without the register, and writes it to a file.
///
/// # Errors
/// The register is not known, nobody is named with `--as`, the key cannot sign, or the file exists.
pub(super) fn sign_offline(context: &mut Context<'_>, opening: &Opening, text: &Text, out: &Path) -> Result<(), Error> {
    let person: PersonId = parse(context.key_choice.person_meant().ok_or(BreakGlassError::WhoSigns)?)?;
    let fingerprint = match context.registers.fingerprint()? {
        Some(given) => given,
        None => context.registers.remembered(context.env)?,
    };
    let key = context.key_choice.key(|_| Ok(true))?;
    let salt: [u8; 16] = context.env.random()?;
    let (part, _) = text::write(text, salt);
    let mut word = Word {
        fingerprint,
        time: context.env.now(),
        person,
        key: key.public().fingerprint(),
        proof: Vec::new(),
        salt: Some(salt),
    };
    let message = |word: &Word| word::message(word, opening, text::digest(&part));
    if context.env.console.is_interactive() {
        let mut page = context.page_above_question();
        let parts = Parts::new(message(&word).as_bytes(), Some(&part), None);
        page.block(tr!(
            "about to sign: act without approval, and without the register",
            "即将签名：未经审批、且未连接变更台账的紧急处置"
        ))
        .fields(&parts.fields());
        parts.content().iter().for_each(|block| _ = page.lines(&block.lines));
        context.env.status(format_args!("{}\n", page.legend().finish().trim_start()));
        confirm(context.env, tr!("sign this break-glass", "签名此紧急处置"), opening.incident.as_str())?;
    }
    word.time = context.env.now();
    let signer = context.key_choice.unlock(context.env, key)?;
    word.proof = signer.sign(word::NAMESPACE, message(&word).as_bytes())?;
    create(context.env, out, word::write_file(&word, opening, &part))?;
    let file = safe(&shell_word(&out.display().to_string())).into_owned();
    context.env.remark(trf!(
        "signed; once the register can be reached: `twinseal breakglass enter {file}`",
        "已签名；能够访问变更台账后：`twinseal breakglass enter {file}`"
    ));
    Ok(())
}
