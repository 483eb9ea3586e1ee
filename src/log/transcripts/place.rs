//! Into the store: as a session of its own, or as the later state of one. The session remembers in `import.json` where
//! it comes from and what was written, so that the same transcript can be taken in again when it has grown, and nothing
//! is lost that was written here since.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::writer::{Told, Writer};
use super::{Error, Facts, Transcript, json};
use crate::session::{
    CONVERSATION, Error as StoreError, LONGEST_ROW, Meta, Rows, Session, Store, atomic, now, tame_id,
};

/// A transcript that was taken in.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The session that holds it.
    pub session: Session,
    /// What became of it.
    pub arrived: Arrived,
    /// What is in it.
    pub told: Told,
}

/// What became of a transcript that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// It made a session.
    New,
    /// The session has it already.
    AlreadyThere,
    /// The session had the beginning of it.
    Grown,
    /// The session had something else.
    Forced {
        /// The file beside the conversation that it is in now; none when there was no conversation.
        previous: Option<String>,
    },
}

/// Where a session comes from.
const ORIGIN: &str = "import.json";

pub(super) fn place(transcript: Transcript, store: &Store, force: bool) -> Result<Placed, Error> {
    let id = transcript.session_id();
    let staged = store.stage()?;
    let made = staged.session();
    let read = |source| Error::Read { path: transcript.path.clone(), source };
    let start = transcript.start().map_err(read)?;
    let temp = made.temp_file()?;
    let file = temp.as_file().try_clone().map_err(read)?;
    let mut writer = Writer::new(file, &id, transcript.agent, start);
    let facts = transcript.convert(&mut writer).map_err(read)?;
    let path = made.path(CONVERSATION);
    let write = |source| StoreError::Io { action: "write", path: path.clone(), source };
    let (_, told) = writer.finish().map_err(write)?;
    if told.messages + told.calls == 0 {
        return Err(Error::Empty { path: transcript.path });
    }
    atomic::replace_with(temp, &path).map_err(write)?;
    let hash = hash_of(&path).map_err(write)?;
    let origin = origin(&transcript, &hash);
    if let Some(session) = store.session(&id) {
        let arrived = replace(&session, &made, &transcript, &hash, force)?;
        // Of what is known of it, a title may have changed, or a crash have come before it.
        if is_told_anew(&session, |meta| describe(meta, &transcript, &facts, &told)) {
            session.update_meta(|meta| describe(meta, &transcript, &facts, &told))?;
        }
        if origin_of(&session)["sha256"] != hash {
            save(&session, ORIGIN, &origin)?;
        }
        return Ok(Placed { session, arrived, told });
    }
    let mut meta = Meta::new(&*id, "");
    describe(&mut meta, &transcript, &facts, &told);
    save(&made, ORIGIN, &origin)?;
    save(&made, "meta.json", &meta.to_json())?;
    Ok(Placed { session: staged.place(&id)?, arrived: Arrived::New, told })
}

/// Whether something about the session is not in its meta.json yet.
fn is_told_anew(session: &Session, tell: impl FnOnce(&mut Meta)) -> bool {
    let Ok(mut meta) = session.meta() else { return true };
    let before = meta.to_json();
    tell(&mut meta);
    meta.to_json() != before
}

/// Puts the new conversation in the place of the one that is there, when nothing gets lost by it.
fn replace(
    session: &Session,
    made: &Session,
    transcript: &Transcript,
    hash: &str,
    force: bool,
) -> Result<Arrived, Error> {
    let _lock = session.lock()?;
    let (old, new) = (session.path(CONVERSATION), made.path(CONVERSATION));
    let write = |source| StoreError::Io { action: "write", path: old.clone(), source };
    let old_hash = match hash_of(&old) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        hash => Some(hash.map_err(write)?),
    };
    if old_hash.as_deref() == Some(hash) {
        return Ok(Arrived::AlreadyThere);
    }
    let origin = origin_of(session);
    let is_same = origin["agent"] == transcript.agent.name() && origin["native_id"] == transcript.native_id;
    let is_ours = old_hash.as_deref().is_none_or(|hash| origin["sha256"] == hash);
    let reason = match old_hash.is_some() {
        _ if !is_same => Some("it does not come from this transcript"),
        _ if !is_ours => Some("its conversation was changed here"),
        true if !continues(&old, &new).map_err(write)? => Some("the transcript no longer begins with what it has"),
        _ => None,
    };
    let arrived = match (reason, old_hash) {
        (None, _) => Arrived::Grown,
        (Some(reason), _) if !force => return Err(Error::Differs { id: session.id().to_owned(), reason }),
        (Some(_), None) => Arrived::Forced { previous: None },
        (Some(_), Some(hash)) => Arrived::Forced { previous: Some(keep(&old, &hash).map_err(write)?) },
    };
    atomic::rename(&new, &old).map_err(write)?;
    Ok(arrived)
}

/// Gives the conversation another name besides its own, which the new one can take then: at no moment is there none. One
/// that was kept before stays. The name; of a file that has the same in it, if there is one.
fn keep(conversation: &Path, hash: &str) -> io::Result<String> {
    let mut number = 1;
    loop {
        let name = match number {
            1 => format!("{CONVERSATION}.previous"),
            number => format!("{CONVERSATION}.previous.{number}"),
        };
        let path = conversation.with_file_name(&name);
        match link(conversation, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if hash_of(&path).ok().as_deref() != Some(hash) => number += 1,
            _ => {
                atomic::sync_dir(atomic::parent(&path))?;
                return Ok(name);
            }
        }
    }
}

