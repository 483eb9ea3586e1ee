//! Steps through what happened in a session: events -> steps -> terminal, page, text.
//!
//! ```text
//! conversation.jsonl --head--> Timeline: eight bytes for each step, turns, files; grows while it is looked at
//!                                 |
//!                                 v  a step is read when it is looked at
//!                               Step: prompt, answer, call with its result, ...
//!                                 |
//!                                 v
//!                       recover -> Change: a file before and after, as far as the log tells
//! ```
//!
//! A log of any size opens at once: nothing waits until all of it is read, and no more of it is in memory than the step
//! that is looked at. What a session's capture holds beyond the log is found by [`unseen`]. How it all looks is the
//! business of the programs, but for the terminal and the page, which are here.

mod agents;
mod change;
mod clock;
pub mod data;
mod files;
mod head;
pub mod page;
mod pending;
mod recover;
mod step;
pub mod terminal;
mod timeline;
mod tokens;
mod unseen;

pub use agents::Agent;
pub use change::{Change, Recovered, Text, mixes_line_ends};
pub use clock::{Clock, Pace};
pub use files::FileSteps;
pub use recover::{FileAt, Recovery};
pub use step::{Act, Step};
pub use timeline::{Kind, Mark, State, Timeline, Turn};
pub use tokens::Tokens;
pub use unseen::{Beside, Difference, Error as UnseenError, Unseen, UnseenFile, unseen};

#[cfg(test)]
mod tests;
