//! The session store: what Glue wrote in its years, crashes at bad moments, several processes at once, moved homes.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use git_glue::session::{Capture, Damage, Error, Latest, Meta, Mismatch, Session, Sidecar, Source, Store, new_id};

/// A store of its own, with shorthands to fill it row by row.
struct Home {
    _dir: tempfile::TempDir,
    path: PathBuf,
    store: Store,
}

impl Home {
    fn new() -> Home {
        Home::under(&std::env::temp_dir())
    }

    fn under(above: &Path) -> Home {
        let dir = tempfile::tempdir_in(above).unwrap();
        let path = dir.path().join("glue home");
        Home { store: Store::at(&path), path, _dir: dir }
    }

    /// A session's directory with this meta.json, as somebody else wrote it.
    fn session(&self, id: &str, meta: &str) -> Session {
        let dir = self.store.sessions().join(id);
        fs::create_dir_all(&dir).unwrap();
        if !meta.is_empty() {
            fs::write(dir.join("meta.json"), meta).unwrap();
        }
        Session::at(dir)
    }

    fn newest(&self) -> Vec<String> {
        self.store.newest().unwrap().map(|session| session.id().to_owned()).collect()
    }

    fn resolve(&self, spec: &str) -> Result<String, Error> {
        match self.store.resolve(OsStr::new(spec), Latest::Session)? {
            Source::Session(session) => Ok(session.id().to_owned()),
            Source::Path(path) => Ok(format!("path {}", path.display())),
            Source::Stdin => Ok("stdin".into()),
        }
    }
}

fn save(session: &Session, content: &str, truncated: bool) -> PathBuf {
    let mut mbox = session.temp_file().unwrap();
    mbox.write_all(content.as_bytes()).unwrap();
    let sidecar = Sidecar { format: "format-patch".into(), truncated, ..Sidecar::default() };
    session.save_capture(mbox, &sidecar).unwrap()
}

fn content(session: &Session) -> Result<String, Error> {
    let capture = Capture::open(Source::Session(session.clone()))?;
    Ok(std::io::read_to_string(capture.file).unwrap())
}

fn names(session: &Session) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(session.dir()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_session_is_private_and_glue_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let session = home.store.create(&Meta::new(new_id(), "/work")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.store.sessions()), 0o700);
    assert_eq!(mode(session.dir()), 0o700);
    assert_eq!(mode(&session.path("meta.json")), 0o600);
    let text = fs::read_to_string(session.path("meta.json")).unwrap();
    assert!(text.starts_with("{\n  \"schema_version\": 5,\n  \"id\": \""), "{text}");
    assert!(text.ends_with("\n}"), "{text}");
    assert!(matches!(home.store.create(&session.meta().unwrap()), Err(Error::Exists { .. })));
}

#[test]
fn every_version_of_meta_is_read() {
    let home = Home::new();
    let v1 = r#"{"id":"1772150400000-1","cwd":"/a","model":"m","provider":"p","start_time":"2026-02-27T00:00:00.000","title":"one"}"#;
    let v2 = r#"{"schema_version":2,"id":"x","cwd":"/a","model":"m","provider":"p","start_time":"2026-02-28T00:00:00.000Z","cost":0.25,"tags":["t"]}"#;
    let v3 = r#"{"schema_version":3,"id":"x","cwd":"/a","model_ref":"p/m","start_time":"2026-05-19T10:24:00.000Z","runtime_id":"daytona","title":"three"}"#;
    let v4 = r#"{"schema_version":4,"id":"x","cwd":"/a","model_ref":"p/m","start_time":"2026-08-11T00:00:00.000000Z","show_thoughts":true}"#;
    let v5 = r#"{"schema_version":5,"id":"x","glue_version":"0.9.0","transcript_schema_version":1,"cwd":"/a","model_ref":"p/m","start_time":"2026-08-12T00:00:00.000Z","termination_status":"failed","end_time":"2026-08-12T01:00:00.000Z"}"#;
    for (version, json) in [(1, v1), (2, v2), (3, v3), (4, v4), (5, v5)] {
        let meta = home.session(&format!("v{version}"), json).meta().unwrap();
        assert_eq!((meta.version(), meta.model().as_str(), &meta.problems[..]), (version, "p/m", &[][..]));
        assert!(meta.started().is_some());
    }
    assert_eq!(home.newest(), ["v5", "v4", "v3", "v2", "v1"]);
}

