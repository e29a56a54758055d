//! Request ids: the `Seldon-Puid` header.

use std::cell::RefCell;

use actix_http::header::HeaderValue;
use bytes::{Bytes, BytesMut};
use uuid::Uuid;

/// The length of a UUID's text.
const LENGTH: usize = 36;
/// Ids made at a time: they share one allocation, so that an id costs a request none.
const BLOCK: usize = 1024;

thread_local! {
    static BLOCKS: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
}

/// A new id: a random UUID (version 4), as the orchestrator makes them.
pub(crate) fn new_puid() -> HeaderValue {
    let text = BLOCKS.with_borrow_mut(|block| {
        if block.len() < LENGTH {
            *block = make_block();
        }
        block.split_to(LENGTH)
    });
    HeaderValue::from_maybe_shared(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn make_block() -> Bytes {
    let mut block = BytesMut::with_capacity(BLOCK * LENGTH);
    let mut text = Uuid::encode_buffer();
    for _ in 0..BLOCK {
        block.extend_from_slice(Uuid::new_v4().hyphenated().encode_lower(&mut text).as_bytes());
    }
    block.freeze()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_uuids_and_differ() {
        let ids: HashSet<String> =
            (0..3 * BLOCK).map(|_| new_puid().to_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 3 * BLOCK);
        assert!(ids.iter().all(|id| Uuid::parse_str(id).unwrap().get_version_num() == 4));
    }
}
