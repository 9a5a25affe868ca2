-- Makes the rooms that are new and locks all, in the order of the array.
-- Where the row is there, the false condition locks it without writing another version.
INSERT INTO chat_room (room_id)
SELECT room_id FROM unnest($1::text[]) AS room (room_id)
ON CONFLICT (room_id) DO UPDATE SET last_seq = chat_room.last_seq WHERE false
