//! What refs and revisions name, read in-process where refs lie in files.
//!
//! Loose refs are small files, gix reads the packed ones. What is not spelled out in full (`main~2`, a short id, `@{u}`) is git's to
//! understand, and so is every repository that keeps its refs otherwise or replaces objects.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use bstr::{BStr, ByteSlice};
use gix::ObjectId;

use super::database::Database;
use super::recent::Known;
use super::{Entries, Error, Kind, Repo, discover};

/// What a ref holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// An object's id.
    Id(ObjectId),
    /// The name of another ref.
    Name(String),
}

/// Packed refs, read.
pub(super) type Packed = gix::refs::packed::Buffer;

/// What tells one `packed-refs` from the next: git replaces it by a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    size: u64,
    number: u64,
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        Some(Stamp { modified: metadata.modified().ok()?, size: metadata.len(), number: metadata.ino() })
    }

    /// Where files have no numbers, every reading is a new one.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Stamp> {
        None
    }
}

/// As many symbolic refs are followed one after the other.
const DEEPEST: usize = 5;

/// What a revision is peeled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peel {
    Not,
    Commit,
    Tree,
}

impl Repo {
    /// The full hex id that a revision names; `None` when it names nothing. The object need not be of any kind:
    /// ask for `x^{commit}` or `x^{tree}`.
    pub fn resolve(&self, revision: &str) -> Result<Option<String>, Error> {
        if let Some(answer) = self.resolve_here(revision)? {
            return Ok(answer.map(|id| id.to_string()));
        }
        let answer = self.git("rev-parse").args(["--verify", "--quiet", "--end-of-options", revision]).finish()?;
        Ok((answer.code == Some(0)).then(|| answer.stdout.trim_end().to_str_lossy().into_owned()))
    }

    /// The full name of the branch that HEAD is on, also when that branch has no commit yet; `None` when detached.
    pub fn head_branch(&self) -> Result<Option<String>, Error> {
        if self.has_plain_refs()?
            && let Some(Some(held)) = self.held("HEAD")
        {
            return Ok(match held {
                Held::Name(name) => Some(name),
                Held::Id(_) => None,
            });
        }
        let answer = self.git("symbolic-ref").args(["--quiet", "HEAD"]).finish()?;
        Ok((answer.code == Some(0)).then(|| answer.stdout.trim_end().to_str_lossy().into_owned()))
    }

    /// The refs of that name and below it, with the ids they name in the end, by name.
    pub fn refs_at(&self, name: &str) -> Result<Vec<(String, String)>, Error> {
        if self.has_plain_refs()?
            && let Some(found) = self.refs_at_here(name)
        {
            return Ok(found);
        }
        let listed = self.git("for-each-ref").args(["--format=%(objectname) %(refname)", name]).output()?;
        let listed = listed.to_str_lossy();
        let lines = listed.lines().filter_map(|line| line.split_once(' '));
        Ok(lines.map(|(id, name)| (name.to_owned(), id.to_owned())).collect())
    }

    fn refs_at_here(&self, name: &str) -> Option<Vec<(String, String)>> {
        let mut names: BTreeSet<String> = is_ref_name(name).then(|| name.to_owned()).into_iter().collect();
        loose_below(&self.ref_dir(name).join(name), name, &mut names)?;
        if let Some(packed) = self.packed_refs()? {
            for found in packed.iter_prefixed(format!("{name}/").into()).ok()? {
                names.insert(found.ok()?.name.as_bstr().to_str().ok()?.to_owned());
            }
        }
        let mut found = Vec::new();
        for name in names {
            // One that leads nowhere is none.
            found.extend(self.ref_id(&name)?.map(|id| (name, id.to_string())));
        }
        Some(found)
    }

    /// The content of a file in the tree that a ref names; `None` when there is none.
    pub fn file_of(&self, name: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.resolve_here(name)? {
            Some(None) => return Ok(None),
            Some(Some(tree)) => {
                if let Some(bytes) = self.file_in(tree, path) {
                    return Ok(Some(bytes));
                }
            }
            None => {}
        }
        let shown = self.git("cat-file").args(["blob", &format!("{name}:{path}")]).finish()?;
        Ok((shown.code == Some(0)).then_some(shown.stdout))
    }

