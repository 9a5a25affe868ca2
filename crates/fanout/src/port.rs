//! The port: what every adapter promises.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};

use crate::{Counters, Event, Topic};

/// How many events wait for an instance in the channel that [`Incoming`] arrives on.
pub const INCOMING_EVENTS_MAX: usize = 1_024;

/// What arrives at an instance, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// An event of a watched room: another instance's, or an own one that came back.
    Event(Arc<Event>),
    /// Events of others may be lost from here on. Own events still come back.
    Interrupted,
    /// Events of others arrive again, and what was published before this notice may have been
    /// lost: whoever needs every number of a room reads them from its log now. It is also the
    /// first notice of an adapter that has to connect.
    Restored,
}

/// Says that the other instances cannot be heard just now. The wish to watch stands and is
/// fulfilled when they can be, which [`Incoming::Restored`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other instances cannot be heard at the moment")]
pub struct Unavailable;

/// Carries events between the instances that watch a room, or one of its people: what is said of
/// rooms here is true of users too.
///
/// # Contract
/// - Every watcher of a room hears every event of it, while the adapter is connected.
/// - An own event of a watched room comes back **exactly once**, connected or not, in the order
///   of publishing; what is published to a room that is not watched does not come back.
/// - While connected, all instances hear the events of one room and channel in one order.
/// - What an instance takes too slowly is bounded: beyond the bound events are lost, and
///   [`Incoming::Interrupted`] and [`Incoming::Restored`] say so in their place.
///
/// The promise is a hint's: a connection may lose events of others, and says so. No call blocks.
pub trait Fanout: Send + Sync + 'static {
    /// Tells every instance that watches the event's room, this one among them.
    fn publish(&self, event: Arc<Event>);

    /// Starts to watch a room or a user; what is published from the call on comes back. The future resolves
    /// once the events that others publish arrive here too, and is free to be dropped. To watch a
    /// watched room changes nothing; one [`unwatch`](Self::unwatch) ends it.
    ///
    /// # Errors
    /// [`Unavailable`] where the others cannot be heard at present; the wish stands all the same.
    fn watch(&self, topic: &Topic) -> BoxFuture<'static, Result<(), Unavailable>>;

    /// Stops watching a room. Events that already wait in the channel may still arrive.
    fn unwatch(&self, topic: &Topic);

    /// Whether the other instances can be heard.
    fn is_connected(&self) -> bool;

    /// What the adapter counted since its start.
    fn counters(&self) -> Counters;
}

/// Tells the instances that watch a room, and hears nothing: for whoever changes rooms and serves
/// no sockets. An instance tells itself through its own [`Fanout`].
pub trait Herald: Send + Sync + 'static {
    /// Tells an event. The future resolves within a second, once the event is on its way or is
    /// given up: it is a hint, and who needs the truth looks at the room.
    fn announce(&self, event: Arc<Event>) -> BoxFuture<'static, ()>;
}

impl Herald for Arc<dyn Fanout> {
    fn announce(&self, event: Arc<Event>) -> BoxFuture<'static, ()> {
        self.publish(event);
        future::ready(()).boxed()
    }
}
