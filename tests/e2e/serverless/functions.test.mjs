// The functions' programs under cargo-lambda's emulator: every gateway's events, bad
// ones, frozen environments, one connection each.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import pg from "pg";

import { databaseUrl, maruProgram } from "../harness/environment.mjs";
import { Program } from "../harness/program.mjs";
import { Cloud } from "./harness/cloud.mjs";
import { bootstraps, workspace } from "./harness/environment.mjs";
import { Lambda } from "./harness/lambda.mjs";
import { Recorded, answerTold, lasting } from "./harness/recorded.mjs";

/** As long as a connection is trusted without a look at it, and longer. */
const FROZEN_MS = 1_500;
const MIB = 1024 * 1024;
/** In an order in which each finds what it needs. */
const REQUESTS = {
  history: [
    "page",
    "all-of-it",
    "empty-room",
    "twice-the-same-parameter",
    "wrong-limit",
    "bad-token",
    "no-such-path",
    "wrong-method",
    "preflight",
  ],
  auth: [
    "signup",
    "signup-taken",
    "login",
    "wrong-password",
    "login",
    "unknown-cookie",
    "guest",
    "nobody",
    "keys",
    "discovery",
    "no-json",
    "broken-json",
    "preflight",
  ],
};
const GATEWAYS = [
  "http-api",
  "rest-api",
  "function-url",
  "load-balancer",
  "load-balancer-single",
];

