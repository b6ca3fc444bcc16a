/**
 * Notifies pages of new versions of what they show, as server-sent events: types and ids, never content. `?patient=Patient/1`: of one patient's
 * record, and who else has it open; `?types=ServiceRequest,Observation`: of any patient; both: these types of this patient.
 */
import type { IncomingMessage } from "node:http";
import { MAX_TOLD, type VersionNotice } from "../../../federation/version-notices.ts";
import { httpError } from "./http-error.ts";
import { type EventStream, EventStreams } from "./event-streams.ts";
import type { Viewer } from "./presence.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";

/** Path of the streams. */
export const VERSION_EVENTS_PATH = "/api/events";
/** Versions within this time are sent together, milliseconds. */
const GATHER_MS = 50;
/** Types per stream. */
const MAX_TYPES = 20;
/** Ids in one event; for more, only the types are sent. */
const MAX_NAMED = 100;
const PATIENT = new RegExp(`^Patient/${ID_PATTERN}$`);
const TYPES = /^[A-Z][A-Za-z]{1,63}(,[A-Z][A-Za-z]{1,63})*$/;

/** What a client requests. */
export interface Asked {
  /** "Patient/…" */
  patient?: string;
  types?: ReadonlySet<string>;
}

/** The client, as far as a stream needs it. */
export interface StreamListener {
  mayRead(type: string): boolean;
  /** Absent with open access. */
  person?: Viewer;
}

type Topic = Asked & StreamListener;

/** What has happened; `types` and `patients` are those of `versions`. */
interface News {
  isAll: boolean;
  /** Types of which an owner has gone or come back: what is known of them has changed. */
  owners: ReadonlySet<string>;
  versions: VersionNotice[];
  types: ReadonlySet<string>;
  patients: ReadonlySet<string>;
}

/** What the streams need of the gateway. */
export interface VersionStreamOptions {
  isReady(): boolean;
  /**
   * @param asked what is requested; called once the person is known @throws 400
   * @throws 401 when this is not, or no longer, a signed-in person; 403 when they may not see what they request; 404
   */
  enter(request: IncomingMessage, asked: () => Asked): Promise<StreamListener>;
  /** A person has opened a patient's record, or closed it. */
  opened(patient: string, person: Viewer): void;
  closed(patient: string, person: Viewer): void;
  /** Who else has it open. */
  others(patient: string, person: Viewer): Pick<Viewer, "name" | "roles">[];
}

/** Whether a request is for a stream. */
export const isForVersionStream = ({ method, url = "" }: IncomingMessage): boolean =>
  method === "GET" && url.split("?", 1)[0] === VERSION_EVENTS_PATH;

/** The streams of one gateway. */
export class VersionStreams extends EventStreams<Topic, News> {
  readonly #others: VersionStreamOptions["others"];
  #told: VersionNotice[] = [];
  #down: ReadonlySet<string> = new Set();
  #gathering: NodeJS.Timeout | undefined;

  constructor({ isReady, enter, opened, closed, others }: VersionStreamOptions) {
    super({
      event: "versions",
      isReady,
      enter: async (request) => {
        const listener = await enter(request, () => askedIn(request));
        return { ...askedIn(request), ...listener };
      },
      concerns,
      dataOf,
      sameFor: ({ patient, types }) => (patient === undefined ? [...(types ?? [])].join() : undefined),
      anything: { ...newsOf([]), isAll: true },
      onOpen: (stream) => {
        const { patient, person } = stream.topic;
        if (patient === undefined || person === undefined) return;
        opened(patient, person);
        this.#tellOthers(stream);
      },
      onClose: ({ patient, person }) => {
        if (patient !== undefined && person !== undefined) closed(patient, person);
      },
    });
    this.#others = others;
  }

