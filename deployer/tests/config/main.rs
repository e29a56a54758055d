//! Tests of the commands that need nothing but `radiant.yaml`, as a user meets them.

#[cfg(test)]
mod help;
#[cfg(test)]
mod init;
#[cfg(test)]
mod install;
#[cfg(test)]
mod program;
#[cfg(test)]
mod validate;
