//! What headers and hunks say, on text as git writes it and on text that is meant to fool.

use bstr::ByteSlice;
use proptest::prelude::*;

use super::*;

fn read(diff: &str) -> Vec<FileChange> {
    changes(diff.as_bytes()).collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}\n{diff}"))
}

#[track_caller]
fn check(diff: &str, kind: ChangeKind, old: Option<&str>, new: Option<&str>) -> FileChange {
    let mut all = read(diff);
    assert_eq!(all.len(), 1, "{all:#?}");
    let change = all.remove(0);
    let paths = (change.old_path.as_ref().map(|p| p.as_bstr()), change.new_path.as_ref().map(|p| p.as_bstr()));
    assert_eq!(
        (change.kind, paths),
        (kind, (old.map(|p| p.as_bytes().as_bstr()), new.map(|p| p.as_bytes().as_bstr())))
    );
    change
}

#[test]
fn modes_ids_and_counts() {
    let change = check(
        "diff --git a/x b/x\nindex 1234567..89abcde 100755\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@ fn\n a\n-b\n+c\n+d\n\\ No newline at end of file\n",
        ChangeKind::Modified,
        Some("x"),
        Some("x"),
    );
    assert_eq!(
        (change.old_mode, change.new_mode, change.added, change.removed),
        (Some(0o100755), Some(0o100755), 2, 1)
    );
    assert_eq!((change.old_id.unwrap(), change.new_id.unwrap()), ("1234567".into(), "89abcde".into()));
}

#[test]
fn names_with_blanks_quotes_and_prefixes() {
    let mode = "old mode 100644\nnew mode 100755\n";
    check(&format!("diff --git a/x b/x b/x b/x\n{mode}"), ChangeKind::ModeChanged, Some("x b/x"), Some("x b/x"));
    check(&format!("diff --git i/one w/one\n{mode}"), ChangeKind::ModeChanged, Some("one"), Some("one"));
    check(
        &format!("diff --git \"a/\\303\\251\" \"b/\\303\\251\"\n{mode}"),
        ChangeKind::ModeChanged,
        Some("é"),
        Some("é"),
    );
    check(&format!("diff --git \"a/x\" b/x\n{mode}"), ChangeKind::ModeChanged, Some("x"), Some("x"));
    check(&format!("diff --git a/x \"b/x\"\n{mode}"), ChangeKind::ModeChanged, Some("x"), Some("x"));
    check(
        "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-x\n+y\n",
        ChangeKind::Modified,
        Some("a b"),
        Some("a b"),
    );
    let renamed = ChangeKind::Renamed { similarity: Some(90) };
    check(
        "diff --git a/x b/y\nsimilarity index 90%\nrename from o ld\nrename to \"n\\tw\"\n",
        renamed,
        Some("o ld"),
        Some("n\tw"),
    );
}

#[test]
fn a_file_does_not_move_without_saying_so() {
    let diff = "diff --git a/a b b/a c\n--- a/a b\t\n+++ b/a c\t\n@@ -1 +1 @@\n-x\n+y\n";
    let error = changes(diff.as_bytes()).collect::<Result<Vec<_>, _>>().expect_err("it is refused");
    assert!(error.to_string().contains("names the file in two ways"), "{error}");
}

#[test]
fn additions_deletions_and_plain_diffs() {
    check("diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n", ChangeKind::Added, None, Some("x"));
    check(
        "diff --git a/x b/x\ndeleted file mode 100644\nindex e69de29..0000000\n",
        ChangeKind::Deleted,
        Some("x"),
        None,
    );
    check(
        "--- a/x\t2020-01-01\n+++ b/x\t2020-01-02\n@@ -1 +1 @@\n-a\n+b\n",
        ChangeKind::Modified,
        Some("x"),
        Some("x"),
    );
    check("junk\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n", ChangeKind::Added, None, Some("x"));
}

#[test]
fn contents_that_look_like_headers_do_not_fool() {
    let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n--- a/y\n+++ b/y\n \n-@@ -1 +1 @@\n+diff --git a/z b/z\n";
    let change = check(diff, ChangeKind::Modified, Some("x"), Some("x"));
    assert_eq!((change.added, change.removed), (2, 2));
}

#[test]
fn binary_patches_and_what_is_left_out() {
    let patch = "diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n";
    let change = check(patch, ChangeKind::Modified, Some("x"), Some("x"));
    assert!(change.binary && change.applicable);
    let change = check(
        "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n",
        ChangeKind::Modified,
        Some("x"),
        Some("x"),
    );
    assert!(change.binary && !change.applicable);
    let cut = changes(&patch.as_bytes()[..patch.len() - 3]).last().unwrap();
    assert!(matches!(cut, Err(Error::Truncated { inside: Inside::BinaryPatch, .. })), "{cut:?}");
}

