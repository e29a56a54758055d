//! All series of the process, by name and labels.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use metrics::{Counter, Gauge, Histogram};

use super::histogram::Buckets;
use super::metric::{Metric, Unit};
use super::statistics::Statistics;

/// The most series that components may create: beyond it their values are counted as dropped, so
/// that a tag with a different value in each request cannot fill the memory.
pub const SERIES_MAX: usize = 10_000;

/// Label names and values, sorted by name.
pub(crate) type Labels = Vec<(String, String)>;

/// The series of one process.
///
/// Registering takes a lock; recording through a handle does not.
#[derive(Debug, Default)]
pub struct Registry {
    families: RwLock<BTreeMap<String, Series>>,
    n_component_series: AtomicUsize,
}

/// The series of one name.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) help: &'static str,
    pub(crate) unit: Unit,
    pub(crate) cells: BTreeMap<Labels, Cell>,
}

/// Where one series keeps its value.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Count(Arc<AtomicU64>),
    // An f64's bits: a level, or a sum that can hold fractions.
    Number(Arc<AtomicU64>),
    Buckets(Arc<Buckets>),
    // A level that its owner counts anyway.
    Live(Arc<AtomicUsize>),
    // The runs of a model by their rows, which its statistics count anyway.
    Runs(Arc<Statistics>, &'static [f64]),
}

