//! `git glue-apply`: land a captured session in this repository.
//!
//! What it prints is in `report` and `report_json`, what it says when it refuses in `refusal`.

mod exact;
pub(super) mod refusal;
mod report;
mod report_json;
pub(super) mod verify;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use serde_json::json;

use super::{Common, Exit, Failure, Program, Ui};
use crate::apply::{self, OnConflict, Options, Outcome, Place, Series};
use crate::git::Repo;
use crate::session::{Capture, Latest, Source, Store};
use refusal::{failure, undo_failure};
use report::told;
use report_json::report_json;

/// Land a captured session in this repository
///
/// Makes the branch `glue/<session id>` from HEAD, with one commit for each commit of the sandbox, message, author and date
/// as they were there; switches to it; and brings what was not committed back as what it was: staged, unstaged, untracked.
/// Then it says whether the trees that came out are those of the sandbox.
///
/// Everything is computed in the object database first. Your index and your files are touched once, at the end, when all
/// of it is known to fit; files of yours that are in the way make it refuse. No hook, filter or merge driver runs.
///
/// An entry that does not fit is left as `git am --3way` leaves it: what comes before it is on the branch, conflicts are
/// marked in the files, `git am --continue` and `git am --abort` work, and the exit status is 3.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-apply", bin_name = "git glue-apply", version)]
pub struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or an mbox file, or `-` for standard input
    #[arg(value_name = "id")]
    id: OsString,

    /// Name the branch <name> instead of `glue/<session id>`
    #[arg(long, short, value_name = "name", conflicts_with = "in_place")]
    branch: Option<String>,

    /// Apply on the branch that is checked out, without a new one
    #[arg(long)]
    in_place: bool,

    /// Apply in the repository at <dir> instead of this one
    #[arg(long, value_name = "dir", value_hint = clap::ValueHint::DirPath)]
    target: Option<PathBuf>,

    /// Apply onto <rev> instead of HEAD
    #[arg(long, value_name = "rev", conflicts_with = "in_place")]
    onto: Option<String>,

    /// Make the branch, but leave HEAD, index and files alone
    #[arg(long, conflicts_with = "in_place")]
    no_checkout: bool,

    /// Land in a new linked work tree at <path>; this one is left alone
    #[arg(long, value_name = "path", value_hint = clap::ValueHint::DirPath, conflicts_with_all = ["in_place", "no_checkout"])]
    worktree: Option<PathBuf>,

    /// Change nothing; say what would land, and what is in its way
    #[arg(long)]
    check: bool,

    /// Change nothing; prove the capture against the commit that the sandbox began with
    ///
    /// That commit must be in this repository; HEAD, index and files do not matter, and may be in the middle of anything. Exit
    /// status 1 when a tree comes out as another than the sandbox had.
    #[arg(long, conflicts_with_all = ["branch", "in_place", "onto", "no_checkout", "worktree", "check", "atomic", "reject", "commit_worktree", "rest", "undo", "exact"])]
    verify_only: bool,

    /// Keep the ids of the sandbox's commits: committer, signatures, merges and all
    ///
    /// The commit that the sandbox began with must be in the history of HEAD; the branch begins there. With `--in-place` it
    /// must be HEAD itself. The commits are not signed anew.
    #[arg(long, conflicts_with_all = ["onto", "rest", "undo"])]
    exact: bool,

    /// Change nothing at all unless everything fits
    #[arg(long, conflicts_with = "reject")]
    atomic: bool,

    /// Land what fits, and write hunks that do not to `.rej` files
    #[arg(long)]
    reject: bool,

    /// Commit the work that was not committed in the sandbox, too
    #[arg(long)]
    commit_worktree: bool,

    /// Sign no commit, although `commit.gpgSign` is set
    #[arg(long)]
    no_gpg_sign: bool,

    /// After a conflict was resolved: commit it, and land what is left
    #[arg(long = "continue", conflicts_with_all = ["branch", "in_place", "onto", "no_checkout", "worktree", "undo"])]
    rest: bool,

    /// Take back an earlier apply of <id>, if nothing was done on top of it
    #[arg(long, conflicts_with_all = ["branch", "in_place", "onto", "no_checkout", "worktree", "commit_worktree", "check", "atomic", "reject"])]
    undo: bool,

    /// Print nothing but warnings and errors
    #[arg(long, short)]
    quiet: bool,

    #[command(flatten)]
    common: Common,
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.quiet = self.quiet;
        let repo = repository(self.target.as_deref())?;
        if self.undo {
            return undo(ui, &repo, &self.id);
        }
        let source = Store::from_env().resolve(&self.id, Latest::WithCapture)?;
        let capture = Capture::open(source)?.whole()?;
        for problem in &capture.problems {
            ui.warn(problem.to_string());
        }
        // What to type for the same capture again.
        let name = match &capture.session {
            Some(session) => session.id().to_owned(),
            None => self.id.to_string_lossy().into_owned(),
        };
        let origin = capture.session.clone().zip(capture.sidecar.clone());
        let mut series = Series::read(capture, repo.format).map_err(|error| failure(error, &name))?;
        if let Some(bytes) = repo.config_size("glue.maxInflated")? {
            series.max_inflated = bytes;
        }
        tell_of_capture(ui, &repo, &series);
        if self.verify_only {
            let verdict = apply::verify(&repo, &mut series).map_err(|error| failure(error, &name))?;
            return verify::told(ui, &verdict);
        }
        let options = configured(self.options(), &repo, &series.id)?;
        let id = series.id.clone();
        let outcome = apply::run(&repo, series, &options).map_err(|error| failure(error, &name))?;
        if let Some((session, sidecar)) = origin.filter(|_| outcome.is_all_here()) {
            // What is applied is applied, whether the store can be written or not.
            let _ = session.mark_applied(Some(&sidecar));
        }
        match outcome {
            Outcome::Nothing => {
                ui.say(format!("{id}: nothing changed in the sandbox, so there is nothing to apply"));
                report_json(ui, "nothing", None)?;
                Ok(Exit::Done)
            }
            Outcome::AlreadyApplied { branch } => {
                ui.say(format!("{id}: already applied, on {branch}"));
                if ui.json {
                    ui.object(json!({ "outcome": "already-applied", "session_id": id, "branch": branch }))?;
                }
                Ok(Exit::Done)
            }
            Outcome::Planned(report) if report.stop.is_some() || !report.rejects.is_empty() => {
                told(ui, "planned", &report, &name, Exit::Failed)
            }
            Outcome::Planned(report) => told(ui, "planned", &report, &name, Exit::Done),
            Outcome::Landed(report) => told(ui, "applied", &report, &name, Exit::Done),
            Outcome::Stopped(report) => told(ui, "conflict", &report, &name, Exit::Conflict),
        }
    }
}

