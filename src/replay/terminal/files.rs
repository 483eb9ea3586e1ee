//! The files: which ones were changed, what has become of one up to the playhead, and which ones the capture says were
//! changed by something that the log does not tell.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Player;
use super::body::{self, Look};
use super::diff::counts;
use super::log::Log;
use super::text::{Breaks, Page, brief, cut};
use super::theme::{ACCENT, BAD, BOLD, CHOSEN, DIM, GOOD, PLAIN, WARN};
use crate::audit::{Layout, escape};
use crate::replay::unseen::left_out;
use crate::replay::{Beside, Difference, Step, UnseenFile};
use crate::session::{Conversation, counted};

/// The view of files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    /// Which one of the list is chosen.
    pub(super) cursor: usize,
    top: usize,
}

/// A file of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// One that the log tells of: its name, how often it has been changed up to the playhead, and in all.
    Told(String, usize, usize),
    /// One that only the capture tells of: its place there.
    Unseen(usize),
}

/// What the capture says beside the log; found out when the files are looked at.
#[derive(Debug)]
pub(super) struct Compared {
    beside: Beside,
    /// How much of the log that is of, in bytes, and which capture.
    of: (u64, Option<Stamp>),
    /// When it was found out.
    at: Instant,
}

/// What of a file tells that it is another one now: where it is, its length, when it was written.
type Stamp = (PathBuf, u64, Option<SystemTime>);

/// A log that grows is not compared more often: a capture may be large.
const COMPARED: Duration = Duration::from_secs(3);

/// More steps of one file are not shown one by one.
const MOST_STEPS: usize = 50;
/// More rows of a note are not shown.
const MOST_NOTED: usize = 8;

impl Player {
    /// Compares the log with the capture, once all of the log is known and somebody looks; again when one of them is
    /// another one.
    pub(super) fn compare(&mut self, now: Instant) -> bool {
        if self.files.is_none() || !self.log.is_read {
            return false;
        }
        let of = (self.log.timeline.read(), stamp(&self.log.conversation));
        if self.compared.as_ref().is_some_and(|last| last.of == of || now < last.at + COMPARED) {
            return false;
        }
        let beside = Beside::of(&self.log.conversation, &self.log.timeline);
        (self.compared, self.page) = (Some(Compared { beside, of, at: now }), None);
        true
    }

    fn unseen(&self) -> &[UnseenFile] {
        self.compared.as_ref().map_or(&[], |compared| compared.beside.files())
    }

    /// The list of files as it is now.
    pub(super) fn items(&self) -> Vec<Item> {
        let told = self.log.timeline.files().iter().filter_map(|file| {
            let changes = self.log.changed_by(&file.path);
            let so_far = changes.iter().filter(|&&step| step <= self.at).count();
            Some(changes.len()).filter(|&all| all > 0).map(|all| Item::Told(file.path.clone(), so_far, all))
        });
        told.chain((0..self.unseen().len()).map(Item::Unseen)).collect()
    }

    /// The file under the cursor, if the log tells of it.
    pub(super) fn chosen_file(&self) -> Option<String> {
        let files = self.files?;
        match self.items().get(files.cursor) {
            Some(Item::Told(path, ..)) => Some(path.clone()),
            _ => None,
        }
    }

    pub(super) fn draw_files(&mut self, area: Rect, buffer: &mut Buffer) {
        let (items, height) = (self.items(), usize::from(area.height));
        let Some(files) = &mut self.files else { return };
        files.cursor = files.cursor.min(items.len().saturating_sub(1));
        let rows = rows(&items, self.compared.as_ref().map(|compared| &compared.beside), usize::from(area.width));
        let place = rows.iter().position(|(item, _)| *item == Some(files.cursor)).unwrap_or(0);
        files.top = files.top.clamp((place + 1).saturating_sub(height.max(1)), place);
        if files.cursor == 0 {
            files.top = 0;
        }
        let (top, cursor) = (files.top, files.cursor);
        let shown: Vec<_> = rows.into_iter().skip(top).take(height).collect();
        for ((item, row), y) in shown.iter().zip(area.y..) {
            buffer.set_line(area.x, y, row, area.width);
            if *item == Some(cursor) {
                buffer.set_style(Rect { y, height: 1, ..area }.intersection(area), CHOSEN);
            }
        }
        self.areas.items = shown.into_iter().map(|(item, _)| item).collect();
    }

