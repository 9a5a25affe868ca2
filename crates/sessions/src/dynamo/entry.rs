//! An entry of the feed of revocations.

use aws_sdk_dynamodb::types::AttributeValue;
use chat::UserId;

use super::attributes::{self, Item, item, number, text};
use super::fault::Fault;
use super::table::{Key, TIME_TO_LIVE};
use crate::SessionId;
use crate::person::Ended;
use crate::revocation::{Entry, EntryId};

const AT: &str = "at";
const UNIQUE: &str = "unique";
const USER: &str = "user";
const SESSIONS: &str = "sessions";
const SESSIONLESS: &str = "sessionless";

impl Entry {
    pub(super) fn to_item(&self) -> Item {
        let mut entry = item([
            (TIME_TO_LIVE, number(self.expires_at().seconds_up())),
            (AT, number(self.id.at.0)),
            (UNIQUE, text(self.id.unique.to_string())),
            (USER, text(self.user.to_string())),
            (SESSIONLESS, AttributeValue::Bool(self.ended.sessionless)),
        ]);
        entry.extend(Key::of_entry(self.id).to_item());
        // A set is never empty.
        if !self.ended.sessions.is_empty() {
            let sessions = self.ended.sessions.iter().map(SessionId::to_string);
            let sessions = AttributeValue::Ss(sessions.collect());
            entry.insert(SESSIONS.to_owned(), sessions);
        }
        entry
    }

    pub(super) fn from_item(item: &Item) -> Result<Self, Fault> {
        let sessions = match item.get(SESSIONS) {
            None => Vec::new(),
            Some(AttributeValue::Ss(sessions)) => sessions
                .iter()
                .map(|session| SessionId::parse(session))
                .collect::<Result<_, _>>()
                .map_err(|_| Fault::Malformed(SESSIONS))?,
            Some(_) => return Err(Fault::Malformed(SESSIONS)),
        };
        let Some(AttributeValue::Bool(sessionless)) = item.get(SESSIONLESS) else {
            return Err(Fault::Malformed(SESSIONLESS));
        };
        Ok(Self {
            id: EntryId {
                at: attributes::micros(item, AT)?,
                unique: attributes::uuid(item, UNIQUE)?,
            },
            user: UserId(attributes::uuid(item, USER)?),
            ended: Ended {
                sessions,
                sessionless: *sessionless,
            },
        })
    }
}
