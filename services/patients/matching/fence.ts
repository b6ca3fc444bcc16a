/**
 * Keeps two clerks from registering one person at the same time: each registration moves counters for everything by which the person could be found,
 * and is refused if another has moved one since it searched. The counters are the service's, so that this holds over all replicas.
 */
import { createHash } from "node:crypto";
import { doubleMetaphone } from "double-metaphone";
import type { Patient } from "../../../fhir/r4.ts";
import { consonantsOf } from "../../../fhir/search/across-scripts.ts";
import { isType, locked } from "../../../federation/errors.ts";
import type { StepResult } from "../../../federation/owner-contract.ts";
import { retryOnConflict, WriteConflict } from "../../../federation/retry-on-conflict.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { addition, creation } from "../../../mixins/fhir/write-steps.ts";
import type { NoneExist } from "../../../store/writes.ts";
import type { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { personOf } from "./person.ts";

const PREFIX = "registering/";
/** Number of counters: two people who share one by chance cost one more search. */
const COUNTERS = 1_024;
/** Words of a family name, and of given names, as in the search; and phone numbers. */
const [MAX_WORDS, MAX_PHONES] = [2, 4];

/** The counters for everything by which the person could be found, except identifiers, which are unique keys; without duplicates. */
function fenceOf(patient: Patient, table: IdentifierTable): string[] {
  const { names, phones, birthDate } = personOf(patient, table);
  const words = names.flatMap(({ family, given }) => [family, given].flatMap((text) => text.split(" ").slice(0, MAX_WORDS)));
  const keys = [
    ...words.flatMap(soundsOf).map((sound) => `name ${sound}`),
    ...phones.slice(0, MAX_PHONES).map((phone) => `phone ${phone}`),
    ...(birthDate === undefined ? [] : [`birth ${whichever(birthDate)}`]),
  ];
  return [...new Set(keys.map(counterOf))].sort();
}

const soundsOf = (word: string): string[] => [...new Set([...doubleMetaphone(word), consonantsOf(word), word])].filter(Boolean);

/** The same text for a date and for that with day and month exchanged. */
function whichever(date: string): string {
  const [year, ...others] = date.split("-");
  return [year, ...others.sort()].join("-");
}

const counterOf = (key: string): string => `${PREFIX}${createHash("sha256").update(key).digest().readUInt32BE(0) % COUNTERS}`;

/** Options of a registration. */
interface Registering {
  of: WithFhir;
  table: IdentifierTable;
  ifNoneExist: NoneExist;
  /** Throws for a person who is registered already; absent: a clerk has confirmed that it is another person. */
  check?: (() => Promise<void>) | undefined;
}

/**
 * Stores a new patient, unless a possible duplicate was registered since the search.
 * @throws the errors of `check`; 409 LOCKED after ten seconds of write conflicts
 */
export function createAlone(patient: Patient & { id: string }, { of, table, ifNoneExist, check }: Registering): Promise<StepResult> {
  const fence = fenceOf(patient, table);
  const attempt = async (): Promise<StepResult> => {
    const seen = await Promise.all(fence.map(async (counter) => ({ counter, value: await of.store.counter(counter) })));
    await check?.();
    // Counted downwards: a lower bound refuses the later of two.
    const counts = seen.map(({ counter, value }) => addition(counter, -1, check && value - 1));
    const [result] = await of.fhir.write([creation(patient, ifNoneExist), ...counts]).catch((error: unknown) => {
      throw isType(error, "COUNTER_BELOW") ? new WriteConflict() : error;
    });
    return result;
  };
  const givenUp = () => locked({});
  return retryOnConflict(() => fence, attempt, givenUp);
}
