//! The handoff protocol: a long session frozen into a small `.agent-history/`, from which the next session goes on.
//!
//! ```text
//! text -> frontmatter (mapping, body) -> fields (problems) -> create -> .agent-history
//!                                                                 status, validate, resume-prompt <-/
//! ```
//!
//! Agents write the text; this supplies determinism: refused with every problem named, or stored exactly. The files are
//! those of Session Glue 0.4, byte for byte, so that both programs can share one history.
//!
//! Left to others: arguments, printing and exit codes.

mod archives;
mod close;
mod create;
mod decisions;
pub mod draft;
mod drift;
mod error;
mod exclude;
pub mod fields;
pub mod frontmatter;
mod guard;
mod history;
mod index;
pub mod install;
mod leaks;
mod overuse;
mod overview;
mod prompt;
mod remembered;
pub mod skill;
mod slug;
mod stage;
mod status;
pub mod text;
mod validate;
pub mod value;

pub use close::close;
pub use create::{Created, Options, create, leak_warnings};
pub use drift::drift;
pub use error::Error;
pub use history::{History, INDEX, LATEST, PROMPT, Unreadable};
pub use status::Status;
pub use validate::{Extent, all_problems};
