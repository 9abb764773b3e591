//! What the keyboard gives: lines to send or to keep for later, commands, the wish to leave; and the other reasons to leave,
//! signals and the time limit. Owns what becomes of each; commands
//! are `acts`', the keys themselves the editor's.

use std::task::{Context, Poll, Waker};

use tokio_tungstenite::tungstenite::Message;

use super::{Repl, State};
use crate::cmd::connect::editor::Typed;
use crate::event::Exit;
use crate::event::show::{count, span};
use crate::moment::Moment;
use crate::net::control::Wish;
use crate::watch::life::Command;
use crate::wire::close::CloseBody;

impl Repl<'_> {
    /// Whatever the connection brings, the keyboard is looked at.
    pub(super) fn take_typed(&mut self, now: Moment) {
        let mut cx = Context::from_waker(Waker::noop());
        if self.waiting.is_none()
            && let Poll::Ready(typed) = self.editor.poll(&mut cx)
        {
            self.waiting = Some(typed);
        }
        if let Some(typed) = self.waiting.take() {
            self.typed(now, typed);
        }
    }

    fn typed(&mut self, now: Moment, typed: Typed) {
        match typed {
            Typed::Line(line) => self.line(now, line),
            Typed::Edited(Ok(text)) if text.is_empty() => self.say("nothing was written: nothing is sent"),
            Typed::Edited(Ok(text)) => self.text(now, text, false),
            Typed::Edited(Err(why)) => self.say(format!("the editor: {why}")),
            Typed::Interrupted | Typed::Ended => return self.quit(),
            Typed::Failed(why) => {
                self.say(format!("this terminal cannot be read any more: {why}"));
                return self.quit();
            }
        }
        if !self.is_leaving() && !std::mem::take(&mut self.is_asked) {
            self.editor.read_next();
        }
    }

    fn line(&mut self, now: Moment, line: String) {
        match line.strip_prefix('/').filter(|_| self.slash) {
            Some(rest) if rest.starts_with('/') => {
                let text = rest.to_string();
                self.text(now, text, true);
            }
            Some(_) => self.command(now, &line),
            // A message of nothing is seldom meant.
            None if line.is_empty() => {}
            None => self.text(now, line, true),
        }
    }

    fn text(&mut self, now: Moment, text: String, typed: bool) {
        match self.state {
            State::Open if self.is_closing => self.refuse(),
            State::Open => self.send(now, Message::text(text), typed),
            State::Down if self.queue.len() < self.queue_max => {
                self.queue.push_back(text);
                self.say(format!(
                    "queued, {} of {}: it is sent when the connection is open again",
                    self.queue.len(),
                    self.queue_max
                ));
            }
            State::Down => {
                let waiting = count(self.queue.len() as u64, "line");
                self.say(format!("not sent: {waiting} queued already, and no more are kept (--queue)"));
            }
            _ => self.refuse(),
        }
    }

    /// What was typed is not sent, and is not kept.
    pub(super) fn refuse(&self) {
        let why = match self.state {
            State::Open => "the connection is being closed",
            _ => "there is no connection; /reconnect makes one",
        };
        self.say(format!("not sent: {why}"));
    }

    pub(super) fn quit(&mut self) {
        match self.state {
            State::Open => {
                self.state = State::Leaving;
                let body = CloseBody { code: Some(1000), reason: String::new() };
                self.wishes.push_back(Wish::Life(Command::Close(body)));
            }
            _ => self.state = State::Gone,
        }
        if !self.queue.is_empty() {
            self.say(format!("{} queued and never sent", count(self.queue.len() as u64, "line")));
        }
    }

    /// The reasons to stop that nobody typed.
    pub(super) fn stop(&mut self, now: Moment) {
        if let Some(exit) = self.audience.take_signal() {
            let fact = format!("after {}", span(now.since(Moment::START)));
            self.why = exit.meaning();
            if self.is_leaving() {
                self.verdict.fail(Exit::Interrupted, fact);
                self.state = State::Gone;
                return;
            }
            // Ctrl-C is the terminal's way to leave; before there is a connection it breaks off.
            if exit != Exit::Interrupted || self.state == State::Dialling {
                self.verdict.fail(exit, fact);
            }
            self.quit();
        }
        if let Some(limit) = self.limit.filter(|limit| limit.at <= now && self.state != State::Gone) {
            (self.state, self.why) = (State::Gone, "time limit");
            self.verdict.fail(Exit::TimeUsedUp, format!("after {}", span(limit.span)));
        }
    }
}
