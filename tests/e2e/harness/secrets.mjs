// What the tests hand to the servers and must be in no log: `cargo xtask test` searches what every
// program of this system logged for it, at the end of each step.

import { appendFileSync } from "node:fs";
import { join } from "node:path";

import { logsFolder } from "./environment.mjs";

/** What is shorter could stand in a log by chance. */
const CHARACTERS_MIN = 12;
/** Which members of a body are secret, and as what. */
const MEMBERS = {
  content: "message",
  password: "password",
  currentPassword: "password",
  newPassword: "password",
  accessToken: "access token",
  email: "e-mail",
};

const kept = new Set();

/** Notes something that no program may log. */
export function keepsSecret(kind, text) {
  if (!logsFolder || typeof text !== "string" || text.length < CHARACTERS_MIN || kept.has(text)) return;
  kept.add(text);
  const line = JSON.stringify({ kind, text });
  appendFileSync(join(logsFolder, `${process.pid}.secrets`), `${line}\n`);
}

/** Notes what is secret in the body of a request, a frame or an answer. */
export function keepsSecretsOf(body) {
  for (const [member, kind] of Object.entries(MEMBERS)) keepsSecret(kind, body?.[member]);
}

/** Notes the refresh tokens that an answer sets. */
export function keepsCookiesOf(headers) {
  for (const cookie of headers.getSetCookie()) {
    keepsSecret("refresh token", /^refresh_token=([^;]*)/.exec(cookie)?.[1]);
  }
}
