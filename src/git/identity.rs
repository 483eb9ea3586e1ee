//! Who commits, as `git var GIT_COMMITTER_IDENT` says it, where name, address and date are set plainly; see git-var(1).
//!
//! What git would make up (a name from the system's accounts, an address from the host's name), what it would refuse, and dates
//! in words are git's.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::config::{Config, Variable};
use super::{Error, Repo};

impl Repo {
    /// The line of who commits now: `Name <mail> seconds offset`. `None` where it is git's to say.
    pub(super) fn committer_here(&self) -> Result<Option<BString>, Error> {
        Ok(committer(self.settings()?, &|name| std::env::var_os(name)))
    }

    /// The line of who commits now: `Name <mail> seconds offset`; or git's words for why there is none.
    pub fn committer(&self) -> Result<Result<BString, String>, Error> {
        if let Some(line) = self.committer_here()? {
            return Ok(Ok(line));
        }
        let answer = self.git("var").arg("GIT_COMMITTER_IDENT").finish()?;
        if answer.code == Some(0) {
            return Ok(Ok(answer.stdout.trim_end().into()));
        }
        let reason = answer.stderr.lines().rev().find(|line| line.starts_with("fatal: ")).unwrap_or("no identity");
        Ok(Err(reason.trim_start_matches("fatal: ").to_owned()))
    }
}

fn committer(config: &Config, variable: &Variable<'_>) -> Option<BString> {
    let named = |environment: &str, keys: [&str; 2]| -> Option<BString> {
        let given = variable(environment).map(|value| BString::from(value.into_encoded_bytes()));
        let configured = || keys.iter().find_map(|key| config.string(key).filter(|value| !value.is_empty()));
        given.or_else(|| configured().map(ToOwned::to_owned)).and_then(|value| plain(value.as_bstr()))
    };
    // A name without `=` is an error that git has words for.
    let is_broken =
        |key: &BStr| matches!(key.strip_prefix(b"user.").or(key.strip_prefix(b"committer.")), Some(b"name" | b"email"));
    if config.iter().any(|(key, value)| value.is_none() && is_broken(key)) {
        return None;
    }
    let name = named("GIT_COMMITTER_NAME", ["committer.name", "user.name"])?;
    let email = named("GIT_COMMITTER_EMAIL", ["committer.email", "user.email"])?;
    let date = match variable("GIT_COMMITTER_DATE").filter(|date| !date.is_empty()) {
        Some(date) => given(date.to_str()?)?,
        None => now(variable)?,
    };
    Some(format!("{name} <{email}> {date}").into_bytes().into()).filter(|_| name.is_utf8() && email.is_utf8())
}

/// A name or an address as git writes it: without blanks and punctuation at both ends, and without what would end it. `None` when
/// nothing is left, and where gits differ: newer ones leave dots at the ends.
fn plain(value: &BStr) -> Option<BString> {
    let is_crud = |byte: u8| byte <= b' ' || b",:;<>\"\\'".contains(&byte);
    let start = value.iter().position(|&byte| !is_crud(byte))?;
    let end = value.iter().rposition(|&byte| !is_crud(byte))? + 1;
    let kept = &value[start..end];
    if kept.starts_with(b".") || kept.ends_with(b".") {
        return None;
    }
    Some(kept.iter().copied().filter(|byte| !b"\n<>".contains(byte)).collect::<Vec<u8>>().into())
}

/// A date in git's own form, `seconds offset`, perhaps behind an `@`. Every other form is git's to read.
fn given(date: &str) -> Option<String> {
    let (seconds, offset) = date.strip_prefix('@').unwrap_or(date).split_once(' ')?;
    // Fewer digits may be a year, or a day.
    let is_number = (9..=10).contains(&seconds.len()) && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = is_number && !seconds.starts_with('0');
    let (sign, digits) = offset.split_at_checked(1)?;
    let is_offset = matches!(sign, "+" | "-") && digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || !is_offset || offset == "-0000" || &digits[..2] > "14" || &digits[2..] > "59" {
        return None;
    }
    Some(format!("{seconds} {offset}"))
}

/// Now, with the offset of the local time.
fn now(variable: &Variable<'_>) -> Option<String> {
    let now = Timestamp::from_second(Timestamp::now().as_second()).ok()?;
    let minutes = time_zone(variable)?.to_offset(now).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    Some(format!("{} {sign}{:02}{:02}", now.as_second(), minutes.abs() / 60, minutes.abs() % 60))
}

