// A folder for the length of a test.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function scratchFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "maru-operations-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}
