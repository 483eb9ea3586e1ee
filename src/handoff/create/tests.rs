use proptest::prelude::*;

use super::*;
use crate::handoff::{Extent, all_problems};

const WHOLE: &str = include_str!("../fields/tests/whole.md");

/// Values that have a chance to be let pass, and to come out as something else.
const VALUE: &str = "[ -~]{0,8}|\"[ -~]{0,8}\"|'[ -~]{0,4}'|\\[\\]|\\||>-|-?[0-9]{1,3}|세션|\u{a0}x|`read` [a-z ]{3,9}|x: y|\"x: \\\\\\\\y\"|\u{2028}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_create_accepts_validate_accepts(
        values in proptest::collection::vec((0..40_usize, VALUE), 0..4),
        extra in proptest::collection::vec((0..40_usize, VALUE), 0..2),
        body in "([ -~]{0,9}\n|\r\n|\u{c}|---\n){0,4}",
        status in 0..4_usize,
    ) {
        let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
        for (at, value) in values {
            let at = at % lines.len();
            let key = lines[at].find(": ").or(lines[at].find("- ")).map_or(0, |colon| colon + 2);
            lines[at].truncate(key);
            lines[at].push_str(&value);
        }
        for (at, value) in extra {
            lines.insert(at % lines.len(), format!("  - {value}"));
        }
        let text = format!("{}\n{body}", lines.join("\n"));
        let place = tempfile::tempdir().expect("there is room");
        let options = Options {
            root: place.path().to_owned(),
            allow_flagged_todo: false,
            exclude: false,
            home: None,
        };
        if create(text.as_bytes(), &options, &mut drop).is_ok() {
            let history = || History::of(place.path());
            prop_assert_eq!(all_problems(&history(), Extent::Archives), [""; 0], "{}", text);
            if let Some(status) = ["DONE", "BLOCKED", "ABANDONED"].get(status) {
                crate::handoff::close(place.path(), None, status).expect("it is there");
                prop_assert_eq!(all_problems(&history(), Extent::Archives), [""; 0], "{} {}", status, text);
            }
            let before = history().read(INDEX).expect("it is there");
            create(&history().read(LATEST).expect("it is there"), &options, &mut drop).expect("it reads what it wrote");
            if status == 3 {
                prop_assert_eq!(history().read(INDEX).expect("it is there"), before, "{}", text);
            }
        } else {
            prop_assert!(!place.path().join(".agent-history").exists());
        }
    }
}
