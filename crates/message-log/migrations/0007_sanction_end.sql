-- When a mute or a ban ends by itself; none where it lasts until it is lifted.
ALTER TABLE chat_room_sanction ADD COLUMN until timestamptz;

-- Those that hold at this moment. Who ends is decided by this clock alone, for every instance.
CREATE VIEW chat_room_sanction_in_force AS
SELECT room_id, user_id, kind, by_user, since, until
FROM chat_room_sanction
WHERE until IS NULL OR until > clock_timestamp();
