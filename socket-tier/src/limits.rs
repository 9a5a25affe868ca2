//! Everything that a stranger could make grow, and how far it may.

use std::num::NonZeroUsize;
use std::time::Duration;

/// How long a client may take to send the head of an HTTP request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest head of an HTTP request, in bytes; a larger one is answered 431.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How many connections one instance keeps at once; one more is closed before it says anything.
pub const CONNECTIONS_MAX: usize = 100_000;

/// The largest WebSocket message, in bytes: the largest STOMP frame with its headers.
pub const WEBSOCKET_MESSAGE_BYTES_MAX: usize = 96 * 1024;

/// What one read from an idle WebSocket may bring, in bytes. It is resident per connection.
pub const WEBSOCKET_READ_BUFFER_BYTES: usize = 256;

/// How much is gathered for one write to a WebSocket, in bytes.
pub const WRITE_CHUNK_BYTES: usize = 64 * 1024;

/// How much the system takes in for a peer that it cannot send yet, in bytes. Left to itself Linux
/// takes some megabytes for each peer that reads nothing; other systems have limits of their own.
pub const UNSENT_BYTES_MAX: u32 = 256 * 1024;

/// How much may wait for one socket, in bytes, before it is closed as a slow consumer (4009).
pub const OUTBOX_BYTES_MAX: usize = 1024 * 1024;

/// How long one write may take before the socket is closed as a slow consumer (4009).
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a peer may take nothing at all before its connection is dropped: longer than what
/// closes a socket in order, which is [`WRITE_TIMEOUT`] and [`CLOSE_TIMEOUT`].
pub const STALL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the closing handshake may take before the connection is dropped.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The slowest heart-beat that can be configured, in milliseconds: a peer that is gone is noticed
/// within twice as long.
pub const HEARTBEAT_MS_MAX: u32 = 60_000;

/// The times in which connections' timers go off lie so far apart, and all go off together: a
/// heart-beat is late by as much at the most, which is less than it is sent early.
pub const TIMER_BEAT: Duration = Duration::from_millis(64);

/// How many SENDs of one connection may wait for their commit; no further frame is read meanwhile.
pub const SENDS_IN_FLIGHT_MAX: usize = 64;

/// How many messages wait for a subscription's acknowledgements, beyond those in flight, before the
/// socket is closed as a slow consumer (4009).
pub const HELD_FOR_ACK_MAX: usize = 1024;

/// How often Postgres is asked how it is.
pub const VITALS_INTERVAL: Duration = Duration::from_secs(1);

/// The longest notice that an instance gives before it lets nobody in (`DRAIN_NOTICE_MS`).
pub const DRAIN_NOTICE_MS_MAX: u64 = 10_000;

/// How many messages of an instance wait for their answer; one more is refused as overloaded.
pub const WRITER_QUEUE_MAX: usize = 8 * 1024;

/// How many messages one transaction stores at the most.
pub const WRITER_BATCH_MAX: usize = 1024;

/// How few messages a transaction is made of where larger ones are not stored in time.
pub const WRITER_BATCH_MIN: usize = 16;

/// How long a message may wait for a store that does not answer before it is refused.
pub const STORE_PATIENCE: Duration = Duration::from_millis(850);

/// The shortest time that a batch is tried. Whoever has waited for so long that less would be left is
/// refused instead: a batch without time to be stored in would only keep the next one waiting too.
pub const STORE_TIME_MIN: Duration = Duration::from_millis(200);

/// How long a message may wait for its batch to begin.
pub const TURN_PATIENCE: Duration = STORE_PATIENCE.saturating_sub(STORE_TIME_MIN);

/// How long a message may wait for a room that others hold before it is refused as room-busy.
pub const ROOM_PATIENCE: Duration = Duration::from_millis(1_500);

/// How many rooms that others held may be written into at once, each by a connection of its own.
pub const BUSY_ROOMS_STORING_MAX: usize = 3;

/// How long a receipt waits for the message itself, which goes to its sender in the same write.
pub const RECEIPT_PATIENCE: Duration = Duration::from_millis(2);

/// How long a room that others held is written into apart from the others after that.
pub const BUSY_ROOM_REST: Duration = Duration::from_secs(5);

/// How long the outcome of a broken COMMIT is inquired before the sender is told it is unknown.
pub const OUTCOME_PATIENCE: Duration = Duration::from_secs(5);

/// How long after it was stored a message is taken into the index of what is said, about; until then
/// a search reads it itself.
pub const INDEX_INTERVAL: Duration = Duration::from_secs(1);

/// How many rooms are remembered to be taken in.
pub const INDEX_NOTED_MAX: usize = 10_000;

/// How often all rooms are looked through for what the index lacks.
pub const INDEX_SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// How many edits and deletions of an instance run at once, each on a connection to Postgres.
pub const AMENDMENTS_AT_ONCE: usize = 2;

/// How many edits and deletions an instance has taken and not answered; one more is refused as
/// overloaded.
pub const AMENDMENTS_WAITING_MAX: usize = 1024;

/// How many comings and leavings one statement notes.
pub const PRESENCE_CHANGES_MAX: usize = 1_000;

/// How long somebody who left a room is still there for the others. The next look at the rooms'
/// counters finds at the latest that it is over.
pub const PRESENCE_LINGER: Duration = Duration::from_secs(1);

/// How often it is read who is in the rooms of which somebody listens for that, in looks at the
/// rooms' counters ([`LOOK_INTERVAL`]).
pub const PRESENCE_LOOKS: u32 = 5;

/// How long what an instance says of its people holds after it was last heard, where nobody chose
/// another time (`PRESENCE_LEASE_SECONDS`).
pub const PRESENCE_LEASE: Duration = Duration::from_secs(30);

