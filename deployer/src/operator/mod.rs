//! What the operator of Seldon Core v1 does with what it is given, as far as a deployer must know.
//!
//! Facts are those of its sources at 1.17.1: `seldon-config`, and the environment that containers get.

pub mod environment;
pub mod registration;
