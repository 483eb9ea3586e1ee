//! What a conversation tells about the work: its title, its first prompt, the files it touched, the commands it ran.
//!
//! The file is read row by row, bytes first, and nothing of it is kept but what is handed on. Rows that are torn, damaged,
//! far too long or of another kind are passed over; a field of another type is as good as absent. Rows come in two forms,
//! of which the newer one only adds fields.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;

use super::censor::Censor;
use super::outcome::Outcome;
use super::places::Places;
use super::purpose::Purpose;
use super::{Error, GOAL};

/// What a conversation tells.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    /// The last title that it was given.
    pub(super) title: Option<String>,
    /// The first paragraph of what the person said first.
    pub(super) prompt: Option<String>,
    /// Files that were read or written, from the root of the repository, the latest last.
    pub(super) files: Vec<String>,
    /// Commands that were run: first those that check something, else the latest last.
    pub(super) runs: Vec<Run>,
}

/// A command, and how it ended the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) command: String,
    pub(super) outcome: Outcome,
}

/// Reads a conversation. One that is not there tells nothing.
pub(super) fn read(path: &Path, places: &Places, censor: &Censor) -> Result<Told, Error> {
    let conversation = |source| Error::Conversation { path: path.to_owned(), source };
    let Some(file) = open(path).map_err(conversation)? else { return Ok(Told::default()) };
    let (mut rows, mut row) = (BufReader::with_capacity(64 << 10, file), Vec::new());
    let mut reading = Reading::new(places, censor);
    while next_row(&mut rows, &mut row).map_err(conversation)? {
        if let Ok(row) = serde_json::from_slice(&row) {
            reading.take(&row);
        }
    }
    Ok(reading.told())
}

/// Opens a file that could neither block nor never end; `None` when there is none.
fn open(path: &Path) -> io::Result<Option<File>> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(metadata) if !metadata.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")),
        Ok(_) => File::open(path).map(Some),
    }
}

/// Rows that are longer are not looked at. The longest that are written hold a file twice.
const LONGEST_ROW: usize = 16 << 20;

/// Reads the next row; an empty one in place of one that is too long. False at the end.
fn next_row(rows: &mut impl BufRead, row: &mut Vec<u8>) -> io::Result<bool> {
    row.clear();
    let length = rows.by_ref().take(LONGEST_ROW as u64).read_until(b'\n', row)?;
    if length == LONGEST_ROW && !row.ends_with(b"\n") {
        rows.skip_until(b'\n')?;
        row.clear();
    }
    Ok(length > 0)
}

/// What is kept while a conversation is read.
struct Reading<'a> {
    places: &'a Places,
    censor: &'a Censor,
    title: Option<String>,
    prompt: Option<String>,
    files: Vec<String>,
    /// Commands that check something.
    checks: Vec<Run>,
    /// Other ones that do something.
    others: Vec<Run>,
    /// Calls without a result so far, by subagent and id.
    open: HashMap<(String, String), Call>,
}

/// What a call of a tool is about.
enum Call {
    /// A file, from the root.
    File(String),
    /// A command, in one line.
    Command(String, Purpose),
}

const MOST_FILES: usize = 20;
const MOST_RUNS: usize = 10;
/// More calls are not open at a time; those before them will never get their results.
const MOST_OPEN: usize = 1000;
/// In characters.
const LONGEST_COMMAND: usize = 300;
/// In characters.
const LONGEST_PATH: usize = 1000;

