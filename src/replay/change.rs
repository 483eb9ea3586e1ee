//! What a call says that it does to a file: the edits that it asks for, and what its result tells of before and after.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::step::Act;
use super::timeline::Timeline;
use crate::patch::Hunks;
use crate::session::{Access, Call, CallResult};

/// What a step did to a file, as far as the log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file, by the one name that it has here.
    pub path: String,
    /// What was to be done.
    pub access: Access,
    /// Whether it was done: not when the call failed, was denied, or never got a result.
    pub is_applied: bool,
    /// Whether the file was not there before, as far as the log tells.
    pub is_new: bool,
    /// The file before and after.
    pub recovered: Recovered,
}

/// A file before and after a step, as far as the log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// The whole file, from the result of the call.
    Recorded(Text),
    /// The whole file, from what was read and written before.
    Rebuilt(Text),
    /// The parts that were replaced; where in the file is not known. None of a file that was moved as it was.
    Parts(Vec<Text>),
    /// What it became; what it was is not known.
    Overwritten(String),
    /// It was recorded in a row that is too long to be looked into.
    TooLong,
    /// Nothing is known.
    Untold,
}

/// A text before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
}

impl Change {
    /// What differs, as hunks in git's form: of parts, the numbers count from their own start. Empty where nothing
    /// differs, or nothing is known.
    pub fn hunks(&self) -> String {
        match &self.recovered {
            Recovered::Recorded(text) | Recovered::Rebuilt(text) => text.hunks(),
            Recovered::Parts(parts) => parts.iter().map(|part| part.as_lines().hunks()).collect(),
            Recovered::Overwritten(after) => Text { before: String::new(), after: after.clone() }.hunks(),
            Recovered::TooLong | Recovered::Untold => String::new(),
        }
    }

    /// What is to be known about how the change was found; nothing where it was recorded.
    pub fn remark(&self) -> Option<&'static str> {
        match self.recovered {
            _ if !self.is_applied => Some("not applied"),
            Recovered::Recorded(ref text) if self.is_new && text.after.is_empty() => Some("new, empty"),
            Recovered::Recorded(_) => None,
            Recovered::Rebuilt(_) => Some("rebuilt from earlier steps"),
            Recovered::Parts(ref parts) if parts.is_empty() => Some("moved, the text was not recorded"),
            Recovered::Parts(_) => Some("the part that was replaced; where it is in the file was not recorded"),
            Recovered::Overwritten(_) if self.access == Access::Delete => Some("deleted, the text was not recorded"),
            Recovered::Overwritten(_) => Some("overwritten, the previous text was not recorded"),
            Recovered::TooLong => Some("too long to be shown"),
            Recovered::Untold => Some("not recorded"),
        }
    }
}

impl Text {
    /// The same with a newline at the end of both: where a part of a file ends is not where the file does.
    fn as_lines(&self) -> Text {
        let line =
            |text: &str| if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        Text { before: line(&self.before), after: line(&self.after) }
    }

    /// What differs, as hunks in git's form.
    pub fn hunks(&self) -> String {
        String::from_utf8_lossy(&Hunks::of(self.before.as_bytes(), self.after.as_bytes()).to_bytes()).into_owned()
    }
}

/// Whether lines that change end in different ways, with a carriage return and without: who does not see that sees no
/// difference.
pub fn mixes_line_ends(hunks: &str) -> bool {
    let changed = || hunks.split('\n').filter(|line| line.starts_with(['-', '+']));
    changed().any(|line| line.ends_with('\r')) && changed().any(|line| !line.ends_with('\r'))
}

