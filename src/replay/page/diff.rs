//! Hunks and patches as lines with colours.

use std::io;

use super::clip::{clipped, left_out};
use super::html::Html;

/// Writes a diff that is in the log.
pub(super) fn diff(html: &mut Html, diff: &str) -> io::Result<()> {
    let more = start(html, diff)?;
    left_out(html, more)
}

/// Writes the start of a diff in git's form: hunks, or a patch with its headers. How many lines are left out.
pub(super) fn start(html: &mut Html, diff: &str) -> io::Result<usize> {
    let (start, more) = clipped(diff);
    html.raw("<pre class=\"diff\">\n")?;
    let mut is_header = false;
    for line in start.split_inclusive('\n') {
        is_header = line.starts_with("diff --git ") || is_header && !line.starts_with("@@");
        let element = match line.as_bytes().first() {
            _ if is_header => "b",
            Some(b'+') => "ins",
            Some(b'-') => "del",
            Some(b'@') => "b",
            _ => {
                html.text(line)?;
                continue;
            }
        };
        // The newline belongs to the element: it is a block of its own.
        html.element(element, &[], line)?;
    }
    html.close("pre")?;
    Ok(more)
}

/// Lines that a diff adds, and lines that it removes.
pub(super) fn counts(hunks: &str) -> (usize, usize) {
    let starting = |mark: char| hunks.lines().filter(|line| line.starts_with(mark)).count();
    (starting('+'), starting('-'))
}

/// `+3`, `−1`.
pub(super) fn stat(html: &mut Html, (added, removed): (usize, usize)) -> io::Result<()> {
    if added > 0 {
        html.span("added", &format!("+{added}"))?;
        html.raw(" ")?;
    }
    if removed > 0 {
        html.span("removed", &format!("−{removed}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::html::written;
    use super::*;

    #[test]
    fn each_line_has_its_colour() {
        let hunks = "@@ -1,2 +1,2 @@\n a\n-<b>\n+c\n\\ No newline at end of file\n";
        assert_eq!(
            written(|html| diff(html, hunks)),
            "<pre class=\"diff\">\n<b>@@ -1,2 +1,2 @@\n</b> a\n<del>-&lt;b&gt;\n</del><ins>+c\n</ins>\\ No newline at end of file\n</pre>"
        );
        let patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n";
        let wanted = "<pre class=\"diff\">\n<b>diff --git a/x b/x\n</b><b>--- a/x\n</b><b>+++ b/x\n</b><b>@@ -1 +1 @@\n</b><del>-a\n</del></pre>";
        assert_eq!(written(|html| diff(html, patch)), wanted);
        assert_eq!(counts(hunks), (1, 1));
    }
}