impl<'a> Reading<'a> {
    fn new(places: &'a Places, censor: &'a Censor) -> Reading<'a> {
        Reading {
            places,
            censor,
            title: None,
            prompt: None,
            files: Vec::new(),
            checks: Vec::new(),
            others: Vec::new(),
            open: HashMap::new(),
        }
    }

    fn take(&mut self, row: &Value) {
        match row["type"].as_str() {
            Some("user_message") if self.prompt.is_none() => {
                let text = row["text"].as_str().unwrap_or_default();
                // Behind the first paragraph there may be whole files.
                self.prompt = text.trim().split("\n\n").find_map(|paragraph| self.censor.line(paragraph, GOAL));
            }
            Some("title_generated" | "title_reevaluated") => {
                let title = row["title"].as_str().and_then(|title| self.censor.line(title, GOAL));
                self.title = title.or(self.title.take());
            }
            Some("subagent_event") => self.take_call(&row["inner"], id_of(&row["subagent_id"]).unwrap_or_default()),
            _ => self.take_call(row, String::new()),
        }
    }

    fn take_call(&mut self, row: &Value, subagent: String) {
        match row["type"].as_str() {
            Some("tool_call") => {
                let name = row["name"].as_str().unwrap_or_default();
                let Some(call) = self.call(name, &row["arguments"]) else { return };
                let id = id_of(&row["id"]);
                // What has no id gets no result.
                self.note(&call, Outcome::Untold, id.is_none());
                if let Some(id) = id {
                    if self.open.len() >= MOST_OPEN {
                        self.open.clear();
                    }
                    self.open.insert((subagent, id), call);
                }
            }
            Some("tool_result") => {
                let Some(id) = id_of(&row["call_id"]) else { return };
                let Some(call) = self.open.remove(&(subagent, id)) else { return };
                let outcome = Outcome::of(row, matches!(call, Call::Command(..)));
                self.note(&call, outcome, true);
            }
            _ => {}
        }
    }

    /// What a call is about, if it is about a file or a command.
    fn call(&self, tool: &str, arguments: &Value) -> Option<Call> {
        const FILE_TOOLS: [&str; 10] = [
            "read_file",
            "write_file",
            "edit_file",
            "read",
            "write",
            "edit",
            "multiedit",
            "notebookedit",
            "replace",
            "view",
        ];
        const COMMAND_TOOLS: [&str; 5] = ["bash", "shell", "exec_command", "run_shell_command", "local_shell"];
        const PATHS: [&str; 4] = ["path", "file_path", "filePath", "notebook_path"];
        let tool = tool.to_ascii_lowercase();
        if FILE_TOOLS.contains(&tool.as_str()) {
            let path = PATHS.iter().find_map(|key| arguments[*key].as_str())?;
            return self.file(path).map(Call::File);
        }
        let command = COMMAND_TOOLS.contains(&tool.as_str()).then(|| command_of(arguments)).flatten()?;
        let purpose = Purpose::of(&command);
        Some(Call::Command(self.censor.line(&command, LONGEST_COMMAND)?, purpose))
    }

    /// A file of the work, if it is one and its name can be told as it is.
    fn file(&self, path: &str) -> Option<String> {
        let path = self.places.relative(path)?;
        let is_plain = self.censor.line(&path, LONGEST_PATH).as_deref() == Some(&path);
        (is_plain && !path.starts_with(".agent-history/")).then_some(path)
    }

    /// Notes how a call went, which may not be known yet.
    fn note(&mut self, call: &Call, outcome: Outcome, is_final: bool) {
        match call {
            Call::File(path) if is_final && outcome.may_have_worked() => {
                keep_latest(&mut self.files, path.clone(), MOST_FILES, |a, b| a == b);
            }
            Call::Command(command, purpose) if *purpose != Purpose::Look => {
                let runs = if *purpose == Purpose::Check { &mut self.checks } else { &mut self.others };
                let run = Run { command: command.clone(), outcome };
                keep_latest(runs, run, MOST_RUNS, |a, b| a.command == b.command);
            }
            _ => {}
        }
    }

    fn told(self) -> Told {
        let Reading { title, prompt, files, checks: mut runs, mut others, .. } = self;
        let room = MOST_RUNS - runs.len();
        runs.extend(others.split_off(others.len().saturating_sub(room)));
        Told { title, prompt, files, runs }
    }
}

/// Adds `new` as the latest, in place of what is the same, and forgets the oldest where there are too many.
fn keep_latest<T>(kept: &mut Vec<T>, new: T, most: usize, is_same: impl Fn(&T, &T) -> bool) {
    kept.retain(|old| !is_same(old, &new));
    kept.push(new);
    if kept.len() > most {
        kept.remove(0);
    }
}

/// An id of reasonable length.
fn id_of(value: &Value) -> Option<String> {
    value.as_str().filter(|id| !id.is_empty() && id.len() <= 256).map(str::to_owned)
}

/// The command of a call: a text, or its words.
fn command_of(arguments: &Value) -> Option<String> {
    let command = ["command", "cmd"].into_iter().map(|key| &arguments[key]).find(|command| !command.is_null())?;
    match command {
        Value::String(command) => Some(command.clone()),
        Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
