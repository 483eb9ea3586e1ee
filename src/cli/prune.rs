//! `git glue-prune`: what would go from the store, and with `--yes`, that it goes.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Value, json};

use super::ages::{age_text, parse_age, seconds_since};
use super::capture::size;
use super::summary::{Summary, one_line};
use super::{Common, Exit, Failure, Program, Ui};
use crate::session::{Error, Held, Latest, Leftover, Removal, Session, Source, Store, counted, size_text};

/// Remove old sessions from the store, after showing which
///
/// Without `--yes`, nothing is removed: it says which sessions would go, how old and how large they are, and which are
/// held. A session goes when it fits everything that is asked for; when nothing is, those are shown in which nothing
/// has happened for 90 days.
///
/// What is open in a process stays, whatever is asked for, and what is running: sessions that nobody has ended, as far
/// as can be read, and in which something happened within a day. So does a capture that was not applied, unless `--unapplied` is given: one
/// that `git glue-apply` of this version has not landed whole, from this store.
///
/// Unless sessions are named, what programs that were killed left behind in the store goes too, once it is a day old.
///
/// A session is removed with all that it holds: capture, conversation, what is known of it. It cannot be taken back.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-prune", bin_name = "git glue-prune", version)]
pub struct Args {
    /// Only these sessions: ids, unique beginnings of ids, `latest`
    #[arg(value_name = "id")]
    ids: Vec<OsString>,

    /// Only sessions in which nothing has happened for that long, such as 30d, 12h, 2w, 1y
    ///
    /// A whole number with its unit: seconds, minutes, hours, days, weeks or years.
    #[arg(long, value_name = "age", value_parser = parse_age)]
    older_than: Option<Duration>,

    /// Keep the <number> sessions that were last at work
    #[arg(long, value_name = "number")]
    keep: Option<usize>,

    /// Only sessions that take more than that, such as 500k, 50m or 1g
    #[arg(long, value_name = "size", value_parser = size)]
    larger_than: Option<u64>,

    /// Also sessions with a capture that was not applied
    #[arg(long)]
    unapplied: bool,

    /// Remove them
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    common: Common,
}

/// A session that was asked for, with what there is to say of it while it is there.
struct Choice {
    removal: Removal,
    summary: Summary,
}

/// What came of it.
struct Done {
    held: Vec<Choice>,
    /// What goes, and with `--yes` why it did not.
    going: Vec<Choice>,
    failures: Vec<Option<Error>>,
    /// What was left behind, and whether it was removed.
    leftovers: Vec<(Leftover, bool)>,
}

/// When nothing is asked for.
const OLD: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        let is_asked =
            !self.ids.is_empty() || self.older_than.is_some() || self.keep.is_some() || self.larger_than.is_some();
        if self.yes && !is_asked {
            let message = "--yes removes only what was asked for";
            return Err(Failure::new(Exit::Usage, "usage", message).hint("git glue-prune --older-than 90d --yes"));
        }
        let store = Store::from_env();
        let done = self.prune(&store)?;
        if ui.json {
            ui.object(self.object(&done))?;
        } else {
            self.tell(ui, &done)?;
        }
        // What was called by its name and is still there was asked for in vain.
        let in_vain = self.yes && !self.ids.is_empty() && !done.held.is_empty();
        Ok(if in_vain || done.failures.iter().any(Option::is_some) { Exit::Failed } else { Exit::Done })
    }
}

impl Args {
    /// Chooses, and with `--yes` removes.
    fn prune(&self, store: &Store) -> Result<Done, Failure> {
        let (held, chosen): (Vec<_>, Vec<_>) =
            self.chosen(store)?.into_iter().partition(|choice| choice.removal.held.is_some());
        let leftovers = if self.ids.is_empty() { store.leftovers() } else { Vec::new() };
        let leftovers = leftovers.into_iter().map(|leftover| {
            let is_removed = self.yes && leftover.remove().is_ok();
            (leftover, is_removed)
        });
        let mut done = Done { held, going: Vec::new(), failures: Vec::new(), leftovers: leftovers.collect() };
        if !self.yes {
            done.going = chosen;
            return Ok(done);
        }
        store.sweep_removed();
        for mut choice in chosen {
            match store.remove(&choice.removal.session, self.unapplied) {
                // It was opened meanwhile.
                Err(Error::Held { held, .. }) => {
                    choice.removal.held = Some(held);
                    done.held.push(choice);
                }
                removed => {
                    done.failures.push(removed.err());
                    done.going.push(choice);
                }
            }
        }
        Ok(done)
    }

    /// The sessions that fit, the oldest first.
    fn chosen(&self, store: &Store) -> Result<Vec<Choice>, Failure> {
        let mut all = self.named(store)?;
        // By activity, so that those that are kept are first.
        all.sort_by_key(|removal| Reverse(removal.active));
        let age = self.older_than.or_else(|| self.is_bare().then_some(OLD)).unwrap_or_default();
        // What has no time at all is as old as can be.
        let is_old = |removal: &Removal| removal.active.is_none_or(|time| seconds_since(time) >= age.as_secs());
        let is_large = |removal: &Removal| self.larger_than.is_none_or(|size| removal.size > size);
        let mut chosen: Vec<_> = all
            .into_iter()
            .skip(self.keep.unwrap_or(0))
            .filter(|removal| is_old(removal) && is_large(removal))
            .collect();
        chosen.reverse();
        let choice = |removal: Removal| Choice { summary: Summary::of(&removal.session), removal };
        Ok(chosen.into_iter().map(choice).collect())
    }