    fn file_in(&self, id: ObjectId, path: &str) -> Option<Vec<u8>> {
        let tree = self.object(&id).filter(|object| object.kind == Kind::Tree)?;
        let entry = Entries::of(&tree.bytes, self.format.hash()).find_name(path.into(), id).ok()??;
        let file = self.object(&entry.id).filter(|object| object.kind == Kind::Blob)?;
        Some(file.bytes.to_vec())
    }

    /// Whether refs lie in files of the form that is read here.
    pub(super) fn has_plain_refs(&self) -> Result<bool, Error> {
        let is_named = std::env::var_os("GIT_REFERENCE_BACKEND").is_some();
        Ok(!is_named && discover::known_form(self.settings()?).is_some())
    }

    /// What a ref holds itself; inner `None` when it is not there. Outer `None` where it is git's to say: a link, a
    /// damaged one, a place that is read otherwise.
    pub(super) fn held(&self, name: &str) -> Option<Option<Held>> {
        if name.starts_with("main-worktree/") || name.starts_with("worktrees/") {
            return None;
        }
        let path = self.ref_dir(name).join(name);
        let kind = match path.symlink_metadata() {
            Ok(metadata) => metadata.file_type(),
            Err(error) => return is_missing(&error).then(|| self.packed(name)).flatten(),
        };
        match () {
            () if kind.is_file() => held_in(&std::fs::read(&path).ok()?).map(Some),
            () if kind.is_dir() => self.packed(name),
            () => None,
        }
    }

    /// The object that a ref names in the end. As [`Repo::held`].
    pub(super) fn ref_id(&self, name: &str) -> Option<Option<ObjectId>> {
        let mut name = name.to_owned();
        for _ in 0..DEEPEST {
            match self.held(&name)? {
                None => return Some(None),
                Some(Held::Id(id)) => return Some(Some(id)),
                Some(Held::Name(target)) => name = target,
            }
        }
        None
    }

    /// The directory that the file of a ref lies below: each work tree has some of its own.
    pub(super) fn ref_dir(&self, name: &str) -> &Path {
        const OWN: [&str; 3] = ["refs/worktree/", "refs/bisect/", "refs/rewritten/"];
        let is_own = !name.starts_with("refs/") || OWN.iter().any(|own| name.starts_with(own));
        if is_own { &self.git_dir } else { &self.common_dir }
    }

    /// The packed refs, if there are any. Outer `None` where they cannot be read.
    pub(super) fn packed_refs(&self) -> Option<Option<Arc<Packed>>> {
        // From here on a map of the file is cheaper than its bytes.
        const LARGE: u64 = 32 * 1024;
        let path = self.common_dir.join("packed-refs");
        let stamp = match path.symlink_metadata() {
            Ok(metadata) => Stamp::of(&metadata),
            Err(error) => return is_missing(&error).then_some(None),
        };
        let mut known = self.known.packed.lock().ok()?;
        if let Some((_, packed)) = known.as_ref().filter(|(known, _)| stamp.is_some() && *known == stamp) {
            return Some(Some(packed.clone()));
        }
        let packed = Arc::new(Packed::open(path, LARGE, self.format.hash()).ok()?);
        *known = Some((stamp, packed.clone()));
        Some(Some(packed))
    }

    fn packed(&self, name: &str) -> Option<Option<Held>> {
        let Some(packed) = self.packed_refs()? else { return Some(None) };
        let name: &gix::refs::FullNameRef = name.try_into().ok()?;
        let found = packed.try_find(name).ok()?;
        Some(found.map(|found| Held::Id(found.target())))
    }

