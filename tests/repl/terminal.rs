//! wscope in a pty, and the screen that a person would see. Owns the process, its home folder and the waiting, which
//! is always for something on the screen or for the end, never for time to pass; it judges nothing.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Callbacks, Color, Parser, Screen};

use crate::support::wscope;

/// Nothing that is waited for takes longer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The prompts, without the blanks at their ends.
pub const OPEN: &str = "         >";
pub const CLOSED: &str = "  closed >";
pub const DOWN: &str = " down 1s >";

/// Large enough that nothing which a test looks for scrolls away or is broken.
const ROWS: u16 = 60;
const COLUMNS: u16 = 100;

/// The file in the home folder that has the terminal's modes after the end.
const MODES: &str = "modes";

/// The columns of a prompt.
const PROMPT: usize = 11;

/// A home folder of one test; gone at its end.
pub struct Home {
    pub path: PathBuf,
}

impl Home {
    pub fn new() -> Arc<Home> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("wscope-repl-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Arc::new(Home { path })
    }

    /// Puts a file there; the program's working folder is this one.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path.join(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// What was asked of the terminal beside showing text.
#[derive(Default)]
struct Heard {
    orders: Vec<String>,
}

impl Heard {
    fn note(&mut self, what: &str, bytes: &[u8]) {
        self.orders.push(format!("{what}: {}", String::from_utf8_lossy(bytes)));
    }
}

impl Callbacks for Heard {
    fn resize(&mut self, _: &mut Screen, request: (u16, u16)) {
        self.note("size", format!("{request:?}").as_bytes());
    }

    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.note("icon", name);
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.note("title", title);
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.note("clipboard", data);
    }

    fn unhandled_osc(&mut self, _: &mut Screen, params: &[&[u8]]) {
        self.note("OSC", &params.concat());
    }
}

struct State {
    parser: Parser<Heard>,
    /// The program has ended.
    is_over: bool,
}

#[derive(Clone)]
struct Shared {
    state: Arc<(Mutex<State>, Condvar)>,
}

/// The screen at a moment.
pub struct View {
    /// Without blanks at their ends.
    pub rows: Vec<String>,
    /// Of the cursor.
    pub row: usize,
    pub column: usize,
    /// A line is being read: keys are not echoed by the system.
    pub is_reading: bool,
}

impl View {
    fn of(screen: &Screen) -> View {
        let (row, column) = screen.cursor_position();
        let (_, columns) = screen.size();
        let rows = screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        View { rows, row: row.into(), column: column.into(), is_reading: screen.bracketed_paste() }
    }

    /// Does any row have this?
    pub fn has(&self, part: &str) -> bool {
        self.count(part) > 0
    }

    /// How many rows have this.
    pub fn count(&self, part: &str) -> usize {
        self.rows.iter().filter(|row| row.contains(part)).count()
    }

    /// Is there a row of a stamp, this mark, and exactly this text?
    pub fn has_marked(&self, mark: char, text: &str) -> bool {
        self.rows.iter().any(|row| marked(row) == Some((mark, text)))
    }

    /// The row of the cursor.
    fn line(&self) -> &str {
        self.rows.get(self.row).map_or("", String::as_str)
    }

    /// The prompt, and what stands behind it; a hint too.
    fn typed(&self) -> Option<(&str, &str)> {
        let line = self.line();
        let at = line.char_indices().nth(PROMPT - 1).map_or(line.len(), |(at, _)| at);
        let (prompt, text) = line.split_at(at);
        let is_there = self.is_reading && prompt.ends_with('>');
        is_there.then(|| (prompt, text.strip_prefix(' ').unwrap_or(text)))
    }

    /// Does the cursor stand behind this prompt and exactly this text?
    pub fn is_typed(&self, prompt: &str, text: &str) -> bool {
        self.typed() == Some((prompt, text)) && self.column == PROMPT + text.len()
    }

    /// The same with any prompt, and maybe a hint behind.
    fn is_begun(&self, text: &str) -> bool {
        let typed = self.typed().is_some_and(|(_, typed)| typed.starts_with(text.trim_end()));
        typed && self.column == PROMPT + text.len()
    }

    pub fn text(&self) -> String {
        let end = self.rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        format!("{}\n[cursor at row {}, column {}]", self.rows[..end].join("\n"), self.row, self.column)
    }
}

