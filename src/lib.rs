//! git-glue brings a coding agent's work home from a sandbox: every commit, every uncommitted and untracked file, byte
//! for byte, with a proof that nothing was lost.

pub mod apply;
pub mod audit;
pub mod capture;
pub mod cli;
pub mod git;
pub mod mbox;
pub mod patch;
pub mod session;
