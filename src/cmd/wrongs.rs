//! What `--fault` asks of our own end of a connection, as wishes. Owns that translation; the schedule is `fault::conduct`'s.

use tokio_tungstenite::tungstenite::Message;

use crate::event::{EventKind, FaultDone};
use crate::fault::conduct::{Current, Deed};
use crate::moment::Moment;
use crate::net::control::{Injected, Progress, Wish};
use crate::watch::life::Command;
use crate::wire::close::CloseBody;

/// What is due by now: what to tell of it, and what to do.
pub fn due(wrongs: &Current, now: Moment, progress: &Progress) -> Option<(Option<EventKind>, Wish)> {
    let done = wrongs.borrow_mut().as_mut()?.due(now, progress.passed)?;
    let told = done.told.map(|(fault, what)| EventKind::FaultDone(FaultDone { fault: fault.into(), what }));
    Some((told, wish(done.deed)))
}

fn wish(deed: Deed) -> Wish {
    match deed {
        Deed::Close { code, reason } => Wish::Life(Command::Close(CloseBody { code, reason })),
        Deed::Fin => Wish::Fin,
        Deed::Rst => Wish::Reset,
        Deed::Truncate => Wish::Truncate,
        Deed::Freeze => Wish::Freeze,
        Deed::Send(text) => Wish::Send(Message::text(text)),
        Deed::Inject(bytes) => Wish::Inject(Injected { bytes, opaque: false }),
        Deed::InjectOpaque(bytes) => Wish::Inject(Injected { bytes, opaque: true }),
        // A client has no others to end: the grammar refuses it.
        Deed::KickAll(_) => Wish::Life(Command::Stop("kick-all")),
    }
}