impl Args {
    fn options(self) -> Options {
        let place = match self.worktree {
            Some(path) => Place::Worktree(path),
            None if self.in_place || self.rest => Place::InPlace,
            None if self.no_checkout => Place::NoCheckout,
            None => Place::NewBranch,
        };
        let on_conflict = match (self.atomic, self.reject) {
            (true, _) => OnConflict::Atomic,
            (_, true) => OnConflict::Reject,
            _ => OnConflict::Leave,
        };
        Options {
            onto: self.onto,
            branch: self.branch,
            place,
            on_conflict,
            check: self.check,
            commit_worktree: self.commit_worktree,
            rest: self.rest,
            no_gpg_sign: self.no_gpg_sign,
            exact: self.exact,
        }
    }
}

/// What `glue.*` of git's configuration says, where the command line says nothing.
fn configured(mut options: Options, repo: &Repo, id: &str) -> Result<Options, Failure> {
    options.commit_worktree |= repo.config_bool("glue.commitWorktree")?.unwrap_or(false);
    if options.rest {
        // It goes on where it stopped, on the branch where it stopped.
        return Ok(options);
    }
    if options.on_conflict == OnConflict::Leave
        && let Some(value) = repo.config("glue.onConflict")?
    {
        options.on_conflict = match value.as_slice() {
            b"leave" => OnConflict::Leave,
            b"atomic" => OnConflict::Atomic,
            b"reject" => OnConflict::Reject,
            _ => {
                let message = format!("glue.onConflict is '{value}', not leave, atomic or reject");
                return Err(Failure::new(Exit::Usage, "configuration", message));
            }
        };
    }
    if options.branch.is_none()
        && let Some(prefix) = repo.config("glue.branchPrefix")?
    {
        options.branch = Some(format!("{prefix}{}", apply::branch_part(id)));
    }
    Ok(options)
}

