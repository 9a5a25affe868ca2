// Whoever proves that the promises are kept.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "../../harness/deadline.mjs";
import { maruProgram } from "../../harness/environment.mjs";
import { Program } from "../../harness/program.mjs";

/** How long all listeners may take to come in. */
const ARRIVAL_MS = 120_000;
/** How long it may take to wait until all is quiet, and to decide. */
const VERDICT_MS = 240_000;

/**
 * Lets `maru verify` send and listen on `sockets` for some seconds while `meanwhile` does what it
 * does, and brings the verdict. The rooms are called `{prefix}-0`, `{prefix}-1`, …; `options` are
 * those of `maru verify`, without their dashes.
 */
export async function proves(t, ground, sockets, { seconds, meanwhile = async () => {}, ...options }) {
  const folder = await mkdtemp(join(tmpdir(), "maru-chaos-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "report.json");
  const prefix = `chaos-${crypto.randomUUID()}`;
  const told = {
    history: ground.history.address,
    "database-url": ground.postgres.url,
    duration: `${seconds}s`,
    "room-prefix": prefix,
    json: file,
    journal: join(folder, "journal"),
    ...options,
  };
  const urls = sockets.flatMap((socket) => ["--url", socket]);
  const args = Object.entries(told).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const verify = new Program(maruProgram, {}, { args: ["verify", ...urls, ...args] });
  const begins = () => verify.log().includes("load:");
  await until(begins, () => `the load begins\n${verify.logTail()}`, ARRIVAL_MS);
  await meanwhile(prefix);
  const { code, stdout, stderr } = await verify.ends(seconds * 1_000 + VERDICT_MS);
  if (code === 2) throw new Error(`nothing could be decided\n${stderr}`);
  const report = JSON.parse(await readFile(file, "utf8"));
  return { ...report, text: stdout };
}
