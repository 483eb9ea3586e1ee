//! The capture: from a workspace to a series of entries, an mbox with its sidecar, and a place where it is kept.
//!
//! ```text
//! workspace -> bootstrap -> index, worktree -> series -> write -> keep
//!                 |             (snapshot)       |
//!              session                     what does not travel -> warnings
//! ```
//!
//! All of it happens in a private git directory ([`crate::git::Isolated`]), on a copy of the index: the sandbox stays as
//! it is, and its configuration, hooks, filters and replace refs do not count. The entries form one chain of trees
//! (bootstrap, each commit, index, work tree), and every diff is one between trees, made here or by a `git diff-tree`,
//! never by a command that looks at files and believes attributes. (Glue's own way, `git add -N` and three porcelain commands in
//! the sandbox's configuration, loses untracked files to a nested repository or a stale lock, and lets the agent decide
//! what is seen.)
//!
//! Left to others: the form of the mail ([`crate::mbox`]), the files of the store ([`crate::session`]), arguments,
//! printing and exit codes.

mod baseline;
mod begin;
mod bootstrap;
mod bundle;
mod cache;
mod conversion;
mod copies;
mod diffs;
mod elsewhere;
mod error;
#[cfg(target_os = "linux")]
mod files;
mod history;
mod index;
mod keep;
mod kept;
mod lfs;
mod lines;
mod overflow;
mod own;
mod preimages;
mod runtime;
mod selection;
mod series;
mod session;
mod submodules;
mod survey;
mod walk;
mod warnings;
mod workspace;
mod worktree;
mod write;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

pub use error::Error;
pub use overflow::{Large, Overflow};
pub use walk::IGNORED;

use crate::git;
use crate::session::{Sidecar, Store, Warning, dir_name};
use bootstrap::Bootstrap;
use index::IndexState;
use kept::Kept;
use runtime::Runtime;
use selection::Selection;
use series::Series;
use survey::Survey;
use warnings::Findings;
use workspace::Workspace;
use worktree::WorktreeState;

/// What to capture, and where to put it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to start looking for the repository.
    pub directory: PathBuf,
    /// Record the bootstrap instead of capturing.
    pub begin: bool,
    /// The commit that the agent started from, as any revision.
    pub base: Option<String>,
    /// The session's id.
    pub session: Option<String>,
    /// The session's title.
    pub title: Option<String>,
    /// The kind of sandbox; see [`crate::session::Sidecar::runtime_id`].
    pub runtime: Option<String>,
    /// The runtime's own name of the sandbox.
    pub sandbox_id: Option<String>,
    /// The most bytes that the mbox may have.
    pub cap: u64,
    /// Pathspecs, from the top of the work tree, of what is left out.
    pub exclude: Vec<OsString>,
    /// Files of more bytes are left out.
    pub omit_larger_than: Option<u64>,
    /// Pathspecs, from the top of the work tree, of ignored files that are taken along.
    pub include_ignored: Vec<OsString>,
    /// Also write the commits themselves, as a git bundle. Nothing can be left out of it, nor can it go into a stream.
    pub bundle: bool,
    /// Where the capture goes.
    pub destination: Destination,
}

/// Where a capture goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into its session in the store.
    Store,
    /// Into this file, with the sidecar beside it.
    File(PathBuf),
    /// Handed to the caller, in [`Report::stream`].
    Stream,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// The bootstrap is recorded.
    Begun(Begun),
    /// There is a capture.
    Captured(Report),
    /// Nothing differs from the bootstrap.
    Empty(Report),
    /// The capture is over the cap, and so not whole.
    Truncated(Report, Overflow),
    /// There can be no capture.
    Unavailable(Unavailable),
    /// Nothing differs from what was [`Seen`] the last time; what was written then stands.
    Unchanged,
}

/// What a capture saw, so that the next one can tell whether anything changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    session_id: String,
    steps: Vec<(String, String, Option<bstr::BString>)>,
    over_cap: Vec<(bstr::BString, u64)>,
    warned: Vec<String>,
}

