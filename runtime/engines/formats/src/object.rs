//! The object graph that pickle, joblib and skops files give, and how readers look into it.
//!
//! A [`Graph`] owns the file's bytes and all values; a [`Node`] is one value as a reader sees it.
//! Nodes are small and copied freely. Every error names the attribute path of the value it is
//! about: `steps[1][1].coef_`.

mod class;
mod content;
mod node;
pub(crate) mod store;
pub(crate) mod value;
mod visit;
pub(crate) mod walk;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

pub use class::ClassName;
pub use content::{Content, Entries, Items};
pub use node::Node;
pub use visit::Visit;

use crate::detect::{Format, detect};
use crate::error::{FormatError, Place};
use crate::limits::Limits;
use crate::numpy::{self, DType};
use crate::pickle::Audit;
use crate::{joblib, skops};
use store::Store;
use value::ValueId;
use walk::Paths;

/// Reads a pickle, a file of joblib (compressed or not), or a file of skops: content decides.
///
/// Cost: one pass over the bytes, which the graph keeps; arrays stay where they are. Besides the
/// bytes, and those they unpack to, real files take a few percent more; hostile ones up to 128 bytes
/// for each of theirs.
///
/// # Errors
/// If the bytes are none of these, are larger than `limits` allow, or name what `audit` refuses;
/// models of other libraries are named in the error, with what can be done about them.
pub fn read(bytes: Vec<u8>, limits: &Limits, audit: &Audit) -> Result<Graph, FormatError> {
    let other = match detect(&bytes) {
        Some(Format::Skops) => return skops::read(bytes, limits, audit),
        Some(Format::Pickle | Format::Packed(_)) | None => {
            return joblib::read(bytes, limits, audit);
        }
        Some(Format::Refused(refused)) => return Err(refused.error()),
        Some(Format::MlflowArchive) => "an archive of an MLflow folder",
        Some(Format::Xgboost) => "a model of XGBoost",
        Some(Format::Lightgbm) => "a model of LightGBM",
        Some(Format::Catboost) => "a model of CatBoost",
        Some(Format::Onnx) => "a model in ONNX",
    };
    Err(FormatError::damaged(Place::File, "a pickle, or a file of joblib or skops", other))
}

/// Everything that a file holds, decoded and inert.
#[derive(Debug)]
pub struct Graph {
    store: Store,
    root: ValueId,
    /// Bytes after the end of the pickle.
    trailing: usize,
    dtypes: RefCell<HashMap<ValueId, Rc<DType>>>,
    /// Objects that a reader is inside of just now.
    open: RefCell<HashSet<ValueId>>,
    visits: Cell<u64>,
    spent: Cell<u64>,
    paths: OnceCell<Paths>,
}

impl Graph {
    pub(crate) fn new(
        store: Store,
        root: ValueId,
        trailing: usize,
        dtypes: HashMap<ValueId, Rc<DType>>,
    ) -> Self {
        Self {
            store,
            root,
            trailing,
            dtypes: RefCell::new(dtypes),
            open: RefCell::default(),
            visits: Cell::new(0),
            spent: Cell::new(0),
            paths: OnceCell::new(),
        }
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        Node::root_of(self)
    }

    /// The limits that the file was read under.
    pub fn limits(&self) -> &Limits {
        &self.store.limits
    }

    /// How many bytes follow the end of the pickle; an audited file has none.
    pub fn trailing_bytes(&self) -> usize {
        self.trailing
    }

    /// Every class and function that the file names, with the byte where it does so first.
    pub fn globals(&self) -> impl Iterator<Item = (ClassName<'_>, u64)> {
        self.store.globals().iter().map(|global| (ClassName::of(global), global.offset))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn root_id(&self) -> ValueId {
        self.root
    }

    fn paths(&self) -> &Paths {
        self.paths.get_or_init(|| Paths::new(&self.store, self.root))
    }

    fn dtype(&self, id: ValueId) -> Result<Rc<DType>, FormatError> {
        if let Some(dtype) = self.dtypes.borrow().get(&id) {
            return Ok(Rc::clone(dtype));
        }
        let dtype = Rc::new(numpy::dtype_of(&self.store, id)?);
        self.dtypes.borrow_mut().insert(id, Rc::clone(&dtype));
        Ok(dtype)
    }

    /// Takes `bytes` out of what may be read from this file.
    fn spend(&self, bytes: usize, place: impl FnOnce() -> Place) -> Result<(), FormatError> {
        let file = u64::try_from(self.store.bytes.len()).unwrap_or(u64::MAX);
        let ratio = self.store.limits.read_ratio_max;
        let limit = file.saturating_mul(ratio).saturating_add(Limits::READ_BYTES_FREE);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let spent = self.spent.get().saturating_add(bytes);
        if spent > limit {
            FormatError::check_limit(place(), "bytes of numbers read in all", limit, spent)?;
        }
        self.spent.set(spent);
        Ok(())
    }
}
