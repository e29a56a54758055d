//! Compressed bodies: which coding a request has and a reply may have, and both directions of it.
//!
//! gzip and deflate (RFC 9110, 8.4.1); deflate is read with and without the zlib frame, as clients
//! send both, and written with it, as the RFC has it. One coding at a time: a list of several is
//! refused. Pure functions of bytes in memory; a body's limit counts what it unpacks to, and is
//! held before memory is taken.

use std::io::{self, Read, Write as _};

use flate2::bufread::MultiGzDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};
use radiant_core::{Error, ErrorKind};

/// A coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or RFC 1951 alone.
    Deflate,
}

impl Encoding {
    /// Reads the header `content-encoding` of a request; none where the body is as it is.
    ///
    /// # Errors
    /// `Unsupported` for any other coding, and for several.
    pub(crate) fn of_request(value: &[u8]) -> Result<Option<Self>, Error> {
        let name = value.trim_ascii();
        if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
            return Ok(None);
        }
        let unknown = || {
            let shown = name.get(..NAME_BYTES_SHOWN).unwrap_or(name).escape_ascii();
            let expected = "expected one of gzip, deflate and identity";
            let message = format!("header `content-encoding`: {expected}, got `{shown}`");
            Error::new(ErrorKind::Unsupported, message)
        };
        Self::named(name).map(Some).ok_or_else(unknown)
    }

    /// The coding that a reply may have by the request's header `accept-encoding`: the one with the
    /// highest weight, gzip before deflate; none where the client would rather have it as it is.
    ///
    /// What cannot be read counts as not accepted (RFC 9110, 12.5.3).
    pub(crate) fn accepted(accept_encoding: &[u8]) -> Option<Self> {
        let mut gzip = None;
        let mut deflate = None;
        let mut identity = None;
        let mut others = 0;
        for item in accept_encoding.split(|byte| *byte == b',') {
            let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            let weight = parts.next().map_or(WEIGHT_MAX, weight);
            match Self::named(name) {
                Some(Self::Gzip) => gzip = gzip.max(Some(weight)),
                Some(Self::Deflate) => deflate = deflate.max(Some(weight)),
                None if name.eq_ignore_ascii_case(b"identity") => identity = Some(weight),
                None if name == b"*" => others = weight,
                None => {}
            }
        }
        let (gzip, deflate) = (gzip.unwrap_or(others), deflate.unwrap_or(others));
        let best = gzip.max(deflate).max(identity.unwrap_or(0));
        match () {
            () if best == 0 => None,
            () if gzip == best => Some(Self::Gzip),
            () if deflate == best => Some(Self::Deflate),
            () => None,
        }
    }

    /// Unpacks a body to at most `bytes_max` bytes, and takes no more room than that; `may_take` is
    /// asked before room is made for so many bytes in all.
    ///
    /// # Errors
    /// `TooLarge` when it unpacks to more; `InvalidInput` when it is damaged, ends early or does not
    /// end where the body does; what `may_take` says.
    pub(crate) fn decode(
        self,
        body: &[u8],
        bytes_max: usize,
        may_take: &mut dyn FnMut(usize) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        let room = body.len().saturating_mul(TYPICAL_RATIO).max(ROOM_MIN).min(bytes_max);
        let mut room = Room { first: room, bytes_max, may_take };
        let read = match self {
            // Several members after one another are one body (RFC 1952, 2.2).
            Self::Gzip => room.read(MultiGzDecoder::new(body)),
            Self::Deflate => room.read(Inflate::new(body)),
        };
        match read {
            Ok(Some(unpacked)) => Ok(unpacked),
            Err(Unread::Refused(error)) => Err(error),
            Ok(None) => {
                let message = format!(
                    "the body is larger than the limit of {bytes_max} bytes once unpacked \
                     (--body-bytes-max)"
                );
                Err(Error::new(ErrorKind::TooLarge, message))
            }
            Err(Unread::Broken(error)) => {
                let got = match error.kind() {
                    io::ErrorKind::UnexpectedEof => "one that ends early",
                    _ => "one that is damaged or followed by something else",
                };
                let name = self.name();
                Err(Error::invalid_input(format!(
                    "body: expected a whole {name} stream, got {got}"
                ))
                .with_source(error))
            }
        }
    }

    /// Packs a body, fast rather than small.
    pub(crate) fn encode(self, body: &[u8]) -> Vec<u8> {
        let packed = Vec::with_capacity(body.len() / TYPICAL_RATIO + ROOM_FOR_FRAME);
        let level = Compression::fast();
        let written = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(packed, level);
                encoder.write_all(body).and_then(|()| encoder.finish())
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(packed, level);
                encoder.write_all(body).and_then(|()| encoder.finish())
            }
        };
        #[expect(
            clippy::expect_used,
            reason = "packing fails as the writer does, and a Vec does not"
        )]
        written.expect("a Vec takes every byte")
    }

    /// The name in `content-encoding`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// The coding of this name; `x-gzip` is an old one of gzip's (RFC 9110, 8.4.1.3).
    fn named(name: &[u8]) -> Option<Self> {
        match () {
            () if name.eq_ignore_ascii_case(b"gzip") => Some(Self::Gzip),
            () if name.eq_ignore_ascii_case(b"x-gzip") => Some(Self::Gzip),
            () if name.eq_ignore_ascii_case(b"deflate") => Some(Self::Deflate),
            () => None,
        }
    }
}

