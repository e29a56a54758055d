//! Walks over the elements of a value in another order: transposed, sliced, repeated.

use radiant_core::Error;

use super::column::Column;

/// Axes of a walk: an operator may split every axis of a value in two.
const AXES_MAX: usize = 32;

/// Places in a value: `start` plus, for each axis, a multiple of its step below its extent.
///
/// Axes that lie next to each other in memory become one, so that whatever is contiguous is copied
/// as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    extents: [usize; AXES_MAX],
    steps: [isize; AXES_MAX],
    n_axes: usize,
    start: usize,
    is_empty: bool,
}

impl Walk {
    /// A walk without axes: one element, at `start`.
    pub(super) fn from(start: usize) -> Self {
        Self { extents: [0; AXES_MAX], steps: [0; AXES_MAX], n_axes: 0, start, is_empty: false }
    }

    /// Adds an axis inside those there are.
    ///
    /// # Errors
    /// When there are too many, or several of one step together have too many places.
    pub(super) fn push(&mut self, extent: usize, step: isize) -> Result<(), Error> {
        self.is_empty |= extent == 0;
        if self.is_empty || extent == 1 {
            return Ok(());
        }
        if let Some(last) = self.n_axes.checked_sub(1)
            && isize::try_from(extent).ok().and_then(|n| n.checked_mul(step))
                == Some(self.steps[last])
        {
            let together = self.extents[last].checked_mul(extent).ok_or_else(too_large)?;
            (self.extents[last], self.steps[last]) = (together, step);
            return Ok(());
        }
        if self.n_axes == AXES_MAX {
            return Err(too_large());
        }
        self.extents[self.n_axes] = extent;
        self.steps[self.n_axes] = step;
        self.n_axes += 1;
        Ok(())
    }

    /// Appends the elements of `from` at these places, the innermost axis fastest.
    pub(super) fn append<C: Column>(&self, from: &C::Elements, to: &mut C) {
        if self.is_empty {
            return;
        }
        let Some(last) = self.n_axes.checked_sub(1) else {
            return to.append(from, self.start..self.start + 1);
        };
        let (n, step) = (self.extents[last], self.steps[last]);
        self.each_run(last, |start| match step {
            1 => to.append(from, start..start + n),
            0 => to.repeat(from, start, n),
            step => to.append_spaced(from, start, step, n),
        });
    }

    /// Tells where each run of the innermost axis begins.
    fn each_run(&self, n_outer: usize, mut run: impl FnMut(usize)) {
        let mut counts = [0; AXES_MAX];
        let mut start = self.start;
        'runs: loop {
            run(start);
            for axis in (0..n_outer).rev() {
                counts[axis] += 1;
                if counts[axis] < self.extents[axis] {
                    start = start.wrapping_add_signed(self.steps[axis]);
                    continue 'runs;
                }
                counts[axis] = 0;
                let back = self.extents[axis].cast_signed() - 1;
                start = start.wrapping_add_signed(-self.steps[axis] * back);
            }
            return;
        }
    }
}

#[cold]
fn too_large() -> Error {
    Error::model_failed(format!("expected at most {AXES_MAX} axes and extents that fit, got more"))
}

/// The steps between elements along each axis of a row-major value.
///
/// `out` has an entry an axis at least.
pub(super) fn row_major(dims: &[usize], out: &mut [isize]) {
    let mut step = 1_isize;
    for (axis, &extent) in dims.iter().enumerate().rev() {
        out[axis] = step;
        // A value's elements fit the address space unless it has none, and then nothing is walked.
        step = step.wrapping_mul(extent.cast_signed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: usize, axes: &[(usize, isize)], expected: &[i32], n_axes: usize) {
        let from: Vec<i32> = (0..24).collect();
        let mut walk = Walk::from(start);
        for &(extent, step) in axes {
            walk.push(extent, step).unwrap();
        }
        let mut to = Vec::new();
        walk.append::<Vec<i32>>(&from, &mut to);
        assert_eq!(to, expected);
        assert_eq!(walk.n_axes, n_axes);
    }

    #[test]
    fn a_walk_visits_what_its_axes_say() {
        check(5, &[], &[5], 0);
        check(0, &[(3, 1), (2, 3)], &[0, 3, 1, 4, 2, 5], 2);
        check(3, &[(4, -1)], &[3, 2, 1, 0], 1);
        check(1, &[(2, 0), (2, 1)], &[1, 2, 1, 2], 2);
        check(2, &[(3, 0)], &[2, 2, 2], 1);
        check(0, &[(3, 1), (0, 3), (2, 1)], &[], 1);
    }

    #[test]
    fn axes_that_lie_together_become_one() {
        check(0, &[(2, 6), (2, 3), (3, 1)], &(0..12).collect::<Vec<_>>(), 1);
        check(0, &[(2, 12), (2, 3), (1, 9), (2, 1)], &[0, 1, 3, 4, 12, 13, 15, 16], 3);
    }
}
