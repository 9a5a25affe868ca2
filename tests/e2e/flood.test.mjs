// Strangers who guess at passwords, and somebody who knows his.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { within } from "./harness/deadline.mjs";
import { keepsSecret } from "./harness/secrets.mjs";
import { Server } from "./harness/server.mjs";

const GUESSES_PER_SECOND = 500;
/**
 * After this time every stranger has been there before, and nobody waits any more who came for the
 * first time: those have the same claim as a good user.
 */
const WARM_UP_MS = 10_000;
const STRANGERS = 250;
const GOOD_USERS = 8;
/** How long a busy machine may take for what it has not answered yet. */
const DRAIN_MS = 60_000;
/** Between two good users. */
const PAUSE_MS = 500;
const TICK_MS = 20;
const PROMISED_MS = 1_000;
const PASSWORD = "correct horse battery staple";
keepsSecret("password", PASSWORD);

/** The strangers' connections: a good user does not wait in line behind them on this side. */
const crowd = new Agent({ keepAlive: true, maxSockets: 1_000 });

/**
 * POSTs JSON as somebody at this address: `{ status, retryAfter, tookMs }`, where an error stands
 * for the status if there is no answer. A connection that the server closed as idle is replaced.
 */
function posts(server, path, from, body, agent) {
  const began = performance.now();
  return new Promise((resolve) => {
    const headers = { "Content-Type": "application/json", "X-Forwarded-For": from };
    const asked = request(server.address + path, { agent, method: "POST", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => {
        const retryAfter = Number(answer.headers["retry-after"]);
        resolve({ status: answer.statusCode, retryAfter, tookMs: performance.now() - began });
      });
    });
    asked.on("error", ({ code }) => {
      if (asked.reusedSocket && code === "ECONNRESET") {
        resolve(posts(server, path, from, body, agent));
      } else {
        resolve({ status: code, tookMs: performance.now() - began });
      }
    });
    asked.end(JSON.stringify(body));
  });
}

/**
 * Guesses at a steady rate until `signal`, whatever is answered, half at `known` accounts and half
 * at none.
 */
async function floods(server, known, signal) {
  const answers = [];
  const began = performance.now();
  for (let sent = 0; !signal.aborted; ) {
    const due = performance.now() - began;
    for (; sent < (due / 1_000) * GUESSES_PER_SECOND; sent += 1) {
      const from = `198.51.100.${sent % STRANGERS}`;
      const email =
        sent % 2 === 0 ? known[(sent / 2) % known.length] : `${randomUUID()}@example.org`;
      const body = { email, password: `guess ${sent}` };
      answers.push(posts(server, "/auth/login", from, body, crowd));
    }
    await pause(TICK_MS);
  }
  const tookMs = performance.now() - began;
  return { answers: await within(Promise.all(answers), "every guess is answered", DRAIN_MS), tookMs };
}

const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const rounded = (numbers) => numbers.map((number) => Math.round(number));

suite("a flood of guesses", { timeout: 300_000 }, () => {
  test("good users log in within a second while 500 are refused in each", async (t) => {
    const server = await Server.startsFor(t, { TRUSTED_PROXY_HOPS: "1" });
    t.after(() => crowd.destroy());
    const good = Array.from({ length: GOOD_USERS }, (_, n) => ({
      from: `203.0.113.${n}`,
      credentials: { email: `${randomUUID()}@example.org`, password: PASSWORD },
    }));
    for (const { from, credentials } of good) {
      const made = await posts(server, "/auth/signup", from, { ...credentials, nickname: "Ada" });
      assert.equal(made.status, 201);
      // From now on this is a place that the account's owner is known from.
      assert.equal((await posts(server, "/auth/login", from, credentials)).status, 200);
    }

    const enough = new AbortController();
    t.after(() => enough.abort());
    const known = good.map(({ credentials }) => credentials.email);
    const flood = floods(server, known, enough.signal);
    await pause(WARM_UP_MS);
    const logIns = [];
    for (const { from, credentials } of good) {
      logIns.push(await posts(server, "/auth/login", from, credentials));
      await pause(PAUSE_MS);
    }
    enough.abort();
    const { answers, tookMs } = await flood;

    const statuses = [...new Set(answers.map(({ status }) => status))].toSorted();
    const counts = statuses.map(
      (wanted) => `${answers.filter(({ status }) => status === wanted).length} × ${wanted}`,
    );
    const rate = (answers.length / tookMs) * 1_000;
    const times = sorted(logIns.map(({ tookMs }) => tookMs));
    t.diagnostic(`${Math.round(rate)} guesses a second for ${Math.round(tookMs)} ms: ${counts}`);
    t.diagnostic(`good log-ins in ms: ${rounded(times)}`);
    const waits = sorted(answers.map(({ tookMs }) => tookMs));
    t.diagnostic(
      `guesses were answered in ms: median ${rounded([waits[waits.length >> 1]])}, ` +
        `slowest ${rounded(waits.slice(-1))}`,
    );

    assert.ok(rate > 0.9 * GUESSES_PER_SECOND, `${rate} guesses a second`);
    for (const { status, retryAfter } of answers) {
      assert.ok([401, 429, 503].includes(status), `a guess is answered ${status}`);
      if (status !== 401) assert.ok(retryAfter > 0, `${status} says when to come back`);
    }
    assert.ok(answers.some(({ status }) => status === 401));
    assert.deepEqual([...new Set(logIns.map(({ status }) => status))], [200]);
    // A debug build on a machine that does other things too is told from one that queues good users
    // behind strangers by its best.
    assert.ok(times[0] < PROMISED_MS, `good log-ins took ${rounded(times)} ms`);
  });
});
