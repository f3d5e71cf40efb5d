//! `config`: the settings of this account, and where each comes from.

use std::fs;
use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use toml_edit::{DocumentMut, value};

use crate::commands::lookup::{parse, zone_named};
use crate::commands::registers::place;
use crate::commands::{Context, Zh};
use crate::config::{Config as File, ConfigError};
use crate::domain::PersonId;
use crate::error::{Error, FileAct};
use crate::output::{safe, table};
use crate::settings::{Origin, Setting};
use crate::store::may_exist;
use crate::{tr, trf};

/// Show and change the settings of this account
///
/// Without a subcommand, shows each setting. An option has precedence over its environment variable, and the variable
/// over config.toml. No setting weakens a rule.
#[derive(Debug, Args)]
#[command(zh("查看和修改本账号的设置"))]
#[command(zh_long(
    "不带子命令时列出每项设置。选项优先于环境变量，环境变量优先于 config.toml。任何设置都不会放宽规则。"
))]
#[command(after_help = "Examples:
  twinseal config
  twinseal config set register prod")]
pub struct Config {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show each setting and where it comes from
    #[command(zh("显示每项设置及其来源"))]
    Show,
    /// Print the path of config.toml
    #[command(zh("显示 config.toml 的路径"))]
    Path,
    /// Change a setting in config.toml
    #[command(zh("修改 config.toml 中的一项设置"))]
    Set(Set),
    /// Remove a setting from config.toml
    #[command(zh("从 config.toml 中移除一项设置"))]
    Unset(Unset),
    /// Open config.toml in your editor
    ///
    /// The editor is $VISUAL or $EDITOR. The file is replaced only by a valid one; otherwise your text is kept beside it,
    /// and the next `config edit` opens it again.
    #[command(zh("用编辑器打开 config.toml"))]
    #[command(zh_long(
        "编辑器取自 $VISUAL 或 $EDITOR。只有内容有效时才替换原文件；否则所写内容保留在它旁边，\
         下次 `config edit` 会再次打开。"
    ))]
    Edit,
}

/// Arguments of `config set`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal config set register prod
  twinseal config set key ~/.ssh/id_ed25519_work")]
pub struct Set {
    /// Setting to change
    #[arg(zh("要修改的设置项"))]
    name: Name,
    /// Its value
    #[arg(zh("设置的值"))]
    value: String,
}

/// Arguments of `config unset`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal config unset as")]
pub struct Unset {
    /// Setting to remove
    #[arg(zh("要移除的设置项"))]
    name: Name,
}

/// A setting that one value sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Register to use, by name or path
    #[value(zh("使用的变更台账：名称或路径"))]
    Register,
    /// Key file that signs
    #[value(zh("用于签名的密钥文件"))]
    Key,
    /// Person to act as
    #[value(zh("以谁的身份操作"))]
    As,
    /// Time zone of times without an offset, such as Asia/Shanghai
    #[value(zh("不带时差的时间所用的时区，如 Asia/Shanghai"))]
    Zone,
}

impl Name {
    /// Its name in `config.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Key => "key",
            Self::As => "as",
            Self::Zone => "zone",
        }
    }
}

impl Config {
    /// Whether the command works although `config.toml` is invalid.
    pub fn repairs(&self) -> bool {
        matches!(self.verb, Some(Verb::Path | Verb::Edit))
    }

    /// # Errors
    /// The file cannot be read or written, or its new content is invalid.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.verb {
            None | Some(Verb::Show) => show(context),
            Some(Verb::Path) => path(context),
            Some(Verb::Set(it)) => it.run(context),
            Some(Verb::Unset(it)) => {
                change(context, |document| _ = document.remove(it.name.as_str()))?;
                let name = it.name.as_str();
                changed(context, trf!("removed {name} from config.toml", "已从 config.toml 移除 {name}"))
            }
            Some(Verb::Edit) => edit(context),
        }
    }
}

impl Set {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.name == Name::As {
            parse::<PersonId>(&self.value)?;
        }
        if self.value.is_empty() {
            return Err(Error::EmptyOption(tr!("the value", "值")));
        }
        if self.name == Name::Zone {
            zone_named(&self.value)?;
        }
        if self.name == Name::Register {
            place(context.env, Path::new(&self.value))?;
        }
        store(context, &[(self.name, self.value.clone())])?;
        if self.name == Name::Register {
            note_missing(context, &self.value);
        }
        let shadow = match self.name {
            Name::Register => context.settings.register.as_ref().map(|it| it.from),
            Name::Key => context.settings.key.as_ref().map(|it| it.from),
            Name::As => context.settings.person.as_ref().map(|it| it.from),
            Name::Zone => {
                context.settings.zone.as_ref().map(|it| it.from).filter(|from| *from != Origin::Variable("TZ"))
            }
        };
        if let Some(from) = shadow.filter(|from| *from != Origin::File) {
            context.env.remark(trf!("note: {from} is set and has precedence", "注意：已设置 {from}，以它为准"));
        }
        let name = self.name.as_str();
        changed(context, trf!("set {name} in config.toml", "已在 config.toml 中设置 {name}"))
    }
}

/// Sets settings in `config.toml`, all or none.
///
/// # Errors
/// The file cannot be read or written, or its new content is invalid.
pub fn store(context: &Context<'_>, settings: &[(Name, String)]) -> Result<(), Error> {
    change(context, |document| {
        settings.iter().for_each(|(name, it)| document[name.as_str()] = value(it));
    })
}

