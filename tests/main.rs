//! Stories with real git, one file per program or part, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apply;
mod apply_config;
mod apply_conflicts;
mod apply_dialects;
mod apply_hostile;
mod apply_integrity;
mod apply_undo;
mod audit;
mod bundle;
mod capture;
mod capture_hidden;
mod checkout;
mod diff;
mod documents;
mod exact;
mod export;
mod generated;
mod import;
mod index_file;
mod install;
mod interrupts;
mod layers;
mod list;
mod mbox;
mod objects;
mod programs;
mod refusals;
mod round_trip;
mod round_trip_attributes;
mod round_trip_begin;
mod round_trip_config;
mod round_trip_content;
mod round_trip_history;
mod round_trip_index;
mod round_trip_large;
mod round_trip_messages;
mod round_trip_modes;
mod round_trip_names;
mod round_trip_places;
mod sandbox;
mod show;
mod store;
mod trip;
mod verify;
