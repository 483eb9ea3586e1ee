//! Text that compresses like source code: neither noise nor one line again and again. The same every time.

use fastrand::Rng;

const WORDS: [&str; 48] = [
    "self", "result", "index", "entry", "path", "tree", "commit", "buffer", "length", "offset", "value", "error",
    "state", "config", "handle", "object", "reader", "writer", "stream", "count", "first", "last", "next", "parent",
    "child", "name", "mode", "flags", "options", "context", "request", "response", "session", "cache", "table",
    "column", "row", "key", "token", "parser", "node", "list", "map", "set", "queue", "worker", "timeout", "limit",
];

/// One line of code.
pub fn line(random: &mut Rng, text: &mut Vec<u8>) {
    let indent = "    ".repeat(random.usize(0..4));
    let word = |random: &mut Rng| {
        let one = WORDS[random.usize(..WORDS.len())];
        match random.u8(..3) {
            0 => format!("{one}_{}", WORDS[random.usize(..WORDS.len())]),
            1 => format!("{one}{}", random.u16(..300)),
            _ => one.to_owned(),
        }
    };
    let (a, b, c) = (word(random), word(random), word(random));
    let line = match random.u8(..9) {
        0 => String::new(),
        1 => format!("{indent}}}"),
        2 => format!("{indent}// The {a} of the {b} is what the {c} was before."),
        3 => format!("{indent}if {a}.{b}() > {} {{", random.u16(..)),
        4 => format!("{indent}return {a}.{b}({c});"),
        5 => format!("{indent}fn {a}({b}: usize, {c}: &str) -> Option<usize> {{"),
        6 => format!("{indent}let {a} = {b}.{c}({}, \"{a} {c}\")?;", random.u16(..)),
        7 => format!("{indent}{a}.insert({b}, {c}.clone());"),
        _ => format!("{indent}for {a} in {b}.iter().filter(|{c}| {c}.{a}) {{"),
    };
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
}

/// A file of so many lines, as it is in the beginning.
pub fn file(number: usize, lines: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(number as u64);
    let mut text = Vec::with_capacity(lines * 36);
    // Files differ in length, some a lot.
    let lines = lines / 2 + random.usize(..=lines);
    (0..lines.max(1)).for_each(|_| line(&mut random, &mut text));
    text
}

/// The text with a place or a few changed: lines that are new, other, or gone.
pub fn edit(random: &mut Rng, text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=lines.len());
        let end = (at + random.usize(..4)).min(lines.len());
        let mut new = Vec::new();
        (0..random.usize(1..6)).for_each(|_| line(random, &mut new));
        lines.splice(at..end, [new]);
    }
    lines.concat()
}
