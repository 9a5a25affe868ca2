-- Who edited or deleted which message, and when: one row for each number that was taken so.
CREATE TABLE chat_message_change (
    room_id text COLLATE "C" NOT NULL,
    rev bigint NOT NULL,
    message_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('edit', 'delete')),
    by_user uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, rev)
);
