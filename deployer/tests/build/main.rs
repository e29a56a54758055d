//! Tests of `radiant-deploy build` as a user meets it.

#[cfg(test)]
mod process;
