//! One instance of the socket tier that can be told to fail.

use std::process::ExitCode;

#[path = "../main.rs"]
mod instance;

fn main() -> ExitCode {
    instance::main()
}
