//! `git glue-apply`: land a captured session in this repository.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use serde_json::{Value, json};

use super::{Common, Exit, Failure, Program, Style, Ui};
use crate::apply::{self, Error, OnConflict, Options, Outcome, Place, Proof, Report, Series, Stop};
use crate::git::Repo;
use crate::mbox::Kind;
use crate::session::{Capture, Latest, Source, Store};

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
        let series = Series::read(capture, repo.format).map_err(|error| failure(error, &name))?;
        tell_of_capture(ui, &repo, &series);
        let options = configured(self.options(), &repo, &series.id)?;
        let id = series.id.clone();
        match apply::run(&repo, series, &options).map_err(|error| failure(error, &name))? {
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
    if let Some(older) = &sidecar.older {
        ui.warn(format!("this capture is older than the session's end: a later one failed ({})", older.reason));
    }
    for warning in &sidecar.warnings {
        ui.warn(format!("from the sandbox: {}", warning.message));
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
    let Ok(remotes) = repo.git("config").args(["--get-regexp", r"^remote\..*\.url$"]).finish() else { return true };
    let essence = |url: &str| {
        let url = url.trim_end_matches('/').trim_end_matches(".git");
        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
        let url = url.split_once('@').map_or(url, |(_, rest)| rest);
        url.replace(':', "/").to_ascii_lowercase()
    };
    let remotes = remotes.stdout.to_str_lossy();
    let mut urls = remotes.lines().filter_map(|line| line.split_once(' ')).map(|(_, url)| url).peekable();
    urls.peek().is_none() || urls.any(|remote| essence(remote) == essence(url))
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
    let undone = apply::undo(repo, &id).map_err(|error| failure(error, &id))?;
    match &undone.removed_branch {
        Some(branch) => ui.say(format!("Undone: {branch} is removed, you are on {} again", undone.head)),
        None => ui.say(format!("Undone: {} is where it was before", undone.head)),
    }
    if ui.json {
        ui.object(json!({ "outcome": "undone", "session_id": id, "head": undone.head, "removed_branch": undone.removed_branch }))?;
    }
    Ok(Exit::Done)
}

fn told(ui: &mut Ui, outcome: &str, report: &Report, name: &str, exit: Exit) -> Result<Exit, Failure> {
    if ui.json {
        report_json(ui, outcome, Some(report))?;
        return Ok(exit);
    }
    if !ui.quiet {
        headline(ui, outcome, report)?;
        commits(ui, report)?;
        uncommitted(ui, report)?;
        proof(ui, &report.proof)?;
    }
    ui.flush()?;
    audit(ui, report);
    if let Some(stop) = &report.stop {
        conflict(ui, stop);
        if outcome != "planned" {
            way_on(ui, report, name, stop);
        }
    }
    if !report.rejects.is_empty() {
        ui.warn(format!("left out, written to .rej files:\n{}", listed(&report.rejects)));
    }
    if report.undoable && report.stop.is_none() && !ui.quiet {
        ui.hint(format!("to take it back: git glue-apply --undo {}", report.id));
    }
    Ok(exit)
}

fn headline(ui: &mut Ui, outcome: &str, report: &Report) -> Result<(), Failure> {
    let branch = report.branch.as_deref().unwrap_or("HEAD (detached)");
    let place = report.work_tree.as_ref().map_or(String::new(), |path| format!(", in {}", path.display()));
    let onto = &report.base[..report.base.len().min(12)];
    let (verb, style) = match outcome {
        "planned" => ("Would apply", Style::Bold),
        "conflict" => ("Stopped applying", Style::Warn),
        _ => ("Applied", Style::Good),
    };
    ui.styled(style, format!("{verb} {}", report.id))?;
    ui.line(format!(" on {branch}, from {onto}{place}"))
}

fn commits(ui: &mut Ui, report: &Report) -> Result<(), Failure> {
    const SHOWN: usize = 20;
    for commit in report.commits.iter().take(SHOWN) {
        ui.raw("  ")?;
        ui.styled(Style::Warn, &commit.id[..commit.id.len().min(9)])?;
        ui.raw(format!(" {} ", commit.subject))?;
        ui.styled(Style::Dim, format!("({})", commit.author))?;
        ui.line(match (commit.merged, commit.was_merge) {
            (true, _) => " merged",
            (false, true) => " was a merge",
            (false, false) => "",
        })?;
    }
    if report.commits.len() > SHOWN {
        ui.line(format!("  and {} more", report.commits.len() - SHOWN))?;
    }
    for subject in &report.left_out {
        ui.line(format!("  (left out) {subject}"))?;
    }
    for subject in &report.already {
        ui.line(format!("  (here already) {subject}"))?;
    }
    Ok(())
}

fn uncommitted(ui: &mut Ui, report: &Report) -> Result<(), Failure> {
    let groups = [
        ("staged", &report.uncommitted.staged),
        ("not staged", &report.uncommitted.unstaged),
        ("untracked", &report.uncommitted.untracked),
    ];
    for (name, paths) in groups.iter().filter(|(_, paths)| !paths.is_empty()) {
        ui.line(format!("  {} {name}:", count(paths.len(), "file")))?;
        ui.line(listed(paths))?;
    }
    Ok(())
}

fn proof(ui: &mut Ui, proof: &Proof) -> Result<(), Failure> {
    let (style, text) = match proof {
        Proof::Matches { trees } => (Style::Good, format!("trees match the sandbox ({trees} of {trees})")),
        Proof::BaseDiffers { bootstrap: Some(id), .. } => {
            let text = format!(
                "trees cannot match the sandbox: it began with {}, this began elsewhere",
                &id[..id.len().min(12)]
            );
            (Style::Warn, text)
        }
        Proof::BaseDiffers { bootstrap: None, .. } => {
            (Style::Warn, "trees differ from the sandbox's: the base is another".to_owned())
        }
        Proof::Merged { first } => (
            Style::Warn,
            format!("trees differ from the sandbox's from entry {first} on, which was merged with your changes"),
        ),
        Proof::Unfinished => return Ok(()),
        Proof::Unproved => (Style::Dim, "not proved: the capture names no trees".to_owned()),
    };
    ui.raw("Proof: ")?;
    ui.styled(style, text)?;
    ui.line("")
}

/// What lands beside the code: programs that will run, secrets, names that mislead.
fn audit(ui: &mut Ui, report: &Report) {
    if !report.runs_here.is_empty() {
        let lines = report.runs_here.iter().map(|finding| format!("{} {}", finding.path, finding.reason));
        ui.warn(format!("look at these before you build, commit or open an editor here:\n{}", shortened(lines)));
    }
    if !report.secrets.is_empty() {
        let lines = report
            .secrets
            .iter()
            .map(|secret| format!("{}:{} {} ({}...)", secret.path, secret.line, secret.rule, secret.start));
        ui.warn(format!("these look like secrets:\n{}", shortened(lines)));
    }
    if !report.spoofed.is_empty() {
        ui.warn(format!("not what it looks like:\n{}", shortened(report.spoofed.iter().cloned())));
    }
}

fn conflict(ui: &mut Ui, stop: &Stop) {
    let what = match stop.kind {
        Kind::Commit => "the commit",
        Kind::Index => "the staged changes",
        Kind::Worktree => "the uncommitted changes",
    };
    ui.warn(format!("{what} '{}' (entry {}) did not fit:\n{}", stop.subject, stop.entry + 1, listed(&stop.paths)));
    let rejected: Vec<BString> = stop.rejects.iter().map(|reject| reject.path.clone()).collect();
    if !rejected.is_empty() {
        ui.warn(format!("hunks without anything to merge them with are in .rej files:\n{}", listed(&rejected)));
    }
}

/// How to go on from a conflict, and how to go back.
fn way_on(ui: &mut Ui, report: &Report, name: &str, stop: &Stop) {
    let place = report.work_tree.as_ref().map_or(String::new(), |path| format!("cd {} && ", path.display()));
    match stop.kind {
        Kind::Commit => {
            ui.hint(format!("resolve and git add the files, then: {place}git glue-apply --continue {name}"));
            ui.hint(format!("to leave the commit out: {place}git am --skip && git glue-apply --continue {name}"));
            ui.hint(format!("to go back: {place}git glue-apply --undo {}", report.id));
        }
        Kind::Index | Kind::Worktree => {
            if report.left_over {
                ui.hint(format!("resolve and git add the files, then: {place}git glue-apply --continue {name}"));
            } else {
                ui.hint(format!(
                    "resolve the files; all the rest is here{}",
                    if place.is_empty() { "" } else { ", in that work tree" }
                ));
            }
            ui.hint(format!("to go back: {place}git glue-apply --undo {}", report.id));
        }
    }
}

/// Paths, one a line, at most twenty.
fn listed(paths: &[BString]) -> String {
    shortened(paths.iter().map(BString::to_string))
}

/// Lines set in, at most twenty.
fn shortened(lines: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 20;
    let count = lines.len();
    let mut lines: Vec<String> = lines.take(SHOWN).map(|line| format!("    {line}")).collect();
    if count > SHOWN {
        lines.push(format!("    and {} more", count - SHOWN));
    }
    lines.join("\n")
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn report_json(ui: &mut Ui, outcome: &str, report: Option<&Report>) -> Result<(), Failure> {
    if !ui.json {
        return Ok(());
    }
    let Some(report) = report else { return ui.object(json!({ "outcome": outcome })) };
    let text = |paths: &[BString]| paths.iter().map(quoted).collect::<Vec<_>>();
    let commits: Vec<Value> = report
        .commits
        .iter()
        .map(|commit| {
            json!({
                "id": commit.id,
                "sandbox_id": commit.sandbox_id,
                "subject": commit.subject.to_str_lossy(),
                "author": commit.author.to_str_lossy(),
                "merged": commit.merged,
            })
        })
        .collect();
    let conflict = report.stop.as_ref().map(|stop| {
        json!({
            "entry": stop.entry + 1,
            "subject": stop.subject.to_str_lossy(),
            "paths": text(&stop.paths),
        })
    });
    ui.object(json!({
        "outcome": outcome,
        "session_id": report.id,
        "branch": report.branch,
        "branch_is_new": report.branch_is_new,
        "base": report.base,
        "tip": report.tip,
        "work_tree": report.work_tree.as_ref().map(|path| path.display().to_string()),
        "commits": commits,
        "already": report.already.iter().map(|subject| subject.to_str_lossy()).collect::<Vec<_>>(),
        "staged": text(&report.uncommitted.staged),
        "unstaged": text(&report.uncommitted.unstaged),
        "untracked": text(&report.uncommitted.untracked),
        "files": report.files,
        "proof": proof_json(&report.proof),
        "conflict": conflict,
        "rejects": text(&report.rejects),
        "runs_here": report
            .runs_here
            .iter()
            .map(|finding| json!({ "path": quoted(&finding.path), "reason": finding.reason }))
            .collect::<Vec<_>>(),
        "secrets": report
            .secrets
            .iter()
            .map(|secret| json!({ "path": quoted(&secret.path), "line": secret.line, "rule": secret.rule }))
            .collect::<Vec<_>>(),
        "spoofed": report.spoofed,
    }))
}

/// A path as JSON can hold it: C-quoted as git quotes it, where it has to be.
fn quoted(path: &BString) -> String {
    crate::patch::quote(path.as_bstr()).to_string()
}

fn proof_json(proof: &Proof) -> Value {
    match proof {
        Proof::Matches { trees } => json!({ "verdict": "matches", "trees": trees }),
        Proof::BaseDiffers { first, bootstrap } => {
            json!({ "verdict": "base-differs", "first": first, "bootstrap": bootstrap })
        }
        Proof::Merged { first } => json!({ "verdict": "merged", "first": first }),
        Proof::Unfinished => json!({ "verdict": "unfinished" }),
        Proof::Unproved => json!({ "verdict": "unproved" }),
    }
}

/// What a refusal means for the user: exit status, a word for programs, what to type next.
fn failure(error: Error, id: &str) -> Failure {
    let message = error.to_string();
    let make = |kind: &'static str| Failure::new(Exit::Failed, kind, message.clone());
    match error {
        Error::Git(error) => error.into(),
        Error::Session(error) => error.into(),
        Error::Mbox(_) | Error::Patch { .. } | Error::Incomplete { .. } => {
            make("corrupt").hint("capture it again, or copy it again as a binary file")
        }
        Error::Corrupt { .. } => make("corrupt").hint("the capture contradicts itself; do not trust it, capture again"),
        Error::HostilePath { .. } | Error::ThroughLink { .. } => {
            make("hostile-path").hint("nothing of this capture was applied; look at it with: git glue-diff")
        }
        Error::Io { .. } => make("io"),
        Error::ObjectFormat { .. } => make("object-format").hint("apply in a repository of the same object format"),
        Error::NoWorkTree { .. } => make("no-work-tree").hint(format!("git glue-apply --no-checkout {id}")),
        Error::UnbornHead => make("unborn-head").hint("make a first commit, or name a commit with --onto"),
        Error::NoSuchCommit { .. } => make("no-such-commit"),
        Error::BranchTaken { .. } | Error::BranchBlocked { .. } => {
            make("branch-taken").hint(format!("git glue-apply --branch <another name> {id}"))
        }
        Error::Begun { id: begun, .. } => make("begun").hint(format!(
            "finish it (git glue-apply --continue {id}), or take it back: git glue-apply --undo {begun}"
        )),
        Error::BranchName { .. } => make("branch-name"),
        Error::NoIdentity { .. } => make("no-identity")
            .hint("git config --global user.name \"Your Name\" && git config --global user.email you@example.com"),
        Error::Busy(what) => make("in-progress").hint(format!(
            "finish it first ({}), or land elsewhere: git glue-apply --worktree <path> {id}",
            ending(what.command())
        )),
        Error::IndexLocked { .. } => make("index-locked").hint("if no other git is running here, remove that file"),
        Error::Staged { .. } => {
            make("staged").hint(format!("commit or stash them, or: git glue-apply --worktree <path> {id}"))
        }
        Error::InTheWay(_) => {
            make("in-the-way").hint(format!("commit, stash or move them, or: git glue-apply --worktree <path> {id}"))
        }
        Error::WorktreeExists { .. } => make("worktree-exists").hint("name a path that does not exist yet"),
        Error::UncommittedNeedsWorkTree => make("needs-work-tree")
            .hint(format!("add --commit-worktree, or land it elsewhere: git glue-apply --worktree <path> {id}")),
        Error::Conflicts { .. } => {
            make("conflict").hint("without --atomic, what fits lands and the conflict is left for you to resolve")
        }
        Error::CannotSign { .. } => make("cannot-sign")
            .hint("apply with --no-gpg-sign and sign later: git rebase --exec 'git commit --amend --no-edit -S'"),
        Error::Unresolved { .. } => {
            make("unresolved").hint(format!("resolve and git add them, then: git glue-apply --continue {id}"))
        }
        Error::NothingResolved { .. } => make("nothing-resolved")
            .hint(format!("to leave it out: git am --skip, then: git glue-apply --continue {id}")),
        Error::NoRecord { .. } => make("not-applied"),
        Error::ChangedSince(_) => make("changed-since").hint("git reflog shows where you were"),
    }
}

/// How something that is in progress is brought to its end.
fn ending(command: &str) -> String {
    match command {
        "bisect" => "git bisect reset".to_owned(),
        other => format!("git {other} --continue or --abort"),
    }
}
