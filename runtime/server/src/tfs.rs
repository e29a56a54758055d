//! TensorFlow Serving's predict API and KServe's first protocol, whatever the transport.

use std::sync::Arc;

use radiant_core::{Engine, Error, ErrorKind, Signature};
use radiant_protocol::oip::RequestedOutput;
use radiant_protocol::tfs::{VersionStatus, version_number};

use crate::node::Node;
use crate::oip;
use crate::repository::{Entry, Phase};
use crate::state::State;
use crate::work::Work;

/// Runs the model of `node` on `work.inputs`, for the outputs that `work.tfs` asks for or for all:
/// the same inference as the Open Inference Protocol's.
///
/// # Errors
/// A signature or an output that the model does not have, or what the model says.
pub(crate) async fn infer(
    state: &State,
    node: &Arc<Node>,
    mut work: Box<Work>,
) -> Result<Box<Work>, Error> {
    let Work { oip, tfs, .. } = &mut *work;
    tfs.check_signature()?;
    oip.clear();
    let asked = tfs.outputs.iter().cloned();
    oip.outputs.extend(asked.map(|name| RequestedOutput { name, ..RequestedOutput::default() }));
    oip::infer_as_given(state, node, work).await
}

/// The model of this name, whose version may be spelt as it is, as a number, or not at all; the main
/// model without a name. There are no labels here.
///
/// # Errors
/// There is no such model or version.
pub(crate) fn find<'a>(state: &'a State, name: &str, version: &str) -> Result<&'a Entry, Error> {
    if name.is_empty() {
        return Ok(state.main());
    }
    let entry = state.repository.find(name, "")?;
    let number = version_number(version);
    let is_same_number = number.is_some() && number == version_number(&entry.version);
    if is_same_number { Ok(entry) } else { state.repository.find(name, version) }
}

/// The model that a gRPC request names by number or by label.
///
/// # Errors
/// As [`find`].
pub(crate) fn find_spec<'a>(
    state: &'a State,
    spec: &radiant_protocol::tfs::ModelSpec<'_>,
) -> Result<&'a Entry, Error> {
    match spec.version {
        Some(number) => find(state, spec.name, &number.to_string()),
        None => find(state, spec.name, spec.version_label),
    }
}

/// Calls `use_it` with the state of a model's one version.
pub(crate) fn status<T>(entry: &Entry, use_it: impl FnOnce(bool, &[VersionStatus<'_>]) -> T) -> T {
    use radiant_protocol::tfs::State as Life;
    let status = entry.status();
    let (state, error) = match status.phase {
        Phase::Loading => (Life::Loading, None),
        Phase::Ready => (Life::Available, None),
        Phase::Unavailable if status.unloaded => (Life::End, None),
        Phase::Unavailable => (Life::End, Some(&*status.reason)),
    };
    let version = VersionStatus { version: &entry.version, state, error };
    use_it(status.phase == Phase::Ready, &[version])
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
