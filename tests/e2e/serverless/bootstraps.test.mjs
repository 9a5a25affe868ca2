// The functions as they would be uploaded.

import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { suite, test } from "node:test";

import { bootstraps } from "./harness/environment.mjs";

const MB = 1_000_000;
/** What a cold start has to fetch and read. */
const BYTES_MAX = { history: 6 * MB, auth: 10 * MB };

suite("the built functions", () => {
  for (const [name, bytesMax] of Object.entries(BYTES_MAX)) {
    test(`${name} is at most ${bytesMax / MB} MB`, async (t) => {
      const { size } = await stat(bootstraps[name]);
      t.diagnostic(`${(size / MB).toFixed(2)} MB`);
      assert.ok(size <= bytesMax, `${size} bytes`);
    });
  }
});
