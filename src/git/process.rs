//! Processes: whether another one is alive, and what a signal to this one means.
//!
//! From the first private git directory on, SIGINT, SIGTERM and SIGHUP do not end the program at once: the next git
//! command is refused with [`Error::Interrupted`], and on the way out everything temporary and every lock is taken away as
//! after any other error. While something must be finished or not be begun ([`Undisturbed`]) they wait.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Error;

/// The number of the signal that came; 0 for none.
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// How many parts of the program must not be disturbed just now.
static UNDISTURBED: AtomicUsize = AtomicUsize::new(0);

/// While it lives, a signal waits, and Ctrl-C does not reach the gits that are started.
#[derive(Debug)]
pub struct Undisturbed(());

impl Undisturbed {
    /// From here on.
    pub fn begin() -> Undisturbed {
        UNDISTURBED.fetch_add(1, Ordering::SeqCst);
        Undisturbed(())
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        UNDISTURBED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The signal by which this program was asked to end, if it was.
pub fn signal() -> Option<i32> {
    let number = SIGNAL.get()?.load(Ordering::SeqCst);
    i32::try_from(number).ok().filter(|number| *number != 0)
}

/// From now on a signal is noted and not obeyed at once.
pub fn catch_signals() {
    SIGNAL.get_or_init(|| {
        let caught = Arc::new(AtomicUsize::new(0));
        for signal in ENDING {
            // Where a handler cannot be set, the signal ends the program as it always does.
            if let Ok(number) = usize::try_from(signal) {
                let _ = signal_hook::flag::register_usize(signal, caught.clone(), number);
            }
        }
        caught
    });
}

/// Whether a further git may be started.
pub(super) fn may_go_on() -> Result<(), Error> {
    match signal() {
        Some(_) if !is_undisturbed() => Err(Error::Interrupted),
        _ => Ok(()),
    }
}

/// Whether Ctrl-C must not reach the gits.
pub(super) fn is_undisturbed() -> bool {
    UNDISTURBED.load(Ordering::SeqCst) > 0
}

#[cfg(unix)]
const ENDING: [i32; 3] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];

#[cfg(not(unix))]
const ENDING: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// Whether a process of this number runs.
#[cfg(unix)]
pub fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Whether a process of this number runs; not known here, so it is taken to.
#[cfg(not(unix))]
pub fn is_alive(_pid: u32) -> bool {
    true
}
