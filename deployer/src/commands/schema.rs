//! `radiant-deploy schema`: what editors check `radiant.yaml` by.

use crate::config::schema;
use crate::error::Failure;
use crate::output;

pub(super) fn run() -> Result<(), Failure> {
    output::write(&format!("{:#}\n", schema::published()))
}
