// Names of receipts.

let last = 0;

/** A name that no other receipt of this process has. */
export function receiptId() {
  last += 1;
  return `receipt-${last}`;
}
