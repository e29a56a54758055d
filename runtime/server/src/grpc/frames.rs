//! The frames of HTTP/2 in bytes that come in any pieces (RFC 9113, 4.1): their heads, and why a call
//! or a connection ends.

use std::ops::ControlFlow;

use crate::edge::Refused;

/// The length in three bytes, the kind, flags, and the stream in four.
const HEAD_BYTES: usize = 9;
/// What of a payload is kept: the last stream, the error code, and the first of the reason that the
/// codec gives.
const KEPT_BYTES: usize = 18;

/// What every client sends first (RFC 9113, 3.4).
const PREFACE_BYTES: usize = 24;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame whose head has come, and with it why a call or a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    kind: u8,
    flags: u8,
    pub(super) stream: u32,
    kept: [u8; KEPT_BYTES],
}

impl Frame {
    /// Whether a call is taken back, or refused.
    pub(super) fn is_reset(self) -> bool {
        self.kind == RST_STREAM
    }

    /// Whether the server ends a call for what the client does on it.
    pub(super) fn is_fault(self) -> bool {
        let ([code, ..], _) = self.kept.as_chunks() else { return false };
        let faults = [PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED];
        self.is_reset() && faults.contains(&u32::from_be_bytes(*code))
    }

    /// The limit for which the codec ends a call or the connection, given the frame that it sent
    /// before (h2 0.4.20).
    pub(super) fn refused(self, before: Option<Self>) -> Option<Refused> {
        let ([first, second, ..], _) = self.kept.as_chunks() else { return None };
        match self.kind {
            RST_STREAM => match u32::from_be_bytes(*first) {
                REFUSED_STREAM => Some(Refused::Streams),
                // Headers that are too large are answered with 431, and then refused.
                PROTOCOL_ERROR => before
                    .is_some_and(|before| before.is_of_headers() && before.stream == self.stream)
                    .then_some(Refused::Headers),
                _ => None,
            },
            GOAWAY if u32::from_be_bytes(*second) == ENHANCE_YOUR_CALM => {
                // `too_many_resets`, `too_many_internal_resets`, `too_many_continuations`,
                // `header_list_way_too_large`, `too_many_data_frames`.
                Some(match self.kept.last_chunk() {
                    Some(b"too_many_r" | b"too_many_i") => Refused::Resets,
                    Some(b"too_many_c" | b"header_lis") => Refused::Headers,
                    Some(_) | None => Refused::Frames,
                })
            }
            _ => None,
        }
    }

    /// Whether it is of headers.
    pub(super) fn is_of_headers(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION)
    }

    /// Whether more headers must follow.
    fn leaves_headers_open(self) -> bool {
        self.is_of_headers() && self.flags & END_HEADERS == 0
    }
}

/// A walk along the frames that go one way.
#[derive(Debug)]
pub(super) struct Walk {
    begun: [u8; HEAD_BYTES + KEPT_BYTES],
    n_begun: usize,
    /// What of the last frame, or of the preface, is to come.
    n_left: usize,
    last: Option<Frame>,
}

impl Walk {
    /// Along what a client sends.
    pub(super) fn of_client() -> Self {
        Self { n_left: PREFACE_BYTES, ..Self::of_server() }
    }

    /// Along what the server sends.
    pub(super) fn of_server() -> Self {
        Self { begun: [0; HEAD_BYTES + KEPT_BYTES], n_begun: 0, n_left: 0, last: None }
    }

