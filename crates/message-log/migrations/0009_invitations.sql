-- Whom a room has asked to come in, and who has not answered yet.
CREATE TABLE chat_room_invitation (
    room_id text COLLATE "C" NOT NULL REFERENCES chat_room,
    user_id uuid NOT NULL,
    by_user uuid NOT NULL,
    invited_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

-- Those of one user, in the order of the rooms.
CREATE UNIQUE INDEX chat_room_invitation_user ON chat_room_invitation (user_id, room_id);

-- A link brings in whoever has it, so often and so long. What it says is not kept, only its hash.
CREATE TABLE chat_room_link (
    id uuid PRIMARY KEY,
    room_id text COLLATE "C" NOT NULL REFERENCES chat_room,
    token_hash bytea NOT NULL UNIQUE,
    by_user uuid NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    uses_left integer NOT NULL CHECK (uses_left >= 0)
);

CREATE INDEX chat_room_link_room ON chat_room_link (room_id, id);