/// What a step does to a file, before it is known what the file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it failed, was denied, or never ended.
    Nothing,
    /// It only looked at the file, which is that.
    Seen(String),
    /// The file is another one, and both are told.
    Told(Text),
    /// The file is that, whatever it was. True when it was not there before.
    Whole(String, bool),
    /// The file is that, and was not there before, unless earlier steps tell otherwise.
    Added(String),
    /// These parts are replaced.
    Edits(Vec<Edit>),
    /// The file is what another one was before the step, with these parts replaced.
    Moved(String, Vec<Edit>),
    /// Something that is told in a row that is too long.
    TooLong,
    /// Something, but nobody tells what.
    Unknown,
}

/// A part of a file that is replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Edit {
    old: String,
    new: String,
    /// Wherever it is found, not just once.
    is_everywhere: bool,
    /// Of a patch: where its lines belong is said by the lines around them alone.
    is_patch: bool,
}

impl Effect {
    /// What the call of a step does to the file of this [name](Timeline::name).
    pub(super) fn of(act: &Act, access: Access, path: &str, timeline: &Timeline) -> Effect {
        let Act::Call { call, result: Some(result), outcome, .. } = act else { return Effect::Nothing };
        if !outcome.may_have_worked() {
            return Effect::Nothing;
        }
        if result.is_cut() && result.metadata.contains_key("diff") {
            return Effect::TooLong;
        }
        told(result).map_or_else(|| Effect::asked(call, Some(result), access, path, timeline), Effect::Told)
    }

    /// What a call asks for.
    pub(super) fn asked(
        call: &Call,
        result: Option<&CallResult>,
        access: Access,
        path: &str,
        timeline: &Timeline,
    ) -> Effect {
        let content = || ["content", "file_text"].into_iter().find_map(|key| call.arguments.get(key)?.as_str());
        match access {
            Access::Read => read(call, result).map_or(Effect::Nothing, Effect::Seen),
            _ if call.is_cut() => Effect::TooLong,
            _ if call.patch().is_some() => patched(call, path, timeline),
            Access::Delete => Effect::Whole(String::new(), false),
            Access::Write => content()
                .map_or(Effect::Unknown, |content| Effect::Whole(content.to_owned(), result.is_some_and(is_new))),
            Access::Edit => Effect::Edits(replaced(&call.arguments)).or_unknown(),
        }
    }

    /// This, and then these edits.
    fn and_then(self, more: Vec<Edit>) -> Effect {
        let edited = |text: String| more.iter().try_fold(text, |text, edit| edit.apply(&text));
        match self {
            Effect::Edits(edits) => Effect::Edits([edits, more].concat()),
            Effect::Moved(from, edits) => Effect::Moved(from, [edits, more].concat()),
            Effect::Added(text) => edited(text).map_or(Effect::Unknown, Effect::Added),
            Effect::Whole(text, is_new) => edited(text).map_or(Effect::Unknown, |text| Effect::Whole(text, is_new)),
            other => other,
        }
    }

    /// An edit of which nobody knows what it replaces.
    fn or_unknown(self) -> Effect {
        if self == Effect::Edits(Vec::new()) { Effect::Unknown } else { self }
    }
}

impl Edit {
    /// The text with its part replaced; `None` when it is not there, or there more than once.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        if self.old.is_empty() {
            if self.is_patch {
                return None;
            }
            return text.is_empty().then(|| self.new.clone());
        }
        match text.matches(&self.old).take(2).count() {
            0 => None,
            1 => Some(text.replacen(&self.old, &self.new, 1)),
            _ => self.is_everywhere.then(|| text.replace(&self.old, &self.new)),
        }
    }

    /// Whether it makes a file that was not there.
    pub(super) fn creates(&self) -> bool {
        self.old.is_empty() && !self.is_patch
    }

    pub(super) fn to_text(&self) -> Text {
        Text { before: self.old.clone(), after: self.new.clone() }
    }
}

/// The file before and after, as the result has it.
fn told(result: &CallResult) -> Option<Text> {
    let diff = result.metadata.get("diff")?;
    let text = |key: &str| Some(diff.get(key)?.as_str()?.to_owned());
    Some(Text { before: text("old_text")?, after: text("new_text")? })
}

