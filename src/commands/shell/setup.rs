//! `setup-shell`: installs completion and manual pages for this account.

use std::path::{Path, PathBuf};

use clap::{Arg, Args, Command, ValueEnum};
use clap_mangen::Man;
use serde_json::json;

use super::Shell;
use crate::commands::{Context, Zh};
use crate::error::{AccountError, Error};
use crate::lang::{Lang, within};
use crate::output::safe;
use crate::private;
use crate::store::StoreError;
use crate::{tr, trf};

/// Install completion and manual pages
///
/// Writes a completion script for your shell and the manual pages below your home directory. Completion knows commands,
/// options, statuses and topics of help, your drafts, and what this account last verified in its register: changes,
/// targets, people, services, freezes and proposals.
#[derive(Debug, Args)]
#[command(zh("安装命令补全和手册页"))]
#[command(zh_long(
    "为您的 shell 写出补全脚本，并把手册页写到主目录下。补全知道命令、选项、状态和帮助主题、您的草稿，\
     以及本账号上次在其变更台账中核验过的内容：变更单、目标、人员、服务、封网和提案。手册页只有英文。"
))]
#[command(after_help = "Examples:
  twinseal setup-shell
  twinseal setup-shell zsh
  twinseal setup-shell bash --print")]
pub struct SetupShell {
    /// Shell; that of the variable SHELL unless given
    #[arg(zh("shell；默认取自变量 SHELL"))]
    shell: Option<Shell>,
    /// Print the completion script instead
    #[arg(zh("只输出补全脚本"))]
    #[arg(long)]
    print: bool,
}

/// The name of the program.
const PROGRAM: &str = "twinseal";

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("complete.bash"),
            Self::Zsh => include_str!("complete.zsh"),
            Self::Fish => include_str!("complete.fish"),
        }
    }

    /// Where the shell looks for the script, below the directories of data and of configuration.
    fn place(self, data: &Path, config: &Path) -> PathBuf {
        match self {
            Self::Bash => data.join("bash-completion/completions/twinseal"),
            Self::Zsh => data.join("zsh/site-functions/_twinseal"),
            Self::Fish => config.join("fish/completions/twinseal.fish"),
        }
    }

    /// The command that tells `man` where the pages are; the empty part stands for where it looks otherwise.
    fn manpath(self, folder: &Path) -> String {
        let folder = folder.display();
        match self {
            Self::Bash | Self::Zsh => format!("export MANPATH={folder}:$MANPATH"),
            Self::Fish => format!("set -x MANPATH {folder} $MANPATH ''"),
        }
    }

    /// What is left to do by hand.
    fn note(self, place: &Path) -> String {
        let folder = place.parent().unwrap_or(place).display();
        match self {
            Self::Bash => tr!(
                "open a new shell; it needs the package bash-completion",
                "打开新的 shell；需要软件包 bash-completion"
            )
            .to_owned(),
            Self::Zsh => trf!(
                "put this before compinit in ~/.zshrc: fpath=({folder} $fpath)",
                "在 ~/.zshrc 中的 compinit 之前加入：fpath=({folder} $fpath)"
            ),
            Self::Fish => tr!("open a new shell", "打开新的 shell").to_owned(),
        }
    }
}

impl SetupShell {
    /// # Errors
    /// The shell is unknown, or a file cannot be written.
    pub fn run(self, context: &mut Context<'_>, program: fn() -> Command) -> Result<(), Error> {
        let shell = self.shell.or_else(|| usual(context)).ok_or(AccountError::WhichShell)?;
        if self.print {
            return Ok(write!(context.env.out, "{}", shell.script())?);
        }
        let data = context.env.xdg_base("XDG_DATA_HOME", ".local/share");
        let config = context.env.xdg_base("XDG_CONFIG_HOME", ".config");
        let (place, manuals) = (shell.place(&data, &config), data.join("man/man1"));
        private::install(&place, shell.script().as_bytes()).map_err(StoreError::from)?;
        // The manual pages are found under one name in every language.
        within(Lang::En, || {
            let mut program = program().disable_help_subcommand(true);
            program.build();
            install_manuals(&program, &manuals)
        })?;
        context.env.remark(trf!("completion: {}", "补全：{}", safe(&place.display().to_string())));
        context.env.remark(trf!("manual pages: {}", "手册页：{}", safe(&manuals.display().to_string())));
        let variable = shell.manpath(&data.join("man"));
        context.env.remark(trf!(
            "if `man twinseal` finds no page: `{}`",
            "如果 `man twinseal` 找不到手册页：`{}`",
            safe(&variable)
        ));
        context.env.remark(trf!("next: {}", "下一步：{}", safe(&shell.note(&place))));
        if !context.ui.json {
            return Ok(());
        }
        let written = json!({ "completion": place.display().to_string(), "manuals": manuals.display().to_string() });
        context.ui.print_json(context.env, written)
    }
}

/// The shell of the variable `SHELL`.
fn usual(context: &Context<'_>) -> Option<Shell> {
    let path = context.env.variables.get("SHELL").map(PathBuf::from)?;
    Shell::from_str(path.file_name()?.to_str()?, false).ok()
}

/// Installs the manual page of a command, and those of the commands below it. Only the page of the program lists the
/// global options.
fn install_manuals(command: &Command, folder: &Path) -> Result<(), Error> {
    for command in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        install_manuals(command, folder)?;
    }
    let whole = command.get_name() == PROGRAM;
    let usage = command.clone().render_usage().to_string();
    let usage = usage.split_once(": ").map_or(usage.clone(), |(_, usage)| usage.to_owned());
    let listed = |it: Arg| if it.is_global_set() { it.hide(!whole).hide_short_help(false) } else { it };
    let manual = Man::new(command.clone().override_usage(usage).mut_args(listed));
    let manual = manual.source(format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    manual.render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    // The headings of what stands behind the options, as manual pages have them.
    for (extra, heading) in [("Examples:", "EXAMPLES"), ("Exit codes:", "\"EXIT STATUS\"")] {
        page = page.replacen(&format!(".SH EXTRA\n{extra}\n"), &format!(".SH {heading}\n"), 1);
    }
    if !whole {
        page.push_str(".SH \"SEE ALSO\"\n\\fBtwinseal\\fR(1), for the global options\n");
    }
    Ok(private::install(&folder.join(manual.get_filename()), page.as_bytes()).map_err(StoreError::from)?)
}
