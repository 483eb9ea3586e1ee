//! git is the judge: what it lists, and what it makes of values.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::ByteSlice;

use super::{Config, Durable, Scope};

/// A repository in a place of its own, with a HOME.
struct Place {
    root: tempfile::TempDir,
    variables: BTreeMap<String, OsString>,
}

impl Place {
    fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir(path("home")).unwrap();
        let variables = BTreeMap::from([
            ("PATH".into(), std::env::var_os("PATH").unwrap()),
            ("HOME".into(), path("home").into_os_string()),
        ]);
        let place = Place { root, variables };
        assert!(place.git(&["init", "-q", "repo"], place.root.path()).status.success());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn git(&self, args: &[&str], directory: &Path) -> std::process::Output {
        Command::new("git").args(args).current_dir(directory).env_clear().envs(&self.variables).output().unwrap()
    }

    /// What git lists in `repo`, and what is read here; `None` where that is left to git.
    fn both(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let git_dir = self.path("repo/.git");
        let listed = self.git(&["config", "--null", "--list"], &self.path("repo"));
        assert!(listed.status.success(), "{}", listed.stderr.to_str_lossy());
        let variable = |name: &str| self.variables.get(name).cloned();
        let scope = Scope { git_dir: &git_dir, common_dir: &git_dir, variable: &variable };
        (listed.stdout, Config::read(&scope).map(|config| printed(&config)))
    }

    /// They are the same, and it was not left to git.
    #[track_caller]
    fn same(&self) -> Config {
        let (theirs, ours) = self.both();
        let ours = ours.expect("read in-process");
        assert_eq!(ours.as_bstr(), theirs.as_bstr());
        Config::listed(&theirs)
    }
}

/// As `git config --null --list` prints it.
fn printed(config: &Config) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in config.iter() {
        bytes.extend_from_slice(key);
        bytes.extend(value.into_iter().flat_map(|value| [b"\n".as_slice(), value]).flatten());
        bytes.push(0);
    }
    bytes
}

#[test]
fn a_file_means_to_us_what_it_means_to_git() {
    let place = Place::new();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut compared, mut left) = (0, 0);
    for _ in 0..400 {
        let mut text = if random.bool() { b"[s]\n".to_vec() } else { Vec::new() };
        for _ in 0..random.usize(1..14) {
            let pieces = if random.u8(0..20) == 0 { ODDER } else { PIECES };
            text.extend_from_slice(pieces[random.usize(0..pieces.len())]);
        }
        let file = place.write("odd", &text);
        let listed = place.git(&["config", "--file", "odd", "--null", "--list"], place.root.path());
        let ours = Config::of_file(&file).map(|config| printed(&config));
        match (listed.status.success(), ours) {
            (true, Some(ours)) => {
                compared += 1;
                assert_eq!(ours.as_bstr(), listed.stdout.as_bstr(), "{:?}", text.as_bstr());
            }
            (false, Some(ours)) => panic!("{:?}: git refuses, we read {:?}", text.as_bstr(), ours.as_bstr()),
            (_, None) => left += 1,
        }
    }
    assert!(compared > 100 && left > 100, "{compared} compared, {left} left to git");
}

/// What odd files are made of.
const PIECES: &[&[u8]] = &[
    b"[a]\n",
    b"[A \"B c\"]\n",
    b"[a.Sub]\n",
    b"[a \"q\\\"u\\\\o\\te\"]",
    b"[x-1]k=v\n",
    b"\tname = value\n",
    b"\tNaMe=Value ; comment\n",
    b"flag\n",
    b"empty =\n",
    b"quoted = \" a b \" c\n",
    b"inner = a   b\tc  # x\n",
    b"esc = a\\tb\\nc\\\\d\\\"e\n",
    b"cont = one\\\n  two\\\n three\n",
    b"open = \"a\\\n b\"\n",
    b"semi = a;b\n",
    b"quotesemi = \"a;b#c\"\n",
    b"\r\n",
    b"crlf = x\r\n",
    b"flagged ; comment\n",
    b"; a comment\n",
    b"# another\n",
    b"\n",
    b"  ",
    b"latin = \xe9t\xe9\n",
    b"k = \"\"\n",
    b"k=\"a\"\"b\"\n",
    b"[a \"\"]\n",
    b"trail = a \" b \"  \n",
    b"tab\t=\tx\t\n",
    b"cr = a\rb\n",
    b"equals = a = b\n",
];

