-- A room counts its changes. Who changes a room locks its row first, so numbers are taken in
-- commit order and a rollback gives them back. Room names compare by bytes: one order everywhere,
-- whatever the locale of the database, and the one in which the rooms of a batch are locked.
CREATE TABLE chat_room (
    room_id text COLLATE "C" PRIMARY KEY,
    last_seq bigint NOT NULL DEFAULT 0,
    -- No message is older than the one before it, though the server's clock be set back.
    last_created_at timestamptz NOT NULL DEFAULT '-infinity'
)
-- Half of each page stays free, so that a new version of a counter lands beside the old one and
-- touches no index.
WITH (fillfactor = 50);

CREATE TABLE chat_message (
    id uuid PRIMARY KEY,
    room_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    rev bigint NOT NULL CHECK (rev >= seq),
    temp_id uuid NOT NULL,
    sender text COLLATE "C" NOT NULL,
    sender_id uuid,
    content text NOT NULL,
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    is_deleted boolean NOT NULL DEFAULT false,
    UNIQUE (room_id, seq),
    UNIQUE (room_id, rev)
);

-- One message per room, sender and tempId, for ever. A sender is an account or, without one, a
-- guest's name; no account's id reads like 'guest …', so the two never meet.
CREATE UNIQUE INDEX chat_message_send_key
    ON chat_message (room_id, temp_id, (coalesce(sender_id::text, 'guest ' || sender)));