/// The repository to apply in. With `--target`, GIT_DIR and friends speak of another one and do not count.
fn repository(target: Option<&Path>) -> Result<Repo, Failure> {
    let (repo, place) = match target {
        Some(target) if !target.is_dir() => {
            let message = format!("{} is not a directory", target.display());
            return Err(Failure::new(Exit::Failed, "not-a-directory", message));
        }
        Some(target) => (Repo::discover_at(target)?, target.display().to_string()),
        None => (Repo::discover(Path::new("."))?, "this directory".to_owned()),
    };
    repo.ok_or_else(|| {
        Failure::new(Exit::Failed, "not-a-repository", format!("{place} is not in a git repository"))
            .hint("go to the repository, or name it with --target <dir>")
    })
}

/// What the capture says of itself that the user must know before anything else.
fn tell_of_capture(ui: &mut Ui, repo: &Repo, series: &Series) {
    let Some(sidecar) = &series.sidecar else { return };
    if sidecar.verified == Some(false) {
        ui.warn("this capture could not be proved in the sandbox, after it was made");
    }
    if let Some(older) = &sidecar.older {
        ui.warn(format!("this capture is older than the session's end: a later one failed ({})", older.reason));
    }
    const SHOWN: usize = 20;
    for warning in sidecar.warnings.iter().take(SHOWN) {
        ui.warn(format!("from the sandbox: {}", warning.message));
    }
    if sidecar.warnings.len() > SHOWN {
        ui.warn(format!("and {} more warnings from the sandbox", sidecar.warnings.len() - SHOWN));
    }
    // A commit that is here already says more than any URL.
    let knows = |commit: &String| repo.resolve(&format!("{commit}^{{commit}}")).is_ok_and(|found| found.is_some());
    if let Some(url) = sidecar.remote_url.as_deref().filter(|url| !has_remote(repo, url))
        && !sidecar.bootstrap_sha.as_ref().is_some_and(knows)
    {
        ui.warn(format!("the sandbox worked on {url}, which is no remote of this repository"));
    }
}

/// Whether the repository, or one without remotes, may be a clone of `url`. The scheme, a user and `.git` do not matter.
fn has_remote(repo: &Repo, url: &str) -> bool {
    let Ok(settings) = repo.settings() else { return true };
    let essence = |url: &str| {
        let url = url.trim_end_matches('/').trim_end_matches(".git");
        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
        let url = url.split_once('@').map_or(url, |(_, rest)| rest);
        url.replace(':', "/").to_ascii_lowercase()
    };
    let is_remote = |key: &BStr| key.starts_with(b"remote.") && key.ends_with(b".url");
    let remotes = settings.iter().filter(|(key, _)| is_remote(key)).filter_map(|(_, remote)| remote);
    let mut remotes = remotes.map(|remote| remote.to_str_lossy()).peekable();
    remotes.peek().is_none() || remotes.any(|remote| essence(&remote) == essence(url))
}

fn undo(ui: &mut Ui, repo: &Repo, spec: &OsStr) -> Result<Exit, Failure> {
    let id = match spec.to_str() {
        // What came through a pipe, or from a file that is gone, is undone by its id all the same.
        Some(id) if apply::is_known(repo, id).map_err(|error| failure(error, id))? => id.to_owned(),
        _ => match Store::from_env().resolve(spec, Latest::WithCapture)? {
            Source::Session(session) => session.id().to_owned(),
            other => {
                let series = Series::read(Capture::open(other)?, repo.format);
                series.map_err(|error| failure(error, &spec.to_string_lossy()))?.id
            }
        },
    };
    let undone = apply::undo(repo, &id).map_err(|error| undo_failure(error, &id))?;
    if let Some(session) = Store::from_env().session(&id) {
        let _ = session.mark_applied(None);
    }
    match &undone.removed_branch {
        Some(branch) => ui.say(format!("Undone: {branch} is removed, you are on {} again", undone.head)),
        None => ui.say(format!("Undone: {} is where it was before", undone.head)),
    }
    if ui.json {
        ui.object(json!({ "outcome": "undone", "session_id": id, "head": undone.head, "removed_branch": undone.removed_branch }))?;
    }
    Ok(Exit::Done)
}
