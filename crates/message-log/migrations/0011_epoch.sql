-- What tells this database's history from those of others, beside what Postgres knows of it. An
-- operator gives it another value where nothing else shows that the history is another one.
CREATE TABLE chat_epoch (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    value uuid NOT NULL
);

INSERT INTO chat_epoch (value) VALUES (gen_random_uuid());
