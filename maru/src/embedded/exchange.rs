//! What a client says until it waits for an answer.

use super::refusal::Refusal;
use super::sql::{self, Kind};
use super::wire::{self, Frame};

/// The most that a client may say before it waits for an answer, in bytes: it is held in memory,
/// rows of a COPY included.
pub(super) const EXCHANGE_BYTES_MAX: usize = 64 << 20;

/// Collects a client's frames, so that the engine sees an exchange in one piece and no client can
/// hold the session by sending slowly.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    frames: Vec<Frame>,
    bytes: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Gathering,
    /// Rows of a COPY follow.
    Copying,
    /// An exchange was answered with an error: everything up to the next Sync is dropped.
    Skipping,
}

/// What a frame leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More has to come first.
    Gather,
    /// The client waits to be asked for the rows of its COPY.
    AskForRows,
    /// The client waits for the engine's answer to all that was gathered.
    Run,
    /// The client waits to hear that the dropped exchange is over.
    Ready,
    /// The client leaves.
    Leave,
}

impl Exchange {
    /// Takes the client's next frame.
    ///
    /// # Errors
    /// The [`Refusal`] where the client has to be cut off.
    pub(super) fn push(&mut self, frame: Frame) -> Result<Step, Refusal> {
        match (self.state, frame.tag) {
            (_, b'X') => Ok(Step::Leave),
            (State::Skipping, b'S') => {
                self.state = State::Gathering;
                Ok(Step::Ready)
            }
            (State::Skipping, _) => Ok(Step::Gather),
            (State::Copying, _) => self.push_row(frame),
            // A client that did not see its COPY fail yet goes on sending: PostgreSQL drops it, too.
            (State::Gathering, b'd' | b'c' | b'f') => Ok(Step::Gather),
            (State::Gathering, b'Q') => self.push_query(frame),
            (State::Gathering, b'P') => self.push_parse(frame),
            (State::Gathering, b'B' | b'C' | b'D' | b'E') => self.keep(frame, Step::Gather),
            (State::Gathering, b'S' | b'H') => self.keep(frame, Step::Run),
            // An unknown message would end the engine, not only this client.
            (State::Gathering, tag) => Err(Refusal::UnknownMessage(tag)),
        }
    }

    /// Hands over what was gathered, at [`Step::Run`].
    pub(super) fn take(&mut self) -> Vec<Frame> {
        self.bytes = 0;
        std::mem::take(&mut self.frames)
    }

    /// Drops what follows up to the next Sync, as after any error within an exchange.
    pub(super) fn skip_to_sync(&mut self) {
        self.state = State::Skipping;
    }

    fn push_query(&mut self, frame: Frame) -> Result<Step, Refusal> {
        let (text, _) = wire::split_text(&frame.body).ok_or(Refusal::Malformed)?;
        match sql::classify(text) {
            Kind::NeedsOwnSession(what) => Err(Refusal::NeedsOwnSession(what)),
            Kind::Plain => self.keep(frame, Step::Run),
            Kind::CopyIn => {
                self.state = State::Copying;
                self.keep(frame, Step::AskForRows)
            }
        }
    }

    fn push_parse(&mut self, frame: Frame) -> Result<Step, Refusal> {
        let (_, rest) = wire::split_text(&frame.body).ok_or(Refusal::Malformed)?;
        let (text, _) = wire::split_text(rest).ok_or(Refusal::Malformed)?;
        match sql::classify(text) {
            Kind::NeedsOwnSession(what) => Err(Refusal::NeedsOwnSession(what)),
            Kind::Plain => self.keep(frame, Step::Gather),
            Kind::CopyIn => Err(Refusal::NeedsOwnSession("a prepared COPY FROM STDIN")),
        }
    }

    fn push_row(&mut self, frame: Frame) -> Result<Step, Refusal> {
        match frame.tag {
            b'd' => self.keep(frame, Step::Gather),
            b'c' | b'f' => {
                self.state = State::Gathering;
                self.keep(frame, Step::Run)
            }
            b'S' | b'H' => Ok(Step::Gather),
            tag => Err(Refusal::UnknownMessage(tag)),
        }
    }