    /// As [`Repo::resolve`]; outer `None` where it is git's to say.
    fn resolve_here(&self, revision: &str) -> Result<Option<Option<ObjectId>>, Error> {
        let (name, peel) = match revision.strip_suffix("^{commit}") {
            Some(name) => (name, Peel::Commit),
            None => revision.strip_suffix("^{tree}").map_or((revision, Peel::Not), |name| (name, Peel::Tree)),
        };
        let is_id = name.len() == self.format.zero().len() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let named = if is_id {
            ObjectId::from_hex(name.to_ascii_lowercase().as_bytes()).ok().map(Some)
        } else if (name == "HEAD" || is_full_name(name)) && self.has_plain_refs()? {
            self.ref_id(name)
        } else {
            None
        };
        Ok(match named {
            Some(Some(id)) if peel != Peel::Not => self.peeled(id, peel).map(Some),
            named => named,
        })
    }

    /// The commit or tree that an object is or leads to. `None` for what is of another kind or not there: a git may know where to
    /// fetch it.
    fn peeled(&self, mut id: ObjectId, peel: Peel) -> Option<ObjectId> {
        if self.may_replace_objects() {
            return None;
        }
        loop {
            let object = self.object(&id)?;
            let field: &[u8] = match (object.kind, peel) {
                (Kind::Commit, Peel::Commit) | (Kind::Tree, Peel::Tree) => return Some(id),
                (Kind::Commit, _) => b"tree ",
                (Kind::Tag, _) => b"object ",
                _ => return None,
            };
            let line = object.bytes.lines().next()?;
            id = ObjectId::from_hex(line.strip_prefix(field)?).ok()?;
        }
    }

    /// An object of the repository, read without a process.
    fn object(&self, id: &ObjectId) -> Option<Known> {
        let mut known = self.known.database.lock().ok()?;
        let database = known.get_or_insert_with(|| Database::open(&self.objects, &[], self.format.hash()));
        if let Some(object) = database.find(id).ok()? {
            return Some(object);
        }
        database.reopen();
        database.find(id).ok()?
    }

    /// Whether git might show other objects than those that are asked for.
    fn may_replace_objects(&self) -> bool {
        let is_none = || std::env::var_os("GIT_REPLACE_REF_BASE").is_none();
        let packed = || {
            self.packed_refs().is_some_and(|packed| packed.is_none_or(|packed| !has_below(&packed, "refs/replace/")))
        };
        !(is_none() && self.common_dir.join("refs/replace").symlink_metadata().is_err() && packed())
    }
}

/// Whether a ref may have this full name, as `git check-ref-format` says.
pub fn is_ref_name(name: &str) -> bool {
    name.contains('/') && gix::validate::reference::name(BStr::new(name)).is_ok()
}

/// Adds the names of the loose refs below a folder. `None` where a name is not for us to read.
fn loose_below(folder: &Path, name: &str, names: &mut BTreeSet<String>) -> Option<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return (is_missing(&error)).then_some(()),
    };
    for entry in entries {
        let entry = entry.ok()?;
        let name = format!("{name}/{}", entry.file_name().to_str()?);
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            loose_below(&entry.path(), &name, names)?;
        } else if !name.ends_with(".lock") {
            // What no ref may be called is none.
            names.extend(is_ref_name(&name).then_some(name));
        }
    }
    Some(())
}

/// Whether a packed ref has a name that begins so.
pub(super) fn has_below(packed: &Packed, prefix: &str) -> bool {
    packed.iter_prefixed(prefix.into()).map_or(true, |mut found| found.next().is_some())
}

/// The content of a loose ref. `None` for a damaged one.
fn held_in(bytes: &[u8]) -> Option<Held> {
    if let Some(target) = bytes.strip_prefix(b"ref:") {
        let target = target.trim_ascii().to_str().ok()?;
        return (!target.is_empty()).then(|| Held::Name(target.to_owned()));
    }
    let end = bytes.iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len());
    ObjectId::from_hex(&bytes[..end]).ok().map(Held::Id)
}

/// Whether it is a ref's name from `refs/` on, without anything that would be an expression of revisions.
fn is_full_name(name: &str) -> bool {
    name.starts_with("refs/") && gix::validate::reference::name(BStr::new(name)).is_ok()
}

fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
mod tests;
