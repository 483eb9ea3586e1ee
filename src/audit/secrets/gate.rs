//! The gate before the rules' expressions: which rules have a keyword in a text, found in one pass.
//!
//! A table that the compiler makes tells for each of the first three bytes of a keyword which rules want it there, a bit for
//! each rule. It is ready when the program starts; an automaton of all keywords takes longer to make than to look at a patch.

use super::rules::{RULES, Rule};

/// How many bytes of a keyword the tables know. Some keywords have only two.
const KNOWN: usize = 3;

static STARTS: [[u64; 256]; KNOWN] = starts();

const fn starts() -> [[u64; 256]; KNOWN] {
    assert!(RULES.len() <= 64, "a rule is a bit of 64");
    let mut starts = [[0; 256]; KNOWN];
    let mut rule = 0;
    while rule < RULES.len() {
        let mut number = 0;
        while number < RULES[rule].keywords.len() {
            let keyword = RULES[rule].keywords[number].as_bytes();
            assert!(keyword.len() >= 2, "a keyword of one byte is everywhere");
            let mut at = 0;
            while at < KNOWN {
                let mut byte = 0;
                while byte < 256 {
                    if at >= keyword.len() || is(&RULES[rule], byte as u8, keyword[at]) {
                        starts[at][byte] |= 1 << rule;
                    }
                    byte += 1;
                }
                at += 1;
            }
            number += 1;
        }
        rule += 1;
    }
    starts
}

/// The numbers of the rules that have a keyword in `text`, in their order.
pub(super) fn rules(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut met = 0u64;
    for (at, pair) in text.windows(2).enumerate() {
        let third = text.get(at + 2).map_or(u64::MAX, |byte| STARTS[2][usize::from(*byte)]);
        let mut may = STARTS[0][usize::from(pair[0])] & STARTS[1][usize::from(pair[1])] & third & !met;
        while may != 0 {
            let rule = may.trailing_zeros();
            may &= may - 1;
            if begins_with_keyword(&RULES[rule as usize], &text[at..]) {
                met |= 1 << rule;
            }
        }
    }
    std::iter::from_fn(move || {
        let rule = (met != 0).then(|| met.trailing_zeros() as usize)?;
        met &= met - 1;
        Some(rule)
    })
}

fn begins_with_keyword(rule: &Rule, text: &[u8]) -> bool {
    let begins = |keyword: &&str| {
        text.len() >= keyword.len() && text.iter().zip(keyword.bytes()).all(|(byte, wanted)| is(rule, *byte, wanted))
    };
    rule.keywords.iter().any(begins)
}

/// Whether a byte is the one of the keyword.
const fn is(rule: &Rule, byte: u8, wanted: u8) -> bool {
    byte == wanted || rule.any_case && byte.eq_ignore_ascii_case(&wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::ByteSlice;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exactly_the_rules_with_a_keyword_in_the_text(
            pieces in proptest::collection::vec((0..RULES.len(), 0..12usize, 0..5usize, any::<bool>(), "[ -~]{0,2}"), 0..6)
        ) {
            let mut text = String::new();
            for (rule, keyword, less, is_upper, between) in pieces {
                let keyword = RULES[rule].keywords[keyword % RULES[rule].keywords.len()];
                let keyword = &keyword[..keyword.len().saturating_sub(less.saturating_sub(2)).max(1)];
                text += &if is_upper { keyword.to_ascii_uppercase() } else { keyword.to_owned() };
                text += &between;
            }
            let lower = text.to_ascii_lowercase();
            let has = |rule: &Rule| rule.keywords.iter().any(|keyword| match rule.any_case {
                true => lower.contains(&keyword.to_ascii_lowercase()),
                false => text.as_bytes().contains_str(keyword),
            });
            let expected: Vec<usize> = (0..RULES.len()).filter(|rule| has(&RULES[*rule])).collect();
            prop_assert_eq!(rules(text.as_bytes()).collect::<Vec<_>>(), expected, "{}", text);
        }
    }
}