#[test]
fn damage_is_said_and_never_hidden() {
    let home = Home::new();
    let damage = |id: &str, meta: &str| home.session(id, meta).meta().unwrap_err();
    assert_eq!(damage("none", ""), Damage::Missing);
    assert!(matches!(damage("torn", r#"{"id":"x","#), Damage::Malformed(_)));
    assert!(matches!(damage("list", "[]"), Damage::Malformed(_)));
    let odd = home.session("odd", r#"{"id":["no"],"cwd":3}"#).meta().unwrap();
    assert_eq!(odd.problems.len(), 2);
    let dir = home.session("dir", "");
    fs::create_dir(dir.path("meta.json")).unwrap();
    assert!(matches!(dir.meta(), Err(Damage::Unreadable(_))));
    assert_eq!(home.newest().len(), 5);
}

#[test]
fn a_newer_meta_is_read_but_never_rewritten() {
    let home = Home::new();
    let json = r#"{"schema_version":6,"id":"s","title":"t","new":{"deep":1}}"#;
    let session = home.session("s", json);
    assert_eq!(session.meta().unwrap().title.as_deref(), Some("t"));
    let refused = session.update_meta(|meta| meta.title = None);
    assert!(matches!(refused, Err(Error::NewerMeta { version: 6, .. })));
    assert_eq!(fs::read_to_string(session.path("meta.json")).unwrap(), json);
}

#[test]
fn what_is_not_understood_survives_a_change() {
    let home = Home::new();
    let session = home.session("s", r#"{"schema_version":3,"id":"s","title":5,"later":[1,{"a":null}]}"#);
    session.update_meta(|meta| meta.cwd = "/new".into()).unwrap();
    let map = session.meta().unwrap().to_map();
    assert_eq!(map["later"][1]["a"], serde_json::Value::Null);
    assert_eq!((&map["title"], &map["schema_version"]), (&5.into(), &3.into()));
}

#[test]
fn names_without_a_time_sort_by_their_start_and_are_read_only_when_it_could_be_their_turn() {
    let home = Home::new();
    let start = |time: &str| format!(r#"{{"id":"x","start_time":"{time}"}}"#);
    home.session("1782000000000-7-a", ""); // 2026-06-21
    home.session("1772000000000-7", ""); // 2026-02-25
    home.session("0k3f9a2m1xq7", &start("2026-02-28T00:00:00Z"));
    home.session("imported", &start("2026-07-01T00:00:00Z"));
    let old = home.session("ancient", &start("2020-01-01T00:00:00Z"));
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    fs::File::open(old.dir()).unwrap().set_modified(long_ago).unwrap();
    let order = ["imported", "1782000000000-7-a", "0k3f9a2m1xq7", "1772000000000-7", "ancient"];
    assert_eq!(home.newest(), order);
    let mut newest = home.store.newest().unwrap();
    assert_eq!(newest.by_ref().take(4).count(), 4);
    assert_eq!(newest.read_for_order(), 2);
}

#[test]
fn twenty_of_a_hundred_thousand_sessions_cost_one_listing() {
    // In memory where there is such a place: it is not the disk that is tested.
    let memory = Some(Path::new("/dev/shm")).filter(|path| path.is_dir());
    let home = memory.map_or_else(Home::new, Home::under);
    let sessions = home.store.sessions();
    fs::create_dir_all(&sessions).unwrap();
    for n in 0..100_000u64 {
        fs::create_dir(sessions.join(format!("{}-1-z", 1_700_000_000_000 + n * 1000))).unwrap();
    }
    let mut newest = home.store.newest().unwrap();
    let first: Vec<_> = newest.by_ref().take(20).map(|session| session.id().to_owned()).collect();
    assert_eq!(first[0], "1700099999000-1-z");
    assert_eq!(first[19], "1700099980000-1-z");
    assert_eq!(newest.read_for_order(), 0);
}

#[test]
fn an_id_is_found_by_what_people_type() {
    let home = Home::new();
    home.session("1782000000000-7-aa", "{}");
    home.session("1782000000000-8-bb", "{}");
    let with_capture = home.session("1772000000000-7", "{}");
    save(&with_capture, "patch", false);
    assert_eq!(home.resolve("1772").unwrap(), "1772000000000-7");
    assert_eq!(home.resolve("1782000000000-7-aa").unwrap(), "1782000000000-7-aa");
    assert_eq!(home.resolve("latest").unwrap(), "1782000000000-8-bb");
    assert_eq!(home.resolve("-").unwrap(), "stdin");
    assert_eq!(home.resolve(with_capture.dir().to_str().unwrap()).unwrap(), "1772000000000-7");
    let mbox = with_capture.path("runtime.mbox").display().to_string();
    assert_eq!(home.resolve(&mbox).unwrap(), format!("path {mbox}"));
    let latest = home.store.resolve(OsStr::new("latest"), Latest::WithCapture).unwrap();
    assert_eq!(latest, Source::Session(with_capture));
}

#[test]
fn what_is_not_found_says_what_was_meant() {
    let home = Home::new();
    assert!(matches!(home.resolve("latest"), Err(Error::NothingYet { .. })));
    home.session("1782000000000-7-aa", "{}");
    home.session("1782000000000-8-bb", "{}");
    let ambiguous = home.resolve("1782").unwrap_err();
    assert_eq!(ambiguous.to_string(), "`1782` is ambiguous: 1782000000000-8-bb, 1782000000000-7-aa");
    let missing = home.resolve("1782000000000-7-ab").unwrap_err();
    assert_eq!(missing.hint().unwrap(), "did you mean 1782000000000-7-aa or 1782000000000-8-bb?");
    assert_eq!(home.resolve("nonsense").unwrap_err().hint().unwrap(), "git glue-list shows all sessions");
    assert_eq!(home.resolve("./nope.mbox").unwrap_err().to_string(), "./nope.mbox does not exist");
    assert_eq!(home.resolve("nope.mbox").unwrap_err().to_string(), "nope.mbox does not exist");
    assert_eq!(home.resolve("latst").unwrap_err().hint().unwrap(), "did you mean latest?");
    assert!(matches!(home.resolve("/"), Err(Error::NotFound { .. })));
    assert!(matches!(home.resolve(""), Err(Error::NotFound { .. })));
}

#[test]
fn a_capture_is_saved_whole_with_its_sidecar() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "first", false);
    save(&session, "second", false);
    assert_eq!(names(&session), ["meta.json", "runtime.mbox", "runtime.mbox.meta.json"]);
    let mut capture = Capture::open(Source::Session(session.clone())).unwrap();
    let sidecar = capture.sidecar.clone().unwrap();
    assert_eq!((sidecar.size_bytes, capture.size, capture.id.as_str()), (6, 6, "s"));
    assert_eq!(sidecar.sha256.unwrap(), capture.sha256().unwrap());
    assert_eq!(content(&session).unwrap(), "second");
}

#[test]
fn a_crash_between_mbox_and_sidecar_costs_neither_capture() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "old", false);
    let (old_mbox, old_sidecar) = (b"old".to_vec(), fs::read(session.path("runtime.mbox.meta.json")).unwrap());
    save(&session, "new", false);
    let new_sidecar = fs::read(session.path("runtime.mbox.meta.json")).unwrap();
    let pending = session.path(".runtime.mbox.meta.json.pending");
    // The new sidecar is announced, the mbox still the old one.
    fs::write(session.path("runtime.mbox"), &old_mbox).unwrap();
    fs::write(session.path("runtime.mbox.meta.json"), &old_sidecar).unwrap();
    fs::write(&pending, &new_sidecar).unwrap();
    assert_eq!(content(&session).unwrap(), "old");
    // The mbox is the new one, its sidecar still only announced.
    fs::write(session.path("runtime.mbox"), "new").unwrap();
    assert_eq!(content(&session).unwrap(), "new");
    save(&session, "newer", false);
    assert_eq!(content(&session).unwrap(), "newer");
    assert!(!pending.exists());
}

#[test]
fn a_pair_that_does_not_belong_together_is_not_believed() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "content", false);
    fs::write(session.path("runtime.mbox"), "CONTENT").unwrap();
    let Err(Error::Corrupt { reason: Mismatch::Sha256 { .. }, .. }) = content(&session) else { panic!() };
    fs::write(session.path("runtime.mbox"), "content\n").unwrap();
    let message = content(&session).unwrap_err().to_string();
    assert!(message.ends_with("is corrupt: it has 8 bytes, its sidecar says 7"), "{message}");
}

