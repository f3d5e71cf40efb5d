//! The `twinseal` program. All of its code is in the library.

use std::process::ExitCode;

use twinseal::cli::run;
use twinseal::env::Env;
use twinseal::private::forbid_core_dumps;

fn main() -> ExitCode {
    forbid_core_dumps();
    ExitCode::from(run(std::env::args_os(), &mut Env::real()) as u8)
}
