//! The way of a SEND: who, what, shown, handed to the writer.

use std::sync::Arc;

use chat::{ChatMessageReceive, ChatMessageSend, Problem, ProblemCode, RoomId, Sender, TempId};
use fanout::{Event, Fanout};
use stomp::Ticket;
use traces::{Kind, Span};
use uuid::Uuid;

use crate::outbox::Outbox;
use crate::span;
use crate::writer::{Post, WriterHandle};

/// Takes what connections SEND.
#[derive(Clone)]
pub(crate) struct Posting {
    fanout: Arc<dyn Fanout>,
    writer: WriterHandle,
}

impl Posting {
    /// Posts through this writer and shows through this fan-out.
    pub(crate) fn new(fanout: Arc<dyn Fanout>, writer: WriterHandle) -> Self {
        Self { fanout, writer }
    }

    /// Tells a room something that is not kept.
    pub(crate) fn tell(&self, event: Event) {
        self.fanout.publish(Arc::new(event));
    }

    /// Shows a message to its room and hands it to the writer, which answers the ticket. It is
    /// `sender`'s, or where nobody knows whose it is, a guest's under the name that it carries.
    /// `hears` tells whether he listens to a room. `span` lasts until the message's end.
    ///
    /// # Errors
    /// The ticket back, and the problem, where the message breaks a rule or the writer is full;
    /// nothing was shown then.
    pub(crate) fn send(
        &self,
        body: &[u8],
        sender: Option<Sender>,
        ticket: Ticket,
        outbox: &Arc<Outbox>,
        hears: impl FnOnce(&RoomId) -> bool,
        span: Span,
    ) -> Result<(), (Ticket, Problem)> {
        let draft = match parse(body) {
            Ok(sent) => {
                let minted = TempId(Uuid::now_v7());
                match sender {
                    Some(sender) => sent.draft_of(sender, minted),
                    None => sent.draft_of_guest(minted),
                }
            }
            Err(problem) => return Err((ticket, problem)),
        };
        let draft = match draft {
            Ok(draft) => draft,
            Err(error) => {
                let problem =
                    Problem::new(ProblemCode::InvalidRequest, "The message breaks a rule.")
                        .pointing_at(error.pointer(), error.to_string());
                return Err((ticket, problem));
            }
        };
        let Some(place) = self.writer.reserve() else {
            return Err((ticket, overloaded()));
        };
        // Of a private room nobody shows anything before it is stored.
        if !draft.room.is_private() {
            let publishing = span.begins(span::PUBLISH_SHOWN, Kind::Producer);
            self.fanout.publish(Arc::new(Event::Shown {
                message: ChatMessageReceive::from(&draft),
                trace: publishing.context(),
            }));
        }
        place.post(Post {
            hears_room: hears(&draft.room),
            draft,
            ticket,
            outbox: Arc::clone(outbox),
            span,
        });
        Ok(())
    }
}

const NO_JSON: &str = "The body is not JSON; send {\"content\":…,\"roomId\":…}.";

const NO_MESSAGE: &str = "The JSON is not a message: it takes \"content\" and \"roomId\", and may \
     have \"sender\" and \"tempId\", all of them texts.";

fn parse(body: &[u8]) -> Result<ChatMessageSend, Problem> {
    // Serde would take an array of the members' values too.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::new(ProblemCode::InvalidRequest, NO_MESSAGE));
    }
    serde_json::from_slice(body).map_err(|error| {
        // The parser's text may quote what was said, so only its kind and place are told.
        let detail = if error.is_data() { NO_MESSAGE } else { NO_JSON };
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(ProblemCode::InvalidRequest, detail).pointing_at("", place)
    })
}

fn overloaded() -> Problem {
    Problem::new(
        ProblemCode::Overloaded,
        "More messages wait to be stored than this instance takes; send again later.",
    )
    .retry_after(std::time::Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(body: &str) -> String {
        parse(body.as_bytes())
            .expect_err("refused")
            .detail()
            .to_owned()
    }

    #[test]
    fn broken_json_and_json_that_is_no_message_are_told_apart() {
        assert!(detail("{").contains("not JSON"));
        assert!(detail("").contains("not JSON"));
        assert!(detail(&"{\"a\":[".repeat(10_000)).contains("not JSON"));
        assert!(detail(r#"{"content":"\ud800","roomId":"r"}"#).contains("not JSON"));
        assert!(detail(r#"["hi","lobby"]"#).contains("not a message"));
        assert!(detail("7").contains("not a message"));
        assert!(detail(r#"{"roomId":"r"}"#).contains("not a message"));
        assert!(detail(r#"{"content":7,"roomId":"r"}"#).contains("not a message"));
        assert!(detail(r#"{"content":"a","content":"b","roomId":"r"}"#).contains("not a message"));
    }

    #[test]
    fn a_refusal_never_repeats_what_was_said() {
        let problem = parse(br#"{"content":"hush","roomId":{"hush":1}}"#).expect_err("refused");
        assert!(!problem.to_json().contains("hush"));
    }
}
