//! Generated cases, thousands of them: git and the engine do the same work on equal copies, and must come to the same.
//!
//! `cargo test --test differential` takes as many cases as it gets through in half a minute; which ones, goes by the date,
//! so that every day sees others. `GLUE_CASES=100000` takes that many, `GLUE_FIRST=17` begins there. A failure names its
//! seed: `GLUE_SEED=17` runs that case alone and leaves its repositories where they can be looked at.
//!
//! The stories run in processes of their own, so that the environment of git and of the engine is the same and nothing
//! of this machine's is in it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bare;
mod change;
mod content;
mod damaged;
mod host;
mod mails;
mod objects;
mod ort;
mod ours;
mod series;
mod state;
mod work;
mod world;

/// Series of mails: `git am --3way --keep-cr --empty=keep` and `git glue-apply --in-place`.
#[test]
fn mails_land_as_git_am_lands_them() {
    work::run("mails");
}

/// One diff and nothing around it: `git apply`, and where that says no, `git am` of the same diff in a mail.
#[test]
fn bare_diffs_land_as_git_applies_them() {
    work::run("bare");
}

/// Captures of ours with bits flipped, bytes cut off, mails swapped: no panic, and no proof of what is not so.
#[test]
fn damaged_captures_prove_nothing() {
    work::run("damaged");
}

/// What the others start; alone it has nothing to do.
#[test]
fn worker() {
    work::take_part(|family, case| match family {
        "mails" => mails::run(case),
        "bare" => bare::run(case),
        "damaged" => damaged::run(case),
        other => panic!("no stories of the kind {other}"),
    });
}
