// The truth, read past the servers.

import pg from "pg";

import { until } from "./deadline.mjs";
import { databaseUrl } from "./environment.mjs";

export class Database {
  #pool;
  #holder;

  /** Connects for the length of a test. */
  static connectsFor(t) {
    const database = new Database();
    database.#pool = new pg.Pool({ connectionString: databaseUrl });
    t.after(() => database.#pool.end());
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

  /** Locks a room's counter, so that nothing in it can be committed until `releases`. */
  async holds(room) {
    this.#holder = await this.#pool.connect();
    await this.#holder.query("BEGIN");
    const query = "SELECT 1 FROM chat_room WHERE room_id = $1 FOR UPDATE";
    const { rowCount } = await this.#holder.query(query, [room]);
    if (rowCount !== 1) throw new Error(`there is no room ${room} to hold`);
  }

  /** Waits until somebody else waits for the room that is held. */
  async isWaitedFor() {
    const query = `SELECT 1 FROM pg_stat_activity
                   WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
    await until(
      async () => (await this.#holder.query(query)).rowCount > 0,
      "a transaction waits for the room that the test holds",
    );
  }

  /** Lets the room go on. */
  async releases() {
    await this.#holder.query("ROLLBACK");
    this.#holder.release();
  }
}
