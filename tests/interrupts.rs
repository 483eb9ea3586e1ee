//! Ctrl-C and kill: nothing temporary stays, no lock stays, and what was begun is finished or not begun.

use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::trip::{STATUS, Trip, snapshot, unchanged};

/// A capture of many commits, so that there is time to interrupt it.
fn long_work() -> Trip {
    let trip = Trip::new();
    for number in 0..120 {
        trip.away.write("a.txt", format!("{number}\n"));
        trip.away.commit(format!("Commit {number}\n"));
    }
    trip.capture();
    trip
}

fn kill(child: &mut Child, signal: &str, after: Duration) -> Option<i32> {
    sleep(after);
    let done = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(done.is_ok());
    child.wait().expect("it ends").code()
}

#[test]
fn an_apply_that_is_interrupted_leaves_everything_as_it_was_or_is_done() {
    let trip = long_work();
    let apply = || trip.home.command("git-glue-apply").args(["--quiet", "s1"]).spawn().expect("it starts");
    let undo = || trip.home.git(&["glue-apply", "--undo", "s1"]);
    let started = Instant::now();
    assert!(apply().wait().expect("it ends").success());
    let whole = started.elapsed();
    undo();
    let mut ended_early = 0;
    for (signal, hundredths) in [("-INT", 5), ("-TERM", 20), ("-HUP", 40), ("-INT", 60), ("-TERM", 75), ("-HUP", 90)] {
        let before = snapshot(trip.home.dir());
        if kill(&mut apply(), signal, whole * hundredths / 100).is_none() {
            ended_early += 1;
            unchanged(&before, &snapshot(trip.home.dir()));
        } else {
            assert_eq!(trip.home.git(STATUS), "");
            undo();
        }
    }
    assert!(ended_early > 0, "no signal came in time");
}
