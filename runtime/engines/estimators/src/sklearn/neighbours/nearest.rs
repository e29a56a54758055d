//! The nearest few of many points.

/// How many points are looked at together.
const LOOK: usize = 16;

/// How far a point is, or how much it counts, and its place.
pub(super) type Near = (f64, usize);

/// The nearest points met so far, the farthest of them on top.
///
/// Of equally far points those stay that came first. Which of several equally far points makes room
/// for a nearer one follows from the order in this heap, which is that of scikit-learn.
#[derive(Debug, Clone)]
pub(super) struct Nearest {
    // Invariant: both have the same length, at least one.
    distances: Vec<f64>,
    points: Vec<usize>,
}

impl Nearest {
    /// Room for so many points, at least one.
    pub(super) fn new(n_neighbours: usize) -> Self {
        let n = n_neighbours.max(1);
        Self { distances: vec![f64::INFINITY; n], points: vec![0; n] }
    }

    pub(super) fn clear(&mut self) {
        self.distances.fill(f64::INFINITY);
        self.points.fill(0);
    }

    /// How far the farthest is.
    pub(super) fn farthest(&self) -> f64 {
        self.distances[0]
    }

    /// Takes a point in if it is nearer than the farthest.
    pub(super) fn push(&mut self, distance: f64, point: usize) {
        if distance < self.farthest() {
            self.replace_farthest(distance, point);
        }
    }

    /// Takes in points side by side, the first of which is `start`.
    pub(super) fn push_all(&mut self, start: usize, distances: &[f64]) {
        let mut farthest = self.farthest();
        for (block, distances) in distances.chunks(LOOK).enumerate() {
            // Blocks of which all points are far are the rule, and quickly told.
            let is_near = |any, distance: &f64| any | u8::from(*distance < farthest);
            if distances.iter().fold(0, is_near) == 0 {
                continue;
            }
            for (at, distance) in distances.iter().enumerate() {
                if *distance < farthest {
                    self.replace_farthest(*distance, start + block * LOOK + at);
                    farthest = self.farthest();
                }
            }
        }
    }

    fn replace_farthest(&mut self, distance: f64, point: usize) {
        let n = self.distances.len();
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= n {
                break;
            }
            let farther = if right >= n || self.distances[left] >= self.distances[right] {
                left
            } else {
                right
            };
            if self.distances[farther] <= distance {
                break;
            }
            self.distances[at] = self.distances[farther];
            self.points[at] = self.points[farther];
            at = farther;
        }
        self.distances[at] = distance;
        self.points[at] = point;
    }

    /// Tells the distances and places of the points, nearest first.
    pub(super) fn tell(&self, found: &mut Vec<Near>, tell: &mut impl FnMut(&mut [Near])) {
        found.clear();
        found.extend(self.distances.iter().copied().zip(self.points.iter().copied()));
        found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        tell(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stay_and_of_equals_the_first() {
        let mut nearest = Nearest::new(3);
        for (point, distance) in [5.0, 1.0, 4.0, 1.0, 9.0, 4.0, 0.5].into_iter().enumerate() {
            nearest.push(distance, point);
        }
        let mut told = Vec::new();
        nearest.tell(&mut Vec::new(), &mut |found: &mut [Near]| told = found.to_vec());
        told[1..].sort_by_key(|(_, point)| *point);
        assert_eq!(told, [(0.5, 6), (1.0, 1), (1.0, 3)]);
        nearest.clear();
        nearest.push(f64::NAN, 1);
        assert_eq!(nearest.farthest(), f64::INFINITY);
    }
}
