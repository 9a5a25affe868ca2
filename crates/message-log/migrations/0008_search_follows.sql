-- Up to which number of a room the index of what is said has taken in its changes. No row: nothing
-- yet. Beside the rooms' own rows, so that nobody who writes waits for whoever fills the index.
CREATE TABLE chat_search_progress (
    room_id text COLLATE "C" PRIMARY KEY,
    rev bigint NOT NULL
);

-- The index is filled behind the commits, many messages at a time: with a pending list, which whoever
-- fills it empties at once, that costs a fraction of what one entry after the other does.
ALTER INDEX chat_message_search_tokens SET (fastupdate = on);
