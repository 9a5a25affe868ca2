-- Nothing is said or changed in an archived room.
ALTER TABLE chat_room ADD COLUMN archived_at timestamptz;

-- How far a member has read. Whoever comes in later has nothing behind him to read.
ALTER TABLE chat_room_member
    ADD COLUMN read_seq bigint NOT NULL DEFAULT 0,
    ADD COLUMN read_at timestamptz;

-- Who may not speak in a room ('mute'), or not be in it ('ban'). One who is banned is no member.
CREATE TABLE chat_room_sanction (
    room_id text COLLATE "C" NOT NULL REFERENCES chat_room,
    user_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('mute', 'ban')),
    by_user uuid NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room_id, user_id)
);
