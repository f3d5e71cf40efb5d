//! `setup-shell`: installs completion and manual pages for this account.

use std::path::{Path, PathBuf};

use clap::{Args, Command, ValueEnum};
use clap_mangen::Man;
use serde_json::json;

use super::Shell;
use crate::commands::Context;
use crate::error::{AccountError, Error};
use crate::output::safe;
use crate::private;
use crate::store::StoreError;

/// Install completion and manual pages
///
/// Writes a completion script for your shell and the manual pages below your home directory. Completion knows commands,
/// options, statuses and topics of help, your drafts, and what this account last verified in its register: changes,
/// targets, people, services, freezes and proposals.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal setup-shell
  twinseal setup-shell zsh
  twinseal setup-shell bash --print")]
pub struct SetupShell {
    /// Shell; that of the variable SHELL unless given
    shell: Option<Shell>,
    /// Print the completion script instead
    #[arg(long)]
    print: bool,
}

const BASH: &str = r#"_twinseal() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(twinseal complete bash "$COMP_CWORD" -- "${COMP_WORDS[@]}" 2>/dev/null)
}
complete -o default -F _twinseal twinseal
"#;

const ZSH: &str = r#"#compdef twinseal
_twinseal() {
    local -a words_of_twinseal
    local word
    while IFS= read -r word; do
        words_of_twinseal+=("$word")
    done < <(twinseal complete zsh $((CURRENT - 1)) -- "${words[@]}" 2>/dev/null)
    if (( ${#words_of_twinseal} )); then
        _describe twinseal words_of_twinseal
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_twinseal" ]; then
    _twinseal "$@"
else
    compdef _twinseal twinseal
fi
"#;

const FISH: &str = "complete -c twinseal -f -a \
    '(twinseal complete fish (count (commandline -opc)) -- (commandline -opc) (commandline -ct) 2>/dev/null)'
";

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => BASH,
            Self::Zsh => ZSH,
            Self::Fish => FISH,
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

    /// What is left to do by hand.
    fn note(self, place: &Path) -> String {
        let folder = place.parent().unwrap_or(place).display();
        match self {
            Self::Bash => "open a new shell; it needs the package bash-completion".to_owned(),
            Self::Zsh => format!("put this before compinit in ~/.zshrc: fpath=({folder} $fpath)"),
            Self::Fish => "open a new shell".to_owned(),
        }
    }
}

impl SetupShell {
    /// # Errors
    /// The shell is unknown, or a file cannot be written.
    pub fn run(self, context: &mut Context<'_>, program: Command) -> Result<(), Error> {
        let shell = self.shell.or_else(|| usual(context)).ok_or(AccountError::WhichShell)?;
        if self.print {
            return Ok(write!(context.env.out, "{}", shell.script())?);
        }
        let data = context.env.xdg_base("XDG_DATA_HOME", ".local/share");
        let config = context.env.xdg_base("XDG_CONFIG_HOME", ".config");
        let (place, manuals) = (shell.place(&data, &config), data.join("man/man1"));
        private::install(&place, shell.script().as_bytes()).map_err(StoreError::from)?;
        let mut program = program.disable_help_subcommand(true);
        program.build();
        install_manuals(program, &manuals)?;
        context.env.remark(format_args!("completion: {}", safe(&place.display().to_string())));
        context.env.remark(format_args!("manual pages: {}", safe(&manuals.display().to_string())));
        context.env.remark(format_args!("next: {}", safe(&shell.note(&place))));
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

/// Installs the manual page of a command, and those of the commands below it.
fn install_manuals(command: Command, folder: &Path) -> Result<(), Error> {
    for command in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        install_manuals(command.clone(), folder)?;
    }
    let (manual, mut page) = (Man::new(command), Vec::new());
    manual.render(&mut page)?;
    Ok(private::install(&folder.join(manual.get_filename()), &page).map_err(StoreError::from)?)
}