/// How much of an unknown coding's name is told.
const NAME_BYTES_SHOWN: usize = 64;

/// What JSON of numbers is usually packed by; a wrong guess costs a copy or some unused room.
const TYPICAL_RATIO: usize = 4;
/// The room that a body begins with at least.
const ROOM_MIN: usize = 4096;

/// The room that a body may unpack to.
struct Room<'a> {
    first: usize,
    bytes_max: usize,
    may_take: &'a mut dyn FnMut(usize) -> Result<(), Error>,
}

/// Why a body is not unpacked.
enum Unread {
    /// It is damaged.
    Broken(io::Error),
    /// There is no room for it.
    Refused(Error),
}

impl Room<'_> {
    /// Reads to the end, or nothing when there is more than may be. Room doubles from the first up to
    /// what may be and not beyond.
    fn read(&mut self, mut from: impl Read) -> Result<Option<Vec<u8>>, Unread> {
        let mut bytes = Vec::new();
        self.grow(&mut bytes, self.first)?;
        let mut n_read = 0;
        loop {
            if n_read == bytes.len() && n_read < self.bytes_max {
                let more = n_read.max(ROOM_MIN).min(self.bytes_max - n_read);
                self.grow(&mut bytes, n_read + more)?;
            }
            let n = match bytes.get_mut(n_read..) {
                Some(free) if !free.is_empty() => from.read(free).map_err(Unread::Broken)?,
                // All that may be there is there: only the end may follow.
                _ => {
                    let n = from.read(&mut [0]).map_err(Unread::Broken)?;
                    return Ok((n == 0).then_some(bytes));
                }
            };
            if n == 0 {
                bytes.truncate(n_read);
                return Ok(Some(bytes));
            }
            n_read += n;
        }
    }

    fn grow(&mut self, bytes: &mut Vec<u8>, length: usize) -> Result<(), Unread> {
        (self.may_take)(length).map_err(Unread::Refused)?;
        bytes.reserve_exact(length - bytes.len());
        bytes.resize(length, 0);
        Ok(())
    }
}

/// Reads deflate with or without the zlib frame. flate2's own reader takes a stream that ends early
/// for a whole one where no frame says otherwise.
struct Inflate<'a> {
    state: Decompress,
    rest: &'a [u8],
    ended: bool,
}

impl<'a> Inflate<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self { state: Decompress::new(has_zlib_header(body)), rest: body, ended: false }
    }
}

/// Whether a body begins as RFC 1950, 2.2 says. A bare stream does not: its first block would be a
/// stored one with bits set where writers put zeros.
fn has_zlib_header(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0f == 8
                && method >> 4 <= 7
                && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let (n_in, n_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(self.rest, into, FlushDecompress::None)?;
            let n_in = usize::try_from(self.state.total_in() - n_in).unwrap_or(usize::MAX);
            let n_out = usize::try_from(self.state.total_out() - n_out).unwrap_or(usize::MAX);
            self.rest = self.rest.get(n_in..).unwrap_or_default();
            self.ended = matches!(status, Status::StreamEnd);
            if self.ended && !self.rest.is_empty() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if n_out > 0 {
                return Ok(n_out);
            }
            if n_in == 0 && !self.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

/// The weight of what has none, in thousandths.
const WEIGHT_MAX: u16 = 1000;

/// Reads `q=0.5` as thousandths; anything else is 0.
fn weight(parameter: &[u8]) -> u16 {
    let value = match parameter {
        [b'q' | b'Q', rest @ ..] => rest.trim_ascii_start().strip_prefix(b"="),
        _ => None,
    };
    let Some([whole @ (b'0' | b'1'), rest @ ..]) = value.map(<[u8]>::trim_ascii) else { return 0 };
    let digits = match rest {
        [] => rest,
        [b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => digits,
        _ => return 0,
    };
    let scales = [100, 10, 1];
    let thousandths =
        digits.iter().zip(scales).map(|(digit, scale)| u16::from(digit - b'0') * scale);
    (u16::from(whole - b'0') * WEIGHT_MAX + thousandths.sum::<u16>()).min(WEIGHT_MAX)
}

/// Headers, checksums and the end of the last block.
const ROOM_FOR_FRAME: usize = 64;

#[cfg(test)]
mod tests;
