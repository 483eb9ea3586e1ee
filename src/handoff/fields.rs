//! The fields of a handoff, and every problem that one can have, in the order in which they are reported.

use super::frontmatter::{Document, Reading};
use super::text::{is_all_blank, is_blank, plain_lines};
use super::value::{Inner, Item, Mapping, Value};
use super::{draft, guard};

/// What a required field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scalar,
    /// A list, which may be empty.
    List,
    /// A list of at least one entry.
    Some,
}

/// The required fields, in the order in which they are reported.
const REQUIRED: [(&str, Kind); 17] = [
    ("session_id", Kind::Scalar),
    ("session_date", Kind::Scalar),
    ("generated_at", Kind::Scalar),
    ("schema_version", Kind::Scalar),
    ("project_root", Kind::Scalar),
    ("repo_root", Kind::Scalar),
    ("current_branch", Kind::Scalar),
    ("head_commit", Kind::Scalar),
    ("agent", Kind::Scalar),
    ("status", Kind::Scalar),
    ("primary_goal", Kind::Scalar),
    ("active_context_files", Kind::List),
    ("completed_tasks", Kind::List),
    ("next_todo_items", Kind::Some),
    ("known_issues", Kind::List),
    ("search_tags", Kind::Some),
    ("validation", Kind::Some),
];

/// The headings that a body must have, each as a line.
pub const HEADINGS: [&str; 8] = [
    "# Resume Prompt",
    "# What We Did",
    "# Current State",
    "# Decisions Made",
    "# Failed Attempts / Dead Ends",
    "# Next-Agent Instructions",
    "# Commands And Validation",
    "# Risks And Constraints",
];

/// What `validation[i].result` may be.
const RESULTS: [&str; 3] = ["passed", "failed", "not_run"];

/// The problems of a handoff.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// All but the one below.
    pub found: Vec<String>,
    /// That the first todo is about resuming, not about the work; where among the others it is reported.
    pub flagged: Option<(usize, String)>,
}

impl Problems {
    /// All of them, in order.
    pub fn all(self) -> Vec<String> {
        let mut all = self.found;
        if let Some((at, problem)) = self.flagged {
            all.insert(at, problem);
        }
        all
    }
}

/// The names of the required fields, in order.
pub fn required() -> impl Iterator<Item = &'static str> {
    REQUIRED.iter().map(|(name, _)| *name)
}

/// The first thing to do; `None` where there is none.
pub fn first_todo<'m>(mapping: &'m Mapping<'_>) -> Option<&'m Item<'m>> {
    mapping.list("next_todo_items")?.first()
}

/// Everything that is wrong with a handoff. A strict reading also finds what older programs let pass, to the loss of what
/// was meant.
pub fn problems(document: &Document, reading: Reading) -> Problems {
    let mapping = &document.mapping;
    let mut check = Check { mapping, at: 0, strict: reading == Reading::Strict, problems: Problems::default() };
    REQUIRED.iter().for_each(|(name, kind)| check.required(name, *kind));
    check.todos();
    check.validation();
    check.optional();
    check.first_todo();
    if check.strict {
        check.gaps(&document.body);
    }
    check.headings(&document.body);
    check.problems
}

struct Check<'m> {
    mapping: &'m Mapping<'m>,
    /// Behind the field that was looked up last. Mostly the next one stands there.
    at: usize,
    strict: bool,
    problems: Problems,
}

impl<'m> Check<'m> {
    fn add(&mut self, problem: String) {
        self.problems.found.push(problem);
    }

    fn get(&mut self, name: &str) -> Option<&'m Value<'m>> {
        let (before, behind) = self.mapping.0.split_at_checked(self.at)?;
        let found = behind.iter().chain(before).position(|(known, _)| known == name)?;
        let found = (self.at + found) % self.mapping.0.len();
        self.at = found + 1;
        Some(&self.mapping.0[found].1)
    }

    fn required(&mut self, name: &str, kind: Kind) {
        let Some(value) = self.get(name) else { return self.add(format!("missing required field: {name}")) };
        match (kind, value) {
            (Kind::Scalar, Value::List(_)) if self.strict => {
                self.add(format!("required field must be a single value, not a list: {name}"));
            }
            (Kind::Scalar, Value::Text(text)) if text.is_empty() || self.strict && is_all_blank(text) => {
                self.add(format!("required field is empty: {name}"));
            }
            (Kind::Scalar, _) => {}
            (_, Value::List(items)) => {
                if kind == Kind::Some && items.is_empty() {
                    self.add(format!("required field is empty: {name}"));
                }
                self.entries(name, items);
            }
            _ => self.add(format!("required field must be a list: {name}")),
        }
    }

    fn entries(&mut self, name: &str, items: &[Item]) {
        for (index, item) in items.iter().enumerate() {
            match item {
                Item::Text(text) if is_all_blank(text) => self.add(format!("{name}[{index}] must not be empty")),
                Item::Empty if self.strict && !matches!(name, "next_todo_items" | "validation") => {
                    self.add(format!("{name}[{index}] must be a text, not an empty list"));
                }
                Item::Pairs(_) if self.strict && name == "search_tags" => {
                    self.add(format!("{name}[{index}] must be a text, not key: value (quote it)"));
                }
                _ => {}
            }
        }
    }

