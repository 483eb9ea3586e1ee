//! The first todo must be about the work. One that is about resuming sends the next session in a circle.

use super::text::is_blank;

/// What gives such a todo away, in the order in which it is named.
const PHRASES: [&str; 15] = [
    "paste the prompt",
    "paste the resume prompt",
    "paste resume prompt",
    "paste resume_prompt",
    "start a new session",
    "start a new agent session",
    "read latest.md",
    "read the handoff",
    "read the latest handoff",
    "inspect the handoff",
    "inspect handoff",
    "inspect latest.md",
    "verify that resume",
    "verify resume",
    "check whether the new agent",
];

/// The phrase by which a todo is about resuming.
pub fn resume_mechanic(todo: &str) -> Option<&'static str> {
    // Mostly not even one of the words is there that they begin with.
    if todo.is_ascii() && !todo.contains('`') && !has_first_word(todo) {
        return None;
    }
    let text: String = todo.to_lowercase().chars().filter(|ch| *ch != '`').collect();
    PHRASES.into_iter().find(|phrase| occurs(phrase, &text))
}

/// The words that the phrases begin with.
const FIRST: [&str; 6] = ["paste", "start", "read", "inspect", "verify", "check"];

/// Whether one of them is there, in letters of any case.
fn has_first_word(todo: &str) -> bool {
    let bytes = todo.as_bytes();
    let begins = |at: usize| {
        let at_word =
            |word: &&str| bytes[at..].get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()));
        matches!(bytes[at] | 0x20, b'p' | b's' | b'r' | b'i' | b'v' | b'c') && FIRST.iter().any(at_word)
    };
    (0..bytes.len()).any(begins)
}

/// Whether the words of a phrase stand in a text, with any blanks between them and no word character around them.
fn occurs(phrase: &str, text: &str) -> bool {
    let mut words = phrase.split(' ');
    let first = words.next().unwrap_or_default();
    text.match_indices(first).any(|(at, _)| {
        let starts = !text[..at].chars().next_back().is_some_and(is_word);
        let end = words.clone().try_fold(&text[at + first.len()..], |rest, word| {
            let next = rest.trim_start_matches(is_blank);
            if next.len() == rest.len() { None } else { next.strip_prefix(word) }
        });
        starts && end.is_some_and(|rest| !rest.chars().next().is_some_and(is_word))
    })
}

fn is_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_'
}

#[cfg(test)]
mod tests {
    use super::resume_mechanic;

    #[test]
    fn todos_about_resuming_are_found() {
        for (todo, phrase) in [
            ("Read the handoff", "read the handoff"),
            ("First re-read the handoff.", "read the handoff"),
            ("Read `LATEST.md` and go on", "read latest.md"),
            ("read\u{a0}\t the   latest handoff", "read the latest handoff"),
            ("PASTE THE PROMPT, then read the handoff", "paste the prompt"),
            ("paste resume_prompt.txt", "paste resume_prompt"),
            ("Check whether the new agent works", "check whether the new agent"),
        ] {
            assert_eq!(resume_mechanic(todo), Some(phrase), "{todo}");
        }
    }

    #[test]
    fn every_phrase_is_found() {
        for phrase in super::PHRASES {
            assert!(resume_mechanic(phrase).is_some(), "{phrase}");
        }
    }

    #[test]
    fn todos_about_the_work_pass() {
        for todo in [
            "start a new session_store",
            "read latest.mdx",
            "pasted the prompts",
            "Spread the handoff over two files",
            "verify the resume endpoint",
            "Fix read-the-handoff",
            "read⒜ the handoff e\u{301}",
            "",
        ] {
            assert_eq!(resume_mechanic(todo), None, "{todo}");
        }
    }
}
