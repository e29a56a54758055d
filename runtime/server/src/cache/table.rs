//! The answers, each in a place that is swapped as a whole: no lock, and nothing that readers of the
//! same answer write to.
//!
//! A key is in one of the few places of its set, which its hash names. When there are too many bytes a
//! hand goes round all places and takes out what was not asked for since it came by last (CLOCK, Corbató
//! 1968: close to the least recently used, and a hit stores at most one flag).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use radiant_core::{Tensor, TensorData};

/// The places of a set: pointers that fill a line of the processor's cache.
const WAYS: usize = 8;
type Place = ArcSwapOption<Entry>;

/// A place for so many bytes: small answers have a few hundred.
const BYTES_A_PLACE: usize = 512;
/// Bounds a turn of the hand, and the time that a model's answers take to be looked for.
const SETS_MAX: usize = 1 << 17;
/// What an allocator takes beside what it gives.
const ALLOCATION: usize = 16;

/// An answer with its question.
#[derive(Debug)]
pub(super) struct Entry {
    hash: u64,
    model: u64,
    key: Box<[u8]>,
    outputs: Vec<Tensor>,
    n_bytes: usize,
    /// Whether it was asked for since the hand came by.
    is_used: AtomicBool,
}

impl Entry {
    /// The memory that such an entry takes, its own bookkeeping included.
    pub(super) fn n_bytes(key: &[u8], outputs: &[Tensor]) -> usize {
        let own = size_of::<Self>() + 2 * size_of::<usize>() + 3 * ALLOCATION;
        outputs.iter().map(tensor_bytes).fold(own + key.len(), usize::saturating_add)
    }

    pub(super) fn new(hash: u64, model: u64, key: &[u8], outputs: &[Tensor]) -> Self {
        let n_bytes = Self::n_bytes(key, outputs);
        let (key, outputs) = (key.into(), outputs.to_vec());
        Self { hash, model, key, outputs, n_bytes, is_used: AtomicBool::new(false) }
    }

    fn answers(&self, hash: u64, key: &[u8]) -> bool {
        self.hash == hash && *self.key == *key
    }
}

fn tensor_bytes(tensor: &Tensor) -> usize {
    let data = match &tensor.data {
        TensorData::Bytes(texts) => texts.n_bytes() + texts.len() * (size_of::<usize>() + 1),
        numbers => numbers.len() * numbers.dtype().size().unwrap_or(0),
    };
    // More axes than a shape keeps within itself are a few words elsewhere.
    let shape = tensor.shape.rank() * size_of::<usize>();
    size_of::<Tensor>() + tensor.name.len() + shape + data + 3 * ALLOCATION
}

/// Answers by their questions, within a number of bytes.
#[derive(Debug)]
pub(super) struct Table {
    sets: Box<[[Place; WAYS]]>,
    hand: AtomicUsize,
    n_bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

impl Table {
    /// An empty table that takes at most so many bytes, its places among them.
    pub(super) fn new(bytes_max: usize) -> Self {
        let n_sets = (bytes_max / BYTES_A_PLACE / WAYS).clamp(1, SETS_MAX);
        // A power of two, at most the number above.
        let n_sets = 1_usize << n_sets.ilog2();
        let sets: Box<[[Place; WAYS]]> = (0..n_sets).map(|_| Default::default()).collect();
        let n_bytes = Arc::new(AtomicUsize::new(size_of_val(&*sets)));
        Self { sets, hand: AtomicUsize::new(0), n_bytes, bytes_max }
    }

    /// How many bytes it takes now.
    pub(super) fn n_bytes(&self) -> &Arc<AtomicUsize> {
        &self.n_bytes
    }

