/** Requests to the server under test, each checked and counted; the options of a run. */
import http from "node:http";
import https from "node:https";
import { parseArgs } from "node:util";

export const { values: options } = parseArgs({
  options: {
    base: { type: "string" },
    what: { type: "string" },
    seconds: { type: "string", default: "20" },
    connections: { type: "string", default: "16" },
    header: { type: "string", multiple: true, default: [] },
    timeout: { type: "string", default: "120" }, // seconds until an unanswered request counts as an error
  },
});

const WORKLOADS = ["crud", "import", "search"];
if (!options.base || !WORKLOADS.includes(options.what ?? "")) {
  console.error(
    "usage: node bench/harness.mjs --base URL --what crud|import|search [--seconds 20] [--connections 16] [--timeout 120] [--header 'Name: value']",
  );
  process.exit(2);
}
/** FHIR base of the server under test. */
export const base = new URL(options.base.replace(/\/$/, ""));
/** How many virtual users there are: each is a keep-alive connection with one request in flight. */
export const connections = Number(options.connections);
const fhirJson = "application/fhir+json";
const headers = { Accept: fhirJson, ...Object.fromEntries(options.header.map((line) => line.split(/:\s*(.*)/s, 2))) };
const transport = base.protocol === "https:" ? https : http;
/** The connections; to be destroyed at the end. */
export const agent = new transport.Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });

/** Sends one request and reads the whole answer. `path` is relative to the base, or an absolute link of the server. */
export function send(method, path, body, extraHeaders) {
  // A link is followed on the host under test, whatever host name the server believes to have.
  const target = path.startsWith("http") ? ((link) => link.pathname + link.search)(new URL(path)) : base.pathname + path;
  return new Promise((resolve, reject) => {
    const request = transport.request(
      {
        agent,
        method,
        host: base.hostname,
        port: base.port,
        path: target,
        timeout: Number(options.timeout) * 1000,
        headers: { ...headers, ...extraHeaders, ...(body && { "Content-Type": fhirJson, "Content-Length": Buffer.byteLength(body) }) },
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    request.on("timeout", () => request.destroy(new Error(`no answer within ${options.timeout} s`)));
    request.on("error", reject);
    request.end(body);
  });
}

/** Latencies and errors of each kind of request, by its name. */
export const operations = new Map();
/** `resources` is what resources_per_s counts: each workload says what that is. */
export const tally = { resources: 0, firstError: undefined };

/**
 * Sends a request, checks the answer and notes both under `name`.
 * `check` gets the parsed body and the answer, and throws what is wrong.
 * Returns what `check` returned, or undefined after an error.
 */
export async function measure(name, { method = "GET", path, body, status, prefer }, check = () => true) {
  if (!operations.has(name)) operations.set(name, { latencies: [], errors: 0 });
  const operation = operations.get(name);
  const start = performance.now();
  let answer;
  try {
    answer = await send(method, path, body, prefer && { Prefer: `return=${prefer}` });
    operation.latencies.push(performance.now() - start);
    expect([status ?? 200].flat().includes(answer.status), `status ${answer.status} instead of ${status ?? 200}`);
    return check(answer.text ? JSON.parse(answer.text) : undefined, answer);
  } catch (error) {
    if (!answer) operation.latencies.push(performance.now() - start);
    operation.errors += 1;
    tally.firstError ??= `${name}: ${method} ${path}: ${error.message}: ${answer?.text.replace(/\s+/g, " ").slice(0, 500) ?? "no answer"}`;
  }
}

/** Throws the message, unless it holds. */
export function expect(holds, message) {
  if (!holds) throw new Error(message);
}

/** The matches of a searchset, without what was included beside them. */
export function matchesOf(bundle) {
  expect(bundle?.resourceType === "Bundle" && bundle.type === "searchset", "not a searchset");
  return (bundle.entry ?? []).filter((entry) => (entry.search?.mode ?? "match") === "match").map((entry) => entry.resource);
}

/** Runs `behave(number)` for each virtual user at once. */
export const virtualUsers = (behave) => Promise.all(Array.from({ length: connections }, (_, user) => behave(user)));
