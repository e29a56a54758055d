//! Which classes and functions a file may name.
//!
//! Nothing that a file names is ever called here. The audit is there because such a file would be
//! an attack on whoever opens it with Python, and because a class of somebody's own cannot be
//! served.

use crate::error::{FormatError, Place};
use crate::object::ClassName;
use crate::object::store::Store;
use crate::object::value::ValueId;
use crate::object::walk::Paths;

/// Packages whose classes are data to the readers.
const PACKAGES: [&str; 7] =
    ["sklearn", "numpy", "joblib", "xgboost", "lightgbm", "catboost", "_loss"];

/// Parts of packages of which not everything is.
const MODULES: [&str; 10] = [
    "scipy._lib",
    "scipy.sparse",
    "scipy.stats",
    "scipy.interpolate",
    "pandas.core",
    "pandas._libs",
    "pandas.arrays",
    "pandas.indexes",
    "datetime",
    "decimal",
];

/// What files name of Python itself.
const BUILTINS: [&str; 15] = [
    "set",
    "slice",
    "frozenset",
    "object",
    "complex",
    "bytearray",
    "list",
    "dict",
    "tuple",
    "int",
    "float",
    "str",
    "bytes",
    "bool",
    "range",
];

/// What files of Python 2 name of it besides.
const OLD_BUILTINS: [&str; 3] = ["unicode", "long", "xrange"];

/// Single names of the standard library, and of pandas 3, which names its types without a module.
const NAMES: [(&str, &str); 18] = [
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("copyreg", "__newobj_ex__"),
    ("copy_reg", "_reconstructor"),
    ("copy_reg", "__newobj__"),
    ("functools", "partial"),
    ("_codecs", "encode"),
    ("re", "_compile"),
    ("fractions", "Fraction"),
    ("uuid", "UUID"),
    ("mtrand", "__RandomState_ctor"),
    ("pandas", "Index"),
    ("pandas", "RangeIndex"),
    ("pandas", "Series"),
    ("pandas", "StringDtype"),
];

/// Modules that pickles name to run code, reach the system, or reach other names.
const DANGEROUS: [&str; 41] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "_posixsubprocess",
    "sys",
    "runpy",
    "importlib",
    "imp",
    "pkgutil",
    "socket",
    "ssl",
    "asyncio",
    "multiprocessing",
    "threading",
    "_thread",
    "webbrowser",
    "pty",
    "ctypes",
    "_ctypes",
    "operator",
    "_operator",
    "commands",
    "code",
    "codeop",
    "types",
    "marshal",
    "pickle",
    "_pickle",
    "shutil",
    "tempfile",
    "urllib",
    "http",
    "requests",
    "pip",
    "platform",
    "pdb",
    "bdb",
    "timeit",
    "cProfile",
    "io",
];

/// What the rest is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Harmless,
    /// Somebody's own class, or one of a library that is not read.
    Foreign,
    Dangerous,
}

/// Which classes and functions a file may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    enabled: bool,
    allowed: Vec<String>,
}

impl Default for Audit {
    /// Refuses every file that names a class which the readers do not know to be data.
    fn default() -> Self {
        Self { enabled: true, allowed: Vec::new() }
    }
}

impl Audit {
    /// Also lets these pass: `package.module.Class`, or `package.*` for all below.
    ///
    /// Such objects are inert; a model whose prediction needs one is refused by its reader. Names
    /// that run code stay refused.
    #[must_use]
    pub fn allowing(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed.extend(names.into_iter().map(Into::into));
        self
    }

    /// Lets every file pass: it is read as data all the same.
    pub fn off() -> Self {
        Self { enabled: false, allowed: Vec::new() }
    }

    /// Checks all names of a graph.
    pub(crate) fn check(&self, store: &Store, root: ValueId) -> Result<(), FormatError> {
        let Some(found) = self.worst(store) else { return Ok(()) };
        let path = Paths::new(store, root).path(store, found.value).filter(|path| !path.is_empty());
        Err(found.error(path.map_or(Place::File, Place::Path)))
    }

    /// Checks the names of a graph whose end is missing: it is damaged in any case, so only what
    /// is dangerous counts.
    pub(crate) fn check_unfinished(&self, store: &Store) -> Result<(), FormatError> {
        match self.worst(store) {
            Some(found) if found.verdict == Verdict::Dangerous => Err(found.error(Place::File)),
            _ => Ok(()),
        }
    }

    /// Checks that nothing follows a pickle: who adds something there wants to hide it.
    pub(crate) fn check_end(&self, trailing: usize) -> Result<(), FormatError> {
        if trailing == 0 || !self.enabled {
            return Ok(());
        }
        let got = format!("{trailing} bytes after the end");
        Err(FormatError::damaged(Place::File, "one pickle", got))
    }

    fn worst<'s>(&self, store: &'s Store) -> Option<Found<'s>> {
        if !self.enabled {
            return None;
        }
        let mut foreign = None;
        for (value, name, offset) in store.named() {
            let verdict = self.verdict(name);
            let found = Found { verdict, value, name, offset };
            match verdict {
                Verdict::Harmless => {}
                Verdict::Dangerous => return Some(found),
                Verdict::Foreign => foreign = foreign.or(Some(found)),
            }
        }
        foreign
    }

    fn verdict(&self, name: ClassName<'_>) -> Verdict {
        let verdict = judge(name);
        if verdict == Verdict::Foreign && self.allowed.iter().any(|allowed| matches(allowed, name))
        {
            return Verdict::Harmless;
        }
        verdict
    }
}

