//! The `twinseal` program. All of its code is in the library.

use std::process::ExitCode;

use twinseal::cli::run;
use twinseal::env::Env;
use twinseal::private::{forbid_core_dumps, keep_own_rights};

fn main() -> ExitCode {
    forbid_core_dumps();
    keep_own_rights();
    ExitCode::from(run(std::env::args_os(), &mut Env::real()) as u8)
}