    fn keep(&mut self, frame: Frame, step: Step) -> Result<Step, Refusal> {
        self.bytes += size_of::<Frame>() + frame.body.len();
        if self.bytes > EXCHANGE_BYTES_MAX {
            return Err(Refusal::TooBig);
        }
        self.frames.push(frame);
        Ok(step)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn an_extended_query_runs_at_its_sync() {
        let mut exchange = Exchange::default();

        assert_eq!(
            says(&mut exchange, b'P', b"\0select 1\0\0\0"),
            Ok(Step::Gather)
        );
        assert_eq!(
            says(&mut exchange, b'B', b"\0\0\0\0\0\0\0\0"),
            Ok(Step::Gather)
        );
        assert_eq!(says(&mut exchange, b'E', b"\0\0\0\0\0"), Ok(Step::Gather));
        assert_eq!(says(&mut exchange, b'S', b""), Ok(Step::Run));
        assert_eq!(tags(&exchange.take()), b"PBES");
        assert_eq!(says(&mut exchange, b'Q', b"select 1\0"), Ok(Step::Run));
        assert_eq!(tags(&exchange.take()), b"Q");
    }

    #[test]
    fn the_rows_of_a_copy_are_gathered_to_its_end() {
        let mut exchange = Exchange::default();

        assert_eq!(
            says(&mut exchange, b'Q', b"copy t from stdin\0"),
            Ok(Step::AskForRows)
        );
        assert_eq!(says(&mut exchange, b'd', b"1\n"), Ok(Step::Gather));
        assert_eq!(says(&mut exchange, b'H', b""), Ok(Step::Gather));
        assert_eq!(says(&mut exchange, b'c', b""), Ok(Step::Run));
        assert_eq!(tags(&exchange.take()), b"Qdc");
        assert_eq!(says(&mut exchange, b'd', b"late\n"), Ok(Step::Gather));
        assert!(exchange.take().is_empty());
    }

    #[test]
    fn what_follows_a_failed_exchange_is_dropped_up_to_sync() {
        let mut exchange = Exchange::default();
        exchange.skip_to_sync();

        assert_eq!(
            says(&mut exchange, b'Q', b"delete from t\0"),
            Ok(Step::Gather)
        );
        assert_eq!(says(&mut exchange, b'S', b""), Ok(Step::Ready));
        assert_eq!(says(&mut exchange, b'S', b""), Ok(Step::Run));
        assert_eq!(tags(&exchange.take()), b"S");
    }

    #[test]
    fn what_the_engine_would_not_survive_is_refused() {
        for (tag, body) in [(b'?', &b""[..]), (b'F', b""), (b'p', b"secret\0")] {
            let refused = says(&mut Exchange::default(), tag, body);
            assert_eq!(refused, Err(Refusal::UnknownMessage(tag)));
        }
        let prepared_copy = says(&mut Exchange::default(), b'P', b"\0copy t from stdin\0\0\0");
        assert!(matches!(prepared_copy, Err(Refusal::NeedsOwnSession(_))));
    }

    #[test]
    fn an_endless_exchange_is_refused() {
        let mut exchange = Exchange::default();
        let row = Bytes::from(vec![0; 1 << 20]);
        says(&mut exchange, b'Q', b"copy t from stdin\0").expect("it is sound");

        let refused = (0..).find_map(|rows| {
            let frame = Frame {
                tag: b'd',
                body: row.clone(),
            };
            exchange.push(frame).err().map(|refusal| (rows, refusal))
        });

        assert_eq!(refused, Some((63, Refusal::TooBig)));
    }

    fn says(exchange: &mut Exchange, tag: u8, body: &'static [u8]) -> Result<Step, Refusal> {
        let body = Bytes::from_static(body);
        exchange.push(Frame { tag, body })
    }

    fn tags(frames: &[Frame]) -> Vec<u8> {
        frames.iter().map(|frame| frame.tag).collect()
    }
}
