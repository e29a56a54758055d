//! The server with three more components: what the recorded answers of Seldon Core were asked of,
//! and one that loads slowly.
//!
//! `radiant-probe` takes the arguments and the environment of `radiant` and serves everything that
//! it serves, and `builtin:sum2`, `builtin:multi` and `builtin:gate` beside. It is for tests only
//! and is not shipped.

mod array;
mod gate;
mod multi;
mod sum2;

use std::process::ExitCode;

use radiant::Builtin;

static BUILTINS: [Builtin; 4] = [
    radiant::ECHO,
    Builtin { name: "sum2", make: sum2::make },
    Builtin { name: "multi", make: multi::make },
    Builtin { name: "gate", make: gate::make },
];

fn main() -> ExitCode {
    radiant::main(&BUILTINS)
}
