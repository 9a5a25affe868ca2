// Writes the events of a request, `request.json`, beside it: as each gateway hands the request to a
// function, after the samples in the gateways' documentation.
// node tests/e2e/serverless/record.mjs functions/history/events/page/request.json …

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const CLIENT = "192.0.2.1";
const AGENT = "maru-test/1.0";
const FORWARDED = [
  ["x-forwarded-for", CLIENT],
  ["x-forwarded-port", "443"],
  ["x-forwarded-proto", "https"],
];
const TIME = { text: "23/Nov/2026:12:00:00 +0000", ms: 1_795_435_200_000 };

for (const file of process.argv.slice(2)) {
  const request = JSON.parse(await readFile(file, "utf8"));
  for (const [name, event] of Object.entries(eventsOf(parsed(request)))) {
    const text = `${JSON.stringify(event, null, 2)}\n`;
    await writeFile(join(dirname(file), `${name}.json`), text);
  }
}

function parsed({ method, target, headers, body = null, isBase64Encoded = false }) {
  const [path, query = ""] = target.split("?");
  const pairs = query === "" ? [] : query.split("&").map((pair) => pair.split("="));
  const text = isBase64Encoded ? Buffer.from(body).toString("base64") : body;
  return { method, path, query, pairs, headers, body: { body: text, isBase64Encoded } };
}

function eventsOf(request) {
  const isRepeated = (list) => new Set(list.map(([name]) => name)).size < list.length;
  const repeated = isRepeated(request.headers) || isRepeated(request.pairs);
  return {
    "http-api": version2(request, decodeURIComponent(request.path), "a1b2c3d4.execute-api"),
    "function-url": version2(request, request.path, "u1v2w3x4.lambda-url"),
    "rest-api": restApi(request),
    "load-balancer": loadBalancer(request, grouped, "multiValue"),
    // Without its attribute for several values this one tells the last value alone.
    ...(repeated ? {} : { "load-balancer-single": loadBalancer(request, Object.fromEntries) }),
  };
}

/** The payload of version 2.0: several values of a header in one, the cookies by themselves. */
function version2({ method, query, pairs, headers, body }, path, host) {
  const domainName = `${host}.eu-central-1.amazonaws.com`;
  const cookies = headers.filter(([name]) => name === "cookie").map(([, value]) => value);
  const others = headers.filter(([name]) => name !== "cookie");
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies: cookies.flatMap((value) => value.split("; ")) }),
    headers: joined(arrived(others, domainName)),
    ...(pairs.length > 0 && { queryStringParameters: joined(decoded(pairs)) }),
    requestContext: {
      accountId: "123456789012",
      apiId: host.split(".")[0],
      domainName,
      domainPrefix: host.split(".")[0],
      http: { method, path, protocol: "HTTP/1.1", sourceIp: CLIENT, userAgent: AGENT },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: "$default",
      stage: "$default",
      time: TIME.text,
      timeEpoch: TIME.ms,
    },
    ...(body.body !== null && { body: body.body }),
    isBase64Encoded: body.isBase64Encoded,
  };
}

/** The payload of version 1.0, with the stage in front of the path that the client called. */
function restApi({ method, path, pairs, headers, body }) {
  const domainName = "r1s2t3u4.execute-api.eu-central-1.amazonaws.com";
  const all = arrived(headers, domainName);
  const query = decoded(pairs);
  return {
    resource: "/{proxy+}",
    path,
    httpMethod: method,
    headers: Object.fromEntries(all),
    multiValueHeaders: grouped(all),
    queryStringParameters: pairs.length > 0 ? Object.fromEntries(query) : null,
    multiValueQueryStringParameters: pairs.length > 0 ? grouped(query) : null,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: "123456789012",
      apiId: "r1s2t3u4",
      domainName,
      domainPrefix: "r1s2t3u4",
      extendedRequestId: "JKJaXmPLvHcESHA=",
      httpMethod: method,
      identity: { sourceIp: CLIENT, userAgent: AGENT },
      path: `/prod${path}`,
      protocol: "HTTP/1.1",
      requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
      requestTime: TIME.text,
      requestTimeEpoch: TIME.ms,
      resourceId: "123456",
      resourcePath: "/{proxy+}",
      stage: "prod",
    },
    ...body,
  };
}

/** A load balancer decodes nothing. */
function loadBalancer({ method, path, pairs, headers, body }, table, prefix = "") {
  const all = arrived(headers, "chat.example.org");
  const named = (name) => (prefix ? prefix + name[0].toUpperCase() + name.slice(1) : name);
  return {
    requestContext: {
      elb: {
        targetGroupArn:
          "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/maru/0123456789abcdef",
      },
    },
    httpMethod: method,
    path,
    [named("queryStringParameters")]: table(pairs),
    [named("headers")]: table(all),
    body: body.body ?? "",
    isBase64Encoded: body.isBase64Encoded,
  };
}

/** What the client sent, with what every request brings or is given on its way. */
function arrived(headers, host) {
  const isNamed = headers.some(([name]) => name === "host");
  return [...headers, ...(isNamed ? [] : [["host", host]]), ["user-agent", AGENT], ...FORWARDED];
}

function decoded(pairs) {
  return pairs.map((pair) => pair.map((part) => decodeURIComponent(part.replaceAll("+", " "))));
}

function grouped(pairs) {
  const groups = {};
  for (const [name, value] of pairs) (groups[name] ??= []).push(value);
  return groups;
}

function joined(pairs) {
  const groups = Object.entries(grouped(pairs));
  return Object.fromEntries(groups.map(([name, values]) => [name, values.join(",")]));
}