/// Whether a pattern of the allow-list means this name.
fn matches(allowed: &str, name: ClassName<'_>) -> bool {
    if let Some(prefix) = allowed.strip_suffix(".*") {
        return name.module == prefix
            || name.module.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
    }
    allowed.rsplit_once('.') == Some((name.module, name.name))
}

fn judge(name: ClassName<'_>) -> Verdict {
    let ClassName { module, name: last } = name;
    if matches!(module, "builtins" | "__builtin__") {
        let old = module == "__builtin__" && OLD_BUILTINS.contains(&last);
        let raised = ["Error", "Warning", "Exception"].iter().any(|end| last.ends_with(end));
        let known = old || raised || BUILTINS.contains(&last);
        return if known { Verdict::Harmless } else { Verdict::Dangerous };
    }
    let package = name.package();
    if DANGEROUS.contains(&package) {
        // Alone in its module it only takes an item out of something.
        let itemgetter = matches!(module, "operator" | "_operator") && last == "itemgetter";
        return if itemgetter { Verdict::Foreign } else { Verdict::Dangerous };
    }
    let is_below = |known: &str| {
        module.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    // A dotted name reaches through its module into whatever that has imported: `joblib` has `os`.
    let plain = !last.contains('.');
    let known = PACKAGES.contains(&package)
        || MODULES.iter().any(|known| is_below(known))
        || NAMES.contains(&(module, last));
    match (known, plain) {
        (true, true) => Verdict::Harmless,
        (_, true) => Verdict::Foreign,
        (_, false) if last.split('.').any(|part| DANGEROUS.contains(&part)) => Verdict::Dangerous,
        (_, false) => Verdict::Foreign,
    }
}

struct Found<'s> {
    verdict: Verdict,
    value: ValueId,
    name: ClassName<'s>,
    offset: u64,
}

impl Found<'_> {
    fn error(&self, place: Place) -> FormatError {
        if self.verdict == Verdict::Dangerous {
            return FormatError::Dangerous {
                place,
                name: self.name.to_string(),
                offset: self.offset,
            };
        }
        let what = format!("class `{}` (byte {})", self.name, self.offset);
        FormatError::unsupported(place, what, way_out(self.name))
    }
}

/// What the owner of a model with a foreign class can do.
fn way_out(name: ClassName<'_>) -> &'static str {
    match name.package() {
        "torch" | "pytorch_lightning" => "export the network with `torch.onnx.export`",
        "keras" | "tensorflow" => "convert the network to ONNX with tf2onnx",
        "cloudpickle" => {
            "the file carries code of its own: convert the model to ONNX or use a custom component"
        }
        _ => "convert the model to ONNX or use a custom component",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(audit: &Audit, name: &str) -> Verdict {
        let (module, name) = name.split_once(':').unwrap();
        audit.verdict(ClassName { module, name })
    }

    #[test]
    fn names_are_told_apart() {
        let cases = [
            ("sklearn.svm._classes:SVC", Verdict::Harmless),
            ("sklearn_extra.robust:Model", Verdict::Foreign),
            ("numpy.core.multiarray:_reconstruct", Verdict::Harmless),
            ("scipy.sparse.csr:csr_matrix", Verdict::Harmless),
            ("scipy.sparsely:csr_matrix", Verdict::Foreign),
            ("builtins:slice", Verdict::Harmless),
            ("builtins:eval", Verdict::Dangerous),
            ("__builtin__:getattr", Verdict::Dangerous),
            ("__builtin__:unicode", Verdict::Harmless),
            ("builtins:unicode", Verdict::Dangerous),
            ("posix:system", Verdict::Dangerous),
            ("os.path:join", Verdict::Dangerous),
            ("builtins:FutureWarning", Verdict::Harmless),
            ("operator:attrgetter", Verdict::Dangerous),
            ("operator:itemgetter", Verdict::Foreign),
            ("__main__:Mine", Verdict::Foreign),
            ("joblib:os.system", Verdict::Dangerous),
            ("sklearn:x.y", Verdict::Foreign),
            ("functools:partial", Verdict::Harmless),
            ("functools:reduce", Verdict::Foreign),
            ("copy_reg:_reconstructor", Verdict::Harmless),
            ("_loss:CyHalfBinomialLoss", Verdict::Harmless),
        ];
        for (name, expected) in cases {
            assert_eq!(verdict(&Audit::default(), name), expected, "{name}");
        }
    }

    #[test]
    fn the_allow_list_lets_foreign_names_pass_but_none_that_run_code() {
        let audit =
            Audit::default().allowing(["my.pkg.Foo", "other.*", "posix.*", "builtins.eval"]);
        let cases = [
            ("my.pkg:Foo", Verdict::Harmless),
            ("my.pkg:Bar", Verdict::Foreign),
            ("other:A", Verdict::Harmless),
            ("other.deep:A", Verdict::Harmless),
            ("otherwise:A", Verdict::Foreign),
            ("posix:system", Verdict::Dangerous),
            ("builtins:eval", Verdict::Dangerous),
        ];
        for (name, expected) in cases {
            assert_eq!(verdict(&audit, name), expected, "{name}");
        }
    }
}
