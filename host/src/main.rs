//! The `blockspin` binary.

use std::process::ExitCode;

use blockspin::cli::Cli;
use blockspin::commands;
use blockspin::error::Kind;
use blockspin::output;

fn main() -> ExitCode {
    let cli = Cli::read();
    output::clean_up_on_signals();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.kind() != Kind::ClosedPipe {
                eprintln!("error: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
