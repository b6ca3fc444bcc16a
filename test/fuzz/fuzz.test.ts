import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { parametersOf } from "../../fhir/search/parameters.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { r4Examples } from "../kit/examples.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { usedMs } from "../kit/growth.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const REQUESTS = 4_000;
const PARALLEL = 16;
/** Longest that one request may take on a busy machine. Milliseconds. */
const TIMEOUT_MS = 10_000;
/** To repeat a run: the seed that a failure names. */
const SEED = 20_261_124;

const examples = r4Examples(20_000);

/** A text with something wrong in it. */
const mutatedText = fc
  .tuple(
    fc.constantFrom(...examples),
    fc.nat(),
    fc.nat(200),
    fc.constantFrom("cut", "drop", "swap", "null", "number", "array", "string", "deep", "dup", "garbage"),
  )
  .map(([{ type, text }, at, length, how]) => {
    const place = at % text.length;
    const end = Math.min(text.length, place + length);
    const replaceValue = (value: string) =>
      text.slice(0, place) +
      text
        .slice(place)
        .replace(
          /:\s*("(?:[^"\\]|\\.)*"|-?\d[\d.]*|true|false|\[|\{)/,
          (whole, old: string) => (old === "[" || old === "{" ? `:${old}` : `: ${value}`) || whole,
        );
    const mutated: Record<string, () => string> = {
      cut: () => text.slice(0, place),
      drop: () => text.slice(0, place) + text.slice(end),
      swap: () => text.slice(0, place) + text.slice(end) + text.slice(place, end),
      null: () => replaceValue("null"),
      number: () => replaceValue("1e400"),
      array: () => replaceValue("[[]]"),
      string: () => replaceValue('"\\u0007😀"'),
      deep: () => replaceValue(`${'{"extension":['.repeat(60)}${"]}".repeat(60)}`),
      dup: () => text.replace("{", '{"id":"a","id":"b",'),
      garbage: () => text.slice(0, place) + String.fromCharCode(1 + (at % 30)) + text.slice(place),
    };
    return { type, text: (mutated[how] as () => string)() };
  });

const write = fc.tuple(mutatedText, fc.constantFrom("POST", "PUT", "PATCH", "bundle", "$validate")).map(([{ type, text }, how]) => {
  if (how === "bundle") {
    return {
      method: "POST",
      path: "",
      body: `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":${text},"request":{"method":"POST","url":"${type}"}}]}`,
    };
  }
  if (how === "$validate") return { method: "POST", path: `/${type}/$validate`, body: text };
  return { method: how, path: how === "POST" ? `/${type}` : `/${type}/fuzz`, body: text };
});

const types = [...new Set(examples.map((it) => it.type))];
const value = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    "ge2020",
    "lt",
    "2020-02-30",
    "1,2,3",
    "\\,",
    "a|b|c|d",
    "|",
    "Patient/",
    "http://x|1",
    "5.4||mg",
    "ap1e3",
    "$",
    "a$b$c",
    "true",
    "%00",
    "*",
    "-",
    "0",
    "9".repeat(400),
  ),
);
const search = fc
  .tuple(
    fc.constantFrom(...types),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(
          "",
          "",
          "",
          ":exact",
          ":contains",
          ":missing",
          ":not",
          ":text",
          ":above",
          ":below",
          ":of-type",
          ":identifier",
          ":Patient",
          ":x",
          ".name",
          ":Patient.name",
        ),
        value,
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([type, parts]) => {
    const codes = [
      ...parametersOf(type).keys(),
      "_id",
      "_lastUpdated",
      "_sort",
      "_count",
      "_include",
      "_revinclude",
      "_has:Observation:patient:code",
      "_summary",
      "_elements",
      "_total",
      "_filter",
      "_page",
      "_text",
      "_list",
    ];
    const query = parts
      .map(
        ([at, modifier, text]) =>
          `${encodeURIComponent(`${codes[at % codes.length]}${modifier}`)}=${encodeURIComponent(text.isWellFormed() ? text : "x")}`,
      )
      .join("&");
    return { method: "GET", path: `/${type}?${query}`, body: undefined };
  });

const path = fc
  .tuple(
    fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
    fc.constantFrom(...types),
    fc.string({ maxLength: 20 }),
    fc.constantFrom("", "/_history", "/_history/1", "/$everything", "/$meta", "/*", "/Observation", "/$nothing"),
  )
  .map(([method, type, id, rest]) => ({
    method,
    path: `/${type}/${encodeURIComponent(id.isWellFormed() ? id : "x")}${rest}`,
    body: method === "GET" || method === "HEAD" ? undefined : "{}",
  }));

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What is really held, bytes: how much of the heap nobody has collected yet says nothing. */
async function memoryInUse(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve)); // what was kept for a finaliser goes with the next round
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe(`${REQUESTS} requests with something wrong in them`, () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: [...SYSTEMS.provider], nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh?.stop());

  it("are answered, none with an internal error, and the memory stays as it was", async () => {
    const requests = fc.sample(
      fc.oneof({ weight: 5, arbitrary: write }, { weight: 5, arbitrary: search }, { weight: 1, arbitrary: path }),
      { numRuns: REQUESTS, seed: SEED },
    );
    const statuses: Record<number, number> = {};
    const faults: string[] = [];
    let next = 0;
    const work = async (until: number) => {
      while (next < until) {
        const index = next;
        next += 1;
        const { method, path: to, body } = requests[index] as (typeof requests)[number];
        const begun = usedMs();
        const { status, text } = await fhir.send(method, to, body, body === undefined ? {} : { Prefer: "return=minimal" });
        statuses[status] = (statuses[status] ?? 0) + 1;
        const isLeak = /\bat .*\.(ts|js):\d+|node_modules|SQLITE/.test(text);
        if (status === 500 || status === 502 || status === 503 || isLeak || usedMs() - begun > TIMEOUT_MS) {
          faults.push(`#${index} ${method} ${to} ${status} ${text.slice(0, 300)} ${body?.slice(0, 300)}`);
        }
      }
    };
    const allUntil = (until: number) => Promise.all(Array.from({ length: PARALLEL }, () => work(until)));
    await allUntil(REQUESTS / 2);
    const afterWarmUp = await memoryInUse();
    // Collecting has held up the server, which may refuse requests as if it had too many.
    await eventually(
      () => fhir.get("/metadata"),
      ({ status }) => status === 200,
    );
    await allUntil(REQUESTS);
    expect(faults).toEqual([]);
    expect(statuses[400]).toBeGreaterThan(1_000);
    const growth = (await memoryInUse()) - afterWarmUp;
    expect(growth).toBeLessThan(20_000_000); // bytes, for half of them
    expect((await fhir.get("/metadata")).status).toBe(200);
  });
});
