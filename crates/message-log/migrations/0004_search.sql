-- What an index of the messages' texts holds, beside the messages: nothing is written to the rows
-- that are there. A deleted message has no row here.
CREATE TABLE chat_message_search (
    room_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    tokens int4[] NOT NULL,
    PRIMARY KEY (room_id, seq)
);

-- Without a pending list, which every search would read whole, for each of its probes.
CREATE INDEX chat_message_search_tokens
    ON chat_message_search USING gin (tokens) WITH (fastupdate = off);

-- The tokens of a message: its grams, which are hashes of the room and of what is said, each mixed
-- with the number of the block of 4096 places that the message stands in. A search asks block after
-- block from the newest on, so what it costs does not grow with the room.
CREATE FUNCTION chat_search_tokens(grams int4[], seq bigint) RETURNS int4[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        array_agg(gram # (seq / 4096 * 2654435761 % 4294967296 - 2147483648)::int4), '{}'
    )
    FROM unnest(grams) AS gram
$$;

-- The first place of a room whose message is not older than a time, found by halving: times only
-- grow with the places. One behind the last number where all are older.
CREATE FUNCTION chat_seq_at(room text, moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    WITH RECURSIVE half (low, high) AS (
        SELECT 0::bigint, coalesce((SELECT last_seq FROM chat_room WHERE room_id = room), 0) + 1
        UNION ALL
        SELECT
            CASE WHEN probe.created_at < moment THEN probe.seq ELSE half.low END,
            CASE WHEN probe.created_at < moment THEN half.high ELSE (half.low + half.high) / 2 END
        FROM half
        LEFT JOIN LATERAL (
            SELECT m.seq, m.created_at
            FROM chat_message AS m
            WHERE m.room_id = room AND m.seq >= (half.low + half.high) / 2 AND m.seq < half.high
            ORDER BY m.seq
            LIMIT 1
        ) AS probe ON true
        WHERE half.high - half.low > 1
    )
    SELECT min(high) FROM half
$$;
