//! The files whose bytes decide what runs: `.gitattributes`, `.gitmodules`, `package.json`.
//!
//! Only what is new compared with the bytes before is reported. A file that was not handed in, or that cannot be read, is reported as such.

use std::collections::BTreeSet;

use bstr::{BStr, ByteSlice};
use serde_json::Value;

use super::{Category, Change};
use crate::audit::{Layout, escape};

/// Whether [`runs_here`](super::runs_here) wants the bytes of a path that is no link; of the others mode and name say all.
pub fn looks_into(path: &BStr) -> bool {
    let name = path.rsplit_str("/").next().unwrap_or_default().to_ascii_lowercase();
    matches!(name.as_slice(), b".gitattributes" | b".gitmodules" | b"package.json")
}

/// Reports what the bytes of `change` bring, if it is one of these files.
pub(super) fn look(change: &Change<'_>, add: &mut impl FnMut(Category, String)) {
    let name = change.path.rsplit_str("/").next().unwrap_or_default().to_ascii_lowercase();
    match name.as_slice() {
        b".gitattributes" => attributes(change, add),
        b".gitmodules" => modules(change, add),
        b"package.json" => package(change, add),
        _ => {}
    }
}

/// Foreign bytes in backquotes, escaped and cut after 80 characters.
pub(super) fn quote(bytes: &[u8]) -> String {
    let text = escape(bytes, Layout::Line);
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn attributes(change: &Change<'_>, add: &mut impl FnMut(Category, String)) {
    let Some(new) = change.new else {
        return add(Category::GitDriver, "may assign filters and drivers; it was not looked into".into());
    };
    let old = drivers(change.old.unwrap_or_default());
    for (attribute, driver) in drivers(new).difference(&old) {
        let driver = quote(driver);
        add(
            Category::GitDriver,
            format!("assigns the {attribute} driver {driver}, which runs if your configuration has one"),
        );
    }
}

/// The drivers that a gitattributes(5) file assigns, as (attribute, name); the ones built into git run nothing and are left out.
fn drivers(attributes: &[u8]) -> BTreeSet<(&'static str, &[u8])> {
    let mut found = BTreeSet::new();
    for line in attributes.lines() {
        let line = line.trim_ascii_start();
        if line.starts_with(b"#") {
            continue;
        }
        for word in after_pattern(line).split(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            for attribute in ["filter", "diff", "merge"] {
                let driver = word.strip_prefix(attribute.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
                if let Some(driver) = driver.filter(|driver| !is_built_in(attribute, driver)) {
                    found.insert((attribute, driver));
                }
            }
        }
    }
    found
}

/// A line without its pattern, which may be quoted and then hold blanks.
fn after_pattern(line: &[u8]) -> &[u8] {
    let Some(quoted) = line.strip_prefix(b"\"") else {
        return line.find_byteset(b" \t").map_or(&b""[..], |end| &line[end..]);
    };
    let mut escaped = false;
    let end = quoted.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    // An unterminated quote is not one: git takes the line as it stands.
    end.map_or_else(|| line.find_byte(b' ').map_or(&b""[..], |at| &line[at..]), |end| &quoted[end + 1..])
}

fn is_built_in(attribute: &str, driver: &[u8]) -> bool {
    let built_in: &[&str] = match attribute {
        "diff" => &[
            "ada", "bash", "bibtex", "cpp", "csharp", "css", "default", "dts", "elixir", "fortran", "fountain",
            "golang", "html", "ini", "java", "kotlin", "markdown", "matlab", "objc", "pascal", "perl", "php", "python",
            "r", "ruby", "rust", "scheme", "tex",
        ],
        "merge" => &["text", "binary", "union"],
        _ => &[],
    };
    built_in.iter().any(|name| name.as_bytes() == driver)
}

fn modules(change: &Change<'_>, add: &mut impl FnMut(Category, String)) {
    let new = change.new.map(submodules);
    let Some(Some(new)) = new else {
        return add(Category::Submodule, "names submodules; it could not be looked into".into());
    };
    let old = change.old.and_then(submodules).unwrap_or_default();
    for (name, key, value) in new.difference(&old) {
        let (name, shown) = (quote(name), quote(value));
        match key.as_str() {
            "update" if value.trim_ascii_start().starts_with(b"!") => {
                add(Category::Submodule, format!("submodule {name} runs the command {shown} on update"));
            }
            "url" => add(Category::Submodule, format!("submodule {name} is fetched from {shown}")),
            _ => {}
        }
    }
}

/// One setting of a gitmodules(5) file: submodule, lower-case key, value.
type Setting = (Vec<u8>, String, Vec<u8>);

/// The settings of a gitmodules(5) file; `None` when git could not read it either.
fn submodules(bytes: &[u8]) -> Option<BTreeSet<Setting>> {
    let metadata = gix::config::file::Metadata::default();
    let config = gix::config::File::from_bytes_no_includes(bytes, metadata, Default::default()).ok()?;
    let mut found = BTreeSet::new();
    for section in config.sections() {
        let name = section.header().subsection_name().unwrap_or(BStr::new(b"")).to_vec();
        for key in section.value_names() {
            for value in section.values(&key) {
                found.insert((name.clone(), key.to_ascii_lowercase(), value.to_vec()));
            }
        }
    }
    Some(found)
}

/// The scripts that `npm install` and its like run unasked (npm's scripts(7), "life cycle operation order").
const LIFECYCLE: [&str; 9] = [
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
    "dependencies",
    "prepack",
];

fn package(change: &Change<'_>, add: &mut impl FnMut(Category, String)) {
    let Some(Ok(new)) = change.new.map(serde_json::from_slice::<Value>) else {
        return add(Category::Package, "may hold install scripts; it could not be looked into".into());
    };
    let old = change.old.and_then(|old| serde_json::from_slice::<Value>(old).ok()).unwrap_or_default();
    let mut others = Vec::new();
    for (name, script) in new["scripts"].as_object().into_iter().flatten() {
        if old["scripts"].get(name) == Some(script) {
            continue;
        }
        if LIFECYCLE.contains(&name.as_str()) {
            let command = quote(script.as_str().unwrap_or_default().as_bytes());
            add(Category::Package, format!("runs {command} as `{name}` when packages are installed"));
        } else {
            others.push(quote(name.as_bytes()));
        }
    }
    if !others.is_empty() {
        others.truncate(8);
        add(Category::Build, format!("changes the scripts {}", others.join(", ")));
    }
}
