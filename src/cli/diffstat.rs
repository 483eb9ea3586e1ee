//! A diffstat as `git diff --stat` prints it, from the changes of a diff.
//!
//! Only layout: names, counts and bars. Where the changes come from is left to the programs.

use bstr::{BStr, BString, ByteSlice};

use crate::patch::{ChangeKind, FileChange, quote};

/// What a terminal is taken to be wide, in columns; git's own default.
pub(super) const WIDTH: usize = 80;

/// The stat of one diff: a line for each file and the sum, each line with its newline. Nothing for no changes.
pub(super) fn render(changes: &[FileChange], width: usize) -> BString {
    let mut out = BString::default();
    if changes.is_empty() {
        return out;
    }
    let rows: Vec<Row> = changes.iter().map(Row::of).collect();
    let layout = Layout::of(&rows, width);
    for row in &rows {
        row.write(&layout, &mut out);
    }
    out.extend_from_slice(summary(changes).as_bytes());
    out
}

/// The name of a change as it is listed: the path, or both for a rename. C-quoted where needed.
pub(super) fn name(change: &FileChange) -> BString {
    match (&change.kind, &change.old_path, &change.new_path) {
        (ChangeKind::Renamed { .. } | ChangeKind::Copied { .. }, Some(old), Some(new)) => {
            between(old.as_bstr(), new.as_bstr())
        }
        (_, _, Some(path)) | (_, Some(path), None) => quote(path.as_bstr()).into_owned(),
        (_, None, None) => BString::default(),
    }
}

struct Row {
    name: BString,
    added: u64,
    removed: u64,
    binary: bool,
}

/// How wide each part of a line is, in columns.
struct Layout {
    name: usize,
    number: usize,
    graph: usize,
    most: u64,
}

impl Row {
    fn of(change: &FileChange) -> Row {
        Row { name: name(change), added: change.added, removed: change.removed, binary: change.binary }
    }

    fn total(&self) -> u64 {
        if self.binary { 0 } else { self.added.saturating_add(self.removed) }
    }

    fn write(&self, layout: &Layout, out: &mut BString) {
        let name = shortened(self.name.as_bstr(), layout.name);
        out.push(b' ');
        out.extend_from_slice(&name);
        out.extend(std::iter::repeat_n(b' ', layout.name.saturating_sub(columns(name.as_bstr()))));
        let number = layout.number;
        if self.binary {
            out.extend_from_slice(format!(" | {:>number$}\n", "Bin").as_bytes());
            return;
        }
        out.extend_from_slice(format!(" | {:>number$}", self.total()).as_bytes());
        let (plus, minus) = self.bars(layout);
        if plus + minus > 0 {
            out.push(b' ');
        }
        out.extend(std::iter::repeat_n(b'+', plus));
        out.extend(std::iter::repeat_n(b'-', minus));
        out.push(b'\n');
    }

    /// The bars of the longest line fill the graph; a side that is not zero always shows.
    fn bars(&self, layout: &Layout) -> (usize, usize) {
        let exact = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        if layout.most <= layout.graph as u64 {
            return (exact(self.added), exact(self.removed));
        }
        let both = if self.added > 0 && self.removed > 0 { 2 } else { 0 };
        let total = scaled(self.total(), layout).max(both);
        let smaller = scaled(self.added.min(self.removed), layout).min(total);
        if self.added < self.removed { (smaller, total - smaller) } else { (total - smaller, smaller) }
    }
}

impl Layout {
    /// Names get what they need, bars at least three eighths of the width.
    fn of(rows: &[Row], width: usize) -> Layout {
        let most = rows.iter().map(Row::total).max().unwrap_or(0);
        let name = rows.iter().map(|row| columns(row.name.as_bstr())).max().unwrap_or(0);
        let digits = most.to_string().len();
        let number = if rows.iter().any(|row| row.binary) { digits.max(3) } else { digits };
        let width = width.max(16 + 6 + number);
        let graph = usize::try_from(most).unwrap_or(usize::MAX);
        let mut layout = Layout { name, number, graph, most };
        if name.saturating_add(number + 6).saturating_add(graph) > width {
            let share = (width * 3 / 8).saturating_sub(number + 6).max(6);
            layout.graph = graph.min(share);
            let left = width - number - 6 - layout.graph;
            if name > left {
                layout.name = left;
            } else {
                layout.graph = width - number - 6 - name;
            }
        }
        layout
    }
}

/// At least 1 for what is not zero.
fn scaled(n: u64, layout: &Layout) -> usize {
    if n == 0 {
        return 0;
    }
    let bars = u128::from(n) * (layout.graph.saturating_sub(1)) as u128 / u128::from(layout.most.max(1));
    1 + usize::try_from(bars).unwrap_or(0)
}

/// A name that is too long loses its start, if possible up to a slash.
fn shortened(name: &BStr, width: usize) -> BString {
    if columns(name) <= width {
        return name.to_owned();
    }
    let keep = width.saturating_sub(3);
    let start = name.char_indices().rev().map(|(start, _, _)| start).nth(keep.saturating_sub(1)).unwrap_or(name.len());
    let tail = &name[start..];
    let tail = tail.find_byte(b'/').map_or(tail, |slash| &tail[slash..]);
    let mut short = BString::from("...");
    short.extend_from_slice(tail);
    short
}

fn columns(name: &BStr) -> usize {
    name.chars().count()
}

/// `dir/{old => new}/file`: what both paths have in common is written once, cut at slashes.
fn between(old: &BStr, new: &BStr) -> BString {
    let (quoted_old, quoted_new) = (quote(old), quote(new));
    if quoted_old.starts_with(b"\"") || quoted_new.starts_with(b"\"") {
        return [quoted_old.as_bytes(), quoted_new.as_bytes()].join(&b" => "[..]).into();
    }
    let same = old.iter().zip(new.iter()).take_while(|(a, b)| a == b).count();
    let prefix = old[..same].rfind_byte(b'/').map_or(0, |slash| slash + 1);
    // The slash that ends the prefix may start the suffix too: `a/{ => b}/c`.
    let floor = prefix.saturating_sub(1);
    let same = old[floor..].iter().rev().zip(new[floor..].iter().rev()).take_while(|(a, b)| a == b).count();
    let suffix = old[old.len() - same..].find_byte(b'/').map_or(0, |slash| same - slash);
    if prefix + suffix == 0 {
        return [old.as_bytes(), new.as_bytes()].join(&b" => "[..]).into();
    }
    let middle = |path: &BStr| path[prefix..path.len().saturating_sub(suffix).max(prefix)].to_vec();
    let mut out = BString::from(&old[..prefix]);
    out.push(b'{');
    out.extend_from_slice(&middle(old));
    out.extend_from_slice(b" => ");
    out.extend_from_slice(&middle(new));
    out.push(b'}');
    out.extend_from_slice(&old[old.len() - suffix..]);
    out
}

fn summary(changes: &[FileChange]) -> String {
    let sum = |count: fn(&FileChange) -> u64| {
        changes.iter().filter(|change| !change.binary).map(count).fold(0, u64::saturating_add)
    };
    let (added, removed) = (sum(|change| change.added), sum(|change| change.removed));
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    let files = changes.len() as u64;
    let mut text = format!(" {files} file{} changed", plural(files));
    if added > 0 || removed == 0 {
        text += &format!(", {added} insertion{}(+)", plural(added));
    }
    if removed > 0 || added == 0 {
        text += &format!(", {removed} deletion{}(-)", plural(removed));
    }
    text + "\n"
}
