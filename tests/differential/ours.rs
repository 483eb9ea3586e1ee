//! The engine, called as the program calls it.

use std::path::Path;

use bstr::ByteSlice;
use git_glue::apply::{self, Options, Outcome, Place, Report};
use git_glue::git::Repo;
use git_glue::session::{Capture, Source};

/// How an apply went.
#[derive(Debug)]
pub enum Verdict {
    /// Everything is there.
    Clean(Option<Box<Report>>),
    /// It stopped at that entry, counted from 1.
    Stopped(usize, Box<Report>),
    /// Nothing was done.
    Refused(String),
}

impl Verdict {
    /// The entry, counted from 1, at which it stopped.
    pub fn stop(&self) -> Option<usize> {
        match self {
            Verdict::Stopped(entry, _) => Some(*entry),
            Verdict::Clean(_) | Verdict::Refused(_) => None,
        }
    }

    /// In a few words.
    pub fn short(&self) -> String {
        match self {
            Verdict::Clean(_) => "clean".to_owned(),
            Verdict::Stopped(entry, report) => {
                let stop = report.stop.as_ref().unwrap();
                let rejects = stop.rejects.iter().map(|one| format!("{:?}\n{}\n", one.path, one.hunks.as_bstr()));
                let rejects: String = rejects.collect();
                format!("stopped at {entry}: {:?}, rejected {rejects}", stop.stages)
            }
            Verdict::Refused(why) => format!("refused: {why}"),
        }
    }
}

/// `git glue-apply --in-place`.
pub fn apply(dir: &Path, capture: &Path) -> Verdict {
    run(dir, capture, &Options { place: Place::InPlace, ..Options::default() })
}

/// `git glue-apply --check --in-place`.
pub fn check(dir: &Path, capture: &Path) -> Verdict {
    run(dir, capture, &Options { place: Place::InPlace, check: true, ..Options::default() })
}

fn run(dir: &Path, capture: &Path, options: &Options) -> Verdict {
    match try_run(dir, capture, options) {
        Ok(Outcome::Nothing | Outcome::AlreadyApplied { .. }) => Verdict::Clean(None),
        Ok(Outcome::Landed(report) | Outcome::Planned(report) | Outcome::Stopped(report)) => match &report.stop {
            Some(stop) => Verdict::Stopped(stop.entry + 1, Box::new(report)),
            None => Verdict::Clean(Some(Box::new(report))),
        },
        Err(error) => Verdict::Refused(error.to_string()),
    }
}

fn try_run(dir: &Path, capture: &Path, options: &Options) -> Result<Outcome, apply::Error> {
    let repo = Repo::discover_at(dir)?.unwrap();
    let series = apply::Series::read(Capture::open(Source::Path(capture.to_owned()))?, repo.format)?;
    apply::run(&repo, series, options)
}
