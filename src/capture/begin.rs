//! `--begin`: records where the agent starts. The only part of a capture that writes to the repository: one ref, and, when
//! there is uncommitted work, the objects of a snapshot of it.

use bstr::ByteSlice;

use super::bootstrap::snapshot_message;
use super::worktree::Known;
use super::{Begun, Error, Findings, Options, Outcome, Runtime, Selection, Workspace, session, states, worktree};
use crate::git::Commit;
use crate::session::{Meta, Store, new_id};

/// Records the bootstrap, and makes the session.
pub(super) fn begin(workspace: &Workspace, options: &Options, store: &Store) -> Result<Outcome, Error> {
    let runtime = Runtime::of(options, workspace)?;
    let replaces = session::begun_here(workspace, store)?;
    let id = session::asked(options).unwrap_or_else(new_id);
    let mut findings = Findings::default();
    let (bootstrap, dirty) = bootstrap(workspace, options, &mut findings)?;
    workspace.repo.git("update-ref").args([session::begin_ref(&id).as_str(), &bootstrap]).run()?;
    let fill = |meta: &mut Meta| {
        meta.cwd = workspace.top.display().to_string();
        meta.runtime_id = Some(runtime.id.clone());
        meta.sandbox_id.clone_from(&runtime.sandbox_id);
        meta.runtime_bootstrap_sha = Some(bootstrap.clone());
        meta.runtime_remote_url.clone_from(&runtime.remote_url);
        meta.head_sha.clone_from(&workspace.head);
        meta.branch.clone_from(&workspace.branch);
        if options.title.is_some() {
            meta.title.clone_from(&options.title);
            meta.title_source = Some("user".into());
        }
    };
    if let Some(session) = store.session(&id) {
        session.update_meta(fill)?;
    } else {
        let mut meta = Meta::new(&id, String::new());
        fill(&mut meta);
        store.create(&meta)?;
    }
    let warnings = findings.into_warnings();
    let unborn = workspace.head.is_none();
    Ok(Outcome::Begun(Begun { session_id: id, bootstrap, dirty, unborn, replaces, warnings }))
}

/// HEAD's commit when nothing is uncommitted, else one of the work tree as it is; and how many paths differ.
fn bootstrap(workspace: &Workspace, options: &Options, findings: &mut Findings) -> Result<(String, usize), Error> {
    // Everything that is there is not the agent's, also what a capture would leave out.
    let everything =
        Selection { exclude: Vec::new(), include_ignored: Vec::new(), omit_larger_than: None, cap: options.cap };
    let (index, tree) = states(workspace, &everything, &[], findings)?;
    let head_tree = match &workspace.head {
        Some(head) => workspace.tree_of(head)?,
        None => workspace.desk.format().empty_tree().to_owned(),
    };
    let left_out: Vec<Known> = tree
        .over_cap
        .iter()
        .filter_map(|(path, size)| {
            let metadata = workspace.file(path.as_bstr()).symlink_metadata().ok()?;
            Some((path.clone(), *size, worktree::modified(&metadata)))
        })
        .collect();
    let is_clean = index.tree == head_tree && tree.tree == head_tree && left_out.is_empty();
    if let (Some(head), true) = (&workspace.head, is_clean) {
        return Ok((head.clone(), 0));
    }
    let dirty = workspace.desk.changes(&head_tree, &tree.tree)?.len().max(usize::from(!is_clean));
    let staged = (index.tree != head_tree).then(|| {
        let message = "git-glue: the index as it was when the session began\n";
        workspace.objects.write_commit(&commit(&index.tree, workspace.head.clone().into_iter(), message.into()))
    });
    let parents = workspace.head.clone().into_iter().chain(staged.transpose()?);
    let message = snapshot_message(workspace.head.as_deref(), &index.tree, &left_out);
    let id = workspace.objects.write_commit(&commit(&tree.tree, parents, message))?;
    workspace.desk.keep_objects()?;
    Ok((id, dirty))
}

fn commit(tree: &str, parents: impl Iterator<Item = String>, message: bstr::BString) -> Commit {
    let who = format!("git-glue <git-glue@invalid> {} +0000", jiff::Timestamp::now().as_second());
    Commit {
        tree: tree.to_owned(),
        parents: parents.collect(),
        author: who.as_str().into(),
        committer: who.as_str().into(),
        encoding: None,
        message,
    }
}
