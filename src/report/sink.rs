//! The only writer of stdout and stderr. Owns one thread and one bounded queue per stream, so that a reader that does
//! not read never stops the connection; it does not know what it writes, nor who may be held when it is full. What the
//! terminal at stdout is like is asked here too.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

/// The queue's bound in bytes, over which lossless writers hold.
pub const BOUND: usize = 1024 * 1024;

/// What one write to the stream takes at most, so that a slow reader frees the queue bit by bit.
const BLOCK: usize = 64 * 1024;

/// A larger buffer is given back to the system once it is written.
const SPARE_MAX: usize = 256 * 1024;

/// How long a stream is left alone that takes nothing just now and does not tell when it will.
const AGAIN: Duration = Duration::from_millis(10);

/// A handle on one stream; clones write to the same queue. The thread ends after the last handle is dropped and the
/// queue is written.
#[derive(Clone)]
pub struct Sink {
    to: To,
}

#[derive(Clone)]
enum To {
    Queue(Arc<Handle>),
    Memory(Arc<Mutex<Vec<u8>>>),
}

/// Closes the queue when the last clone goes.
struct Handle {
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// Tells the thread that there is work, or that there will be none.
    work: Condvar,
    /// Tells `flushed` that all is written, or that the stream is gone.
    settled: Notify,
}

/// What waits: bytes of our own, to which more may be added, or somebody else's, which are not copied.
enum Chunk {
    Own(Vec<u8>),
    Shared(Bytes),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Chunk::Own(bytes) => bytes,
            Chunk::Shared(bytes) => bytes,
        }
    }
}

#[derive(Default)]
struct State {
    waiting: Vec<Chunk>,
    /// An empty one that was written, to be filled anew.
    spare: Vec<u8>,
    /// Bytes in `waiting` and in the block that the thread is writing.
    pending: usize,
    wakers: Vec<Arc<Notify>>,
    gone: bool,
    /// Gone, and not because the reader went away.
    failed: bool,
    /// What waits is still written; nothing more is taken.
    closed: bool,
}

impl Sink {
    /// The standard output, past std's own buffer where the system allows: that one writes a block in two parts.
    pub fn stdout() -> Sink {
        let plain = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        match plain {
            Ok(file) => Sink::over("stdout", Box::new(file)),
            Err(_) => Sink::over("stdout", Box::new(io::stdout())),
        }
    }

    /// The standard error stream.
    pub fn stderr() -> Sink {
        Sink::over("stderr", Box::new(io::stderr()))
    }

    /// A file that was opened for writing.
    pub fn file(file: File) -> Sink {
        Sink::over("file", Box::new(file))
    }

    /// A sink for tests that keeps what is written.
    pub fn memory() -> (Sink, Arc<Mutex<Vec<u8>>>) {
        let kept = Arc::new(Mutex::new(Vec::new()));
        (Sink { to: To::Memory(Arc::clone(&kept)) }, kept)
    }

