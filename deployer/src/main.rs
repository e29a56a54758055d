//! The program that builds and pushes images: the library, with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    radiant_deploy::main()
}
