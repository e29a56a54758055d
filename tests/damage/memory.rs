//! The system's allocator, with the most that each thread held at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The most memory that a file of so many bytes may take until it is refused or has been run: what
/// small ones may unpack to, and a multiple of the bytes that are there.
pub(crate) fn bound(n_bytes: usize) -> usize {
    const FREE: usize = 320 << 20;
    const MULTIPLE: usize = 1024;
    FREE + MULTIPLE * n_bytes
}

/// What `run` gives, and the most memory that this thread held meanwhile besides what it held before.
pub(crate) fn peak_of<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = run();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

struct Counting;

impl Counting {
    fn count(size: usize, sign: isize) {
        let size = isize::try_from(size).unwrap_or(isize::MAX);
        // A thread that is ending has no counter any more.
        let held = HELD.try_with(|held| {
            held.set(held.get().wrapping_add(sign * size));
            held.get()
        });
        if let Ok(held) = held {
            let _ending = PEAK.try_with(|peak| peak.set(peak.get().max(held)));
        }
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every method hands its arguments on to the system's allocator as they came; counting
// neither allocates nor unwinds, as the counters are constants without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 1);
        // SAFETY: the caller keeps the trait's contract, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 1);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::count(layout.size(), -1);
        Self::count(new_size, 1);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        Self::count(layout.size(), -1);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}
