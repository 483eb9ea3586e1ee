//! The files that git reads for a repository, each in its turn, and those that they include.
//!
//! `None` everywhere here means: this is git's to read, because its answer depends on something that is not followed here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};
use gix::glob::wildmatch::Mode;

use super::{Config, Setting, file, number, parameters};

/// What the configuration of a repository is read for.
pub(in crate::git) struct Scope<'a> {
    /// The git directory of the work tree.
    pub git_dir: &'a Path,
    /// The one that all work trees share.
    pub common_dir: &'a Path,
    /// The environment.
    pub variable: &'a Variable<'a>,
}

/// The value of an environment variable, if it is set.
pub(in crate::git) type Variable<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

impl Config {
    /// Everything that `git config --list` would list in this repository.
    pub(in crate::git) fn read(scope: &Scope<'_>) -> Option<Config> {
        if (scope.variable)("GIT_CONFIG").is_some() {
            return None;
        }
        let home = (scope.variable)("HOME").map(PathBuf::from);
        let mut reader = Reader { config: Config::default(), scope, home };
        reader.system()?;
        reader.global()?;
        reader.file(&scope.common_dir.join("config"), 0)?;
        if reader.config.boolean("extensions.worktreeConfig").unwrap_or(false) {
            reader.file(&scope.git_dir.join("config.worktree"), 0)?;
        }
        for setting in parameters::settings(scope.variable)? {
            reader.add(setting, None, 0)?;
        }
        Some(reader.config)
    }
}

/// As deep as git goes into files that include files.
const DEEPEST: usize = 10;

struct Reader<'a> {
    config: Config,
    scope: &'a Scope<'a>,
    home: Option<PathBuf>,
}

impl Reader<'_> {
    fn system(&mut self) -> Option<()> {
        let variable = self.scope.variable;
        if let Some(value) = variable("GIT_CONFIG_NOSYSTEM")
            && number::boolean(Some(value.as_encoded_bytes().as_bstr()))?
        {
            return Some(());
        }
        match variable("GIT_CONFIG_SYSTEM") {
            Some(path) => self.file(Path::new(&path), 0),
            None => self.file(system_file(variable)?, 0),
        }
    }

    fn global(&mut self) -> Option<()> {
        let variable = self.scope.variable;
        if let Some(path) = variable("GIT_CONFIG_GLOBAL") {
            return self.file(Path::new(&path), 0);
        }
        let xdg = variable("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        let xdg = xdg.or_else(|| self.home.as_ref().map(|home| home.join(".config")));
        let files = [xdg.map(|xdg| xdg.join("git/config")), self.home.as_ref().map(|home| home.join(".gitconfig"))];
        files.into_iter().flatten().try_for_each(|path| self.file(&path, 0))
    }

    fn file(&mut self, path: &Path, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let settings = file::settings(path)?.unwrap_or_default();
        settings.into_iter().try_for_each(|setting| self.add(setting, Some(path), depth))
    }

    /// Adds a setting, and after it what it includes.
    fn add(&mut self, setting: Setting, from: Option<&Path>, depth: usize) -> Option<()> {
        let included = match setting.key.as_bstr() {
            key if key == "include.path" => true,
            key => match key.strip_prefix(b"includeif.").and_then(|rest| rest.strip_suffix(b".path")) {
                Some(condition) => self.holds(condition.as_bstr())?,
                None => false,
            },
        };
        let path = included.then(|| setting.value.clone());
        self.config.settings.push(setting);
        match path {
            Some(path) => self.file(&self.path(&path?, from)?, depth + 1),
            None => Some(()),
        }
    }

    /// Whether the condition of an `includeIf` holds. What depends on branches or remotes is git's.
    fn holds(&self, condition: &BStr) -> Option<bool> {
        let (pattern, mode) = if let Some(pattern) = condition.strip_prefix(b"gitdir:") {
            (pattern, Mode::NO_MATCH_SLASH_LITERAL)
        } else if let Some(pattern) = condition.strip_prefix(b"gitdir/i:") {
            (pattern, Mode::NO_MATCH_SLASH_LITERAL | Mode::IGNORE_CASE)
        } else if condition.starts_with(b"onbranch:") || condition.starts_with(b"hasconfig:") {
            return None;
        } else {
            return Some(false);
        };
        // Relative to the file, it is to be compared after that file's real path.
        if pattern.starts_with(b"./") {
            return None;
        }
        let mut pattern: BString = self.interpolated(pattern.as_bstr())?;
        if !pattern.starts_with(b"/") {
            pattern = bstr::concat([b"**/".as_slice(), &pattern]).into();
        }
        if pattern.ends_with(b"/") {
            pattern.extend_from_slice(b"**");
        }
        let git_dir = BStr::new(self.scope.git_dir.as_os_str().as_encoded_bytes());
        Some(gix::glob::wildmatch(pattern.as_bstr(), git_dir, mode))
    }

    /// The file that an include names; a relative one is looked for beside the file that names it.
    fn path(&self, path: &BString, from: Option<&Path>) -> Option<PathBuf> {
        let path = self.interpolated(path.as_bstr())?;
        let path = path.to_path().ok()?;
        match path.is_absolute() {
            true => Some(path.to_owned()),
            false => Some(from?.parent()?.join(path)),
        }
    }

    /// `~/` in front is the home directory. Other people's, `%(prefix)/` and what may come are git's.
    fn interpolated(&self, path: &BStr) -> Option<BString> {
        if path.is_empty() || path.starts_with(b"%(") || path.starts_with(b":(") {
            return None;
        }
        match path.strip_prefix(b"~") {
            None => Some(path.to_owned()),
            Some(rest) if rest.starts_with(b"/") => {
                let home = self.home.as_ref()?.canonicalize().ok()?;
                Some(bstr::concat([home.as_os_str().as_encoded_bytes(), rest]).into())
            }
            Some(_) => None,
        }
    }
}

/// Where a git that was built in the usual way looks for the system's configuration: in `/etc` for one below `/usr`, in the `etc` beside
/// the `bin` that it was installed into for one below `/usr/local`. Which git it is, is told as the system tells it, from PATH. Any other
/// place, and a script in front of the program, is git's to know.
#[cfg(target_os = "linux")]
fn system_file(variable: &Variable<'_>) -> Option<&'static Path> {
    use std::io::Read;
    let path = variable("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|file| is_program(file))?;
    let found = found.canonicalize().ok()?;
    let mut magic = [0; 4];
    std::fs::File::open(&found).and_then(|mut file| file.read_exact(&mut magic)).ok()?;
    if magic != *b"\x7fELF" {
        return None;
    }
    let places = ["bin/git", "lib/git-core/git", "libexec/git-core/git"].map(Path::new);
    let below = |prefix: &str| found.strip_prefix(prefix).is_ok_and(|rest| places.contains(&rest));
    match () {
        () if below("/usr/local") => Some(Path::new("/usr/local/etc/gitconfig")),
        () if below("/usr") => Some(Path::new("/etc/gitconfig")),
        () => None,
    }
}

/// Elsewhere gits are built to look in places of their own.
#[cfg(not(target_os = "linux"))]
fn system_file(_: &Variable<'_>) -> Option<&'static Path> {
    None
}

/// Whether an exec would take it: a regular file that may be executed.
#[cfg(target_os = "linux")]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