    /// Goes on along these bytes, and shows the frames that begin in them until one is to stop at.
    pub(super) fn go<B>(
        &mut self,
        mut bytes: &[u8],
        mut see: impl FnMut(Frame) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        while !bytes.is_empty() {
            if self.n_left > 0 {
                let n_passed = self.n_left.min(bytes.len());
                self.n_left -= n_passed;
                bytes = bytes.get(n_passed..).unwrap_or_default();
                continue;
            }
            let n_taken = (self.n_wanted() - self.n_begun).min(bytes.len());
            let (taken, rest) = bytes.split_at(n_taken);
            let into = self.begun.iter_mut().skip(self.n_begun);
            into.zip(taken).for_each(|(into, byte)| *into = *byte);
            self.n_begun += n_taken;
            bytes = rest;
            if self.n_begun == self.n_wanted() {
                see(self.take())?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the next byte is the first of a frame.
    pub(super) fn is_between(&self) -> bool {
        self.n_begun == 0 && self.n_left == 0
    }

    /// Whether something has begun that a client is to end soon: the opening, or headers.
    pub(super) fn is_within_head(&self) -> bool {
        let Some(last) = self.last else { return true };
        last.leaves_headers_open() || (last.is_of_headers() && self.n_left > 0) || self.n_begun > 0
    }

    fn n_wanted(&self) -> usize {
        let is_end = self.n_begun >= HEAD_BYTES && matches!(self.begun[3], RST_STREAM | GOAWAY);
        HEAD_BYTES + if is_end { self.length().min(KEPT_BYTES) } else { 0 }
    }

    fn length(&self) -> usize {
        let [a, b, c, ..] = self.begun;
        usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)
    }

    fn take(&mut self) -> Frame {
        self.n_left = self.length().saturating_sub(self.n_begun - HEAD_BYTES);
        let begun = std::mem::replace(&mut self.begun, [0; HEAD_BYTES + KEPT_BYTES]);
        self.n_begun = 0;
        let [_, _, _, kind, flags, a, b, c, d, kept @ ..] = begun;
        let stream = u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff;
        let frame = Frame { kind, flags, stream, kept };
        self.last = Some(frame);
        frame
    }
}

/// The frame that ends a connection whose client asks too much; `last_stream` is the last that was
/// looked at.
pub(super) fn calm_down(last_stream: u32, why: &str) -> Vec<u8> {
    let length = u32::try_from(8 + why.len()).unwrap_or_default().to_be_bytes();
    let [_, length @ ..] = length;
    let mut frame = Vec::with_capacity(HEAD_BYTES + 8 + why.len());
    frame.extend_from_slice(&length);
    frame.extend_from_slice(&[GOAWAY, 0, 0, 0, 0, 0]);
    frame.extend_from_slice(&last_stream.to_be_bytes());
    frame.extend_from_slice(&ENHANCE_YOUR_CALM.to_be_bytes());
    frame.extend_from_slice(why.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let [_, _, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[0, b, c, kind, flags, 0, 0, 0, stream][..], payload].concat()
    }

    /// The frames that are seen when the bytes come in pieces of this size.
    fn seen(walk: &mut Walk, bytes: &[u8], piece_bytes: usize) -> Vec<Frame> {
        let mut seen = Vec::new();
        for piece in bytes.chunks(piece_bytes) {
            let walked = walk.go::<()>(piece, |frame| {
                seen.push(frame);
                ControlFlow::Continue(())
            });
            assert!(walked.is_continue());
        }
        seen
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let bytes = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, 0, &[0; 12]),
            frame(HEADERS, END_HEADERS, 1, &[7; 30]),
            frame(0, 1, 1, &[3; 300]),
            frame(RST_STREAM, 0, 1, &[0, 0, 0, 7]),
            frame(RST_STREAM, 0, 3, &[0, 0, 0, 8]),
            frame(6, 0, 0, &[0; 8]),
        ]
        .concat();
        for piece_bytes in 1..=bytes.len() {
            let mut walk = Walk::of_client();
            let frames = seen(&mut walk, &bytes, piece_bytes);
            assert_eq!(frames.iter().map(|f| f.kind).collect::<Vec<_>>(), [4, 1, 0, 3, 3, 6]);
            assert_eq!(frames.iter().map(|f| f.stream).collect::<Vec<_>>(), [0, 1, 1, 1, 3, 0]);
            let refused = |index: usize| frames[index].refused(Some(frames[index - 1]));
            assert_eq!((1..6).map(refused).collect::<Vec<_>>(), {
                let none = None::<Refused>;
                [none, none, Some(Refused::Streams), none, none]
            });
            assert!(walk.is_between() && !walk.is_within_head());
        }
    }