    /// What has become of the chosen file.
    pub(super) fn file_page(&mut self, width: usize) -> Page {
        let mut page = Page::new(width);
        let item = self.files.and_then(|files| self.items().into_iter().nth(files.cursor));
        match item {
            Some(Item::Told(path, so_far, all)) => {
                told(&mut page, &mut self.log, &self.look, (&path, so_far, all), self.at);
            }
            Some(Item::Unseen(number)) => {
                if let Some(file) = self.unseen().get(number) {
                    beside(&mut page, file, &self.look);
                }
            }
            None => page.text("No file was changed, as far as the log tells.", 0, Breaks::Words, 2, |_| DIM),
        }
        page
    }
}

/// The rows of the list, and which file each is of.
fn rows(items: &[Item], beside: Option<&Beside>, width: usize) -> Vec<(Option<usize>, Line<'static>)> {
    let mut rows = vec![(None, Line::styled("changed, as the log tells", DIM))];
    for (number, item) in items.iter().enumerate() {
        let Item::Told(path, so_far, all) = item else { continue };
        let (count, name) = if *so_far == 0 { (DIM, DIM) } else { (ACCENT, PLAIN) };
        let count = Span::styled(format!("{:>7} ", format!("{so_far}/{all}")), count);
        rows.push((Some(number), Line::from(vec![count, Span::styled(brief(path), name)])));
    }
    let told = rows.len() - 1;
    if told == 0 {
        rows.push((None, Line::styled("  none", DIM)));
    }
    rows.push((None, Line::default()));
    let note = |text: &str, style: Style| {
        let mut page = Page::new(width);
        page.text(text, 0, Breaks::Words, MOST_NOTED, |_| style);
        page.rows.into_iter().map(|row| (None, row))
    };
    let Some(beside) = beside else {
        rows.extend(note("the capture comes when all is read", DIM));
        return rows;
    };
    if beside.files().is_empty() {
        let style = if matches!(beside, Beside::Failed(_)) { BAD } else { DIM };
        rows.extend(note(&beside.about(), style));
        return rows;
    }
    rows.push((None, Line::styled("changed outside of the log", WARN)));
    let limits = beside.known().map(|unseen| unseen.limits().join(" "));
    rows.extend(note(&limits.unwrap_or_default(), DIM));
    for (number, file) in beside.files().iter().enumerate() {
        let mut spans = match file.how {
            Difference::Undone => vec![Span::styled("  undone ", WARN)],
            _ => lines(file).to_vec(),
        };
        spans.push(Span::raw(format!(" {}", escape(&file.path, Layout::Line))));
        rows.push((Some(told + number), Line::from(spans)));
    }
    rows
}

/// The capture of a session, as it is now.
fn stamp(conversation: &Conversation) -> Option<Stamp> {
    let path = conversation.session.as_ref()?.capture_file()?.path;
    let found = fs::metadata(&path).ok()?;
    Some((path, found.len(), found.modified().ok()))
}

/// All that was done to a file up to the playhead; where that is not known, one edit after another.
fn told(page: &mut Page, log: &mut Log, look: &Look, (path, so_far, all): (&str, usize, usize), playhead: usize) {
    let at = log.recovery.file_at(&log.conversation, &log.timeline, path, playhead);
    let Some(at) = log.said(at) else { return };
    let mut spans = vec![
        Span::styled(cut(&brief(path), page.width).into_owned(), BOLD),
        Span::styled(format!(" · {so_far} of {}", counted(all, "change", "changes")), DIM),
    ];
    let hunks = at.whole.as_ref().map(|text| text.hunks());
    if let Some(hunks) = &hunks {
        let (added, removed) = counts(hunks);
        spans.extend([Span::styled(format!("  +{added}"), GOOD), Span::styled(format!(" -{removed}"), BAD)]);
    }
    page.row(spans);
    let changed = log.changed_by(path);
    let steps: Vec<_> = changed.iter().take(12).map(|step| format!("#{}", step + 1)).collect();
    let more = if changed.len() > 12 { " …" } else { "" };
    let of = if changed.len() == 1 { "step" } else { "steps" };
    page.text(&format!("in {of} {}{more}", steps.join(" ")), 0, Breaks::Words, 2, |_| DIM);
    page.blank();
    if so_far == 0 {
        page.text(&format!("Not changed yet at step #{}.", playhead + 1), 0, Breaks::Words, 2, |_| DIM);
        return;
    }
    match hunks {
        Some(_) if at.whole.as_ref().is_some_and(|text| text.before.is_empty() && text.after.is_empty()) => {
            page.text("It is empty.", 0, Breaks::Words, 2, |_| DIM);
        }
        Some(hunks) if hunks.is_empty() => {
            page.text("As it was: nothing applied so far made a difference.", 0, Breaks::Words, 2, |_| DIM);
        }
        Some(hunks) => page.diff(&hunks, at.whole.as_ref(), look.form, true),
        None => {
            let text = "What it was at first is not recorded. One change after another:";
            page.text(text, 0, Breaks::Words, 3, |_| DIM);
            for step in at.steps.into_iter().rev().take(MOST_STEPS) {
                one(page, log, look, path, step);
            }
        }
    }
}

