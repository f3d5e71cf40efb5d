//! `audit`: what an auditor asks of the log. Every list comes from verified entries, and none is a verdict.

mod access;
mod compromise;
mod exceptions;
mod population;
mod reconcile;
mod roles;
mod sample;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::commands::lookup::time;
use crate::commands::{Context, Zh};
use crate::domain::{Between, Time};
use crate::error::{Error, UsageError};
use crate::format::Entry;
use crate::input::Toward;
use crate::lang::{Lang, lang, within};
use crate::output::{Page, csv_row, json, safe_lines, table};
use crate::{tr, trf};

/// Draw up the lists that an audit works with
///
/// Each list comes from entries that this account has verified. None of them is a verdict, and none changes what is
/// valid: the exit code is 0, however long the list is.
#[derive(Debug, Subcommand)]
#[command(zh("列出审计所看的内容：总体、例外、角色、访问权限"))]
#[command(zh_long(
    "每份清单都来自本账号已核验的日志条目。清单不是结论，也不改变任何内容的效力：无论清单多长，退出码都是 0。"
))]
pub enum Audit {
    /// List every change that was started in a period
    ///
    /// The population is every change whose first start claims a time in the period. Emergencies are part of it; a
    /// break-glass is no change, so break-glasses are only named. Size and root of the log say of which log the list
    /// is complete.
    #[command(zh("列出某期间内开始实施的每个变更单"))]
    #[command(zh_long(
        "总体是首次开始所称时间在该期间内的每个变更单。紧急变更包括在内；紧急处置（break-glass）不是变更，只列出编号。\
         日志的大小与根哈希说明该清单对哪一份日志是完整的。"
    ))]
    Population(population::Population),
    /// Draw a sample of a population that anybody can repeat
    ///
    /// Each change has a rank: SHA-256 of the seed, in UTF-8, and the 32 bytes of the leaf hash of the entry of its
    /// first start. The smallest ranks are drawn. Emergencies and changes that went without a requirement are not
    /// sampled but listed whole. --csv and --html are worksheets with room for what the auditor finds.
    ///
    /// With --deployments, the sample is drawn from a list of what was really deployed, to trace it back to the log. In place of
    /// the leaf hash stands the SHA-256 of the 32 bytes of the SHA-256 of the list and the number of the row. Rows that do not
    /// match the log are listed whole.
    ///
    /// With --record, an auditor records seed, period and result. Whoever draws from the same period again is shown what was
    /// drawn before, and whether it is what its seed draws.
    #[command(zh("从总体中抽样，任何人都可重复"))]
    #[command(zh_long(
        "每个变更单有一个序：种子（UTF-8）与其首次开始条目叶哈希的 32 字节一起的 SHA-256，取最小者。紧急变更和要求被豁免的变更单不抽样，全部列出。\
         --csv 和 --html 是工作底稿，留有填写检查结果的空位。\n\n使用 --deployments 时，改从实际部署的清单中抽取，以便追溯到日志；\
         此时以清单 SHA-256 的 32 字节与行号一起的 SHA-256 代替叶哈希，与日志不符的行全部列出。\n\n使用 --record 时，审计员把种子、期间和结果记录下来。\
         再次从同一期间抽样的人会看到此前抽取的内容，以及它是否确由其种子得出。"
    ))]
    Sample(sample::Sample),
    /// List what in a period was not the ordinary way
    ///
    /// Emergencies, break-glasses and their ratifications, requirements that were overridden, refused attempts, wrong
    /// clocks, and changes of policy, people, keys and freezes. Where clocks disagree on which entry a period begins or ends with, it has
    /// the entries of both periods, so no clock hides an entry between two of them. Each belongs into an audit whole, not as a
    /// sample.
    #[command(zh("列出某期间内不循常规的事项"))]
    #[command(zh_long(
        "包括紧急变更、紧急处置（break-glass）及其追认、被豁免的要求、被拒绝的操作、不准的时钟，以及策略、人员、密钥和封网的变动。\
         若各人的时钟对期间始于或止于哪一条说法不一，相关条目同时列入前后两个期间，因此任何时钟都不能把条目藏在两个期间之间。这些事项应全部审计，不作抽样。"
    ))]
    Exceptions(exceptions::Exceptions),
    /// List who held which grants and keys at some time
    ///
    /// One row for each role, group, operator and key. The state is replayed from the log up to the newest entry of
    /// that time, so later entries change nothing in it. Grants that had ended or not begun are left out, and so are
    /// revoked keys.
    #[command(zh("列出某一时间谁持有哪些授权和密钥"))]
    #[command(zh_long(
        "每个角色、组、操作责任人和密钥各占一行。状态由日志重放到该时间的最新一条，之后的条目不影响它。已结束或尚未开始的授权以及已吊销的密钥不列出。"
    ))]
    Roles(roles::Roles),
    /// List who can act now, also against a list of the staff
    ///
    /// --against names a CSV file with the columns `person` and `left`, others are ignored. `person` is the id in the register.
    /// `left` is the day or time at which they left; empty means that they are still there. Accounts whose entry differs from
    /// the list are marked: not in the list, left and still active, left and only suspended. Machine accounts are not looked
    /// for in the list; a machine whose operators have all left is marked.
    #[command(zh("列出现在谁能操作，也可与员工名单核对"))]
    #[command(zh_long(
        "--against 给出一个 CSV 文件，含 `person` 和 `left` 两列，其余列忽略。`person` 是变更台账中的编号；`left` 是离职的日期或时间，空表示在职。\
         与名单不符的账号会标出：不在名单中、已离职却仍有效、已离职却只是停用。机器账号不在名单中查找；操作责任人均已离职的机器账号会标出。"
    ))]
    Access(access::Access),
    /// List what rests on the acts of a key, a person or a machine
    ///
    /// Folds the log again without the approvals, confirmations, ratifications and proposals of that key or account,
    /// and asks at each start every rule that is asked there: which of them would have refused it? What the account
    /// took away, such as a rejection, is not discounted, nor is what it filed or deployed; changes in which it took
    /// part otherwise are listed too. Nothing becomes invalid by this: it says what to look at after a key was stolen.
    ///
    /// --since names an entry, or a time. A time means the first entry that can be of it: from there on everything is
    /// discounted, whatever time it claims.
    #[command(zh("列出哪些内容依赖于某密钥、人员或机器账号的操作"))]
    #[command(zh_long(
        "去掉该密钥或账号的批准、确认、追认和提案，重新推演日志，并在每次开始时询问当时的全部规则：哪些开始会被拒绝？\
         该账号收紧的操作（如驳回）不去掉，其提交或部署的也不去掉；它以其他方式参与的变更单一并列出。任何内容都不会因此失效：\
         它说明密钥被盗之后应当查看什么。\n\n--since 给出一条日志或一个时间。时间指可能属于该时间的第一条：由此往后，无论声称什么时间都会去掉。"
    ))]
    Compromise(compromise::Compromise),
    /// Compare what was really deployed with the log
    ///
    /// Reads what another program says was deployed, in CSV or JSON. A map says which column is the time, the service,
    /// the host, the artifact's SHA-256 and the change; examples/reconcile has maps for GitLab, Argo CD, a bastion and
    /// a database. A row is matched if it lies in the window and the run of a change that was started, by the change
    /// that it names, by its artifact, or by service and time. Clocks may differ by five minutes. Rows that nothing
    /// covers are unauthorised changes. Changes said to be done without a row left no deployment. With --record, an auditor
    /// records the numbers with the SHA-256 of the list, the period and the map.
    #[command(zh("把实际部署与日志核对"))]
    #[command(zh_long(
        "读取其他程序列出的部署，CSV 或 JSON。映射文件说明时间、服务、主机、制品 SHA-256 和变更单各是哪一列；examples/reconcile \
         中有 GitLab、Argo CD、堡垒机和数据库的示例。按所指的变更单、制品，或服务与时间，一行落在已开始的变更单的窗口和实施期间内即为相符；\
         时钟可相差五分钟。无任何依据的行即未获授权的变更；称已完成却没有任何一行的变更单，没有留下部署记录。\
         使用 --record 时，审计员把各项数量连同清单的 SHA-256、期间和映射记录下来。"
    ))]
    Reconcile(reconcile::Reconcile),
}

