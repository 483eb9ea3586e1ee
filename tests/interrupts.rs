//! Ctrl-C and kill: nothing temporary stays, no lock stays, and what was begun is finished or not begun.

use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use crate::trip::{STATUS, Trip, snapshot, unchanged};

/// A capture of many commits, so that there is time to interrupt it.
fn long_work() -> Trip {
    let trip = Trip::new();
    for number in 0..60 {
        trip.away.write("a.txt", format!("{number}\n"));
        trip.away.commit(format!("Commit {number}\n"));
    }
    trip.capture();
    trip
}

fn kill(child: &mut Child, signal: &str, after: u64) -> Option<i32> {
    sleep(Duration::from_millis(after));
    let done = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(done.is_ok());
    child.wait().expect("it ends").code()
}

#[test]
fn an_apply_that_is_interrupted_leaves_everything_as_it_was_or_is_done() {
    let trip = long_work();
    let mut ended_early = 0;
    for (signal, after) in [("-INT", 100), ("-TERM", 250), ("-HUP", 400), ("-INT", 700), ("-TERM", 1200)] {
        let before = snapshot(trip.home.dir());
        let mut child = trip.home.command("git-glue-apply").args(["--quiet", "s1"]).spawn().expect("it starts");
        if kill(&mut child, signal, after).is_none() {
            ended_early += 1;
            unchanged(&before, &snapshot(trip.home.dir()));
        } else {
            assert_eq!(trip.home.git(STATUS), "");
            trip.home.git(&["glue-apply", "--undo", "s1"]);
        }
    }
    assert!(ended_early > 0, "no signal came in time");
}
