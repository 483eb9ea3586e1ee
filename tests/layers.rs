//! The shape of the source: which module may know which, what bytes-only modules never see, and how long a part may get.
//!
//! `bins -> cli -> {capture, apply, ...} -> {audit, mbox, session} -> {patch, git}`: a module may use what stands to the
//! right of it, never a neighbour, never what stands to the left.

use std::path::{Path, PathBuf};

/// The modules by distance from the user. A new one needs a place here.
const LAYERS: [&[&str]; 4] =
    [&["cli"], &["capture", "apply", "log", "replay", "handoff"], &["audit", "mbox", "session"], &["patch", "git"]];

/// What goes against the direction all the same, and why.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("session", "mbox", "a lone mbox carries its sidecar in its first mail's header")];

/// Modules that turn bytes into values and back, and what they must not know: files, paths on disk, the clock, a
/// repository. Of gix, its zlib knows bytes only.
const BYTES_ONLY: [&str; 2] = ["mbox", "patch"];
const BEYOND_BYTES: [&str; 6] = ["std::fs", "std::path", "std::time", "SystemTime", "crate::git", "gix::"];

/// Files that are longer than the rest may be, and why.
const LONG: [(&str, &str); 1] = [("src/audit/runs/names.rs", "tables of names")];
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;

#[test]
fn modules_know_only_what_is_below_them() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(from) = source.module() else { continue };
        for to in source.modules_used() {
            let (Some(from_layer), Some(to_layer)) = (layer(from), layer(&to)) else {
                wrong.push(format!("{}: `{from}` or `{to}` has no place in LAYERS", source.name()));
                continue;
            };
            let excepted = EXCEPTIONS.iter().any(|(left, right, _)| *left == from && *right == to);
            if from != to && from_layer >= to_layer && !excepted {
                wrong.push(format!("{}: `{from}` must not know `{to}`", source.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_of_bytes_see_nothing_else() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module().is_some_and(|name| BYTES_ONLY.contains(&name))) {
        for (number, line) in source.code() {
            wrong.extend(
                BEYOND_BYTES
                    .iter()
                    .filter(|word| line.replace("gix::zlib", "").contains(**word))
                    .map(|word| format!("{}:{number}: knows `{word}`", source.name())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_readable() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.code().last().map_or(0, |(number, _)| number);
        if lines > FILE_LINES && LONG.iter().all(|(file, _)| *file != source.name()) {
            wrong.push(format!("{}: {lines} lines, more than {FILE_LINES}", source.name()));
        }
        wrong.extend(source.functions().into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES).map(
            |(function, lines)| {
                format!("{}: `{function}` has {lines} lines, more than {FUNCTION_LINES}", source.name())
            },
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_program_is_one_call() {
    for source in sources_in("bins") {
        let calls: Vec<_> = source.code().filter(|(_, line)| line.starts_with("    ")).collect();
        assert_eq!(calls.len(), 1, "{}: a binary names the function that it runs, nothing else", source.name());
    }
}

/// One file of the crate.
struct Source {
    /// From the crate's root.
    path: PathBuf,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The top-level module that the file belongs to; none for lib.rs.
    fn module(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src").ok()?.components().next()?.as_os_str().to_str()?;
        let name = first.strip_suffix(".rs").unwrap_or(first);
        (name != "lib").then_some(name)
    }

    /// Lines that are compiled into the programs, with their numbers from 1: no comments, no unit tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered
            .take_while(|(_, line)| *line != "#[cfg(test)]")
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The top-level modules that paths like `crate::git::Command` or `crate::{audit::escape, git}` name.
    fn modules_used(&self) -> Vec<String> {
        let code: String = self.code().flat_map(|(_, line)| [line, "\n"]).collect();
        let word = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let mut used: Vec<String> = Vec::new();
        for (at, path) in code.match_indices("crate::") {
            let rest = &code[at + path.len()..];
            match rest.strip_prefix('{') {
                Some(list) => used.extend(top_level_items(list).map(word)),
                None => used.push(word(rest)),
            }
        }
        used.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        used
    }

    /// Names and lengths in lines of the functions, found by rustfmt's indentation.
    fn functions(&self) -> Vec<(String, usize)> {
        let lines: Vec<_> = self.code().collect();
        let mut found = Vec::new();
        for (index, (number, line)) in lines.iter().enumerate() {
            let Some((before, after)) = line.split_once("fn ") else { continue };
            let is_item = before.split_whitespace().all(|word| word.starts_with("pub") || word == "const");
            if !is_item || line.trim_end().ends_with([';', '}']) {
                continue;
            }
            let closing = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            if let Some((end, _)) = lines[index..].iter().find(|(_, line)| *line == closing) {
                found
                    .push((after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect(), end - number + 1));
            }
        }
        found
    }
}

/// `a::b, c::{d, e}}; ...` as `a::b` and `c::{d, e}`: the items of the list up to the brace that ends it.
fn top_level_items(list: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut start, mut items) = (0_i32, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 || depth == 0 && c == ',' {
            items.push(&list[start..at]);
            start = at + 1;
        }
        if depth < 0 {
            break;
        }
    }
    items.into_iter()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn sources() -> Vec<Source> {
    sources_in("src")
}

fn sources_in(directory: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut directories, mut sources) = (vec![root.join(directory)], Vec::new());
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push(Source { path: path.strip_prefix(root).unwrap().to_owned(), text });
            }
        }
    }
    assert!(!sources.is_empty(), "no source in {directory}");
    sources
}
