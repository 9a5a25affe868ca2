-- The room of the recorded requests. Every answer about it is the same to the byte.
INSERT INTO chat_room (room_id, last_seq, last_created_at)
VALUES ('recorded', 4, '2026-11-23 12:00:03+00')
ON CONFLICT (room_id) DO NOTHING;

INSERT INTO chat_message
    (id, room_id, seq, rev, temp_id, sender, content, created_at, edited_at, is_deleted)
VALUES
    ('01936b00-0000-7000-8000-000000000001', 'recorded', 1, 1,
     '11111111-1111-4111-8111-111111111111', '지은', '안녕 👋',
     '2026-11-23 12:00:00.000001+00', NULL, false),
    ('01936b00-0000-7000-8000-000000000002', 'recorded', 2, 4,
     '22222222-2222-4222-8222-222222222222', 'Ada', 'It''s "quoted" & <escaped>',
     '2026-11-23 12:00:01.5+00', '2026-11-23 12:00:03+00', false),
    ('01936b00-0000-7000-8000-000000000003', 'recorded', 3, 3,
     '33333333-3333-4333-8333-333333333333', '지은', E'two\nlines',
     '2026-11-23 12:00:02+00', NULL, true)
ON CONFLICT (id) DO NOTHING;
