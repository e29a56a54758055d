//! `radiant-deploy` as a process against an API server that answers what a test says.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod releases;
#[cfg(test)]
mod server;
#[cfg(test)]
mod state;
#[cfg(test)]
mod tunnel;
#[cfg(test)]
mod waits;
#[cfg(test)]
mod websocket;
