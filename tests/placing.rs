//! Hunks go where `git apply --reject` puts them: random texts of few distinct lines, so that context is ambiguous, and
//! patches that were made for other versions of them. One git process judges thousands of cases, a file each.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use bstr::ByteSlice;
use fastrand::Rng;
use git_glue::patch::{self, Contents, FilePatch};

use crate::sandbox::gits;

/// Cases for each git of the machine.
const CASES: usize = 6000;

#[test]
fn hunks_go_where_git_puts_them() {
    let seed = std::env::var("GLUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    let cases: Vec<Case> =
        (0..CASES).map(|number| Case::random(&mut Rng::with_seed(seed.wrapping_add(number as u64)))).collect();
    for git in gits() {
        judge(&git, &cases, seed);
    }
}

/// A file, and the hunks for it.
struct Case {
    file: Vec<u8>,
    hunks: Vec<u8>,
}

/// Lets git place all cases in one go, and compares file by file.
fn judge(git: &Path, cases: &[Case], seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut diff = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        fs::write(dir.path().join(format!("f{number}")), &case.file).unwrap();
        diff.extend(format!("diff --git a/f{number} b/f{number}\n--- a/f{number}\n+++ b/f{number}\n").bytes());
        diff.extend_from_slice(&case.hunks);
    }
    fs::write(dir.path().join("diff"), &diff).unwrap();
    let mut apply = Command::new(git);
    apply.args(["apply", "--reject", "--whitespace=nowarn", "diff"]).current_dir(dir.path());
    apply
        .env("GIT_CEILING_DIRECTORIES", dir.path().parent().unwrap())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", dir.path());
    let output = apply.stdin(Stdio::null()).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", output.stderr.as_bstr());

    let files = patch::read(&diff).unwrap();
    assert_eq!(files.len(), cases.len());
    let (mut whole, mut partly) = (0, 0);
    for (number, (case, file)) in cases.iter().zip(&files).enumerate() {
        let Contents::Hunks(hunks) = &file.contents else { panic!("no hunks: {file:#?}") };
        let (placement, rejected) = patch::place_what_fits(hunks, &case.file);
        let by_git = fs::read(dir.path().join(format!("f{number}"))).unwrap();
        let rejected_by_git = fs::read(dir.path().join(format!("f{number}.rej"))).ok();
        let ours = (!rejected.is_empty()).then(|| cut_at_nul(file, &rejected));
        let tell = || {
            format!(
                "GLUE_SEED={} (case {number})\n--- file\n{}\n--- hunks\n{}",
                seed,
                case.file.as_bstr(),
                case.hunks.as_bstr()
            )
        };
        assert_eq!(
            ours.as_ref().map(|text| text.as_bstr()),
            rejected_by_git.as_ref().map(|text| text.as_bstr()),
            "{}",
            tell()
        );
        assert_eq!(placement.postimage.as_bstr(), by_git.as_bstr(), "{}", tell());
        assert_eq!(rebuilt(&case.file, &placement), placement.postimage, "the edits\n{}", tell());
        match patch::place(hunks, &case.file) {
            Ok(placed) => assert_eq!((placed, rejected.first()), (placement, None)),
            Err(misfit) => assert_eq!(Some(&misfit.hunk), rejected.first()),
        }
        whole += usize::from(rejected.is_empty());
        partly += usize::from(!rejected.is_empty() && rejected.len() < hunks.len());
    }
    // Else the cases would show nothing.
    assert!(whole > CASES / 5 && whole < CASES * 4 / 5 && partly > CASES / 50, "{whole} whole, {partly} partly");
}

/// The text of the `.rej` file as git writes it, which ends each hunk at its first NUL.
fn cut_at_nul(file: &FilePatch, rejected: &[usize]) -> Vec<u8> {
    let head = patch::rejected(file, &[]);
    let hunks = rejected.iter().map(|&hunk| patch::rejected(file, &[hunk])[head.len()..].to_vec());
    let cut = hunks.map(|hunk| hunk.split(|byte| *byte == 0).next().unwrap_or_default().to_vec());
    [head.clone(), cut.collect::<Vec<_>>().concat()].concat()
}

/// The postimage, made of the preimage and the edits.
fn rebuilt(preimage: &[u8], placement: &patch::Placement) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut copied = 0;
    for (old, new) in &placement.edits {
        bytes.extend_from_slice(&preimage[copied..old.start]);
        bytes.extend_from_slice(&placement.postimage[new.clone()]);
        copied = old.end;
    }
    bytes.extend_from_slice(&preimage[copied..]);
    bytes
}

/// The lines of a case.
type Text = Vec<Vec<u8>>;

impl Case {
    fn random(rng: &mut Rng) -> Case {
        let base = text(rng);
        let mut hunks = hunks(rng, &base);
        if rng.u8(..8) == 0 {
            // Such overlap.
            hunks.extend(self::hunks(rng, &base));
        }
        if rng.u8(..8) == 0 {
            rng.shuffle(&mut hunks);
        }
        let file = if rng.u8(..5) == 0 { base } else { drifted(rng, base) };
        Case { file: file.concat(), hunks: hunks.concat() }
    }
}