/// What git refuses most of the time.
const ODDER: &[&[u8]] = &[
    b"bad \\ key\n",
    b"bad = \\x\n",
    b"under_score = 1\n",
    b"1st = 2\n",
    b"eof = \\",
    b"\xef\xbb\xbf",
    b"[]\n",
    b"[a\n",
    b"[a b]\n",
    b"[a \"b\nc\"]\n",
    b"k = a\0b\n",
    b"k = \"open\n",
    b"= x\n",
    b"k v\n",
    b"[a.\"b\"]\n",
    b"[.a]\n",
    b"[a.]\n",
];

#[test]
fn all_scopes_are_read_in_gits_order() {
    let mut place = Place::new();
    let system = place.write("system", "[v]\n\ta = system\n\tb = system\n");
    place.set("GIT_CONFIG_SYSTEM", system);
    place.write("home/.config/git/config", "[v]\n\tb = xdg\n\tc = xdg\n");
    place.write("home/.gitconfig", "[v]\n\tc = home\n\td = home\n");
    place.git(&["config", "v.d", "local"], &place.path("repo"));
    place.git(&["config", "v.e", "local"], &place.path("repo"));
    place.git(&["config", "extensions.worktreeConfig", "true"], &place.path("repo"));
    place.write("repo/.git/config.worktree", "[v]\n\te = worktree\n\tf = worktree\n");
    place.same();
    place.set("GIT_CONFIG_PARAMETERS", "'v.f'='parameters'  'v.flag'= 'v.A.B.c'='it'\\''s'\\!''");
    place.set("GIT_CONFIG_COUNT", "2");
    place.set("GIT_CONFIG_KEY_0", "v.f");
    place.set("GIT_CONFIG_VALUE_0", "counted");
    place.set("GIT_CONFIG_KEY_1", "V.Sub.Name");
    place.set("GIT_CONFIG_VALUE_1", "");
    let config = place.same();
    assert_eq!(config.string("v.f").unwrap(), "parameters");
    assert_eq!(config.string("V.A.B.C").unwrap(), "it's!");
    assert_eq!(config.string("v.a.b.c"), None);

    place.set("XDG_CONFIG_HOME", place.path("elsewhere"));
    place.write("elsewhere/git/config", "[v]\n\tz = elsewhere\n");
    place.same();
    place.set("GIT_CONFIG_GLOBAL", place.path("elsewhere/git/config"));
    place.set("GIT_CONFIG_NOSYSTEM", "1");
    place.same();
    place.set("GIT_CONFIG_GLOBAL", "");
    place.set("GIT_CONFIG_NOSYSTEM", "off");
    place.same();
}

#[test]
fn the_systems_file_is_where_this_git_looks_for_it() {
    let place = Place::new();
    let (theirs, ours) = place.both();
    // A git from elsewhere is asked.
    assert_eq!(ours.unwrap_or(theirs.clone()), theirs);
}

