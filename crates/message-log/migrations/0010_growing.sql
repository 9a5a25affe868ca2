-- Both tables are one of each, and are made to be partitioned by hash of the room once one table is
-- too large to vacuum, at about 100 million rows: every statement names the room, and so does every
-- unique index but the primary key, which becomes (room_id, id). Room by room they are copied under
-- the lock of the room's row in chat_room, which every writer takes first, and renamed in one
-- transaction; `docs/rooms.md` has the steps. Below that size partitions cost each statement its
-- planning and bring nothing: pages and searches are by index, whatever the room's size.
COMMENT ON TABLE chat_message IS
    'To be partitioned by hash of room_id from about 100 million rows on: docs/rooms.md, "Growing".';
COMMENT ON TABLE chat_message_search IS
    'To be partitioned by hash of room_id from about 100 million rows on: docs/rooms.md, "Growing".';
