//! One configuration file, taken apart by gix's parser.

use std::path::Path;

use bstr::{BString, ByteSlice};
use gix::config::parse::{EventRef, Events, SectionRef};
use gix::config::value::normalize;

use super::Setting;

/// The settings of a file, in its order. Outer `None` where the reading of it is git's: it cannot be read, or taken apart; inner
/// where there is none.
pub(super) fn settings(path: &Path) -> Option<Option<Vec<Setting>>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::read(path) {
        Ok(bytes) => parse(&bytes).map(Some),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Some(None),
        Err(_) => None,
    }
}

fn parse(bytes: &[u8]) -> Option<Vec<Setting>> {
    // git reads on as far as the C string goes.
    if bytes.contains(&0) {
        return None;
    }
    let events = Events::from_bytes(bytes, Some(carries_meaning)).ok()?;
    // A name before the first section, which git takes without complaint, has no key that anybody could ask for.
    if events.frontmatter().any(|event| matches!(event, EventRef::SectionValueName(_))) {
        return None;
    }
    let mut settings = Vec::new();
    for section in events.sections() {
        let prefix = prefix(section)?;
        of_section(section, &prefix, &mut settings)?;
    }
    Some(settings)
}

fn carries_meaning(event: EventRef<'_>) -> bool {
    !matches!(event, EventRef::Whitespace(_))
}

/// What the keys of a section begin with, the dot before the name included.
fn prefix(section: SectionRef<'_>) -> Option<BString> {
    let EventRef::SectionHeader { name, separator, subsection_name } = section.header() else { return None };
    let mut prefix: BString = name.to_ascii_lowercase().into();
    if let Some(subsection) = subsection_name {
        prefix.push(b'.');
        // In the old form, `[section.subsection]`, git takes both in lower case.
        match separator.is_some_and(|separator| separator == ".") {
            true => prefix.extend(subsection.to_ascii_lowercase()),
            false => prefix.extend_from_slice(subsection),
        }
    }
    prefix.push(b'.');
    Some(prefix)
}

fn of_section(section: SectionRef<'_>, prefix: &BString, settings: &mut Vec<Setting>) -> Option<()> {
    let (mut is_bare_name, mut has_separator) = (false, false);
    let mut begun = BString::default();
    for event in section.body() {
        match event {
            // A name without a value has a line of its own.
            EventRef::SectionValueName(_) | EventRef::Comment { .. } if is_bare_name => return None,
            EventRef::SectionValueName(name) => {
                let key = bstr::concat([prefix.as_slice(), &name.to_ascii_lowercase()]).into();
                settings.push(Setting { key, value: None });
                (is_bare_name, has_separator) = (true, false);
                begun.clear();
            }
            EventRef::KeyValueSeparator => (is_bare_name, has_separator) = (false, true),
            EventRef::Newline(_) => is_bare_name = false,
            EventRef::ValueNotDone(part) => begun.extend_from_slice(part),
            EventRef::Value(part) | EventRef::ValueDone(part) => {
                begun.extend_from_slice(part);
                let value = has_separator.then(|| normalize(begun.as_bstr()).into_owned());
                settings.last_mut()?.value = value;
            }
            _ => {}
        }
    }
    (!is_bare_name).then_some(())
}
