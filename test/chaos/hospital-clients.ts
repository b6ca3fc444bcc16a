/** Clients of a hospital at work, with a record of their answers outside of the mesh. */
import { randomUUID } from "node:crypto";
import { type Answered, type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import type { Mesh } from "../kit/mesh.ts";

/** Identifier system of the resources that these clients create. */
export const SYSTEM = "urn:test:chaos";

/** The answers to clients. */
export interface Journal {
  /** Newest confirmed counter in each client's own patient. */
  confirmed: Map<string, number>;
  /** Identifiers with a confirmed conditional create, and the returned type and id. */
  created: Map<string, string>;
  /** Marks of transactions over three services: confirmed, or without an answer. */
  bundles: Map<string, "confirmed" | "unknown">;
  /** Idempotent requests that failed, and answers that are impossible. */
  failed: string[];
  wrong: string[];
  /** Transactions answered 409 or 503, or not at all: their client may send them again. */
  refusedBundles: number;
  longestMs: number;
  requests: number;
  /** The clock of `longestMs`, milliseconds. */
  now(): number;
}

/** An empty record. @param now its clock; default that of the wall, which measurements need. Tests allow for a slow machine (`runningMs`) */
export const newJournal = (now = () => performance.now()): Journal => ({
  now,
  confirmed: new Map(),
  created: new Map(),
  bundles: new Map(),
  failed: [],
  wrong: [],
  refusedBundles: 0,
  longestMs: 0,
  requests: 0,
});

/** `count` clients of a mesh, at work until `isOver`. @param withBundles also send transactions over three services */
export function clientsOf(
  mesh: Mesh,
  { count, withBundles = false }: { count: number; withBundles?: boolean },
  journal: Journal,
  isOver: () => boolean,
): Promise<void>[] {
  const group = randomUUID().slice(0, 8);
  return Array.from({ length: count }, (_, index) => new Client(mesh, `${group}.${index}`, index, journal).work(withBundles, isOver));
}

type Request = (fhir: FhirHttp) => Promise<Answered>;

class Client {
  readonly #mesh: Mesh;
  readonly #name: string;
  readonly #journal: Journal;
  /** Number of the gateway in use. */
  #gateway: number;

  constructor(mesh: Mesh, name: string, gateway: number, journal: Journal) {
    this.#mesh = mesh;
    this.#name = name;
    this.#gateway = gateway;
    this.#journal = journal;
  }

  async work(withBundles: boolean, isOver: () => boolean): Promise<void> {
    for (let round = 1; !isOver(); round += 1) {
      await this.#changeOwn(round);
      await this.#createOnce(patientWith);
      if (withBundles) await this.#createOnce(observationWith);
      if (withBundles && round % 3 === 0) await this.#sendBundle();
      if (withBundles && round % 3 === 1) await this.#sendRepeatable();
    }
  }

  /** Updates its own patient: each PUT is the next version, and confirmed content is read back. */
  async #changeOwn(count: number): Promise<void> {
    const { confirmed, wrong } = this.#journal;
    const name = this.#name;
    const patient = { resourceType: "Patient", id: name, identifier: [{ system: `${SYSTEM}:count`, value: String(count) }] };
    if (await this.#ask("PUT", (fhir) => fhir.send("PUT", `/Patient/${name}`, patient))) confirmed.set(name, count);
    const read = await this.#ask("read", (fhir) => fhir.get(`/Patient/${name}`));
    const seen = Number(read?.body.identifier[0]?.value ?? 0);
    if (read && seen < (confirmed.get(name) ?? 0)) wrong.push(`read ${seen} after ${confirmed.get(name)} was confirmed`);
  }

  /** A conditional create that is sent twice creates one resource, which is found. */
  async #createOnce(resourceWith: (identifier: object) => { resourceType: string }): Promise<void> {
    const { created, wrong } = this.#journal;
    const value = randomUUID();
    const resource = resourceWith({ system: SYSTEM, value });
    const type = `/${resource.resourceType}`;
    const create: Request = (fhir) => fhir.send("POST", type, resource, { "If-None-Exist": `identifier=${SYSTEM}|${value}` });
    const made = await this.#ask("conditional create", create);
    if (made) created.set(value, `${resource.resourceType}/${made.body.id}`);
    const again = await this.#ask("conditional create, again", create);
    if (made && again && made.body.id !== again.body.id) wrong.push(`created twice: ${made.body.id} and ${again.body.id}`);
    const found = await this.#ask("search", (fhir) => fhir.get(`${type}?identifier=${SYSTEM}|${value}`));
    const matches = found?.body.entry?.length ?? 0;
    if (made && found && matches !== 1) wrong.push(`found ${matches} of what was created once`);
  }

  /** A transaction over three services; without a key, so it is not repeated. Then a chain over two of them. */
  async #sendBundle(): Promise<void> {
    const { bundles, wrong } = this.#journal;
    const mark = randomUUID();
    bundles.set(mark, "unknown");
    const answer = await this.#once((fhir) => fhir.send("POST", "", bundleOf(mark)));
    if (answer?.status !== 200) {
      this.#journal.refusedBundles += 1;
      if (answer && ![409, 503].includes(answer.status)) wrong.push(`transaction: ${told(answer)}`);
      return;
    }
    bundles.set(mark, "confirmed");
    const found = await this.#ask("chain", (fhir) => fhir.get(`/Condition?subject:Patient.identifier=${SYSTEM}|${mark}`));
    const matches = found?.body.entry?.length ?? 0;
    if (found && matches !== 1) wrong.push(`a chain found ${matches} of what was confirmed`);
  }

  /** A transaction of conditional creates in two services: repeating it creates nothing more. */
  async #sendRepeatable(): Promise<void> {
    const value = randomUUID();
    const entry = [patientWith, observationWith].map((resourceWith) => {
      const resource = resourceWith({ system: SYSTEM, value });
      return { resource, request: { method: "POST", url: resource.resourceType, ifNoneExist: `identifier=${SYSTEM}|${value}` } };
    });
    const answer = await this.#ask("repeatable transaction", (fhir) =>
      fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry }),
    );
    const [, place] = /([A-Za-z]+\/[^/]+)\/_history/.exec(answer?.body.entry[1].response.location) ?? [];
    if (place !== undefined) this.#journal.created.set(value, place);
  }

  /** Sends an idempotent request; through another gateway if the first has closed the connection. Undefined if it failed. */
  async #ask(what: string, request: Request): Promise<Answered | undefined> {
    const begun = this.#journal.now();
    const answer = (await this.#once(request)) ?? (await this.#once(request));
    this.#journal.longestMs = Math.max(this.#journal.longestMs, this.#journal.now() - begun);
    if (answer && answer.status >= 200 && answer.status < 300) return answer;
    this.#journal.failed.push(`${what}: ${answer ? told(answer) : "no answer, twice"}`);
    return undefined;
  }

  /** Undefined if the connection was closed; the next request goes to the next gateway. */
  async #once(request: Request): Promise<Answered | undefined> {
    this.#journal.requests += 1;
    const gateways = this.#mesh.nodes.flatMap(({ url }) => url ?? []);
    try {
      return await request(fhirAt(gateways[this.#gateway % gateways.length] ?? this.#mesh.base));
    } catch {
      this.#gateway += 1;
      return undefined;
    }
  }
}

const told = ({ status, text }: Answered): string => `${status} ${text.slice(0, 200)}`;

/** A patient, a condition and an order, of three owners, with the mark. */
export function bundleOf(mark: string) {
  const identifier = [{ system: SYSTEM, value: mark }];
  const subject = { reference: "urn:uuid:00000000-0000-4000-8000-000000000001" };
  const post = (resource: { resourceType: string }, fullUrl?: string) => ({
    ...(fullUrl && { fullUrl }),
    resource,
    request: { method: "POST", url: resource.resourceType },
  });
  return {
    resourceType: "Bundle",
    type: "transaction",
    entry: [
      post({ resourceType: "Patient", ...{ identifier } }, subject.reference),
      post({ resourceType: "Condition", ...{ identifier, subject } }),
      post({
        resourceType: "ServiceRequest",
        ...{ identifier, subject, status: "active", intent: "order", code: { text: "Blood count" } },
      }),
    ],
  };
}

const patientWith = (identifier: object) => ({ resourceType: "Patient", identifier: [identifier] });

/** Of a type with two owners. */
const observationWith = (identifier: object) => ({
  resourceType: "Observation",
  status: "final",
  code: { text: "pulse" },
  identifier: [identifier],
});

/** Differences between the stored data and the answers to clients. */
export interface Judgement {
  lost: string[];
  doubled: string[];
  half: string[];
}

/** Reads back what was confirmed. @param most number of the newest conditional creates and transactions that are checked */
export async function judge(fhir: FhirHttp, journal: Journal, most = 300): Promise<Judgement> {
  const judgement: Judgement = { lost: [], doubled: [], half: [] };
  for (const [client, count] of journal.confirmed) {
    const { body } = await fhir.get(`/Patient/${client}`);
    const value = Number(body.identifier?.[0].value);
    if (value < count) judgement.lost.push(`${client} has ${value}, ${count} was confirmed`);
    // Each PUT creates at most one version, even if it was sent again.
    if (Number(body.meta?.versionId) > value) judgement.doubled.push(`${client} has version ${body.meta?.versionId} at PUT ${value}`);
  }
  const matchesOf = async (query: string): Promise<string[]> =>
    ((await fhir.get(query)).body.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id);
  for (const [value, place] of [...journal.created].slice(-most)) {
    const [type, id = ""] = place.split("/");
    const found = await matchesOf(`/${type}?identifier=${SYSTEM}|${value}`);
    if (!found.includes(id)) judgement.lost.push(`${place} was confirmed`);
    if (found.length > 1) judgement.doubled.push(`${found.length} of ${type} for one conditional create`);
  }
  for (const [mark, state] of [...journal.bundles].slice(-most)) {
    const counts = await Promise.all(
      ["Patient", "Condition", "ServiceRequest"].map(async (type) => (await matchesOf(`/${type}?identifier=${SYSTEM}|${mark}`)).length),
    );
    if (new Set(counts).size > 1) judgement.half.push(`${mark}: ${counts.join(", ")}`);
    if (state === "confirmed" && counts.includes(0)) judgement.lost.push(`the transaction ${mark}`);
    if (counts.some((count) => count > 1)) judgement.doubled.push(`the transaction ${mark}`);
  }
  return judgement;
}