/// The shortest time that can be chosen: three times [`LOOK_INTERVAL`], so that one renewal may fail.
pub const PRESENCE_LEASE_MIN: Duration = Duration::from_secs(3);

/// The longest time that can be chosen: whoever was on an instance that died is gone everywhere a
/// minute later, with what is needed to see it ([`PRESENCE_LOOKS`]).
pub const PRESENCE_LEASE_MAX: Duration = Duration::from_secs(50);

/// How often a lease is renewed while it lasts.
pub const PRESENCE_RENEWALS: u64 = 3;

/// How often one connection may say that its user writes; more is not passed on.
pub const TYPING_INTERVAL: Duration = Duration::from_secs(1);

/// How long it is true that somebody writes, unless he says so again.
pub const TYPING_LIFETIME: Duration = Duration::from_secs(5);

/// How many commands wait for the hub; a connection that has one more waits.
pub const HUB_QUEUE_MAX: usize = 8 * 1024;

/// How long a room in which many speak at once rests for each of its listeners before it is told
/// again: about five times what a write to one takes.
pub const REST_PER_LISTENER: Duration = Duration::from_micros(30);

/// The shortest rest: what a timer can tell from none.
pub const REST_MIN: Duration = Duration::from_millis(2);

/// The longest rest: what a message may be late in the largest room.
pub const REST_MAX: Duration = Duration::from_millis(50);

/// How many events the hub tells in one turn, before it looks at anything else.
pub const HEARD_AT_ONCE_MAX: usize = 64;

/// How many listeners one room has on one instance.
pub const LISTENERS_PER_ROOM_MAX: usize = 50_000;

/// How many changes of a room are held back while an earlier one is missing.
pub const HELD_BACK_MAX: usize = 1024;

/// How many messages of a room are remembered as shown and not yet stored.
pub const AWAITING_COMMIT_MAX: usize = 4096;

/// How many tempIds of a room are remembered after their commit, so that none is shown again: more
/// than two repairs read, which may overtake what other instances show.
pub const SETTLED_REMEMBERED_MAX: usize = 1024;

/// How many changes one repair reads from Postgres at once.
pub const REPAIR_PAGE: u32 = 500;

/// How long a hole in a room's numbers may fill by itself before Postgres is asked.
pub const HOLE_PATIENCE: Duration = Duration::from_millis(100);

/// How often the counters of all watched rooms are compared with what was delivered.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long a SUBSCRIBE waits for the fan-out to listen before it goes on without.
pub const WATCH_TIMEOUT: Duration = Duration::from_secs(1);

/// How many changes a resuming listener is told from one page of Postgres.
pub const RESUME_PAGE: u32 = 200;

/// How many changes are kept for a resuming listener while Postgres is read for it.
pub const MEANWHILE_MAX: usize = 64;

/// How long a resuming listener waits before Postgres is asked again.
pub const RESUME_RETRY: Duration = Duration::from_millis(500);

/// How many sessions over SockJS' HTTP transports one instance keeps; one more is answered 503.
pub const SOCKJS_SESSIONS_MAX: usize = 20_000;

/// How long a SockJS session without a listening client is kept.
pub const SOCKJS_DISCONNECT_DELAY: Duration = Duration::from_secs(5);

/// How long a listening SockJS client hears nothing before it hears a heart-beat.
pub const SOCKJS_HEARTBEAT: Duration = Duration::from_secs(25);

/// After how many bytes a streaming response of SockJS ends, since browsers keep all of it.
pub const SOCKJS_RESPONSE_BYTES_MAX: usize = 128 * 1024;

/// A frame of SockJS takes no further message once it has so many bytes.
pub const SOCKJS_FRAME_BYTES_MAX: usize = 64 * 1024;

/// How much may wait for a SockJS client, in bytes. A full session makes its application wait,
/// and is closed as a slow consumer (4009) after [`WRITE_TIMEOUT`].
pub const SOCKJS_OUTBOX_BYTES_MAX: usize = 256 * 1024;

/// How much of a SockJS client may wait for the application, in bytes; requests then wait too.
pub const SOCKJS_INBOX_BYTES_MAX: usize = 256 * 1024;

/// The largest body and WebSocket message of a SockJS client, in bytes: several STOMP frames.
pub const SOCKJS_PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// How many messages a SockJS client may send at once.
pub const SOCKJS_PAYLOAD_MESSAGES_MAX: usize = 1024;

/// How long the body of a request may take to come.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request waits for its session to take what it brought, before it is answered 503.
pub const SOCKJS_SEND_PATIENCE: Duration = Duration::from_secs(20);

/// How many connections one user has on one instance; one more is closed with 4012.
pub const CONNECTIONS_PER_USER_MAX: usize = 32;

/// How many clients one address has on one instance where nobody chose another number; one more is
/// closed with 4012, or answered 429 where it polls. Whole offices and mobile networks share one.
pub const CONNECTIONS_PER_ADDRESS_MAX: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

/// How often the store of sessions is asked what was revoked.
pub const REVOCATION_INTERVAL: Duration = Duration::from_secs(1);

/// How long nobody with a session is let in after the store of sessions was last heard.
pub const REVOCATION_STALE: Duration = Duration::from_secs(5);

/// How many listeners of one event have a span of their own, on one instance: a room of thousands
/// would fill the queue of the spans with each message.
pub(crate) const TRACED_DELIVERIES_MAX: usize = 16;

/// How many changes of a room that wait for their turn keep their place in a trace.
pub(crate) const TRACED_HELD_BACK_MAX: usize = 64;
