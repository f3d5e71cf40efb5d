//! The `twinseal` program. All of its code is in the library.

use std::process::ExitCode;

use twinseal::cli::run;
use twinseal::env::Env;
use twinseal::error::Exit;

fn main() -> ExitCode {
    let exit = match Env::real() {
        Ok(mut env) => run(std::env::args_os(), &mut env),
        Err(_) => Exit::Environment,
    };
    ExitCode::from(exit as u8)
}
