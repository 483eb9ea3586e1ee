//! The index as a tree: a private copy of it, without what hides files or cannot be a tree.

use bstr::{BStr, BString, ByteSlice};

use super::{Findings, Workspace};
use crate::git::{Error, TreeItem};
use crate::session::counted;

/// The index at the time of the capture.
pub(super) struct IndexState {
    /// Its tree. Paths that were only announced (`git add -N`) are not in it, unmerged ones are as in HEAD's side.
    pub(super) tree: String,
    /// The submodules: path and the commit that the index has.
    pub(super) submodules: Vec<(BString, String)>,
}

/// One line of `ls-files -s -v`.
struct Line<'a> {
    tag: u8,
    mode: u32,
    id: &'a str,
    stage: u8,
    path: &'a BStr,
}

/// Copies the index and writes it as a tree. The private index is left such that it hides nothing: bits by which paths
/// are exempt from a look at their files are cleared, but for those that are not checked out (sparse checkout).
pub(super) fn snapshot(workspace: &Workspace, findings: &mut Findings) -> Result<IndexState, Error> {
    let desk = &workspace.desk;
    desk.copy_index(&workspace.repo)?;
    let listing = desk.git("ls-files").args(["-z", "-s", "-v"]).output()?;
    let mut state = IndexState { tree: String::new(), submodules: Vec::new() };
    let (mut assumed, mut skipped, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    let mut unmerged = Vec::<(BString, Option<TreeItem>)>::new();
    for record in listing.split(|&byte| byte == 0).filter(|record| !record.is_empty()) {
        let line = Line::parse(record).ok_or_else(|| Error::Nonsense {
            command: "ls-files -s -v".into(),
            answer: record.to_str_lossy().into(),
        })?;
        if line.stage > 0 {
            if unmerged.last().is_none_or(|(path, _)| path != line.path) {
                unmerged.push((line.path.into(), None));
            }
            if let (2, Some((_, ours))) = (line.stage, unmerged.last_mut()) {
                *ours = Some(TreeItem { mode: line.mode, id: line.id.to_owned() });
            }
            continue;
        }
        if line.mode == 0o160000 {
            state.submodules.push((line.path.into(), line.id.to_owned()));
        }
        if line.tag.is_ascii_lowercase() {
            assumed.push(line.path);
        }
        if line.tag.eq_ignore_ascii_case(&b'S') {
            let is_there = workspace.file(line.path).symlink_metadata().is_ok();
            if is_there { skipped.push(line.path) } else { absent.push(line.path) }
        }
    }
    if !absent.is_empty() && !is_sparse(workspace)? {
        skipped.append(&mut absent);
    }
    let absent: Vec<BString> = absent.into_iter().map(BString::from).collect();
    findings.about("sparse-checkout", &absent, |names| {
        let count = counted(absent.len(), "file is", "files are");
        format!("{count} not checked out here, so that deleting one would not show: {names}")
    });
    flag(workspace, "--no-assume-unchanged", &assumed)?;
    flag(workspace, "--no-skip-worktree", &skipped)?;
    for (path, ours) in &unmerged {
        if let Some(ours) = ours.as_ref().filter(|ours| ours.is_gitlink()) {
            state.submodules.push((path.clone(), ours.id.clone()));
        }
    }
    desk.set_entries(unmerged.iter().map(|(path, ours)| (path.as_bstr(), ours.as_ref())))?;
    let paths: Vec<BString> = unmerged.into_iter().map(|(path, _)| path).collect();
    findings.about("unfinished-merge", &paths, |names| {
        format!("conflicts are not resolved in {names}: the files are captured as they are, with their markers")
    });
    // A partial clone lacks blobs that nobody has changed.
    state.tree = desk.git("write-tree").arg("--missing-ok").line()?.to_str_lossy().into_owned();
    Ok(state)
}

impl Line<'_> {
    /// `H 100644 <id> 0<TAB>path`
    fn parse(record: &[u8]) -> Option<Line<'_>> {
        let (head, path) = record.split_once_str("\t")?;
        let mut words = head.to_str().ok()?.split(' ');
        let tag = *words.next()?.as_bytes().first()?;
        let mode = u32::from_str_radix(words.next()?, 8).ok()?;
        let (id, stage) = (words.next()?, words.next()?.parse().ok()?);
        Some(Line { tag, mode, id, stage, path: path.as_bstr() })
    }
}

/// Whether files may be missing because nobody wanted them here. Anybody can set the bit on one path and delete the file;
/// only a sparse checkout makes that mean anything but a deletion.
fn is_sparse(workspace: &Workspace) -> Result<bool, Error> {
    let patterns = workspace.repo.git_dir.join("info/sparse-checkout");
    Ok(patterns.is_file() && workspace.repo.config_bool("core.sparseCheckout")? == Some(true))
}

fn flag(workspace: &Workspace, option: &str, paths: &[&BStr]) -> Result<(), Error> {
    if paths.is_empty() {
        return Ok(());
    }
    let input = bstr::join("\0", paths);
    workspace.desk.git("update-index").args([option, "-z", "--stdin"]).input(input).run()
}
