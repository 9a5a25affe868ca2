// The truth, read past the servers.

import { randomInt } from "node:crypto";

import pg from "pg";

import { until } from "./deadline.mjs";
import { databaseUrl } from "./environment.mjs";

export class Database {
  #pool;
  #holder;
  #undo;

  /** Connects for the length of a test. */
  static connectsFor(t) {
    const database = new Database();
    database.#pool = new pg.Pool({ connectionString: databaseUrl });
    t.after(async () => {
      if (database.#holder) await database.releases();
      await database.#pool.end();
    });
    return database;
  }

  /** The stored messages of a room in their order. */
  async messages(room) {
    const { rows } = await this.#pool.query(
      `SELECT id, seq::int AS seq, rev::int AS rev, temp_id AS "tempId", sender, content
       FROM chat_message WHERE room_id = $1 ORDER BY seq`,
      [room],
    );
    return rows;
  }

  /** Whether a message is stored, as every other transaction sees it. */
  async has(messageId) {
    const query = "SELECT 1 FROM chat_message WHERE id = $1";
    return (await this.#pool.query(query, [messageId])).rowCount === 1;
  }

  /** Fills a new room with so many messages of so many bytes each, past the index of the search. */
  async fills(room, messages, bytes) {
    await this.#pool.query("INSERT INTO chat_room (room_id, last_seq) VALUES ($1, $2)", [room, messages]);
    await this.#pool.query("INSERT INTO chat_search_progress (room_id, rev) VALUES ($1, $2)", [room, messages]);
    await this.#pool.query(
      `INSERT INTO chat_message (id, room_id, seq, rev, temp_id, sender, content, created_at)
       SELECT gen_random_uuid(), $1, n, n, gen_random_uuid(), 'Ada', repeat('x', $3), now()
       FROM generate_series(1, $2::int) AS n`,
      [room, messages, bytes],
    );
  }

  /** Makes a room what it was when it had `seq` messages, as a restored backup does. */
  async goesBack(room, seq) {
    await this.#pool.query("DELETE FROM chat_message WHERE room_id = $1 AND seq > $2", [room, seq]);
    await this.#pool.query("UPDATE chat_room SET last_seq = $2 WHERE room_id = $1", [room, seq]);
  }

  /** Locks a room's counter: whoever writes in the room waits until `releases`. */
  async holdsRoom(room) {
    await this.#begins();
    const query = "SELECT 1 FROM chat_room WHERE room_id = $1 FOR UPDATE";
    const { rowCount } = await this.#holder.query(query, [room]);
    if (rowCount !== 1) throw new Error(`there is no room ${room} to hold`);
  }

  /** Lets everything in a room be written, but its COMMIT waits until `releases`. */
  async holdsCommit(room) {
    const key = randomInt(2 ** 31);
    const name = `hold_${key}`;
    await this.#pool.query(`
      CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(${key}); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER ${name} AFTER INSERT ON chat_message
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.room_id = '${room}') EXECUTE FUNCTION ${name}();`);
    this.#undo = `DROP FUNCTION ${name} CASCADE`;
    await this.#begins();
    await this.#holder.query("SELECT pg_advisory_xact_lock($1)", [key]);
  }

  /** Waits until somebody else waits for what is held. */
  async isWaitedFor() {
    const query = `SELECT 1 FROM pg_stat_activity
                   WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
    await until(
      async () => (await this.#holder.query(query)).rowCount > 0,
      "a transaction waits for what the test holds",
    );
  }

  /** Lets the room go on. */
  async releases() {
    await this.#holder.query("ROLLBACK");
    if (this.#undo) await this.#holder.query(this.#undo);
    this.#undo = undefined;
    this.#holder.release();
    this.#holder = undefined;
  }

  async #begins() {
    this.#holder = await this.#pool.connect();
    await this.#holder.query("BEGIN");
  }
}