#[test]
fn a_sidecar_that_cannot_be_read_is_a_warning() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "content", false);
    fs::write(session.path("runtime.mbox.meta.json"), "{").unwrap();
    let capture = Capture::open(Source::Session(session)).unwrap();
    assert_eq!((capture.sidecar, capture.problems.len()), (None, 1));
}

#[test]
fn an_empty_outcome_sets_the_older_capture_aside() {
    let home = Home::new();
    let session = home.session("s", r#"{"id":"s","runtime_patch_path":"/old/home/s/runtime.mbox"}"#);
    assert!(!session.set_aside_capture().unwrap());
    save(&session, "yesterday", false);
    assert!(session.set_aside_capture().unwrap());
    assert_eq!(names(&session), ["meta.json", "runtime.mbox.previous", "runtime.mbox.previous.meta.json"]);
    assert!(matches!(content(&session), Err(Error::NoCapture { set_aside: true, .. })));
    assert_eq!(session.meta().unwrap().runtime_patch_path, None);
    let previous = Capture::open(Source::Path(session.path("runtime.mbox.previous"))).unwrap();
    assert_eq!(previous.sidecar.unwrap().size_bytes, 9);
}

#[test]
fn an_unavailable_outcome_marks_the_older_capture() {
    let home = Home::new();
    let session = home.session("s", "{}");
    assert!(!session.mark_capture_older("gitFailed").unwrap());
    save(&session, "yesterday", false);
    assert!(session.mark_capture_older("gitFailed").unwrap());
    assert!(session.mark_capture_older("executorDead").unwrap());
    let capture = Capture::open(Source::Session(session.clone())).unwrap();
    assert!(capture.stale);
    assert_eq!(capture.sidecar.unwrap().older.unwrap().reason, "executorDead");
    save(&session, "today", false);
    assert!(!Capture::open(Source::Session(session)).unwrap().stale);
}

#[test]
fn whole_and_truncated_captures_replace_each_other() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "whole", false);
    save(&session, "trunc", true);
    assert!(session.path("runtime.mbox.previous.meta.json").exists());
    let capture = Capture::open(Source::Session(session.clone())).unwrap();
    assert!(capture.truncated);
    let refused = capture.whole().unwrap_err();
    assert!(matches!(refused, Error::Truncated { .. }), "{refused}");
    save(&session, "again", false);
    assert!(!session.path("runtime.mbox.truncated").exists());
    assert_eq!(content(&session).unwrap(), "again");
}

