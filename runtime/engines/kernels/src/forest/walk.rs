//! Ways down trees of inequalities, many side by side.
//!
//! One way is a chain of loads, each waiting for the one before; ways that do not depend on each
//! other hide that. Rows go down a tree together; a row that is alone goes down many trees.
#![expect(unsafe_code, reason = "indices that were checked once need no check at every step")]

use std::array;

use super::Rows;
use super::layout::{Layout, NanWay};
use super::number::Feature;
use super::order::Tree;
use super::votes::Tally;

/// Rows that go down a tree together.
const N_ROWS: usize = 16;
/// The same for what is left over; fewer rows go one by one.
const N_ROWS_FEW: usize = 8;
/// Trees that a row goes down at once.
const N_TREES: usize = 16;
/// Rows that go down all trees before the next do: many, so that a large tree is fetched for all of
/// them, ...
const BLOCK_ROWS_MAX: usize = 1024;
/// ... but with few enough features to stay in cache.
const BLOCK_FEATURES_MAX: usize = 1 << 16;
/// Steps between two looks at whether all ways have ended.
const STRIDE: u32 = 8;

/// How a step compares.
trait Branch<X>: Copy {
    /// 1 to go to the right child of the slot at `at`, else 0; always 0 where the threshold is no
    /// number, which is a leaf.
    fn right(self, x: X, threshold: X, at: u32) -> u32;
}

/// Values from the threshold on go right; what is no number stays left.
#[derive(Clone, Copy)]
struct GreatRight;

impl<X: Feature> Branch<X> for GreatRight {
    #[inline(always)]
    fn right(self, x: X, threshold: X, _at: u32) -> u32 {
        u32::from(x >= threshold)
    }
}

/// Values up to the threshold go right; what is no number stays left.
#[derive(Clone, Copy)]
struct SmallRight;

impl<X: Feature> Branch<X> for SmallRight {
    #[inline(always)]
    fn right(self, x: X, threshold: X, _at: u32) -> u32 {
        u32::from(x <= threshold)
    }
}

/// Values from the threshold on go right, and so does what is no number where the slot says so.
#[derive(Clone, Copy)]
struct Asked<'a>(&'a [bool]);

impl<X: Feature> Branch<X> for Asked<'_> {
    #[inline(always)]
    fn right(self, x: X, threshold: X, at: u32) -> u32 {
        u32::from(x >= threshold) | u32::from(x.is_nan() && self.0[at as usize])
    }
}

impl<X: Feature> Layout<X> {
    /// Sends rows, which have a column for each feature, down all trees.
    pub(super) fn walk(&self, rows: Rows<'_, X>, tally: &mut impl Tally) {
        let Rows { values, n_columns } = rows;
        let n_rows = (BLOCK_FEATURES_MAX / n_columns).clamp(N_ROWS, BLOCK_ROWS_MAX);
        for (values, first) in values.chunks(n_rows * n_columns).zip((0..).step_by(n_rows)) {
            let block = Rows { values, n_columns };
            match &self.nan_way {
                NanWay::Great => self.block(SmallRight, block, first, tally),
                NanWay::Each(ways) if values.iter().any(|x| x.is_nan()) => {
                    self.block(Asked(ways), block, first, tally);
                }
                NanWay::Small | NanWay::Each(_) => self.block(GreatRight, block, first, tally),
            }
        }
    }

