//! Which session a capture belongs to.

use std::path::Path;

use super::runtime::variable;
use super::{Options, Workspace};
use crate::git::{Error, Repo};
use crate::session::{Meta, Session, Store, dir_name, minted_at, new_id};

/// A session, which need not be in the store yet.
pub(super) struct Chosen {
    /// Its id.
    pub(super) id: String,
    /// What the store knows of it.
    pub(super) meta: Option<Meta>,
    /// The commit that `--begin` recorded for it here.
    pub(super) begun: Option<String>,
}

/// Where `--begin` records the bootstrap, below which comes the session's id.
const REFS: &str = "refs/glue/begin/";

/// What was asked for, else GLUE_SESSION_ID, else the newest that began in this work tree, else one of the store that is
/// open here, else a new one.
pub(super) fn choose(workspace: &Workspace, options: &Options, store: &Store) -> Result<Chosen, Error> {
    let begun = begun(&workspace.repo)?;
    if let Some(id) = asked(options) {
        let begun = begun.into_iter().find(|(other, _)| *other == id).map(|(_, commit)| commit);
        return Ok(Chosen { meta: meta(store, &id), id, begun });
    }
    if let Some((id, commit)) = here(begun, store, &workspace.top).into_iter().next() {
        return Ok(Chosen { meta: meta(store, &id), id, begun: Some(commit) });
    }
    let open = store.open_session_for(&workspace.top).map(|session| session.id().to_owned());
    let id = open.unwrap_or_else(new_id);
    Ok(Chosen { meta: meta(store, &id), id, begun: None })
}

/// The session that is in the store already, when nothing more can be known of it.
pub(super) fn known(options: &Options, store: &Store, top: Option<&Path>) -> Option<Session> {
    match asked(options) {
        Some(id) => store.session(&id),
        None => store.open_session_for(top.unwrap_or(&options.directory)),
    }
}

/// The sessions that began in this work tree, newest first.
pub(super) fn begun_here(workspace: &Workspace, store: &Store) -> Result<Vec<String>, Error> {
    Ok(here(begun(&workspace.repo)?, store, &workspace.top).into_iter().map(|(id, _)| id).collect())
}

/// The id that was asked for. It is a directory's name when a capture has begun.
pub(super) fn asked(options: &Options) -> Option<String> {
    options.session.clone().or_else(|| variable("GLUE_SESSION_ID"))
}

/// The ref that records the bootstrap of a session.
pub(super) fn begin_ref(id: &str) -> String {
    format!("{REFS}{}", ref_name(id))
}

/// A dot, where the rules for refs allow none. No id holds a percent sign.
const DOT: &str = "%2E";

/// An id as a part of a ref's name (git-check-ref-format(1)).
fn ref_name(id: &str) -> String {
    let name = dir_name(id);
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") || name.ends_with(".lock") {
        name.replace('.', DOT)
    } else {
        name
    }
}

fn meta(store: &Store, id: &str) -> Option<Meta> {
    store.session(id)?.meta().ok()
}

/// What `--begin` recorded: session and commit.
fn begun(repo: &Repo) -> Result<Vec<(String, String)>, Error> {
    let refs = repo.refs_at(REFS.trim_end_matches('/'))?;
    Ok(refs.into_iter().map(|(name, commit)| (name.trim_start_matches(REFS).replace(DOT, "."), commit)).collect())
}

/// Those of them that belong to this work tree, or to none that the store knows; newest first.
fn here(begun: Vec<(String, String)>, store: &Store, top: &Path) -> Vec<(String, String)> {
    let mut here: Vec<(i64, (String, String))> = Vec::new();
    for (id, commit) in begun {
        let meta = meta(store, &id);
        let started = meta.as_ref().and_then(Meta::started).map(|time| time.as_millisecond());
        if meta.is_none_or(|meta| is_same(Path::new(&meta.cwd), top)) {
            here.push((started.or_else(|| minted_at(&id)).unwrap_or_default(), (id, commit)));
        }
    }
    here.sort();
    here.into_iter().rev().map(|(_, found)| found).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}
