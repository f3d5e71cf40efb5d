//! What a command works with: the environment, the known registers, the signing key and the screen. Opens registers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ColorChoice};

use super::ask::{Yes, yes_or_no};
use super::chinese::Zh;
use super::lookup::{known_person, parse, zone, zone_named};
use super::registers::{Found, Registers};
use super::ui::{Ui, progress};
use crate::config::{Config, Trusted};
use crate::domain::{Author, Digest, PersonId, RegisterId};
use crate::env::Env;
use crate::error::{AccountError, Error, RegisterError};
use crate::key_choice::KeyChoice;
use crate::lang::Lang;
use crate::output::{Clock, Page, safe};
use crate::record::Recorder;
use crate::settings::{Given, Settings};
use crate::store::{Anchor, Session, SharedStore, StoreError, Writer, discard};
use crate::trust::{Purpose, Request};
use crate::zone::Zone;
use crate::{tr, trf};

/// The global options. Their ids have the prefix `global-`: clap would confuse them with a command's own arguments of
/// the same name.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Options {
    /// Register name, path of its file, or address of its server [env: TWINSEAL_REGISTER]
    #[arg(id = "global-register", long = "register", global = true, value_name = "NAME|FILE")]
    #[arg(zh("变更台账的名称、其文件的路径，或其服务器的地址 [环境变量：TWINSEAL_REGISTER]"))]
    pub register: Option<String>,
    /// Act or read as this person; nothing is signed with the key of another one [env: TWINSEAL_AS]
    #[arg(id = "global-as", long = "as", global = true, value_name = "PERSON")]
    #[arg(zh("以此人员的身份操作或读取；绝不用他人的密钥签名 [环境变量：TWINSEAL_AS]"))]
    pub person: Option<String>,
    /// OpenSSH Ed25519 key that signs: a private key file, or a public key file if ssh-agent holds the private key; by
    /// default ~/.ssh/id_ed25519, otherwise the only enrolled key of the agent [env: TWINSEAL_KEY]
    #[arg(id = "global-key", long = "key", global = true, value_name = "FILE")]
    #[arg(zh(
        "签名用的 OpenSSH Ed25519 密钥：私钥文件，或私钥在 ssh-agent 中的公钥文件；默认 ~/.ssh/id_ed25519，否则为代理中唯一已登记的密钥 [环境变量：TWINSEAL_KEY]"
    ))]
    pub key: Option<PathBuf>,
    /// File with the passphrase of the key, readable only by you
    #[arg(id = "global-passphrase-file", long = "passphrase-file", global = true, value_name = "FILE")]
    #[arg(zh("存放密钥口令的文件，只能由本人读取"))]
    pub passphrase_file: Option<PathBuf>,
    /// Fingerprint of the register, as an admin told you by phone or in person
    #[arg(id = "global-fingerprint", long = "fingerprint", global = true, value_name = "DIGEST")]
    #[arg(zh("变更台账的指纹，由管理员打电话或当面告知"))]
    pub fingerprint: Option<String>,
    /// Time zone in which times are read and shown, such as Asia/Shanghai; otherwise that of config.toml or of TZ
    #[arg(id = "global-zone", long = "zone", global = true, value_name = "ZONE")]
    #[arg(zh("输入和显示时间所用的时区，如 Asia/Shanghai；默认取自 config.toml 或 TZ"))]
    pub zone: Option<String>,
    /// Times in UTC, as with --zone UTC
    #[arg(id = "global-utc", long = "utc", global = true, conflicts_with = "global-zone")]
    #[arg(zh("时间用 UTC，同 --zone UTC"))]
    pub utc: bool,
    /// Language of messages and help: en or zh-CN; otherwise that of the locale [env: TWINSEAL_LANG, LANG]
    #[arg(id = "global-lang", long = "lang", global = true, value_name = "LANG")]
    #[arg(zh("消息和帮助的语言：en 或 zh-CN；默认取自系统区域设置 [环境变量：TWINSEAL_LANG、LANG]"))]
    pub lang: Option<Lang>,
    /// When to use colours: auto, always or never [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(id = "global-color", long = "color", global = true, value_name = "WHEN", hide_possible_values = true)]
    #[arg(zh("何时使用颜色：auto、always 或 never [环境变量：NO_COLOR、CLICOLOR_FORCE]"))]
    pub color: Option<ColorChoice>,
    /// Print no remarks, only data, questions, warnings and errors
    #[arg(id = "global-quiet", short = 'q', long = "quiet", global = true)]
    #[arg(zh("不输出说明，只输出数据、提问、警告和错误"))]
    pub quiet: bool,
    /// Ask nothing, as if there were no terminal
    #[arg(id = "global-no-input", long = "no-input", global = true)]
    #[arg(zh("不提问，如同没有终端"))]
    pub no_input: bool,
    /// Say what would be recorded, and record nothing; only for commands that record
    #[arg(id = "global-dry-run", long = "dry-run", global = true, help_heading = "Global options")]
    #[arg(zh("说明将记录什么，但不记录；仅用于记录日志的命令"))]
    pub dry_run: bool,
    /// Read from a standby of the server, which may lack the newest entries; only for commands that only read
    #[arg(id = "global-replica", long = "replica", global = true)]
    #[arg(zh("从服务器的备库读取，其中可能缺少最新的日志条目；仅用于只读命令"))]
    pub replica: bool,
    /// Output and errors in JSON: one document, or one per line from `log` and `export jsonl`
    #[arg(id = "global-json", long = "json", global = true)]
    #[arg(zh("以 JSON 输出结果和错误：一个文档；`log` 和 `export jsonl` 每行一个"))]
    pub json: bool,
}