    /// Sends a block of rows, whose numbers start at `first`, down all trees.
    fn block(
        &self,
        branch: impl Branch<X>,
        rows: Rows<'_, X>,
        first: usize,
        tally: &mut impl Tally,
    ) {
        let n_rows = rows.n_rows();
        let n_full = n_rows - n_rows % N_ROWS;
        let n_together = n_full + (n_rows - n_full) / N_ROWS_FEW * N_ROWS_FEW;
        for (number, &tree) in self.trees.iter().enumerate() {
            for row in (0..n_full).step_by(N_ROWS) {
                let ends = self.rows::<N_ROWS>(branch, tree, rows, row);
                for (lane, end) in ends.into_iter().enumerate() {
                    tally.add(first + row + lane, number, end);
                }
            }
            for row in (n_full..n_together).step_by(N_ROWS_FEW) {
                let ends = self.rows::<N_ROWS_FEW>(branch, tree, rows, row);
                for (lane, end) in ends.into_iter().enumerate() {
                    tally.add(first + row + lane, number, end);
                }
            }
        }
        for (row, number) in rows.iter().skip(n_together).zip(first + n_together..) {
            self.row(branch, row, number, tally);
        }
    }

    /// Where `N` rows, from the one at `first` on, end in a tree.
    #[inline(always)]
    fn rows<const N: usize>(
        &self,
        branch: impl Branch<X>,
        tree: Tree,
        rows: Rows<'_, X>,
        first: usize,
    ) -> [u32; N] {
        let rows: [&[X]; N] =
            array::from_fn(|row| &rows.values[(first + row) * rows.n_columns..][..self.n_features]);
        let mut at = [tree.root; N];
        descend(&mut at, tree.depth, |lane, at| {
            // SAFETY: `at` came from the root of a tree by such steps, and the row has a value for
            // each of the forest's features.
            unsafe { self.step(branch, rows[lane], at) }
        });
        at
    }

    /// Sends one row, which has a value for each feature, down all trees.
    fn row(&self, branch: impl Branch<X>, row: &[X], number: usize, tally: &mut impl Tally) {
        let row = &row[..self.n_features];
        let step = |_lane, at| {
            // SAFETY: as in `rows`.
            unsafe { self.step(branch, row, at) }
        };
        let (groups, rest) = self.trees.as_chunks::<N_TREES>();
        for (group, trees) in groups.iter().enumerate() {
            let mut at = trees.map(|tree| tree.root);
            let depth = trees.iter().fold(0, |depth, tree| depth.max(tree.depth));
            descend(&mut at, depth, step);
            for (lane, end) in at.into_iter().enumerate() {
                tally.add(number, group * N_TREES + lane, end);
            }
        }
        for (tree, number_of_tree) in rest.iter().zip(groups.len() * N_TREES..) {
            let mut at = [tree.root];
            descend(&mut at, tree.depth, step);
            tally.add(number, number_of_tree, at[0]);
        }
    }

    /// The slot that comes after the one at `at`: one of its children, or itself if it is a leaf.
    ///
    /// Checking both indices costs a third of the speed of many rows.
    ///
    /// # Safety
    /// `at` is the root of a tree of this layout, or came from one by such steps: then it is a slot
    /// (`Order::left`). `row` has a value for each feature of the forest.
    #[inline(always)]
    unsafe fn step(&self, branch: impl Branch<X>, row: &[X], at: u32) -> u32 {
        // SAFETY: `at` is a slot.
        let slot = unsafe { self.slots.get_unchecked(at as usize) };
        // SAFETY: a slot's feature is one of the forest's: `Forest::new` has checked it, and that
        // there is a feature 0, which leaves have.
        let x = unsafe { *row.get_unchecked(slot.feature as usize) };
        slot.left + branch.right(x, slot.threshold, at)
    }
}

/// Takes so many steps in every lane, or fewer if all have come to an end.
#[inline(always)]
fn descend<const N: usize>(at: &mut [u32; N], depth: u32, step: impl Fn(usize, u32) -> u32) {
    let step_all = |at: &mut [u32; N]| {
        for (lane, at) in at.iter_mut().enumerate() {
            *at = step(lane, *at);
        }
    };
    let mut left = depth;
    while left > 2 * STRIDE {
        (1..STRIDE).for_each(|_| step_all(at));
        let before = *at;
        step_all(at);
        if *at == before {
            return;
        }
        left -= STRIDE;
    }
    (0..left).for_each(|_| step_all(at));
}
