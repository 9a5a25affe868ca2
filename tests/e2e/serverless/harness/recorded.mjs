// Recorded requests of a function, their events, and the answers to both in one form.

import { readFile, readdir } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";

import { workspace } from "./environment.mjs";

/** One request, and the event that each gateway makes of it. */
export class Recorded {
  name;
  request;
  /** By the gateway's name, each as it stands in its file. */
  events = new Map();

  static async of(functionName, name) {
    const folder = join(workspace, "functions", functionName, "events/requests", name);
    const recorded = new Recorded();
    recorded.name = name;
    for (const file of (await readdir(folder)).sort()) {
      const text = await readFile(join(folder, file), "utf8");
      if (file === "request.json") recorded.request = JSON.parse(text);
      else recorded.events.set(file.replace(".json", ""), text);
    }
    return recorded;
  }

  /** What a server answers to the request over HTTP. */
  async answerOf(address) {
    const { method, target, headers, body = "" } = this.request;
    const { hostname, port } = new URL(address);
    const response = await new Promise((resolve, reject) => {
      const isNamed = headers.some(([name]) => name === "host");
      const flat = [...headers, ...(isNamed ? [] : [["host", `${hostname}:${port}`]])].flat();
      if (body) flat.push("content-length", String(Buffer.byteLength(body)));
      httpRequest({ hostname, port, method, path: target, headers: flat, agent: false })
        .once("response", resolve)
        .once("error", reject)
        .end(body);
    });
    const pairs = [];
    for (let i = 0; i < response.rawHeaders.length; i += 2) {
      pairs.push([response.rawHeaders[i].toLowerCase(), response.rawHeaders[i + 1]]);
    }
    return inOneForm(response.statusCode, pairs, await textOf(response));
  }
}

/** What a gateway reads out of a function's answer. */
export function answerTold(text) {
  const { statusCode, headers = {}, multiValueHeaders = {}, cookies, ...told } = JSON.parse(text);
  const many = Object.entries(multiValueHeaders);
  const pairs = many.flatMap(([name, values]) => values.map((value) => [name, value]));
  if (many.length === 0) pairs.push(...Object.entries(headers));
  for (const cookie of cookies ?? []) pairs.push(["set-cookie", cookie]);
  const encoding = told.isBase64Encoded ? "base64" : "utf8";
  return inOneForm(statusCode, pairs, Buffer.from(told.body ?? "", encoding).toString());
}

/** What belongs to a connection and not to an answer. */
const CONNECTION = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

/** What is new in every answer: ids of accounts, times and what is left of them, tokens. */
const FRESH = [
  [/"id":"[0-9a-f-]{36}"/g, '"id":"…"'],
  [/"accessToken":"[\w.-]+"/g, '"accessToken":"…"'],
  [/"createdAt":"[\w.:-]+"/g, '"createdAt":"…"'],
  [/"expiresIn":\d+/g, '"expiresIn":…'],
  [/refresh_token=[\w-]+/g, "refresh_token=…"],
  // 0 takes a cookie away, and stays.
  [/Max-Age=[1-9]\d*/g, "Max-Age=…"],
];

function inOneForm(status, pairs, body) {
  const lines = new Map();
  for (const [name, value] of pairs) {
    if (CONNECTION.includes(name)) continue;
    // Several values of a header may be told in one (RFC 9110, section 5.3), but cookies.
    const line = lines.get(name);
    lines.set(name === "set-cookie" ? Symbol(name) : name, line ? `${line}, ${value}` : `${name}: ${value}`);
  }
  return { status, headers: [...lines.values()].sort(), body };
}

/** The same answer without what is new in every one. */
export function lasting({ status, headers, body }) {
  const freed = (text) => FRESH.reduce((rest, [fresh, mark]) => rest.replace(fresh, mark), text);
  return { status, headers: headers.map(freed), body: freed(body) };
}
