//! TensorFlow Serving's predict API and KServe's first protocol, whatever the transport.

use std::sync::Arc;

use radiant_core::{Engine, Error, ErrorKind, Signature};
use radiant_protocol::oip::RequestedOutput;
use radiant_protocol::tfs::{VersionStatus, version_number};

use crate::node::Node;
use crate::oip;
use crate::repository::{Found, Phase, Slot};
use crate::schedule::Clock;
use crate::state::State;
use crate::work::Work;

/// Runs the model of `node` on `work.inputs`, for the outputs that `work.tfs` asks for or for all:
/// the same inference as the Open Inference Protocol's.
///
/// # Errors
/// A signature or an output that the model does not have, or what the model says.
pub(crate) async fn infer(
    state: &State,
    clock: &Clock,
    node: &Arc<Node>,
    mut work: Box<Work>,
) -> Result<Box<Work>, Error> {
    let Work { oip, tfs, .. } = &mut *work;
    tfs.check_signature()?;
    oip.clear();
    let asked = tfs.outputs.iter().cloned();
    oip.outputs.extend(asked.map(|name| RequestedOutput { name, ..RequestedOutput::default() }));
    oip::infer_as_given(state, clock, node, work).await
}

/// The model of this name, whose version may be spelt as it is, as a number, by a label, or not at
/// all; the main model without a name.
///
/// # Errors
/// There is no such model or version.
pub(crate) fn find(state: &State, name: &str, version: &str) -> Result<Found, Error> {
    if name.is_empty() {
        return state.repository.main();
    }
    let found = state.repository.find(name, version);
    match (&found, version_number(version)) {
        // `1` means `v1`, and `v1` means `1`.
        (Err(_), Some(number)) => {
            let model = state.repository.find(name, "")?;
            let is_same = |slot: &&Slot| version_number(&slot.entry.version) == Some(number);
            let same = model.model().slots.iter().find(is_same);
            same.map_or(found, |slot| state.repository.find(name, &slot.entry.version))
        }
        _ => found,
    }
}

/// The model that a gRPC request names by number or by label.
///
/// # Errors
/// As [`find`].
pub(crate) fn find_spec(
    state: &State,
    spec: &radiant_protocol::tfs::ModelSpec<'_>,
) -> Result<Found, Error> {
    match spec.version {
        Some(number) => find(state, spec.name, &number.to_string()),
        None => find(state, spec.name, spec.version_label),
    }
}

/// Calls `use_it` with the states of a model's versions, or of the one that was found where one was
/// named, and with whether any of them answers.
pub(crate) fn status<T>(
    found: &Found,
    is_named: bool,
    use_it: impl FnOnce(bool, &[VersionStatus<'_>]) -> T,
) -> T {
    use radiant_protocol::tfs::State as Life;
    let model = found.model();
    let one = model.slot(&found.entry().version).into_iter();
    let slots: Vec<&Slot> = if is_named { one.collect() } else { model.slots.iter().collect() };
    let statuses: Vec<_> = slots.iter().map(|slot| slot.entry.status()).collect();
    let version = |(slot, status): (&&'_ Slot, &'_ crate::repository::Status)| {
        let (state, error) = match status.phase {
            Phase::Loading => (Life::Loading, None),
            Phase::Ready | Phase::Parked => (Life::Available, None),
            Phase::Unloaded => (Life::End, None),
            Phase::Failed => (Life::End, Some(status.reason.clone())),
        };
        (slot.entry.version.clone(), state, error)
    };
    let versions: Vec<_> = slots.iter().zip(&statuses).map(version).collect();
    let versions: Vec<VersionStatus<'_>> = versions
        .iter()
        .map(|(version, state, error)| VersionStatus {
            version,
            state: *state,
            error: error.as_deref(),
        })
        .collect();
    use_it(slots.iter().any(|slot| slot.answers()), &versions)
}

/// The signature of a loaded model; none of a component.
pub(crate) fn signature(node: &Node) -> Option<&Signature> {
    node.engine().map(|(engine, _)| Engine::signature(engine))
}

/// What of TensorFlow Serving is not here.
pub(crate) fn unsupported(method: &str) -> Error {
    let text = format!("`{method}` is not offered here; `Predict` is");
    Error::new(ErrorKind::Unsupported, text)
}