/// The time zone that the C library would take: of TZ when that names a file of the database, of `/etc/localtime`, else UTC.
fn time_zone(variable: &Variable<'_>) -> Option<TimeZone> {
    let of_file = |path: &Path| match std::fs::read(path) {
        Ok(bytes) => TimeZone::tzif("local", &bytes).ok(),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(TimeZone::UTC),
    };
    let Some(name) = variable("TZ") else { return of_file(Path::new("/etc/localtime")) };
    let name = name.to_str()?;
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || b"/_-".contains(&byte);
    match name.strip_prefix(':').unwrap_or(name) {
        "" | "UTC" | "UTC0" => Some(TimeZone::UTC),
        name if variable("TZDIR").is_none()
            && name.contains('/')
            && name.bytes().all(is_plain)
            && !name.starts_with('/') =>
        {
            let file = Path::new("/usr/share/zoneinfo").join(name);
            if file.is_file() { of_file(&file) } else { None }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::collections::BTreeMap;
    use std::process::Command;

    use bstr::ByteSlice;

    use super::super::config::Config;

    /// What git says with these variables and settings, and what is said here. Both may be none.
    fn both(variables: &[(&str, &str)], settings: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let settings = settings.iter().map(|(key, value)| format!("{key}={value}"));
        let settings: Vec<String> = settings.flat_map(|setting| ["-c".to_owned(), setting]).collect();
        let git = |args: &[&str]| {
            let mut command = Command::new("git");
            let path = std::env::var_os("PATH").unwrap();
            command.env_clear().env("PATH", path).env("GIT_CONFIG_NOSYSTEM", "1").envs(&variables);
            let output = command.current_dir("/").args(&settings).args(args).output().unwrap();
            output.status.success().then_some(output.stdout)
        };
        let theirs = git(&["var", "GIT_COMMITTER_IDENT"]).map(|line| line.trim_end().to_str_lossy().into_owned());
        let config = Config::listed(&git(&["config", "--list", "--null"]).unwrap_or_default());
        let variable = |name: &str| variables.get(name).map(Into::into);
        (theirs, super::committer(&config, &variable).map(|line| line.to_string()))
    }

    const DATE: (&str, &str) = ("GIT_COMMITTER_DATE", "1700000000 +0130");

    #[test]
    fn who_commits_is_who_git_says() {
        let names = [
            "Ann", " Ann  B ", "<Ann>", "A<n>n", "Ann.", ".", "\"Ann\"", "O'Neil", "Ann\\", "Ann,", "é", "a:b", ",;:",
            " ", "", "Ann\nB", "x\ty",
        ];
        for name in names {
            for email in ["a@example.org", " a@example.org ", "<a@example.org>", "a b", ""] {
                let (theirs, ours) = both(&[DATE], &[("user.name", name), ("user.email", email)]);
                assert!(ours.is_none() || ours == theirs, "{name:?} {email:?}: {ours:?}, git: {theirs:?}");
                let plainly = [DATE, ("GIT_COMMITTER_NAME", name), ("GIT_COMMITTER_EMAIL", email)];
                let (theirs, ours) = both(&plainly, &[("user.name", "No"), ("committer.email", "no@example.org")]);
                assert!(ours.is_none() || ours == theirs, "{name:?} {email:?}: {ours:?}, git: {theirs:?}");
            }
        }
    }

    #[test]
    fn the_usual_ways_to_say_who_commits_need_no_git() {
        let person = [("user.name", "Ann"), ("user.email", "a@example.org")];
        let (theirs, ours) = both(&[DATE], &person);
        assert_eq!(ours.as_deref(), Some("Ann <a@example.org> 1700000000 +0130"));
        assert_eq!(ours, theirs);
        let (theirs, ours) =
            both(&[DATE], &[person[0], person[1], ("committer.name", "Cam"), ("user.useConfigOnly", "true")]);
        assert_eq!(ours.as_deref(), Some("Cam <a@example.org> 1700000000 +0130"));
        assert_eq!(ours, theirs);
        assert_eq!(both(&[DATE], &[]).1, None);
        for zone in [
            &[][..],
            &[("TZ", "Asia/Kathmandu")],
            &[("TZ", "America/St_Johns")],
            &[("TZ", ":Europe/Berlin")],
            &[("TZ", "")],
        ] {
            let (mut theirs, mut ours) = both(zone, &person);
            if theirs != ours {
                // A second went by.
                (theirs, ours) = both(zone, &person);
            }
            assert_eq!(ours, theirs, "{zone:?}");
        }
    }

    #[test]
    fn dates_are_read_as_git_reads_them_or_not_at_all() {
        let person = [("user.name", "Ann"), ("user.email", "a@example.org")];
        let dates = [
            "1700000000 +0000",
            "@1700000000 -0730",
            "@100000000 +1400",
            "999999999 +0059",
            "1700000000 -0000",
            "1700000000",
            "12345678 +0000",
            "@1 +0000",
            "2023-01-01",
            "yesterday",
            "",
            "1700000000 +01:00",
            "1700000000 +0160",
            "1700000000 +2400",
            "@0000000001 +0000",
        ];
        let mut read = 0;
        for date in dates {
            let (theirs, ours) = both(&[("GIT_COMMITTER_DATE", date)], &person);
            assert!(ours.is_none() || ours == theirs, "{date:?}: {ours:?}, git: {theirs:?}");
            read += usize::from(ours.is_some());
        }
        assert!(read >= 4, "{read} read");
    }
}
