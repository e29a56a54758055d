//! Estimators by distance: nearest neighbours and centres, clusters, outliers.

mod centroid;
mod classify;
mod clusters;
mod density;
mod envelope;
mod factor;
mod halves;
mod metric;
mod nearest;
mod partition;
pub(crate) mod points;
mod radius;
mod regress;
mod search;
pub(crate) mod stored;
mod tree;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "KNeighborsClassifier" => classify::read,
        "KNeighborsRegressor" => regress::read,
        "RadiusNeighborsClassifier" => radius::read,
        "RadiusNeighborsRegressor" => regress::read_within,
        "NearestCentroid" => centroid::read,
        "KMeans" | "MiniBatchKMeans" => clusters::read,
        "BisectingKMeans" => clusters::read_bisecting,
        "AffinityPropagation" | "MeanShift" => clusters::read_centres,
        "Birch" => clusters::read_birch,
        "KernelDensity" => density::read,
        "LocalOutlierFactor" => factor::read,
        "EllipticEnvelope" => envelope::read,
        _ => return None,
    })
}
