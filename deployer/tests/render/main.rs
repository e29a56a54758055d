//! Manifests: whole ones beside their configurations, the program that prints them, and the examples.

#[cfg(test)]
mod examples;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod program;
#[cfg(test)]
mod read;