impl Cell {
    fn new(unit: Unit) -> Self {
        match unit {
            Unit::Count => Self::Count(Arc::default()),
            Unit::Sum | Unit::Level => Self::Number(Arc::new(AtomicU64::new(0.0_f64.to_bits()))),
            Unit::Seconds(bounds) | Unit::Rows(bounds) => {
                Self::Buckets(Arc::new(Buckets::new(bounds)))
            }
        }
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The handle of a counting series; values of labels stand in the order of the family's names.
    ///
    /// # Panics
    /// When the metric is not a [`Unit::Count`], or the number of labels differs.
    pub fn counter(&self, metric: Metric, labels: &[&str]) -> Counter {
        match self.cell(metric, labels) {
            Cell::Count(cell) => Counter::from_arc(cell),
            cell => panic!("{metric:?} is no counter but {cell:?}"),
        }
    }

    /// The handle of a level or a sum; values of labels stand in the order of the family's names.
    ///
    /// # Panics
    /// When the metric is neither, or the number of labels differs.
    pub fn gauge(&self, metric: Metric, labels: &[&str]) -> Gauge {
        match self.cell(metric, labels) {
            Cell::Number(cell) => Gauge::from_arc(cell),
            cell => panic!("{metric:?} is no gauge but {cell:?}"),
        }
    }

    /// The handle of a histogram; values of labels stand in the order of the family's names.
    ///
    /// # Panics
    /// When the metric is not a histogram, or the number of labels differs.
    pub fn histogram(&self, metric: Metric, labels: &[&str]) -> Histogram {
        Histogram::from_arc(self.buckets(metric, labels))
    }

    /// The buckets of a histogram, for those who also read them.
    ///
    /// # Panics
    /// As [`histogram`](Self::histogram).
    pub(crate) fn buckets(&self, metric: Metric, labels: &[&str]) -> Arc<Buckets> {
        match self.cell(metric, labels) {
            Cell::Buckets(cell) => cell,
            cell => panic!("{metric:?} is no histogram but {cell:?}"),
        }
    }

    /// Exposes a level that its owner counts anyway, so that it need not be counted twice.
    ///
    /// # Panics
    /// When the metric is not a [`Unit::Level`], or the number of labels differs.
    pub(crate) fn expose(&self, metric: Metric, values: &[&str], level: &Arc<AtomicUsize>) {
        assert!(metric.family().unit == Unit::Level, "{metric:?} is no level");
        let live = Cell::Live(Arc::clone(level));
        Self::series(&mut self.write(), metric).cells.insert(labels(metric, values), live);
    }

    /// Exposes the runs of a model by their rows, so that they need not be counted twice.
    ///
    /// # Panics
    /// When the metric is not a [`Unit::Rows`], or the number of labels differs.
    pub(crate) fn expose_runs(
        &self,
        metric: Metric,
        values: &[&str],
        statistics: &Arc<Statistics>,
    ) {
        let Unit::Rows(bounds) = metric.family().unit else { panic!("{metric:?} has no rows") };
        let runs = Cell::Runs(Arc::clone(statistics), bounds);
        Self::series(&mut self.write(), metric).cells.insert(labels(metric, values), runs);
    }

    /// Takes out what was recorded of a model that is gone, so that versions that come and go do not
    /// add up. Handles of it record into nothing from then on.
    pub(crate) fn forget_model(&self, model: &str, version: &str) {
        let has = |labels: &Labels, name: &str, value: &str| {
            labels.iter().any(|(n, v)| n == name && v == value)
        };
        for metric in Metric::ALL.map(Metric::family).iter().filter(|f| f.labels.contains(&"model"))
        {
            if let Some(series) = self.write().get_mut(metric.name) {
                series.cells.retain(|labels, _| {
                    !(has(labels, "model", model) && has(labels, "version", version))
                });
            }
        }
    }

    fn cell(&self, metric: Metric, values: &[&str]) -> Cell {
        let unit = metric.family().unit;
        let mut families = self.write();
        let series = Self::series(&mut families, metric);
        series.cells.entry(labels(metric, values)).or_insert_with(|| Cell::new(unit)).clone()
    }

    fn series(families: &mut BTreeMap<String, Series>, metric: Metric) -> &mut Series {
        let family = metric.family();
        families.entry(family.name.to_owned()).or_insert_with(|| Series {
            help: family.help,
            unit: family.unit,
            cells: BTreeMap::new(),
        })
    }

    /// The cell of a component's own series, made on first use. `None` when there are
    /// [`SERIES_MAX`] of them, or when the name is taken by a series of another unit.
    pub(crate) fn component_cell(&self, name: &str, unit: Unit, labels: &Labels) -> Option<Cell> {
        if let Some(series) = self.read().get(name) {
            if series.unit != unit {
                return None;
            }
            if let Some(cell) = series.cells.get(labels) {
                return Some(cell.clone());
            }
        }
        if self.n_component_series.fetch_add(1, Ordering::Relaxed) >= SERIES_MAX {
            self.n_component_series.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let mut families = self.write();
        let series = families.entry(name.to_owned()).or_insert_with(|| Series {
            help: "",
            unit,
            cells: BTreeMap::new(),
        });
        let matches = series.unit == unit;
        matches
            .then(|| series.cells.entry(labels.clone()).or_insert_with(|| Cell::new(unit)).clone())
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Series>> {
        // A panic while the lock was held left whole entries behind: they stay readable.
        self.families.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Series>> {
        self.families.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn labels(metric: Metric, values: &[&str]) -> Labels {
    let names = metric.family().labels;
    assert_eq!(names.len(), values.len(), "labels of {metric:?}");
    let mut labels: Labels =
        names.iter().zip(values).map(|(n, v)| ((*n).into(), (*v).into())).collect();
    labels.sort_unstable();
    labels
}

/// A part of a gauge, given back when dropped, so that an early return cannot leak it.
#[derive(Debug)]
pub(crate) struct GaugeGuard {
    gauge: Gauge,
    amount: f64,
}

impl GaugeGuard {
    /// Adds one to `gauge` until dropped.
    pub(crate) fn enter(gauge: &Gauge) -> Self {
        Self::hold(gauge, 1)
    }

    /// Adds `amount` to `gauge` until dropped.
    pub(crate) fn hold(gauge: &Gauge, amount: usize) -> Self {
        let amount = amount as f64;
        gauge.increment(amount);
        Self { gauge: gauge.clone(), amount }
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.gauge.decrement(self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_labels_are_the_same_series() {
        let registry = Registry::new();
        registry.counter(Metric::Panics, &["iris", "1"]).increment(1);
        registry.counter(Metric::Panics, &["iris", "1"]).increment(2);
        assert!(
            registry.render().contains("radiant_panics_total{model=\"iris\",version=\"1\"} 3.0")
        );
    }

    #[test]
    fn a_components_series_are_bounded_in_number() {
        let registry = Registry::new();
        let labels = |n: usize| vec![("n".to_owned(), n.to_string())];
        for n in 0..SERIES_MAX {
            assert!(registry.component_cell("own", Unit::Level, &labels(n)).is_some());
        }
        assert!(registry.component_cell("own", Unit::Level, &labels(SERIES_MAX)).is_none());
        assert!(registry.component_cell("own", Unit::Level, &labels(0)).is_some());
    }
}
