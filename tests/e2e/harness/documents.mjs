// The interfaces as they are written down, against which every test holds what it gets: an answer or
// an event that is not described, or has a member too many, fails whoever got it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import addFormats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";

import { bareEnvironment, maruProgram } from "./environment.mjs";

const METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE"];
/** What can be refused anywhere, for a reason that no operation has of its own. */
const ANYWHERE = new Set([405, 413, 415, 429, 500, 503, 504]);

export const openapi = read("openapi");
export const asyncapi = read("asyncapi");

/** Which answers were seen, such as `GET /rooms 200`. */
export const answersSeen = new Set();
/** Which events and receipts were heard, such as `room/stored`. */
export const eventsHeard = new Set();

const ajv = addFormats(new Ajv({ strict: false, validateSchema: false, allErrors: true }));
ajv.addSchema(closed(openapi), "openapi");
ajv.addSchema(closed(asyncapi), "asyncapi");

/** Fails where an answer is not what the document says of the operation. */
export function holdsAnswer(method, path, { status, type, text }) {
  const [pathname] = path.split("?");
  const template = templateOf(pathname);
  // What is nowhere written is nowhere to be found.
  if (!template) return assert.ok(status >= 400, `${method} ${path} is not in the document: ${status}`);
  const operation = openapi.paths[template][method.toLowerCase()];
  if (!operation) return assert.ok(!METHODS.includes(method) || status >= 400, `${method} ${path} is not in the document`);
  const key = operation.responses[status] ? String(status) : "default";
  const where = `${method} ${template} ${status}`;
  assert.ok(key !== "default" || ANYWHERE.has(status), `${where} is not in the document:\n${text}`);
  answersSeen.add(where);
  const { content } = operation.responses[key];
  if (!content) return assert.equal(text, "", `${where} has no body`);
  const [media] = (type ?? "").split(";");
  assert.ok(content[media], `${where} is ${media}, not ${Object.keys(content)}`);
  // Lines of JSON are no JSON.
  if (!/[/+]json$/.test(media)) return undefined;
  const pointer = ["paths", template, method.toLowerCase(), "responses", key, "content", media, "schema"];
  return fits(`openapi#/${pointer.map(escaped).join("/")}`, JSON.parse(text), where);
}

/** Fails where a MESSAGE is none of those that the document knows on its destination. */
export function holdsMessage(destination, body) {
  const found = Object.entries(asyncapi.channels).find(([, { address }]) => matches(address, destination));
  assert.ok(found, `${destination} is not in the document`);
  const [name, { messages }] = found;
  const event = JSON.parse(body);
  const fitting = Object.keys(messages).filter((message) => isFit(name, message, event));
  assert.equal(fitting.length, 1, `on ${destination} this is ${fitting.length} of ${Object.keys(messages)}: ${body}`);
  eventsHeard.add(`${name}/${fitting[0]}`);
}

/** Fails where the RECEIPT of a message is not what the document says. */
export function holdsReceipt(headers) {
  eventsHeard.add("receipt/receipt");
  fits("asyncapi#/components/messages/receipt/headers", headers, "a RECEIPT");
}

/** Every answer of a kind that the document promises, such as `2`. */
export function answersWritten(kind) {
  return Object.entries(openapi.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { responses }]) =>
      Object.keys(responses)
        .filter((status) => status.startsWith(kind))
        .map((status) => `${method.toUpperCase()} ${path} ${status}`),
    ),
  );
}

function isFit(channel, message, event) {
  const { $ref } = asyncapi.channels[channel].messages[message];
  return ajv.getSchema(`asyncapi${$ref}/payload`)?.(event) ?? assert.fail(`${$ref} has no payload`);
}

function fits(reference, value, where) {
  const validate = ajv.getSchema(reference);
  assert.ok(validate, `${reference} is not there`);
  if (validate(value)) return;
  assert.fail(`${where} is not as written: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

/** The path of the document that a path is of; one without parameters goes before. */
function templateOf(path) {
  const templates = Object.keys(openapi.paths).sort((a, b) => a.split("{").length - b.split("{").length);
  return templates.find((template) => matches(template, path));
}

function matches(template, path) {
  if (typeof template !== "string") return false;
  const [wanted, given] = [template.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((part, n) => part.startsWith("{") || part === given[n]);
}

function escaped(part) {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** The same with no room for members that are not written down. */
function closed(part) {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([name, each]) => [name, closed(each)]));
  const isObject = part.type === "object" && part.properties && !("receipt" in part.properties);
  return isObject && !part.additionalProperties ? { ...copy, additionalProperties: false } : copy;
}

function read(name) {
  return JSON.parse(execFileSync(maruProgram, ["docs", name], { env: bareEnvironment, encoding: "utf8" }));
}
