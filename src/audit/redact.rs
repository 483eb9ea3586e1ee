//! Blots out what is not to leave this machine with a text: secrets, and the name of the person whose home it was written in.
//!
//! It is for copies that people hand on, a page or an export. A patch is never redacted: it would not apply any more.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::Scanner;

/// Redacts text after text, and counts.
pub struct Redactor {
    scanner: Scanner,
    /// Home directories, the longest first.
    homes: Vec<String>,
    /// The secrets that were found, as hashes: one that is there a hundred times is one secret.
    known: HashSet<u64>,
    hasher: RandomState,
    found: BTreeMap<&'static str, usize>,
}

/// What a home directory becomes.
const HOME: &str = "~";

impl Redactor {
    /// For texts of somebody whose home directory is `home`, wherever that is, or of somebody who worked in the directory
    /// `cwd`, which may tell of another one. Both may be empty.
    pub fn new(home: &str, cwd: &str) -> Redactor {
        let own = home.trim_end_matches(['/', '\\']);
        let own = [own.to_owned(), own.replace('\\', r"\\")].into_iter().filter(|own| !own.is_empty());
        let mut homes: Vec<String> = own.chain(homes(home)).chain(homes(cwd)).collect();
        homes.sort_by_key(|home| std::cmp::Reverse(home.len()));
        homes.dedup();
        let (known, hasher, found) = (HashSet::new(), RandomState::new(), BTreeMap::new());
        Redactor { scanner: Scanner::default(), homes, known, hasher, found }
    }

    /// The text with `[REDACTED:<rule>]` for each secret, `~` for each home, and all of its lines.
    pub fn text<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        let mut redacted = String::new();
        // How much of the text is in `redacted`; where the line is; whether it is within a private key.
        let (mut done, mut at, mut is_key) = (0, 0, false);
        for line in text.split_inclusive('\n') {
            let body = if is_key { key_body(line) } else { None };
            is_key = body.is_some() || is_key && line.trim().is_empty() || begins_key(line);
            let change = body.map(Cow::Owned).unwrap_or_else(|| self.line(line));
            if let Cow::Owned(change) = change {
                redacted += &text[done..at];
                redacted += &change;
                done = at + line.len();
            }
            at += line.len();
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        redacted += &text[done..];
        Cow::Owned(redacted)
    }

    /// The rules and how many secrets of each were found, each counted once.
    pub fn found(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.found.iter().map(|(rule, count)| (*rule, *count))
    }

    fn line<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        let mut line = self.secrets(line);
        if line.contains('\x1b') {
            // `grep --color` puts a letter right before what it found, which then is no word of its own.
            let pieces: Vec<String> = coloured(&line).map(|piece| self.secrets(piece).into_owned()).collect();
            line = Cow::Owned(pieces.concat());
        }
        if let Some((before, rest)) = line.split_once(KEY)
            && let Some((_, after)) = rest.split_once(ENDING)
        {
            line = Cow::Owned(format!("{before}{KEY}{ENDING}{after}"));
        }
        for home in &self.homes {
            if let Cow::Owned(without) = without_home(&line, home) {
                line = Cow::Owned(without);
            }
        }
        line
    }

    fn secrets<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        let spans = self.scanner.spans(line.as_bytes());
        if spans.is_empty() {
            return Cow::Borrowed(line);
        }
        let (mut redacted, mut done) = (Vec::new(), 0);
        for (rule, span) in spans {
            redacted.extend_from_slice(&line.as_bytes()[done..span.start]);
            redacted.extend_from_slice(format!("[REDACTED:{rule}]").as_bytes());
            self.count(rule, &line.as_bytes()[span.clone()]);
            done = span.end;
        }
        redacted.extend_from_slice(&line.as_bytes()[done..]);
        Cow::Owned(String::from_utf8_lossy(&redacted).into_owned())
    }

    fn count(&mut self, rule: &'static str, secret: &[u8]) {
        if self.known.insert(self.hasher.hash_one(secret)) {
            *self.found.entry(rule).or_default() += 1;
        }
    }
}

/// What the first line of a private key becomes, and each line within.
const KEY: &str = "[REDACTED:private-key]";
const ENDING: &str = "-----END ";

/// Whether the lines that follow may be those of a private key.
fn begins_key(line: &str) -> bool {
    line.split_once("-----BEGIN ").is_some_and(|(_, rest)| rest.contains("PRIVATE KEY") && !rest.contains(ENDING))
}

/// The redacted form of a line within a private key; none when it cannot be one. As many lines stay as there were, so that
/// numbers of lines still tell.
fn key_body(line: &str) -> Option<String> {
    let end = line.trim_end_matches(['\n', '\r']).len();
    let start = line.len() - line.trim_start().len();
    let body = line.trim().trim_matches(['"', '\'', ',', ';', '+', '\\']).trim_end_matches("\\n");
    let is_header = ["Proc-Type:", "DEK-Info:", "Version:", "Comment:"].iter().any(|name| body.starts_with(name));
    let is_body = is_header || body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    (is_body && start < end).then(|| format!("{}{KEY}{}", &line[..start], &line[end..]))
}

