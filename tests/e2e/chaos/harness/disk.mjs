// A small disk for a Postgres, which can be filled and tidied up.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { Program } from "../../harness/program.mjs";

/** A fresh database takes about 8 MB of it. */
const DISK_MIB = 32;
/** More rows of a page each than the disk has pages. */
const BALLAST_ROWS = 20_000;
/** What Postgres says of a full disk (its manual, appendix A). */
const DISK_FULL = "53100";

/** A disk of the kind that can be had here. */
export async function smallDisk(t) {
  const trial = MountedDisk.runs("true", [], { cwd: "/", account: undefined }, "/tmp");
  const { code, stderr } = await trial.ends();
  if (code === 0) return new MountedDisk();
  t.diagnostic(`no disk can be mounted here (${stderr}): the size of files is bounded instead`);
  return new BoundedFiles();
}

/**
 * A tmpfs, mounted for nobody but the Postgres that has its tables on it; its write-ahead log lies
 * elsewhere, as in production.
 */
class MountedDisk {
  initdbArgs = [];
  #folder;

  /** Runs a program that finds the disk at `folder`. */
  static runs(path, args, { cwd, account }, folder) {
    const isRoot = process.getuid() === 0;
    const uid = account?.uid ?? process.getuid();
    const gid = account?.gid ?? process.getgid();
    const mounts = `mount -t tmpfs -o size=${DISK_MIB}m,mode=0700`;
    // Postgres does not run as root, not even as the root of a namespace.
    const [enters, mountsForIt, leaves] = isRoot
      ? [
          "unshare --mount",
          `${mounts},uid=${uid},gid=${gid}`,
          `setpriv --reuid=${uid} --regid=${gid} --clear-groups`,
        ]
      : [
          "unshare --user --map-root-user --mount",
          mounts,
          `unshare --user --map-user=${uid} --map-group=${gid}`,
        ];
    const inside = `${mountsForIt} tmpfs "$0" && exec ${leaves} "$@"`;
    const command = ["-c", `exec ${enters} sh -c '${inside}' "$0" "$@"`, folder, path, ...args];
    return new Program("/bin/sh", {}, { args: command, cwd });
  }

  runs(path, args, options) {
    this.#folder = join(options.cwd, "disk");
    mkdirSync(this.#folder, { recursive: true });
    return MountedDisk.runs(path, args, options, this.#folder);
  }

  /** Where the tables are to lie. */
  get place() {
    return this.#folder;
  }

  /** Fills it; returns what tidies it up. */
  async fills(postgres) {
    await postgres.asks("CREATE TABLE ballast (filling text)");
    await postgres.asks("ALTER TABLE ballast ALTER filling SET STORAGE PLAIN");
    const fill = "INSERT INTO ballast SELECT repeat('x', 8000) FROM generate_series(1, $1::int)";
    // What it took of the disk before there was no more of it stays taken.
    const { code } = await postgres.asks(fill, [BALLAST_ROWS]).catch((error) => error);
    if (code !== DISK_FULL) throw new Error(`the disk is not full (${code})`);
    return () => postgres.asks("DROP TABLE ballast");
  }
}

/** Where nothing may be mounted: no file of Postgres may grow beyond where the messages' table ends. */
class BoundedFiles {
  /** Small enough for the write-ahead log to stay within the bound. */
  initdbArgs = ["--wal-segsize=1"];
  #account;

  runs(path, args, options) {
    this.#account = options.account;
    return new Program(path, {}, { args, ...options });
  }

  async fills(postgres) {
    await postgres.asks(
      `INSERT INTO chat_message (id, room_id, seq, rev, temp_id, sender, content, created_at)
       SELECT gen_random_uuid(), 'ballast', n, n, gen_random_uuid(), 'ballast', repeat('x', 1500), now()
       FROM generate_series(1, 1000) AS n`,
    );
    await postgres.asks("CHECKPOINT");
    const [{ size }] = await postgres.asks("SELECT pg_relation_size('chat_message') AS size");
    await this.#bounds(postgres, size);
    return () => this.#bounds(postgres, "unlimited");
  }

  /** Bounds the files that a Postgres writes, in bytes. */
  async #bounds(postgres, bytes) {
    // Whoever is root may not have the right to bound others.
    const bounds = (pid) =>
      spawnSync("prlimit", [`--pid=${pid}`, `--fsize=${bytes}:`], this.#account);
    // What begins from here on has the bound of the first.
    const { status, stderr } = bounds(postgres.pid);
    if (status !== 0) throw new Error(`its files cannot be bounded: ${stderr}`);
    // One of them may have ended since.
    for (const pid of await postgres.processes()) bounds(pid);
  }
}