impl Audit {
    /// # Errors
    /// An argument is invalid, or the register cannot be opened or read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Population(it) => it.run(context),
            Self::Sample(it) => it.run(context),
            Self::Exceptions(it) => it.run(context),
            Self::Roles(it) => it.run(context),
            Self::Access(it) => it.run(context),
            Self::Compromise(it) => it.run(context),
            Self::Reconcile(it) => it.run(context),
        }
    }
}

/// Ends a command that may have recorded an entry, so that nobody records it twice.
fn after(recorded: Option<&Entry>, ended: Result<(), Error>) -> Result<(), Error> {
    ended.map_err(|error| match recorded {
        Some(entry) => error.after(entry.header.seq),
        None => error,
    })
}

/// The entry that a command recorded, in JSON.
fn recorded_json(recorded: Option<&Entry>) -> Value {
    recorded.map_or(Value::Null, |it| json::entry(&it.header, &it.event, None, it.leaf))
}

fn remark_recorded(context: &mut Context<'_>, recorded: Option<&Entry>) {
    if let Some(seq) = recorded.map(|it| it.header.seq) {
        context.env.remark(trf!("recorded in entry {seq}", "已记录于第 {seq} 条"));
    }
}

/// A period on the command line.
#[derive(Debug, Args)]
struct Span {
    /// Beginning of the period, such as 2026-10-01T00:00:00Z; a day alone with --zone
    #[arg(long, value_name = "TIME", zh("期间的开始，如 2026-10-01T00:00:00Z；只写日期须有 --zone"))]
    from: String,
    /// End of the period, which is no longer in it
    #[arg(long, value_name = "TIME", zh("期间的结束，此刻不含在内"))]
    to: String,
}

