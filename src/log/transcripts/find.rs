//! The newest transcript of an agent for a directory, where the agent keeps them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::json::{text, whole};
use super::{Agent, Error, first_of};

/// The transcript of the agent that was written last for a session in `cwd`. `home` is the person's home directory.
///
/// # Errors
/// [`Error::NoneHere`]; [`Error::Database`] when there may be one in OpenCode's database.
pub fn newest(agent: Agent, cwd: &Path, home: &Path) -> Result<PathBuf, Error> {
    let real = fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (place, found) = match agent {
        Agent::Claude => {
            let place = var("CLAUDE_CONFIG_DIR").unwrap_or_else(|| home.join(".claude")).join("projects");
            let found = claude(&place, &real);
            (place, found)
        }
        Agent::Codex => {
            let place = var("CODEX_HOME").unwrap_or_else(|| home.join(".codex")).join("sessions");
            let found = codex(&place, &real);
            (place, found)
        }
        Agent::Gemini => {
            let place = var("GEMINI_CLI_HOME").unwrap_or_else(|| home.to_owned()).join(".gemini/tmp");
            let found = gemini(&place, &real);
            (place, found)
        }
        Agent::OpenCode => {
            let place = var("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("opencode");
            let found = opencode(&place.join("storage/session"), &real);
            let database = var("OPENCODE_DB").unwrap_or_else(|| place.join("opencode.db"));
            if database.exists() {
                // What is in the files is older than the database.
                return Err(Error::Database { path: database });
            }
            (place, found)
        }
    };
    found.ok_or(Error::NoneHere { agent, cwd: real, place })
}

/// The directory's name has a dash for everything that is no letter and no digit.
fn claude(projects: &Path, cwd: &Path) -> Option<PathBuf> {
    let name = cwd.to_string_lossy();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let is_session = |path: &Path| ends_with(path, "jsonl") && !starts_with(path, "agent-");
    by_time(files(&projects.join(name)).into_iter().filter(|path| is_session(path))).into_iter().next()
}

fn codex(sessions: &Path, cwd: &Path) -> Option<PathBuf> {
    let days = folders(sessions).iter().flat_map(|year| folders(year)).collect::<Vec<_>>();
    let days = days.iter().flat_map(|month| folders(month)).collect::<Vec<_>>();
    let all = days.iter().flat_map(|day| files(day)).chain(files(sessions));
    let all = by_time(all.filter(|path| starts_with(path, "rollout-") && ends_with(path, "jsonl")));
    all.into_iter().find(|path| {
        let meta = |line: &Value| (text(line, "type") == Some("session_meta")).then(|| line["payload"].clone());
        let meta = File::open(path).ok().and_then(|mut file| first_of(&mut file, meta).ok()?);
        // Subagents have files of their own.
        meta.is_some_and(|meta| is_of(&meta, "cwd", cwd) && !meta["source"].is_object())
    })
}

/// The project's folder is called by the SHA-256 of the directory, or has a file that names it.
fn gemini(projects: &Path, cwd: &Path) -> Option<PathBuf> {
    let hash: String =
        Sha256::digest(cwd.as_os_str().as_encoded_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let is_ours = |folder: &PathBuf| {
        let marked = || fs::read_to_string(folder.join(".project_root")).ok();
        folder.file_name() == Some(OsString::from(&hash).as_os_str())
            || marked().is_some_and(|root| Path::new(root.trim()) == cwd)
    };
    let chats = folders(projects).into_iter().filter(is_ours).flat_map(|folder| files(&folder.join("chats")));
    let is_session =
        |path: &PathBuf| starts_with(path, "session-") && (ends_with(path, "jsonl") || ends_with(path, "json"));
    by_time(chats.filter(is_session)).into_iter().next()
}

fn opencode(sessions: &Path, cwd: &Path) -> Option<PathBuf> {
    let all = folders(sessions).into_iter().flat_map(|project| files(&project));
    let all = by_time(all.filter(|path| ends_with(path, "json")));
    all.into_iter().find(|path| {
        let info = File::open(path).ok().and_then(|mut file| whole(&mut file).ok()?);
        // What a subagent did is a session below another.
        info.is_some_and(|info| is_of(&info, "directory", cwd) && text(&info, "parentID").is_none())
    })
}

/// Whether the object names that directory.
fn is_of(object: &Value, key: &str, cwd: &Path) -> bool {
    let named = text(object, key).map(Path::new);
    named.is_some_and(|named| named == cwd || fs::canonicalize(named).is_ok_and(|named| named == cwd))
}

/// The one that was written last first.
fn by_time(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let time =
        |path: &PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut paths: Vec<_> = paths.collect();
    paths.sort_by_cached_key(|path| (std::cmp::Reverse(time(path)), path.clone()));
    paths
}

fn starts_with(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(start.as_bytes()))
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
