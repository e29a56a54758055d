//! Clients that ask in every protocol at once and hold each answer against its question.
//!
//! Each question has numbers in its rows that no other has, and each model that is asked here answers
//! with a number that tells the whole row. So an answer that belongs to another question, a second
//! one, or none at all is found, whatever the server did in between. How each question ended is
//! written down; what ends it may have is the test's to say.

pub(crate) mod answer;
pub(crate) mod connection;
mod conversation;
pub(crate) mod grpc;
pub(crate) mod process;
pub(crate) mod question;
pub(crate) mod rest;
pub(crate) mod running;
pub(crate) mod tally;
pub(crate) mod versions;
pub(crate) mod wire;

pub(crate) use question::{Question, Truth};
pub(crate) use running::{Load, Running};
pub(crate) use tally::Tally;
pub(crate) use wire::Wire;
