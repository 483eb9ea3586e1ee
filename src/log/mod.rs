//! The log of a session, `conversation.jsonl`: recording events, showing and following them, checking them; what the next
//! agent is to read of it; and sessions from what other agents recorded.
//!
//! | part | does |
//! |---|---|
//! | `append` | events -> rows at the end of a conversation, for good |
//! | `validate` | a session -> what is wrong with it |
//! | `filter` | which events are wanted |
//! | `follow`, `last` | rows as they come; the last ones that are wanted |
//! | `fields`, `schema`, `depth` | a row as its fields; what they must be; what of them could not be read |
//! | `context` | a conversation -> context for the next agent |
//! | `transcripts` | another agent's transcript -> a conversation |
//!
//! Rows are read by [`session`](crate::session); here they are written and checked. What an event looks like to people is
//! the business of the program.

mod append;
pub mod context;
mod depth;
mod fields;
mod filter;
mod follow;
mod last;
mod schema;
pub mod transcripts;
mod validate;

pub use append::{Batch, Options, Recorded, Recorder};
pub use filter::{Filter, NoTime, Wanted, moment};
pub use follow::{Follower, Turnover};
pub use last::{LineNumbers, last_rows, last_spans, read_span};
pub use schema::is_model;
pub use validate::{Checked, Class, Problem, validate_rows, validate_session};
