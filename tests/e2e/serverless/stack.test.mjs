// template.yaml, deployed: people come in through the HTTP API, talk over the socket tier, and read
// what was said through the history function.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";

import { maruProgram, databaseUrl } from "../harness/environment.mjs";
import { Person } from "../harness/person.mjs";
import { Program } from "../harness/program.mjs";
import { freshRoom } from "../harness/room.mjs";
import { keepsCookiesOf, keepsSecret, keepsSecretsOf } from "../harness/secrets.mjs";
import { SocketTier } from "../harness/socket-tier.mjs";
import { Cloud } from "./harness/cloud.mjs";
import { tools, workspace } from "./harness/environment.mjs";

const ORIGIN = "https://chat.example.org";
const PASSWORD = "correct horse battery staple";

suite("the deployed stack", { timeout: 300_000 }, () => {
  const undo = [];
  const stage = { after: (step) => undo.unshift(step) };
  let cloud;

  before(async () => {
    // The deploy step that the tasks take before they serve.
    const migrate = new Program(maruProgram, { DATABASE_URL: databaseUrl }, { args: ["migrate"] });
    const { code, stderr } = await migrate.ends();
    assert.equal(code, 0, stderr);
    cloud = await Cloud.startsFor(stage, { origins: [ORIGIN] });
    keepsSecret("secret of the fan-out", cloud.stack.fanoutSecret);
  });
  after(async () => {
    for (const step of undo) await step();
  });

  async function calls(method, path, { token, body, headers = {} } = {}) {
    const response = await fetch(cloud.stack.apiUrl + path, {
      method,
      headers: {
        ...(body && { "content-type": "application/json" }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    keepsSecretsOf(body);
    keepsCookiesOf(response.headers);
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
  }

  /** Somebody with an account, logged in: who he is, his token and his cookie. */
  async function member(nickname) {
    const email = `${freshRoom("member")}@example.org`;
    const signedUp = await calls("POST", "/auth/signup", {
      body: { email, password: PASSWORD, nickname },
    });
    assert.equal(signedUp.status, 201, signedUp.text);
    const loggedIn = await calls("POST", "/auth/login", { body: { email, password: PASSWORD } });
    assert.equal(loggedIn.status, 200, loggedIn.text);
    const [cookie] = loggedIn.headers.getSetCookie();
    assert.match(cookie, /^refresh_token=.*HttpOnly; Secure; SameSite=Strict; Path=\/auth/);
    const { accessToken, user } = loggedIn.json();
    return { email, user, token: accessToken, cookie: cookie.split(";")[0] };
  }

  /** An instance of the socket tier as the template configures it. */
  async function socketTier(t) {
    return SocketTier.startsFor(t, {
      ...cloud.environment,
      AUTH_MODE: "required",
      SESSIONS_TABLE: cloud.stack.table,
      JWT_ISSUER: cloud.stack.issuer,
      JWT_PUBLIC_KEYS: cloud.stack.publicKeys,
      FANOUT_SECRET: cloud.stack.fanoutSecret,
    });
  }

  test("every resource of the template is there but for scaling, which the emulator lacks", (t) => {
    t.diagnostic(`${cloud.stack.created} resources`);
    assert.deepEqual(cloud.stack.leftOut, ["ScalingByCpu", "ScalingBySockets", "SocketScaling"]);
  });

  test("the hook of LocalStack makes the table that the template makes", async () => {
    const hook = join(workspace, "localstack/ready.d/table.py");
    const env = { PATH: process.env.PATH, ...cloud.environment, SESSIONS_TABLE: "of-the-hook" };
    for (const told of ["made", "there"]) {
      const { stdout } = await promisify(execFile)(join(tools, "python"), [hook], { env });
      assert.equal(stdout.trim(), `the table of-the-hook is ${told}`);
    }
    assert.deepEqual(await cloud.tableOf("of-the-hook"), await cloud.tableOf(cloud.stack.table));
  });

  test("somebody signs up, logs in, reads, and is known", async () => {
    const ada = await member("Ada");
    const history = await calls("GET", `/${freshRoom("hall")}/messages`, ada);
    assert.equal(history.status, 200, history.text);
    assert.deepEqual(history.json().messages, []);
    const me = await calls("GET", "/auth/me", ada);
    assert.equal(me.status, 200, me.text);
    assert.equal(me.json().email ?? me.json().user?.email, ada.email);
    const refreshed = await calls("POST", "/auth/refresh", { headers: { cookie: ada.cookie } });
    assert.equal(refreshed.status, 200, refreshed.text);
  });

  test("a guest's token opens what a member's does", async () => {
    const guest = await calls("POST", "/auth/guest", { body: { nickname: "손님" } });
    assert.ok([200, 201].includes(guest.status), guest.text);
    const token = guest.json().accessToken;
    const history = await calls("GET", `/${freshRoom("hall")}/messages`, { token });
    assert.equal(history.status, 200, history.text);
  });

  test("without a good token the gateway says 401, and nothing else is closed", async () => {
    for (const [method, path] of [
      ["GET", "/lobby/messages"],
      ["POST", "/rooms"],
      ["GET", "/auth/me"],
      ["GET", "/auth/sessions"],
      ["DELETE", "/auth/sessions/01936b00-0000-7000-8000-000000000001"],
    ]) {
      for (const token of [undefined, "a.b.c", "eyJhbGciOiJub25lIn0.e30."]) {
        const refused = await calls(method, path, { token });
        assert.equal(refused.status, 401, `${method} ${path}: ${refused.text}`);
        // The function would have said more.
        assert.deepEqual(refused.json(), { message: "Unauthorized" });
      }
    }
    for (const path of ["/health", "/livez", "/readyz"]) {
      assert.equal((await calls("GET", path)).text, "OK");
    }
    const discovery = await calls("GET", "/.well-known/openid-configuration");
    assert.equal(discovery.json().issuer, cloud.stack.issuer);
    const keys = await calls("GET", "/.well-known/jwks.json");
    assert.equal(keys.json().keys.length, 1);
  });

  test("a private room is its members', here and on the socket tier", async (t) => {
    const tier = await socketTier(t);
    const [ada, eve] = [await member("Ada"), await member("Eve")];
    const wish = { name: "우리끼리", visibility: "private" };
    const made = await calls("POST", "/rooms", { ...ada, body: wish });
    assert.equal(made.status, 201, made.text);
    const { roomId } = made.json();
    const seat = `/rooms/${roomId}/members/${eve.user.id}`;
    const room = [`/${roomId}/messages`, `/rooms/${roomId}`, `/rooms/${roomId}/members`];
    const statuses = (who) =>
      Promise.all(room.map(async (path) => (await calls("GET", path, who)).status));
    assert.deepEqual(await statuses(ada), [200, 200, 200]);
    assert.deepEqual(await statuses(eve), [404, 404, 404]);
    assert.deepEqual(await statuses({}), [401, 401, 401]);

    const letIn = await calls("PUT", seat, { ...ada, body: { role: "member" } });
    assert.equal(letIn.status, 200, letIn.text);
    assert.deepEqual(await statuses(eve), [200, 200, 200]);
    const eveThere = await Person.connects(t, "Eve", { address: tier.address }, eve.token);
    await eveThere.enters(roomId);
    const removed = await calls("DELETE", seat, ada);
    assert.equal(removed.status, 204, removed.text);
    await eveThere.isPutOutOf(roomId);
    assert.deepEqual(await statuses(eve), [404, 404, 404]);
  });

  test("what is done to messages and rooms is heard on both instances, and read and found so", async (t) => {
    const instances = await Promise.all([socketTier(t), socketTier(t)]);
    const [ada, eve] = [await member("Ada"), await member("Eve")];
    const [room, hall] = [freshRoom("changed"), freshRoom("hall")];
    const done = async (status, who, method, path, options = {}) => {
      const answer = await calls(method, path, { ...who, ...options });
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      return answer;
    };
    const wish = { roomId: room, name: "Lounge", visibility: "open" };
    await done(201, ada, "POST", "/rooms", { body: wish });
    const eves = `/rooms/${room}/members/${eve.user.id}`;
    await done(200, eve, "PUT", eves, { body: { role: "member" } });
    const there = async (name, token) =>
      Promise.all(
        instances.map(async (instance) => {
          const person = await Person.connects(t, name, instance, token);
          await person.enters(room, { delivery: "committed" });
          await person.enters(hall);
          return person;
        }),
      );
    const [phone, laptop] = await there("Ada", ada.token);
    const evesDevices = await there("Eve", eve.token);
    const everybody = [phone, laptop, ...evesDevices];
    const onLaptop = await laptop.follows("/user/queue/read");
    const changes = (count) =>
      Promise.all(
        everybody.map(async (person) => {
          await person.hears(room, ({ changed }) => changed.length === count);
          return person.heard(room).changed.at(-1);
        }),
      );
    const found = async (q) => {
      const path = `/${room}/messages/search?q=${encodeURIComponent(q)}`;
      const { messages } = (await done(200, eve, "GET", path)).json();
      const over = `/rooms/messages/search?q=${encodeURIComponent(q)}`;
      assert.deepEqual((await done(200, eve, "GET", over)).json().messages, messages);
      return messages.map(({ content }) => content);
    };

    const { messageId: id } = await phone.says(room, "회의는 내일입니다");
    await phone.says(room, "and lunch is at noon");
    const message = `/${room}/messages/${id}`;
    const edits = (status, who, tag) =>
      done(status, who, "PATCH", message, {
        body: { content: "회식은 모레입니다" },
        headers: { "if-match": tag },
      });
    await edits(412, ada, '"7"');
    await edits(403, eve, '"1"');
    assert.deepEqual(await found("ㅎㅇㄴ"), ["회의는 내일입니다"]);
    const edited = await edits(200, ada, '"1"');
    assert.equal(edited.headers.get("etag"), '"3"');
    for (const { content, rev } of await changes(1)) {
      assert.deepEqual([content, rev], ["회식은 모레입니다", 3]);
    }
    assert.deepEqual(await found("회의"), []);
    assert.deepEqual(await found("회식".normalize("NFD")), ["회식은 모레입니다"]);
    await done(204, ada, "DELETE", message);
    for (const { deleted, content } of await changes(2)) assert.deepEqual([deleted, content], [true, ""]);
    assert.deepEqual(await found("회식"), []);
    await done(410, ada, "GET", message);

    await done(200, ada, "PUT", `/rooms/${room}/read`, { body: { seq: 2 } });
    const mark = await onLaptop.until((all) => all.at(-1), "the laptop is told what was read");
    assert.deepEqual(mark, { roomId: room, userId: ada.user.id, seq: 2 });
    const listed = (await done(200, eve, "GET", "/rooms")).json().rooms;
    assert.deepEqual(
      listed.map(({ roomId, unread, lastMessage }) => [roomId, unread, lastMessage.seq]),
      [[room, 1, 2]],
    );

    const exported = await done(200, eve, "GET", `/${room}/messages/export?includeDeleted=true`);
    assert.equal(exported.headers.get("content-type"), "application/x-ndjson");
    const lines = exported.text.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ seq, deleted, content }) => [seq, deleted, content]),
      [
        [1, true, ""],
        [2, false, "and lunch is at noon"],
      ],
    );

    const changed = { name: "라운지", archived: true };
    await done(200, ada, "PATCH", `/rooms/${room}`, { body: changed });
    const seen = (await done(200, eve, "GET", `/rooms/${room}`)).json();
    assert.deepEqual([seen.name, seen.archived, seen.role], ["라운지", true, "member"]);
    for (const person of everybody) {
      const { problem } = await person.sends("/app/chat", { roomId: room, content: "?" });
      assert.equal(problem.code, "room-archived");
    }
    await done(200, ada, "PATCH", `/rooms/${room}`, { body: { archived: false } });
    await laptop.says(room, "open again");

    await done(204, ada, "PUT", `${eves}/ban`);
    for (const person of evesDevices) {
      assert.equal((await person.isPutOutOf(room)).problem.code, "banned");
    }
    await phone.says(room, "she is gone");
    for (const person of evesDevices) {
      await phone.says(hall, "listen");
      await person.hearsStored(hall, "listen");
      const contents = person.heard(room).committed.map(({ content }) => content);
      assert.deepEqual(contents.slice(-2), ["and lunch is at noon", "open again"]);
      const { problem } = await person.sends("/app/chat", { roomId: room, content: "?" });
      assert.equal(problem.code, "banned");
    }
    await done(403, eve, "GET", `/${room}/messages`);
    await done(204, ada, "DELETE", `${eves}/ban`);
    await done(200, eve, "GET", `/${room}/messages`);
  });

  test("a listed page is let in by its browser, and another is not", async () => {
    const asks = (origin) =>
      calls("OPTIONS", "/lobby/messages", {
        headers: {
          origin,
          "access-control-request-method": "GET",
          "access-control-request-headers": "authorization",
        },
      });
    const listed = await asks(ORIGIN);
    assert.ok(listed.status < 300, `${listed.status}`);
    assert.equal(listed.headers.get("access-control-allow-origin"), ORIGIN);
    const other = await asks("https://evil.example");
    assert.equal(other.headers.get("access-control-allow-origin"), null);
  });

  test("people of the auth function talk on the socket tier and read by history", async (t) => {
    const tier = await socketTier(t);
    const [ada, ben] = [await member("Ada"), await member("지은")];
    const room = freshRoom("across");
    const [adaThere, benThere] = await Promise.all([
      Person.connects(t, "Ada", { address: tier.address }, ada.token),
      Person.connects(t, "지은", { address: tier.address }, ben.token),
    ]);
    await Promise.all([adaThere.enters(room), benThere.enters(room)]);
    const first = await adaThere.says(room, "안녕 👋");
    const second = await benThere.says(room, "반가워");
    await adaThere.hearsStored(room, "반가워");

    const page = await calls("GET", `/${room}/messages`, ada);
    assert.equal(page.status, 200, page.text);
    assert.deepEqual(
      page.json().messages.map(({ id, seq, sender, senderId, content }) => ({
        id,
        seq,
        sender,
        senderId,
        content,
      })),
      [
        {
          id: first.messageId,
          seq: 1,
          sender: "Ada",
          senderId: ada.user.id,
          content: "안녕 👋",
        },
        {
          id: second.messageId,
          seq: 2,
          sender: "지은",
          senderId: ben.user.id,
          content: "반가워",
        },
      ],
    );

    const loggedOut = await calls("POST", "/auth/logout", { headers: { cookie: ada.cookie } });
    assert.ok(loggedOut.status < 300, loggedOut.text);
    assert.equal((await adaThere.isClosed()).code, 4003);
    assert.ok(benThere.isConnected);
  });
});
