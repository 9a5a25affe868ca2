//! The prepared statements of one client.

use std::collections::HashMap;

use bytes::Bytes;

use super::refusal::Refusal;

/// The most statements that a client may keep prepared. `sqlx` keeps 100.
pub(super) const STATEMENTS_MAX: usize = 1_000;

/// The most bytes of SQL in a client's prepared statements.
pub(super) const STATEMENTS_BYTES_MAX: usize = 16 << 20;

/// Maps the names that a client gives its statements (each client counts from 1) to names in the
/// session that all clients share, and keeps what is needed to prepare them again in a new engine.
#[derive(Debug)]
pub(super) struct Statements {
    client: u32,
    named_so_far: u64,
    by_name: HashMap<Bytes, Statement>,
    bytes: usize,
}

/// A statement as the client prepared it.
#[derive(Debug)]
pub(super) struct Statement {
    /// Its name in the shared session.
    pub(super) shared_name: String,
    /// What follows the name in the Parse message: SQL and parameter types.
    pub(super) definition: Bytes,
    /// Which engine has it.
    pub(super) presence: Presence,
}

/// Whether an engine knows a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Its Parse is on the way and not confirmed.
    Asked,
    /// The engine of this generation confirmed it; a later one does not know it.
    In { generation: u64 },
    /// No engine has it any more: it has to be prepared again before it is used.
    Gone,
}

impl Statements {
    /// The empty set of client number `client`.
    pub(super) fn new(client: u32) -> Self {
        Self {
            client,
            named_so_far: 0,
            by_name: HashMap::new(),
            bytes: 0,
        }
    }

    pub(super) fn find(&mut self, name: &[u8]) -> Option<&mut Statement> {
        self.by_name.get_mut(name)
    }

    /// Adds a statement that is about to be prepared, in the place of any of that name, and gives
    /// its name in the shared session.
    ///
    /// # Errors
    /// [`Refusal::TooManyStatements`] over [`STATEMENTS_MAX`] or [`STATEMENTS_BYTES_MAX`].
    pub(super) fn add(&mut self, name: Bytes, definition: Bytes) -> Result<String, Refusal> {
        self.remove(&name);
        self.bytes += definition.len();
        if self.by_name.len() >= STATEMENTS_MAX || self.bytes > STATEMENTS_BYTES_MAX {
            return Err(Refusal::TooManyStatements);
        }
        self.named_so_far += 1;
        let shared_name = format!("client_{}_{}", self.client, self.named_so_far);
        let statement = Statement {
            shared_name: shared_name.clone(),
            // A copy: the frame's own buffer may be much longer than this part of it.
            definition: Bytes::copy_from_slice(&definition),
            presence: Presence::Asked,
        };
        self.by_name
            .insert(Bytes::copy_from_slice(&name), statement);
        Ok(shared_name)
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Some(statement) = self.by_name.remove(name) {
            self.bytes -= statement.definition.len();
        }
    }

    /// The names in the shared session of all that an engine knows.
    pub(super) fn into_shared_names(self) -> Vec<String> {
        self.by_name
            .into_values()
            .filter(|statement| matches!(statement.presence, Presence::In { .. }))
            .map(|statement| statement.shared_name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clients_names_never_meet() {
        let mut one = Statements::new(1);
        let mut other = Statements::new(2);

        let names = [
            add(&mut one, "s"),
            add(&mut one, "t"),
            add(&mut other, "s"),
            add(&mut one, "s"),
        ];

        assert_eq!(
            names.map(|name| name.expect("there is room")),
            ["client_1_1", "client_1_2", "client_2_1", "client_1_3"]
        );
    }

    #[test]
    fn statements_are_bounded_and_removing_one_makes_room() {
        let mut statements = Statements::new(1);
        for number in 0..STATEMENTS_MAX {
            add(&mut statements, &number.to_string()).expect("there is room");
        }

        assert_eq!(
            add(&mut statements, "more"),
            Err(Refusal::TooManyStatements)
        );
        statements.remove(b"0");
        statements.remove(b"1");
        assert!(add(&mut statements, "more").is_ok());
    }

    #[test]
    fn only_confirmed_statements_have_to_be_closed() {
        let mut statements = Statements::new(1);
        add(&mut statements, "asked").expect("there is room");
        add(&mut statements, "confirmed").expect("there is room");
        let confirmed = statements.find(b"confirmed").expect("it was added");
        confirmed.presence = Presence::In { generation: 1 };

        assert_eq!(statements.into_shared_names(), ["client_1_2"]);
    }

    fn add(statements: &mut Statements, name: &str) -> Result<String, Refusal> {
        let name = Bytes::copy_from_slice(name.as_bytes());
        statements.add(name, Bytes::from_static(b"select 1\0\0\0"))
    }
}
