//! A user's item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attributes::{self, Item, blob, item, number, text};
use super::fault::Fault;
use super::lease::Lease;
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

impl Lease for Person {
    fn to_item(&self) -> Item {
        let sessions = self.sessions.iter().map(Record::to_item);
        let sessions = sessions.map(AttributeValue::M).collect();
        let mut person = item([(SESSIONS, AttributeValue::L(sessions))]);
        if let Some(at) = self.ended_at {
            person.insert(ENDED_AT.to_owned(), number(at.0));
        }
        person
    }

    fn from_item(item: &Item) -> Result<Self, Fault> {
        let sessions = attributes::maps(item, SESSIONS)?;
        Ok(Self {
            sessions: sessions
                .into_iter()
                .map(Record::from_item)
                .collect::<Result<_, _>>()?,
            ended_at: attributes::optional_integer(item, ENDED_AT)?.map(Micros),
        })
    }

    fn forget_the_dead(&mut self, now: Micros) {
        self.forget_the_dead(now);
    }

    fn expires_at(&self) -> Option<Micros> {
        self.expires_at()
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn record()(
            id in any::<u128>(), mark: [u8; 32], newest: [u8; 32], created_at: i64, last_used_at: i64,
            end in 0_i64..4_000_000_000, user_agent in prop::option::of("[ -~]{1,256}"), address: Option<IpAddr>,
            turn in prop::option::of(any::<([u8; 32], [u8; 32], i64)>()),
        ) -> Record {
            Record {
                id: SessionId(uuid::Uuid::from_u128(id)),
                created_at: Micros(created_at),
                last_used_at: Micros(last_used_at),
                expires_at: Micros::from_seconds(end),
                client: ClientInfo { user_agent, address },
                family: Family {
                    mark: Digest(mark),
                    newest: Digest(newest),
                    last_turn: turn.map(|(replaced, salt, at)| Turn {
                        replaced: Digest(replaced),
                        salt: Salt(salt),
                        at: Micros(at),
                    }),
                },
            }
        }
    }

    proptest! {
        #[test]
        fn a_person_survives_the_item(
            sessions in prop::collection::vec(record(), 0..10), ended_at: Option<i64>,
        ) {
            let person = Person { sessions, ended_at: ended_at.map(Micros) };
            let read = Person::from_item(&person.to_item());
            prop_assert!(read.is_ok_and(|read| read == person));
        }
    }
}
