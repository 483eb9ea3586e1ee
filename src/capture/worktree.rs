//! The work tree as a tree: what differs from the index, and what the index does not know.
//!
//! git says which paths those are; each is looked at before git is asked to read it, so that a file that is too large,
//! is no file, or cannot be read costs that file and not the capture.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;

use bstr::{BString, ByteSlice};

use super::selection::LeftOut;
use super::{Findings, IndexState, Selection, Workspace, conversion, lfs, own, walk};
use crate::git::{Error, TreeChange, TreeItem, raw_changes};

/// The work tree at the time of the capture.
pub(super) struct WorktreeState {
    /// Its tree: tracked and untracked files, as far as they can be carried.
    pub(super) tree: String,
    /// Paths that the index only announces (`git add -N`).
    pub(super) intent_to_add: Vec<BString>,
    /// Paths whose bytes are in the tree as they are, because git's conversions would not give them back.
    pub(super) verbatim: Vec<BString>,
    /// Files that are larger than the cap all by themselves; not read, not in the tree.
    pub(super) over_cap: Vec<(BString, u64)>,
    /// What the user wanted left out.
    pub(super) left_out: Vec<LeftOut>,
    /// Submodules whose HEAD is not the commit that the index has.
    pub(super) moved_submodules: Vec<BString>,
}

/// A file that was there when the agent began, and was not taken into the baseline: its path, size and time.
pub(super) type Known = (BString, u64, i64);

/// What a look at the files found.
#[derive(Default)]
pub(super) struct Looked {
    /// Files and symbolic links to take in.
    pub(super) feed: Vec<BString>,
    /// Tracked paths at which there is neither.
    pub(super) gone: Vec<BString>,
    /// Larger than the cap.
    pub(super) over_cap: Vec<(BString, u64)>,
    /// Not wanted.
    pub(super) left_out: Vec<LeftOut>,
    /// Neither files nor symbolic links nor folders.
    pub(super) special: Vec<BString>,
    /// Files that may not be read.
    pub(super) unreadable: Vec<BString>,
    /// Untracked files that are not there any more.
    pub(super) vanished: Vec<BString>,
}

/// Brings the private index, which `index::snapshot` prepared, up to the files, and writes it as a tree. Files that are
/// exactly as `known` says are passed over.
pub(super) fn snapshot(
    workspace: &Workspace,
    index: &IndexState,
    selection: &Selection,
    known: &[Known],
    findings: &mut Findings,
) -> Result<WorktreeState, Error> {
    let desk = &workspace.desk;
    // The exit status says that some file differs, which is no news.
    desk.git("update-index").args(["-q", "--refresh"]).finish()?;
    let changed = changed(workspace, selection)?;
    let untracked = untracked(workspace, selection, findings)?;
    let intent_to_add = changed.iter().filter(|c| c.old.is_none() && c.new.is_some()).map(|c| c.path.clone()).collect();
    let mut looked = Looked { left_out: excluded(workspace, selection)?, ..Looked::default() };
    for change in &changed {
        match &change.new {
            None => looked.gone.push(change.path.clone()),
            Some(new) if new.is_gitlink() => looked.feed.push(change.path.clone()),
            Some(_) => look(workspace, selection, known, &change.path, true, &mut looked),
        }
    }
    for path in &untracked {
        look(workspace, selection, known, path, false, &mut looked);
    }
    walk::look(workspace, index, selection, &mut looked.special, findings)?;
    let attributes = conversion::attributes(workspace, &looked.feed)?;
    lfs::drop_unchanged(workspace, &changed, &attributes, &mut looked.feed)?;
    let gone: Vec<(&BString, Option<&TreeItem>)> = looked.gone.iter().map(|path| (path, None)).collect();
    desk.set_entries(gone.into_iter().map(|(path, item)| (path.as_bstr(), item)))?;
    let mut refused = feed(workspace, &looked.feed)?;
    let verbatim = conversion::keep_bytes(workspace, &looked.feed, &attributes, &mut refused)?;
    let tree = desk.git("write-tree").arg("--missing-ok").line()?.to_str_lossy().into_owned();
    lfs::tell(&looked.feed, &attributes, findings);
    tell(&looked, &refused, findings);
    let moved_submodules = changed.iter().filter(|c| c.new.as_ref().is_some_and(TreeItem::is_gitlink));
    let moved_submodules = moved_submodules.map(|c| c.path.clone()).collect();
    Ok(WorktreeState {
        tree,
        intent_to_add,
        verbatim,
        over_cap: looked.over_cap,
        left_out: looked.left_out,
        moved_submodules,
    })
}

/// Tracked paths whose files differ from the index.
fn changed(workspace: &Workspace, selection: &Selection) -> Result<Vec<TreeChange>, Error> {
    let args = ["--raw", "-z", "--no-renames", "--full-index", "--ignore-submodules=dirty", "--"];
    raw_changes(workspace.desk.git("diff-files").args(args).args(selection.pathspecs()))
}

/// What `--exclude` leaves out here; untracked directories by their name alone.
fn excluded(workspace: &Workspace, selection: &Selection) -> Result<Vec<LeftOut>, Error> {
    if selection.exclude.is_empty() {
        return Ok(Vec::new());
    }
    let args = ["--raw", "-z", "--no-renames", "--full-index", "--ignore-submodules=dirty", "--"];
    let changed = raw_changes(workspace.desk.git("diff-files").args(args).args(&selection.exclude))?;
    let untracked = others(workspace, &["--directory"], selection.exclude.clone())?;
    let paths = changed.into_iter().map(|change| change.path).chain(untracked);
    Ok(paths.map(|path| LeftOut { path, size: None }).collect())
}

