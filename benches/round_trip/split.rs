//! Where the time of one apply goes. What the library does in public functions is measured there, in a process of its own;
//! the rest is what a run that goes one step further costs more.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use bstr::{BString, ByteSlice};
use git_glue::git::{Kind, ObjectId};
use git_glue::mbox::Mbox;
use git_glue::patch::{self, Contents};

use crate::apply::APPLY;
use crate::measure::{Cost, cost, median, own_cpu, printed};
use crate::project::Repositories;
use crate::table;

/// The argument by which this program knows that it is to do the steps.
pub const WORD: &str = "steps-of-a-series";

/// Prints the steps. The costs are those of a check that looks at no file, of a run that finds its objects there, of one that writes them, and of
/// one that brings the work tree along.
pub fn print(on: &Repositories, [dry, refs, unseen, all]: [Cost; 4]) {
    let starts: Vec<Cost> = (0..9).map(|_| cost(&on.host, None, &[APPLY, "-V"])).collect();
    let start = median(&starts).cpu;
    let steps = printed(&on.host, &[WORD, on.series.to_str().unwrap()]);
    let [read, parse, place, hash] = steps[..] else { panic!("four steps, not {steps:?}") };
    let rows = [
        ("start the program", start),
        ("read the mails", read),
        ("parse the diffs", parse),
        ("place the hunks", place),
        ("hash the files", hash),
        ("read objects, make trees and commits", dry.cpu - start - steps.iter().sum::<f64>()),
        ("store the objects", unseen.cpu - refs.cpu),
        ("move the ref", refs.cpu - dry.cpu),
        ("work tree and index", all.cpu - unseen.cpu),
    ];
    println!("    CPU ms of that");
    for (step, ms) in rows {
        println!("    {step:<38} {:>7}", table::number(ms));
    }
}

/// Does the steps one after the other, and prints the CPU milliseconds of each. The work tree that this runs in holds the
/// preimages.
pub fn run(series: &str) {
    let mut files: HashMap<BString, Vec<u8>> = HashMap::new();
    let [mut read, mut parse, mut place, mut hash] = [0.0; 4];
    let mut mbox = timed(&mut read, || Mbox::open(File::open(series).unwrap()).unwrap());
    for index in 0..mbox.entries.len() {
        let mut diff = Vec::new();
        timed(&mut read, || mbox.diff(index).unwrap().read_to_end(&mut diff).unwrap());
        let changes = timed(&mut parse, || patch::read(&diff).unwrap());
        for file in &changes {
            let Contents::Hunks(hunks) = &file.contents else { continue };
            let preimage = file.change.old_path.as_ref().map(|path| {
                let known = files.remove(path);
                known.unwrap_or_else(|| fs::read(Path::new(path.to_str().unwrap())).unwrap())
            });
            let placement = timed(&mut place, || patch::place(hunks, preimage.as_deref().unwrap_or_default()).unwrap());
            timed(&mut hash, || std::hint::black_box(blob_id(&placement.postimage)));
            if let Some(path) = &file.change.new_path {
                files.insert(path.clone(), placement.postimage);
            }
        }
    }
    println!("{read} {parse} {place} {hash}");
}

fn timed<T>(sum: &mut f64, step: impl FnOnce() -> T) -> T {
    let before = own_cpu();
    let value = step();
    *sum += own_cpu() - before;
    value
}

fn blob_id(bytes: &[u8]) -> ObjectId {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, bytes).unwrap()
}
