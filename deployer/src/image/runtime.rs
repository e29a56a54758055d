//! The server's program: which file, and what it runs on.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::elf::Elf;
use crate::error::{Code, Failure};
use crate::layout::Platform;

/// The program's name, beside this program and in the image.
pub(crate) const NAME: &str = "radiant";

/// A server's program.
#[derive(Debug, Clone)]
pub(crate) struct Runtime {
    pub(crate) path: PathBuf,
    pub(crate) platform: Platform,
    pub(crate) elf: Elf,
}

impl Runtime {
    /// Reads `[PLATFORM=]FILE`; the platform is only compared with the file's.
    ///
    /// # Errors
    /// When the file is no program, or of another platform.
    pub(crate) fn open(argument: &str) -> Result<Self, Failure> {
        let (platform, path) = split(argument);
        let elf = Elf::read(path)?;
        let own = Platform::linux(elf.architecture);
        if let Some(asked) = &platform
            && !asked.runs(&own)
        {
            return Err(Failure::usage(anyhow!(
                "`{}`: expected a program for {asked}, got one for {own}",
                path.display()
            )));
        }
        Ok(Self { path: path.to_owned(), platform: platform.unwrap_or(own), elf })
    }

    /// The program beside this one.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn beside() -> Result<Self, Failure> {
        let here = std::env::current_exe().map_err(anyhow::Error::from)?;
        let path = here.with_file_name(NAME);
        if !path.is_file() {
            let error = anyhow!("`{}`: expected the server's program, got nothing", path.display());
            return Err(Failure::new(Code::NotFound, error).hint(
                "name the program with `--runtime FILE`, or an image that has it with `--base`",
            ));
        }
        let elf = Elf::read(&path)?;
        Ok(Self { platform: Platform::linux(elf.architecture), path, elf })
    }

    /// Refuses a program that would not start where there is no libc.
    ///
    /// # Errors
    /// When the program needs libraries.
    pub(crate) fn check_static(&self) -> Result<(), Failure> {
        if self.elf.is_static() {
            return Ok(());
        }
        let needs = self.elf.interpreter.iter().chain(&self.elf.needed).cloned();
        let error = anyhow!(
            "`{}`: expected a static program, as the image has no libraries, got one that needs {}",
            self.path.display(),
            needs.collect::<Vec<_>>().join(", ")
        );
        Err(Failure::usage(error).hint(format!(
            "build it with `images/binary linux/{} FOLDER` of Radiant's sources, or add the \
             libraries with `--ort`, or take an image that has them with `--base`",
            self.elf.architecture
        )))
    }
}

/// Splits `[PLATFORM=]PATH`.
pub(crate) fn split(argument: &str) -> (Option<Platform>, &Path) {
    match argument.split_once('=') {
        Some((platform, path)) if Platform::parse(platform).is_some() => {
            (Platform::parse(platform), Path::new(path))
        }
        _ => (None, Path::new(argument)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_itself_what_it_runs_on() {
        let own = std::env::current_exe().unwrap().display().to_string();
        let runtime = Runtime::open(&own).unwrap();
        let other = if runtime.elf.architecture == "arm64" { "amd64" } else { "arm64" };
        let text = Runtime::open(&format!("linux/{other}={own}")).unwrap_err().text();
        assert!(text.contains(&format!("expected a program for linux/{other}")), "{text}");
        let named = Runtime::open(&format!("{}={own}", runtime.platform)).unwrap();
        assert_eq!(named.platform, runtime.platform);
    }

    #[test]
    fn scripts_and_dynamic_programs_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let script = place.path().join("radiant");
        std::fs::write(&script, "#!/bin/sh\n").unwrap();
        let text = Runtime::open(&script.display().to_string()).unwrap_err().text();
        assert!(text.contains("expected a program of Linux"), "{text}");
        let own = std::env::current_exe().unwrap().display().to_string();
        let text = Runtime::open(&own).unwrap().check_static().unwrap_err().text();
        assert!(text.contains("libc.so") && text.contains("images/binary linux/"), "{text}");
    }
}
