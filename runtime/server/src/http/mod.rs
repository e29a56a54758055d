//! HTTP/1.1: from a socket to the codecs and back. The only place that knows actix.

mod body;
mod came;
mod compress;
mod dispatch;
mod doc;
mod error;
mod mlflow;
#[cfg(test)]
mod mlflow_tests;
mod oip;
mod puid;
mod reply;
mod route;
mod seldon;
mod serve;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
mod tfs;
mod watch;

pub(crate) use body::BodyLimits;
pub(crate) use serve::{Listening, Servers, start, start_metrics};
