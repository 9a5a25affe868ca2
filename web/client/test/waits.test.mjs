// What the end of a connection means, and how long to wait then.

import assert from "node:assert/strict";
import { test } from "node:test";

import { judge } from "@maru/client";

import { advisedMs, backoffMs } from "../dist/backoff.js";
import { freshToken, subjectOf } from "../dist/token.js";

test("a fault of this program is not repeated", () => {
  for (const code of [1002, 1003, 1007, 1008, 1009]) {
    assert.deepEqual(judge(code, ""), { next: "stop", why: "refused" }, `${code}`);
  }
});

test("a token that is not taken is replaced, a session that was ended is not", () => {
  assert.deepEqual(judge(4001, ""), { next: "renew" });
  assert.deepEqual(judge(4002, ""), { next: "renew" });
  assert.deepEqual(judge(4003, ""), { next: "stop", why: "signed-out" });
  assert.deepEqual(judge(4012, ""), { next: "stop", why: "too-many-connections" });
});

test("everything else passes, after the wait that was advised", () => {
  for (const code of [1000, 1001, 1005, 1006, 1011, 1013, 4008, 4009, 4010, 4011]) {
    assert.deepEqual(judge(code, "whatever"), { next: "retry" }, `${code}`);
  }
  const advised = { next: "retry", afterMs: 420 };
  assert.deepEqual(judge(1012, "restart; retry-after-ms=420"), advised);
  assert.deepEqual(judge(1012, "restart; retry-after-ms=99999999999"), { next: "retry" });
});

test("waits double up to a bound and are scattered over their upper half", () => {
  const least = Array.from({ length: 12 }, (_, n) => backoffMs(n, () => 0));
  assert.deepEqual(least.slice(0, 3), [150, 300, 600]);
  assert.equal(least.at(-1), 10_000);
  assert.equal(backoffMs(11, () => 1), 20_000);
  assert.equal(advisedMs(420, () => 0), 420, "never sooner than advised");
});

test("a token is replaced before it runs out, however its seconds were rounded", () => {
  assert.equal(freshToken("t", 901, 1_000).renewAt, 1_000 + 675_000);
  assert.equal(freshToken("t", 1, 1_000).renewAt, 1_000);
});

test("the subject of a token is read, and of anything else there is none", () => {
  const payload = Buffer.from(JSON.stringify({ sub: "ada-?>" })).toString("base64url");
  assert.equal(subjectOf(`x.${payload}.y`), "ada-?>");
  for (const no of ["", "a.b.c", "a", `x.${Buffer.from("7").toString("base64url")}.y`]) {
    assert.equal(subjectOf(no), undefined, no);
  }
});