    fn is_bare(&self) -> bool {
        self.ids.is_empty() && self.keep.is_none() && self.larger_than.is_none()
    }

    /// All sessions, or those that were named, each once.
    fn named(&self, store: &Store) -> Result<Vec<Removal>, Failure> {
        let removal = |session: Session| Removal::of(session, self.unapplied);
        if self.ids.is_empty() {
            return Ok(store.newest()?.map(removal).collect());
        }
        let mut sessions: Vec<Session> = Vec::new();
        for id in &self.ids {
            match store.resolve(id, Latest::Session)? {
                Source::Session(session) if store.holds(&session) => {
                    if sessions.iter().all(|other| other.id() != session.id()) {
                        sessions.push(session);
                    }
                }
                _ => {
                    let message = format!("{} is no session of the store", id.to_string_lossy());
                    return Err(Failure::new(Exit::Failed, "session-not-found", message));
                }
            }
        }
        Ok(sessions.into_iter().map(removal).collect())
    }

    fn tell(&self, ui: &mut Ui, done: &Done) -> Result<(), Failure> {
        let Done { going, held, leftovers, .. } = done;
        let widest =
            going.iter().chain(held).map(|choice| choice.removal.session.id().chars().count()).max().unwrap_or(0);
        for (number, choice) in going.iter().enumerate() {
            match done.failure(number) {
                Some(error) => ui.warn(error.to_string()),
                None => ui.line(line(choice, widest))?,
            }
        }
        for choice in held {
            let reason = choice.removal.held.map(|held| held.to_string()).unwrap_or_default();
            ui.say(format!("held: {} ({reason})", line(choice, widest)));
        }
        for (leftover, _) in leftovers {
            ui.say(format!("left behind by a crash: {} ({})", leftover.path.display(), size_text(leftover.size)));
        }
        let gone: Vec<_> = (0..going.len()).filter(|number| done.failure(*number).is_none()).collect();
        let bytes = gone.iter().map(|number| going[*number].removal.size).fold(0, u64::saturating_add);
        let verb = if self.yes { "removed" } else { "would go" };
        ui.say(format!("{} {verb}, {}", counted(gone.len() as u64, "session", "sessions"), size_text(bytes)));
        if !leftovers.is_empty() {
            let gone = leftovers.iter().filter(|(_, is_removed)| *is_removed || !self.yes);
            let (count, bytes) = gone.fold((0, 0), |(count, bytes), (leftover, _)| (count + 1, bytes + leftover.size));
            ui.say(format!("{} {verb}, {}", counted::<u64>(count, "leftover", "leftovers"), size_text(bytes)));
        }
        if held.iter().any(|choice| choice.removal.held == Some(Held::Unapplied)) {
            ui.hint("git glue-apply lands what was not applied; --unapplied gives it up");
        }
        let is_anything = !going.is_empty() || !leftovers.is_empty();
        if is_anything && !self.yes {
            ui.hint(if self.older_than.is_none() && self.is_bare() {
                "--older-than 90d --yes removes them"
            } else {
                "--yes removes them"
            });
        }
        Ok(())
    }

    fn object(&self, done: &Done) -> Value {
        let sessions = done.going.iter().enumerate().map(|(number, choice)| {
            let mut object = entry(choice);
            object["removed"] = (self.yes && done.failure(number).is_none()).into();
            object["error"] = done.failure(number).map(Error::to_string).into();
            object
        });
        let held = done.held.iter().map(|choice| {
            let mut object = entry(choice);
            object["held"] = choice.removal.held.map(word).into();
            object["pid"] = match choice.removal.held {
                Some(Held::Open(pid)) if pid > 0 => pid.into(),
                _ => Value::Null,
            };
            object
        });
        let leftovers = done.leftovers.iter().map(|(leftover, is_removed)| {
            json!({ "path": leftover.path.to_string_lossy(), "size_bytes": leftover.size, "removed": is_removed })
        });
        json!({
            "removed": self.yes,
            "sessions": sessions.collect::<Vec<_>>(),
            "held": held.collect::<Vec<_>>(),
            "leftovers": leftovers.collect::<Vec<_>>(),
        })
    }
}

impl Done {
    fn failure(&self, number: usize) -> Option<&Error> {
        self.failures.get(number).and_then(Option::as_ref)
    }
}

fn entry(Choice { removal, summary }: &Choice) -> Value {
    json!({
        "id": removal.session.id(),
        "title": summary.meta.as_ref().ok().and_then(|meta| meta.title.clone()),
        "last_activity": removal.active.map(|time| time.to_string()),
        "age_seconds": removal.active.map(seconds_since),
        "size_bytes": removal.size,
        "has_capture": summary.patch.is_some(),
    })
}

fn word(held: Held) -> &'static str {
    match held {
        Held::Open(_) => "open",
        Held::Running => "running",
        Held::Unapplied => "unapplied",
        Held::Unreadable => "unreadable",
        Held::Foreign => "foreign",
    }
}

fn line(Choice { removal, summary }: &Choice, widest: usize) -> String {
    let (id, age) = (one_line(removal.session.id()), age_text(removal.active));
    format!("{id:<widest$}  {age:>5}  {:>10}  {}", size_text(removal.size), summary.title())
}