#[test]
fn includes_are_followed_as_git_follows_them() {
    let place = Place::new();
    let absolute = place.write("absolute", "[v]\n\tabsolute = 1\n[include]\n\tpath = beside\n");
    place.write("beside", "[v]\n\tbeside = 1\n");
    place.write("home/mine", "[v]\n\tmine = 1\n");
    let real = place.root.path().canonicalize().unwrap();
    let conditions = [
        format!("gitdir:{}/", real.display()),
        format!("gitdir:{}/repo/.git", real.display()),
        "gitdir:repo/".to_owned(),
        "gitdir:REPO/".to_owned(),
        "gitdir/i:REPO/".to_owned(),
        "gitdir:~/".to_owned(),
        "gitdir:re*/.git".to_owned(),
        "gitdir:**/.git".to_owned(),
        "gitdir:*".to_owned(),
        "weekday:monday".to_owned(),
    ];
    let mut text =
        format!("[v]\n\tbefore = 1\n[include]\n\tpath = {}\n\tpath = ~/mine\n\tpath = missing\n", absolute.display());
    for (number, condition) in conditions.iter().enumerate() {
        place.write(&format!("home/c{number}"), format!("[v]\n\tcondition = {number}\n"));
        text += &format!("[includeIf \"{condition}\"]\n\tpath = c{number}\n\tother = x\n");
    }
    place.write("home/.gitconfig", text + "[v]\n\tafter = 1\n");
    place.same();
    place.write("home/.gitconfig", "[includeIf \"onbranch:main\"]\n\tpath = mine\n");
    assert_eq!(place.both().1, None, "left to git");
    place.write("home/.gitconfig", "[include]\n\tpath = .gitconfig\n");
    let git_dir = place.path("repo/.git");
    let variable = |name: &str| place.variables.get(name).cloned();
    let scope = Scope { git_dir: &git_dir, common_dir: &git_dir, variable: &variable };
    assert!(Config::read(&scope).is_none(), "a circle is git's to complain of");
}

#[test]
fn values_mean_to_us_what_they_mean_to_git() {
    let place = Place::new();
    let values = [
        "",
        "true",
        "TRUE",
        "yes",
        "On",
        "false",
        "no",
        "oFF",
        "0",
        "1",
        "-1",
        "2",
        "00",
        "0x10",
        "0X1f",
        "010",
        "08",
        "1k",
        "3K",
        "2m",
        "1G",
        "1kb",
        "k",
        "-",
        "+",
        "+5",
        " 7",
        "7 ",
        "1 k",
        "maybe",
        "1.5",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "9007199254740992k",
        "8589934592g",
        "4294967296",
        "2147483647",
        "2147483648",
        "-2147483649",
        "0x",
        "0xg",
        "-0x10",
        "é",
        "t",
        "y",
    ];
    for value in values {
        let file = place.write("values", format!("[v]\n\tv = \"{value}\"\n"));
        let config = Config::of_file(&file).unwrap();
        let asked = |kind: &str| {
            let answer = place.git(&["config", "--file", "values", kind, "--get", "v.v"], place.root.path());
            answer.status.success().then(|| answer.stdout.trim().to_str_lossy().into_owned())
        };
        assert_eq!(config.boolean("V.v").map(|yes| yes.to_string()), asked("--type=bool"), "{value:?} as a yes or no");
        assert_eq!(
            config.integer("v.V").map(|number| number.to_string()),
            asked("--type=int"),
            "{value:?} as a number"
        );
    }
    let config = Config::of_file(&place.write("values", "[v]\n\tv\n")).unwrap();
    assert_eq!(
        (config.boolean("v.v"), config.integer("v.v"), config.string("v.v").unwrap()),
        (Some(true), None, "".into())
    );
}

#[test]
fn what_is_flushed_to_the_disk_goes_by_core_fsync() {
    use Durable::{Index, LooseObject, Pack, PackMetadata, Reference};
    let synced = |value: &str| {
        let config = Config::listed(format!("core.fsync\n{value}\0").as_bytes());
        let all = [LooseObject, Pack, PackMetadata, Index, Reference];
        all.into_iter().filter(|what| config.syncs(*what)).collect::<Vec<_>>()
    };
    assert_eq!(synced(""), [Pack, PackMetadata]);
    assert_eq!(synced("none"), []);
    assert_eq!(synced("reference"), [Pack, PackMetadata, Reference]);
    assert_eq!(synced("reference,none"), [Reference]);
    // What is asked for by any name is not declined by another.
    assert_eq!(synced("committed,-loose-object"), [LooseObject, Pack, PackMetadata, Reference]);
    assert_eq!(synced("none, all").len(), 5);
    assert_eq!(synced("ref,-pack-"), [Pack, Reference]);
    assert_eq!(synced("-pack"), []);
}
