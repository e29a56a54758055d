//! Text for text: a component writes on an engine thread, and the pieces go out as they come.

use std::sync::Arc;

use bytes::Bytes;
use radiant_core::{Error, Map};
use radiant_protocol::oip;
use tokio::sync::mpsc::{self, Receiver};

use crate::node::Node;
use crate::state::State;

/// Pieces that wait for a client who reads slowly; then the component waits.
const PIECES_MAX: usize = 16;

/// Events of one reply: at least one came, and none failed so far.
#[derive(Debug)]
pub(crate) struct Pieces {
    first: Option<Bytes>,
    rest: Receiver<Bytes>,
}

impl Pieces {
    /// The next event.
    pub(crate) fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Bytes>> {
        match self.first.take() {
            Some(first) => std::task::Poll::Ready(Some(first)),
            None => self.rest.poll_recv(context),
        }
    }
}

/// All that the model writes after `prompt`.
///
/// # Errors
/// The model does not write text, or fails.
pub(crate) async fn whole(
    state: &State,
    node: &Arc<Node>,
    prompt: String,
    parameters: Map,
) -> Result<String, Error> {
    let permit = state.permits.take(&node.share, 1)?;
    let node = Arc::clone(node);
    let run = move || {
        let _permit = permit;
        let mut text = String::new();
        write(&node, &prompt, &parameters, &mut |piece| {
            text.push_str(piece);
            true
        })?;
        Ok(text)
    };
    state.pool.run(run).await?
}

/// What the model writes after `prompt`, each piece as an event of what `encode` writes for it. A
/// failure after the first piece is the last event.
///
/// # Errors
/// The model does not write text, or fails before it has written a piece.
pub(crate) async fn pieces(
    state: &Arc<State>,
    node: &Arc<Node>,
    prompt: String,
    parameters: Map,
    encode: impl Fn(&mut Vec<u8>, &str) + Send + 'static,
) -> Result<Pieces, Error> {
    let permit = state.permits.take(&node.share, 1)?;
    let node = Arc::clone(node);
    let (sender, mut rest) = mpsc::channel(PIECES_MAX);
    let run = move || {
        let _permit = permit;
        let mut begun = false;
        let written = write(&node, &prompt, &parameters, &mut |piece| {
            begun = true;
            sender.blocking_send(event(|out| encode(out, piece))).is_ok()
        });
        match written {
            Err(error) if begun => {
                let event = event(|out| oip::encode_error(out, error.message()));
                // Where nobody reads any more there is nobody to tell.
                drop(sender.blocking_send(event));
                Ok(())
            }
            written => written,
        }
    };
    let pool = Arc::clone(&state.pool);
    let running = tokio::spawn(async move { pool.run(run).await? });
    if let Some(first) = rest.recv().await {
        return Ok(Pieces { first: Some(first), rest });
    }
    running
        .await
        .unwrap_or_else(|panic| Err(Error::internal("the task panicked").with_source(panic)))?;
    Ok(Pieces { first: None, rest })
}

fn write(
    node: &Node,
    prompt: &str,
    parameters: &Map,
    emit: &mut dyn FnMut(&str) -> bool,
) -> Result<(), Error> {
    node.contain(|| node.component().generate(prompt, parameters, emit))
}

/// One server-sent event, with the JSON that `push` writes.
fn event(push: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = b"data: ".to_vec();
    push(&mut out);
    out.truncate(out.trim_ascii_end().len());
    out.extend_from_slice(b"\n\n");
    out.into()
}
