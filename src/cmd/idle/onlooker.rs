//! Who looks on at one socket of `probe --idle`: notes its open and its end, sends what its role says, closes it when enough
//! was seen. Owns that course, and what the sockets share; the rule of what is enough is `exam::idle`'s.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::Message;

use crate::cmd::audience::Audience;
use crate::diagnose::ends::Dropped;
use crate::event::{ConnId, Direction, Ended, EventKind, How, IdleEnd, Wanted};
use crate::exam::idle::{Course, Role, until};
use crate::moment::{Moment, Span};
use crate::net::control::{Control, Progress, Wish};
use crate::report::human::words;
use crate::watch::life::{Command, FrameNote, Outgoing};
use crate::wire::close::CloseBody;
use crate::wire::head::Head;
use crate::wire::header::Opcode;

/// A shorter limit cannot be told from a refusal: the pings beside it come each half second.
const SOONEST: Span = Span::from_millis(750);
/// A wish may come so often by time alone.
const LOOK: Span = Span::from_millis(200);

/// What the sockets share.
pub struct Shared {
    max: Span,
    courses: RefCell<Vec<Course>>,
    /// The end of the silent one, as the diagnosis wants it.
    drop: RefCell<Option<Dropped>>,
    /// The answer to the silent one's request.
    head: RefCell<Option<Head>>,
    told: RefCell<VecDeque<(Moment, ConnId, EventKind)>>,
    over: Cell<bool>,
    /// The silent one ended in a way that no limit has.
    broken: Cell<bool>,
}

impl Shared {
    /// Nothing is open yet.
    pub fn new(max: Span) -> Shared {
        Shared {
            max,
            courses: RefCell::new(Role::ALL.map(Course::new).to_vec()),
            drop: RefCell::default(),
            head: RefCell::default(),
            told: RefCell::default(),
            over: Cell::new(false),
            broken: Cell::new(false),
        }
    }

    /// The run is to end.
    pub fn stop(&self) {
        self.over.set(true);
    }

    /// Is nothing more to be opened?
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Did the silent socket end in a way that no limit has?
    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Was the silent socket open?
    pub fn is_reached(&self) -> bool {
        self.courses.borrow().iter().any(|course| course.role == Role::Idle && course.opened.is_ok())
    }

    /// There is no such socket.
    pub fn miss(&self, role: Role, why: String) {
        self.change(role, |course| course.opened = Err(why));
    }

    /// A copy of all courses.
    pub fn courses(&self) -> Vec<Course> {
        self.courses.borrow().clone()
    }

    /// How the socket of this role was taken away; only the silent one's end is kept.
    pub fn drop_of(&self, role: Role) -> Option<Dropped> {
        self.drop.borrow().clone().filter(|_| role == Role::Idle)
    }

    /// The events since the last time.
    pub fn hand_over(&self, audience: &mut Audience<'_>) {
        while let Some((at, conn, kind)) = self.take() {
            audience.emit(at, conn, kind);
        }
    }

    fn take(&self) -> Option<(Moment, ConnId, EventKind)> {
        self.told.borrow_mut().pop_front()
    }

    fn change(&self, role: Role, change: impl FnOnce(&mut Course)) {
        if let Some(course) = self.courses.borrow_mut().iter_mut().find(|course| course.role == role) {
            change(course);
        }
    }
}

/// Can a limit of time end a connection so?
fn is_an_end(how: &How) -> bool {
    match how {
        How::Close { .. } | How::CloseThenCut { .. } | How::Fin | How::Reset | How::TlsTruncated => true,
        How::TlsAlert { .. } | How::Silent { .. } | How::KernelTimeout | How::WriteStuck => true,
        How::CloseUnanswered { .. } | How::Garbage { .. } | How::Local { .. } => false,
    }
}

/// One socket's onlooker.
pub struct Onlooker {
    role: Role,
    shared: Rc<Shared>,
    texts: VecDeque<String>,
    url: String,
    open: bool,
    state: State,
    next_look: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Watching,
    /// The silent one has sent a ping at last: what was forgotten on the way answers nothing.
    Checking {
        answered: bool,
    },
    Leaving,
}

impl Onlooker {
    /// Before the dial. `texts` are sent right after the open.
    pub fn new(role: Role, texts: Vec<String>, shared: Rc<Shared>, now: Moment) -> Onlooker {
        let (texts, url) = (texts.into(), String::new());
        Onlooker { role, shared, texts, url, open: false, state: State::Watching, next_look: now.after(LOOK) }
    }