/// A period.
///
/// # Errors
/// It is empty.
fn period(from: Time, to: Time) -> Result<Between, Error> {
    Between::new(from, to).map_err(|invalid| {
        let hint = tr!("give a --to that is later than --from", "请给出晚于 --from 的 --to").to_owned();
        UsageError { message: invalid.to_string(), hint }.into()
    })
}

impl Span {
    /// # Errors
    /// [`Error::Time`], or the period is empty.
    fn read(&self, context: &Context<'_>) -> Result<Between, Error> {
        let between = |given: &str| time(context, given, Toward::Past);
        period(between(&self.from)?, between(&self.to)?)
    }
}

/// How a list is printed, as an option.
#[derive(Debug, Args)]
struct AsCsv {
    /// List in CSV
    #[arg(long, zh("以 CSV 输出清单"))]
    csv: bool,
}

impl AsCsv {
    /// The language of the rows: English for programs, as it is with --json.
    fn lang(&self) -> Lang {
        if self.csv { Lang::En } else { lang() }
    }

    /// Fails with --json beside --csv. Called before the register is opened.
    fn check(&self, context: &Context<'_>) -> Result<(), Error> {
        if self.csv && context.ui.json {
            let message = tr!("--csv and --json exclude each other", "--csv 和 --json 只能用一个").to_owned();
            let hint = tr!("leave out one of them", "请去掉其中一个").to_owned();
            return Err(UsageError { message, hint }.into());
        }
        Ok(())
    }

    /// Prints the rows below these columns, if CSV was asked for; `false` if not. Programs read them, so they are in
    /// English, and as they are unless a terminal would obey what is in them.
    fn print<const N: usize>(
        &self,
        context: &mut Context<'_>,
        columns: [&str; N],
        rows: impl FnOnce() -> Vec<[String; N]>,
    ) -> Result<bool, Error> {
        if self.csv {
            write!(context.env.out, "{}", csv_row(&columns.map(str::to_owned)))?;
            let is_terminal = context.env.width.is_some();
            for row in within(Lang::En, rows) {
                let row = csv_row(&row);
                let shown = if is_terminal { safe_lines(row.trim_end()) + "\r\n" } else { row };
                write!(context.env.out, "{shown}")?;
            }
        }
        Ok(self.csv)
    }
}

/// Prints a page, and below it the rows of a table, if there are any.
fn print_with_table<const N: usize>(
    context: &mut Context<'_>,
    page: &Page,
    header: [&str; N],
    rows: Vec<[String; N]>,
) -> Result<(), Error> {
    let page = page.finish();
    let text = match rows.is_empty() {
        true => page.to_owned(),
        false => format!("{page}\n\n{}", table(header, rows, context.env.width)),
    };
    Ok(context.env.print_long(&text)?)
}
