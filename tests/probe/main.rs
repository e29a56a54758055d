//! The server with more models: what recorded answers of other servers were asked of, identities
//! of every datatype, and some that are slow or fail.
//!
//! `radiant-probe` takes the arguments and the environment of `radiant` and serves everything that
//! it serves, and as `builtin:NAME` the models of the modules here. It is for tests only and is not
//! shipped.

#[path = "../load/answer.rs"]
mod answer;
mod array;
mod gate;
mod hold;
mod identity;
mod multi;
mod nonces;
mod stand_in;
mod sum2;

use std::process::ExitCode;

use radiant::Builtin;

/// As in the program that is shipped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static SOME: [Builtin; 6] = [
    radiant::ECHO,
    Builtin { name: "sum2", make: sum2::make },
    Builtin { name: "multi", make: multi::make },
    Builtin { name: "gate", make: gate::make },
    hold::HOLD,
    identity::ANY,
];

fn main() -> ExitCode {
    let builtins = [&SOME[..], &identity::ALL, &stand_in::ALL, &nonces::ALL].concat();
    radiant::main(builtins.leak())
}
