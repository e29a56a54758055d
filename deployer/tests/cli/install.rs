//! Programs that tests make.

use std::path::Path;
use std::process::Command;

/// Makes a program of a file, as a process of its own.
///
/// A file that any process has open for writing cannot be run ("text file busy"), and a process that another
/// thread starts meanwhile has what is open here.
pub(crate) fn install(from: &Path, to: &Path) {
    #[expect(clippy::disallowed_methods, reason = "it writes what is run")]
    let mut install = Command::new("install");
    let status = install.args(["-m", "755", "--"]).args([from, to]).status();
    assert!(status.is_ok_and(|it| it.success()), "{} from {}", to.display(), from.display());
}
