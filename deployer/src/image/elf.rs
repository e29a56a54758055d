//! What a program or library says of itself: processor, loader, and libraries that it needs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};

use crate::error::Failure;
use crate::layout::LayoutError;

/// More than any program has.
const BYTES_MAX: u64 = 1 << 30;

/// A program or library of Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elf {
    /// The processor, as images name it.
    pub(crate) architecture: &'static str,
    /// The loader that starts it, if it needs one.
    pub(crate) interpreter: Option<String>,
    /// Libraries that it needs.
    pub(crate) needed: Vec<String>,
    /// How long the file is.
    pub(crate) bytes: u64,
}

impl Elf {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no ELF file, or is for a processor without a name among images.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(LayoutError::read(path))?;
        let mut data = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut data).map_err(LayoutError::read(path))?;
        Self::parse(&data).map_err(|got| {
            let shown = path.display();
            Failure::usage(anyhow::anyhow!("`{shown}`: expected a program of Linux, got {got}"))
        })
    }

    fn parse(data: &[u8]) -> Result<Self, String> {
        let damaged = |error: object::Error| format!("a damaged one: {error}");
        match FileKind::parse(data) {
            Ok(FileKind::Elf64) => {
                parse::<FileHeader64<Endianness>>(data).map_err(damaged)?.named(data)
            }
            Ok(FileKind::Elf32) => {
                parse::<FileHeader32<Endianness>>(data).map_err(damaged)?.named(data)
            }
            Ok(other) => Err(format!("one of another system ({other:?})")),
            Err(_) => Err("something that is no ELF file".to_owned()),
        }
    }

    /// Whether it runs where there are no libraries.
    pub(crate) fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty()
    }
}

/// What stands in a file, before it is looked at.
struct Raw {
    machine: u16,
    is_little: bool,
    interpreter: Option<String>,
    needed: Vec<String>,
}

impl Raw {
    fn named(self, data: &[u8]) -> Result<Elf, String> {
        let architecture = match (elf::EM_X86_64.0, self.machine, self.is_little) {
            (amd64, machine, true) if machine == amd64 => "amd64",
            (_, machine, true) if machine == elf::EM_AARCH64.0 => "arm64",
            (_, machine, true) if machine == elf::EM_ARM.0 => "arm",
            (_, machine, true) if machine == elf::EM_386.0 => "386",
            (_, machine, true) if machine == elf::EM_PPC64.0 => "ppc64le",
            (_, machine, true) if machine == elf::EM_RISCV.0 => "riscv64",
            (_, machine, false) if machine == elf::EM_S390.0 => "s390x",
            (_, machine, _) => return Err(format!("one for another processor ({machine})")),
        };
        let Self { interpreter, needed, .. } = self;
        Ok(Elf { architecture, interpreter, needed, bytes: data.len() as u64 })
    }
}

fn parse<H: FileHeader<Endian = Endianness>>(data: &[u8]) -> object::Result<Raw> {
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut interpreter = None;
    for segment in header.program_headers(endian, data)? {
        interpreter = interpreter.or(segment.interpreter(endian, data)?.map(text));
    }
    let table = header.sections(endian, data)?.dynamic_table(endian, data)?;
    let mut needed = Vec::new();
    for entry in &table {
        if entry.tag == elf::DT_NEEDED {
            needed.push(text(table.string(entry)?));
        }
    }
    let is_little = endian == Endianness::Little;
    Ok(Raw { machine: header.e_machine(endian).0, is_little, interpreter, needed })
}

#[cfg(test)]
mod tests {
    use std::sync::{LazyLock, Mutex};

    use super::*;

    #[test]
    fn this_program_says_what_it_is() {
        let elf = Elf::read(&std::env::current_exe().unwrap()).unwrap();
        let expected = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
        assert_eq!(elf.architecture, expected);
        assert_eq!(elf.is_static(), cfg!(target_feature = "crt-static"));
    }

    /// This program, which is too long to be read for every case.
    static WHOLE: LazyLock<Mutex<Vec<u8>>> =
        LazyLock::new(|| Mutex::new(std::fs::read(std::env::current_exe().unwrap()).unwrap()));

    proptest::proptest! {
        #[test]
        fn damaged_programs_never_panic(
            changes in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..8),
        ) {
            let mut bytes = WHOLE.lock().unwrap();
            // Headers of segments come first, those of sections last.
            let n = bytes.len();
            let place = |at: usize| if at.is_multiple_of(2) { at } else { n - at - 1 };
            let before: Vec<u8> = changes.iter().map(|(at, _)| bytes[place(*at)]).collect();
            for (at, byte) in &changes {
                bytes[place(*at)] = *byte;
            }
            drop(Elf::parse(&bytes));
            for ((at, _), byte) in changes.iter().zip(before).rev() {
                bytes[place(*at)] = byte;
            }
        }
    }

    #[test]
    fn broken_files_are_refused_without_a_panic() {
        let whole = WHOLE.lock().unwrap();
        let head = &whole[..whole.len().min(4096)];
        for n in 0..head.len() {
            drop(Elf::parse(&head[..n]));
        }
        for byte in 0..64 {
            let mut broken = whole[..whole.len().min(1 << 16)].to_vec();
            broken[byte] ^= 0xff;
            drop(Elf::parse(&broken));
        }
        assert_eq!(Elf::parse(b"#!/bin/sh").unwrap_err(), "something that is no ELF file");
    }
}
