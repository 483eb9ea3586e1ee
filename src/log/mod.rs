//! The conversation of a session, made into something: what the next agent is to read, and sessions from what other
//! agents recorded.
//!
//! Reading rows and events is the business of [`session`](crate::session), printing that of the programs.

pub mod context;
pub mod transcripts;
