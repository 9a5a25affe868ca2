-- Stores what is new of a batch whose rooms are locked, with the numbers that follow theirs.
WITH room AS (
    UPDATE chat_room
    SET last_seq = said_in.last_seq, last_created_at = said_in.created_at
    FROM unnest($9::text[], $10::bigint[], $11::timestamptz[])
        AS said_in (room_id, last_seq, created_at)
    WHERE chat_room.room_id = said_in.room_id
)
INSERT INTO chat_message
    (id, room_id, seq, rev, temp_id, sender, sender_id, content, created_at)
SELECT id, room_id, seq, seq, temp_id, sender, sender_id, content, created_at
FROM unnest(
    $1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::uuid[], $7::text[],
    $8::timestamptz[]
) AS said (id, room_id, seq, temp_id, sender, sender_id, content, created_at)