/// A second name for a file; where there are no hard links, a copy of it. What has that name already is left alone.
fn link(file: &Path, name: &Path) -> io::Result<()> {
    let Err(error) = fs::hard_link(file, name) else { return Ok(()) };
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Err(error);
    }
    let mut temp = atomic::temp_in(atomic::parent(name))?;
    io::copy(&mut open(file)?, &mut temp)?;
    temp.as_file().sync_all()?;
    temp.persist_noclobber(name).map(drop).map_err(|error| error.error)
}

/// Whether `new` has all that `old` has, its last prompt included, and no fewer rows: what comes after a prompt is still
/// being written.
fn continues(old: &Path, new: &Path) -> io::Result<bool> {
    let (mut rows, mut stable, mut count) = (Rows::new(File::open(old)?, 0, LONGEST_ROW), 0, 0_u64);
    while let Some(row) = rows.advance()? {
        count += 1;
        if json::parse(row.bytes).is_some_and(|row| row["type"] == "user_message") {
            stable = row.offset + row.length;
        }
    }
    let mut others = Rows::new(File::open(new)?, 0, 0);
    while others.advance()?.is_some() {
        count = count.saturating_sub(1);
    }
    let start = |path| -> io::Result<_> { digest(BufReader::new(File::open(path)?).take(stable)) };
    Ok(count == 0 && start(old)? == start(new)?)
}

/// What is known of the session goes into its meta.json; a title that the person gave it here stays.
fn describe(meta: &mut Meta, transcript: &Transcript, facts: &Facts, told: &Told) {
    const LONGEST_TITLE: usize = 60;
    let time = |time: Timestamp| format!("{time:.3}");
    meta.cwd = facts.cwd.clone();
    meta.model_ref = told.model.clone().or(meta.model_ref.take());
    if let Some((first, last)) = told.span {
        meta.start_time = Some(time(first));
        meta.end_time = Some(time(last));
    }
    meta.termination_status = Some("completed".to_owned());
    let is_chosen_here = meta.title_renamed_at.is_some();
    if !is_chosen_here && (meta.title_source.as_deref() != Some("user") || facts.is_users_title) {
        let line = told.prompt.as_deref().and_then(|prompt| prompt.lines().find(|line| !line.trim().is_empty()));
        let start = || line.map(|line| line.trim().chars().take(LONGEST_TITLE).collect());
        meta.title = facts.title.clone().or_else(start);
        let is_users = facts.is_users_title && facts.title.is_some();
        meta.title_source = meta.title.as_ref().map(|_| if is_users { "user" } else { "auto" }.to_owned());
        meta.title_state = meta.title.as_ref().map(|_| "stable".to_owned());
    }
    meta.branch = facts.branch.clone();
    meta.head_sha = facts.head_sha.clone();
    meta.repo_remote = facts.repo_remote.clone();
    let forked_from = facts.forked_from.as_ref().map(|id| format!("{}-{id}", transcript.agent.name()));
    meta.forked_from = forked_from.and_then(|id| tame_id(&id));
    meta.message_count = Some(told.messages);
    meta.token_count = Some(told.tokens);
    meta.cache_read_tokens = Some(told.cache_read);
    meta.cache_creation_tokens = Some(told.cache_creation);
}

/// What the session remembers of where it comes from.
fn origin_of(session: &Session) -> Value {
    const LARGEST: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let read = open(&session.path(ORIGIN)).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    read.ok().and_then(|_| json::parse(&bytes)).unwrap_or_default()
}

fn origin(transcript: &Transcript, hash: &str) -> Vec<u8> {
    // Of a pipe there is no path.
    let source = fs::canonicalize(&transcript.path).unwrap_or_else(|_| transcript.path.clone());
    let origin: Value = json!({
        "schema_version": 1,
        "agent": transcript.agent.name(),
        "native_id": transcript.native_id,
        "source": source.to_string_lossy(),
        "sha256": hash,
        "imported_at": now(),
    });
    format!("{origin:#}\n").into_bytes()
}

fn save(session: &Session, name: &str, content: &[u8]) -> Result<(), Error> {
    let path = session.path(name);
    Ok(atomic::write(&path, content).map_err(StoreError::io("write", &path))?)
}

fn hash_of(path: &Path) -> io::Result<String> {
    digest(open(path)?)
}

/// Opens a file, refusing what could block: a store can come from anywhere.
fn open(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")),
    }
}

fn digest(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut reader, &mut hasher)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_stays_where_it_is_until_something_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let (conversation, read) =
            (dir.path().join(CONVERSATION), |name: &str| fs::read_to_string(dir.path().join(name)).unwrap());
        let kept = |content: &str| {
            // As an import does: a new file in the place of the old one.
            atomic::write(&conversation, content.as_bytes()).unwrap();
            let name = keep(&conversation, &hash_of(&conversation).unwrap()).unwrap();
            assert_eq!(read(CONVERSATION), content);
            name
        };
        assert_eq!(
            ["one", "two", "two", "one", "three"].map(kept).map(|name| name.replace(CONVERSATION, "")),
            [".previous", ".previous.2", ".previous.2", ".previous", ".previous.3"]
        );
        assert_eq!(
            ["previous", "previous.2", "previous.3"].map(|name| read(&format!("{CONVERSATION}.{name}"))),
            ["one", "two", "three"]
        );
    }
}
