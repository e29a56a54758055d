//! The families that tell of inferences between decoding and encoding.

use super::bounds::{ENGINE_BOUNDS, ROWS_BOUNDS};
use super::{Family, MODEL, MODEL_OUTCOME, Metric, Unit, family};

impl Metric {
    pub(super) const fn inference_family(self) -> Family {
        match self {
            Self::ModelQueueRequests => family(
                "radiant_model_queue_requests",
                "Requests of the model that wait for an engine thread",
                MODEL,
                Unit::Level,
            ),
            Self::ModelQueueRows => family(
                "radiant_model_queue_rows",
                "Rows of the requests of the model that wait for an engine thread",
                MODEL,
                Unit::Level,
            ),
            Self::QueueSeconds => family(
                "radiant_queue_seconds",
                "Time that requests waited for an engine thread until their run began; those that ran \
                 on the thread that decoded them waited for none and are not among them",
                MODEL,
                Unit::Seconds(ENGINE_BOUNDS),
            ),
            Self::EngineSeconds => family(
                "radiant_engine_seconds",
                "Time that one run of the engine took: every run on an engine thread or of more than \
                 128 rows, and of others every 16th of a number of rows, or every one with --timing",
                MODEL,
                Unit::Seconds(ENGINE_BOUNDS),
            ),
            Self::BatchRows => family(
                "radiant_batch_rows",
                "Rows of each run of the engine that succeeded, whose requests may be several; the \
                 count is the number of runs, the sum that of rows",
                MODEL,
                Unit::Rows(ROWS_BOUNDS),
            ),
            _ => family(
                "radiant_inferences_total",
                "Requests that were ready to run and that no cache answered, each by its one \
                 `outcome`: `done`; `retried`, which is done too, but alone after its batch had \
                 failed; `failed`; `rejected`, because a limit was reached; `expired`, because its \
                 deadline passed; `abandoned`, because its client went away",
                MODEL_OUTCOME,
                Unit::Count,
            ),
        }
    }
}
