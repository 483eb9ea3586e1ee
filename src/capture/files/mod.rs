//! Index and work tree as trees without a process: for every work tree about which nothing is unusual.
//!
//! The index is read once, in place; one [`pass`] over the folders says what may have changed; only that is read. The trees
//! are made from the index's own where nothing in a folder differs. What only git knows how to treat (conversions,
//! submodules, conflicts, sparse checkouts, repositories inside, pathspecs) is left to it: [`super::index`] and
//! [`super::worktree`] ask it the same questions, and the answers are the same.

mod attributes;
mod content;
mod ignore;
mod pass;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bstr::{BString, ByteSlice};
use rustix::fs::{Mode, OFlags};

use self::content::Reader;
use self::pass::{Found, Known};
use self::tree::{Item, Trees};
use super::worktree::{Looked, look};
use super::{Findings, IndexState, Selection, Workspace, WorktreeState, own, walk, worktree};
use crate::git::index::{Entry, Index};
use crate::git::{self, Error};

/// Why it is left to git.
#[derive(Debug, Clone, Copy)]
struct Unusual(#[expect(dead_code, reason = "says in the code what it is, and to whoever debugs it")] &'static str);

/// What differs from the index: what a path is to be, or that it is gone.
type Overlay = BTreeMap<BString, Option<Item>>;

/// The index and the work tree as trees; `None` where git has to be asked. Nothing was told of then.
pub(super) fn snapshot(
    workspace: &Workspace,
    selection: &Selection,
    known: &[worktree::Known],
    findings: &mut Findings,
) -> Result<Option<(IndexState, WorktreeState)>, Error> {
    let mut told = Findings::default();
    match plain(workspace, selection, known, &mut told) {
        Ok(states) => {
            findings.append(told);
            Ok(Some(states))
        }
        Err(Stop::Unusual(_)) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why it ends early.
enum Stop {
    Unusual(#[expect(dead_code, reason = "as there")] Unusual),
    Failed(Error),
}

impl From<Unusual> for Stop {
    fn from(unusual: Unusual) -> Stop {
        Stop::Unusual(unusual)
    }
}

impl From<git::index::Unusual> for Stop {
    fn from(unusual: git::index::Unusual) -> Stop {
        Stop::Unusual(Unusual(unusual.0))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

fn plain(
    workspace: &Workspace,
    selection: &Selection,
    known: &[worktree::Known],
    findings: &mut Findings,
) -> Result<(IndexState, WorktreeState), Stop> {
    if !selection.exclude.is_empty() || !selection.include_ignored.is_empty() {
        return Err(Unusual("pathspecs").into());
    }
    if workspace.repo.config_bool("core.ignoreCase")? == Some(true) {
        return Err(Unusual("upper and lower case are the same").into());
    }
    let Some(index) = Index::open(&workspace.repo.index, workspace.desk.format())? else {
        return Err(Unusual("no index").into());
    };
    let listing = index.look_at_all()?;
    let entries: Vec<Entry> = listing.entries().collect();
    if entries.iter().any(|entry| entry.is_gitlink() || entry.is_unseen() || entry.is_announced()) {
        return Err(Unusual("entries that are more than files").into());
    }
    let top = rustix::fs::open(&workspace.top, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|_| Unusual("the work tree cannot be opened"))?;
    let device = fs::metadata(&workspace.repo.index).map(|metadata| metadata.dev()).unwrap_or_default();
    let own = workspace.own_files();
    let exclude = ignore::plain_file(&top, &workspace.repo.common_dir.join("info/exclude"))?;
    let place = Known { entries: &entries, index: &index, device, young: young(index.modified()), own: &own };
    let mut found = pass::look(&top, &place, exclude.as_deref())?;
    own::drop_captures(workspace, &mut found.untracked, findings);
    walk::tell_ignored(&found.ignored, findings);
    walk::tell_empty(&found.empty, findings);

    let mut reader = Reader::new(workspace, &top);
    let (overlay, looked) = contents(workspace, selection, known, &entries, found, &mut reader)?;
    worktree::tell(&looked, &[], findings);
    let trees = Trees::of(workspace.desk.objects()?, &entries, listing.folders());
    let index = IndexState { tree: trees.id(&Overlay::new())?.to_string(), submodules: Vec::new() };
    let tree = WorktreeState {
        tree: trees.id(&overlay)?.to_string(),
        intent_to_add: Vec::new(),
        verbatim: Vec::new(),
        over_cap: looked.over_cap,
        left_out: looked.left_out,
        moved_submodules: Vec::new(),
    };
    Ok((index, tree))
}

/// The age of files that may have been written after an index that was written at `modified`: a clock of a file system ticks
/// in steps of up to 10 ms.
fn young(modified: SystemTime) -> (u32, u32) {
    const TICKS: Duration = Duration::from_millis(20);
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(TICKS);
    (u32::try_from(since.as_secs()).unwrap_or(u32::MAX), since.subsec_nanos())
}

/// Reads what may have changed and what is new; what the index's tree is to have instead, and what a look at each file said.
fn contents(
    workspace: &Workspace,
    selection: &Selection,
    known: &[worktree::Known],
    entries: &[Entry<'_>],
    found: Found,
    reader: &mut Reader<'_>,
) -> Result<(Overlay, Looked), Stop> {
    let mut looked = Looked { special: found.special, ..Looked::default() };
    for entry in found.touched.into_iter().filter_map(|number| entries.get(number)) {
        if !reader.is_same(entry)? {
            look(workspace, selection, known, &entry.path().to_owned(), true, &mut looked);
        }
    }
    for path in &found.untracked {
        look(workspace, selection, known, path, false, &mut looked);
    }
    let gone = found.gone.into_iter().filter_map(|number| Some(entries.get(number)?.path().to_owned()));
    let mut overlay: Overlay = gone.chain(looked.gone.iter().cloned()).map(|path| (path, None)).collect();
    for path in &looked.feed {
        // One that went away since, or cannot be read: git has the words for it.
        let item = reader.item(path.as_bstr())?.map_err(|_| Unusual("a file that was there a moment ago"))?;
        overlay.insert(path.clone(), Some(item));
    }
    Ok((overlay, looked))
}
