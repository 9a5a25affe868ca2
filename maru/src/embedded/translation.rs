//! Makes one client's messages fit for a session that it shares, and the answers fit for the client.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::refusal::Refusal;
use super::statements::{Presence, Statements};
use super::wire::{self, Frame};

/// Ends a COPY that the client's rows were not gathered for. Outside of a COPY PostgreSQL ignores
/// the message; in one, without it, the end of the input would end the engine.
const NO_ROWS: &[u8] =
    b"the embedded Postgres takes COPY FROM STDIN only as the first words of a simple query\0";

/// A statement name that no client's statement has in the shared session.
const UNKNOWN: &str = "unknown_";

/// Renames one client's prepared statements, prepares again what a new engine does not know, and
/// takes the answers to what was added out of the engine's answers.
#[derive(Debug)]
pub(super) struct Translation {
    statements: Statements,
    awaited: VecDeque<Awaited>,
}

/// A confirmation that the engine owes, unless an error makes it skip the message.
#[derive(Debug)]
enum Awaited {
    /// ParseComplete; of the statement with this name, if it is a new one.
    Parse { name: Option<Bytes>, added: bool },
    /// CloseComplete; of the statement with this name, if it is one of the client's.
    Close { name: Option<Bytes>, added: bool },
}

impl Translation {
    /// Starts without statements.
    pub(super) fn new(client: u32) -> Self {
        Self {
            statements: Statements::new(client),
            awaited: VecDeque::new(),
        }
    }

    /// The request to the engine of this `generation` that does what the client's frames ask for.
    ///
    /// # Errors
    /// [`Refusal::TooManyStatements`].
    pub(super) fn request(&mut self, frames: &[Frame], generation: u64) -> Result<Bytes, Refusal> {
        let mut out = BytesMut::new();
        for Frame { tag, body } in frames {
            match (tag, body.first()) {
                (b'P', _) => self.parse(&mut out, body, generation)?,
                (b'B', _) => self.bind(&mut out, body, generation),
                (b'D', Some(b'S')) => self.describe(&mut out, body, generation),
                (b'C', Some(b'S')) => self.close(&mut out, body),
                (b'C', _) => {
                    self.awaited.push_back(Awaited::Close {
                        name: None,
                        added: false,
                    });
                    wire::put(&mut out, b'C', &[body]);
                }
                (b'E', _) => {
                    wire::put(&mut out, b'E', &[body]);
                    wire::put(&mut out, b'f', &[NO_ROWS]);
                }
                (&tag, _) => wire::put(&mut out, tag, &[body]),
            }
        }
        // A text of several statements may hold one COPY more than there are rows for.
        if frames.iter().any(|frame| frame.tag == b'Q') {
            wire::put(&mut out, b'f', &[NO_ROWS]);
        }
        Ok(out.freeze())
    }

    /// What the client hears of the engine's answer.
    pub(super) fn answer(&mut self, answer: Bytes, generation: u64) -> Bytes {
        let mut out = BytesMut::with_capacity(answer.len());
        for message in wire::messages(answer) {
            let is_for_client = match message[0] {
                b'1' | b'3' => self.confirm(generation),
                // Notifications of a LISTEN by nobody knows whom; rows were asked for already.
                b'A' | b'G' => false,
                b'Z' => {
                    self.give_up_awaiting();
                    true
                }
                _ => true,
            };
            if is_for_client {
                out.extend_from_slice(&message);
            }
        }
        out.freeze()
    }

    /// The names of the client's statements in the shared session, for closing them behind it.
    pub(super) fn into_shared_names(self) -> Vec<String> {
        self.statements.into_shared_names()
    }

    fn parse(&mut self, out: &mut BytesMut, body: &Bytes, generation: u64) -> Result<(), Refusal> {
        let (name, definition) = wire::split_text(body).ok_or(Refusal::Malformed)?;
        let (name, definition) = (body.slice_ref(name), body.slice_ref(definition));
        let known = self
            .statements
            .find(&name)
            .map(|known| (known.shared_name.clone(), known.presence));
        match known {
            // The engine is to say that the name is taken.
            Some((shared_name, _)) if !name.is_empty() => {
                self.prepare_again(out, &name, generation);
                self.awaited.push_back(Awaited::Parse {
                    name: None,
                    added: false,
                });
                put_parse(out, &shared_name, &definition);
                return Ok(());
            }
            // The unnamed statement is replaced without a word, and here it has a name.
            Some((shared_name, presence)) if may_be_in(presence, generation) => {
                self.awaited.push_back(Awaited::Close {
                    name: None,
                    added: true,
                });
                put_close(out, &shared_name);
            }
            _ => {}
        }
        let shared_name = self.statements.add(name.clone(), definition.clone())?;
        self.awaited.push_back(Awaited::Parse {
            name: Some(name),
            added: false,
        });
        put_parse(out, &shared_name, &definition);
        Ok(())
    }

