// Tokens of an account.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Account, ProblemError, UnreachableError } from "@maru/client";

const problem = (status, code, retryable) => {
  const body = JSON.stringify({ type: "", title: code, status, detail: code, code, retryable });
  return new Response(body, { status, headers: { "content-type": "application/problem+json" } });
};

/** A server whose answers the test gives, one request after the other. */
function account(...answers) {
  const asked = [];
  const fetch = async (url) => {
    asked.push(url.pathname);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, account: new Account({ url: "http://chat.example", fetch }) };
}

let count = 0;
const grant = (user = { id: "ada", email: "ada@example.org", nickname: "Ada", role: "member" }) =>
  Response.json({ accessToken: `t${++count}`, tokenType: "Bearer", expiresIn: 900, user });

test("a good token is kept, and a worn one replaced by one refresh for all who ask", async () => {
  const { asked, account: ada } = account(grant(), grant());
  await ada.logIn("ada@example.org", "secret");
  const { accessToken } = await ada.token();
  assert.equal((await ada.token()).accessToken, accessToken);
  const renewed = await Promise.all([ada.token(accessToken), ada.token(accessToken), ada.token(accessToken)]);
  assert.equal(new Set(renewed.map((token) => token.accessToken)).size, 1);
  assert.notEqual(renewed[0].accessToken, accessToken);
  assert.deepEqual(asked, ["/auth/login", "/auth/refresh"]);
});

test("who has no session any more is signed out, and told so once", async () => {
  const { account: ada } = account(grant(), problem(401, "unauthenticated", false));
  const users = [];
  ada.on("user", (user) => users.push(user?.nickname));
  await ada.logIn("ada@example.org", "secret");
  await assert.rejects(ada.token((await ada.token()).accessToken), ProblemError);
  assert.deepEqual(users, ["Ada", undefined]);
  assert.equal(ada.user, undefined);
});

test("a server that is away signs nobody out", async () => {
  const { account: ada } = account(grant(), new TypeError("fetch failed"), problem(503, "store-unavailable", true));
  await ada.logIn("ada@example.org", "secret");
  const { accessToken } = await ada.token();
  await assert.rejects(ada.token(accessToken), UnreachableError);
  await assert.rejects(ada.token(accessToken), { code: "store-unavailable" });
  assert.equal(ada.user.nickname, "Ada");
});

test("a page without a session resumes as nobody", async () => {
  const { account: nobody } = account(problem(401, "unauthenticated", false));
  assert.equal(await nobody.resume(), undefined);
});

test("a guest's token is replaced by that of a new guest of the same name", async () => {
  const guest = (id) => grant({ id, nickname: "Ada", role: "guest" });
  const { asked, account: ada } = account(guest("one"), guest("two"));
  await ada.enterAsGuest("Ada");
  assert.ok(ada.isGuest);
  await ada.token((await ada.token()).accessToken);
  assert.equal(ada.user.id, "two");
  assert.deepEqual(asked, ["/auth/guest", "/auth/guest"]);
});
