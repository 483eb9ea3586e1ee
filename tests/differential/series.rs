//! What a sandbox did: a bootstrap tree, the trees of the commits after it, and git's own mails of them; and what became
//! of the bootstrap at home meanwhile.

use std::path::Path;

use bstr::ByteSlice;
use fastrand::Rng;

use crate::change;
use crate::host::Host;
use crate::world::{self, Tree, any};

/// The work of one sandbox.
pub struct Series {
    pub bootstrap: Tree,
    /// The tree after each commit.
    pub trees: Vec<Tree>,
    pub messages: Vec<Vec<u8>>,
}

impl Series {
    /// One to four commits, or so many as are wanted.
    pub fn new(random: &mut Rng, commits: usize) -> Series {
        let bootstrap = world::tree(random);
        let mut trees = Vec::new();
        let mut tree = bootstrap.clone();
        for _ in 0..commits {
            // Now and then a commit of nothing, or of what the one before it undid.
            match random.u8(..24) {
                0 => {}
                1 => tree = bootstrap.clone(),
                _ => change::commit(random, &mut tree),
            }
            trees.push(tree.clone());
        }
        let messages = (1..=commits).map(|number| message(random, number)).collect();
        Series { bootstrap, trees, messages }
    }

    /// The last tree.
    pub fn end(&self) -> &Tree {
        self.trees.last().unwrap_or(&self.bootstrap)
    }

    /// The commits as mails, as git writes them with some options or other; and whether with less than git's three lines of
    /// context.
    pub fn mails(&self, random: &mut Rng, folder: &Path) -> (Vec<u8>, bool) {
        let sandbox = Host::new(folder.join("sandbox"));
        let mut tip =
            sandbox.objects.commit(sandbox.objects.tree(&self.bootstrap), None, b"Bootstrap\n", 1_600_000_000);
        let mut input = String::new();
        for (time, (tree, message)) in (1_700_000_000..).zip(self.trees.iter().zip(&self.messages)) {
            tip = sandbox.objects.commit(sandbox.objects.tree(tree), Some(tip), message, time);
            input += &format!("{tip}\n");
        }
        let stat: &[&str] = if random.bool() { &["--stat", "--summary"] } else { &[] };
        let form = [&["--always", "--pretty=email"], stat].concat();
        let (options, short_of_context) = options(random);
        (diff(random, &sandbox, &form, &options, &input), short_of_context)
    }

    /// The change of all commits together as a bare diff.
    pub fn diff(&self, random: &mut Rng, folder: &Path) -> (Vec<u8>, bool) {
        let sandbox = Host::new(folder.join("sandbox"));
        let (from, to) = (sandbox.objects.tree(&self.bootstrap), sandbox.objects.tree(self.end()));
        let (options, short_of_context) = options(random);
        let mut diff = diff(random, &sandbox, &[], &options, &format!("{from} {to}\n"));
        // The line of ids that git writes before it.
        diff.drain(..=diff.find_byte(b'\n').unwrap());
        (diff, short_of_context)
    }
}

fn diff(random: &mut Rng, sandbox: &Host, form: &[&str], options: &[String], input: &str) -> Vec<u8> {
    let mut args: Vec<String> = Vec::new();
    if random.u8(..4) == 0 {
        args.extend(["-c", "core.quotePath=false"].map(str::to_owned));
    }
    args.extend(["diff-tree", "--stdin", "-r", "-p", "--binary"].map(str::to_owned));
    args.extend(form.iter().map(|option| (*option).to_owned()));
    args.extend_from_slice(options);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = sandbox.try_git(&args, input.as_bytes());
    assert!(output.status.success(), "{args:?}: {}", output.stderr.as_bstr());
    output.stdout
}

/// How diffs are made: every form of them is one that somebody sends. And whether they have less context than git takes.
fn options(random: &mut Rng) -> (Vec<String>, bool) {
    let mut options: Vec<String> = Vec::new();
    let mut add = |some: &[&str]| options.extend(some.iter().map(|option| (*option).to_owned()));
    match random.u8(..10) {
        0 => add(&["--no-renames"]),
        1 => add(&["-M20%"]),
        2 => add(&["-M", "-C", "--find-copies-harder", "-C20%"]),
        3 => add(&["-B", "-M"]),
        4 | 5 => add(&["-M"]),
        _ => add(&["-M", "-C"]),
    }
    let context = random.u8(..24);
    match context {
        0 => add(&["-U0"]),
        1 | 2 => add(&["-U1"]),
        3 => add(&["-U2"]),
        4 => add(&["-U12"]),
        5 => add(&["-W"]),
        6 => add(&["--inter-hunk-context=4"]),
        _ => {}
    }
    match random.u8(..8) {
        0 => add(&["--patience"]),
        1 => add(&["--histogram", "--minimal"]),
        _ => {}
    }
    if random.u8(..5) != 0 {
        add(&["--full-index"]);
    }
    (options, context < 4)
}

/// Messages of one kind: how others fare is told by the stories of mails.
fn message(random: &mut Rng, number: usize) -> Vec<u8> {
    match random.u8(..4) {
        0 => format!("Change-{number}\n\nIt had to be.\n\n  As this says.\n").into_bytes(),
        _ => format!("Change-{number}\n").into_bytes(),
    }
}

/// What happened to the bootstrap at home: the tree that the work lands on.
pub fn drift(random: &mut Rng, series: &Series) -> (Tree, &'static str) {
    let mut tree = series.bootstrap.clone();
    let about = match random.u8(..12) {
        0..4 => "the bootstrap itself",
        4..8 => {
            for _ in 0..random.usize(1..4) {
                change::step(random, &mut tree);
            }
            "other changes"
        }
        8 => {
            let some = any(random, &tree);
            some.and_then(|path| tree.remove(&path));
            "a file that is gone"
        }
        9 => {
            // A part of the work is here already.
            for (path, item) in series.end().clone() {
                if random.bool() {
                    world::put(&mut tree, &path, item);
                }
            }
            "some of the work"
        }
        10 => {
            tree = series.trees[random.usize(..series.trees.len())].clone();
            "one of the commits"
        }
        _ => {
            if let Some(path) = any(random, &tree) {
                let moved = tree.remove(&path).unwrap();
                world::put(&mut tree, &world::name(random), moved);
            }
            change::step(random, &mut tree);
            "a file that moved"
        }
    };
    (tree, about)
}