/// The content of a file that was read: only where the tool gives it as it is, and all of it.
fn read(call: &Call, result: Option<&CallResult>) -> Option<String> {
    let content = &result.filter(|result| !result.is_cut())?.content;
    let length = result?.metadata.get("bytes").and_then(Value::as_u64);
    let is_whole = call.name == "read_file" && call.arguments.len() == 1;
    (is_whole && length.is_none_or(|length| length == content.len() as u64)).then(|| content.clone())
}

/// Whether a result says that the file was not there before.
pub(super) fn is_new(result: &CallResult) -> bool {
    let told = result.metadata.get("is_new_file").and_then(Value::as_bool);
    told.unwrap_or_else(|| result.summary.as_deref().is_some_and(|summary| summary.starts_with("Created")))
}

/// The parts that the arguments of an edit replace: one, or a list.
fn replaced(arguments: &Map<String, Value>) -> Vec<Edit> {
    let one = |arguments: &Map<String, Value>| {
        let text = |keys: [&str; 3]| keys.into_iter().find_map(|key| arguments.get(key)?.as_str());
        let flag = |key: &str| arguments.get(key).and_then(Value::as_bool).unwrap_or_default();
        Some(Edit {
            old: text(["old_string", "oldString", "old_str"])?.to_owned(),
            new: text(["new_string", "newString", "new_str"])?.to_owned(),
            is_everywhere: flag("replace_all") || flag("replaceAll"),
            is_patch: false,
        })
    };
    match arguments.get("edits").and_then(Value::as_array) {
        Some(edits) => edits.iter().filter_map(|edit| one(edit.as_object()?)).collect(),
        None => one(arguments).into_iter().collect(),
    }
}

/// What a patch in Codex's form makes of the file `path`. Each of its sections finds what those before it have made.
fn patched(call: &Call, path: &str, timeline: &Timeline) -> Effect {
    let mut made: HashMap<String, Effect> = HashMap::new();
    for section in call.sections() {
        let name = timeline.name(section.path);
        let before = made.remove(&name).unwrap_or(Effect::Edits(Vec::new()));
        let after = match (section.access, before) {
            (Access::Delete, _) => Effect::Whole(String::new(), false),
            (Access::Write, Effect::Whole(..)) => Effect::Whole(added(&section.lines), false),
            (Access::Write, _) => Effect::Added(added(&section.lines)),
            (_, before) => before.and_then(parts(&section.lines)),
        };
        match section.moved_to.map(|to| timeline.name(to)).filter(|to| *to != name) {
            Some(to) => {
                let moved = match after {
                    Effect::Edits(edits) => Effect::Moved(name.clone(), edits),
                    after => after,
                };
                made.extend([(name, Effect::Whole(String::new(), false)), (to, moved)]);
            }
            None => drop(made.insert(name, after)),
        }
    }
    made.remove(path).unwrap_or(Effect::Unknown).or_unknown()
}

/// The content of a file that a patch adds.
fn added(lines: &[&str]) -> String {
    lines.iter().filter_map(|line| line.strip_prefix('+')).flat_map(|line| [line, "\n"]).collect()
}

/// The parts of a file that a patch replaces, with the lines around them.
fn parts(lines: &[&str]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for line in lines {
        if line.starts_with("@@") || edits.is_empty() {
            edits.push(Edit { is_patch: true, ..Edit::default() });
        }
        let Some(edit) = edits.last_mut() else { continue };
        let (mark, text): (_, Cow<str>) = match line.chars().next() {
            Some(mark @ (' ' | '-' | '+')) => (mark, format!("{}\n", &line[1..]).into()),
            None => (' ', "\n".into()),
            Some(_) => continue,
        };
        for (side, other) in [(&mut edit.old, '+'), (&mut edit.new, '-')] {
            if mark != other {
                side.push_str(&text);
            }
        }
    }
    edits.retain(|edit| edit.old != edit.new);
    edits
}
