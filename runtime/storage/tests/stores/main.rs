//! Models are fetched from real stores, and from stores that break: one suite over all of them.
//!
//! Stores run on this machine, on ports of the system's choice: `s3s-fs` (S3 with signatures checked,
//! and, without keys, what Google Cloud Storage answers), `azurite` (Azure), `docker-registry` (OCI),
//! and a web server of these tests. A proxy before them breaks requests by rule and counts what it
//! passes on. Where a program is not in `PATH`, its tests say how to get it and pass; with
//! `RADIANT_TEST_STORES` set they fail, so that `.ci/run` leaves none out.

// The macro is known in what follows.
#[cfg(test)]
#[macro_use]
mod every;

#[cfg(test)]
mod files;
#[cfg(test)]
mod http;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod user;

#[cfg(test)]
mod buckets;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod sites;
#[cfg(test)]
mod suite;
