// From sign-up to socket and out again, and nobody in who does not belong.

import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import WebSocket from "ws";

import { within } from "./harness/deadline.mjs";
import { forgeries, opened } from "./harness/forgery.mjs";
import { House } from "./harness/house.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";

const COMMITTED = { delivery: "committed" };
/** How long tokens last, and how often whoever stays renews them. */
const TOKEN_SECONDS = 12;
const RENEWAL_MS = 3_000;
/** How long people talk: past two lifetimes, so that who did not renew would be silent. */
const TALK_MS = 2.3 * TOKEN_SECONDS * 1_000;
/** After a refresh token was replaced for so long, to present it is an attack (`ROTATION_GRACE` of crates/sessions). */
const GRACE_MS = 10_000;
/** In what time a session that ends is silent everywhere, and what a busy machine may add. */
const PROMISED_MS = 2_000;
const SLACK_MS = 10_000;

/** Measures how long after `act` all these are closed with 4003. */
async function areRevoked(t, what, people, act) {
  const began = performance.now();
  const ends = people.map(async (person) => {
    const { code } = await person.isClosed();
    return { code, tookMs: performance.now() - began };
  });
  await act();
  for (const { code, tookMs } of await Promise.all(ends)) {
    assert.equal(code, 4003);
    assert.ok(tookMs < PROMISED_MS + SLACK_MS, `${what} took ${tookMs} ms`);
  }
  const slowest = Math.max(...(await Promise.all(ends)).map(({ tookMs }) => tookMs));
  t.diagnostic(`${what}: closed everywhere within ${Math.round(slowest)} ms`);
}

/** Renews the session of a person again and again, until it is told to stop. */
class Renewal {
  #stopped = new AbortController();
  #done;

  constructor(account, person, keeps) {
    const { signal } = this.#stopped;
    this.#done = (async () => {
      while (!(await pause(RENEWAL_MS, false, { signal }).catch(() => true))) {
        await account.refreshes();
        keeps(account);
        await person.renews(account.token);
      }
    })();
    // Whoever stops it hears of an error.
    this.#done.catch(() => {});
  }

  async stops() {
    this.#stopped.abort();
    await this.#done;
  }
}

/** Upgrades as the browser does for a page: the status, 101 where it is let in. */
async function opensFromPage({ address }, origin) {
  const socket = new WebSocket(`${address.replace("http", "ws")}/ws`, { origin });
  const opened = once(socket, "open").then(() => 101);
  const refused = once(socket, "unexpected-response").then(([, response]) => response.statusCode);
  // Whoever listens for the answer hears no error of it.
  socket.on("error", () => {});
  const status = await within(Promise.race([opened, refused]), "the handshake is answered");
  socket.terminate();
  return status;
}

