//! `conversation.jsonl`: what was said and done in a session, one event in a row. Read by bytes, row by row: what is torn,
//! damaged or unknown costs its own row and no other, and no more than one row is in memory.
//!
//! | file | holds |
//! |---|---|
//! | `open` | finding a conversation and opening it |
//! | `rows` | bytes -> rows |
//! | `shorten` | a row that is too long to be held -> one with shorter strings |
//! | `backwards` | the rows of a file from its end |
//! | `event` | a row -> an event, of both forms that Glue writes: with and without `schema_version` |
//! | `fields` | what is in a row, by key |
//! | `tool` | what a call of a tool is about: a file, a command |
//! | `patch` | what a patch in Codex's form does to which file |
//! | `outcome` | how a call ended |
//!
//! Writing and checking rows is the business of the log; what an event looks like to people, of the programs.

mod backwards;
mod event;
mod fields;
mod open;
mod outcome;
mod patch;
mod rows;
mod shorten;
mod tool;

pub use backwards::{Backwards, Span};
pub(crate) use event::mended;
pub use event::{Body, Call, CallResult, Event, Spawned, Usage};
pub use open::{At, CONVERSATION, Conversation, Fate, before};
pub use outcome::Outcome;
pub use rows::{LONGEST_ROW, Row, Rows};
pub use tool::Access;
