//! Session ids: how new ones are made, how they become directory names, and what a name tells about its age.
//!
//! An id is an opaque string to everybody else. Reading the clock of a session from anything but its name is the
//! business of [`super::Meta`].

use jiff::Timestamp;

/// A new id in Glue's newest form: `<epoch ms>-<pid>-<32-bit random, base36>`.
pub fn new_id() -> String {
    let now = Timestamp::now().as_millisecond().max(0);
    format!("{now}-{}-{}", std::process::id(), base36(fastrand::u32(..)))
}

/// The name of the directory that holds the session `id`: each character outside `[A-Za-z0-9._-]` becomes `_`, and an
/// id that would be no name at all (empty, `.`, `..`) is `_`. Glue maps UTF-16 units, so a character beyond the basic
/// plane becomes two underscores.
pub fn dir_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for c in id.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            name.push(c);
        } else {
            (0..c.len_utf16()).for_each(|_| name.push('_'));
        }
    }
    if matches!(name.as_str(), "" | "." | "..") { "_".into() } else { name }
}

/// An id that somebody else chose, as it is shown, stored and typed: [`dir_name`]'s characters only, no more than 200 of
/// them, and nothing that a program would take for an option or for the word `latest`. `None` when it is empty.
pub fn tame_id(id: &str) -> Option<String> {
    const LONGEST: usize = 200;
    let mut tame = dir_name(id);
    tame.truncate(LONGEST);
    if tame.starts_with('-') || tame == "latest" {
        tame.insert(0, '_');
    }
    (!id.is_empty()).then_some(tame)
}

/// The time that a directory name was minted at, in milliseconds since 1970 (UTC), if its form carries one: Glue's
/// `<epoch ms>-...`, or a ULID.
pub fn minted_at(name: &str) -> Option<i64> {
    epoch_prefix(name).or_else(|| ulid_time(name))
}

fn base36(mut n: u32) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut out = Vec::new();
    loop {
        out.push(char::from(DIGITS[(n % 36) as usize]));
        n /= 36;
        if n == 0 {
            return out.iter().rev().collect();
        }
    }
}

/// Thirteen digits cover the years 2001 to 2286.
fn epoch_prefix(name: &str) -> Option<i64> {
    let (digits, _) = name.split_once('-')?;
    let plain = digits.len() == 13 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The first ten characters of a ULID are 48 bits of epoch milliseconds in Crockford's base32 (github.com/ulid/spec).
fn ulid_time(name: &str) -> Option<i64> {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const PLAUSIBLE: std::ops::Range<i64> = 978_307_200_000..4_102_444_800_000; // 2001 to 2100
    if name.len() != 26 {
        return None;
    }
    let mut ms = 0i64;
    for (i, byte) in name.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|&a| a == byte)?;
        if i < 10 {
            ms = ms * 32 + digit as i64;
        }
    }
    PLAUSIBLE.contains(&ms).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_have_glues_newest_form() {
        let id = new_id();
        let parts: Vec<_> = id.split('-').collect();
        assert_eq!(parts.len(), 3, "{id}");
        assert_eq!(parts[1], std::process::id().to_string());
        assert!(u64::from(u32::MAX) >= u64::from_str_radix(parts[2], 36).unwrap());
        assert_eq!(dir_name(&id), id);
        assert!(minted_at(&id).is_some());
    }

    #[test]
    fn foreign_characters_cannot_leave_the_directory() {
        assert_eq!(dir_name("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(dir_name(""), "_");
        assert_eq!(dir_name(".."), "_");
        assert_eq!(dir_name("a b\u{1F600}é"), "a_b___");
    }

    #[test]
    fn what_a_sandbox_calls_itself_is_safe_to_paste() {
        for (id, tame) in
            [("--undo", "_--undo"), ("latest", "_latest"), ("x; rm", "x__rm"), ("a\n{}", "a___"), ("..", "_")]
        {
            assert_eq!(tame_id(id).as_deref(), Some(tame), "{id}");
        }
        assert_eq!(tame_id(&"L".repeat(5000)).map(|id| id.len()), Some(200));
        assert_eq!(tame_id(""), None);
    }

    #[test]
    fn names_tell_their_age_only_when_their_form_says_so() {
        assert_eq!(minted_at("1772331272529-72"), Some(1_772_331_272_529));
        assert_eq!(minted_at("0k3f9a2m1xq7"), None);
        assert_eq!(minted_at("1772331272529"), None);
        assert_eq!(minted_at("01ARZ3NDEKTSV4RRFFQ69G5FAV"), Some(1_469_922_850_259));
        assert_eq!(minted_at("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), None);
    }
}