/// Warns of a register that no command would find: the next one would fail, far from this one.
fn note_missing(context: &mut Context<'_>, given: &str) {
    let missing = match context.registers.path(context.env, given) {
        Ok(path) if may_exist(&path) => return,
        Ok(path) => trf!("there is no file {}", "没有文件 {}", safe(&path.display().to_string())),
        Err(error) => safe(&error.to_string()).into_owned(),
    };
    context.env.status(trf!(
        "warning: {missing}; `twinseal config set register` sets another one",
        "警告：{missing}；可用 `twinseal config set register` 另设"
    ));
}

/// Reports a change of `config.toml`.
fn changed(context: &mut Context<'_>, status: impl std::fmt::Display) -> Result<(), Error> {
    context.env.remark(status);
    if context.ui.json { path(context) } else { Ok(()) }
}

/// Changes `config.toml` and keeps its comments.
fn change(context: &Context<'_>, change: impl FnOnce(&mut DocumentMut)) -> Result<(), Error> {
    let old = File::text(context.env)?;
    let invalid = |error: toml_edit::TomlError| ConfigError::Content {
        path: File::path(context.env),
        message: error.message().to_owned(),
        fault: None,
    };
    let mut document: DocumentMut = old.as_deref().unwrap_or_default().parse().map_err(invalid)?;
    change(&mut document);
    Ok(File::replace(context.env, old.as_deref(), &document.to_string())?)
}

/// A setting as a row of `config show`; where nothing sets it, its default.
fn row<T>(setting: Option<&Setting<T>>, shown: impl Fn(&T) -> String, default: &str) -> (Option<String>, String) {
    match setting {
        Some(Setting { value, from }) => (Some(shown(value)), from.to_string()),
        None if default.is_empty() => (None, tr!("not set", "未设置").to_owned()),
        None => (Some(default.to_owned()), tr!("default", "默认").to_owned()),
    }
}

fn show(context: &mut Context<'_>) -> Result<(), Error> {
    let only = context.registers.named().filter(|_| context.settings.register.is_none()).unwrap_or_default();
    let settings = &context.settings;
    let mut rows = vec![
        ("register", row(settings.register.as_ref(), String::clone, &only)),
        ("key", row(settings.key.as_ref(), |it| it.display().to_string(), "~/.ssh/id_ed25519")),
        ("as", row(settings.person.as_ref(), String::clone, "")),
        ("zone", row(settings.zone.as_ref(), String::clone, "")),
    ];
    for (address, author) in &context.authors {
        rows.push(("authors", (Some(format!("{address} = {author}")), "config.toml".to_owned())));
    }
    let file = File::path(context.env);
    let json = |(name, (value, from)): &(&str, (Option<String>, String))| json!({ "name": name, "value": value, "from": from });
    let settings = || rows.iter().map(json).collect::<Value>();
    let cells = || {
        let row = |(name, (value, from)): &(&str, (Option<String>, String))| {
            [(*name).to_owned(), value.clone().unwrap_or_default(), from.clone()]
        };
        rows.iter().map(row).collect()
    };
    let width = context.env.width;
    let json = || json!({ "file": file.display().to_string(), "settings": settings() });
    context.ui.answer(context.env, json, || {
        table([tr!("SETTING", "设置项"), tr!("VALUE", "值"), tr!("FROM", "来源")], cells(), width)
    })
}

fn path(context: &mut Context<'_>) -> Result<(), Error> {
    let path = File::path(context.env);
    let json = || json!({ "file": path.display().to_string(), "exists": path.exists() });
    context.ui.answer_exactly(context.env, json, || safe(&path.display().to_string()).into_owned())
}

fn edit(context: &mut Context<'_>) -> Result<(), Error> {
    let (old, path) = (File::text(context.env)?, File::path(context.env));
    let draft = path.with_extension("edit");
    let failed = |doing| move |source| Error::File { doing, path: draft.clone(), source };
    let draft = path.with_extension("edit");
    if let Some(folder) = path.parent() {
        crate::private::make_folder(folder).map_err(ConfigError::from)?;
    }
    if !draft.exists() {
        crate::private::replace(&draft, old.as_deref().unwrap_or(empty())).map_err(ConfigError::from)?;
    }
    context.env.edit(&draft).map_err(failed.clone()(FileAct::Edit))?;
    let new = fs::read_to_string(&draft).map_err(failed.clone()(FileAct::Read))?;
    File::read(draft.clone(), &new)?;
    File::replace(context.env, old.as_deref(), &new)?;
    fs::remove_file(&draft).map_err(failed(FileAct::Remove))?;
    changed(context, tr!("config.toml is valid", "config.toml 有效"))
}

/// The text that `config edit` begins with.
fn empty() -> &'static str {
    tr!(
        "# Settings of twinseal. An option or an environment variable has precedence.
# register = \"prod\"
# key = \"~/.ssh/id_ed25519\"
# as = \"alice\"
# zone = \"Asia/Shanghai\"

# Whom the author addresses of git commits belong to.
# [authors]
# \"alice@example.com\" = \"alice\"
",
        "# twinseal 的设置。选项和环境变量优先于此文件。
# register = \"prod\"
# key = \"~/.ssh/id_ed25519\"
# as = \"alice\"
# zone = \"Asia/Shanghai\"

# git 提交的作者地址各属于谁。
# [authors]
# \"alice@example.com\" = \"alice\"
"
    )
}
