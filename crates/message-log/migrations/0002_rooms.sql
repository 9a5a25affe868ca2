-- The rules of rooms. An open room exists by being named, and has a row once somebody spoke in it;
-- a room that was made has a name, and members.
ALTER TABLE chat_room
    -- The number of the rules: a change of the members takes the next one, under the row's lock.
    ADD COLUMN access bigint NOT NULL DEFAULT 0,
    -- What people call it; none where nobody made it, or where it was closed.
    ADD COLUMN name text,
    ADD COLUMN made_at timestamptz;

-- The accounts are others' tables, in this database or in none.
CREATE TABLE chat_room_member (
    room_id text COLLATE "C" NOT NULL REFERENCES chat_room,
    user_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL CHECK (role IN ('member', 'moderator', 'owner')),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room_id, user_id)
);

-- The rooms of one user, in the order of their names.
CREATE UNIQUE INDEX chat_room_member_user ON chat_room_member (user_id, room_id);
