//! git-glue brings a coding agent's work home from a sandbox: every commit, every uncommitted and untracked file, byte
//! for byte, with a proof that nothing was lost.
//!
//! This page is the architecture. Two pipelines do the work; they never call each other and meet only in files of the
//! session store:
//!
//! ```text
//!  in the sandbox                                              at home
//!
//!  workspace                                                   repository
//!     |  commits, index, work tree since the bootstrap             ^  one ref transaction, then index and files
//!     v                                                            |
//!  capture: a chain of trees                                   apply: entries -> trees -> commits -> branch -> work tree
//!     |  one entry for each step, diffs between trees              ^  every tree compared with the one that was captured
//!     v                                                            |
//!  mbox: entries -> mail                                       mbox: mail -> entries
//!     |                                                            ^
//!     v                                                            |
//!  session: runtime.mbox + its sidecar  ---- ssh, a file, ---->  session: runtime.mbox + its sidecar
//!                                            a pipe, a copy
//! ```
//!
//! What a module may know, from the user downwards; never a neighbour, never what is to its left:
//!
//! ```text
//! bins -> cli -> { capture, apply, log, replay, handoff } -> { audit, mbox, session } -> { patch, git }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`capture`] | workspace -> entries -> mbox and sidecar -> store |
//! | [`session`] | the store at rest: ids, layout, what is known of a session, sidecar, lock; shared with Glue |
//! | [`mbox`] | a series of entries as mail, bytes to entries and back; sees no repository, no path on disk, no clock |
//! | [`patch`] | one entry's diff, as data; sees no more than `mbox` does |
//! | [`apply`] | store -> entries -> trees -> commits -> branch -> work tree |
//! | [`log`] | what was said and done in a session: recorded, shown, checked, told to the next agent, taken in from others |
//! | [`replay`] | the log of a session -> steps, and what they did to files -> terminal, page |
//! | [`handoff`] | a session's end -> `.agent-history/` -> the next session's start; shared with Session Glue |
//! | [`audit`] | what would run here, what is secret, what is spoofed; and how hostile text is shown |
//! | [`git`] | what is asked of gix and of the git program, in one place |
//! | [`cli`] | the programs: arguments, streams, colours, exit codes; the only folder that prints |
//!
//! Rules that hold everywhere:
//!
//! - A capture is hostile: so is every path, name, message and number in it. It is checked where it comes in, and escaped
//!   where it is shown.
//! - Compute first, move refs last. The person's index and files are touched once, when all of it is known to fit.
//! - Paths, messages and contents are bytes until the last moment. What is large is streamed, and of a series no more
//!   than one entry is in memory.
//! - "Nothing to do" and "cannot" are outcomes with reasons. An error says what, where, and what to do next.
//! - git is the judge: what is written is fed to git, what git writes is read here, and the results are compared.

// Rust's formatter sorts neighbours by name; the blank lines keep them in the order in which data flows.
pub mod capture;

pub mod session;

pub mod mbox;

pub mod patch;

pub mod apply;

pub mod log;

pub mod replay;

pub mod handoff;

pub mod audit;

pub mod git;

pub mod cli;
