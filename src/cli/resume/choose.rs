//! Which session is to be resumed: by what was typed, or by where the person is.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::summary::one_line;
use super::super::{Exit, Failure, Ui};
use super::picker;
use crate::session::{CONVERSATION, Error, Latest, Meta, Session, Source, Store};

/// A session that can be resumed.
pub(super) struct Candidate {
    pub(super) session: Session,
    pub(super) meta: Meta,
    pub(super) active: Option<Timestamp>,
}

impl Candidate {
    fn of(session: Session) -> Candidate {
        // One without a readable meta.json is resumed all the same.
        let meta = session.meta().unwrap_or_default();
        Candidate { active: session.last_activity(), session, meta }
    }

    /// Its title on one line, else its id.
    pub(super) fn title(&self) -> String {
        let title = self.meta.title.as_deref().map(one_line).filter(|title| !title.trim().is_empty());
        title.unwrap_or_else(|| self.session.id().to_owned())
    }
}

/// All sessions with a conversation, the one that was last at work first.
pub(super) fn candidates(store: &Store) -> Result<Vec<Candidate>, Error> {
    let with_conversation = store.newest()?.filter(|session| session.path(CONVERSATION).is_file());
    let mut candidates: Vec<_> = with_conversation.map(Candidate::of).collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.active));
    Ok(candidates)
}

/// The session that `spec` means: what every program takes for an id goes first, but for files that lie about by
/// chance; then whatever has it in its id, title or directory.
pub(super) fn named(ui: &mut Ui, store: &Store, spec: &OsStr) -> Result<Source, Failure> {
    let text = spec.to_string_lossy();
    let is_path = text.chars().any(std::path::is_separator);
    if let Some(session) = store.session(&text).filter(|_| !text.is_empty() && !is_path) {
        return Ok(Source::Session(session));
    }
    if matches!(&*text, "-" | "latest" | "") || is_path && Path::new(spec).exists() {
        return Ok(store.resolve(spec, Latest::WithConversation)?);
    }
    let mut fitting = candidates(store)?;
    let begun: Vec<_> = fitting.iter().filter(|candidate| candidate.session.id().starts_with(&*text)).collect();
    if let [only] = begun[..] {
        return Ok(Source::Session(only.session.clone()));
    }
    fitting.retain(|candidate| fits(candidate, &text));
    match &fitting[..] {
        [] => Ok(store.resolve(spec, Latest::WithConversation)?),
        [only] => Ok(Source::Session(only.session.clone())),
        several => Err(ambiguous(ui, &text, several)),
    }
}

/// The session of this directory that was last at work; if there is none, of this repository.
pub(super) fn newest_here(store: &Store) -> Result<Source, Failure> {
    let (here, roots) = (real(Path::new(".")), work_trees());
    let mut fitting = Vec::new();
    for session in store.newest()?.filter(|session| session.path(CONVERSATION).is_file()) {
        let Some(cwd) = session.meta().ok().map(|meta| meta.cwd).filter(|cwd| !cwd.is_empty()) else { continue };
        let place = real(Path::new(&cwd));
        let is_here = place == here;
        if is_here || roots.iter().any(|root| place.starts_with(root)) {
            fitting.push((is_here, session));
        }
    }
    // Only of those that fit is it asked when they were last at work: there may be very many others.
    let newest = fitting.into_iter().max_by_key(|(is_here, session)| (*is_here, session.last_activity()));
    newest.map(|(_, session)| Source::Session(session)).ok_or_else(|| {
        let message = format!("no session with a conversation in {} or its repository", here.display());
        let hint = "git glue-resume latest takes the newest of all, git glue-list shows them";
        Failure::new(Exit::Failed, "no-session", message).hint(hint)
    })
}

/// Whether the id, the title or the directory has that in it, in capitals or not.
fn fits(candidate: &Candidate, query: &str) -> bool {
    let query = query.to_lowercase();
    let meta = &candidate.meta;
    let told = [candidate.session.id(), meta.title.as_deref().unwrap_or_default(), &meta.cwd];
    told.iter().any(|text| text.to_lowercase().contains(&query))
}

/// Lists them; a program gets the ids in the message.
fn ambiguous(ui: &mut Ui, query: &str, several: &[Candidate]) -> Failure {
    const NAMED: usize = 10;
    picker::table(ui, several.iter());
    let mut ids: Vec<_> = several.iter().take(NAMED).map(|candidate| candidate.session.id()).collect();
    let more = format!("{} more", several.len().saturating_sub(NAMED));
    if several.len() > NAMED {
        ids.push(&more);
    }
    let message = format!("`{query}` fits {} sessions: {}", several.len(), ids.join(", "));
    Failure::new(Exit::Usage, "ambiguous-id", message).hint("give more of the id, or another word")
}

/// The work trees of the repository here, the linked ones too; none outside of a repository.
fn work_trees() -> Vec<PathBuf> {
    let listed = crate::git::Command::new("worktree", Path::new(".")).args(["list", "--porcelain"]).output();
    let listed = String::from_utf8(listed.unwrap_or_default()).unwrap_or_default();
    listed.lines().filter_map(|line| line.strip_prefix("worktree ")).map(|path| real(Path::new(path))).collect()
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
