// A Postgres of one's own that keeps what it confirms, and that may be killed, stopped and held up.

import { execFileSync } from "node:child_process";
import { chown, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import pg from "pg";

import { until } from "../../harness/deadline.mjs";
import { Program } from "../../harness/program.mjs";
import { freePort } from "../../harness/server.mjs";
import { postgresPrograms } from "./environment.mjs";

const READY_MS = 60_000;
/** Few, so that they can be used up. */
const CONNECTIONS_MAX = 40;

export class Postgres {
  #account;
  #folder;
  #port;
  #program;
  #disk;
  #database = "postgres";

  /** Starts one, all of whose tables lie on a `disk` where one is given. */
  static async starts(t, disk) {
    const postgres = new Postgres();
    postgres.#account = account();
    postgres.#disk = disk;
    postgres.#port = await freePort();
    // Another account does not get into a folder that is this one's alone.
    const folders = postgres.#account ? "/tmp" : tmpdir();
    postgres.#folder = await mkdtemp(join(folders, "maru-chaos-postgres-"));
    if (postgres.#account) {
      const { uid, gid } = postgres.#account;
      await chown(postgres.#folder, uid, gid);
    }
    t.after(async () => {
      if (postgres.#program?.isRunning()) await postgres.dies();
      await rm(postgres.#folder, { recursive: true });
    });
    const cluster = ["--username=maru", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"];
    const own = disk?.initdbArgs ?? [];
    const initdb = postgres.#runs("initdb", ["-D", postgres.#data, ...cluster, ...own, "--no-sync"]);
    const { code } = await initdb.ends();
    if (code !== 0) throw new Error(`initdb failed: ${initdb.log()}`);
    await postgres.returns();
    if (disk?.place) {
      await postgres.asks(`CREATE TABLESPACE disk LOCATION '${disk.place}'`);
      await postgres.asks("CREATE DATABASE chat TABLESPACE disk");
      postgres.#database = "chat";
    }
    return postgres;
  }

  get url() {
    return `postgres://maru@127.0.0.1:${this.#port}/${this.#database}`;
  }

  get #data() {
    return join(this.#folder, "data");
  }

  /** Starts it on what it kept. */
  async returns() {
    const settings = {
      port: this.#port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: this.#folder,
      max_connections: CONNECTIONS_MAX,
      superuser_reserved_connections: 0,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    await until(
      async () => {
        // What is left of a killed one may still hold its memory.
        if (!this.#program?.isRunning()) {
          this.#program = this.#runs("postgres", ["-D", this.#data, ...args], this.#disk);
        }
        return this.#answers();
      },
      () => `Postgres answers\n${this.#program.logTail()}`,
      READY_MS,
    );
  }

  /** Kills it as the system would that has no memory left. */
  async dies() {
    const children = await this.#children();
    await this.#program.dies();
    for (const pid of children) signal(pid, "SIGKILL");
  }

  /** Stops it in good order: whoever is connected is put out. */
  async stops() {
    this.#program.signal("SIGINT");
    await this.#program.ends();
  }

  /** Lets it do nothing more, with every connection open. */
  async freezes() {
    for (const pid of await this.processes()) signal(pid, "SIGSTOP");
  }

  /** Lets it go on. */
  async thaws() {
    for (const pid of await this.processes()) signal(pid, "SIGCONT");
  }

  /** Fills its disk; returns what makes room again. */
  async fillsItsDisk() {
    return this.#disk.fills(this);
  }

  /** The rows that a statement brings. */
  async asks(statement, values) {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query(statement, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Its first process. */
  get pid() {
    return this.#program.pid;
  }

  /** That one, and those that it began. */
  async processes() {
    return [this.pid, ...(await this.#children())];
  }

  /** Takes every connection that is left; returns what gives them back. */
  async isFull() {
    const taken = [];
    for (;;) {
      const client = new pg.Client({ connectionString: this.url });
      client.on("error", () => {});
      try {
        await client.connect();
      } catch {
        return () => Promise.all(taken.map((one) => one.end()));
      }
      taken.push(client);
    }
  }

  /** Locks the counter of a room; returns what lets it go. */
  async holdsRoom(room) {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query("BEGIN");
    const query = "SELECT FROM chat_room WHERE room_id = $1 FOR UPDATE";
    const { rowCount } = await client.query(query, [room]);
    if (rowCount !== 1) throw new Error(`there is no room ${room} to hold`);
    return () => client.end();
  }

  async #answers() {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 1_000 });
    try {
      await client.connect();
      await client.query("SELECT 1");
      return true;
    } catch {
      return false;
    } finally {
      client.end().catch(() => {});
    }
  }

  #runs(name, args, disk) {
    const path = join(postgresPrograms, name);
    const options = { cwd: this.#folder, account: this.#account };
    return disk ? disk.runs(path, args, options) : new Program(path, {}, { args, ...options });
  }

  async #children() {
    const parent = String(this.#program.pid);
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const stats = await Promise.all(
      pids.map(async (pid) => {
        const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
        return [pid, stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]];
      }),
    );
    return stats.filter(([, ppid]) => ppid === parent).map(([pid]) => Number(pid));
  }
}

/** Postgres refuses to run as root; this is the account that its packages make. */
function account() {
  if (process.getuid() !== 0) return undefined;
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
