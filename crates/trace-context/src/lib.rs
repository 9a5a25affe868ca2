//! Where a piece of work stands in a trace, as it travels: the `traceparent` of W3C Trace Context
//! (<https://www.w3.org/TR/trace-context-1/#traceparent-header>), over HTTP, STOMP and the fan-out.
//!
//! It records nothing, so that whoever only passes a trace on carries nothing else.

use std::fmt;

/// The name of the header that carries a [`TraceContext`].
pub const TRACEPARENT: &str = "traceparent";

/// Which trace a piece of work belongs to, which span began it, and whether it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    is_sampled: bool,
}

impl TraceContext {
    /// How long a `traceparent` of version 00 is, in bytes.
    pub const BYTES: usize = 55;

    /// A place in a trace; `None` where an id is all zeroes, which stands for none.
    pub fn new(trace: [u8; 16], span: [u8; 8], is_sampled: bool) -> Option<Self> {
        let is_some = trace != [0; 16] && span != [0; 8];
        is_some.then_some(Self {
            trace,
            span,
            is_sampled,
        })
    }

    /// Reads a `traceparent`. `None` for what is none, and whose sender is then told nothing: a trace
    /// that breaks begins anew and stops no request. Of a version that is not known yet the known
    /// part is read (section 3.2.2, "Versioning of traceparent").
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.as_bytes().split_at_checked(Self::BYTES)?;
        let is_shaped = [2, 35, 52].iter().all(|&at| known[at] == b'-');
        let may_go_on = match hex::<1>(&known[..2])? {
            [0] => rest.is_empty(),
            [0xff] => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        if !is_shaped || !may_go_on {
            return None;
        }
        let [flags] = hex(&known[53..])?;
        Self::new(
            hex(&known[3..35])?,
            hex(&known[36..52])?,
            flags & SAMPLED != 0,
        )
    }

    /// The id of the trace.
    pub fn trace(&self) -> [u8; 16] {
        self.trace
    }

    /// The id of the span.
    pub fn span(&self) -> [u8; 8] {
        self.span
    }

    /// Whether whoever began it records it.
    pub fn is_sampled(&self) -> bool {
        self.is_sampled
    }

    /// The trace's id as logs name it.
    pub fn trace_id(&self) -> impl fmt::Display {
        Hex(self.trace)
    }
}

/// As a `traceparent` of version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.is_sampled { SAMPLED } else { 0 };
        write!(f, "00-{}-{}-{flags:02x}", Hex(self.trace), Hex(self.span))
    }
}

/// The flag of a trace that is recorded (section 3.2.2.5.1).
const SAMPLED: u8 = 1;

struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes that lower-case digits stand for: the specification knows no others.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in [GOOD, &GOOD.replace("-01", "-00")] {
            let context = TraceContext::parse(text).expect("good");
            assert_eq!(context.to_string(), text);
            assert_eq!(context.is_sampled(), text.ends_with('1'));
        }
        let context = TraceContext::parse(GOOD).expect("good");
        assert_eq!(context.trace_id().to_string(), &GOOD[3..35]);
    }

    #[test]
    fn of_a_later_version_the_known_part_is_read_and_flags_that_are_not_known_are_dropped() {
        let later = GOOD.replacen("00-", "01-", 1) + "-more";
        let context = TraceContext::parse(&later).expect("a later one");
        assert_eq!(context.to_string(), GOOD);
        let flagged = GOOD.replace("-01", "-ff");
        assert_eq!(TraceContext::parse(&flagged), Some(context));
    }

    #[test]
    fn what_breaks_the_form_is_no_trace() {
        for wrong in [
            "".to_owned(),
            GOOD[..54].to_owned(),
            format!("{GOOD}-more"),
            GOOD.to_uppercase(),
            GOOD.replacen("00-", "ff-", 1),
            GOOD.replacen("00-", "01-", 1) + "more",
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace('-', "_"),
            GOOD.replace("4b", "4g"),
            "é".repeat(28),
        ] {
            assert_eq!(TraceContext::parse(&wrong), None, "{wrong}");
        }
    }
}
