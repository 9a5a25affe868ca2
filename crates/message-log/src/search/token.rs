//! What the index of messages holds: hashes of the room and of what is found there.

use chat::{Gram, RoomId, UserId};

/// How many places of a room share one block, whose number is mixed into the tokens. The same
/// stands in the migration that makes `chat_search_tokens`.
pub(super) const BLOCK_SEQS: i64 = 4096;

const PLAIN: u8 = 1;
const INITIALS: u8 = 2;
const SENDER: u8 = 3;
const SENDER_ID: u8 = 4;

/// Everything under which a message is found in its room, before its block is known.
pub(crate) fn tokens_of(
    room: &RoomId,
    sender: &str,
    sender_id: Option<UserId>,
    content: &str,
) -> Vec<i32> {
    let grams = chat::grams(content).into_iter();
    let mut tokens: Vec<i32> = grams.map(|gram| of_gram(room, gram)).collect();
    tokens.push(of_sender(room, sender));
    tokens.extend(sender_id.map(|id| of_sender_id(room, id)));
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

pub(super) fn of_gram(room: &RoomId, gram: Gram) -> i32 {
    let (family, first, second) = match gram {
        Gram::Plain(first, second) => (PLAIN, first, second),
        Gram::Initials(first, second) => (INITIALS, first, second),
    };
    let mut text = [0; 8];
    text[..4].copy_from_slice(&u32::from(first).to_be_bytes());
    text[4..].copy_from_slice(&u32::from(second).to_be_bytes());
    hash(room, family, &text)
}

pub(super) fn of_sender(room: &RoomId, name: &str) -> i32 {
    hash(room, SENDER, name.as_bytes())
}

pub(super) fn of_sender_id(room: &RoomId, id: UserId) -> i32 {
    hash(room, SENDER_ID, id.0.as_bytes())
}

/// The token as it is kept for messages of a block: what `chat_search_tokens` does in SQL.
pub(super) fn in_block(token: i32, block: i64) -> i32 {
    token ^ mark_of(block)
}

/// What is mixed into the tokens of a block.
pub(super) fn mark_of(block: i64) -> i32 {
    let mixed = i128::from(block) * 2_654_435_761 % 4_294_967_296 - 2_147_483_648;
    i32::try_from(mixed).expect("the rest of a division by 2^32, moved to the middle")
}

/// FNV-1a, finished as MurmurHash3 does: kept in tables, so it is the same for ever.
fn hash(room: &RoomId, family: u8, text: &[u8]) -> i32 {
    // No room's name contains the byte.
    let separator = [0xff, family];
    let bytes = room.as_str().as_bytes().iter();
    let bytes = bytes.chain(&separator).chain(text);
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let [.., a, b, c, d] = (hash ^ (hash >> 33)).to_be_bytes();
    i32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_it_was_when_the_tables_were_filled() {
        let room = RoomId::parse("lobby").expect("a room");
        let tokens = [
            of_gram(&room, Gram::Plain('안', '녕')),
            of_gram(&room, Gram::Initials('ㅇ', 'ㄴ')),
            of_sender(&room, "Ada"),
            in_block(7, 0),
            in_block(7, 1),
            in_block(7, 1_000_000),
        ];
        let expected = [
            -1_845_894_250,
            -955_486_728,
            -1_845_663_123,
            -2_147_483_641,
            506_952_118,
            2_090_667_591,
        ];
        assert_eq!(tokens, expected);
    }
}
