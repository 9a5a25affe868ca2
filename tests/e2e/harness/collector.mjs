// A collector of traces: what an OTLP exporter posts over HTTP, decoded.

import { once } from "node:events";
import { createServer } from "node:http";

import { within } from "./deadline.mjs";
import { Journal } from "./journal.mjs";

/** The kinds of spans by their number (opentelemetry.proto.trace.v1.Span.SpanKind). */
const KINDS = ["", "internal", "server", "client", "producer", "consumer"];
const ERROR = 2;

export class Collector {
  /** Every span that has arrived. */
  spans = new Journal();
  /** Every body as it came. */
  bodies = [];
  #server;

  static async startsFor(t) {
    const collector = new Collector();
    collector.#server = createServer((request, response) => collector.#takes(request, response));
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    t.after(async () => {
      collector.#server.closeAllConnections();
      collector.#server.close();
      await within(once(collector.#server, "close"), "the collector is closed");
    });
    return collector;
  }

  /** What a program is told so that it sends its spans here, soon. */
  get environment() {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.address().port}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    };
  }

  /** Waits until a trace is as it should be, and brings its spans. */
  async receives(traceId, condition, what) {
    return this.spans.until((spans) => {
      const trace = spans.filter((span) => span.traceId === traceId);
      return condition(trace) && trace;
    }, what);
  }

  async #takes(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const isTraces = request.method === "POST" && request.url === "/v1/traces";
    if (!isTraces || request.headers["content-type"] !== "application/x-protobuf") {
      return response.writeHead(404).end();
    }
    this.bodies.push(body);
    for (const span of spansOf(body)) this.spans.add(span);
    response.writeHead(200, { "Content-Type": "application/x-protobuf" }).end();
  }
}

/** The spans of an ExportTraceServiceRequest, by the numbers of its fields. */
function spansOf(request) {
  return fields(request, 1).flatMap((resourceSpans) => {
    const [resource] = fields(resourceSpans, 1);
    const service = attributes(fields(resource, 1))["service.name"];
    return fields(resourceSpans, 2).flatMap((scopeSpans) =>
      fields(scopeSpans, 2).map((span) => ({ service, ...opened(span) })),
    );
  });
}

function opened(span) {
  const [status] = fields(span, 15);
  return {
    traceId: fields(span, 1)[0].toString("hex"),
    spanId: fields(span, 2)[0].toString("hex"),
    parent: fields(span, 4)[0]?.toString("hex") ?? "",
    name: fields(span, 5)[0].toString(),
    kind: KINDS[fields(span, 6)[0]],
    start: fields(span, 7)[0],
    end: fields(span, 8)[0],
    attributes: attributes(fields(span, 9)),
    isError: status !== undefined && fields(status, 3)[0] === ERROR,
  };
}

/** KeyValues as an object; a value is a text or a number here. */
function attributes(keyValues) {
  const entries = keyValues.map((keyValue) => {
    const [value] = fields(keyValue, 2);
    const [text] = fields(value, 1);
    return [fields(keyValue, 1)[0].toString(), text?.toString() ?? fields(value, 3)[0]];
  });
  return Object.fromEntries(entries);
}

/** Every value of one field of a message of Protocol Buffers. */
function fields(message, wanted) {
  const found = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const value = valueOf(key & 7);
    if (key >> 3 === wanted) found.push(value);
  }
  return found;

  function valueOf(wireType) {
    if (wireType === 0) return Number(varint());
    if (wireType === 1) return message.readBigUInt64LE((at += 8) - 8);
    if (wireType === 5) return message.readUInt32LE((at += 4) - 4);
    if (wireType !== 2) throw new Error(`wire type ${wireType} is none that a collector knows`);
    const length = Number(varint());
    return message.subarray(at, (at += length));
  }
}