    #[test]
    fn any_bytes_are_walked_along() {
        let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
        for begin in 0..256 {
            for bytes in [&bytes[begin..], &[RST_STREAM; 64], &vec![0; begin]] {
                seen(&mut Walk::of_client(), bytes, 5);
                seen(&mut Walk::of_server(), bytes, 7);
            }
        }
        let short = frame(RST_STREAM, 0, 1, &[9]);
        let mut walk = Walk::of_server();
        assert_eq!(seen(&mut walk, &[short.clone(), short].concat(), 3).len(), 2);
        assert!(walk.is_between());
    }

    #[test]
    fn a_call_that_is_ended_for_what_its_client_does_is_a_fault() {
        let is_fault = |code: u32| {
            let bytes = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
            seen(&mut Walk::of_server(), &bytes, 100).iter().all(|frame| frame.is_fault())
        };
        const NO_ERROR: u32 = 0;
        assert!(
            is_fault(STREAM_CLOSED) && is_fault(PROTOCOL_ERROR) && is_fault(FLOW_CONTROL_ERROR)
        );
        assert!(!is_fault(NO_ERROR) && !is_fault(REFUSED_STREAM));
    }

    #[test]
    fn headers_are_open_until_their_last_frame_has_come() {
        let mut walk = Walk::of_client();
        assert!(walk.is_within_head(), "nothing was opened");
        seen(&mut walk, &[[0; PREFACE_BYTES].to_vec(), frame(4, 0, 0, &[])].concat(), 100);
        for (bytes, is_open) in [
            (frame(HEADERS, 0, 1, &[1; 9]), true),
            (frame(CONTINUATION, 0, 1, &[]), true),
            (frame(CONTINUATION, END_HEADERS, 1, &[1; 9])[..12].to_vec(), true),
            (vec![1; 6], false),
            (frame(0, 0, 1, &[1; 9])[..12].to_vec(), false),
            (vec![1; 6], false),
            (vec![0; 3], true),
        ] {
            seen(&mut walk, &bytes, 100);
            assert_eq!(walk.is_within_head(), is_open, "{bytes:?}");
        }
    }

    #[test]
    fn headers_that_are_answered_and_refused_were_too_large() {
        let refusal = frame(RST_STREAM, 0, 5, &PROTOCOL_ERROR.to_be_bytes());
        for (stream, expected) in [(5, Some(Refused::Headers)), (3, None)] {
            let bytes = [frame(HEADERS, END_HEADERS, stream, &[1; 9]), refusal.clone()].concat();
            let frames = seen(&mut Walk::of_server(), &bytes, 100);
            assert_eq!(frames[1].refused(Some(frames[0])), expected);
        }
    }

    #[test]
    fn a_walk_stops_where_it_is_told_to() {
        let bytes = [frame(RST_STREAM, 0, 1, &[0; 4]), frame(6, 0, 0, &[0; 8])].concat();
        let stopped = Walk::of_server().go(&bytes, |frame| {
            if frame.is_reset() {
                ControlFlow::Break(frame.stream)
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(stopped, ControlFlow::Break(1));
    }

    #[test]
    fn who_is_to_calm_down_is_told_why() {
        for (why, expected) in [
            ("too_many_resets", Refused::Resets),
            ("too_many_internal_resets", Refused::Resets),
            ("too_many_continuations", Refused::Headers),
            ("header_list_way_too_large", Refused::Headers),
            ("too_many_data_frames", Refused::Frames),
            ("", Refused::Frames),
        ] {
            let frames = seen(&mut Walk::of_server(), &calm_down(5, why), 4);
            let refused: Vec<_> = frames.iter().map(|frame| frame.refused(None)).collect();
            assert_eq!(refused, [Some(expected)], "{why}");
        }
        assert!(calm_down(5, "why").ends_with(b"\0\0\0\x05\0\0\0\x0bwhy"));
    }
}
