//! A conflict, left in good order: the session of `git am` that the person goes on with, and `.rej` files.
//!
//! The session is the one that `git am --3way` would have left: `git am --continue`, `--skip` and `--abort` work on it,
//! with the mails of the commits that come after. It is written here rather than by running `git am`, because git would
//! run filters and drivers that the capture selects, and would take author and message from the mail's readable text
//! where the capture has the exact ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::built::Built;
use super::desk::Desk;
use super::place::Reject;
use super::spare::Spare;
use super::{Error, Obstacle, Series};
use crate::git::{Error as GitError, Isolated, Repo, TreeItem};
use crate::mbox::{Entry, Kind};

/// The file in a session of `git am` that tells that it is ours, and of which capture. git passes over it.
const MARK: &str = "glue-session";

/// The mail, counted from 1, that the `git am` in progress waits for; `None` when it is not one that we left for session `id`.
pub fn waiting_mail(repo: &Repo, id: &str) -> Result<Option<usize>, Error> {
    let folder = repo.git_dir.join("rebase-apply");
    if fs::read(folder.join(MARK)).ok().as_deref() != Some(id.as_bytes()) {
        return Ok(None);
    }
    let next = folder.join("next");
    let bytes = fs::read(&next).map_err(GitError::io("cannot read", next))?;
    Ok(bytes.to_str().ok().and_then(|text| text.trim().parse().ok()).filter(|&number: &usize| number > 0))
}

/// Moves a session of `git am` that is over out of git's sight; where it is now.
pub fn put_away(repo: &Repo, isolated: &Isolated) -> Result<PathBuf, Error> {
    let (from, to) = (repo.git_dir.join("rebase-apply"), isolated.path()?.join("finished-am"));
    fs::rename(&from, &to).map_err(GitError::io("cannot move", from))?;
    Ok(to)
}

/// Takes that back.
pub fn bring_back(repo: &Repo, session: &Path) -> Result<(), Error> {
    fs::rename(session, repo.git_dir.join("rebase-apply")).map_err(GitError::io("cannot move", session))?;
    Ok(())
}

/// A session of `git am`, made ready beside the place where git looks for it.
pub struct AmSession {
    folder: PathBuf,
}

/// Makes the session ready that a conflict in a commit leaves; `None` when no commit is in conflict. Refuses when changes
/// of the person's are in the way of a commit that is still to come: `git am` would stop at it once more.
pub fn prepare(
    isolated: &Isolated,
    series: &mut Series,
    built: &Built,
    desk: &Desk,
) -> Result<Option<AmSession>, Error> {
    let Some(stop) = built.stop.as_ref().filter(|stop| stop.kind == Kind::Commit) else { return Ok(None) };
    let folder = isolated.path()?.join("rebase-apply");
    fs::create_dir(&folder).map_err(GitError::io("cannot make", &folder))?;
    let dirty = desk.dirty()?;
    let mut in_the_way = BTreeSet::new();
    let mails: Vec<usize> = series.commits().filter(|&index| index >= stop.entry).collect();
    let patch = folder.join("patch");
    // Backwards, so that the file `patch` ends as that of the first mail, which is where git looks for it.
    for (number, &index) in mails.iter().enumerate().rev() {
        let changes = series.unpack(index, &patch)?;
        series.write_mail(index, &patch, &folder.join(format!("{:04}", number + 1)))?;
        in_the_way.extend(changes.into_iter().filter_map(|change| change.old_path).filter(|path| dirty.contains(path)));
    }
    if !in_the_way.is_empty() {
        let obstacle = |path| Obstacle { path, what: "has changes that are not committed" };
        return Err(Error::InTheWay(in_the_way.into_iter().map(obstacle).collect()));
    }
    write_state(&folder, series.entry(stop.entry), mails.len(), &built.tip)?;
    let mark = folder.join(MARK);
    fs::write(&mark, &series.id).map_err(GitError::io("cannot write", mark))?;
    Ok(Some(AmSession { folder }))
}

impl AmSession {
    /// From now on `git am` is in progress, and would go back to `tip` when aborted; unless `last` fails.
    pub fn begin(self, repo: &Repo, tip: &str, last: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        repo.git("update-ref").args(["ORIG_HEAD", tip]).run()?;
        let place = repo.git_dir.join("rebase-apply");
        fs::rename(&self.folder, &place).map_err(GitError::io("cannot make", &place))?;
        last().inspect_err(|_| drop(fs::remove_dir_all(&place)))
    }
}

