//! A capture lands in a repository: store -> entries -> trees -> commits -> branch -> work tree.
//!
//! Compute first, move refs last. Everything is built in a private git directory over the repository's objects; only
//! when all of it is known to fit, or to stop at a conflict that can be left in good order, does the branch appear in one
//! ref transaction and the work tree follow. The steps, each a sibling file, each taking what the one before it made:
//!
//! ```text
//! capture --series--> entries, checked      repository --target--> base, branch, who commits
//!              \                             /
//!               `------- build --------------   entries -> trees (place, merge) -> commits, and the proof
//!                          |
//!                       landing                 objects kept, refs moved, work tree and index brought along
//!                          |
//!                 conflict / undo               what is left of a conflict; the way back
//! ```

mod added;
mod attributes;
mod build;
mod built;
mod bundle;
#[cfg(unix)]
mod checkout;
mod conflict;
mod desk;
mod error;
mod exact;
mod fit;
mod landed;
mod landing;
mod links;
mod lock;
mod merge;
mod overlay;
mod pack;
mod place;
mod preimages;
mod proof;
mod record;
mod refs;
mod reject;
mod resume;
mod risk;
mod series;
mod sign;
mod spare;
mod target;
mod undo;
mod verify;

pub use added::MOST as MOST_SECRETS;
pub use built::{Built, BuiltCommit, Stop};
pub use error::{Error, Obstacle};
pub use exact::Refusal;
pub use proof::Proof;
pub use series::Series;
pub use target::{Target, branch_part};
pub use undo::{Undone, is_known, undo};
pub use verify::{Parting, Verdict, verify};

use std::path::PathBuf;

use bstr::BString;

use crate::audit::{Finding, PathProblem, Secret};
use crate::git::{Isolated, Outside, Repo};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The revision to apply onto; HEAD when none.
    pub onto: Option<String>,
    /// The branch to make; `glue/<session id>` when none.
    pub branch: Option<String>,
    /// Where the work lands.
    pub place: Place,
    /// What to do with an entry that does not fit.
    pub on_conflict: OnConflict,
    /// Only say what would happen.
    pub check: bool,
    /// Make a commit of the uncommitted work too.
    pub commit_worktree: bool,
    /// Land only what `git am --continue` does not: the index and work tree entries that a conflict left over.
    pub rest: bool,
    /// Sign no commit, whatever `commit.gpgSign` says.
    pub no_gpg_sign: bool,
    /// Make the commits with the ids that they have in the sandbox, on the commit that it began with.
    pub exact: bool,
}

/// Where the work lands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Place {
    /// On a new branch, which this work tree is switched to.
    #[default]
    NewBranch,
    /// On the branch that is checked out.
    InPlace,
    /// On a new branch that is not checked out; no file is touched.
    NoCheckout,
    /// On a new branch in a new linked work tree.
    Worktree(PathBuf),
}

/// What to do with an entry that does not fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Land what comes before it and leave the conflict as git leaves it.
    #[default]
    Leave,
    /// Change nothing at all.
    Atomic,
    /// Land what fits, and write the rest as `.rej` files.
    Reject,
}

/// How it went, when nothing was refused.
#[derive(Debug)]
pub enum Outcome {
    /// The capture holds nothing: the sandbox changed nothing.
    Nothing,
    /// All of it is here already.
    AlreadyApplied {
        /// The branch that holds it.
        branch: String,
    },
    /// It was only asked what would happen.
    Planned(Report),
    /// Everything is here, uncommitted work included.
    Landed(Report),
    /// Everything before an entry is here; that one waits for the user.
    Stopped(Report),
}

impl Outcome {
    /// Whether all of the capture is in the repository now, so that it is needed no more.
    pub fn is_all_here(&self) -> bool {
        match self {
            Outcome::AlreadyApplied { .. } => true,
            Outcome::Landed(report) => report.rejects.is_empty() && report.left_out.is_empty() && !report.left_over,
            Outcome::Nothing | Outcome::Planned(_) | Outcome::Stopped(_) => false,
        }
    }
}

/// What landed, or would.
#[derive(Debug)]
pub struct Report {
    /// The session's id.
    pub id: String,
    /// The full name of the branch that the commits are on; `None` on a detached HEAD.
    pub branch: Option<String>,
    /// Whether the branch was made.
    pub branch_is_new: bool,
    /// The commit applied onto.
    pub base: String,
    /// The branch's commit afterwards.
    pub tip: String,
    /// The commits, oldest first.
    pub commits: Vec<BuiltCommit>,
    /// Subjects of commits whose changes were here already.
    pub already: Vec<BString>,
    /// Paths that are staged, unstaged and untracked afterwards because the capture brought them so.
    pub uncommitted: Uncommitted,
    /// How many files differ between the base and what landed.
    pub files: usize,
    /// What was proved about the trees.
    pub proof: Proof,
    /// What would run on this machine once it is checked out, the most dangerous first.
    pub runs_here: Vec<Finding>,
    /// New paths that other systems refuse, and why.
    pub path_warnings: Vec<(BString, PathProblem)>,
    /// Secrets in lines that are added, also by commits whose successors take them out again.
    pub secrets: Vec<Secret>,
    /// Authors and subjects that are not what they look like, in words.
    pub spoofed: Vec<String>,
    /// Where it stopped, if it did.
    pub stop: Option<Stop>,
    /// Subjects of commits of which nothing fitted, so that there is no commit of them.
    pub left_out: Vec<BString>,
    /// Files of which hunks were left out, because that was asked for.
    pub rejects: Vec<BString>,
    /// Whether uncommitted work waits for the conflict to be resolved.
    pub left_over: bool,
    /// The work tree that it landed in.
    pub work_tree: Option<PathBuf>,
    /// Whether `--undo` can take it back.
    pub undoable: bool,
    /// Whether the ids of the commits are the sandbox's.
    pub exact: bool,
    /// How many commits of HEAD's are not on the branch, because it begins where the sandbox did.
    pub newer: usize,
}

/// Uncommitted work that came along.
#[derive(Debug, Default, Clone)]
pub struct Uncommitted {
    /// In the index.
    pub staged: Vec<BString>,
    /// Changed in the work tree against the index.
    pub unstaged: Vec<BString>,
    /// In the work tree alone.
    pub untracked: Vec<BString>,
}

impl Uncommitted {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.staged.is_empty() && self.unstaged.is_empty() && self.untracked.is_empty()
    }
}

/// Applies `series` to `repo`.
pub fn run(repo: &Repo, mut series: Series, options: &Options) -> Result<Outcome, Error> {
    if series.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let target = Target::find(repo, &series, options)?;
    if let Some(branch) = landed::already(repo, &mut series, &target, options)? {
        if options.exact {
            exact::check_same(repo, &series, &target)?;
        }
        return Ok(Outcome::AlreadyApplied { branch });
    }
    target.check_free(repo, &series, options)?;
    if options.exact {
        exact::check_in_place(&series, &target, options)?;
    }
    let isolated = Isolated::over(repo, Outside::WorkTreeAndFileSystem, Some(&repo.common_dir))?;
    let isolated = if options.check { isolated.dry() } else { isolated };
    let built = build::build(repo, &isolated, &mut series, &target, options)?;
    let mut report = risk::report(repo, &isolated, &mut series, &target, &built, options)?;
    if options.exact {
        exact::check_history(&isolated, &series, &target.base, &built.tip)?;
        report.newer = exact::newer(repo, &target)?;
    }
    landing::land(repo, &isolated, &mut series, &target, built, report, options)
}
