//! What would run here, what is secret, what is spoofed: a capture is looked at before it lands.
//!
//! The sandbox's agent may have been talked into anything, so nothing that it sends is believed. Everything here is pure: the caller
//! reads the resulting trees and the patch and hands in paths, modes and bytes; findings come back as data. Whether a finding
//! refuses, warns or is only listed is the caller's decision, and so is printing.
//!
//! - [`path_problem`]: paths that must never land
//! - [`path_warning`]: paths that other systems refuse
//! - [`runs_here`]: what runs on this machine once the tree is checked out
//! - [`Scanner`]: secrets in added lines
//! - [`Redactor`]: texts without secrets and homes, to hand on
//! - [`spoofed`], [`spoofed_identity`]: texts and people that are not what they look like
//! - [`escape`]: foreign bytes, made safe to show

mod escape;
mod path;
mod redact;
mod runs;
mod secrets;
mod spoof;

pub use escape::{Hidden, Layout, escape, hidden};
pub use path::{PathProblem, path_problem, path_warning};
pub use redact::Redactor;
pub use runs::{Category, Change, Finding, looks_into, runs_here};
pub use secrets::{Scanner, Secret};
pub use spoof::{Spoof, spoofed, spoofed_identity};