    /// A sink over any writer, which gets a thread of that name. Standard streams are given unlocked: the thread holds
    /// their lock for one write only, so that [`plain_error`] comes through.
    pub fn over(name: &str, writer: Box<dyn Write + Send>) -> Sink {
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || theirs.run(writer));
        if thread.is_err() {
            queue.lose(true);
        }
        Sink { to: To::Queue(Arc::new(Handle { queue })) }
    }

    /// Queues `text` and returns at once. A lossless writer asks [`Sink::is_full`] before; what it writes nevertheless
    /// is queued, so that a line is never cut. After the stream is gone nothing is kept.
    pub fn write(&self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    /// As [`Sink::write`], for what need not be text.
    pub fn write_bytes(&self, bytes: &[u8]) {
        match &self.to {
            To::Memory(kept) => lock(kept).extend_from_slice(bytes),
            To::Queue(handle) => handle.queue.add(bytes.len(), |state| state.append(bytes)),
        }
    }

    /// As [`Sink::write_bytes`], without copying; `bytes` is empty afterwards.
    pub fn take_bytes(&self, bytes: &mut Vec<u8>) {
        match &self.to {
            To::Memory(kept) => lock(kept).append(bytes),
            To::Queue(handle) => handle.queue.add(bytes.len(), |state| {
                let spare = std::mem::take(&mut state.spare);
                state.waiting.push(Chunk::Own(std::mem::replace(bytes, spare)));
            }),
        }
        bytes.clear();
    }

    /// As [`Sink::write_bytes`], without copying, for bytes that others may hold too.
    pub fn share_bytes(&self, bytes: Bytes) {
        match &self.to {
            To::Memory(kept) => lock(kept).extend_from_slice(&bytes),
            To::Queue(handle) => {
                handle.queue.add(bytes.len(), |state| state.waiting.push(Chunk::Shared(bytes)));
            }
        }
    }

    /// Takes nothing more, in no clone: what is queued is still written, then the stream is let go. From now on
    /// [`Sink::is_gone`] is true.
    pub fn end(&self) {
        if let To::Queue(handle) = &self.to {
            handle.queue.close();
        }
    }

    /// True while 1 MiB or more is not written yet.
    pub fn is_full(&self) -> bool {
        match &self.to {
            To::Memory(_) => false,
            To::Queue(handle) => lock(&handle.queue.state).pending >= BOUND,
        }
    }

    /// True after the stream's reader went away (EPIPE), after any other error of writing, and after [`Sink::end`].
    pub fn is_gone(&self) -> bool {
        match &self.to {
            To::Memory(_) => false,
            To::Queue(handle) => {
                let state = lock(&handle.queue.state);
                state.gone || state.closed
            }
        }
    }

    /// True after an error of writing that was not a reader's going away: something that was to be kept is lost.
    pub fn has_failed(&self) -> bool {
        match &self.to {
            To::Memory(_) => false,
            To::Queue(handle) => lock(&handle.queue.state).failed,
        }
    }

    /// `waker` is told each time the queue falls under half its bound, and when the stream is gone. An early or a
    /// second wake-up is possible: ask [`Sink::is_full`] again.
    pub fn on_drain(&self, waker: Arc<Notify>) {
        if let To::Queue(handle) = &self.to {
            lock(&handle.queue.state).wakers.push(waker);
        }
    }

    /// Ends when all that was queued is written, or the stream is gone. A reader that stands still makes this wait:
    /// bound it with a timeout.
    pub async fn flushed(&self) {
        let To::Queue(handle) = &self.to else { return };
        loop {
            // Made before the look at the state: `notify_waiters` reaches it from here on.
            let settled = handle.queue.settled.notified();
            if handle.queue.is_settled() {
                return;
            }
            settled.await;
        }
    }
}

/// What is queued is nobody's business in a debug print.
impl fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sink").finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl State {
    fn append(&mut self, bytes: &[u8]) {
        if let Some(Chunk::Own(last)) = self.waiting.last_mut() {
            return last.extend_from_slice(bytes);
        }
        let mut fresh = std::mem::take(&mut self.spare);
        fresh.extend_from_slice(bytes);
        self.waiting.push(Chunk::Own(fresh));
    }
}

impl Queue {
    /// Changes what waits, if anything is still taken, and tells the thread.
    fn add(&self, count: usize, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        if state.gone || state.closed || count == 0 {
            return;
        }
        state.pending += count;
        change(&mut state);
        drop(state);
        self.work.notify_one();
    }

    fn close(&self) {
        lock(&self.state).closed = true;
        self.work.notify_all();
    }

    fn is_settled(&self) -> bool {
        let state = lock(&self.state);
        state.gone || state.pending == 0
    }

    /// The thread: takes what waits, writes it in blocks, until closed or gone.
    fn run(&self, mut writer: Box<dyn Write + Send>) {
        while let Some(taken) = self.take() {
            for chunk in taken {
                for block in chunk.bytes().chunks(BLOCK) {
                    if let Err(error) = write_whole(&mut writer, block) {
                        // Told at last: stderr may take nothing either.
                        self.lose(!is_reader_gone(&error));
                        return tell_lost(&error);
                    }
                    self.wrote(block.len());
                }
                self.recycle(chunk);
            }
        }
    }

    fn recycle(&self, chunk: Chunk) {
        if let Chunk::Own(mut bytes) = chunk
            && bytes.capacity() <= SPARE_MAX
        {
            bytes.clear();
            lock(&self.state).spare = bytes;
        }
    }

