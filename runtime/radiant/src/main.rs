//! The inference server's program: the library with its own builtin and an allocator.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    radiant::main(&[radiant::ECHO])
}