suite("bootstraps under Lambda's interface", { timeout: 600_000 }, () => {
  // Torn down in the reverse order, whatever failed.
  const undo = [];
  const stage = { after: (step) => undo.unshift(step) };
  let database;
  let lambda;
  let programs;
  let maru;
  let environments;

  before(async () => {
    database = await FreshDatabase.for(stage);
    const cloud = await Cloud.startsFor(stage, { database: database.url });
    environments = environmentsOf(database.url, cloud);
    lambda = await Lambda.startsFor(stage);
    programs = {
      history: lambda.runs("history", bootstraps.history, environments.history),
      auth: lambda.runs("auth", bootstraps.auth, environments.auth),
    };
  });
  after(async () => {
    for (const step of undo) await step();
  });

  async function asks(name, request, gateway = "http-api") {
    const recorded = await Recorded.of(name, request);
    const event = recorded.events.get(gateway);
    const { status, text } = await lambda.invokes(name, event);
    assert.equal(status, 200, text);
    return answerTold(text);
  }

  test("a cold start makes no tables, and without them answers with a problem", async () => {
    for (const [name, request] of [
      ["history", "page"],
      ["auth", "login"],
    ]) {
      const answer = await asks(name, request);
      assert.ok(answer.status >= 500, `${name}: ${answer.status}`);
      assert.ok(answer.headers.includes("content-type: application/problem+json"));
    }
    assert.equal((await asks("auth", "keys")).status, 200);
    assert.equal(await database.tables(), 0);
  });

  test("`maru migrate` makes them, as often as it is run", async () => {
    for (let run = 0; run < 2; run += 1) {
      const migrate = new Program(
        maruProgram,
        { DATABASE_URL: database.url },
        { args: ["migrate"] },
      );
      const { code, stdout, stderr } = await migrate.ends();
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "the tables are up to date");
    }
    assert.ok((await database.tables()) > 2);
    await database.runs(
      await readFile(join(workspace, "functions/history/events/room.sql"), "utf8"),
    );
  });

  test("every gateway's event is answered as `maru` answers the request over HTTP", async (t) => {
    maru = await startMaru(t, environments.auth);
    let count = 0;
    for (const [name, requests] of Object.entries(REQUESTS)) {
      const expected = new Map();
      await database.forgetsRecorded();
      for (const request of requests) {
        const recorded = await Recorded.of(name, request);
        expected.set(request, lasting(await recorded.answerOf(maru.address)));
      }
      for (const gateway of GATEWAYS) {
        await database.forgetsRecorded();
        for (const request of requests) {
          const recorded = await Recorded.of(name, request);
          const event = recorded.events.get(gateway);
          if (!event) continue;
          const { status, text } = await lambda.invokes(name, event);
          assert.equal(status, 200, `${request} through ${gateway}: ${text}`);
          assert.deepEqual(
            lasting(answerTold(text)),
            expected.get(request),
            `${request} through ${gateway}`,
          );
          count += 1;
        }
      }
    }
    t.diagnostic(`${count} events`);
    assert.ok(count > 90);
  });

  test("an event that comes twice has one effect", async () => {
    await database.forgetsRecorded();
    assert.equal((await asks("auth", "signup")).status, 201);
    assert.match((await asks("auth", "signup")).body, /has an account already/);
    assert.equal(await database.accounts(), 1);

    const login = await asks("auth", "login");
    const cookie = /refresh_token=[^;]+/.exec(login.headers.join("\n"))[0];
    const event = (path) => {
      const recorded = JSON.parse(httpApiEvent.replaceAll("/auth/refresh", path));
      return JSON.stringify({ ...recorded, cookies: [cookie] });
    };
    const httpApiEvent = (await Recorded.of("auth", "unknown-cookie")).events.get("http-api");
    const twice = [];
    for (let time = 0; time < 2; time += 1) {
      const { text } = await lambda.invokes("auth", event("/auth/refresh"));
      twice.push(answerTold(text));
    }
    assert.deepEqual(
      twice.map(({ status }) => status),
      [200, 200],
    );
    assert.deepEqual(lasting(twice[0]), lasting(twice[1]));
    const ends = [];
    for (let time = 0; time < 2; time += 1) {
      const { text } = await lambda.invokes("auth", event("/auth/logout"));
      ends.push(answerTold(text).status);
    }
    assert.equal(ends[0], ends[1]);
  });

  test("what is no event is answered as such, and the environment lives on", async (t) => {
    const good = (await Recorded.of("history", "page")).events.get("http-api");
    const json = JSON.parse(good);
    const bad = {
      "half of an event": good.slice(0, good.length / 2),
      "binary rubbish": Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x7b, 0x22, 0xc3, 0x28]),
      "nothing at all": "",
      "no object": "[1, 2, 3]",
      null: "null",
      "an event of something else": JSON.stringify({ Records: [{ eventSource: "aws:s3" }] }),
      "an unknown version": JSON.stringify({ ...json, version: "9.0", requestContext: {} }),
      "no request context": JSON.stringify({ ...json, requestContext: undefined }),
      "a method that is none": JSON.stringify(withMethod(json, "G T")),
      "nested deeply": "[".repeat(100_000),
      "a host that is none": JSON.stringify({ ...json, headers: { host: "a b:c" } }),
    };
    for (const [what, event] of Object.entries(bad)) {
      const { status, text } = await lambda.invokes("history", event);
      t.diagnostic(`${what}: ${status} ${text.slice(0, 120)}`);
      const told = tryJson(text);
      const isError = status !== 200 || told?.errorMessage || told?.errorType;
      assert.ok(isError || told?.statusCode >= 400, `${what}: ${status} ${text}`);
      const next = await lambda.invokes("history", good);
      assert.equal(answerTold(next.text).status, 200, `after ${what}`);
    }
    assert.ok(programs.history.isRunning());
  });

  test("a body of 6 MB, and one that is not what it says, is a problem", async () => {
    const event = JSON.parse((await Recorded.of("auth", "login")).events.get("http-api"));
    for (const [body, isBase64Encoded, status] of [
      [JSON.stringify({ email: "a".repeat(5.5 * MIB) }), false, 413],
      [Buffer.alloc(4 * MIB, 0xff).toString("base64"), true, 413],
      [Buffer.from([0xff, 0xfe, 0x00]).toString("base64"), true, 400],
    ]) {
      const text = JSON.stringify({ ...event, body, isBase64Encoded });
      const answer = answerTold((await lambda.invokes("auth", text)).text);
      assert.equal(answer.status, status, answer.body);
      assert.ok(answer.headers.includes("content-type: application/problem+json"));
    }
    assert.equal((await asks("auth", "keys")).status, 200);
    assert.ok(programs.auth.isRunning());
  });

  test("an environment that was frozen while its connection died answers at once", async () => {
    await database.forgetsRecorded();
    assert.equal((await asks("auth", "signup")).status, 201);
    for (const [name, request, status] of [
      ["auth", "login", 200],
      ["history", "page", 200],
    ]) {
      assert.equal((await asks(name, request)).status, status);
      programs[name].signal("SIGSTOP");
      await database.losesConnections();
      await pause(FROZEN_MS);
      programs[name].signal("SIGCONT");
      assert.equal((await asks(name, request)).status, status, name);
    }
  });

  test("an environment holds one connection, however much it is asked", async () => {
    for (let wave = 0; wave < 3; wave += 1) {
      await Promise.all([
        ...Array.from({ length: 20 }, () => asks("history", "page")),
        ...Array.from({ length: 3 }, () => asks("auth", "login")),
      ]);
    }
    assert.deepEqual(await database.connections(), { maru: 1, "maru-auth": 1 });
  });
});

