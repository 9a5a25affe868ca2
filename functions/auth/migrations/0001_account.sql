CREATE TABLE account (
    id uuid PRIMARY KEY,
    -- As it was typed, and ASCII alone. The collation makes lower() the same in every locale.
    email text COLLATE "C" NOT NULL,
    nickname text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
    state text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    -- A PHC string: it names its own algorithm, parameters and salt.
    password_hash text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL
);

-- One account per e-mail, however it is spelled.
CREATE UNIQUE INDEX account_email_key ON account (lower(email));
