//! What an answer's body is: whole, or server-sent events that come as they come (HTML Living Standard section 9.2).
//! Owns the comment lines that show a quiet stream to be alive, and the reader's place, which ends with the body.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use crate::moment::Span;
use crate::net::http::Place;

/// A stream says so often that it is there.
pub const COMMENT_EVERY: Span = Span::from_secs(15);
const COMMENT: &[u8] = b": still here\n\n";

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it; none for nothing, and after it was taken.
    Whole(Option<Bytes>),
    Events(Events),
}

/// Records that come one by one.
#[derive(Debug)]
pub struct Events {
    first: Option<Bytes>,
    records: mpsc::Receiver<Bytes>,
    comments: Interval,
    _place: Place,
}

impl Body {
    /// No body.
    pub fn empty() -> Body {
        Body::Whole(None)
    }

    /// These bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body::Whole((!bytes.is_empty()).then_some(bytes))
    }

    /// `first`, then what `records` gives, until its sender is gone.
    pub fn events(first: Option<Bytes>, records: mpsc::Receiver<Bytes>, place: Place) -> Body {
        let mut comments = tokio::time::interval(COMMENT_EVERY.duration());
        comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        comments.reset();
        Body::Events(Events { first, records, comments, _place: place })
    }
}

impl Events {
    fn poll_record(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        if let Poll::Ready(record) = self.records.poll_recv(cx) {
            return Poll::Ready(record);
        }
        self.comments.poll_tick(cx).map(|_| Some(Bytes::from_static(COMMENT)))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.get_mut() {
            Body::Whole(bytes) => Poll::Ready(bytes.take()),
            Body::Events(events) => events.poll_record(cx),
        };
        bytes.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Body::Events(_) => SizeHint::default(),
        }
    }
}