/// The mark and the text of a row with a stamp.
fn marked(row: &str) -> Option<(char, &str)> {
    let (stamp, rest) = row.split_at_checked(8)?;
    stamp.trim_start().parse::<f64>().ok()?;
    let (mark, text) = rest.strip_prefix(' ')?.split_at_checked(1)?;
    Some((mark.chars().next()?, text.strip_prefix(' ')?))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Feeds the screen until the program's end of the pty is closed.
    fn feed(&self, mut pty: Box<dyn Read + Send>) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match pty.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => self.lock().parser.process(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            self.state.1.notify_all();
        }
        self.lock().is_over = true;
        self.state.1.notify_all();
    }

    /// Waits until it is so, or it cannot become so any more; the screen then.
    fn wait(&self, what: &str, is_so: impl Fn(&View, bool) -> bool) -> View {
        let end = Instant::now() + LIMIT;
        let mut state = self.lock();
        loop {
            let view = View::of(state.parser.screen());
            if is_so(&view, state.is_over) {
                return view;
            }
            let left = end.saturating_duration_since(Instant::now());
            if state.is_over || left.is_zero() {
                let why = if state.is_over { "the program has ended" } else { "the time is up" };
                drop(state);
                panic!("{what}: {why}; the screen is\n{}", view.text());
            }
            state = self.state.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// `wscope connect` at a terminal. It is ended when this goes.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    shared: Shared,
    is_waited_for: bool,
    pub home: Arc<Home>,
}

impl Terminal {
    /// Starts it with these arguments, in a home of its own.
    pub fn start(args: &[&str]) -> Terminal {
        Terminal::start_in(&Home::new(), args)
    }

    /// In this home.
    pub fn start_in(home: &Arc<Home>, args: &[&str]) -> Terminal {
        let pair = native_pty_system().openpty(size(ROWS, COLUMNS)).unwrap();
        let child = pair.slave.spawn_command(command(home, args)).unwrap();
        // While we hold it open, the end of the program would not be seen.
        drop(pair.slave);
        let (pty, keys) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let parser = Parser::new_with_callbacks(ROWS, COLUMNS, 0, Heard::default());
        let state = State { parser, is_over: false };
        let shared = Shared { state: Arc::new((Mutex::new(state), Condvar::new())) };
        let feeding = shared.clone();
        thread::spawn(move || feeding.feed(pty));
        Terminal { child, master: pair.master, keys, shared, is_waited_for: false, home: Arc::clone(home) }
    }

    /// Waits until the screen is so; the screen then.
    pub fn wait_for(&self, what: &str, is_so: impl Fn(&View) -> bool) -> View {
        self.shared.wait(what, |view, _| is_so(view))
    }

    /// Waits until this stands on the screen.
    pub fn shows(&self, part: &str) -> View {
        self.wait_for(&format!("{part:?} on the screen"), |view| view.has(part))
    }

    /// Waits for a row with a stamp, this mark, and this text.
    pub fn shows_marked(&self, mark: char, text: &str) -> View {
        self.wait_for(&format!("a row {mark} {text:?}"), |view| view.has_marked(mark, text))
    }

    /// Waits until a new line can be typed behind this prompt.
    pub fn prompts(&self, prompt: &str) -> View {
        self.wait_for(&format!("an empty line behind {prompt:?}"), |view| view.is_typed(prompt, ""))
    }

    /// Waits until this is the half-typed line behind this prompt, and the cursor at its end.
    pub fn half_typed(&self, prompt: &str, text: &str) -> View {
        self.wait_for(&format!("{text:?} behind {prompt:?}"), |view| view.is_typed(prompt, text))
    }

    /// Keys, as they are.
    pub fn type_text(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// A key together with Ctrl.
    pub fn press(&mut self, key: char) {
        let control = char::from(u8::try_from(key).unwrap() & 0x1f);
        self.type_text(&control.to_string());
    }

    /// Types a whole line at the next empty prompt, and waits until it was taken.
    pub fn line(&mut self, text: &str) {
        self.wait_for(&format!("a prompt for {text:?}"), |view| view.is_begun(""));
        self.type_text(text);
        self.wait_for(&format!("{text:?} on its line"), |view| view.is_begun(text));
        self.type_text("\r");
        self.shared.wait(&format!("the end of {text:?}"), |view, is_over| is_over || !view.is_begun(text));
    }

    /// Makes the window that wide.
    pub fn resize(&self, columns: u16) {
        self.shared.lock().parser.screen_mut().set_size(ROWS, columns);
        self.master.resize(size(ROWS, columns)).unwrap();
    }

    /// The screen as it is.
    pub fn view(&self) -> View {
        View::of(self.shared.lock().parser.screen())
    }

    /// Everything that was asked of the terminal beside showing text: titles, the clipboard, its size.
    pub fn orders(&self) -> Vec<String> {
        self.shared.lock().parser.callbacks().orders.clone()
    }

    /// How many places of the screen have a colour or another look.
    pub fn painted(&self) -> usize {
        let state = self.shared.lock();
        let screen = state.parser.screen();
        let (rows, columns) = screen.size();
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let cells = places.filter_map(|(row, column)| screen.cell(row, column));
        let is_painted = |cell: &&vt100::Cell| {
            let has_colour = cell.fgcolor() != Color::Default || cell.bgcolor() != Color::Default;
            has_colour || cell.bold() || cell.dim() || cell.italic() || cell.underline() || cell.inverse()
        };
        cells.filter(is_painted).count()
    }

    /// Waits for the end of the program, which leaves the terminal as it was: the exit code.
    pub fn exit_code(&mut self) -> u32 {
        let view = self.shared.wait("the end of the program", |_, is_over| is_over);
        let status = self.child.wait().unwrap();
        self.is_waited_for = true;
        assert_eq!(status.signal(), None, "{}", view.text());
        let modes = self.home.read(MODES);
        let is_on = |flag: &str| modes.split([' ', ';', '\n']).any(|word| word == flag);
        assert!(is_on("icanon") && is_on("isig") && is_on("echo"), "the terminal is not as it was: {modes}");
        assert!(!view.is_reading, "pasting is still marked\n{}", view.text());
        status.exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.is_waited_for {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn size(rows: u16, columns: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// Below a shell, as in life: the system puts a terminal back by itself when the first of its programs ends.
fn command(home: &Home, args: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new("sh");
    let run = format!("trap : INT; \"$0\" \"$@\"; code=$?; stty -a >{MODES}; exit $code");
    command.args(["-c", run.as_str(), env!("CARGO_BIN_EXE_wscope"), "connect"]);
    command.args(args);
    let plain = wscope();
    for (name, _) in plain.get_envs() {
        command.env_remove(name);
    }
    command.env_remove("VISUAL");
    command.env("TERM", "xterm-256color");
    // The test of `/edit` puts that file there.
    command.env("EDITOR", "sh editor.sh");
    for name in ["HOME", "XDG_DATA_HOME", "TMPDIR"] {
        command.env(name, &home.path);
    }
    command.cwd(&home.path);
    command
}
