//! Tests of `radiant-deploy build` as a user meets it.

#[cfg(test)]
mod credentials;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod process;
