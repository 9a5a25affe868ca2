-- What was stored before under the keys of drafts. A draft of a new key has no row.
SELECT d.place - 1 AS place, earlier.*
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[])
    WITH ORDINALITY AS d (room_id, temp_id, sender, sender_id, place)
CROSS JOIN LATERAL (
    SELECT m.id, m.seq, m.rev, m.sender, m.content, m.created_at, m.edited_at, m.is_deleted
    FROM chat_message AS m
    WHERE m.room_id = d.room_id
        AND m.temp_id = d.temp_id
        AND coalesce(m.sender_id::text, 'guest ' || m.sender)
            = coalesce(d.sender_id::text, 'guest ' || d.sender)
    LIMIT 1
) AS earlier
