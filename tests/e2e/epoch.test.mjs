// A database that was restored: the same numbers, another history.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";

import pg from "pg";

import { until } from "./harness/deadline.mjs";
import { databaseUrl, maruProgram, redisUrl } from "./harness/environment.mjs";
import { Person } from "./harness/person.mjs";
import { Program } from "./harness/program.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";

/** A database of the test's own, which it can copy and put back while others are connected. */
class Restorable {
  #admin;
  #name = `epoch_${randomUUID().replaceAll("-", "")}`;

  static async makesFor(t) {
    const restorable = new Restorable();
    const admin = new pg.Client({ connectionString: databaseUrl });
    restorable.#admin = admin;
    await admin.connect();
    await admin.query(`CREATE DATABASE ${restorable.#name}`);
    t.after(async () => {
      for (const suffix of ["", "_backup", "_lost"]) {
        await admin.query(`DROP DATABASE IF EXISTS ${restorable.#name}${suffix} WITH (FORCE)`);
      }
      await admin.end();
    });
    return restorable;
  }

  get url() {
    const url = new URL(databaseUrl);
    url.pathname = `/${this.#name}`;
    return url.href;
  }

  async backsUp() {
    await this.#alone(() =>
      this.#admin.query(`CREATE DATABASE ${this.#name}_backup TEMPLATE ${this.#name}`),
    );
  }

  /** Puts the backup in the place of the database. */
  async restores() {
    await this.#alone(() =>
      this.#admin.query(`ALTER DATABASE ${this.#name} RENAME TO ${this.#name}_lost`),
    );
    await this.#admin.query(`ALTER DATABASE ${this.#name}_backup RENAME TO ${this.#name}`);
  }

  async #alone(act) {
    const before = this.#name;
    await this.#admin.query(`ALTER DATABASE ${before} ALLOW_CONNECTIONS false`);
    const others = "SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity WHERE datname = $1";
    await until(
      async () => (await this.#admin.query(others, [before])).rows[0].n === 0,
      "nobody is connected",
    );
    await act();
    const { rows } = await this.#admin.query("SELECT datname FROM pg_database WHERE datname IN ($1, $2)", [
      before,
      `${before}_lost`,
    ]);
    for (const { datname } of rows) {
      await this.#admin.query(`ALTER DATABASE ${datname} ALLOW_CONNECTIONS true`);
    }
  }
}

async function page(server, room) {
  return until(async () => {
    const response = await fetch(`${server.address}/${encodeURIComponent(room)}/messages`);
    if (response.status !== 200) return undefined;
    return { tag: response.headers.get("etag"), ...(await response.json()) };
  }, "a page is read");
}

const snapshotIn = (epoch) => (events) => events.find((event) => event.snapshot && event.epoch !== epoch);
const resumed = (events) => events.find((event) => "resumedTo" in event);

suite("a restored database", { timeout: 180_000 }, () => {
  test("is another epoch, in which no number of before is served", async (t) => {
    const database = await Restorable.makesFor(t);
    const environment = { DATABASE_URL: database.url, REDIS_URL: redisUrl, AUTH_MODE: "optional" };
    const east = await Server.startsFor(t, environment);
    const west = await Server.startsFor(t, environment);
    const room = freshRoom("epoch");
    const topic = `/topic/${room}`;
    const committed = { delivery: "committed" };
    const ada = await Person.connects(t, "Ada", east);
    const ben = await Person.connects(t, "Ben", west);
    for (const n of numbersTo(5)) await ada.says(room, `before ${n}`);
    const before = await page(west, room);
    const { epoch } = before.page;
    const live = await ben.follows(topic, { ...committed, since: "0", epoch });
    const { resumedTo, epoch: told } = await live.until(resumed, "Ben is told everything");
    assert.deepEqual({ resumedTo, told }, { resumedTo: 5, told: epoch });

    await database.backsUp();
    for (const n of numbersTo(3)) await ada.says(room, `lost ${n}`, { patiently: true });
    // A COMMIT, a connection or a look that was ended meanwhile is no other history.
    assert.equal((await page(east, room)).page.epoch, epoch);
    assert.equal(live.entries.some(({ snapshot }) => snapshot), false);

    // The room has outgrown what it was when somebody comes back who was away.
    await database.restores();
    for (const n of numbersTo(6)) await ada.says(room, `after ${n}`, { patiently: true });
    const snapshot = await live.until(snapshotIn(epoch), "Ben is told to read the history anew");
    const after = await page(west, room);
    assert.equal(after.page.lastSeq, 11);
    assert.equal(after.page.epoch, snapshot.epoch);
    assert.notEqual(after.tag, before.tag);

    const carl = await Person.connects(t, "Carl", east);
    const stale = await carl.follows(topic, { ...committed, since: "8", epoch });
    const instruction = await stale.until(snapshotIn(epoch), "Carl is told to read the history anew");
    assert.deepEqual(instruction, { roomId: room, snapshot: true, lastSeq: 11, epoch: after.page.epoch });
    assert.equal(stale.entries.length, 1);
    const unknown = await carl.follows(topic, { ...committed, since: "8", epoch: "of another program" });
    await unknown.until(snapshotIn(epoch), "an epoch that nobody knows is another one");
    // Who names no epoch is served by the number alone, as ever.
    const fresh = await carl.follows(topic, { ...committed, since: "8" });
    assert.equal((await fresh.until(resumed, "Carl is served")).resumedTo, 11);
    assert.deepEqual(fresh.entries.slice(0, 3).map(({ seq }) => seq), [9, 10, 11]);
    const known = await carl.follows(topic, { ...committed, since: "8", epoch: after.page.epoch });
    await known.until(resumed, "Carl is served in this epoch");

    const alone = await carl.isRefused(room, { ...committed, epoch });
    assert.match(alone.detail, /epoch goes with since/);

    await ada.says(room, "and on", { patiently: true });
    for (const [name, journal] of Object.entries({ live, stale, known })) {
      await journal.until((events) => events.some(({ seq }) => seq === 12), `${name} goes on`);
    }

    // What nothing shows, an operator says.
    const renewal = new Program(maruProgram, environment, { args: ["epoch", "renew"] });
    const { code, stderr } = await renewal.ends();
    assert.equal(code, 0, stderr);
    const again = snapshotIn(after.page.epoch);
    for (const [name, journal] of Object.entries({ stale, known })) {
      const { epoch: renewed, lastSeq } = await journal.until(
        (events) => again(events.slice(events.findIndex(({ seq }) => seq === 12))),
        `${name} is told of the renewal`,
      );
      assert.equal(lastSeq, 12);
      assert.equal((await page(east, room)).page.epoch, renewed);
    }
  });
});
