-- Stores what is new of a batch whose rooms are locked; tells of every draft where it stands.
WITH draft AS (
    SELECT d.*, earlier.*
    FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::text[])
        WITH ORDINALITY AS d (id, room_id, temp_id, sender, sender_id, content, place)
    -- One look into the index of the key per draft.
    LEFT JOIN LATERAL (
        SELECT m.id, m.seq, m.rev, m.sender, m.content, m.created_at, m.edited_at, m.is_deleted
        FROM chat_message AS m
        WHERE m.room_id = d.room_id
            AND m.temp_id = d.temp_id
            AND coalesce(m.sender_id::text, 'guest ' || m.sender)
                = coalesce(d.sender_id::text, 'guest ' || d.sender)
        LIMIT 1
    ) AS earlier (
        earlier_id, earlier_seq, earlier_rev, earlier_sender, earlier_content,
        earlier_created_at, earlier_edited_at, earlier_is_deleted
    ) ON true
),
fresh AS (
    SELECT draft.*, row_number() OVER (PARTITION BY room_id ORDER BY place) AS nth
    FROM draft
    WHERE earlier_id IS NULL
),
room AS (
    UPDATE chat_room
    SET last_seq = last_seq + fresh_in.count,
        last_created_at = greatest(clock_timestamp(), last_created_at)
    FROM (SELECT room_id, count(*) FROM fresh GROUP BY room_id) AS fresh_in
    WHERE chat_room.room_id = fresh_in.room_id
    RETURNING chat_room.room_id, last_seq - fresh_in.count AS seq_before, last_created_at
),
numbered AS (
    SELECT fresh.*, room.seq_before + fresh.nth AS seq, room.last_created_at AS created_at
    FROM fresh
    JOIN room ON room.room_id = fresh.room_id
),
stored AS (
    INSERT INTO chat_message
        (id, room_id, seq, rev, temp_id, sender, sender_id, content, created_at)
    SELECT id, room_id, seq, seq, temp_id, sender, sender_id, content, created_at
    FROM numbered
)
SELECT place, seq, created_at,
    NULL::uuid AS earlier_id, NULL::bigint AS earlier_rev, NULL::text AS earlier_sender,
    NULL::text AS earlier_content, NULL::timestamptz AS earlier_edited_at,
    NULL::boolean AS earlier_is_deleted
FROM numbered
UNION ALL
SELECT place, earlier_seq, earlier_created_at,
    earlier_id, earlier_rev, earlier_sender,
    earlier_content, earlier_edited_at,
    earlier_is_deleted
FROM draft
WHERE earlier_id IS NOT NULL
ORDER BY place
