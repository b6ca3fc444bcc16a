/** The import's FHIR client: retries temporary errors, and reports permanent ones clearly. */
import { setTimeout as pause } from "node:timers/promises";
import { MISSING_REFERENCE, type OperationOutcome } from "../../fhir/outcome.ts";
import { StartupError } from "../start/startup-error.ts";
import type { Entry } from "./once.ts";

const ANSWER_MS = 120_000; // a thousand entries take some seconds on a busy machine
const REACH_MS = 5_000;
const RETRIES = 6;
const FIRST_PAUSE_MS = 200; // doubled with each retry up to LONGEST_PAUSE_MS: 10 s in all
const LONGEST_PAUSE_MS = 5_000;
/** Issue codes of temporary errors with status 409: another client is writing the same resource. */
const PASSING = new Set(["lock-error", "conflict", "transient", "throttled"]);

/** The server refuses the input; sending it again would not help. */
export class ImportRefused extends Error {
  readonly outcome: OperationOutcome | undefined;
  readonly status: number;
  constructor(status: number, outcome: OperationOutcome | undefined) {
    super(shortOf(status, outcome));
    this.status = status;
    this.outcome = outcome;
  }
  /** Whether it refers to a resource that is not here yet: it may be accepted later. */
  get isTooEarly(): boolean {
    const codings = (this.outcome?.issue ?? []).flatMap(({ details }) => details?.coding ?? []);
    return this.status === 409 && codings.some(({ system }) => system === MISSING_REFERENCE);
  }
  /** The entries of a bundle that the issues name, by index. */
  get entries(): number[] {
    const named = (this.outcome?.issue ?? []).map(({ expression }) => /^Bundle\.entry\[(\d+)\]/.exec(expression?.[0] ?? "")?.[1]);
    return named.includes(undefined) ? [] : [...new Set(named.map(Number))];
  }
  /** Whether the server is at fault rather than the input, and waiting did not help. */
  get isDown(): boolean {
    return [429, 502, 503, 504, 507].includes(this.status);
  }
}

/** The server no longer answers. */
export class Unreachable extends Error {}

/** The parts of a server's answer to a bundle that are read. */
export interface Answered {
  /** In the order of the entries. */
  entry?: { response: { status: string; outcome?: OperationOutcome } }[];
}

/** Sends bundles to one FHIR base. */
export class FhirClient {
  readonly base: string;
  readonly #token: (() => Promise<string>) | undefined;
  /** @param token for each request; absent where no sign-in is needed */
  constructor(base: string, token?: () => Promise<string>) {
    this.base = base;
    this.#token = token;
  }

  /** @throws StartupError if no server answers there, or not a FHIR server */
  async reach(): Promise<void> {
    let status: number;
    let body: { resourceType?: string };
    try {
      const response = await this.#patiently(() => this.#fetch("/metadata?_summary=true", {}, REACH_MS), true, 3);
      status = response.status;
      body = (await response.json().catch(() => ({}))) as { resourceType?: string };
    } catch (error) {
      throw new StartupError(
        `No server answers at ${this.base} (${(error as Error).message}): start one with \`npm start\`, or name it with --url.`,
      );
    }
    if (body.resourceType !== "CapabilityStatement") {
      throw new StartupError(`The server at ${this.base} is no FHIR server (status ${status}): name one with --url.`);
    }
  }

  /** @throws ImportRefused, Unreachable */
  async process(type: "transaction" | "batch", entry: Entry[], isRepeatable: boolean): Promise<Answered> {
    const body = JSON.stringify({ resourceType: "Bundle", type, entry });
    const headers = { "Content-Type": "application/fhir+json", Prefer: "return=minimal" };
    return this.#json<Answered>(() => this.#fetch("/", { method: "POST", headers, body }, ANSWER_MS), isRepeatable);
  }

  /** The resources that a search finds, at most `most`; `query` is `Type?…`. @throws ImportRefused, Unreachable */
  async find(query: string, most = 1): Promise<{ id: string }[]> {
    const [type = "", criteria = ""] = query.split("?", 2);
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const body = `${criteria}&_elements=id&_count=${most}`;
    const found = await this.#json<{ entry?: { resource: { id: string }; search?: { mode?: string } }[] }>(
      () => this.#fetch(`/${type}/_search`, { method: "POST", headers, body }, ANSWER_MS),
      true,
    );
    return (found.entry ?? []).filter(({ search }) => search?.mode !== "outcome").map(({ resource }) => resource);
  }

  async #json<T>(send: () => Promise<Response>, isRepeatable: boolean): Promise<T> {
    const response = await this.#patiently(send, isRepeatable);
    const body = (await response.json().catch(() => undefined)) as T | OperationOutcome | undefined;
    if (response.ok && body !== undefined) return body as T;
    throw new ImportRefused(response.status, (body as OperationOutcome | undefined)?.issue ? (body as OperationOutcome) : undefined);
  }

  /** Retries temporary errors: a server that is busy or restarts, and, if a repetition does no harm, a broken connection. */
  async #patiently(send: () => Promise<Response>, isRepeatable: boolean, retries = RETRIES): Promise<Response> {
    for (let tries = 0; ; tries += 1) {
      let wait = Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS);
      try {
        const response = await send();
        if (tries >= retries || !(await isPassing(response, isRepeatable))) return response;
        wait = Math.max(wait, Math.min(Number(response.headers.get("retry-after")) * 1000 || 0, LONGEST_PAUSE_MS));
      } catch (error) {
        if (tries >= retries || !isRepeatable) throw new Unreachable(reasonOf(error));
      }
      await pause(wait * (0.5 + Math.random() / 2)); // so that requests that collided do not collide again
    }
  }

  async #fetch(
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string },
    timeoutMs: number,
  ): Promise<Response> {
    const token = await this.#token?.();
    const headers = { ...init.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    return fetch(`${this.base}${path}`, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) });
  }
}

/** After a timeout the outcome of a write is unknown: only a repeatable one is retried. */
async function isPassing(response: Response, isRepeatable: boolean): Promise<boolean> {
  if (![409, 429, 502, 503, 504, 507].includes(response.status)) return false;
  const outcome = (await response
    .clone()
    .json()
    .catch(() => undefined)) as OperationOutcome | undefined;
  const codes = outcome?.issue?.map(({ code }) => code) ?? [];
  if (response.status === 409) return codes.some((code) => PASSING.has(code));
  return isRepeatable || (response.status !== 502 && response.status !== 504 && !codes.includes("timeout"));
}

/** The text of an OperationOutcome, shortened to a line or two. */
export function shortOf(status: number | string, outcome: OperationOutcome | undefined): string {
  const issues = outcome?.issue ?? [];
  const errors = issues.filter(({ severity }) => severity === "error" || severity === "fatal");
  const shown = (errors.length > 0 ? errors : issues).slice(0, 3);
  const told = shown.map(({ diagnostics, code, expression }) =>
    [expression?.[0], (diagnostics ?? code).slice(0, 200)].filter(Boolean).join(": "),
  );
  const more = errors.length > shown.length ? ` (and ${errors.length - shown.length} more)` : "";
  return `${status}${told.length > 0 ? ` ${told.join(" · ")}${more}` : ""}`;
}

const reasonOf = (error: unknown): string => {
  const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === "TimeoutError") return "no answer in time";
  return cause?.code ?? cause?.message ?? message;
};

/** Checks the server before anything is created here or sent there. @param base the gateway's address @throws StartupError if no FHIR server answers */
export const requireServer = (base: string): Promise<void> => new FhirClient(`${base}/fhir`).reach();
