/** Which services do not answer at the moment, according to answers and the gateway: their data may be missing on any page. */
import { computed, signal } from "@preact/signals";
import type { OperationOutcome } from "../../../../fhir/r4.ts";

/** The gateway, if nothing can be reached. */
export const GATEWAY = "api";

/** Interval at which such services are checked, milliseconds. */
const LOOK_MS = 3_000;
/** After this time without a failure a running service counts as answering again; milliseconds: longer than the time limit of a call. */
const FORGET_MS = 12_000;

/** When it last failed, milliseconds since 1970, and whether the gateway reports it as down. */
interface Silence {
  at: number;
  isDown: boolean;
}

/** By name; bounded by the number of services. */
const found = signal<ReadonlyMap<string, Silence>>(new Map());
let isLooking = false;

/** Their names in the mesh, sorted. */
export const silent = computed(() => [...found.value.keys()].sort());

/** Records services that did not answer. */
export function noteSilent(services: readonly string[]): void {
  if (services.length === 0) return;
  const at = Date.now();
  const isDown = (name: string) => found.value.get(name)?.isDown ?? false;
  found.value = new Map([...found.value, ...services.map((name) => [name, { at, isDown: isDown(name) }] as const)]);
  if (isLooking) return;
  isLooking = true;
  look();
}

/** The services that the gateway reports as down; undefined if it cannot be reached. */
async function missing(): Promise<string[] | undefined> {
  try {
    const answer = await fetch("/health/ready", { signal: AbortSignal.timeout(LOOK_MS) });
    return ((await answer.json()) as { missing?: string[] }).missing ?? [];
  } catch {
    return undefined;
  }
}

/** A service that was down and runs again is removed at once; one that ran but was slow, only after a while. */
async function look(): Promise<void> {
  const down = await missing();
  const now = Date.now();
  const still = [...found.value].flatMap(([name, { at, isDown }]): [string, Silence][] => {
    if (down === undefined) return [[name, { at, isDown }]];
    if (down.includes(name)) return [[name, { at, isDown: true }]];
    return name === GATEWAY || isDown || now - at > FORGET_MS ? [] : [[name, { at, isDown }]];
  });
  found.value = new Map(down === undefined ? [...still, [GATEWAY, { at: now, isDown: false }]] : still);
  isLooking = found.value.size > 0;
  if (isLooking) setTimeout(look, LOOK_MS);
}

/** System of a coding in `issue.details`: the service that does not answer. */
const SILENT_SERVICE = "urn:openward:service";

/** The services that FHIR issues name as not answering. */
export const silentIn = (issues: OperationOutcome["issue"]): string[] =>
  issues.flatMap(({ details }) => (details?.coding ?? []).flatMap(({ system, code }) => (system === SILENT_SERVICE && code ? [code] : [])));