/// The parts of a line between escape sequences, each with the sequence behind it.
fn coloured(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let end = rest.find("\x1b[").map_or(rest.len(), |at| {
            let last = rest[at + 2..].find(|ch: char| ('@'..='~').contains(&ch));
            last.map_or(rest.len(), |last| at + 2 + last + 1)
        });
        let (piece, others) = rest.split_at(end);
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The home that a directory is in, as it may be written; none where its name is nobody's.
fn homes(place: &str) -> Vec<String> {
    for above in ["/home/", "/Users/"] {
        if let Some(name) = place.strip_prefix(above).and_then(|rest| rest.split('/').next()).filter(|n| !n.is_empty())
        {
            return vec![format!("{above}{name}")];
        }
    }
    let windows = place.get(1..).and_then(|rest| rest.strip_prefix(":\\Users\\"));
    if let Some(name) = windows.and_then(|rest| rest.split('\\').next()).filter(|name| !name.is_empty()) {
        let drive = &place[..1];
        return vec![format!(r"{drive}:\Users\{name}"), format!(r"{drive}:\\Users\\{name}"), format!("/Users/{name}")];
    }
    Vec::new()
}

/// `/home/ann/x` as `~/x`, but not `/home/anna/x`.
fn without_home<'a>(line: &'a str, home: &str) -> Cow<'a, str> {
    let (mut redacted, mut done) = (String::new(), 0);
    for (at, _) in line.match_indices(home) {
        let mut rest = line[at + home.len()..].chars();
        let goes_on = match rest.next() {
            Some('.') => rest.next().is_some_and(char::is_alphanumeric),
            Some(next) => next.is_alphanumeric() || matches!(next, '_' | '-'),
            None => false,
        };
        if !goes_on {
            redacted += &line[done..at];
            redacted += HOME;
            done = at + home.len();
        }
    }
    if done == 0 {
        return Cow::Borrowed(line);
    }
    redacted += &line[done..];
    Cow::Owned(redacted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From pieces, so that no scanner takes this file for a leak.
    fn token() -> String {
        format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
    }

    fn redacted(text: &str) -> (String, Vec<(&'static str, usize)>) {
        let mut redactor = Redactor::new("", "/home/ann/work");
        let text = redactor.text(text).into_owned();
        (text, redactor.found().collect())
    }

    #[test]
    fn a_secret_goes_wherever_it_stands() {
        let token = token();
        let text = format!("one\nremote: https://{token}@x\r\n{token}\n\x1b[01;31m{token}\x1b[m\n");
        let wanted = "one\nremote: https://[REDACTED:github-token]@x\r\n[REDACTED:github-token]\n\
                      \x1b[01;31m[REDACTED:github-token]\x1b[m\n";
        assert_eq!(redacted(&text), (wanted.to_owned(), vec![("github-token", 1)]));
    }

    #[test]
    fn of_a_private_key_no_line_stays() {
        let key = |what: &str| format!("-----{what} OPENSSH {} KEY-----", "PRIVATE");
        let text = format!("a\n  {}\n  MIIE\n  xyz=\n  {}\nb", key("BEGIN"), key("END"));
        let (redacted, found) = redacted(&text);
        let mark = "[REDACTED:private-key]";
        assert_eq!(redacted, format!("a\n  {mark}\n  {mark}\n  {mark}\n  {}\nb", key("END")));
        assert_eq!(found, [("private-key", 1)]);
        let text = format!("{}\\nMIIE\\n{}\n", key("BEGIN"), key("END"));
        assert_eq!(self::redacted(&text).0, format!("{mark}{}\n", key("END")));
        // Source that only names the mark goes on as it is.
        let text = format!("if x == \"{}\" {{\n    go(on);\nword\n", key("BEGIN"));
        assert_eq!(self::redacted(&text).0, format!("if x == \"{mark}\" {{\n    go(on);\nword\n"));
    }

    #[test]
    fn a_home_becomes_a_tilde() {
        for (text, wanted) in [
            ("/home/ann/work/a.rs", "~/work/a.rs"),
            ("cd /home/ann; ls", "cd ~; ls"),
            ("It is /home/ann.", "It is ~."),
            ("/home/anna /home/ann.bak /home/ann-2", "/home/anna /home/ann.bak /home/ann-2"),
            ("file:///home/ann/x", "file://~/x"),
            ("/home/bob/x", "/home/bob/x"),
        ] {
            assert_eq!(redacted(text).0, wanted);
        }
        let mut redactor = Redactor::new("/", r"C:\Users\ann\w");
        assert_eq!(redactor.text(r"C:\Users\ann\w\a, /Users/ann/b, /root"), r"~\w\a, ~/b, /root");
        let mut redactor = Redactor::new("/var/home/ann/", "/srv/ann");
        assert_eq!(redactor.text("/var/home/ann/w, /var/home/anna, /srv/ann"), "~/w, /var/home/anna, /srv/ann");
        let mut redactor = Redactor::new(r"D:\ann", "/home/");
        assert_eq!(redactor.text(r#"D:\ann\w, "D:\\ann\\w", /home/x"#), r#"~\w, "~\\w", /home/x"#);
        let mut redactor = Redactor::new("/root", "é:");
        assert_eq!(redactor.text("/root/w, /roots"), "~/w, /roots");
    }

    #[test]
    fn what_is_plain_is_not_copied() {
        let mut redactor = Redactor::new("", "");
        assert!(matches!(redactor.text("a\nb\n"), Cow::Borrowed("a\nb\n")));
    }
}