impl Options {
    fn settings(&self) -> Given {
        Given {
            register: self.register.clone(),
            person: self.person.clone(),
            key: self.key.clone(),
            zone: self.zone.clone(),
            utc: self.utc,
        }
    }

    /// Applies the options about the terminal.
    pub fn apply(&self, env: &mut Env) {
        env.quiet |= self.quiet;
        if self.no_input {
            env.ask_nobody();
        }
        env.use_colour(match self.color.unwrap_or_default() {
            ColorChoice::Auto => None,
            ColorChoice::Always => Some(true),
            ColorChoice::Never => Some(false),
        });
    }
}

/// What a command works with.
pub struct Context<'e> {
    /// Clock, randomness, variables, files and terminal.
    pub env: &'e mut Env,
    /// The global options.
    pub options: Options,
    /// The settings, each with where it comes from.
    pub settings: Settings,
    /// The choice of the signing key.
    pub key_choice: KeyChoice,
    /// The registers that this account knows, and the one that was named.
    pub registers: Registers,
    /// Output as text or JSON.
    pub ui: Ui,
    /// Whom the author addresses of git commits belong to, by address in lower case.
    pub authors: BTreeMap<String, Author>,
}

impl<'e> Context<'e> {
    /// Applies options, variables and configuration.
    ///
    /// # Errors
    /// An option is empty, a variable is not UTF-8, or the list of known registers cannot be read.
    pub fn new(env: &'e mut Env, options: Options, config: Config) -> Result<Self, Error> {
        let settings = Settings::new(env, options.settings(), &config)?;
        if let Some(given) = &options.zone {
            // Also where no time is given: a misspelt zone is a mistake everywhere.
            zone_named(given)?;
        }
        let key_choice = KeyChoice::new(env, &settings, options.passphrase_file.as_deref());
        let named = settings.register.as_ref().map(|it| it.value.clone());
        let registers = Registers::load(env, named, options.fingerprint.clone(), options.replica)?;
        let ui = Ui::new(options.json);
        Ok(Self { env, options, settings, key_choice, registers, ui, authors: config.authors })
    }

    /// Whom `--as` names, or whose key would sign.
    ///
    /// # Errors
    /// No key can be chosen, or it is not enrolled.
    pub fn me(&self, session: &Session) -> Result<PersonId, Error> {
        match self.key_choice.person_meant() {
            Some(meant) => parse(meant),
            None => self.key_choice.actor(session, self.key_choice.key_for(session)?.public()),
        }
    }

    /// This account in the queue of writers.
    pub fn writer(&self) -> Writer {
        Writer { account: self.env.account().to_owned(), patience: self.env.patience }
    }

