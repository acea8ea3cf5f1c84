//! The `blockspin` binary.

use std::process::ExitCode;

use blockspin::cli::Cli;
use blockspin::commands;
use blockspin::error::Kind;

fn main() -> ExitCode {
    match commands::run(Cli::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.kind() != Kind::ClosedPipe {
                eprintln!("error: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
