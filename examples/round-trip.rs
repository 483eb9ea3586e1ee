//! The main job on real input: the repository that this is run in is cloned as a sandbox, an agent works there, its work is
//! captured and lands in a fresh clone at home. Every command is shown and really run; what came home is then compared with
//! the sandbox by means that know nothing of git-glue. Everything happens in a temporary directory, nothing is left behind.
//!
//! ```text
//! cargo run --release --example round-trip
//! ```

#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match round_trip() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("\nThe round trip failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn round_trip() -> Result<bool> {
    let programs = programs()?;
    let place = tempfile::Builder::new().prefix("round-trip-").tempdir()?;
    let stage = Stage::new(place.path().canonicalize()?, &programs)?;
    let project = stage.project()?;
    stage.heading("A sandbox: a clone that will be thrown away");
    stage.show(".", &format!("git clone -q {} sandbox", quoted(&project.display().to_string())))?;
    stage.show("sandbox", "git glue-capture --begin")?;
    let start = stage.read("sandbox", "git rev-parse HEAD")?;

    stage.heading("The agent works in it: commits, and things it leaves uncommitted");
    agent_works(&stage)?;

    stage.heading("Before the sandbox vanishes, its work is captured: into the session store, which both share here");
    stage.show("sandbox", "git glue-capture --title 'Polish the docs'")?;

    stage.heading("At home, in a fresh clone: what is there, and then one command");
    stage.show(".", &format!("git clone -q {} home", quoted(&project.display().to_string())))?;
    stage.show("home", "git glue-list")?;
    stage.show("home", "git glue-apply latest")?;
    stage.show("home", "git log --format='%h %an: %s' --stat -2")?;
    stage.show("home", "git status --short --branch")?;

    stage.heading("The proof, by git and a walk over both directories; git-glue has no part in it");
    let proved = proof(&stage, &start)?;
    println!();
    println!("{}", if proved { "The work came home, byte for byte." } else { "What came home is NOT what was there." });
    Ok(proved)
}

/// What an agent does to a repository.
fn agent_works(stage: &Stage) -> Result<()> {
    let files = plain_files(stage, "sandbox")?;
    let [edited, moved, executable, staged] = files.as_slice() else { return Err("too few files".into()) };
    let name = moved.rsplit('/').next().unwrap_or(moved);
    let in_sandbox = |commands: &[String]| commands.iter().try_for_each(|command| stage.show("sandbox", command));
    in_sandbox(&[
        format!("echo 'A line by the agent.' >> {}", quoted(edited)),
        format!("mkdir -p moved && git mv {} {}", quoted(moved), quoted(&format!("moved/{name}"))),
        "git commit -q -a -m '[docs] Say what the agent found' -m 'With a subject that git am would shorten.'".into(),
        "head -c 4096 /dev/urandom > logo.bin".into(),
        format!("chmod +x {}", quoted(executable)),
        "git add -A && git commit -q -m 'Add the logo; one more program'".into(),
        format!("echo 'Staged, not committed.' >> {} && git add {}", quoted(staged), quoted(staged)),
        format!("printf 'Neither, and without a last newline' >> {}", quoted(edited)),
        "printf 'untracked\\r\\nwith line ends of Windows\\r\\n' > 'ideas for später.txt'".into(),
        "git status --short".into(),
    ])
}

/// Compares the two clones, line by line for whoever reads it.
fn proof(stage: &Stage, start: &str) -> Result<bool> {
    let log = format!("git log --format='%T %an %ae %ad%n%B' --date=raw {start}..HEAD");
    let snapshot = "cp .git/index ../index && export GIT_INDEX_FILE=../index && git add -A && git write-tree";
    let checks = [
        ("tree of HEAD", "git rev-parse HEAD^{tree}"),
        ("tree of the index", "git write-tree"),
        ("tree of the work tree, untracked files included", snapshot),
        ("messages, authors, dates and trees of the commits", &log),
        ("what is staged, unstaged, untracked", "git status --porcelain"),
    ];
    let mut all = true;
    for (what, command) in checks {
        let (there, here) = (stage.read("sandbox", command)?, stage.read("home", command)?);
        let id = if there.len() == 40 || there.len() == 64 { &there[..12] } else { "" };
        all &= verdict(stage, there == here, what, id);
    }
    let (there, here) = (contents(&stage.root.join("sandbox"))?, contents(&stage.root.join("home"))?);
    all &= verdict(stage, there == here, "bytes, kinds and modes of the files", &format!("{} files", there.len()));
    Ok(all)
}

fn verdict(stage: &Stage, same: bool, what: &str, detail: &str) -> bool {
    let word = if same { stage.painted("32", "same     ") } else { stage.painted("31", "DIFFERENT") };
    println!("{}", format!("  {word}  {what:<52}{detail}").trim_end());
    same
}

/// Where all of it happens, and how commands are run there.
struct Stage {
    root: PathBuf,
    path: OsString,
    colored: bool,
}

impl Stage {
    fn new(root: PathBuf, programs: &Path) -> Result<Stage> {
        std::fs::create_dir(root.join("user"))?;
        // The repository may belong to somebody else, as on CI; nothing else of the person's configuration counts.
        std::fs::write(root.join("user/config"), "[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n")?;
        let before = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([programs.to_owned()].into_iter().chain(std::env::split_paths(&before)))?;
        Ok(Stage { root, path, colored: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() })
    }