/// Files that the index does not know and that are not ignored, or are wanted although they are. Repositories of their
/// own are named, and left out.
fn untracked(workspace: &Workspace, selection: &Selection, findings: &mut Findings) -> Result<Vec<BString>, Error> {
    let mut paths = others(workspace, &[], selection.pathspecs())?;
    if !selection.include_ignored.is_empty() {
        paths.extend(others(workspace, &["--ignored"], selection.include_ignored.clone())?);
        paths.sort();
        paths.dedup();
    }
    own::drop_captures(workspace, &mut paths, findings);
    let (nested, paths): (Vec<BString>, Vec<BString>) = paths.into_iter().partition(|path| path.ends_with(b"/"));
    walk::tell_nested(workspace, &nested, findings);
    Ok(paths)
}

/// `git ls-files --others` with the ignore rules that travel with the work tree, and `info/exclude`.
pub(super) fn others(workspace: &Workspace, options: &[&str], pathspecs: Vec<OsString>) -> Result<Vec<BString>, Error> {
    let mut command = workspace.desk.git("ls-files").args(["-z", "--others", "--exclude-per-directory=.gitignore"]);
    let exclude = workspace.desk.path()?.join("info/exclude");
    if exclude.is_file() {
        let mut option = OsString::from("--exclude-from=");
        option.push(exclude);
        command = command.arg(option);
    }
    let bytes = command.args(options).arg("--").args(pathspecs).output()?;
    let own = workspace.own_files();
    let is_own = |path: &[u8]| {
        let inside = |own: &BString| path.strip_prefix(own.as_slice());
        own.iter().filter_map(inside).any(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let paths = bytes.split(|&byte| byte == 0).filter(|path| !path.is_empty() && !is_own(path));
    Ok(paths.map(BString::from).collect())
}

/// Looks at one file without reading it.
pub(super) fn look(
    workspace: &Workspace,
    selection: &Selection,
    known: &[Known],
    path: &BString,
    tracked: bool,
    looked: &mut Looked,
) {
    let file = workspace.file(path.as_bstr());
    let metadata = match fs::symlink_metadata(&file) {
        Ok(metadata) => metadata,
        Err(error) if tracked && is_gone(&error) => return looked.gone.push(path.clone()),
        Err(error) if is_gone(&error) => return looked.vanished.push(path.clone()),
        Err(_) => return looked.unreadable.push(path.clone()),
    };
    let kind = metadata.file_type();
    if kind.is_symlink() {
        return looked.feed.push(path.clone());
    }
    if !kind.is_file() {
        // A directory took the file's place; what is in it is listed by itself. A pipe is told of by the walk.
        return if tracked {
            looked.gone.push(path.clone())
        };
    }
    let size = metadata.len();
    if known.iter().any(|(other, length, time)| other == path && *length == size && *time == modified(&metadata)) {
    } else if selection.omit_larger_than.is_some_and(|most| size > most) {
        looked.left_out.push(LeftOut { path: path.clone(), size: Some(size) });
    } else if size > selection.cap {
        looked.over_cap.push((path.clone(), size));
    } else if File::open(&file).is_err() {
        looked.unreadable.push(path.clone());
    } else {
        looked.feed.push(path.clone());
    }
}

pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// When a file was last written, in nanoseconds since 1970.
pub(super) fn modified(metadata: &fs::Metadata) -> i64 {
    let time = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    time.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or_default()
}

/// Why git passes over a path, whatever the file holds.
pub(super) const NO_NAME: &str = "no name for a file in a repository";

/// Has git read these files into the private index. One that git refuses (its own directory in another spelling, a
/// file that changes while it is read) costs that file: the rest is tried again without it. Those refused, and why.
fn feed(workspace: &Workspace, paths: &[BString]) -> Result<Vec<(BString, String)>, Error> {
    let mut refused = Vec::new();
    let mut batches = vec![paths];
    while let Some(batch) = batches.pop() {
        if batch.is_empty() {
            continue;
        }
        let command = workspace.desk.git("update-index").args(["-z", "--add", "--remove", "--replace", "--stdin"]);
        let answer = command.input(bstr::join("\0", batch)).finish()?;
        if answer.code == Some(0) {
            // Some names it passes over, and only says so.
            let passed_over = answer.stderr.lines().filter_map(|line| line.strip_prefix("Ignoring path "));
            refused.extend(passed_over.filter_map(|name| {
                batch.iter().find(|path| path.to_str_lossy() == name).map(|path| (path.clone(), NO_NAME.to_owned()))
            }));
            continue;
        }
        if let [path] = batch {
            let said = answer.stderr.lines().next().unwrap_or_default();
            refused.push((path.clone(), said.trim_start_matches("error: ").to_owned()));
        } else {
            let (first, second) = batch.split_at(batch.len() / 2);
            batches.extend([second, first]);
        }
    }
    Ok(refused)
}

/// Says what could not be taken in.
pub(super) fn tell(looked: &Looked, refused: &[(BString, String)], findings: &mut Findings) {
    findings.about("unreadable-file", &looked.unreadable, |names| format!("cannot be read, so not captured: {names}"));
    findings.about("vanished-file", &looked.vanished, |names| {
        format!("went away during the capture, so not captured: {names}")
    });
    findings.about("special-file", &looked.special, |names| {
        format!("neither file nor symbolic link (pipe, socket, device), so not captured: {names}")
    });
    let paths: Vec<BString> = refused.iter().map(|(path, _)| path.clone()).collect();
    findings.about("refused-path", &paths, |names| {
        let why = refused.first().map(|(_, why)| why.as_str()).unwrap_or_default();
        format!("git does not take {names}, so not captured ({why})")
    });
}
