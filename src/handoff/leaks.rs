//! What should not leave this machine with a handoff: secrets, and paths that name a person.
//!
//! The forms of the protocol are looser than those of [`audit`](crate::audit), which guards what lands in a repository: here
//! a finding is advice, so one too many costs a glance. The rest of the table has the vendors' forms, of the lengths that
//! `audit` knows. A form is a start that is searched for and a short look around it: no expression is compiled, and the time
//! is linear in the text.

use std::collections::HashSet;
use std::path::Path;

use memchr::memmem;

use super::text;

/// The label of each kind of secret that is in a text, in the table's order. The secrets themselves are never told.
pub fn secrets(text: &str) -> Vec<&'static str> {
    KINDS.iter().filter(|kind| kind.is_in(text)).map(|kind| kind.label).collect()
}

/// The starts of paths that name a person, each once: `/Users/<name>/`, then `/home/<name>/`, then `C:\Users\<name>\`, and
/// at last `home`, the home directory of whoever runs this, where it is of another form. One that holds a secret is left out.
pub fn home_paths(text: &str, home: Option<&Path>) -> Vec<String> {
    let mut found = named(text, "/Users/", '/');
    found.extend(named(text, "/home/", '/'));
    found.extend(named(text, r":\Users\", '\\'));
    found.extend(home.and_then(|home| own(text, home)));
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(*path) && secrets(path).is_empty());
    found.into_iter().map(str::to_owned).collect()
}

/// One kind of secret.
struct Kind {
    label: &'static str,
    /// How it may begin.
    starts: &'static [&'static str],
    /// Whether what stands around such a start makes it one: the character before, and the text behind.
    is_secret: fn(Option<char>, &str) -> bool,
}

impl Kind {
    fn is_in(&self, text: &str) -> bool {
        self.starts.iter().any(|start| {
            memmem::find_iter(text.as_bytes(), start).any(|at| {
                let (before, behind) = (&text[..at], &text[at + start.len()..]);
                (self.is_secret)(before.chars().next_back(), behind)
            })
        })
    }
}

const fn kind(label: &'static str, starts: &'static [&'static str], is_secret: fn(Option<char>, &str) -> bool) -> Kind {
    Kind { label, starts, is_secret }
}

/// The protocol's, then our own.
const KINDS: [Kind; 13] = [
    kind("OpenAI-style key (sk-)", &["sk-"], |before, behind| {
        before.is_none_or(|ch| !ch.is_ascii_alphanumeric()) && goes_on(behind, 16, is_url_safe)
    }),
    kind("GitHub token (ghp_/gho_)", &["ghp_", "gho_"], |before, behind| {
        is_outside(before) && goes_on(behind, 16, is_letter_or_digit)
    }),
    kind("AWS access key id (AKIA)", &["AKIA"], |before, behind| {
        let is_digit = |byte| u8::is_ascii_uppercase(&byte) || u8::is_ascii_digit(&byte);
        is_outside(before) && goes_on(behind, 16, is_digit) && is_outside(behind[16..].chars().next())
    }),
    kind("private key block", &["-----BEGIN "], |_, behind| names_private_key(behind)),
    kind("JWT (eyJ)", &["eyJ"], |before, behind| is_outside(before) && goes_on(behind, 10, is_url_safe)),
    kind("Slack token (xoxb-/xoxp-)", &["xoxb-", "xoxp-"], |before, behind| {
        is_outside(before) && goes_on(behind, 10, |byte| is_letter_or_digit(byte) || byte == b'-')
    }),
    kind("Anthropic key (sk-ant-)", &["sk-ant-"], |before, behind| {
        is_outside(before) && goes_on(behind, 20, is_url_safe)
    }),
    kind("GitHub fine-grained token (github_pat_)", &["github_pat_"], |before, behind| {
        is_outside(before) && goes_on(behind, 36, |byte| is_letter_or_digit(byte) || byte == b'_')
    }),
    kind("GitLab token (glpat-)", &["glpat-"], |before, behind| {
        is_outside(before) && goes_on(behind, 20, |byte| is_url_safe(byte) || matches!(byte, b'.' | b'='))
    }),
    kind("Google API key (AIza)", &["AIza"], |before, behind| is_outside(before) && goes_on(behind, 35, is_url_safe)),
    kind("npm token (npm_)", &["npm_"], |before, behind| is_outside(before) && goes_on(behind, 36, is_letter_or_digit)),
    // A server's token may hold a web token, with its dots.
    kind("GitHub server token (ghs_/ghu_/ghr_)", &["ghs_", "ghu_", "ghr_"], |before, behind| {
        is_outside(before) && goes_on(behind, 36, |byte| is_url_safe(byte) || byte == b'.')
    }),
    kind("Stripe key (sk_live_/rk_live_)", &["sk_live_", "rk_live_"], |before, behind| {
        is_outside(before) && goes_on(behind, 16, is_letter_or_digit)
    }),
];

fn is_letter_or_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether at least so many bytes of a kind come first.
fn goes_on(text: &str, least: usize, is_of_kind: impl Fn(u8) -> bool) -> bool {
    text.as_bytes().get(..least).is_some_and(|start| start.iter().all(|byte| is_of_kind(*byte)))
}

/// Whether a word ends or begins beside this character.
fn is_outside(ch: Option<char>) -> bool {
    ch.is_none_or(|ch| !ch.is_alphanumeric() && ch != '_')
}

/// Whether words in capitals, each with one space behind it, lead to the end of a private key's headline.
fn names_private_key(headline: &str) -> bool {
    let mut rest = headline;
    while !rest.starts_with("PRIVATE KEY") {
        let word = rest.bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
        match rest[word..].strip_prefix(' ') {
            Some(behind) if word > 0 => rest = behind,
            _ => return false,
        }
    }
    true
}

/// The paths that begin so, up to the end of the name that follows. A drive's letter belongs to its path.
fn named<'a>(text: &'a str, start: &str, end: char) -> Vec<&'a str> {
    let is_drive = start.starts_with(':');
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = memmem::find(&text.as_bytes()[from..], start.as_bytes()) {
        let (at, name) = (from + at, from + at + start.len());
        let stops = |ch: char| ch == end || matches!(ch, '"' | '\'') || text::is_blank(ch);
        let length = text[name..].find(stops).unwrap_or(text.len() - name);
        let has_drive = text[from..at].ends_with(|ch: char| ch.is_ascii_alphabetic());
        if length > 0 && text[name + length..].starts_with(end) && (has_drive || !is_drive) {
            found.push(&text[at - usize::from(is_drive)..=name + length]);
            from = name + length + 1;
        } else {
            // The last character of the start may be the first of the next one.
            from = name - 1;
        }
    }
    found
}