function environmentsOf(url, cloud) {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const common = {
    DATABASE_URL: url,
    CORS_ALLOWED_ORIGINS: "https://chat.example.org",
    JWT_ISSUER: "https://api.example.org",
    AUTH_MODE: "optional",
  };
  return {
    history: { ...common, JWT_PUBLIC_KEYS: publicKey },
    auth: {
      ...common,
      ...cloud.environment,
      SESSIONS_TABLE: cloud.stack.table,
      JWT_PRIVATE_KEY: privateKey,
    },
  };
}

async function startMaru(t, environment) {
  const dataDir = await mkdtemp(join(tmpdir(), "maru-data-"));
  t.after(() => rm(dataDir, { recursive: true }));
  const maru = new Program(maruProgram, {
    ...environment,
    DATA_DIR: dataDir,
    LISTEN: "127.0.0.1:0",
  });
  t.after(() => maru.isRunning() && maru.stops());
  maru.address = await maru.listens();
  return maru;
}

function withMethod(event, method) {
  const http = { ...event.requestContext.http, method };
  return { ...event, requestContext: { ...event.requestContext, http } };
}

function tryJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A database of the suite's own, empty at first. */
class FreshDatabase {
  url;
  #pool;

  static async for(t) {
    const name = `serverless_${process.pid}_${Date.now()}`;
    const server = new pg.Client({ connectionString: databaseUrl });
    await server.connect();
    await server.query(`CREATE DATABASE ${name}`);
    const database = new FreshDatabase();
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    database.url = url.href;
    database.#pool = new pg.Pool({ connectionString: database.url, application_name: "test" });
    t.after(async () => {
      await database.#pool.end();
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.end();
    });
    return database;
  }

  async runs(sql) {
    await this.#pool.query(sql);
  }

  async tables() {
    return this.#count("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'");
  }

  async accounts() {
    return this.#count("SELECT count(*)::int AS n FROM account");
  }

  async forgetsRecorded() {
    await this.#pool.query("DELETE FROM account WHERE email = 'recorded@example.org'");
  }

  /** The connections of everybody else, by what they are called. */
  async connections() {
    const { rows } = await this.#pool.query(
      `SELECT application_name AS name, count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'test' GROUP BY 1`,
    );
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  }

  /** Ends the connections of everybody else. */
  async losesConnections() {
    await this.#pool.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'test'`,
    );
  }

  async #count(query) {
    return (await this.#pool.query(query)).rows[0].n;
  }
}
