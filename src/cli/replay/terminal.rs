//! The player's terminal: taken, given back whatever happens, and in between events in and cells out.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, DisableMouseCapture, EnableMouseCapture, Event, MouseEventKind};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};
use ratatui::layout::{Position, Rect};
use signal_hook::low_level::emulate_default_handler;

use super::Replay;
use crate::cli::{Exit, Failure};
use crate::replay::terminal::{Options, Player, Wish};

/// What changes by itself is not drawn more often.
const FRAME: Duration = Duration::from_millis(50);
#[cfg(unix)]
const ENDING: [i32; 3] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];

/// Plays on the terminal until the person quits.
pub(super) fn play(replay: Replay, options: Options) -> Result<Exit, Failure> {
    let mut player = Player::new(replay.conversation, &replay.meta, options);
    let caught = Arc::new(AtomicI32::new(0));
    watch(caught.clone()).map_err(|error| failed(&error))?;
    let mut screen = Screen::enter().map_err(|error| failed(&error))?;
    let result = screen.run(&mut player, &caught);
    drop(screen);
    match caught.load(Ordering::Relaxed) {
        // Whoever waits for us sees what ended us.
        signal if signal != 0 => {
            let _ = emulate_default_handler(signal);
            Ok(Exit::Failed)
        }
        _ => result.map(|()| Exit::Done).map_err(|error| failed(&error)),
    }
}

/// Notes a signal that ends us, for the loop to see. If it does not, because it reads from a terminal that is gone, the
/// signal does what it does to others.
#[cfg(unix)]
fn watch(caught: Arc<AtomicI32>) -> io::Result<()> {
    const GRACE: Duration = Duration::from_secs(1);
    let mut signals = signal_hook::iterator::Signals::new(ENDING)?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            caught.store(signal, Ordering::Relaxed);
            std::thread::sleep(GRACE);
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// Elsewhere what ends us comes as a key.
#[cfg(not(unix))]
fn watch(_caught: Arc<AtomicI32>) -> io::Result<()> {
    Ok(())
}

/// What keys come from, as the library for terminals chooses it.
#[cfg(unix)]
struct Keys(Option<std::fs::File>);

#[cfg(unix)]
impl Keys {
    fn open() -> io::Result<Keys> {
        let is_here = io::IsTerminal::is_terminal(&io::stdin());
        Ok(Keys(if is_here { None } else { Some(std::fs::File::open("/dev/tty")?) }))
    }

    /// Waits until there may be something to read. False when the terminal is gone: who reads from it then reads for ever.
    fn wait(&self, wait: Duration) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let stdin = io::stdin();
        let mut keys = [match &self.0 {
            Some(terminal) => PollFd::new(terminal, PollFlags::IN),
            None => PollFd::new(&stdin, PollFlags::IN),
        }];
        // A signal ends the wait early, which is what the change of the window's size needs.
        let _ = poll(&mut keys, Timespec::try_from(wait).ok().as_ref());
        !keys[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, "terminal", format!("cannot use the terminal: {error}"))
        .hint("`--plain` prints the steps as text and needs no terminal")
}

/// The terminal while it is ours.
struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    fn enter() -> io::Result<Screen> {
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(64 << 10, io::stdout())))?;
        let mut screen = Screen { terminal };
        screen.take()?;
        Ok(screen)
    }

    fn take(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        execute!(self.terminal.backend_mut(), EnterAlternateScreen, EnableMouseCapture, cursor::Hide)?;
        self.forget()
    }

    /// What is on the screen is not what was drawn. ([`Terminal::clear`] would ask the terminal where its cursor is, and
    /// wait for an answer that some never give.)
    fn forget(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Gives the terminal back as it was. What fails is left: there is nobody to tell.
    fn give_back(&mut self) {
        let _ = execute!(self.terminal.backend_mut(), DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }

    fn run(&mut self, player: &mut Player, caught: &AtomicI32) -> io::Result<()> {
        #[cfg(unix)]
        let keys = Keys::open()?;
        let mut drawn: Option<Instant> = None;
        let (mut is_stale, mut is_urgent) = (true, true);
        while caught.load(Ordering::Relaxed) == 0 {
            let tick = player.tick(Instant::now());
            is_stale |= tick.is_changed;
            if is_stale && (is_urgent || drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME)) {
                self.terminal.draw(|frame| player.draw(frame))?;
                (drawn, is_stale, is_urgent) = (Some(Instant::now()), false, false);
            }
            let mut wait = if is_stale { tick.wait.min(FRAME) } else { tick.wait };
            #[cfg(unix)]
            {
                if !keys.wait(wait) {
                    return Ok(());
                }
                wait = Duration::ZERO;
            }
            // Keys that came in the meantime are all taken before the next picture.
            while event::poll(wait)? {
                wait = Duration::ZERO;
                let event = event::read()?;
                if matches!(event, Event::Mouse(mouse) if mouse.kind == MouseEventKind::Moved) {
                    continue;
                }
                (is_stale, is_urgent) = (true, true);
                match event {
                    Event::Key(key) => player.key(key),
                    Event::Mouse(mouse) => player.mouse(mouse),
                    _ => {}
                }
                for wish in player.wishes() {
                    if wish == Wish::Quit {
                        return Ok(());
                    }
                    self.grant(wish)?;
                }
            }
        }
        Ok(())
    }

    fn grant(&mut self, wish: Wish) -> io::Result<()> {
        match wish {
            Wish::Quit => Ok(()),
            Wish::Redraw => self.forget(),
            Wish::Suspend => self.suspend(),
            Wish::Copy(text) => {
                // OSC 52: terminals that do not know it, or do not allow it, pass over it.
                let text = base64::engine::general_purpose::STANDARD.encode(text);
                let out = self.terminal.backend_mut();
                write!(out, "\x1b]52;c;{text}\x07")?;
                Write::flush(out)
            }
        }
    }

    #[cfg(unix)]
    fn suspend(&mut self) -> io::Result<()> {
        self.give_back();
        // All of the job, as the key would do: a git that started us waits for us, and must not keep the terminal.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        self.take()
    }

    #[cfg(not(unix))]
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}
