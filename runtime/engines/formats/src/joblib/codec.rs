//! The compressions of joblib, told by their first bytes.

use std::io::{self, BufReader, Read};

use crate::error::{FormatError, Place};
use crate::limits::Limits;

/// How much is unpacked between two looks at the limit.
const CHUNK_BYTES: usize = 64 << 10;

/// What the dictionary of xz and lzma may take: the strongest setting of either asks for 64 MiB.
const DICTIONARY_KIB_MAX: u32 = 80 << 10;

/// A compression of whole files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// zlib.
    Zlib,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// LZMA without a container.
    Lzma,
    /// Frames of LZ4.
    Lz4,
}

impl Codec {
    /// The compression of bytes, if they have one.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // The head of zlib is a multiple of 31.
            [0x78, flags, ..] if u16::from_be_bytes([0x78, *flags]).is_multiple_of(31) => {
                Some(Self::Zlib)
            }
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x5d, 0, ..] => Some(Self::Lzma),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }

    /// Unpacks a file.
    ///
    /// Besides the result this takes what the codec works with: at most 80 MiB, where a file asks
    /// for it.
    ///
    /// # Errors
    /// If the bytes are damaged, or unpack to more than [`Limits::unpacked_bytes_max`] or, beyond
    /// [`Limits::READ_BYTES_FREE`], [`Limits::unpacked_ratio_max`] times themselves.
    pub fn unpack(self, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, FormatError> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let by_ratio = len.saturating_mul(limits.unpacked_ratio_max);
        let most = limits.unpacked_bytes_max.min(by_ratio.saturating_add(Limits::READ_BYTES_FREE));
        let lzma = |error: io::Error| self.damaged(&error);
        match self {
            Self::Zlib => self.drain(flate2::bufread::ZlibDecoder::new(bytes), most),
            Self::Gzip => self.drain(flate2::bufread::MultiGzDecoder::new(bytes), most),
            Self::Bzip2 => self.drain(bzip2::bufread::MultiBzDecoder::new(bytes), most),
            Self::Xz => self
                .drain(lzma_rust2::XzReader::new_mem_limit(bytes, true, DICTIONARY_KIB_MAX), most),
            Self::Lzma => {
                let reader = lzma_rust2::LzmaReader::new_mem_limit(bytes, DICTIONARY_KIB_MAX, None);
                self.drain(reader.map_err(lzma)?, most)
            }
            Self::Lz4 => self.drain(lz4_flex::frame::FrameDecoder::new(bytes), most),
        }
    }

    fn drain(self, reader: impl Read, most: u64) -> Result<Vec<u8>, FormatError> {
        let mut reader = BufReader::with_capacity(CHUNK_BYTES, reader).take(most.saturating_add(1));
        let mut unpacked = Vec::new();
        reader.read_to_end(&mut unpacked).map_err(|error| self.damaged(&error))?;
        FormatError::check_limit(Place::File, "bytes unpacked", most, unpacked.len())?;
        Ok(unpacked)
    }

    fn damaged(self, error: &io::Error) -> FormatError {
        FormatError::damaged(Place::File, format_args!("whole {} data", self.name()), error)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Lz4 => "lz4",
        }
    }
}
