//! Stories with real git, one file per program or part, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apply;
mod audit;
mod documents;
mod generated;
mod install;
mod layers;
mod mbox;
mod refusals;
mod sandbox;
mod store;
mod trip;
