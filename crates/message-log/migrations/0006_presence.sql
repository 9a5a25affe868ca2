-- Who is in which room, as long as the instance that says so lives. None of it outlives a crash of
-- the server: each instance says it anew when it finds its lease gone.
CREATE UNLOGGED TABLE chat_presence_lease (
    instance uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE UNLOGGED TABLE chat_presence (
    room_id text COLLATE "C" NOT NULL,
    instance uuid NOT NULL,
    user_id uuid NOT NULL,
    nickname text COLLATE "C" NOT NULL,
    PRIMARY KEY (room_id, instance, user_id)
);

-- What an instance has said, to be taken away with it.
CREATE INDEX chat_presence_instance ON chat_presence (instance);
