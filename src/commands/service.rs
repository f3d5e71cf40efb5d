//! Services: what changes touch, and what depends on what.

mod impact;
mod import;
mod list;

use clap::Subcommand;

use crate::commands::{Context, Zh};
use crate::error::Error;

/// Propose, list and show services and what they depend on
#[derive(Debug, Subcommand)]
#[command(zh("提议、列出和显示服务及其依赖"))]
pub enum Service {
    /// List the services in force
    #[command(zh("列出生效的服务"))]
    List(list::List),
    /// Show a service with its dependencies and open changes
    #[command(zh("显示一个服务、其依赖及未结束的变更单"))]
    Show(list::Show),
    /// Show what a service needs and what needs it
    ///
    /// The blast radius of a change: everything that depends on the service, directly or not, and everything that the
    /// service depends on, each with its open changes. A service that several others lead to is shown once.
    #[command(zh("显示服务的依赖和影响面"))]
    #[command(zh_long(
        "变更的影响面：直接或间接依赖该服务的全部服务，以及该服务所依赖的全部服务，各附未结束的变更单。经多条路径到达的服务只显示一次。"
    ))]
    Impact(impact::Impact),
    /// Propose the services of a file
    ///
    /// Reads service tables in TOML, a CSV file with a header, or Backstage's catalog-info.yaml, and proposes the
    /// difference to the services in force. Services that the file does not name stay, unless --prune is given.
    #[command(zh("按文件提议服务"))]
    #[command(zh_long(
        "读取 TOML 的 [[service]] 表、带表头的 CSV，或 Backstage 的 catalog-info.yaml，并就其与生效服务的差异提案。\
         文件未列出的服务保持不变，除非给出 --prune。"
    ))]
    Import(import::Import),
}

impl Service {
    /// # Errors
    /// The service is not known, the file has faults, or the register cannot be read or written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::List(it) => it.run(context),
            Self::Show(it) => it.run(context),
            Self::Impact(it) => it.run(context),
            Self::Import(it) => it.run(context),
        }
    }
}
