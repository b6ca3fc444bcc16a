/** Finds the doses that are due. */
import type { CodeableConcept, Encounter, Medication, MedicationRequest, Stored } from "../../../fhir/r4.ts";
import { parseJson } from "../../../fhir/json.ts";
import { nonNull } from "../../../fhir/non-null.ts";
import { codesClause, referenceClause, timeClause } from "../../../fhir/search/exact-clauses.ts";
import type { Clause, Row, StoreQuery } from "../../../fhir/search/query.ts";
import type { QueryContext } from "../../../federation/query-context.ts";
import { searchOwners } from "../../../federation/scatter-gather.ts";
import type { Store } from "../../../store/store.ts";
import { StoreCache } from "../../../store/store-cache.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { OPEN_STATUSES } from "../../../fhir/open-encounters.ts";
import { isThere } from "../../../mixins/fhir/rules/encounter.ts";
import { INPATIENT } from "../../hospitalizations/hospitalizations.contract.ts";
import type { DueDose } from "../doses.contract.ts";
import { isOrder } from "../pharmacy.model.ts";
import { dueOf } from "./administration.model.ts";
import { doseName, dueBetween, dueDose, type Schedule, scheduleOf } from "./schedule.ts";

/** How far back doses are listed, milliseconds: an older one without a record counts as missed. */
const LOOK_BACK_MS = 12 * 3_600_000;
/** Age up to which prescriptions of a course of treatment are considered, milliseconds. */
const OLDEST_MS = 92 * 86_400_000;
const ROUND_MS = 600_000;
/** Resources that one question reads: for a hospital with 2,000 beds. */
const MAX_FOUND = 20_000;
const PAGE = 1_000;
/** Prescriptions whose schedule is cached, a kilobyte each. */
const MAX_SCHEDULES = 5_000;

interface Scheduled {
  request: Stored<MedicationRequest>;
  schedule: Schedule | undefined;
}

/** Finds the due doses in one store; schedules are cached by version, which never changes. */
export class DueDoses {
  readonly #store: () => Store;
  readonly #answers = new StoreCache<Row[]>();
  readonly #schedules = new Map<string, Scheduled>();
  /** By version of a MedicationAdministration: the dose that it records. */
  readonly #records = new Map<string, string | undefined>();

  constructor(store: () => Store) {
    this.#store = store;
  }

  /** @param until end of the period, milliseconds since 1970 @returns in order of time */
  async of(patients: string[], until: number, now: Date): Promise<DueDose[]> {
    if (patients.length === 0) return [];
    const from = now.getTime() - LOOK_BACK_MS;
    // The bounds are rounded to some minutes, so that answers to the same questions can be cached.
    const [oldest, earliest] = [now.getTime() - OLDEST_MS, from - LOOK_BACK_MS].map((time) => Math.floor(time / ROUND_MS) * ROUND_MS);
    const requests: Clause[] = [
      referenceClause("MedicationRequest", "subject", patients),
      codesClause("MedicationRequest", "status", ["active", "completed"]),
      timeClause("MedicationRequest", "authoredon", { since: nonNull(oldest) }),
    ];
    const records: Clause[] = [
      referenceClause("MedicationAdministration", "subject", patients),
      timeClause("MedicationAdministration", "effective-time", { since: nonNull(earliest) }),
    ];
    const [prescribed, recorded] = await Promise.all([
      this.#found("MedicationRequest", requests, this.#schedules, (json) => scheduled(json)),
      this.#found("MedicationAdministration", records, this.#records, (json) => recordIn(json)),
    ]);
    const done = new Set(recorded);
    const due: DueDose[] = [];
    const stored = await this.#stored(prescribed.flatMap(({ request, schedule }) => (schedule ? [request] : [])));
    for (const { request, schedule } of prescribed) {
      for (const moment of schedule ? dueBetween(schedule, from, until) : []) {
        const dose = dueDose(request, { moment, now, stored: stored.get(request.medicationReference?.reference ?? "") });
        if (!done.has(doseName(dose.prescription, dose.dueAt))) due.push(dose);
      }
    }
    return due.sort((a, b) => a.dueAt.localeCompare(b.dueAt));
  }

