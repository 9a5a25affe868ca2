//! What the multiplexer must know about a statement before the engine sees it.

/// How a statement has to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The client will send rows after it: they are collected first.
    CopyIn,
    /// It would change or use the session beyond its transaction, and all clients share that.
    NeedsOwnSession(&'static str),
    /// Anything else.
    Plain,
}

/// Classifies a statement by its first words.
///
/// This is a courtesy to honest clients, not a guard: the second statement of several in one text
/// and `set_config(…, false)` pass. What passes can disturb other clients' settings, never their
/// transactions.
pub(super) fn classify(sql: &[u8]) -> Kind {
    let mut words = Words(sql);
    match words.next().as_deref() {
        Some("COPY") if copies_from_client(&mut words) => Kind::CopyIn,
        Some("SET") => match words.next().as_deref() {
            Some("LOCAL" | "TRANSACTION" | "CONSTRAINTS") => Kind::Plain,
            _ => Kind::NeedsOwnSession("SET without LOCAL"),
        },
        Some("LISTEN") => Kind::NeedsOwnSession("LISTEN"),
        Some("UNLISTEN") => Kind::NeedsOwnSession("UNLISTEN"),
        Some("DISCARD") => Kind::NeedsOwnSession("DISCARD"),
        Some("DEALLOCATE") => Kind::NeedsOwnSession("DEALLOCATE"),
        _ => Kind::Plain,
    }
}

fn copies_from_client(words: &mut Words<'_>) -> bool {
    let mut after_from = false;
    for word in words {
        if after_from && word == "STDIN" {
            return true;
        }
        after_from = word == "FROM";
    }
    false
}

/// The words of a statement in capitals, without white space, punctuation and leading comments.
/// A quoted text is one word with its quotes.
struct Words<'a>(&'a [u8]);

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let &first = self.0.first()?;
            if self.0.starts_with(b"--") {
                self.skip_past(b"\n");
            } else if self.0.starts_with(b"/*") {
                self.skip_past(b"*/");
            } else if first == b'\'' || first == b'"' {
                let end = self.0[1..].iter().position(|&byte| byte == first);
                return Some(self.split(end.map_or(self.0.len(), |end| end + 2)));
            } else if is_word(first) {
                let end = self.0.iter().position(|&byte| !is_word(byte));
                return Some(self.split(end.unwrap_or(self.0.len())));
            } else {
                self.0 = &self.0[1..];
            }
        }
    }
}

impl Words<'_> {
    fn split(&mut self, at: usize) -> String {
        let (word, rest) = self.0.split_at(at);
        self.0 = rest;
        String::from_utf8_lossy(word).to_ascii_uppercase()
    }

    fn skip_past(&mut self, end: &[u8]) {
        let found = self.0.windows(end.len()).position(|bytes| bytes == end);
        self.0 = found.map_or(&[], |at| &self.0[at + end.len()..]);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_expected_after_a_copy_from_the_client() {
        for sql in [
            "COPY t FROM STDIN",
            "  copy t(a, b)\nfrom stdin with (format csv);",
            "/* why */ -- how\n copy t from stdin(format binary)",
        ] {
            assert_eq!(classify(sql.as_bytes()), Kind::CopyIn, "{sql}");
        }
    }

    #[test]
    fn other_copies_are_ordinary_statements() {
        for sql in [
            "COPY t TO STDOUT",
            "COPY t FROM 'STDIN'",
            "COPY t FROM '/tmp/stdin'",
            "INSERT INTO copy VALUES ('FROM STDIN')",
        ] {
            assert_eq!(classify(sql.as_bytes()), Kind::Plain, "{sql}");
        }
    }

    #[test]
    fn a_statement_that_outlives_its_transaction_is_named() {
        for (sql, name) in [
            ("set search_path to x", "SET without LOCAL"),
            ("SET SESSION lock_timeout = 1", "SET without LOCAL"),
            ("listen events", "LISTEN"),
            ("DISCARD ALL", "DISCARD"),
            ("deallocate all", "DEALLOCATE"),
        ] {
            assert_eq!(
                classify(sql.as_bytes()),
                Kind::NeedsOwnSession(name),
                "{sql}"
            );
        }
    }

    #[test]
    fn settings_of_one_transaction_are_ordinary() {
        for sql in [
            "SET LOCAL search_path TO x",
            "set transaction isolation level serializable",
            "SET CONSTRAINTS ALL DEFERRED",
            "UPDATE t SET a = 1",
            "",
            "/* endless",
        ] {
            assert_eq!(classify(sql.as_bytes()), Kind::Plain, "{sql}");
        }
    }
}