    /// The repository to clone: the one around the current directory, or a small one where there is none.
    fn project(&self) -> Result<PathBuf> {
        let here = std::env::current_dir()?;
        if let Ok(top) =
            self.read(&here.to_string_lossy(), "git rev-parse -q --verify HEAD && git rev-parse --show-toplevel")
            && let Some(top) = top.lines().last().map(PathBuf::from)
            && plain_files(self, &top.to_string_lossy()).is_ok()
        {
            return Ok(top);
        }
        let project = self.root.join("project");
        std::fs::create_dir(&project)?;
        for name in ["README.md", "docs.md", "run.sh", "notes.txt"] {
            std::fs::write(project.join(name), format!("# {name}\n\nOne line.\nAnother line.\n"))?;
        }
        self.read("project", "git init -q && git add -A && git commit -q -m 'Begin'")?;
        Ok(project)
    }

    fn heading(&self, text: &str) {
        println!("\n{}", self.painted("1;36", &format!("# {text}")));
    }

    /// Shows a command, runs it, and lets its output through.
    fn show(&self, directory: &str, command: &str) -> Result<()> {
        let prompt = format!("{}$", if directory == "." { "" } else { directory });
        println!("{} {}", self.painted("2", &prompt), self.painted("1", command));
        std::io::stdout().flush()?;
        let status = self.shell(directory, command).status()?;
        if status.success() { Ok(()) } else { Err(format!("`{command}` ended with {status}").into()) }
    }

    /// Runs a command quietly and returns what it prints.
    fn read(&self, directory: &str, command: &str) -> Result<String> {
        let output = self.shell(directory, command).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        if !output.status.success() {
            return Err(format!("`{command}`: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    fn shell(&self, directory: &str, command: &str) -> Command {
        let mut shell = Command::new("sh");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            shell.env_remove(name);
        }
        let who = if directory == "sandbox" { "Agent" } else { "You" };
        let mail = format!("{}@example.org", who.to_lowercase());
        shell
            .args(["-c", command])
            .current_dir(self.root.join(directory))
            .stdin(Stdio::null())
            .env("PATH", &self.path)
            .env("GLUE_HOME", self.root.join("user/glue"))
            .env("GIT_CONFIG_GLOBAL", self.root.join("user/config"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_PAGER", "cat")
            .env("GIT_AUTHOR_NAME", who)
            .env("GIT_AUTHOR_EMAIL", &mail)
            .env("GIT_COMMITTER_NAME", who)
            .env("GIT_COMMITTER_EMAIL", &mail);
        shell
    }

    fn painted(&self, color: &str, text: &str) -> String {
        if self.colored { format!("\x1b[{color}m{text}\x1b[m") } else { text.to_owned() }
    }
}

/// Four tracked text files that are no links and not executable, the best known ones first.
fn plain_files(stage: &Stage, directory: &str) -> Result<Vec<String>> {
    let listed = stage.read(directory, "git -c core.quotePath=false grep -I --cached -l -e . -- ':!.*' ':!*/.*'")?;
    let modes = stage.read(directory, "git -c core.quotePath=false ls-files -s")?;
    let is_plain = |path: &&str| {
        let mode = modes.lines().find(|line| line.split('\t').nth(1) == Some(path));
        mode.is_some_and(|line| line.starts_with("100644")) && !path.starts_with('"')
    };
    let mut files: Vec<String> = listed.lines().filter(is_plain).map(str::to_owned).collect();
    files.sort_by_key(|path| (path.matches('/').count(), !path.ends_with(".md"), path.clone()));
    files.truncate(4);
    if files.len() == 4 { Ok(files) } else { Err("the repository has too few text files".into()) }
}

/// Every file below a directory but git's own, with its mode and its bytes.
fn contents(directory: &Path) -> Result<BTreeMap<PathBuf, (bool, Vec<u8>)>> {
    let (mut directories, mut files) = (vec![directory.to_owned()], BTreeMap::new());
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            let name = path.strip_prefix(directory)?.to_owned();
            if metadata.is_symlink() {
                files.insert(name, (false, std::fs::read_link(&path)?.into_os_string().into_encoded_bytes()));
            } else if metadata.is_dir() && name != Path::new(".git") {
                directories.push(path);
            } else if metadata.is_file() {
                files.insert(name, (metadata.permissions().mode() & 0o100 != 0, std::fs::read(&path)?));
            }
        }
    }
    Ok(files)
}

/// The directory of the built programs. cargo builds an example alone; so they are brought up to date here.
fn programs() -> Result<PathBuf> {
    let example = std::env::current_exe()?;
    let directory = example.parent().and_then(Path::parent).ok_or("the example is not where cargo builds it")?;
    let is_first = !directory.join("git-glue-capture").exists();
    if is_first {
        println!("Building the programs first.");
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--bins", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    if !is_first {
        cargo.arg("--quiet");
    }
    if directory.ends_with("release") {
        cargo.arg("--release");
    }
    if let Some(target) = directory.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    if !cargo.status()?.success() {
        return Err("the programs do not build".into());
    }
    Ok(directory.to_owned())
}

/// As a word of the shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