/// What one step did to a file.
fn one(page: &mut Page, log: &mut Log, look: &Look, path: &str, step: usize) {
    let Some(step) = log.step(step) else { return };
    let Step { number, .. } = step;
    for change in log.changes(&step).iter().filter(|change| change.path == path) {
        page.blank();
        page.row(vec![Span::styled(format!("step #{}", number + 1), ACCENT)]);
        body::change(page, change, look.form);
    }
}

/// The lines that the capture adds and removes.
fn lines(file: &UnseenFile) -> [Span<'static>; 2] {
    [Span::styled(format!("  +{}", file.added), GOOD), Span::styled(format!(" -{}", file.removed), BAD)]
}

/// What the capture says of a file.
fn beside(page: &mut Page, file: &UnseenFile, look: &Look) {
    let path = escape(&file.path, Layout::Line);
    let mut spans = vec![Span::styled(path.into_owned(), BOLD)];
    if file.how != Difference::Undone {
        spans.extend(lines(file));
    }
    page.row(spans);
    page.text(file.how.why(), 0, Breaks::Words, 4, |_| WARN);
    page.blank();
    page.diff(&String::from_utf8_lossy(&file.diff), None, look.form, true);
    if let Some(more) = left_out(file.left_out) {
        page.blank();
        page.text(&more, 0, Breaks::Words, 2, |_| DIM);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;
    use crate::session::{Meta, Source};

    const WRITTEN: &str = r#"{"type":"tool_call","id":"1","name":"write_file","arguments":{"path":"b","content":"x"}}
{"type":"tool_result","call_id":"1","content":"ok","success":true}
"#;

    /// A capture in which these files were made.
    fn capture(files: &[&str]) -> String {
        let made = |file: &&str| {
            format!(
                "diff --git a/{file} b/{file}\nnew file mode 100644\n--- /dev/null\n+++ b/{file}\n@@ -0,0 +1 @@\n+x\n"
            )
        };
        let diff: String = files.iter().map(made).collect();
        format!(
            "From {0:040} Mon Sep 17 00:00:00 2001\nFrom: a <a@b>\nDate: Wed, 12 Aug 2026 09:30:00 +0000\n\
             Subject: [PATCH] change\n\n---\n\n{diff}-- \n2.47.3\n\n",
            1
        )
    }

    fn listed(player: &mut Player, now: Instant) -> Vec<String> {
        while player.tick(now).wait.is_zero() {}
        let beside = player.compared.as_ref().map(|compared| &compared.beside);
        rows(&player.items(), beside, 60).into_iter().map(|(_, row)| row.to_string()).collect()
    }

    #[test]
    fn the_log_is_compared_again_when_it_or_the_capture_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| std::fs::write(dir.path().join(name), content).unwrap();
        write("meta.json", r#"{"schema_version":3,"id":"s","cwd":"/w"}"#);
        write("conversation.jsonl", "{\"type\":\"user_message\",\"text\":\"go\"}\n");
        write("runtime.mbox", &capture(&["a", "b"]));
        let conversation = Conversation::open(Source::Path(dir.path().join("conversation.jsonl"))).unwrap();
        let options = Options {
            name: "s".into(),
            start: 0,
            is_playing: false,
            speed: 1.0,
            idle: Duration::ZERO,
            is_colored: false,
        };
        let mut player = Player::new(conversation, &Meta { cwd: "/w".into(), ..Meta::default() }, options);
        let (mut now, told, beside) = (Instant::now(), "changed, as the log tells", "changed outside of the log");
        player.files = Some(Files::default());
        assert_eq!(listed(&mut player, now), [told, "  none", "", beside, "  +1 -0 a", "  +1 -0 b"]);
        let log = std::fs::read_to_string(dir.path().join("conversation.jsonl")).unwrap();
        write("conversation.jsonl", &(log + WRITTEN));
        now += COMPARED;
        assert_eq!(listed(&mut player, now), [told, "    1/1 b", "", beside, "  +1 -0 a"]);
        write("runtime.mbox", &capture(&["a", "b", "c"]));
        now += COMPARED;
        assert_eq!(listed(&mut player, now)[4..], ["  +1 -0 a", "  +1 -0 c"]);
    }
}
