//! Where the commas and closing brackets stand, found a block of bytes at a time.
//!
//! A reader that goes from number to number knows where the next one begins only after it has
//! looked at all digits of this one. With the ends known beforehand the processor works on several
//! numbers at once. Commas and brackets within strings are found as well: this is for texts in which
//! the reader expects numbers, and checks that it sees them.

/// The bytes that are looked at in one step.
pub(super) const BLOCK: usize = BLOCK_LEN as usize;
const BLOCK_LEN: u32 = 32;

/// How far one filling goes at most, so that little is looked at in vain behind the numbers.
const BLOCKS_MAX: usize = 128;

/// How many places are noted at most before they are used; the last block may add [`BLOCK`] more.
const PLACES: usize = 256;

/// The places of `,` and `]` in a text from some offset on, in order.
#[derive(Debug)]
pub(super) struct Separators<'a> {
    /// What is not looked at yet.
    rest: &'a [u8],
    /// The offset of `rest`.
    offset: usize,
    /// The places that were found, relative to `base`. The last [`BLOCK`] places are only written.
    places: [u32; PLACES + 2 * BLOCK],
    base: usize,
    n_places: usize,
    n_taken: usize,
}

impl<'a> Separators<'a> {
    /// The separators from `offset` on.
    pub(super) fn new(bytes: &'a [u8], offset: usize) -> Self {
        let rest = bytes.get(offset..).unwrap_or_default();
        Self { rest, offset, places: [0; _], base: offset, n_places: 0, n_taken: 0 }
    }

    /// The places that are known and not yet taken, and what they are relative to.
    #[inline]
    pub(super) fn known(&self) -> (&[u32], usize) {
        (self.places.get(self.n_taken..self.n_places).unwrap_or_default(), self.base)
    }

    /// Passes the next `count` places, which are known.
    #[inline]
    pub(super) fn take(&mut self, count: usize) {
        self.n_taken = self.n_taken.wrapping_add(count);
    }

    /// Passes the known places before `offset`; tells whether one at or behind it is known.
    #[inline]
    pub(super) fn seek(&mut self, offset: usize) -> bool {
        let (known, base) = self.known();
        let before = |place: &&u32| base.wrapping_add(**place as usize) < offset;
        let passed = known.iter().take_while(before).count();
        self.take(passed);
        self.n_taken < self.n_places
    }

    /// Looks for more places, when none is known; tells whether there are any.
    #[inline(never)]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn fill(&mut self) -> bool {
        (self.n_taken, self.n_places) = (0, 0);
        while self.n_places == 0 && !self.rest.is_empty() {
            self.base = self.offset;
            self.fill_some();
        }
        self.n_places > 0
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn fill_some(&mut self) {
        let mut relative = 0_u32;
        for _ in 0..BLOCKS_MAX {
            if self.n_places >= PLACES {
                break;
            }
            let Some((block, rest)) = self.rest.split_first_chunk::<BLOCK>() else {
                relative = self.fill_last(relative);
                break;
            };
            self.rest = rest;
            self.note(super::separators(block), relative);
            relative = relative.wrapping_add(BLOCK_LEN);
        }
        self.offset = self.offset.wrapping_add(relative as usize);
    }

    /// Looks at what is less than a block.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn fill_last(&mut self, relative: u32) -> u32 {
        let mut block = [0; BLOCK];
        for (to, from) in block.iter_mut().zip(self.rest) {
            *to = *from;
        }
        self.rest = &[];
        self.note(super::separators(&block), relative);
        relative.wrapping_add(BLOCK_LEN)
    }

    /// Notes the places of the bits of `mask`. They are written four at a time, however many there
    /// are: a loop that ends after the last one would be mispredicted at each block.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn note(&mut self, mut mask: u32, relative: u32) {
        let mut at = self.n_places;
        self.n_places = at.wrapping_add(mask.count_ones() as usize);
        while at < self.n_places {
            let Some(places) = self.places.get_mut(at..) else { return };
            let Some(places) = places.first_chunk_mut::<4>() else { return };
            for place in places {
                *place = relative.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
            at = at.wrapping_add(4);
        }
    }
}