fn line(rng: &mut Rng) -> Vec<u8> {
    let lines: [&[u8]; 12] =
        [b"a", b"a", b"a", b"b", b"b", b"c", b"", b"a ", b"\ta", b"a\r", b"n\0n", b"- long line, of which few are"];
    let mut line = lines[rng.usize(..lines.len())].to_vec();
    line.push(b'\n');
    line
}

fn text(rng: &mut Rng) -> Text {
    let length = [0, 1, 2, 5, 12, 30][rng.usize(..6)];
    let mut text: Text = (0..length).map(|_| line(rng)).collect();
    if rng.bool() {
        // A text with places that can be told apart.
        for (number, line) in text.iter_mut().enumerate().filter(|(number, _)| number % 3 == 0) {
            *line = format!("{number}\n").into_bytes();
        }
    }
    end(rng, &mut text);
    text
}

/// Takes the newline off the end of one text in four.
fn end(rng: &mut Rng, text: &mut Text) {
    if rng.u8(..4) == 0
        && let Some(last) = text.last_mut()
    {
        last.retain(|byte| *byte != b'\n');
        if last.is_empty() {
            text.pop();
        }
    }
}

/// Another version of a text.
fn drifted(rng: &mut Rng, mut text: Text) -> Text {
    if let Some(last) = text.last_mut().filter(|last| !last.ends_with(b"\n")) {
        last.push(b'\n');
    }
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..=text.len());
        let until = (at + rng.usize(..3)).min(text.len());
        let new: Text = (0..rng.usize(..4)).map(|_| line(rng)).collect();
        text.splice(at..until, new);
    }
    end(rng, &mut text);
    text
}

/// The hunks of a random change of `base`, with some lines of context.
fn hunks(rng: &mut Rng, base: &Text) -> Vec<Vec<u8>> {
    let context = [0, 1, 1, 2, 3, 3][rng.usize(..6)];
    let script = script(rng, base);
    let changed: Vec<usize> = (0..script.len()).filter(|at| script[*at].0 != b' ').collect();
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for at in changed {
        let (from, until) = (at.saturating_sub(context), (at + 1 + context).min(script.len()));
        match groups.last_mut() {
            Some(last) if last.1 >= from => last.1 = until,
            _ => groups.push((from, until)),
        }
    }
    let skew = if rng.u8(..4) == 0 { rng.u64(..6) } else { 0 };
    groups.iter().map(|(from, until)| hunk(rng, &script, *from, *until, skew)).collect()
}

/// Lines of `base` and of what becomes of it, with the sign that they have in a diff.
fn script(rng: &mut Rng, base: &Text) -> Vec<(u8, Vec<u8>)> {
    let mut script = Vec::new();
    let changes = rng.usize(1..4);
    let mut places: Vec<usize> = (0..changes).map(|_| rng.usize(..=base.len())).collect();
    places.sort_unstable();
    for at in 0..=base.len() {
        let here = places.contains(&at);
        // A line cannot follow one without newline.
        let behind_end = at == base.len() && base.last().is_some_and(|last| !last.ends_with(b"\n"));
        if here && !behind_end {
            script.extend((0..rng.usize(..3)).map(|_| (b'+', line(rng))));
        }
        if let Some(line) = base.get(at) {
            let removed = here && rng.bool();
            script.push((if removed { b'-' } else { b' ' }, line.clone()));
            if removed && rng.bool() {
                let mut new = vec![self::line(rng)];
                if at + 1 == base.len() {
                    end(rng, &mut new);
                }
                script.extend(new.into_iter().map(|line| (b'+', line)));
            }
        }
    }
    if script.iter().all(|(sign, _)| *sign == b' ') {
        script.insert(0, (b'+', line(rng)));
    }
    script
}

/// The hunk of a part of a script.
fn hunk(rng: &mut Rng, script: &[(u8, Vec<u8>)], from: usize, until: usize, skew: u64) -> Vec<u8> {
    let count =
        |lines: &[(u8, Vec<u8>)], sign: u8| lines.iter().filter(|line| line.0 == b' ' || line.0 == sign).count();
    let (before, lines) = script.split_at(from);
    let lines = &lines[..until - from];
    let range = |sign: u8| {
        let (start, count) = (count(before, sign) + usize::from(count(lines, sign) > 0), count(lines, sign));
        format!("{},{count}", start as u64 + if start > 1 { skew } else { 0 })
    };
    let mut hunk = format!("@@ -{} +{} @@ somewhere\n", range(b'-'), range(b'+')).into_bytes();
    for (sign, line) in lines {
        let lost_blank = line == b"\n" && *sign == b' ' && rng.u8(..4) == 0;
        hunk.extend((!lost_blank).then_some(*sign));
        hunk.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            hunk.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
    hunk
}