#[test]
fn glues_own_captures_open_without_believing_their_sizes() {
    let home = Home::new();
    let session = home.session("s", "{}");
    fs::write(session.path("runtime.mbox"), "From é").unwrap();
    let sidecar =
        r#"{"runtime_id":"modal","sandbox_id":null,"format":"format-patch","size_bytes":6,"truncated":false}"#;
    fs::write(session.path("runtime.mbox.meta.json"), sidecar).unwrap();
    let capture = Capture::open(Source::Session(session.clone())).unwrap();
    assert_eq!((capture.size, capture.sidecar.unwrap().runtime_id.as_str()), (7, "modal"));
    // A later one went over the cap; Glue leaves the first in place.
    fs::write(session.path("runtime.mbox.truncated"), "x\n<<< truncated: original was 9 bytes, cap is 2 >>>\n")
        .unwrap();
    fs::write(session.path("runtime.mbox.meta.json"), sidecar.replace("false", "true")).unwrap();
    assert!(Capture::open(Source::Session(session)).unwrap().truncated);
}

#[test]
fn glues_first_captures_are_found_too() {
    let home = Home::new();
    let session = home.session("s", "{}");
    fs::write(session.path("runtime.patch"), "diff").unwrap();
    fs::write(session.path("runtime.patch.meta.json"), r#"{"runtime_id":"sprites"}"#).unwrap();
    let capture = Capture::open(Source::Session(session)).unwrap();
    assert_eq!(capture.sidecar.unwrap().runtime_id, "sprites");
}

#[test]
fn a_home_that_moved_is_no_trouble() {
    let home = Home::new();
    let meta = r#"{"id":"s","runtime_patch_path":"/nowhere/sessions/s/runtime.mbox"}"#;
    let session = home.session("s", meta);
    assert!(matches!(content(&session), Err(Error::NoCapture { set_aside: false, .. })));
    save(&session, "here", false);
    let moved = home.path.with_file_name("moved");
    fs::rename(&home.path, &moved).unwrap();
    assert_eq!(content(&Store::at(moved).session("s").unwrap()).unwrap(), "here");
    // A copied directory is known by its name, and says that it was another once.
    let copy = home.session("copy", meta);
    assert!(copy.is_renamed(&copy.meta().unwrap()));
}

#[test]
fn a_recorded_path_helps_only_when_the_directory_has_nothing() {
    let home = Home::new();
    let elsewhere = home.session("elsewhere", "{}");
    save(&elsewhere, "there", false);
    let path = elsewhere.path("runtime.mbox");
    let session = home.session("s", &format!(r#"{{"id":"s","runtime_patch_path":"{}"}}"#, path.display()));
    assert_eq!(content(&session).unwrap(), "there");
    save(&session, "here", false);
    assert_eq!(content(&session).unwrap(), "here");
}

#[test]
fn a_lone_file_takes_the_sidecar_beside_it() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "content", false);
    let copy = home.path.join("agent-work.mbox");
    fs::copy(session.path("runtime.mbox"), &copy).unwrap();
    assert_eq!(Capture::open(Source::Path(copy.clone())).unwrap().id, "agent-work");
    fs::copy(session.path("runtime.mbox.meta.json"), home.path.join("agent-work.mbox.meta.json")).unwrap();
    assert_eq!(Capture::open(Source::Path(copy.clone())).unwrap().sidecar.unwrap().size_bytes, 7);
    fs::write(&copy, "CONTENT").unwrap();
    assert!(matches!(Capture::open(Source::Path(copy)), Err(Error::Corrupt { .. })));
    let inside = Capture::open(Source::Path(session.path("runtime.mbox"))).unwrap();
    assert_eq!((inside.id.as_str(), inside.session), ("s", Some(session)));
}

#[test]
fn an_empty_pipe_is_no_empty_capture() {
    let empty = Capture::spool(&b""[..], "standard input").unwrap_err();
    assert!(matches!(&empty, Error::NothingArrived { .. }), "{empty}");
    let capture = Capture::spool(&b"some patch"[..], "standard input").unwrap();
    assert_eq!(capture.id.len(), 12);
    assert_eq!(std::io::read_to_string(capture.file).unwrap(), "some patch");
}

#[test]
fn a_lock_of_the_living_is_respected_and_one_of_the_dead_taken_over() {
    let home = Home::new();
    let session = home.session("s", "{}");
    let lock = session.path(".lock");
    let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    fs::write(&lock, format!("{}\n", sleeper.id())).unwrap();
    let refused = session.lock().unwrap_err();
    assert!(matches!(refused, Error::Locked { pid, .. } if pid == sleeper.id()), "{refused}");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    let held = session.lock().unwrap();
    assert_eq!(fs::read_to_string(&lock).unwrap(), format!("{}\n", std::process::id()));
    drop(session.lock().unwrap()); // re-entrant: does not give back what it did not take
    assert!(lock.exists());
    drop(held);
    assert!(!lock.exists());
}

#[test]
fn a_lock_that_somebody_took_over_is_not_removed() {
    let home = Home::new();
    let session = home.session("s", "{}");
    let held = session.lock().unwrap();
    fs::write(session.path(".lock"), "1\n").unwrap();
    drop(held);
    assert_eq!(fs::read_to_string(session.path(".lock")).unwrap(), "1\n");
    // Half written by Glue, a moment ago, or left in pieces long ago.
    fs::write(session.path(".lock"), "").unwrap();
    assert!(session.lock().is_err());
    let then = SystemTime::now() - Duration::from_secs(60);
    fs::File::options().write(true).open(session.path(".lock")).unwrap().set_modified(then).unwrap();
    assert!(session.lock().is_ok());
}

#[test]
fn captures_at_the_same_time_never_leave_a_mixed_pair() {
    let home = Home::new();
    let session = home.session("s", "{}");
    save(&session, "start", false);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let session = &session;
            scope.spawn(move || {
                for n in 0..10 {
                    save(session, &format!("{writer}").repeat(n + 1), n % 5 == 4);
                }
            });
        }
        for _ in 0..200 {
            content(&session).unwrap();
        }
    });
    content(&session).unwrap();
    assert!(!names(&session).iter().any(|name| name.starts_with('.')), "{:?}", names(&session));
}

