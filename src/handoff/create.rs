//! A handoff becomes the newest of a history.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::fields::{Problems, problems};
use super::frontmatter::{self, Document, Reading, document};
use super::history::{DAMAGED_INDEX, DECISIONS, History, INDEX, LATEST, PROMPT, SESSIONS, text_of};
use super::slug::slug;
use super::stage::{self, Base, Decision};
use super::value::Mapping;
use super::{Error, decisions, exclude, index, leaks, overuse, prompt};
use crate::session::atomic;

/// What to do with a handoff, and what not.
#[derive(Debug, Clone)]
pub struct Options {
    /// The root of the repository.
    pub root: PathBuf,
    /// Let a first todo pass that is about resuming.
    pub allow_flagged_todo: bool,
    /// Have git ignore the history, in `info/exclude`.
    pub exclude: bool,
    /// The person's home directory, which a handoff should not name.
    pub home: Option<PathBuf>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The session's id.
    pub session_id: String,
    /// The archived handoff.
    pub archive: PathBuf,
    /// Its copy as the newest one.
    pub latest: PathBuf,
    /// The prompt for the next session.
    pub resume_prompt: PathBuf,
    /// The index.
    pub index: PathBuf,
    /// Whether git was told to ignore the history.
    pub excluded: bool,
    /// What of the text looks like a secret, or names a person's directory.
    pub leaks: Vec<String>,
}

/// Writes `input` as the newest handoff, or nothing. What the person should know on the way goes to `warn`.
///
/// # Errors
/// [`Error`]; the history is as it was then.
pub fn create(input: &[u8], options: &Options, warn: &mut dyn FnMut(String)) -> Result<Created, Error> {
    let text = std::str::from_utf8(input).map_err(|error| Error::NotText(error.valid_up_to()))?;
    let handoff = accepted(text, options.allow_flagged_todo, warn)?;
    let history = History::of(&options.root);
    if !history.root().is_dir() {
        return Err(Error::NoRoot(history.root().to_owned()));
    }
    let id = handoff.mapping.scalar("session_id").unwrap_or_default().to_owned();
    let file = format!("{SESSIONS}/{}.md", slug(&id));
    history.refuse_links(&[SESSIONS, &file, LATEST, PROMPT, INDEX, DECISIONS])?;
    advise(&history, &handoff.mapping, warn);
    let folders = Folders::make(&history)?;
    stage::land(history.folder(), || Ok((decision(&history, &handoff, &file, warn)?, ())))?;
    folders.keep();
    // Of two at once, one would add the line a second time.
    let excluded = options.exclude && atomic::exclusively(history.folder(), || exclude::register(history.root()));
    Ok(Created {
        session_id: id,
        archive: history.path(&file),
        latest: history.path(LATEST),
        resume_prompt: history.path(PROMPT),
        index: history.path(INDEX),
        excluded,
        leaks: leak_warnings(text, history.root(), options.home.as_deref(), "the handoff"),
    })
}

/// What of a text looks like a secret, or, where git would commit it, names a person's directory; as warnings.
pub fn leak_warnings(text: &str, root: &Path, home: Option<&Path>, what: &str) -> Vec<String> {
    let secrets = leaks::secrets(text).into_iter();
    let mut warnings: Vec<String> =
        secrets.map(|label| format!("WARNING: {what} may hold a secret: {label}")).collect();
    if !exclude::is_ignored(root) {
        let paths = leaks::home_paths(text, home).into_iter();
        warnings.extend(paths.map(|path| format!("WARNING: {what} names a personal path: {path}")));
    }
    warnings
}

/// The document, if nothing is wrong with it.
fn accepted<'t>(text: &'t str, allow_flagged: bool, warn: &mut dyn FnMut(String)) -> Result<Document<'t>, Error> {
    let handoff = frontmatter::parse(text, Reading::Strict)?;
    let mut problems = problems(&handoff, Reading::Strict);
    let flagged = problems.flagged.take_if(|_| allow_flagged);
    let Problems { found, .. } = &problems;
    if !found.is_empty() || problems.flagged.is_some() {
        return Err(Error::Problems(problems.all()));
    }
    if let Some((_, problem)) = flagged {
        warn(format!("WARNING: {problem}"));
        warn("WARNING: it was let pass, because --allow-flagged-todo was given".to_owned());
    }
    Ok(handoff)
}

/// Says what is unusual about a handoff that is no reason to refuse it.
fn advise(history: &History, handoff: &Mapping, warn: &mut dyn FnMut(String)) {
    if let Some(other) = handoff.scalar("supersedes") {
        let index = history.undisturbed(|| history.text(INDEX)).ok();
        let known = index.as_deref().and_then(|text| index::read(text).ok()).is_some_and(|index| {
            let sessions = index.list("sessions").unwrap_or_default();
            sessions.iter().any(|item| item.get_text("session_id").as_deref() == Some(other))
        });
        if !known {
            warn(format!("WARNING: supersedes names '{other}', which {INDEX} does not know"));
        }
    }
    let latest = history.undisturbed(|| history.text(LATEST)).ok();
    let old = latest.as_deref().and_then(|text| frontmatter::parse(text, Reading::Lenient).ok());
    let times = old.as_ref().and_then(|old| old.mapping.scalar("generated_at")).zip(handoff.scalar("generated_at"));
    if let Some(minutes) = times.and_then(|(old, new)| overuse::minutes_between(old, new)) {
        warn(format!(
            "WARNING: you glued {minutes} minutes ago \u{2014} a handoff is for the end of a long session, not for every step"
        ));
    }
}