    fn todos(&mut self) {
        let items = self.mapping.list("next_todo_items").unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            self.scalar_entry("next_todo_items", index, item);
        }
    }

    fn scalar_entry(&mut self, name: &str, index: usize, item: &Item) {
        if let Some(kind) = kind_of(item) {
            let hint = if kind == "dict" { "; quote a text with a colon" } else { "" };
            self.add(format!("{name}[{index}] must be a scalar (string or number), not {kind}{hint}"));
        }
    }

    fn validation(&mut self) {
        let items = self.mapping.list("validation").unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            if !item.is_pairs() {
                let kind = if matches!(item, Item::Empty) { "list" } else { "str" };
                self.add(format!("validation[{index}] must be a command/result/notes mapping, not {kind}"));
                continue;
            }
            if item.get_text("command").is_none_or(|command| is_all_blank(&command)) {
                self.add(format!("validation[{index}].command is required and must be a non-empty scalar"));
            }
            let is_known = |result: &str| RESULTS.contains(&result) || self.strict && draft::has_gap(result);
            if !item.get_text("result").is_some_and(|result| is_known(&result)) {
                self.add(format!("validation[{index}].result must be one of {}", RESULTS.join(", ")));
            }
        }
    }

    fn optional(&mut self) {
        match self.mapping.get("decisions") {
            Some(Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.scalar_entry("decisions", index, item);
                }
            }
            Some(_) => self.add("optional field must be a list: decisions".to_owned()),
            None => {}
        }
        let supersedes = self.mapping.get("supersedes");
        if supersedes.is_some_and(|value| value.scalar().is_none_or(is_all_blank)) {
            self.add("supersedes must be a non-empty scalar".to_owned());
        }
    }

    fn first_todo(&mut self) {
        if self.mapping.get("next_todo_items").is_none() {
            return;
        }
        let Some(first) = first_todo(self.mapping) else {
            return self.add("next_todo_items[0] is missing".to_owned());
        };
        if let Some(phrase) = guard::resume_mechanic(&plain(first)) {
            let problem = format!(
                "next_todo_items[0] looks like a resume mechanic (matched '{phrase}'); it must be the first productive \
                 action on the work itself"
            );
            self.problems.flagged = Some((self.problems.found.len(), problem));
        }
    }

    /// What a draft left open.
    fn gaps(&mut self, body: &str) {
        let mut open = Vec::new();
        for (key, value) in &self.mapping.0 {
            match value {
                Value::List(items) => {
                    open.extend(items.iter().enumerate().flat_map(|(at, item)| gaps_in(&format!("{key}[{at}]"), item)));
                }
                value => open.extend(value.scalar().filter(|text| draft::has_gap(text)).map(|_| key.to_string())),
            }
        }
        for place in open {
            self.add(format!("{place} still has a gap of the draft to be filled in"));
        }
        let mut heading = "the body";
        for line in plain_lines(body) {
            if let Some(known) = HEADINGS.iter().find(|known| **known == line.trim_end_matches(is_blank)) {
                heading = known;
            }
            if draft::has_gap(line) {
                self.problems.found.push(format!("{heading} still has a gap of the draft to be filled in"));
            }
        }
    }

    fn headings(&mut self, body: &str) {
        let mut missing = HEADINGS.to_vec();
        for line in plain_lines(body).filter(|line| line.starts_with('#')) {
            let line = line.trim_end_matches(is_blank);
            missing.retain(|heading| *heading != line);
        }
        if !missing.is_empty() {
            self.add(format!("missing required body section(s): {}", missing.join(", ")));
        }
    }
}

/// Where in an entry there is a gap: in it, or in the pairs that it is.
fn gaps_in(place: &str, item: &Item) -> Vec<String> {
    let pairs = item.pairs();
    let pairs = pairs.iter().map(|(key, value)| (format!("{place}.{key}"), value.text()));
    let texts = std::iter::once((place.to_owned(), item.text())).chain(pairs);
    texts.filter(|(_, text)| text.is_some_and(draft::has_gap)).map(|(place, _)| place).collect()
}

/// What an entry is that is no text.
fn kind_of(item: &Item) -> Option<&'static str> {
    match item {
        Item::Text(_) => None,
        Item::Empty => Some("list"),
        Item::Pairs(_) | Item::Written(_) => Some("dict"),
    }
}

/// The text of an entry; of pairs, with keys and values as they read.
pub fn plain(item: &Item) -> String {
    match item {
        Item::Text(text) => text.to_string(),
        Item::Empty => "[]".to_owned(),
        Item::Pairs(_) | Item::Written(_) => {
            let pair = |(key, value): &(_, Inner)| match value {
                Inner::Text(text) => format!("'{key}': '{text}'"),
                Inner::Empty => format!("'{key}': []"),
            };
            format!("{{{}}}", item.pairs().iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
