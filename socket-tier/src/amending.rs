//! The way of a SEND that edits or deletes a message.

use std::sync::Arc;
use std::time::Duration;

use access_token::{Claims, Holder, Role};
use chat::{Content, MessageId, Problem, ProblemCode, RoomId, Seq};
use fanout::{Event, Fanout};
use message_log::{Actor, AmendError, Amendment, AmendmentKind, MessageLog};
use serde::Deserialize;
use stomp::Ticket;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use traces::{Kind, Span, attribute};
use uuid::Uuid;

use crate::indexing::Noted;
use crate::limits::{AMENDMENTS_AT_ONCE, AMENDMENTS_WAITING_MAX};
use crate::outbox::{Delivery, Outbox};
use crate::span;

/// Changes messages for connections, each in a transaction of its own.
#[derive(Clone)]
pub(crate) struct Amending {
    log: MessageLog,
    fanout: Arc<dyn Fanout>,
    noted: Noted,
    waiting: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// What a client SENDs to `/app/edit`, and without `content` to `/app/delete`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    room_id: String,
    id: Uuid,
    content: Option<String>,
    /// The version that is meant; whichever is there, where it is left out.
    rev: Option<i64>,
}

/// What a SEND wants to be done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `/app/edit`
    Edit,
    /// `/app/delete`
    Delete,
}

impl Amending {
    /// Changes messages in this log and tells of it through this fan-out, in tasks that whoever
    /// leaves the instance waits for.
    pub(crate) fn new(
        log: MessageLog,
        fanout: Arc<dyn Fanout>,
        noted: Noted,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            log,
            fanout,
            noted,
            waiting: Arc::new(Semaphore::new(AMENDMENTS_WAITING_MAX)),
            at_once: Arc::new(Semaphore::new(AMENDMENTS_AT_ONCE)),
            tasks,
        }
    }

    /// Changes a message beside the connection, for whoever the claims are about; the answer comes
    /// as [`Delivery::Amended`].
    ///
    /// # Errors
    /// The ticket back, and the problem, where the wish breaks a rule or too many wait.
    pub(crate) fn send(
        &self,
        verb: Verb,
        body: &[u8],
        by: Option<&Claims>,
        ticket: Ticket,
        outbox: &Arc<Outbox>,
        mut span: Span,
    ) -> Result<(), (Ticket, Problem)> {
        let amendment = match amendment(verb, body, by) {
            Ok(amendment) => amendment,
            Err(problem) => return Err((ticket, problem)),
        };
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err((ticket, overloaded()));
        };
        let (amending, outbox) = (self.clone(), Arc::clone(outbox));
        self.tasks.spawn(async move {
            let result = amending.amend(&amendment, &mut span).await;
            drop(place);
            let result = Box::new(result);
            outbox.push(Delivery::Amended { ticket, result });
        });
        Ok(())
    }

    async fn amend(
        &self,
        amendment: &Amendment,
        span: &mut Span,
    ) -> Result<chat::Message, Problem> {
        // It is never closed.
        let _turn = self.at_once.acquire().await;
        let commit = span.begins(span::COMMIT, Kind::Internal);
        let amended = self.log.amend(amendment).await;
        drop(commit);
        match amended {
            Ok(amended) => {
                let message = amended.message;
                span.identifies(attribute::MESSAGE_ID, message.id.0);
                span.counts(attribute::REV, message.rev.0);
                let publishing = span.begins(span::PUBLISH_COMMITTED, Kind::Producer);
                self.noted.note(&message.room);
                self.fanout.publish(Arc::new(Event::Committed {
                    message: message.clone().into(),
                    access: amended.access,
                    trace: publishing.context(),
                }));
                Ok(message)
            }
            Err(error) => {
                if let AmendError::Store(cause) = &error {
                    tracing::warn!(%cause, "a message was not changed");
                }
                let problem = error.problem();
                span.fails(problem.code().as_str());
                Err(problem)
            }
        }
    }
}

fn amendment(verb: Verb, body: &[u8], by: Option<&Claims>) -> Result<Amendment, Problem> {
    let by = by.ok_or_else(|| {
        Problem::new(
            ProblemCode::Forbidden,
            "Nobody knows whose messages are this connection's; connect with a token to change one.",
        )
    })?;
    // The parser's own text could quote what is said.
    let wish: Wish = serde_json::from_slice(body).map_err(|_| no_wish(verb))?;
    let wrong = |pointer: &'static str, detail: String| {
        Problem::new(ProblemCode::InvalidRequest, "The wish breaks a rule.")
            .pointing_at(pointer, detail)
    };
    let kind = match (verb, wish.content) {
        (Verb::Edit, Some(content)) => {
            let content = Content::parse(&content);
            AmendmentKind::Edit(content.map_err(|error| wrong("/content", error.to_string()))?)
        }
        (Verb::Edit, None) => return Err(no_wish(verb)),
        (Verb::Delete, _) => AmendmentKind::Delete,
    };
    let room = RoomId::parse(&wish.room_id);
    Ok(Amendment {
        room: room.map_err(|error| wrong("/roomId", error.to_string()))?,
        id: MessageId(wish.id),
        by: actor(by),
        kind,
        only_if: wish.rev.map(|rev| vec![Seq(rev)]),
    })
}

fn actor(claims: &Claims) -> Actor {
    let admin = Role::Admin;
    Actor {
        user: claims.subject.user,
        is_admin: matches!(claims.subject.holder, Holder::Account { role, .. } if role == admin),
    }
}

fn no_wish(verb: Verb) -> Problem {
    let detail = match verb {
        Verb::Edit => "The body is no edit; send {\"roomId\":…,\"id\":…,\"content\":…,\"rev\"?:…}.",
        Verb::Delete => "The body is no deletion; send {\"roomId\":…,\"id\":…,\"rev\"?:…}.",
    };
    Problem::new(ProblemCode::InvalidRequest, detail)
}

fn overloaded() -> Problem {
    Problem::new(
        ProblemCode::Overloaded,
        "More changes wait than this instance takes; send again later.",
    )
    .retry_after(Duration::from_secs(1))
}
