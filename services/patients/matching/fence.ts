/**
 * Keeps two desks from registering one person at once: each registration counts at what the person could be found by, and is refused when
 * another has counted there since it looked. Counters of the service, so that it holds over all replicas.
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
import type { IdentifierTable } from "../identifier-systems.ts";
import { personOf } from "./person.ts";

const PREFIX = "registering/";
/** Counters in all: two people who meet at one of them by chance cost one more look. */
const COUNTERS = 1_024;
/** Words of a family name, and of given names, as the search asks for; and phone numbers. */
const [MAX_WORDS, MAX_PHONES] = [2, 4];

/** Names of the counters for all that the person could be found by, without numbers, which are unique keys; each once. */
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

/** The same for a date with day and month taken for one another. */
function whichever(date: string): string {
  const [year, ...others] = date.split("-");
  return [year, ...others.sort()].join("-");
}

const counterOf = (key: string): string => `${PREFIX}${createHash("sha256").update(key).digest().readUInt32BE(0) % COUNTERS}`;

/** How a patient is registered. */
interface Registering {
  of: WithFhir;
  table: IdentifierTable;
  ifNoneExist: NoneExist;
  /** Refuses who is registered already; absent: a clerk has said that it is another person, and the others only hear of this one. */
  check?: (() => Promise<void>) | undefined;
}

/**
 * Stores a new patient, unless another who could be the same was registered since it was looked.
 * @throws what `check` throws; 409 LOCKED after ten seconds of write conflicts
 */
export function createAlone(patient: Patient & { id: string }, { of, table, ifNoneExist, check }: Registering): Promise<StepResult> {
  const fence = fenceOf(patient, table);
  const attempt = async (): Promise<StepResult> => {
    const seen = await Promise.all(fence.map(async (counter) => ({ counter, value: await of.store.counter(counter) })));
    await check?.();
    // Counted downwards: a bound from below refuses the later of two.
    const counts = seen.map(({ counter, value }) => addition(counter, -1, check && value - 1));
    const [result] = await of.fhir.write([creation(patient, ifNoneExist), ...counts]).catch((error: unknown) => {
      throw isType(error, "COUNTER_BELOW") ? new WriteConflict() : error;
    });
    return result;
  };
  const givenUp = () => locked({});
  return retryOnConflict(() => fence, attempt, givenUp);
}
