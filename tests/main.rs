//! Stories with real git, one file per program or part, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apply;
mod apply_config;
mod apply_undo;
mod audit;
mod capture;
mod diff;
mod documents;
mod export;
mod generated;
mod import;
mod install;
mod layers;
mod list;
mod mbox;
mod programs;
mod refusals;
mod sandbox;
mod show;
mod store;
mod trip;