/// A recorded bootstrap.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The session that begins.
    pub session_id: String,
    /// The commit that later captures start from.
    pub bootstrap: String,
    /// Paths that differed from HEAD already, and are not the agent's; 0 when the commit is HEAD itself.
    pub dirty: usize,
    /// Whether there is a commit to start from; else everything is new.
    pub unborn: bool,
    /// The sessions that had begun in this work tree before.
    pub replaces: Vec<String>,
    /// What the snapshot could not take.
    pub warnings: Vec<Warning>,
}

/// A capture, and what is in it.
#[derive(Debug, Default)]
pub struct Report {
    /// The session that it belongs to.
    pub session_id: String,
    /// Where the mbox is; `None` for a stream, and when nothing was written.
    pub path: Option<PathBuf>,
    /// The mbox, at its start, for [`Destination::Stream`].
    pub stream: Option<File>,
    /// What was written beside it.
    pub sidecar: Sidecar,
    /// What the entries change.
    pub counts: Counts,
    /// Whether an older capture was set aside, because nothing differs any more.
    pub set_aside: bool,
}

/// What the entries of a capture change.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Commits.
    pub commits: usize,
    /// Files whose index entry differs from HEAD.
    pub staged: usize,
    /// Tracked files that differ from the index.
    pub unstaged: usize,
    /// Files that the index does not know.
    pub untracked: usize,
}

/// Why there is no capture, in the words of the session format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nobody recorded what the agent started from.
    NoBootstrapSha,
    /// git failed.
    GitFailed(Cause),
    /// This is no work tree of a git repository.
    RuntimeNotGit,
    /// Somebody said that the runtime works on the person's own files, so that nothing needs to come home. Not worth a
    /// warning.
    NotSupported,
}

/// What made git fail, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// What should be the bootstrap is no commit here.
    Bootstrap,
    /// A pathspec of the options is none.
    Pathspec,
    /// Something else.
    Other,
}

/// There is no capture.
#[derive(Debug, Clone)]
pub struct Unavailable {
    /// Why.
    pub reason: Reason,
    /// What exactly, in one sentence.
    pub detail: String,
    /// The session, if it is known.
    pub session_id: Option<String>,
    /// Whether an older capture of that session is still there. It is marked as older.
    pub older: bool,
}

impl Reason {
    /// The word that stands for it, as in Glue's warning.
    pub fn name(self) -> &'static str {
        match self {
            Reason::NoBootstrapSha => "noBootstrapSha",
            Reason::GitFailed(_) => "gitFailed",
            Reason::RuntimeNotGit => "runtimeNotGit",
            Reason::NotSupported => "notSupported",
        }
    }
}

/// Captures the work tree at `options.directory`, or records its bootstrap.
///
/// # Errors
/// When the result cannot be kept. That git fails is an outcome: [`Reason::GitFailed`].
pub fn run(options: &Options, store: &Store) -> Result<Outcome, Error> {
    run_again(options, store, &mut None)
}

/// As [`run`], but writes nothing when all is as `seen`, which it brings up to date.
///
/// # Errors
/// As [`run`].
pub fn run_again(options: &Options, store: &Store, seen: &mut Option<Seen>) -> Result<Outcome, Error> {
    if let Some(id) = session::asked(options).filter(|id| dir_name(id) != *id) {
        return Err(Error::BadSessionId { id });
    }
    if options.begin || options.destination == Destination::Store {
        store.check_home()?;
    }
    let mut work = || -> Result<Outcome, Error> {
        let mut workspace = match Workspace::open(&options.directory)? {
            Ok(workspace) => workspace,
            Err(detail) => return unavailable(store, options, None, Reason::RuntimeNotGit, detail),
        };
        workspace.ours = own::places(&workspace.top, options, store);
        match options.begin {
            true => begin::begin(&workspace, options, store),
            false => capture(&workspace.dry(), options, store, seen),
        }
    };
    match work() {
        Err(Error::Git(error @ git::Error::NotStarted(_))) => Err(Error::Git(error)),
        Err(error @ (Error::Git(_) | Error::NoSuchBootstrap { .. })) if !options.begin => {
            let top = Workspace::open(&options.directory).ok().and_then(Result::ok).map(|workspace| workspace.top);
            let reason = Reason::GitFailed(Cause::of(&error));
            unavailable(store, options, top.as_deref(), reason, error.to_string())
        }
        result => result,
    }
}

