//! The doorward binary: hands the arguments to [`doorward::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    doorward::cli::main(&arguments)
}