  async #found<What>(type: string, clauses: Clause[], known: Map<string, What>, read: (json: string) => What): Promise<What[]> {
    const asked: StoreQuery = { type, clauses, sort: [], limit: PAGE, want: "ids" };
    const rows = await this.#answers.get(this.#store(), JSON.stringify(asked), () => this.#rows(asked));
    const unread = rows.filter((row) => !known.has(nameOf(row)));
    for (let at = 0; at < unread.length; at += PAGE) {
      const any = unread.slice(at, at + PAGE).map(({ id }) => id);
      for (const row of await this.#rows({ type, clauses: [{ kind: "id", any }], sort: [], limit: PAGE, want: "rows" })) {
        known.set(nameOf(row), read(row.json ?? "{}"));
      }
    }
    const found = rows.flatMap((row) => (known.has(nameOf(row)) ? [known.get(nameOf(row)) as What] : []));
    for (const oldest of known.keys()) {
      if (known.size <= MAX_SCHEDULES) break;
      known.delete(oldest);
    }
    return found;
  }

  /** The codes of the stored Medications that are prescribed, by their references. */
  async #stored(requests: MedicationRequest[]): Promise<Map<string, CodeableConcept | undefined>> {
    const references = requests.flatMap(({ medicationReference }) => medicationReference?.reference ?? []);
    const any = [...new Set(references)].flatMap((one) => /^Medication\/([^/]+)$/.exec(one)?.[1] ?? []).slice(0, PAGE);
    if (any.length === 0) return new Map();
    const rows = await this.#rows({ type: "Medication", clauses: [{ kind: "id", any }], sort: [], limit: PAGE, want: "rows" });
    return new Map(rows.map(({ id, json }) => [`Medication/${id}`, (parseJson(json ?? "{}") as Partial<Medication>).code]));
  }

  async #rows(query: StoreQuery): Promise<Row[]> {
    const rows: Row[] = [];
    for (let after: StoreQuery["after"]; ; ) {
      const page = await this.#store().search({ ...query, ...(after && { after }) });
      rows.push(...page.rows);
      const last = page.rows.at(-1);
      if (!page.more || !last || rows.length >= MAX_FOUND) return rows;
      after = { values: [], seq: last.seq, id: last.id };
    }
  }
}

const nameOf = ({ id, version }: Row): string => `${id}/${version}`;

function scheduled(json: string): Scheduled {
  const request = parseJson(json) as Stored<MedicationRequest>;
  return { request, schedule: isOrder(request) && request.doNotPerform !== true ? scheduleOf(request) : undefined };
}

function recordIn(json: string): string | undefined {
  const record = parseJson(json) as Parameters<typeof dueOf>[0];
  const [due, request] = [dueOf(record), placeOf(record.request)];
  return due === undefined || request === undefined || record.status === "entered-in-error" ? undefined : doseName(request, due);
}

/** The patients of a ward, "Patient/…": in the ward itself, or in its rooms or beds. @throws 503 when an owner is down */
export async function patientsIn(mesh: QueryContext, ward: string): Promise<string[]> {
  const places = [ward];
  for (let above = [ward]; above.length > 0; ) {
    const clauses = [referenceClause("Location", "partof", above)];
    const inside = await allOf(mesh, { type: "Location", clauses, sort: [], limit: PAGE, want: "ids" });
    above = inside.map(({ id }) => `Location/${id}`).filter((place) => !places.includes(place)); // a place may be part of itself
    if (places.length + above.length > MAX_FOUND) break;
    places.push(...above);
  }
  const clauses = [
    referenceClause("Encounter", "location", places),
    codesClause("Encounter", "class", INPATIENT),
    codesClause("Encounter", "status", OPEN_STATUSES),
  ];
  const stays = await allOf(mesh, { type: "Encounter", clauses, sort: [], limit: PAGE, want: "rows" });
  const here = new Set(places);
  const patients = stays.flatMap(({ json }) => {
    const { subject, location = [] } = parseJson(json ?? "{}") as Pick<Encounter, "subject" | "location">;
    const isHere = location.some((it) => isThere(it) && here.has(placeOf(it.location) ?? ""));
    return isHere ? (placeOf(subject) ?? []) : [];
  });
  return [...new Set(patients)];
}

async function allOf(mesh: QueryContext, query: StoreQuery): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: StoreQuery["after"]; ; ) {
    const page = await searchOwners(mesh, { ...query, ...(after && { after }) }, { partial: false, missing: new Set() });
    rows.push(...page.rows);
    const last = page.rows.at(-1);
    if (!page.more || !last || rows.length >= MAX_FOUND) return rows;
    after = { values: last.values, seq: last.seq, id: last.id };
  }
}
