//! What the server tells about itself: metrics, the access record and trace headers.
//!
//! A series is registered once and recorded through its handle; nothing on a request's way looks a
//! name or a label up.

mod access;
mod endings;
mod exposition;
mod histogram;
mod metric;
mod registry;
mod requests;
mod statistics;

pub use metric::{Family, Metric, Unit};
pub use registry::{Registry, SERIES_MAX};

pub(crate) use access::Access;
pub(crate) use endings::{Ending, Endings};
pub(crate) use registry::GaugeGuard;
pub(crate) use requests::{ModelMetrics, NodeLabels, Outcome, RequestMetrics, Transport};
pub(crate) use statistics::{Batch, Statistics, StatisticsSnapshot, Total};