/// The state files of `git am`, as `builtin/am` documents and reads them.
fn write_state(folder: &Path, entry: &Entry, mails: usize, tip: &str) -> Result<(), Error> {
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.join(name);
        fs::write(&file, bytes).map_err(GitError::io("cannot write", file))
    };
    let flags: [(&str, &str); 11] = [
        ("threeway", "t"),
        ("quiet", "f"),
        ("sign", "f"),
        ("utf8", "t"),
        ("keep", "f"),
        ("messageid", "f"),
        ("scissors", "f"),
        ("quoted-cr", ""),
        ("keepcr", "t"),
        ("apply-opt", " '--whitespace=nowarn'"),
        ("applying", ""),
    ];
    for (name, value) in flags {
        write(name, format!("{value}\n").as_bytes())?;
    }
    write("next", b"1\n")?;
    write("last", format!("{mails}\n").as_bytes())?;
    write("abort-safety", format!("{tip}\n").as_bytes())?;
    write("final-commit", &entry.message)?;
    write("author-script", &author_script(entry))?;
    Ok(())
}

/// The author as shell assignments, which is how `git am` keeps it.
fn author_script(entry: &Entry) -> Vec<u8> {
    let date = format!("@{} {}", entry.author.seconds().unwrap_or_default(), entry.author.offset());
    let mut script = Vec::new();
    let values = [
        ("GIT_AUTHOR_NAME", entry.author.name()),
        ("GIT_AUTHOR_EMAIL", entry.author.email()),
        ("GIT_AUTHOR_DATE", BStr::new(&date)),
    ];
    for (name, value) in values {
        script.extend_from_slice(name.as_bytes());
        script.extend_from_slice(b"='");
        script.extend_from_slice(&value.replace("'", "'\\''").replace("!", "'\\!'"));
        script.extend_from_slice(b"'\n");
    }
    script
}

/// A tree of the `.rej` files that are to be written beside the files of `tree`; `None` when there are none.
pub fn name_rejects<'a>(
    isolated: &Isolated,
    desk: &Desk,
    tree: &str,
    rejects: impl IntoIterator<Item = &'a Reject>,
) -> Result<Option<String>, Error> {
    let mut named: BTreeMap<BString, TreeItem> = BTreeMap::new();
    for reject in rejects {
        let name = free_name(desk, tree, reject.path.as_bstr(), &named)?;
        named.insert(name, TreeItem { mode: 0o100_644, id: desk.objects().write_blob(&reject.hunks)? });
    }
    if named.is_empty() {
        return Ok(None);
    }
    let mut listing = Vec::new();
    for (name, item) in &named {
        listing.extend_from_slice(format!("{:06o} {}\t", item.mode, item.id).as_bytes());
        listing.extend_from_slice(name);
        listing.push(0);
    }
    let index = isolated.path()?.join("rejects.index");
    let on_index = |subcommand: &str| isolated.git(subcommand).env("GIT_INDEX_FILE", &index);
    on_index("update-index").args(["-z", "--add", "--index-info"]).input(listing).run()?;
    Ok(Some(on_index("write-tree").line()?.to_string()))
}

/// Writes the `.rej` files of such a tree.
pub fn write_rejects(isolated: &Isolated, desk: &Desk, spare: &mut Spare, tree: &str) -> Result<(), Error> {
    for change in isolated.changes(isolated.format().empty_tree(), tree)? {
        let (file, Some(item)) = (desk.file(change.path.as_bstr())?, change.new) else { continue };
        spare.keep(&file)?;
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(GitError::io("cannot make", parent))?;
        }
        fs::write(&file, desk.objects().blob(&item.id)?).map_err(GitError::io("cannot write", file))?;
    }
    Ok(())
}

/// Removes the `.rej` files of such a tree that are still as they were written.
pub fn remove_rejects(isolated: &Isolated, desk: &Desk, spare: &mut Spare, tree: &str) -> Result<(), Error> {
    for change in isolated.changes(isolated.format().empty_tree(), tree)? {
        if desk.on_disk(change.path.as_bstr())? == change.new {
            let file = desk.file(change.path.as_bstr())?;
            spare.keep(&file)?;
            fs::remove_file(&file).map_err(GitError::io("cannot remove", file))?;
        }
    }
    Ok(())
}

/// `<path>.rej`, or with a number when there is a file of that name, the person's or the capture's; at the top of the work
/// tree when a link or a file stands where its folder must be, because what is behind a link is not ours to write to.
fn free_name(desk: &Desk, tree: &str, path: &BStr, taken: &BTreeMap<BString, TreeItem>) -> Result<BString, Error> {
    let mut path = path.to_owned();
    let folders: Vec<usize> = path.find_iter("/").collect();
    for at in folders {
        let folder = path[..at].as_bstr();
        let is_in_the_way = match desk.objects().entry(tree, folder)? {
            // What is there now makes place for what lands.
            Some(item) => item.mode != 0o040_000,
            None => desk.file(folder)?.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()),
        };
        if is_in_the_way {
            path = BString::from(path.replace("/", "-"));
            break;
        }
    }
    let mut name = path.clone();
    name.extend_from_slice(b".rej");
    let mut number = 1;
    while taken.contains_key(&name)
        || desk.file(name.as_bstr())?.symlink_metadata().is_ok()
        || desk.objects().entry(tree, name.as_bstr())?.is_some()
    {
        number += 1;
        name = bstr::concat([path.as_bytes(), format!(".{number}.rej").as_bytes()]).into();
    }
    Ok(name)
}
