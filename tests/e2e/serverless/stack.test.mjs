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
import { keepsCookiesOf, keepsSecretsOf } from "../harness/secrets.mjs";
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