    /// Waits for bytes; none when the last handle is gone and nothing waits.
    fn take(&self) -> Option<Vec<Chunk>> {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() {
            if state.closed {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Some(std::mem::take(&mut state.waiting))
    }

    fn wrote(&self, count: usize) {
        let mut state = lock(&self.state);
        let before = state.pending;
        state.pending = before.saturating_sub(count);
        if before >= BOUND / 2 && state.pending < BOUND / 2 {
            wake(&state.wakers);
        }
        if state.pending == 0 {
            self.settled.notify_waiters();
        }
    }

    fn lose(&self, failed: bool) {
        let mut state = lock(&self.state);
        (state.gone, state.failed) = (true, failed);
        state.waiting = Vec::new();
        state.pending = 0;
        wake(&state.wakers);
        self.settled.notify_waiters();
    }
}

/// Writes all of `block`. Another program may have left the stream non-blocking: then it is tried again, and not taken
/// for lost.
fn write_whole(writer: &mut dyn Write, mut block: &[u8]) -> io::Result<()> {
    loop {
        let written = if block.is_empty() { writer.flush().map(|()| None) } else { writer.write(block).map(Some) };
        match written {
            Ok(None) => return Ok(()),
            Ok(Some(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(Some(count)) => block = &block[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::park_timeout(AGAIN),
            Err(error) => return Err(error),
        }
    }
}

/// Several connections may wait on one waker, and one may be about to: all are woken, and a permit is left.
fn wake(wakers: &[Arc<Notify>]) {
    for waker in wakers {
        waker.notify_waiters();
        waker.notify_one();
    }
}

/// A thread that panicked while it held the lock leaves the bytes as they are: no reason to panic here too.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal at stdout, for the line editor: while a line is typed, only it may write.
pub fn terminal() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}

/// Is stdout a terminal?
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Is stderr a terminal?
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// The columns of the terminal at stdout, as they are now; 80 if that is none, or does not tell.
pub fn terminal_width() -> usize {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((terminal_size::Width(columns), _)) => usize::from(columns),
        None => 80,
    }
}

/// Writes `text` to stderr at once, past any queue: for usage errors and for a fault of wscope's own.
pub fn plain_error(text: &str) {
    let mut stream = io::stderr().lock();
    // There is nobody left to tell when stderr itself cannot be written.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// A reader that went away wants no more; anything else, a full disk, must not pass in silence.
fn tell_lost(error: &io::Error) {
    if !is_reader_gone(error) {
        plain_error(&format!("error: the report could not be written: {error}\n"));
    }
}

fn is_reader_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Writes to stdout directly: help, completions, an explanation. False when that failed, which is told; a reader that has
/// gone away is no failure.
pub fn plain_output(bytes: &[u8]) -> bool {
    let mut stream = io::stdout().lock();
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
        Ok(()) => true,
        Err(error) => {
            tell_lost(&error);
            is_reader_gone(&error)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A writer that stands still until it is let go, block by block.
    struct Gate {
        go: mpsc::Receiver<()>,
        kept: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.go.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            lock(&self.kept).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A sink over a gate, what opens it for one write, and what came through.
    pub(in crate::report) fn gated() -> (Sink, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (let_go, go) = mpsc::channel();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let gate = Gate { go, kept: Arc::clone(&kept) };
        (Sink::over("gate", Box::new(gate)), let_go, kept)
    }

    pub(in crate::report) fn wait(future: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
    }

    #[test]
    fn what_is_queued_is_written_in_order() {
        let (sink, let_go, kept) = gated();
        for _ in 0..8 {
            let_go.send(()).unwrap();
        }
        sink.write("one ");
        sink.clone().write("two");
        wait(sink.flushed());
        assert_eq!(lock(&kept).as_slice(), b"one two");
    }

    #[test]
    fn a_full_queue_is_told_and_its_draining_wakes() {
        let (sink, let_go, _kept) = gated();
        let waker = Arc::new(Notify::new());
        sink.on_drain(Arc::clone(&waker));
        sink.write(&"x".repeat(BOUND));
        assert!(sink.is_full());
        for _ in 0..BOUND / BLOCK {
            let_go.send(()).unwrap();
        }
        wait(waker.notified());
        assert!(!sink.is_full());
        wait(sink.flushed());
    }

    #[test]
    fn a_reader_that_went_away_ends_the_stream_and_the_waiting() {
        let (sink, let_go, _kept) = gated();
        drop(let_go);
        sink.write("lost");
        wait(sink.flushed());
        assert!(sink.is_gone() && !sink.has_failed());
        sink.write(&"x".repeat(2 * BOUND));
        assert!(!sink.is_full());
    }

    #[test]
    fn what_cannot_be_written_is_a_failure() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sink = Sink::over("full", Box::new(Full));
        sink.write_bytes(b"\xff");
        wait(sink.flushed());
        assert!(sink.is_gone() && sink.has_failed());
    }

    #[test]
    fn an_end_lets_through_what_was_queued_and_nothing_more() {
        let (sink, let_go, kept) = gated();
        sink.write("kept");
        sink.clone().end();
        sink.write("too late");
        assert!(sink.is_gone());
        let_go.send(()).unwrap();
        wait(sink.flushed());
        assert_eq!(lock(&kept).as_slice(), b"kept");
    }
}
