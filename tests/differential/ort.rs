//! `git am --3way` as it is from git 2.50 on, put together by plain git commands.
//!
//! Up to 2.49, `git am` merges with the strategy `recursive`, all other commands with `ort`. The two tell conflicts in
//! links, kinds and names in other ways, and see other lines as changed (one compares by `myers`, the other by
//! `histogram`). The engine takes `ort`; where it comes out otherwise than this machine's `git am`, this one is asked.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use bstr::{BString, ByteSlice};

use crate::host::Host;
use crate::mails::Judgement;

/// Applies the mails; the repository is then as `git am` would have left it, but for the commits' texts.
pub fn am(host: &Host, mbox: &Path) -> Judgement {
    let place = host.dir.join(".git/ort");
    fs::create_dir(&place).unwrap();
    let split = format!("-o{}", place.display());
    let mails: usize = host
        .git(&["mailsplit", "-b", "--keep-cr", &split, mbox.to_str().unwrap()])
        .trim()
        .to_str_lossy()
        .parse()
        .unwrap();
    for mail in 1..=mails {
        let (text, patch) = (place.join("text"), place.join("patch"));
        let raw = fs::read(place.join(format!("{mail:04}"))).unwrap();
        let info = host.try_git(&["mailinfo", text.to_str().unwrap(), patch.to_str().unwrap()], &raw);
        assert!(info.status.success());
        let subject = info.stdout.lines().find_map(|line| line.strip_prefix(b"Subject: ")).unwrap_or_default();
        let name = subject.to_str_lossy().into_owned();
        if let Err(words) = (Mail { host, place: &place, patch: &patch, name }).land() {
            return Judgement::Stopped(mail, words);
        }
    }
    Judgement::Clean
}

struct Mail<'a> {
    host: &'a Host,
    place: &'a Path,
    patch: &'a Path,
    /// What its side of a conflict is called.
    name: String,
}

impl Mail<'_> {
    fn land(&self) -> Result<(), String> {
        if fs::read(self.patch).unwrap().is_empty() {
            self.commit(&self.line(&["rev-parse", "HEAD^{tree}"]));
            return Ok(());
        }
        if self.apply("index", &["--index"]).status.success() {
            self.commit(&self.line(&["write-tree"]));
            return Ok(());
        }
        let [base, theirs] = self.images()?;
        let base = self.wrap(&base, None);
        let theirs = self.wrap(&theirs, Some(&base));
        let ours = self.wrap(&self.line(&["rev-parse", "HEAD^{tree}"]), Some(&base));
        self.host.git(&["update-ref", &format!("refs/heads/{}", self.name), &theirs]);
        let head = self.line(&["rev-parse", "HEAD"]);
        self.host.git(&["update-ref", "HEAD", &ours]);
        let options = ["-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "-z", "--no-messages"];
        let merged = self.host.try_git(&[&options[..], &["HEAD", &self.name]].concat(), b"");
        self.host.git(&["update-ref", "HEAD", &head]);
        let mut fields = merged.stdout.split(|&byte| byte == 0);
        let tree = fields.next().unwrap().to_str_lossy().into_owned();
        if merged.status.success() {
            self.host.git(&["read-tree", "--reset", "-u", &tree]);
            if tree != self.line(&["rev-parse", "HEAD^{tree}"]) {
                self.commit(&tree);
            }
            return Ok(());
        }
        self.leave(&tree, fields.take_while(|field| !field.is_empty()).map(BString::from).collect());
        Err("a conflict".to_owned())
    }

    /// The preimages and the postimages that the diff names, as trees.
    fn images(&self) -> Result<[String; 2], String> {
        let index = self.place.join("images");
        let _ = fs::remove_file(&index);
        let fake = format!("--build-fake-ancestor={}", index.display());
        let built = self.apply("index", &[&fake]);
        let lacking = |output: &Output| format!("lacks necessary blobs: {}", output.stderr.to_str_lossy());
        if !built.status.success() {
            return Err(lacking(&built));
        }
        let base = self.git_on("ort/images", &["write-tree"]);
        if !base.status.success() {
            return Err(lacking(&base));
        }
        let applied = self.apply("ort/images", &["--cached"]);
        if !applied.status.success() {
            return Err(format!("hand edited: {}", applied.stderr.to_str_lossy()));
        }
        let theirs = self.git_on("ort/images", &["write-tree"]);
        Ok([base, theirs].map(|output| output.stdout.trim().to_str_lossy().into_owned()))
    }

    /// The files with their markers, and the stages of what is in conflict.
    fn leave(&self, tree: &str, stages: Vec<BString>) {
        self.host.git(&["read-tree", "--reset", "-u", tree]);
        let mut input = Vec::new();
        for stage in &stages {
            let (_, path) = stage.split_once_str("\t").unwrap();
            input.extend_from_slice(&[b"0 0000000000000000000000000000000000000000\t", path, b"\0"].concat());
        }
        stages.iter().for_each(|stage| input.extend_from_slice(&[stage.as_slice(), b"\0"].concat()));
        assert!(self.host.try_git(&["update-index", "-z", "--index-info"], &input).status.success());
    }

    fn commit(&self, tree: &str) {
        let commit = self.wrap(tree, Some("HEAD"));
        self.host.git(&["update-ref", "HEAD", &commit]);
    }

    fn wrap(&self, tree: &str, parent: Option<&str>) -> String {
        let args = ["commit-tree", tree, "-m", "x", "-p", parent.unwrap_or_default()];
        self.line(if parent.is_some() { &args } else { &args[..4] })
    }

    fn line(&self, args: &[&str]) -> String {
        self.host.git(args).trim().to_str_lossy().into_owned()
    }

    fn apply(&self, index: &str, options: &[&str]) -> Output {
        self.git_on(index, &[&["apply", "--whitespace=nowarn"], options, &[self.patch.to_str().unwrap()]].concat())
    }

    fn git_on(&self, index: &str, args: &[&str]) -> Output {
        let index = self.host.dir.join(".git").join(index);
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.host.dir).env("GIT_INDEX_FILE", index).stdin(Stdio::null());
        command.output().unwrap()
    }
}