/// The files that make a handoff the newest.
fn decision(
    history: &History,
    handoff: &Document,
    file: &str,
    warn: &mut dyn FnMut(String),
) -> Result<Decision, Error> {
    let mapping = &handoff.mapping;
    check_collision(history, mapping, file)?;
    let text = document(handoff).into_bytes();
    let mut files = vec![(file.to_owned(), text.clone()), (LATEST.to_owned(), text)];
    let old = old(history, INDEX)?;
    let base = Base::of(&old);
    let index = index::grown(old, mapping, file).unwrap_or_else(|old| {
        let old_text = text_of(&old);
        let index = addable(old_text.as_deref()).unwrap_or_else(|problem| {
            let name = free_name(history);
            warn(format!(
                "WARNING: {INDEX} cannot be read ({problem}): a new one is begun, and the old one kept as {name}"
            ));
            files.push((name.clone(), old.clone()));
            Mapping::default()
        });
        index::with(index, mapping, file).into_bytes()
    });
    files.push((INDEX.to_owned(), index));
    let has_decisions = mapping.list("decisions").is_some_and(|decisions| !decisions.is_empty());
    // Without decisions the log is left alone, whatever it is.
    let log = self::old(history, DECISIONS).or_else(|error| if has_decisions { Err(error) } else { Ok(Vec::new()) })?;
    let grown = decisions::with(&log, mapping);
    let standing = text_of(grown.as_deref().unwrap_or(&log)).map(|log| decisions::standing(&log)).unwrap_or_default();
    files.extend(grown.map(|log| (DECISIONS.to_owned(), log)));
    files.push((PROMPT.to_owned(), prompt::prompt(mapping, &standing).into_bytes()));
    Ok(Decision { files, base })
}

/// Refuses to write over another session's archive.
fn check_collision(history: &History, handoff: &Mapping, file: &str) -> Result<(), Error> {
    let path = history.path(file);
    if !path.exists() {
        return Ok(());
    }
    let collision = |reason: String| Error::Collision { path: path.clone(), reason };
    let text = history.text(file).map_err(|why| collision(format!("is there, and {}", why.reason())))?;
    let old = frontmatter::parse(&text, Reading::Lenient);
    let old = old.map_err(|error| collision(format!("is there, and is no handoff: {error}")))?;
    let (theirs, ours) = (old.mapping.scalar("session_id"), handoff.scalar("session_id"));
    match theirs.filter(|id| !super::text::is_all_blank(id)) {
        None => Err(collision("is there, and does not say which session it is of".to_owned())),
        Some(id) if Some(id) == ours => Ok(()),
        Some(id) => Err(collision(format!("is the archive of session '{id}'; choose another session_id"))),
    }
}

/// The mapping of an index that a handoff can be added to, or what is wrong with it.
fn addable(text: Option<&str>) -> Result<Mapping<'_>, String> {
    let index = index::read(text.ok_or("it is not UTF-8")?).map_err(|error| error.to_string())?;
    let is_list = index.get("sessions").is_none() || index.list("sessions").is_some();
    if is_list { Ok(index) } else { Err("its sessions are no list".to_owned()) }
}

/// Under what an index that cannot be read is kept.
fn free_name(history: &History) -> String {
    let names = (2..).map(|number| format!("{DAMAGED_INDEX}.{number}"));
    let mut names = std::iter::once(DAMAGED_INDEX.to_owned()).chain(names);
    names.find(|name| history.path(name).symlink_metadata().is_err()).unwrap_or_default()
}

/// The bytes of a file that will be written anew; none where there is none.
fn old(history: &History, name: &str) -> Result<Vec<u8>, Error> {
    match history.read(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(Error::io("cannot read", &history.path(name))),
    }
}

/// The folders of a history, which go again where nothing comes of it.
struct Folders {
    made: Vec<PathBuf>,
}

impl Folders {
    fn make(history: &History) -> Result<Folders, Error> {
        let mut folders = Folders { made: Vec::new() };
        for folder in [history.folder().to_owned(), history.path(SESSIONS)] {
            match fs::create_dir(&folder) {
                Ok(()) => folders.made.push(folder),
                Err(_) if folder.is_dir() => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Error::InTheWay(folder)),
                Err(error) => return Err(Error::io("cannot make", &folder)(error)),
            }
        }
        Ok(folders)
    }

    fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        while let Some(folder) = self.made.pop() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests;
