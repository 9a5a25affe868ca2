//! A user's item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attributes::{self, Item, blob, item, number, text};
use super::fault::Fault;
use crate::family::{Family, Turn};
use crate::micros::Micros;
use crate::person::Person;
use crate::record::Record;
use crate::token::{Digest, Salt};
use crate::{ClientInfo, SessionId};

const SESSIONS: &str = "sessions";
const ENDED_AT: &str = "endedAt";

const ID: &str = "id";
const CREATED_AT: &str = "createdAt";
const LAST_USED_AT: &str = "lastUsedAt";
const EXPIRES_AT: &str = "expiresAt";
const USER_AGENT: &str = "userAgent";
const ADDRESS: &str = "address";
const MARK: &str = "mark";
const NEWEST: &str = "newest";
const TURN: &str = "turn";

const REPLACED: &str = "replaced";
const SALT: &str = "salt";
const AT: &str = "at";

impl Person {
    pub(super) fn to_item(&self) -> Item {
        let sessions = self.sessions.iter().map(Record::to_item);
        let sessions = sessions.map(AttributeValue::M).collect();
        let mut person = item([(SESSIONS, AttributeValue::L(sessions))]);
        if let Some(at) = self.ended_at {
            person.insert(ENDED_AT.to_owned(), number(at.0));
        }
        person
    }

    pub(super) fn from_item(item: &Item) -> Result<Self, Fault> {
        let sessions = attributes::maps(item, SESSIONS)?;
        Ok(Self {
            sessions: sessions
                .into_iter()
                .map(Record::from_item)
                .collect::<Result<_, _>>()?,
            ended_at: attributes::optional_integer(item, ENDED_AT)?.map(Micros),
        })
    }
}

impl Record {
    fn to_item(&self) -> Item {
        let mut record = item([
            (ID, text(self.id.to_string())),
            (CREATED_AT, number(self.created_at.0)),
            (LAST_USED_AT, number(self.last_used_at.0)),
            (EXPIRES_AT, number(self.expires_at.seconds_up())),
            (MARK, blob(&self.family.mark.0)),
            (NEWEST, blob(&self.family.newest.0)),
        ]);
        if let Some(user_agent) = &self.client.user_agent {
            record.insert(USER_AGENT.to_owned(), text(user_agent));
        }
        if let Some(address) = &self.client.address {
            record.insert(ADDRESS.to_owned(), text(address.to_string()));
        }
        if let Some(turn) = &self.family.last_turn {
            let turn = item([
                (REPLACED, blob(&turn.replaced.0)),
                (SALT, blob(&turn.salt.0)),
                (AT, number(turn.at.0)),
            ]);
            record.insert(TURN.to_owned(), AttributeValue::M(turn));
        }
        record
    }

    fn from_item(item: &Item) -> Result<Self, Fault> {
        let address = match attributes::optional_text(item, ADDRESS)? {
            Some(text) => Some(text.parse().map_err(|_| Fault::Malformed(ADDRESS))?),
            None => None,
        };
        let last_turn = match attributes::optional_map(item, TURN)? {
            Some(turn) => Some(Turn {
                replaced: Digest(attributes::bytes(turn, REPLACED)?),
                salt: Salt(attributes::bytes(turn, SALT)?),
                at: attributes::micros(turn, AT)?,
            }),
            None => None,
        };
        Ok(Self {
            id: SessionId(attributes::uuid(item, ID)?),
            created_at: attributes::micros(item, CREATED_AT)?,
            last_used_at: attributes::micros(item, LAST_USED_AT)?,
            expires_at: Micros::from_seconds(attributes::integer(item, EXPIRES_AT)?),
            client: ClientInfo {
                user_agent: attributes::optional_text(item, USER_AGENT)?.map(str::to_owned),
                address,
            },
            family: Family {
                mark: Digest(attributes::bytes(item, MARK)?),
                newest: Digest(attributes::bytes(item, NEWEST)?),
                last_turn,
            },
        })
    }
}
