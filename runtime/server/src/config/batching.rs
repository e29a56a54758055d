//! Options of batches: whether requests share runs of a model.

use std::time::Duration;

use radiant_contract::env::{
    RADIANT_BATCH_ROWS_MAX, RADIANT_BATCH_WAIT_MAX_MS, RADIANT_DETERMINISTIC,
};

use super::Flags;
use super::resolve::Resolver;
use super::value::{BOOL, Kind, MILLISECONDS};
use crate::BatchOptions;

/// The most rows of a run; none is the engine's to say.
const ROWS: Kind<Option<usize>> = Kind {
    accepts: "a number of rows from 1 to 65536, `auto` or `off`",
    parse: |text| match text.trim() {
        "auto" => Some(None),
        "off" => Some(Some(1)),
        rows => rows.parse().ok().filter(|rows| (1..=65_536).contains(rows)).map(Some),
    },
    print: |rows| match rows {
        None => "auto".to_owned(),
        Some(1) => "off".to_owned(),
        Some(rows) => rows.to_string(),
    },
};

/// What holds of batches.
pub(super) fn batching(resolver: &mut Resolver<'_>, flags: &Flags) -> BatchOptions {
    let default = BatchOptions::default();
    let options = BatchOptions {
        rows_max: resolver
            .option("batch_rows_max")
            .flag(flags.batch_rows_max.as_ref())
            .env(&[&RADIANT_BATCH_ROWS_MAX])
            .or(&ROWS, default.rows_max),
        wait_max: resolver
            .option("batch_wait_max_ms")
            .flag(flags.batch_wait_max_ms.as_ref())
            .env(&[&RADIANT_BATCH_WAIT_MAX_MS])
            .or(&MILLISECONDS, default.wait_max),
        deterministic: resolver
            .option("deterministic")
            .flag(flags.deterministic.as_ref())
            .env(&[&RADIANT_DETERMINISTIC])
            .or(&BOOL, default.deterministic),
    };
    if options.rows_max == Some(1) && options.wait_max > Duration::ZERO {
        let source = resolver.source_of("batch_wait_max_ms");
        let message = "expected 0 where `batch_rows_max` is `off`: nobody comes that is waited for";
        resolver.problem("batch_wait_max_ms", source, message.to_owned());
    }
    options
}