/// This home directory with the separator behind it, where a text has it and no longer path ends in it.
fn own<'a>(text: &'a str, home: &Path) -> Option<&'a str> {
    let home = home.to_str()?.trim_end_matches(['/', '\\']);
    if home.is_empty() || !home.contains(['/', '\\']) {
        return None;
    }
    let mut places = memmem::find_iter(text.as_bytes(), home);
    let goes_on_before = |ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '-' | '.' | '~');
    let at =
        places.find(|at| text[at + home.len()..].starts_with(['/', '\\']) && !text[..*at].ends_with(goes_on_before))?;
    Some(&text[at..=at + home.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Samples are put together from pieces, so that no scanner takes this file for a leak.
    fn word(length: usize) -> String {
        "aB3dE5gH7jK9".chars().cycle().take(length).collect()
    }

    fn capitals(length: usize) -> String {
        "A2B4C6D8".chars().cycle().take(length).collect()
    }

    #[test]
    fn each_kind_is_found_at_its_least_length() {
        for (start, least, label) in [
            ("sk-", 16, "OpenAI-style key (sk-)"),
            ("ghp_", 16, "GitHub token (ghp_/gho_)"),
            ("gho_", 16, "GitHub token (ghp_/gho_)"),
            ("eyJ", 10, "JWT (eyJ)"),
            ("xoxb-", 10, "Slack token (xoxb-/xoxp-)"),
            ("xoxp-", 10, "Slack token (xoxb-/xoxp-)"),
            ("github_pat_", 36, "GitHub fine-grained token (github_pat_)"),
            ("glpat-", 20, "GitLab token (glpat-)"),
            ("AIza", 35, "Google API key (AIza)"),
            ("npm_", 36, "npm token (npm_)"),
            ("ghs_", 36, "GitHub server token (ghs_/ghu_/ghr_)"),
            ("ghu_", 36, "GitHub server token (ghs_/ghu_/ghr_)"),
            ("ghr_", 36, "GitHub server token (ghs_/ghu_/ghr_)"),
            ("sk_live_", 16, "Stripe key (sk_live_/rk_live_)"),
            ("rk_live_", 16, "Stripe key (sk_live_/rk_live_)"),
        ] {
            for (before, behind) in [("", ""), ("token: \"", "\""), ("-", "é")] {
                assert_eq!(secrets(&format!("{before}{start}{}{behind}", word(least))), [label]);
                assert_eq!(secrets(&format!("{before}{start}{}{behind}", word(least - 1))), [""; 0], "{start}");
            }
            assert_eq!(secrets(&format!("x{start}{}", word(least))), [""; 0], "{start}");
        }
        let key = format!("sk-{}-{}", "ant", word(40));
        assert_eq!(secrets(&key), ["OpenAI-style key (sk-)", "Anthropic key (sk-ant-)"]);
    }

    #[test]
    fn boundaries_are_the_protocols() {
        let dashed = word(16);
        assert_eq!(secrets(&format!("task-sk-{dashed} _sk-{dashed}")).len(), 1);
        assert!(secrets(&format!("disk-{dashed}")).is_empty());
        assert!(secrets(&format!("éghp_{dashed} _ghp_{dashed}")).is_empty());
        let id = format!("AKIA{}", capitals(16));
        for (text, is_one) in
            [(id.clone(), true), (format!("{id}."), true), (format!("{id}A"), false), (format!("{id}é"), false)]
        {
            assert_eq!(secrets(&text) == ["AWS access key id (AKIA)"], is_one, "{text}");
        }
    }

    #[test]
    fn a_private_key_is_known_by_its_headline() {
        for (headline, is_one) in [
            ("PRIVATE KEY", true),
            ("RSA PRIVATE KEY", true),
            ("X25519 SOME PRIVATE PRIVATE KEY", true),
            ("OPENSSH  PRIVATE KEY", false),
            ("PUBLIC KEY", false),
            ("rsa PRIVATE KEY", false),
            ("", false),
        ] {
            assert_eq!(!secrets(&format!("-----BEGIN {headline}-----")).is_empty(), is_one, "{headline}");
        }
    }

    #[test]
    fn kinds_come_in_the_tables_order_and_once() {
        let text = format!("xoxb-{0} sk-{0} eyJ{0} sk-{0} -----BEGIN {1} KEY-----", word(20), "PRIVATE");
        let found = ["OpenAI-style key (sk-)", "private key block", "JWT (eyJ)", "Slack token (xoxb-/xoxp-)"];
        assert_eq!(secrets(&text), found);
    }

    fn paths(text: &str) -> Vec<String> {
        home_paths(text, None)
    }

    #[test]
    fn paths_that_name_a_person_are_told_once() {
        assert_eq!(
            paths(r"/home/x/a C:\Users\c\z /Users/z/ /home/x/b /home/a/"),
            ["/Users/z/", "/home/x/", "/home/a/", r"C:\Users\c\"]
        );
        assert_eq!(paths(r"x/home/é/ c:/Users/q/ ABC:\Users\a/b\"), ["/Users/q/", "/home/é/", r"C:\Users\a/b\"]);
        assert_eq!(paths("/home/a/home/b/ /Users/Users/b/"), ["/Users/Users/", "/home/a/"]);
        let none = "/home//u /home/a\u{a0}b/ /home/\"q/ /home/a'/ /home/b\n/ /home/end :\\Users\\q\\ c:\\users\\x\\";
        assert_eq!(paths(none), [""; 0]);
    }

    #[test]
    fn ones_own_home_counts_wherever_it_is() {
        let own = |text: &str, home: &str| home_paths(text, Some(Path::new(home)));
        assert_eq!(own("see /root/x and file:///root/y", "/root"), ["/root/"]);
        assert_eq!(own("see /srv/root/x, /roots/ and /root", "/root/"), [""; 0]);
        assert_eq!(own("/var/home/me/x", "/var/home/me"), ["/home/me/", "/var/home/me/"]);
        assert_eq!(own("/home/me/x", "/home/me"), ["/home/me/"]);
        for home in ["", "/", ".", "C:"] {
            assert_eq!(own("/a ./b C:/c", home), [""; 0], "{home}");
        }
    }

    #[test]
    fn a_path_never_tells_a_secret() {
        assert_eq!(paths(&format!("/home/ghp_{}/x /home/me/", word(36))), ["/home/me/"]);
    }

    #[test]
    fn long_texts_of_beginnings_take_linear_time() {
        for piece in ["sk-", "/home/", ":\\Users\\", "-----BEGIN A ", "AKIA", "eyJ", "/home/a/", "PRIVATE "] {
            let text = piece.repeat(1 << 17);
            secrets(&text);
            home_paths(&text, Some(Path::new("/home/")));
        }
        let distinct: String = (0..100_000).map(|n| format!("/home/{n}/ ")).collect();
        assert_eq!(paths(&distinct).len(), 100_000);
    }

    proptest! {
        #[test]
        fn no_text_panics(any: String, text in r#"(sk-|AKIA|/home/|:\\Users\\|-----BEGIN |PRIVATE KEY|[a-zA-Zé/\\ "]){0,60}"#) {
            for text in [any, text] {
                secrets(&text);
                home_paths(&text, Some(Path::new("/home/é")));
            }
        }
    }
}
