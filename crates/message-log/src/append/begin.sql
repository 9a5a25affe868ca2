-- READ COMMITTED: the statement after the lock must see what was committed while we waited for it.
-- The server's own limits end what our side has given up; each ends with the transaction.
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '2s';
SET LOCAL idle_in_transaction_session_timeout = '5s';