    fn bind(&mut self, out: &mut BytesMut, body: &Bytes, generation: u64) {
        let parts = wire::split_text(body)
            .and_then(|(portal, rest)| Some((portal, wire::split_text(rest)?)));
        let Some((portal, (name, rest))) = parts else {
            // PostgreSQL has the right error for a malformed Bind.
            return wire::put(out, b'B', &[body]);
        };
        let shared_name = self.shared_name(out, name, generation);
        wire::put(
            out,
            b'B',
            &[portal, b"\0", shared_name.as_bytes(), b"\0", rest],
        );
    }

    fn describe(&mut self, out: &mut BytesMut, body: &Bytes, generation: u64) {
        let Some((name, rest)) = wire::split_text(&body[1..]) else {
            return wire::put(out, b'D', &[body]);
        };
        let shared_name = self.shared_name(out, name, generation);
        wire::put(out, b'D', &[b"S", shared_name.as_bytes(), b"\0", rest]);
    }

    fn close(&mut self, out: &mut BytesMut, body: &Bytes) {
        let Some((name, rest)) = wire::split_text(&body[1..]) else {
            return wire::put(out, b'C', &[body]);
        };
        let known = self
            .statements
            .find(name)
            .map(|known| known.shared_name.clone());
        self.awaited.push_back(Awaited::Close {
            name: Some(body.slice_ref(name)),
            added: false,
        });
        let shared_name = known.unwrap_or_else(|| unknown(name));
        wire::put(out, b'C', &[b"S", shared_name.as_bytes(), b"\0", rest]);
    }

    fn shared_name(&mut self, out: &mut BytesMut, name: &[u8], generation: u64) -> String {
        self.prepare_again(out, name, generation);
        match self.statements.find(name) {
            Some(statement) => statement.shared_name.clone(),
            None => unknown(name),
        }
    }

    fn prepare_again(&mut self, out: &mut BytesMut, name: &[u8], generation: u64) {
        let Some(statement) = self.statements.find(name) else {
            return;
        };
        if may_be_in(statement.presence, generation) {
            return;
        }
        statement.presence = Presence::Asked;
        put_parse(out, &statement.shared_name, &statement.definition);
        self.awaited.push_back(Awaited::Parse {
            name: Some(Bytes::copy_from_slice(name)),
            added: true,
        });
    }

    /// Notes a confirmation; whether it is the client's to hear.
    fn confirm(&mut self, generation: u64) -> bool {
        match self.awaited.pop_front() {
            Some(Awaited::Parse { name, added }) => {
                if let Some(statement) = name.and_then(|name| self.statements.find(&name)) {
                    statement.presence = Presence::In { generation };
                }
                !added
            }
            Some(Awaited::Close { name, added }) => {
                if let Some(name) = name {
                    self.statements.remove(&name);
                }
                !added
            }
            None => true,
        }
    }

    /// At the end of an exchange: what was not confirmed was skipped after an error.
    fn give_up_awaiting(&mut self) {
        for awaited in std::mem::take(&mut self.awaited) {
            let Awaited::Parse {
                name: Some(name),
                added,
            } = awaited
            else {
                continue;
            };
            if !added {
                self.statements.remove(&name);
            } else if let Some(statement) = self.statements.find(&name) {
                statement.presence = Presence::Gone;
            }
        }
    }
}

fn may_be_in(presence: Presence, generation: u64) -> bool {
    presence == Presence::Asked || presence == Presence::In { generation }
}

fn unknown(name: &[u8]) -> String {
    format!("{UNKNOWN}{}", String::from_utf8_lossy(name))
}

fn put_parse(out: &mut BytesMut, shared_name: &str, definition: &[u8]) {
    wire::put(out, b'P', &[shared_name.as_bytes(), b"\0", definition]);
}

