// A running program of the system: its address, its memory, its end.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

import { within } from "./deadline.mjs";
import { bareEnvironment, logsFolder, showLogs } from "./environment.mjs";
import { Journal } from "./journal.mjs";

const LISTENING = /listening on (http:\/\/\S+)/;
const PAGE_BYTES = 4096;
/** The programs whose logs are searched for secrets: those of this system, not the backends. */
const OWN = new Set(["maru", "socket-tier", "socket-tier-failpoints"]);
/** The first start of the embedded Postgres is the slowest. */
const START_MS = 120_000;
const STOP_MS = 40_000;
/** How much of its log is shown when a program ended otherwise than it should, in lines. */
const LOG_LINES_SHOWN_MAX = 30;

export class Program {
  /** What it printed on stdout, line by line. */
  lines = new Journal();
  #log = [];
  #child;
  #ended;

  /** Another `account` (`{ uid, gid }`) is for servers that do not run as root. */
  constructor(path, environment, { cwd, args = [], account = {}, stdin = "ignore" } = {}) {
    const env = { ...bareEnvironment, ...environment };
    const stdio = [stdin, "pipe", "pipe"];
    this.#child = spawn(path, args, { env, cwd, stdio, ...account });
    const name = basename(path);
    const file = OWN.has(name) && logsFolder && join(logsFolder, `${process.pid}-${this.#child.pid}-${name}.log`);
    createInterface(this.#child.stdout).on("line", (line) => this.lines.add(line));
    createInterface(this.#child.stderr).on("line", (line) => {
      this.#log.push(line);
      if (file) appendFileSync(file, `${line}\n`);
      if (showLogs) process.stderr.write(`${line}\n`);
    });
    // "close" comes after the last line of both streams.
    this.#ended = Promise.race([
      once(this.#child, "close").then(([code, signal]) => ({ code, signal })),
      once(this.#child, "error").then(([error]) => Promise.reject(error)),
    ]);
    // Whoever waits for the end hears of an error; nobody has to.
    this.#ended.catch(() => {});
    running.add(this.#child);
    this.#child.once("exit", () => running.delete(this.#child));
  }

  /** Waits until it listens, and brings its address, such as `http://127.0.0.1:8080`. */
  async listens() {
    const address = this.lines.until(
      (lines) => lines.map((line) => LISTENING.exec(line)?.[1]).find(Boolean),
      "a line says where the program listens",
      START_MS,
    );
    const early = this.#ended.then((end) => {
      throw new Error(`it ended before it listened: ${JSON.stringify(end)}\n${this.logTail()}`);
    });
    return Promise.race([address, early]);
  }

  /** Waits for its end: `{ code, signal, stdout, stderr }`. */
  async ends(limitMs = STOP_MS) {
    const end = await within(this.#ended, () => `the program ends\n${this.logTail()}`, limitMs);
    return { ...end, stdout: this.lines.entries.join("\n"), stderr: this.#log.join("\n") };
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** Asks it to stop; it must end in good order. */
  async stops(signal = "SIGTERM") {
    this.signal(signal);
    const end = await this.ends();
    assert.equal(end.code, 0, `exit code after ${signal}; its log:\n${this.logTail()}`);
  }

  /** Kills it, however far it is. */
  async dies() {
    this.signal("SIGKILL");
    await this.ends();
  }

  /** Its process id. */
  get pid() {
    return this.#child.pid;
  }

  /** Its resident memory, in bytes. */
  async residentBytes() {
    const statm = await readFile(`/proc/${this.#child.pid}/statm`, "utf8");
    return Number(statm.split(" ")[1]) * PAGE_BYTES;
  }

  isRunning() {
    return running.has(this.#child);
  }

  /** Everything it logged and printed so far. */
  log() {
    return [...this.lines.entries, ...this.#log].join("\n");
  }

  logTail() {
    return this.#log.slice(-LOG_LINES_SHOWN_MAX).join("\n");
  }
}

// Nothing outlives the tests, not even when they end in the middle.
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