    /// Records entries signed with the chosen key.
    pub fn recorder(&mut self) -> Recorder<'_> {
        let dry_run = self.options.dry_run;
        Recorder { env: self.env, key_choice: &self.key_choice, notices: &mut self.ui.recorded, dry_run }
    }

    /// The zone in which times are shown to people: the one that the user set, otherwise `None`, which means UTC. JSON and
    /// CSV are always in UTC.
    pub fn zone_of_output(&self) -> Option<Zone> {
        // A zone that does not exist is reported where a time is typed; nobody needs it to read.
        zone(self).ok().flatten()
    }

    /// How times are shown to people now.
    pub fn clock(&self) -> Clock {
        Clock { zone: self.zone_of_output(), ..Clock::utc(self.env.now()) }
    }

    /// An empty page for standard output.
    pub fn page(&self) -> Page {
        Page::new(self.env.colour, self.env.width).read_by(self.clock())
    }

    /// An empty page for standard error. It is as wide as the terminal on which the question below it is asked. Times are in
    /// UTC too, as they are signed.
    pub fn page_above_question(&self) -> Page {
        Page::new(self.env.err_colour, self.env.err_width).read_by(Clock { beside: true, ..self.clock() })
    }

    /// Opens the named register. On first contact the fingerprint must be given, or confirmed on the terminal.
    ///
    /// # Errors
    /// [`RegisterError::WrongFingerprint`], [`RegisterError::NeedFingerprint`], or the register is broken or cannot be read.
    pub fn open(&mut self) -> Result<Session, Error> {
        self.open_by(&self.registers.request(self.env)?, Purpose::Use)
    }

    /// Like [`Context::open`], but also opens a restored register that lost entries which this account verified.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_ignoring_pin(&mut self) -> Result<Session, Error> {
        self.open_by(&self.registers.request(self.env)?, Purpose::Restore)
    }

    /// Like [`Context::open`], for any register.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_by(&mut self, request: &Request, purpose: Purpose) -> Result<Session, Error> {
        let Found { mut shared, identity, id } = self.registers.find(request)?;
        identity.admit(|old| self.registers.verified(old))?;
        let fingerprint = identity.fingerprint;
        if !identity.met {
            if self.options.dry_run {
                return Err(AccountError::DryFirstContact(id).into());
            }
            ask_trust(self.env, &id, fingerprint, request)?;
            let in_place_of = identity.in_place_of();
            self.registers.trust(
                self.env,
                &Trusted { name: id.name(), path: request.place(&*shared), fingerprint, in_place_of },
            )?;
        }
        if identity.is_itself() {
            shared = shared.at_its_place(self.registers.scratch())?;
        }
        let place = request.place(&*shared).to_owned();
        let folder = self.registers.state_folder(fingerprint);
        let bar = progress(self.env, shared.newest()?.unwrap_or(0), tr!("verifying", "正在核验"));
        let anchor = Anchor { folder: &folder, fingerprint, excuse: identity.excuse(purpose) };
        let session = Session::open(shared, anchor, self.env.now(), &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        if identity.has_moved() && !self.options.dry_run {
            self.registers.move_to(self.env, fingerprint, &place)?;
            let place = place.display().to_string();
            let place = safe(&place);
            self.env.remark(trf!("this account now has {id} at {place}", "本账号现在将 {id} 记在 {place}"));
        }
        self.say_without_standby(session.shared())?;
        self.ui.report_notices(self.env, &session, &identity);
        self.ui.report_admins(self.env, &session)?;
        self.check_person(&session)?;
        Ok(session)
    }

    /// Says that no standby is read, if one was asked for.
    ///
    /// # Errors
    /// What the database reports.
    pub fn say_without_standby(&mut self, store: &dyn SharedStore) -> Result<(), Error> {
        if !self.options.replica || store.following()?.is_some() {
            return Ok(());
        }
        let said = match store.server().map(|it| it.without_standby()) {
            None => tr!("--replica: a file has no standby", "--replica：文件没有备库").to_owned(),
            Some(None) => {
                tr!("the address has no standby: this is read from the primary", "地址中没有备库，因此从主库读取")
                    .to_owned()
            }
            Some(Some(why)) => {
                let why = why.to_string();
                let why = safe(&why);
                trf!(
                    "no standby answered, so this is read from the primary ({why})",
                    "没有备库可读（{why}），因此从主库读取"
                )
            }
        };
        self.env.remark(said);
        Ok(())
    }

    /// Fails if `--as` names nobody who is enrolled. In a broken log they may be enrolled after the first fault.
    fn check_person(&self, session: &Session) -> Result<(), Error> {
        let Some(meant) = self.key_choice.person_meant().filter(|_| session.fault().is_none()) else { return Ok(()) };
        known_person(session, &parse(meant)?).map(|_| ())
    }

    /// Deletes a damaged cache after an error; the next command rebuilds it.
    pub fn discard_damaged(&self, error: &Error) {
        let damaged = match error {
            Error::Store(StoreError::RecordedButNotPinned { source, .. }) => source.downcast_ref(),
            Error::Store(error) => Some(error),
            _ => None,
        };
        if let Some(StoreError::CacheDamaged { path, .. }) = damaged
            && path.is_file()
        {
            // A failure is harmless: the next command finds the damage again.
            let _ = discard(path);
        }
    }
}

fn ask_trust(env: &mut Env, id: &RegisterId, fingerprint: Digest, request: &Request) -> Result<(), Error> {
    if request.fingerprint.is_some() {
        return Ok(());
    }
    if !env.console.is_interactive() {
        return Err(Error::Register(RegisterError::NeedFingerprint {
            name: id.name().to_string(),
            found: fingerprint,
        }));
    }
    env.status(trf!("First contact with the register {id}.", "首次使用变更台账 {id}。"));
    env.status(tr!("Its fingerprint:", "其指纹："));
    env.status(format_args!("  {fingerprint}"));
    env.status(tr!("Compare it out of band: by phone, or in person.", "请另行核对：打电话或当面。"));
    let question = tr!("Is it the same? Type yes to trust it", "是否一致？输入 yes 表示信任");
    if yes_or_no(env, question, Yes::InFull)? { Ok(()) } else { Err(Error::NotTrusted) }
}