suite("identity", { timeout: 300_000 }, () => {
  test("a whole life: sign up, log in, talk, renew, run out, come back, be logged out", async (t) => {
    const house = await House.opens(t, {
      tokenSeconds: TOKEN_SECONDS,
      environment: { RUST_LOG: "trace" },
    });
    /** What must be in no log: passwords, tokens, cookies, and what somebody said. */
    const secrets = new Set();
    const keeps = ({ password, token, cookie }) => {
      for (const secret of [password, token, cookie, cookie.split("=")[1]]) secrets.add(secret);
      secrets.add(token.split(".")[2]);
    };
    const wrong = "not the horse of anybody";
    secrets.add(wrong);

    // Signing up and logging in.
    const ada = await house.signsUp("Ada");
    keeps(ada);
    const { email, password } = ada;
    const guess = await house.asks("POST", "/auth/login", { body: { email, password: wrong } });
    assert.equal(guess.status, 401);
    const adaOnPhone = await house.logsIn(ada);
    const adaOnTablet = await house.logsIn(ada);
    const ben = await house.signsUp("Ben");
    for (const account of [adaOnPhone, adaOnTablet, ben]) keeps(account);
    const me = await ada.asks("GET", "/auth/me");
    assert.equal(me.json.email, email);
    const replaced = adaOnTablet.cookie;
    await adaOnTablet.refreshes();
    keeps(adaOnTablet);
    const replacedAt = performance.now();

    // Connecting on both instances and talking.
    const room = freshRoom("life");
    const laptop = await Person.connects(t, "Ada's laptop", house.one, ada.token);
    const phone = await Person.connects(t, "Ada's phone", house.two, adaOnPhone.token);
    const bens = await Person.connects(t, "Ben", house.two, ben.token);
    const phoneRunsOutAt = opened(adaOnPhone.token).claims.exp * 1_000;
    for (const person of [laptop, phone, bens]) await person.enters(room, COMMITTED);

    // For more than two lifetimes Ben talks. Ben and the laptop renew their tokens on the way, the
    // phone lets its own run out.
    const end = performance.now() + TALK_MS;
    const said = [];
    const talks = async () => {
      while (performance.now() < end) {
        const content = `word ${said.length} of a life nobody else may read`;
        secrets.add(content);
        said.push({ content, ...(await bens.says(room, content)) });
        await pause(100);
      }
    };
    const runsOut = async () => {
      const close = await phone.isClosed();
      assert.deepEqual(close, { code: 4002, reason: "token expired" });
      assert.equal(phone.errors.entries[0].headers.message, "token expired");
    };
    const onLaptop = new Renewal(ada, laptop, keeps);
    const ofBen = new Renewal(ben, bens, keeps);
    await Promise.all([talks(), runsOut()]);

    const numbers = numbersTo(said.length);
    assert.deepEqual(said.map(({ seq }) => seq), numbers);
    await laptop.hears(room, ({ committed }) => committed.length === said.length);
    assert.deepEqual(laptop.heard(room).committed.map(({ seq }) => seq), numbers);
    const { committed: onPhone } = phone.heard(room);
    assert.deepEqual(onPhone.map(({ seq }) => seq), numbersTo(onPhone.length));
    assert.ok(onPhone.length > 0 && onPhone.length < said.length);
    const late = onPhone.filter(({ createdAt }) => Date.parse(createdAt) > phoneRunsOutAt);
    assert.deepEqual(late, [], "heard after the token had run out");
    t.diagnostic(
      `${said.length} messages in ${TALK_MS / 1_000} s of tokens of ${TOKEN_SECONDS} s: the laptop ` +
        `heard all, the phone ${onPhone.length}`,
    );

    // The phone comes back and misses nothing.
    const ranOut = await Person.isTurnedAway(t, "Ada's phone", house.one, adaOnPhone.token);
    assert.deepEqual([ranOut.code, ranOut.error], [4002, "token expired"]);
    await adaOnPhone.refreshes();
    keeps(adaOnPhone);
    const again = await Person.connects(t, "Ada's phone", house.one, adaOnPhone.token);
    await again.enters(room, { ...COMMITTED, since: String(onPhone.length) });
    await again.hears(room, ({ committed }) => committed.length === said.length - onPhone.length);
    assert.deepEqual(
      [...onPhone, ...again.heard(room).committed].map(({ content }) => content),
      said.map(({ content }) => content),
    );

    // A replaced refresh token that comes back ends the session that it was stolen from.
    await adaOnTablet.refreshes();
    keeps(adaOnTablet);
    const tablets = [];
    for (const instance of [house.one, house.two]) {
      tablets.push(await Person.connects(t, "Ada's tablet", instance, adaOnTablet.token));
    }
    assert.ok(performance.now() - replacedAt > GRACE_MS);
    await areRevoked(t, "a stolen session", tablets, async () => {
      const reuse = await house.asks("POST", "/auth/refresh", { cookie: replaced });
      assert.equal(reuse.status, 401);
    });

    // Logging out on the phone closes the phone's sockets, on both instances, and no other.
    await adaOnPhone.refreshes();
    keeps(adaOnPhone);
    await again.renews(adaOnPhone.token);
    const phones = [again, await Person.connects(t, "Ada's phone", house.two, adaOnPhone.token)];
    await areRevoked(t, "a log-out", phones, async () => {
      const { cookie } = adaOnPhone;
      const out = await adaOnPhone.asks("POST", "/auth/logout", { cookie });
      assert.equal(out.status, 204);
    });
    await laptop.says(room, secret("still here"));
    for (const [account, status] of [[adaOnPhone, 401], [ada, 200]]) {
      assert.equal((await account.asks("GET", "/auth/me")).status, status);
    }
    const gone = await Person.isTurnedAway(t, "Ada's phone", house.two, adaOnPhone.token);
    assert.deepEqual([gone.code, gone.error], [4003, "session revoked"]);

    // Logging out everywhere, elsewhere: every socket of Ada closes, Ben's stays.
    await onLaptop.stops();
    await ada.refreshes();
    const adaOnWatch = await house.logsIn(ada);
    for (const account of [ada, adaOnWatch]) keeps(account);
    await laptop.renews(ada.token);
    const everywhere = [laptop];
    for (const [account, instance] of [[ada, house.two], [adaOnWatch, house.one], [adaOnWatch, house.two]]) {
      everywhere.push(await Person.connects(t, "Ada", instance, account.token));
    }
    await areRevoked(t, "a log-out everywhere", everywhere, async () => {
      const out = await adaOnWatch.asks("POST", "/auth/logout-all");
      assert.equal(out.status, 204);
    });
    for (const { cookie } of [ada, adaOnWatch]) {
      assert.equal((await house.asks("POST", "/auth/refresh", { cookie })).status, 401);
    }
    await ofBen.stops();
    await bens.says(room, secret("only I am left"));
    const read = await ben.asks("GET", `/${room}/messages?limit=1`);
    assert.equal(read.json.messages[0].content, "only I am left");

    // Not one secret is in the log of any program.
    const log = house.log();
    for (const event of ["logged in", "a log-in was refused", "a replaced refresh token came back"]) {
      assert.ok(log.includes(event), `the log tells of ${event}`);
    }
    assertSilentAbout(log, secrets);
    t.diagnostic(`none of ${secrets.size} secrets in ${log.length} characters of log`);

    function secret(content) {
      secrets.add(content);
      return content;
    }
  });

  test("who does not belong is kept out, and no log tells what was tried", async (t) => {
    const listed = "https://chat.example.org";
    const house = await House.opens(t, {
      environment: { RUST_LOG: "trace", CORS_ALLOWED_ORIGINS: listed },
    });
    const [ada, eve] = [await house.signsUp("Ada"), await house.signsUp("Eve")];
    const secrets = new Set();
    for (const { password, token, cookie } of [ada, eve]) {
      for (const secret of [password, token, cookie]) secrets.add(secret);
    }

    for (const [fault, token] of Object.entries(forgeries(ada.token, house.publicKey))) {
      secrets.add(token);
      for (const instance of [house.one, house.two]) {
        const away = await Person.isTurnedAway(t, `Eve with ${fault}`, instance, token);
        assert.deepEqual([away.code, away.error], [4001, "not authenticated"], fault);
      }
      assert.equal((await house.asks("GET", "/auth/me", { token })).status, 401, fault);
      assert.equal((await house.asks("GET", "/lobby/messages", { token })).status, 401, fault);
    }
    const nobody = await Person.isTurnedAway(t, "nobody", house.one);
    assert.deepEqual([nobody.code, nobody.error], [4001, "not authenticated"]);

    // A role is nobody's to choose.
    const greedy = { email: "greedy@example.org", password: "wants to be an admin", nickname: "Eve" };
    secrets.add(greedy.password);
    greedy.email = `${Date.now()}-${greedy.email}`;
    const made = await house.asks("POST", "/auth/signup", { body: { ...greedy, role: "admin" } });
    assert.equal(made.status, 201);
    assert.equal(made.json.role, "member");

    // The token says who speaks, and a queue is its owner's.
    const room = freshRoom("attack");
    const eves = await Person.connects(t, "Eve", house.one, eve.token);
    const adas = await Person.connects(t, "Ada", house.two, ada.token);
    for (const person of [adas, eves]) await person.enters(room, COMMITTED);
    const words = "these words are mine alone";
    secrets.add(words);
    await eves.sends("/app/chat", { content: words, roomId: room, sender: "Ada", senderId: ada.id });
    await adas.hears(room, ({ committed }) => committed.length === 1);
    const [heard] = adas.heard(room).committed;
    assert.deepEqual([heard.sender, heard.senderId], ["Eve", eve.id]);
    for (const queue of [`/user/${ada.id}/queue/errors`, "/user/Ada/queue/errors"]) {
      const refused = await eves.isRefusedAt(queue);
      assert.ok(refused.code, queue);
    }
    for (const place of [`/topic/${room}`, `/user/${ada.id}/queue/errors`]) {
      const { problem } = await eves.sends(place, words);
      assert.ok(problem.code, place);
    }
    const renewal = await eves.sends("/app/auth", { accessToken: ada.token });
    assert.equal(renewal.problem.code, "forbidden");

    // Pages of other origins.
    assert.equal(await opensFromPage(house.one, listed), 101);
    const { cookie } = ada;
    for (const origin of ["https://evil.example", `${listed}.evil.example`, "null"]) {
      assert.equal(await opensFromPage(house.one, origin), 403, origin);
      const headers = { Origin: origin };
      const refresh = await house.asks("POST", "/auth/refresh", { cookie, headers });
      assert.equal(refresh.status, 403, origin);
      assert.equal(refresh.headers.get("access-control-allow-origin"), null, origin);
      const fetched = await ada.asks("GET", `/${room}/messages`, { headers });
      assert.equal(fetched.headers.get("access-control-allow-origin"), null, origin);
    }

    const log = house.log();
    assert.ok(log.includes("a token is not accepted"));
    assertSilentAbout(log, secrets);
    t.diagnostic(`none of ${secrets.size} secrets in ${log.length} characters of log`);
  });
});

function assertSilentAbout(log, secrets) {
  for (const secret of secrets) {
    const at = log.indexOf(secret);
    if (at < 0) continue;
    const line = log.slice(log.lastIndexOf("\n", at) + 1, at).slice(0, 300);
    assert.fail(`a secret of ${secret.length} characters is in the log, behind: ${line}`);
  }
}
