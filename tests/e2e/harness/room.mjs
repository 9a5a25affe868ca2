// Rooms that no other test has been in.

import { randomUUID } from "node:crypto";

export function freshRoom(topic) {
  return `${topic}-${randomUUID()}`;
}

/** 1, 2, … n: the numbers that n messages of a fresh room must have. */
export function numbersTo(n) {
  return Array.from({ length: n }, (_, index) => index + 1);
}
