/**
 * Two hospitals, one with and one without what a person may not see, must answer all requests of that person alike, except for ids, times and page links
 * that the servers create.
 */
import fc from "fast-check";
import { App } from "../identity/app.ts";
import { registerProgram } from "../identity/program.ts";
import { VERSION_EVENTS_PATH } from "../../services/api/http/version-streams.ts";
import { type Answered, type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { startMesh } from "../kit/mesh.ts";
import { hospital, type Resource, type Rights } from "./hidden-hospital.ts";
import { type Request, request } from "./hidden-requests.ts";
import { heardBy } from "./hidden-streams.ts";

/** Answers to the requests, and what was received on streams afterwards. */
interface Told {
  answers: string[];
  streams: string[];
}

/** A closed hospital, with or without what these rights hide. */
async function answersOf(
  rights: Rights,
  { isWhole, requests, store }: { isWhole: boolean; requests: Request[]; store: "sqlite" | "mongo" },
): Promise<Told> {
  const services = ["api", "transactions", "patients", "visits", "hospitalizations", "lab", "pharmacy", "records", "billing", "identity"];
  const env = { ACCESS: "closed", RULES: "references:off", PAGE_KEY: "00".repeat(32) };
  const mesh = await startMesh({ services, nats: false, split: "broker", env, store });
  try {
    const loader = await (await registerProgram(mesh, "loader")).token();
    await fill(
      fhirAt(mesh.base, loader),
      isWhole ? hospital() : hospital().filter((one) => !rights.hidden.includes(one.resourceType) && !rights.hides?.(one)),
    );
    const app = await App.register(mesh, [rights.role], `openid ${rights.scope}`);
    const { access_token } = await app.signIn(`openid ${rights.scope}`);
    const answers: string[] = [];
    for (const { method, path, body, headers } of requests) {
      const sent = body instanceof URLSearchParams ? body.toString() : body;
      const asking = fhirAt(mesh.base, access_token);
      let told = toldBy(await asking.send(method, path, sent, headers));
      // The next page as well: its start must not reveal what was left out.
      const next = /"relation":"next","url":("[^"]*")/.exec(told)?.[1];
      if (next !== undefined) told += toldBy(await asking.get(JSON.parse(next) as string));
      answers.push(normal(mesh.base, told));
    }
    return { answers, streams: await heardBy(mesh.base, { person: access_token, loader }) };
  } finally {
    await mesh.stop();
  }
}

const toldBy = ({ status, text, headers }: Answered): string =>
  `${status} ${["etag", "location", "content-location"].map((name) => headers.get(name) ?? "").join(" ")} ${text}\n`;

async function fill(fhir: FhirHttp, resources: Resource[]): Promise<void> {
  const entry = resources.map((resource) => ({ resource, request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` } }));
  for (const one of entry) {
    const { status, text } = await fhir.send("PUT", `/${one.request.url}`, one.resource);
    if (status !== 201) throw new Error(`${one.request.url}: ${status} ${text}`);
  }
}

/** The text without what each server creates itself. */
const normal = (base: string, text: string): string =>
  text
    .replaceAll(base, "BASE")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "TIME")
    .replaceAll(/_page=[\w%.~-]+/g, "_page=PAGE");

/** Requests whose answers distinguish the two hospitals. */
export interface Difference {
  rights: Rights;
  request: Request;
  whole: string;
  without: string;
}

/** @param cases for each kind of rights */
export async function differences(
  rights: Rights,
  { cases, seed, store = "sqlite" }: { cases: number; seed: number; store?: "sqlite" | "mongo" },
): Promise<Difference[]> {
  const requests = fc.sample(request, { numRuns: cases, seed });
  const whole = await answersOf(rights, { isWhole: true, requests, store });
  const without = await answersOf(rights, { isWhole: false, requests, store });
  const between = (some: Request[], answered: string[], others: string[]) =>
    some.flatMap((one, index) => {
      const [a = "", b = ""] = [answered[index], others[index]];
      return a === b ? [] : [{ rights, request: one, whole: a, without: b }];
    });
  const streams = whole.streams.map(() => ({ method: "GET", path: VERSION_EVENTS_PATH }));
  return [...between(requests, whole.answers, without.answers), ...between(streams, whole.streams, without.streams)];
}
