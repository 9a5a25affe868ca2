// What a run found, in a line and as a demand.

import assert from "node:assert/strict";

/** Says what was injected and what came of it. */
export function tells(t, what, report) {
  const { intended, receipted, refused, unknown, duplicates, rows, heard } = report;
  const closes = Object.entries(report.closes).map(([why, count]) => `${count}× ${why}`);
  const refusals = Object.entries(report.refusals).map(([code, count]) => `${count}× ${code}`);
  // As a number of JavaScript it would not be the same.
  const [, seed] = /^seed (\d+)/m.exec(report.text);
  const breaches = Object.entries(report.breaches).map(([kind, count]) => `${count}× ${kind}`);
  t.diagnostic(
    `${what}: ${intended} sends, ${receipted} receipted, ${refused} refused, ${unknown} unknown; ` +
      `${duplicates} told a duplicate; ${rows} rows; ${heard} heard; ` +
      `closes: ${closes.join(", ") || "none"}; refusals: ${refusals.join(", ") || "none"}; ` +
      `longest without a room ${report.awayMsMax} ms; quiet after ${report.quietAfterMs} ms; seed ${seed}; ` +
      (report.kept ? "lost 0, doubled 0, one order, no gap" : `BROKEN: ${breaches.join(", ")}`),
  );
}

/** Demands that every promise was kept, and that there was something to keep. */
export function kept(t, what, report) {
  tells(t, what, report);
  assert.ok(report.kept, report.text);
  assert.ok(report.rowsFromSql);
  assert.ok(report.receipted > 50, `only ${report.receipted} sends were receipted`);
}

/** Demands that the checker noticed. */
export function broken(t, what, report, kinds) {
  tells(t, what, report);
  assert.equal(report.kept, false, "a broken promise went unnoticed");
  const found = Object.keys(report.breaches);
  assert.ok(
    kinds.some((kind) => found.includes(kind)),
    `${kinds} is expected, ${found} was found`,
  );
}
