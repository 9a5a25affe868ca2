// What an instance tells Prometheus.

import assert from "node:assert/strict";

import { until } from "./deadline.mjs";

/** Its measures: a number for each `name{labels}`. */
export async function measures({ address }) {
  const response = await fetch(`${address}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n");
  const samples = lines.filter((line) => line && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** Waits until a measure of an instance is as it should be, and brings it. */
export async function measured(instance, name, condition) {
  let value;
  await until(
    async () => {
      value = (await measures(instance)).get(name);
      return value !== undefined && condition(value);
    },
    () => `${name} is ${condition} (it is ${value})`,
  );
  return value;
}

/** What `/readyz` says: `{ status, ready, degraded, … }`. */
export async function readiness({ address }) {
  const response = await fetch(`${address}/readyz`);
  return { status: response.status, ...(await response.json()) };
}
