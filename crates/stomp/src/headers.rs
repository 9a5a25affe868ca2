//! The headers of one frame.

use std::fmt;

/// Header entries in the order in which they came, unescaped.
///
/// One allocation holds them all: a header can contain every character but NUL, so NUL separates.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `name NUL value NUL` for each entry.
    text: String,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// No headers yet, and room for `bytes` of names and values.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
        }
    }

    /// The value of the first entry of that name: later ones are history (STOMP 1.2, "Repeated
    /// Header Entries"). Names are case sensitive.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, value)| value)
    }

    /// Every entry, repeated ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut parts = self.text.split_terminator('\0');
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// The number of entries, repeated ones included.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Appends an entry. A NUL, which no header can contain, becomes a space.
    pub fn push(&mut self, name: &str, value: &str) {
        for part in [name, value] {
            self.push_part(|text| {
                text.extend(part.chars().map(|c| if c == '\0' { ' ' } else { c }))
            });
        }
    }

    /// Appends a name or a value, by turns. What `write` appends must hold no NUL.
    pub(crate) fn push_part<T>(&mut self, write: impl FnOnce(&mut String) -> T) -> T {
        let written = write(&mut self.text);
        self.text.push('\0');
        written
    }

    /// The bytes of all names and values, separators included.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(entries: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in entries {
            headers.push(name, value);
        }
        headers
    }
}

/// Shows entries as a map, without the values of those that carry secrets.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_secret = |name: &str| {
            ["passcode", "authorization"]
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
        };
        f.debug_map()
            .entries(
                self.iter()
                    .map(|(name, value)| (name, if is_secret(name) { "…" } else { value })),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_repeated_entries_is_the_value_and_all_are_kept() {
        let headers = Headers::from_iter([("foo", "World"), ("foo", "Hello"), ("empty", "")]);
        assert_eq!(headers.get("foo"), Some("World"));
        assert_eq!(headers.get("empty"), Some(""));
        assert_eq!(headers.get("Foo"), None);
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn an_entry_cannot_smuggle_in_another_one() {
        let headers = Headers::from_iter([("a", "b\0role\0admin")]);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers.get("role"), None);
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let headers = Headers::from_iter([("passcode", "s3cret"), ("Authorization", "s3cret")]);
        assert!(!format!("{headers:?}").contains("s3cret"));
    }
}