  /** Handles a notification of an owner. */
  note(versions: VersionNotice[]): void {
    if (!this.isHeard) return;
    this.#told.push(...versions);
    if (this.#told.length >= MAX_TOLD) this.#tell();
    else this.#gathering ??= setTimeout(() => this.#tell(), GATHER_MS).unref();
  }

  /** Sets the types of which an owner is down. */
  noteDown(types: string[]): void {
    const down = new Set(types);
    const changed = [...types.filter((type) => !this.#down.has(type)), ...[...this.#down].filter((type) => !down.has(type))];
    this.#down = down;
    if (changed.length > 0 && this.isHeard) this.tell({ ...newsOf([]), owners: new Set(changed) }, []);
  }

  /** The people at a patient's record have changed. */
  tellPresence(patient: string): void {
    this.each(
      (stream) => this.#tellOthers(stream),
      (topic) => topic.patient === patient,
    );
  }

  override close(): void {
    clearTimeout(this.#gathering);
    super.close();
  }

  #tell(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const told = this.#told;
    this.#told = [];
    this.tell(
      newsOf(told),
      told.map(({ event }) => event),
    );
  }

  #tellOthers(stream: EventStream<Topic>): void {
    const { patient, person } = stream.topic;
    if (patient === undefined || person === undefined) return;
    const people = this.#others(patient, person);
    this.write(stream, `event: presence\ndata: ${JSON.stringify({ people })}\n\n`);
  }
}

/** @throws 400 */
function askedIn({ url = "" }: IncomingMessage): Asked {
  const query = new URLSearchParams(url.split("?")[1]);
  const [patient, types] = [query.get("patient") ?? undefined, query.get("types") ?? undefined];
  if (patient === undefined && types === undefined) throw httpError(400, "NOTHING_ASKED", "Name a `patient`, or `types` of resources.");
  if (patient !== undefined && !PATIENT.test(patient)) throw httpError(400, "BAD_PATIENT", "`patient` must be a reference like Patient/1.");
  const wanted = new Set(types?.split(",").sort());
  if (types !== undefined && (!TYPES.test(types) || wanted.size > MAX_TYPES)) {
    throw httpError(400, "BAD_TYPES", `\`types\` must be at most ${MAX_TYPES} types of resources, separated by commas.`);
  }
  return { ...(patient !== undefined && { patient }), ...(types !== undefined && { types: wanted }) };
}

const newsOf = (versions: VersionNotice[]): News => ({
  isAll: false,
  owners: new Set(),
  versions,
  types: new Set(versions.map(({ type }) => type)),
  patients: new Set(versions.flatMap(({ type, id, patients = [] }) => (type === "Patient" ? [...patients, `Patient/${id}`] : patients))),
});

/** Compares sets first, as most news do not concern most streams. */
function concerns(news: News, topic: Topic): boolean {
  const { patient, types } = topic;
  if (news.isAll || [...news.owners].some((type) => isOf(type, topic))) return true;
  if (patient !== undefined && !news.patients.has(patient)) return false;
  if (types !== undefined && ![...types].some((type) => news.types.has(type))) return false;
  return news.versions.some((version) => isAbout(version, topic));
}

const isOf = (type: string, { types, mayRead }: Topic): boolean => (types === undefined || types.has(type)) && mayRead(type);

function isAbout({ type, id, patients = [] }: VersionNotice, topic: Topic): boolean {
  const { patient } = topic;
  if (!isOf(type, topic)) return false;
  return patient === undefined || `${type}/${id}` === patient || patients.includes(patient);
}

function dataOf(news: News[], topic: Topic): object {
  const versions = news.flatMap((one) => one.versions).filter((version) => isAbout(version, topic));
  const owners = news.flatMap((one) => [...one.owners].filter((type) => isOf(type, topic)));
  const named = [...new Set(versions.map(({ type, id }) => `${type}/${id}`))];
  return {
    isAll: news.some(({ isAll }) => isAll),
    types: [...new Set([...owners, ...versions.map(({ type }) => type)])],
    ...(named.length <= MAX_NAMED && { resources: named }),
  };
}