/// Asks the engine to forget a statement.
pub(super) fn put_close(out: &mut BytesMut, shared_name: &str) {
    wire::put(out, b'C', &[b"S", shared_name.as_bytes(), b"\0"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"select 1\0\0\0";

    #[test]
    fn a_statement_is_renamed_wherever_it_is_named() {
        let mut client = Peer::new(1);

        client.says(&[
            (b'P', &[b"s\0", ONE]),
            (b'D', &[b"Ss\0"]),
            (b'B', &[b"\0s\0", &[0; 6]]),
        ]);

        client.engine_hears(&[
            (b'P', &[b"client_1_1\0", ONE]),
            (b'D', &[b"Sclient_1_1\0"]),
            (b'B', &[b"\0client_1_1\0", &[0; 6]]),
        ]);
    }

    #[test]
    fn the_unnamed_statement_is_replaced_without_the_client_hearing_of_it() {
        let mut client = Peer::new(1);
        client.says(&[(b'P', &[b"\0", ONE])]);
        client.hears(b"1Z", b"1Z");

        client.says(&[(b'P', &[b"\0", ONE])]);

        client.engine_hears(&[(b'C', &[b"Sclient_1_1\0"]), (b'P', &[b"client_1_2\0", ONE])]);
        client.hears(b"31Z", b"1Z");
    }

    #[test]
    fn a_new_engine_is_told_a_statement_again_before_its_use() {
        let mut client = Peer::new(1);
        client.says(&[(b'P', &[b"s\0", ONE])]);
        client.hears(b"1Z", b"1Z");
        client.generation += 1;

        let bind: Spoken = (b'B', &[b"\0s\0", &[0; 6]]);
        client.says(&[bind, bind]);

        let renamed: Spoken = (b'B', &[b"\0client_1_1\0", &[0; 6]]);
        client.engine_hears(&[(b'P', &[b"client_1_1\0", ONE]), renamed, renamed]);
        client.hears(b"122Z", b"22Z");
        client.says(&[bind]);
        client.engine_hears(&[renamed]);
    }

    #[test]
    fn a_statement_that_could_not_be_told_again_is_told_the_next_time() {
        let mut client = Peer::new(1);
        client.says(&[(b'P', &[b"s\0", ONE])]);
        client.hears(b"1Z", b"1Z");
        client.generation += 1;
        let bind: Spoken = (b'B', &[b"\0s\0", &[0; 6]]);

        client.says(&[bind]);
        client.hears(b"EZ", b"EZ");
        client.says(&[bind]);

        let renamed: Spoken = (b'B', &[b"\0client_1_1\0", &[0; 6]]);
        client.engine_hears(&[(b'P', &[b"client_1_1\0", ONE]), renamed]);
    }

    #[test]
    fn a_statement_that_was_never_confirmed_is_forgotten() {
        let mut client = Peer::new(1);
        client.says(&[(b'P', &[b"s\0", b"selec\0\0\0"])]);
        client.hears(b"EZ", b"EZ");

        client.says(&[(b'B', &[b"\0s\0", &[0; 6]])]);
        client.engine_hears(&[(b'B', &[b"\0unknown_s\0", &[0; 6]])]);
        client.hears(b"EZ", b"EZ");

        assert!(client.translation.into_shared_names().is_empty());
    }

    #[test]
    fn a_closed_statement_is_gone_and_a_closed_portal_is_not_taken_for_one() {
        let mut client = Peer::new(1);
        client.says(&[(b'P', &[b"s\0", ONE]), (b'C', &[b"P\0"])]);
        client.hears(b"13Z", b"13Z");

        client.says(&[(b'C', &[b"Ss\0"])]);
        client.engine_hears(&[(b'C', &[b"Sclient_1_1\0"])]);
        client.hears(b"3Z", b"3Z");

        assert!(client.translation.into_shared_names().is_empty());
    }

    #[test]
    fn a_copy_without_rows_is_ended_and_never_announced() {
        let mut client = Peer::new(1);

        client.says(&[
            (b'E', &[b"\0\0\0\0\0"]),
            (b'Q', &[b"select 1; copy t from stdin\0"]),
        ]);

        client.engine_hears(&[
            (b'E', &[b"\0\0\0\0\0"]),
            (b'f', &[NO_ROWS]),
            (b'Q', &[b"select 1; copy t from stdin\0"]),
            (b'f', &[NO_ROWS]),
        ]);
        client.hears(b"TDCGEZ", b"TDCEZ");
    }

    #[test]
    fn rows_that_were_gathered_are_handed_on() {
        let mut client = Peer::new(1);
        let [query, row, end]: [Spoken; 3] = [
            (b'Q', &[b"copy t from stdin\0"]),
            (b'd', &[b"1\n"]),
            (b'c', &[]),
        ];

        client.says(&[query, row, end]);

        client.engine_hears(&[query, row, end, (b'f', &[NO_ROWS])]);
        client.hears(b"GCZ", b"CZ");
    }

    type Spoken<'a> = (u8, &'a [&'a [u8]]);

    /// A client on one side and an engine on the other.
    struct Peer {
        translation: Translation,
        generation: u64,
        request: Bytes,
    }

    impl Peer {
        fn new(client: u32) -> Self {
            Self {
                translation: Translation::new(client),
                generation: 1,
                request: Bytes::new(),
            }
        }

        fn says(&mut self, spoken: &[Spoken<'_>]) {
            let frames: Vec<Frame> = spoken
                .iter()
                .map(|&(tag, parts)| Frame {
                    tag,
                    body: parts.concat().into(),
                })
                .collect();
            self.request = self
                .translation
                .request(&frames, self.generation)
                .expect("the statements are few");
        }

        fn engine_hears(&self, expected: &[Spoken<'_>]) {
            let mut whole = BytesMut::new();
            for (tag, parts) in expected {
                wire::put(&mut whole, *tag, parts);
            }
            assert_eq!(self.request, whole.freeze());
        }

        fn hears(&mut self, engine_says: &[u8], client_hears: &[u8]) {
            let mut whole = BytesMut::new();
            for &tag in engine_says {
                wire::put(&mut whole, tag, &[b"body"]);
            }
            let answer = self.translation.answer(whole.freeze(), self.generation);
            let tags: Vec<u8> = wire::messages(answer).map(|message| message[0]).collect();
            assert_eq!(tags, client_hears);
        }
    }
}