#[test]
fn bad_diffs_say_where_and_why() {
    let head = "diff --git a/x b/x\n--- a/x\n+++ b/x\n";
    for (rest, expected) in [
        ("@@ -1,2 +1 @@\n-a\n", "cut off inside a hunk after line 5"),
        ("@@ -1 +1 @@\n-a\n-b\n", "line 6, byte 50"),
        ("@@ -1 +1 @@\nx\n", "no hunk line"),
        ("@@ -x +1 @@\n", "without line counts"),
    ] {
        let error = changes(format!("{head}{rest}").as_bytes()).last().unwrap().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = changes("diff --git x y\n".as_bytes()).last().unwrap().unwrap_err().to_string();
    assert!(error.contains("does not name the file"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_end(pieces in prop::collection::vec(prop_oneof![
        "(diff --git |--- |\\+\\+\\+ |rename from |index |new file mode )[ab/\" \\\\0-9.]{0,12}\n",
        "@@ -[0-9]{1,20},?[0-9]{0,20} \\+1 @@\n", "[-+ ][a-z]?\n", "GIT binary patch\n(literal|delta) 5\n[A-z0-9]{0,9}\n", "\\PC{0,9}\n?",
    ], 0..20)) {
        changes(pieces.concat().as_bytes()).for_each(drop);
    }
}

/// Places the only file of a diff.
fn placed(diff: &str, preimage: &str) -> Result<String, Misfit> {
    let files = super::read(diff.as_bytes()).unwrap();
    let Contents::Hunks(hunks) = &files[0].contents else { panic!("no hunks: {files:#?}") };
    let placement = place(hunks, preimage.as_bytes())?;
    let mut copied = 0;
    let mut rebuilt = Vec::new();
    for (old, new) in &placement.edits {
        rebuilt.extend_from_slice(&preimage.as_bytes()[copied..old.start]);
        rebuilt.extend_from_slice(&placement.postimage[new.clone()]);
        copied = old.end;
    }
    rebuilt.extend_from_slice(&preimage.as_bytes()[copied..]);
    assert_eq!(rebuilt, placement.postimage, "the edits");
    Ok(placement.postimage.to_str().unwrap().to_owned())
}

#[test]
fn hunks_go_to_the_nearest_place_and_the_later_of_two() {
    let diff = "--- a/x\n+++ b/x\n@@ -5,3 +5,3 @@\n a\n-b\n+B\n c\n";
    assert_eq!(placed(diff, "1\n2\n3\n4\na\nb\nc\n").unwrap(), "1\n2\n3\n4\na\nB\nc\n");
    assert_eq!(placed(diff, "a\nb\nc\n4\n5\n6\na\nb\nc\n").unwrap(), "a\nb\nc\n4\n5\n6\na\nB\nc\n");
    assert_eq!(placed(diff, "1\na\nb\nc\n5\n6\n7\na\nb\nc\n").unwrap(), "1\na\nb\nc\n5\n6\n7\na\nB\nc\n");
    assert_eq!(placed(diff, "1\na\nb\nc\n5\n6\n7\n8\na\nb\nc\n").unwrap(), "1\na\nB\nc\n5\n6\n7\n8\na\nb\nc\n");
    assert_eq!(placed(diff, "1\na\nb\nC\n"), Err(Misfit { hunk: 0 }));
}

#[test]
fn added_lines_know_their_numbers() {
    let diff = "--- a/x\n+++ b/x\n@@ -2,3 +2,4 @@\n a\n-b\n+B\n+BB\n c\n@@ -8,2 +9,3 @@\n x\n+y\n z\n";
    let files = super::read(diff.as_bytes()).unwrap();
    let Contents::Hunks(hunks) = &files[0].contents else { panic!() };
    let placement = place(hunks, b"1\n2\na\nb\nc\n6\n7\nx\nz\n").unwrap();
    let added: Vec<_> = placement.added_lines().collect();
    assert_eq!(added, [(4, b"B".as_slice()), (5, b"BB"), (10, b"y")]);
}

#[test]
fn binary_patches_make_what_they_say_and_no_more() {
    let diff = "diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n";
    let files = super::read(diff.as_bytes()).unwrap();
    let Contents::Binary { forward, reverse: Some(reverse) } = &files[0].contents else { panic!("{files:#?}") };
    assert_eq!(forward.apply(b"", 1).unwrap(), [0]);
    assert_eq!(forward.apply(b"", 0), Err(BinaryError::TooLarge { size: 1, most: 0 }));
    assert_eq!(reverse.apply(b"\0", 0).unwrap(), b"");
    assert!(matches!(Binary { size: 2, ..*forward }.apply(b"", 9), Err(BinaryError::Damaged(_))));
    assert!(matches!(Binary { size: 0, ..*forward }.apply(b"", 9), Err(BinaryError::Damaged(_))));
}
