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
        step.agent.as_mut().into_iter().for_each(|agent| self.replace(agent));
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
            Act::Spawned(spawned) => {
                self.replace(&mut spawned.task);
                spawned.model.as_mut().into_iter().for_each(|model| self.replace(model));
            }
            Act::Completed { status, error, .. } => {
                [status, error].into_iter().flatten().for_each(|text| self.replace(text));
            }
            Act::Unknown { kind, row } => {
                kind.as_mut().into_iter().for_each(|kind| self.replace(kind));
                self.map(row);
            }
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
            Recovered::TooLong | Recovered::Untold => {}
        }
    }

    fn map(&mut self, map: &mut Map<String, Value>) {
        for (key, mut value) in std::mem::take(map) {
            self.value(&mut value);
            // A password says nothing by itself, only its name does.
            if let Value::String(text) = &mut value
                && let Cow::Owned(named) = self.text(&format!("{key}=\"{text}\""))
                && let Some(redacted) = named.strip_prefix(&format!("{key}=\"")).and_then(|rest| rest.strip_suffix('"'))
            {
                *text = redacted.to_owned();
            }
            let key = self.key(key, map);
            map.insert(key, value);
        }
    }

    /// A key as it may stand beside those that are there already: two secrets become the same mark.
    fn key(&mut self, mut key: String, others: &Map<String, Value>) -> String {
        self.replace(&mut key);
        let mut others_too = (others.len()..).map(|count| format!("{key} {count}"));
        match others.contains_key(&key) {
            true => others_too.find(|other| !others.contains_key(other)).unwrap_or_default(),
            false => key,
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
    fn keys_and_agents_may_be_secrets_too() {
        let token = |end: char| format!("ghp_{}{end}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R");
        let mut redactor = Redactor::new("", "");
        let mut clean = Clean(Some(&mut redactor));
        let row = serde_json::json!({ "a": 1, token('8'): 2, token('9'): { token('8'): 3 } });
        let act = Act::Unknown { kind: Some(token('8')), row: row.as_object().unwrap().clone() };
        let mut step = Step { number: 0, at: None, agent: Some(token('8')), act };
        clean.step(&mut step);
        let mark = "[REDACTED:github-token]";
        assert_eq!(step.agent.as_deref(), Some(mark));
        let Act::Unknown { kind, row } = step.act else { panic!() };
        assert_eq!(kind.as_deref(), Some(mark));
        let wanted = serde_json::json!({ "a": 1, mark: 2, format!("{mark} 2"): { mark: 3 } });
        assert_eq!(Value::from(row), wanted);
    }

    #[test]
    fn a_patch_keeps_its_marks() {
        let mut redactor = Redactor::new("/home/ann", "");
        let mut clean = Clean(Some(&mut redactor));
        let key = |what: &str| format!("-----{what} {} KEY-----", "PRIVATE");
        let patch = format!("@@ -1 +1,4 @@\n-/home/ann\n+{}\n+MIIE\n+{}\n\n x", key("BEGIN"), key("END"));
        let mark = "[REDACTED:private-key]";
        let wanted = format!("@@ -1 +1,4 @@\n-~\n+{mark}\n+{mark}\n+{}\n\n x", key("END"));
        assert_eq!(clean.patch(&patch), wanted);
        assert_eq!(clean.patch("+a\n"), "+a\n");
    }
}