#[test]
fn what_a_crash_left_is_swept_and_never_taken_for_data() {
    let home = Home::new();
    let session = home.session("s", "{}");
    let (old, fresh) = (session.path(".glue-abc.tmp"), session.path(".glue-def.tmp"));
    fs::write(&fresh, "being written").unwrap();
    fs::File::create(&old).unwrap().set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    assert!(matches!(content(&session), Err(Error::NoCapture { .. })));
    save(&session, "x", false);
    assert!(!old.exists() && fresh.exists());
}

#[test]
fn the_open_session_of_a_work_tree_is_found() {
    let home = Home::new();
    let work = home.path.join("work");
    fs::create_dir_all(&work).unwrap();
    let meta = |end: &str| format!(r#"{{"id":"x","cwd":"{}"{end}}}"#, work.display());
    home.session("1782000000000-1-a", &meta(""));
    home.session("1783000000000-1-b", &meta(""));
    home.session("1784000000000-1-c", &meta(r#","end_time":"2026-08-12T01:00:00Z""#));
    home.session("1785000000000-1-d", r#"{"id":"x","cwd":"/elsewhere"}"#);
    assert_eq!(home.store.open_session_for(&work).unwrap().id(), "1783000000000-1-b");
    assert_eq!(home.store.open_session_for(&home.path), None);
}