    fn ended(&mut self, at: Moment, conn: ConnId, ended: &Ended) {
        self.open = false;
        if !ended.drop {
            return;
        }
        // Ended before a limit could be told from a refusal, or by something that is no limit: an ordinary drop.
        if self.role == Role::Idle && (ended.age < SOONEST || !is_an_end(&ended.how)) {
            self.shared.broken.set(true);
            self.shared.stop();
            self.shared.told.borrow_mut().push_back((at, conn, EventKind::Ended(ended.clone())));
            return;
        }
        let (quiet_in, quiet_out) = (ended.quiet_in, ended.quiet_out);
        let words = words::ended_fact(ended);
        let words = words.strip_suffix(", from the server side").unwrap_or(&words).to_owned();
        let end = IdleEnd { how: ended.how.clone(), words, quiet_in, quiet_out };
        let silently = matches!(self.state, State::Checking { .. });
        self.shared.change(self.role, |course| {
            course.ended = Some((at, end));
            course.forgotten = silently;
        });
        if self.role == Role::Idle {
            let head = self.shared.head.borrow().clone();
            *self.shared.drop.borrow_mut() =
                Some(Dropped { head, ..Dropped::new(at, ended.clone(), self.url.clone()) });
        }
        let course = self.shared.courses.borrow().iter().find(|course| course.role == self.role).cloned();
        let told = course.map(|course| (at, conn, EventKind::IdleSocket(course.socket(at))));
        self.shared.told.borrow_mut().extend(told);
    }

    fn is_enough(&self, now: Moment) -> bool {
        self.shared.is_over() || until(&self.shared.courses.borrow(), self.shared.max).is_some_and(|until| until <= now)
    }

    fn leave(&mut self) -> Wish {
        self.state = State::Leaving;
        Wish::Life(Command::Close(CloseBody { code: Some(1000), reason: String::new() }))
    }
}

impl Control for Onlooker {
    fn on(&mut self, at: Moment, conn: ConnId, kind: EventKind) {
        match &kind {
            EventKind::DialStarted(dial) => self.url.clone_from(&dial.url),
            EventKind::UpgradeAnswered(answer) if self.role == Role::Idle => {
                *self.shared.head.borrow_mut() = Some(answer.head.clone());
            }
            EventKind::Open(_) => {
                self.open = true;
                self.shared.change(self.role, |course| course.opened = Ok(at));
            }
            EventKind::DialFailed(failed) => {
                self.shared.miss(self.role, words::dial_fault(&failed.fault));
                if self.role == Role::Idle {
                    self.shared.stop();
                }
            }
            EventKind::Answered(_) if matches!(self.state, State::Checking { .. }) => {
                self.state = State::Checking { answered: true };
            }
            EventKind::Ended(ended) => return self.ended(at, conn, ended),
            // Nobody needs to know of what is sent here again and again.
            EventKind::Heartbeat(_) | EventKind::StrayPong(_) | EventKind::CloseSeen(_) => return,
            _ => {}
        }
        // One dial is told as that of the run; the others are the same.
        if self.role == Role::Idle && self.state == State::Watching {
            self.shared.told.borrow_mut().push_back((at, conn, kind));
        }
    }

    fn control_frame(&mut self, note: &FrameNote) {
        if note.direction != Direction::In {
            return;
        }
        match note.header.opcode {
            Opcode::Pong => {
                // The others send no ping before the last one.
                let is_answer = self.role == Role::Ping || self.state != State::Watching;
                self.shared.change(self.role, |course| {
                    course.pongs += 1;
                    if !is_answer {
                        course.pongs_unasked += 1;
                        course.heard(note.last_at);
                    }
                });
            }
            Opcode::Ping => self.shared.change(self.role, |course| {
                course.pings_in += 1;
                course.heard(note.last_at);
            }),
            _ => {}
        }
    }

    fn message(&mut self, now: Moment, _conn: ConnId, _message: &Message) {
        self.shared.change(self.role, |course| {
            course.messages_in += 1;
            course.heard(now);
        });
    }

    fn wish(&mut self, now: Moment, _progress: &Progress) -> Option<Wish> {
        self.next_look = now.after(LOOK);
        if !self.open {
            return self.shared.is_over().then_some(Wish::Life(Command::Stop("done")));
        }
        if let Some(text) = self.texts.pop_front() {
            return Some(Wish::Life(Command::Send(Outgoing::Text(text))));
        }
        match self.state {
            State::Watching if self.is_enough(now) => {
                if self.role != Role::Idle || self.shared.is_over() {
                    return Some(self.leave());
                }
                self.state = State::Checking { answered: false };
                Some(Wish::Life(Command::Ping))
            }
            State::Checking { answered } if answered || self.shared.is_over() => Some(self.leave()),
            _ => None,
        }
    }

    fn wanted(&self) -> Wanted {
        Wanted::default()
    }

    fn deadline(&self) -> Option<Moment> {
        Some(self.next_look)
    }

    fn is_holding(&self) -> bool {
        false
    }

    fn poll_wake(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