fn capture(workspace: &Workspace, options: &Options, store: &Store, seen: &mut Option<Seen>) -> Result<Outcome, Error> {
    let runtime = Runtime::of(options, workspace)?;
    let session = session::choose(workspace, options, store)?;
    let Some(bootstrap) = Bootstrap::find(workspace, options, &session)? else {
        let (reason, detail) = if Runtime::is_the_person_s_own(options) {
            (Reason::NotSupported, "the agent works on your own files")
        } else {
            (Reason::NoBootstrapSha, "runtime did not record a bootstrap commit (resumed sandbox?)")
        };
        return unavailable(store, options, Some(&workspace.top), reason, detail.to_owned());
    };
    let selection = Selection::of(options);
    let mut findings = Findings::default();
    let (index, tree) = states(workspace, &selection, bootstrap.left_out(), &mut findings)?;
    elsewhere::look(workspace, &bootstrap, &mut findings)?;
    submodules::look(workspace, &index, &mut findings)?;
    let series = Series::build(workspace, &bootstrap, &index, &tree, &selection, &mut findings)?;
    let now = Seen::of(&session.id, &series, &tree, &findings);
    if seen.as_ref() == Some(&now) {
        return Ok(Outcome::Unchanged);
    }
    let mut kept = Kept::open(workspace, options, store, &bootstrap)?;
    let survey = Survey::of(workspace, &series, &tree, options.cap, &mut kept, &mut findings)?;
    let sidecar = keep::sidecar(workspace, options, &session, &runtime, &bootstrap, &series);
    let captured = keep::Captured {
        workspace,
        options,
        session: &session,
        bootstrap: &bootstrap,
        series: &series,
        survey: &survey,
    };
    let outcome = captured.keep(store, &mut kept, sidecar, findings)?;
    kept.save();
    *seen = Some(now);
    Ok(outcome)
}

/// The index and the work tree as trees: in-process where nothing is unusual, else by asking git.
fn states(
    workspace: &Workspace,
    selection: &Selection,
    known: &[worktree::Known],
    findings: &mut Findings,
) -> Result<(IndexState, WorktreeState), git::Error> {
    #[cfg(target_os = "linux")]
    if let Some(states) = files::snapshot(workspace, selection, known, findings)? {
        return Ok(states);
    }
    let index = index::snapshot(workspace, findings)?;
    let tree = worktree::snapshot(workspace, &index, selection, known, findings)?;
    Ok((index, tree))
}

impl Cause {
    fn of(error: &Error) -> Cause {
        match error {
            Error::NoSuchBootstrap { .. } => Cause::Bootstrap,
            Error::Git(git::Error::Failed { stderr, .. })
                if stderr.contains("pathspec") || stderr.contains("is outside repository") =>
            {
                Cause::Pathspec
            }
            _ => Cause::Other,
        }
    }
}

impl Seen {
    fn of(session_id: &str, series: &Series, tree: &WorktreeState, findings: &Findings) -> Seen {
        let steps = series.steps.iter().map(|step| (step.from.clone(), step.to.clone(), step.entry.commit.clone()));
        Seen {
            session_id: session_id.to_owned(),
            steps: steps.collect(),
            over_cap: tree.over_cap.clone(),
            warned: findings.messages(),
        }
    }
}

/// The outcome without a capture. An older one of the session stays, and says from now on that it is older.
fn unavailable(
    store: &Store,
    options: &Options,
    top: Option<&Path>,
    reason: Reason,
    detail: String,
) -> Result<Outcome, Error> {
    let session = session::known(options, store, top);
    let older = match &session {
        Some(session) if options.destination == Destination::Store => session.mark_capture_older(reason.name())?,
        _ => false,
    };
    let session_id = session.map(|session| session.id().to_owned());
    Ok(Outcome::Unavailable(Unavailable { reason, detail, session_id, older }))
}
