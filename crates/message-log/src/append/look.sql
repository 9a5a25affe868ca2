-- What decides about each draft of a batch whose rooms are locked. A draft whose room is not there
-- has no row.
SELECT d.place - 1 AS place,
    room.access, room.archived_at IS NOT NULL AS is_archived, room.last_seq,
    greatest(clock_timestamp(), room.last_created_at) AS now,
    member.role, sanction.kind, sanction.until,
    earlier.*
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[])
    WITH ORDINALITY AS d (room_id, temp_id, sender, sender_id, place)
JOIN chat_room AS room ON room.room_id = d.room_id
LEFT JOIN chat_room_member AS member
    ON member.room_id = d.room_id AND member.user_id = d.sender_id
LEFT JOIN chat_room_sanction_in_force AS sanction
    ON sanction.room_id = d.room_id AND sanction.user_id = d.sender_id
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
