-- What decides about those who speak in rooms that are locked, and where the rooms stand. Somebody
-- whose room is not there has no row.
SELECT person.place - 1 AS place,
    room.access, room.archived_at IS NOT NULL AS is_archived, room.last_seq,
    greatest(clock_timestamp(), room.last_created_at) AS now,
    member.role, sanction.kind, sanction.until
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS person (room_id, user_id, place)
JOIN chat_room AS room ON room.room_id = person.room_id
LEFT JOIN chat_room_member AS member
    ON member.room_id = person.room_id AND member.user_id = person.user_id
LEFT JOIN chat_room_sanction_in_force AS sanction
    ON sanction.room_id = person.room_id AND sanction.user_id = person.user_id
