// stomp.py, over its WebSocket connection.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Program } from "./harness/program.mjs";
import { freshRoom } from "./harness/room.mjs";
import { SocketTier } from "./harness/socket-tier.mjs";

const SCRIPT = fileURLToPath(new URL("../clients-python/whole_session.py", import.meta.url));

/** The Python that has what `tests/clients-python/requirements.txt` names. */
function python() {
  const program = process.env.PYTHON_WITH_STOMP;
  assert.ok(program, "PYTHON_WITH_STOMP is not set: run `cargo xtask test --only end-to-end`");
  return program;
}

suite("stomp.py", () => {
  test("stomp.py lives a whole session", async (t) => {
    // Its WebSocket names the server's own address as its origin, as if it were a page of it.
    const port = await freePort();
    await SocketTier.startsFor(t, {
      LISTEN: `127.0.0.1:${port}`,
      CORS_ALLOWED_ORIGINS: `http://127.0.0.1:${port}`,
    });
    const args = [SCRIPT, "127.0.0.1", String(port), freshRoom("python")];
    const { code, stderr } = await new Program(python(), {}, { args }).ends();
    assert.equal(code, 0, stderr);
  });
});

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
