//! Redacts what the page is made of, before any of it is written: texts as they are, not as they are shown. A secret with
//! markup in it, or cut in two, would not be found any more.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::audit::Redactor;
use crate::replay::{Act, Change, Recovered, Step};

/// The redactor, if there is to be one.
pub(super) struct Clean<'a>(pub(super) Option<&'a mut Redactor>);

impl Clean<'_> {
    pub(super) fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        match &mut self.0 {
            Some(redactor) => redactor.text(text),
            None => Cow::Borrowed(text),
        }
    }

    /// A patch, line by line behind the mark that each begins with.
    pub(super) fn patch(&mut self, patch: &str) -> String {
        let is_mark = |ch: char| ['+', '-', ' '].contains(&ch);
        let bodies: String =
            patch.split_inclusive('\n').map(|line| line.strip_prefix(is_mark).unwrap_or(line)).collect();
        let Cow::Owned(bodies) = self.text(&bodies) else { return patch.to_owned() };
        let marks = patch.split_inclusive('\n').map(|line| line.chars().next().filter(|&ch| is_mark(ch)));
        marks.zip(bodies.split_inclusive('\n')).flat_map(|(mark, body)| mark.into_iter().chain(body.chars())).collect()
    }

    pub(super) fn step(&mut self, step: &mut Step) {
        if self.0.is_none() {
            return;
        }
        match &mut step.act {
            Act::Prompt(text) | Act::Answer(text) | Act::Thinking(text) | Act::Title(text) => self.replace(text),
            Act::Call { call, result, .. } => {
                self.replace(&mut call.name);
                self.map(&mut call.arguments);
                if let Some(result) = result {
                    self.replace(&mut result.content);
                    result.summary.as_mut().into_iter().for_each(|summary| self.replace(summary));
                }
            }
            Act::Result(result) => {
                self.replace(&mut result.content);
                result.summary.as_mut().into_iter().for_each(|summary| self.replace(summary));
            }
            Act::Notice { kind, message } => [kind, message].into_iter().for_each(|text| self.replace(text)),
            Act::Spawned(spawned) => self.replace(&mut spawned.task),
            Act::Completed { status, error, .. } => {
                [status, error].into_iter().flatten().for_each(|text| self.replace(text));
            }
            Act::Unknown { row, .. } => self.map(row),
            Act::Damaged { bytes, .. } => {
                if let Cow::Owned(text) = self.text(&String::from_utf8_lossy(bytes)) {
                    *bytes = text.into_bytes();
                }
            }
        }
    }

    pub(super) fn change(&mut self, change: &mut Change) {
        if self.0.is_none() {
            return;
        }
        self.replace(&mut change.path);
        match &mut change.recovered {
            Recovered::Recorded(text) | Recovered::Rebuilt(text) => {
                [&mut text.before, &mut text.after].into_iter().for_each(|text| self.replace(text));
            }
            Recovered::Parts(parts) => {
                parts
                    .iter_mut()
                    .flat_map(|part| [&mut part.before, &mut part.after])
                    .for_each(|text| self.replace(text));
            }
            Recovered::Overwritten(text) => self.replace(text),
            Recovered::Untold => {}
        }
    }

    fn map(&mut self, map: &mut Map<String, Value>) {
        for (key, value) in map {
            self.value(value);
            // A password says nothing by itself, only its name does.
            if let Value::String(text) = value
                && let Cow::Owned(named) = self.text(&format!("{key}=\"{text}\""))
                && let Some(redacted) = named.strip_prefix(&format!("{key}=\"")).and_then(|rest| rest.strip_suffix('"'))
            {
                *text = redacted.to_owned();
            }
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.replace(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(map) => self.map(map),
            _ => {}
        }
    }

    fn replace(&mut self, text: &mut String) {
        if let Cow::Owned(redacted) = self.text(text) {
            *text = redacted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_keeps_its_marks() {
        let mut redactor = Redactor::new(["/home/ann"]);
        let mut clean = Clean(Some(&mut redactor));
        let key = |what: &str| format!("-----{what} {} KEY-----", "PRIVATE");
        let patch = format!("@@ -1 +1,4 @@\n-/home/ann\n+{}\n+MIIE\n+{}\n\n x", key("BEGIN"), key("END"));
        let mark = "[REDACTED:private-key]";
        let wanted = format!("@@ -1 +1,4 @@\n-~\n+{mark}\n+{mark}\n+{}\n\n x", key("END"));
        assert_eq!(clean.patch(&patch), wanted);
        assert_eq!(clean.patch("+a\n"), "+a\n");
    }
}