    /// Calls `use_it` with the answer to a question, if it is here.
    pub(super) fn find<T>(
        &self,
        hash: u64,
        key: &[u8],
        use_it: impl FnOnce(&[Tensor]) -> T,
    ) -> Option<T> {
        for place in self.set(hash) {
            let found = place.load();
            if let Some(entry) = found.as_ref().filter(|entry| entry.answers(hash, key)) {
                // One that many ask for is marked already, and then nobody writes.
                if !entry.is_used.load(Ordering::Relaxed) {
                    entry.is_used.store(true, Ordering::Relaxed);
                }
                return Some(use_it(&entry.outputs));
            }
        }
        None
    }

    /// Makes room for an answer and puts what `entry` gives in its place; tells how many others had to
    /// go, and whether it is here now.
    pub(super) fn put(&self, n_bytes: usize, entry: impl FnOnce() -> Entry) -> (usize, bool) {
        // The bytes are taken before they are used, so that the sum is never above the bound for long,
        // and what is in memory never is.
        self.n_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        let (mut n_evicted, has_room) = self.make_room();
        if !has_room {
            self.n_bytes.fetch_sub(n_bytes, Ordering::Relaxed);
            return (n_evicted, false);
        }
        let entry = entry();
        debug_assert_eq!(entry.n_bytes, n_bytes, "an entry is as large as was said");
        if let Some(place) = self.place_for(&entry) {
            let (hash, key) = (entry.hash, entry.key.clone());
            let old = place.swap(Some(Arc::new(entry)));
            let is_same = old.as_ref().is_some_and(|old| old.answers(hash, &key));
            n_evicted += usize::from(old.is_some() && !is_same);
            self.release(old.as_deref());
        }
        (n_evicted, true)
    }

    /// Takes out all answers of a model.
    pub(super) fn forget(&self, model: u64) {
        for place in self.sets.as_flattened() {
            let found = place.load();
            if found.as_ref().is_some_and(|entry| entry.model == model) {
                // Whoever swapped it meanwhile has released it.
                let old = place.compare_and_swap(&found, None);
                let is_ours = match (&*old, &*found) {
                    (Some(old), Some(found)) => Arc::ptr_eq(old, found),
                    _ => false,
                };
                self.release(old.as_deref().filter(|_| is_ours));
            }
        }
    }

    /// Moves the hand on until the bytes that are taken fit; false when it has been round twice.
    fn make_room(&self) -> (usize, bool) {
        let places = self.sets.as_flattened();
        let mut n_evicted = 0;
        for _ in 0..2 * places.len() {
            if self.n_bytes.load(Ordering::Relaxed) <= self.bytes_max {
                return (n_evicted, true);
            }
            let at = self.hand.fetch_add(1, Ordering::Relaxed) % places.len();
            let Some(place) = places.get(at) else { continue };
            let is_spared = match &*place.load() {
                Some(entry) => entry.is_used.swap(false, Ordering::Relaxed),
                None => true,
            };
            if !is_spared {
                let old = place.swap(None);
                n_evicted += usize::from(old.is_some());
                self.release(old.as_deref());
            }
        }
        (n_evicted, self.n_bytes.load(Ordering::Relaxed) <= self.bytes_max)
    }

    /// Where an entry goes: where its key is, into an empty place, in place of one that was not asked
    /// for lately, or of any.
    fn place_for(&self, entry: &Entry) -> Option<&Place> {
        let set = self.set(entry.hash);
        let rank = |place: &Place| match &*place.load() {
            Some(old) if old.answers(entry.hash, &entry.key) => 0,
            None => 1,
            Some(old) => 2 + u8::from(old.is_used.swap(false, Ordering::Relaxed)),
        };
        set.iter().min_by_key(|place| rank(place))
    }

    fn release(&self, old: Option<&Entry>) {
        if let Some(old) = old {
            self.n_bytes.fetch_sub(old.n_bytes, Ordering::Relaxed);
        }
    }

    fn set(&self, hash: u64) -> &[Place] {
        // The number of sets is a power of two, and none is larger than a hash.
        let at = usize::try_from(hash & (self.sets.len() as u64 - 1)).unwrap_or(0);
        self.sets.get(at).map_or(&[], |set| set.as_slice())
    }
}
