/** Which services do not answer at the moment, as answers and the gateway tell: what they know may be missing on any page. */
import { computed, signal } from "@preact/signals";
import type { OperationOutcome } from "../../../../fhir/r4.ts";

/** The gateway, where nothing is reached. */
export const GATEWAY = "api";

/** Who is silent is looked after so often, milliseconds. */
const LOOK_MS = 3_000;
/** Who runs, and was not found silent for so long, answers again; milliseconds: longer than a call is waited for. */
const FORGET_MS = 12_000;

/** When it was last found silent, milliseconds since 1970, and whether the gateway says that it does not run. */
interface Silence {
  at: number;
  isDown: boolean;
}

/** By name; bounded by the services that there are. */
const found = signal<ReadonlyMap<string, Silence>>(new Map());
let isLooking = false;

/** Their names in the mesh, in order. */
export const silent = computed(() => [...found.value.keys()].sort());

/** These have not answered. */
export function noteSilent(services: readonly string[]): void {
  if (services.length === 0) return;
  const at = Date.now();
  const isDown = (name: string) => found.value.get(name)?.isDown ?? false;
  found.value = new Map([...found.value, ...services.map((name) => [name, { at, isDown: isDown(name) }] as const)]);
  if (isLooking) return;
  isLooking = true;
  look();
}

/** What the gateway sees; undefined: it is not reached. */
async function missing(): Promise<string[] | undefined> {
  try {
    const answer = await fetch("/health/ready", { signal: AbortSignal.timeout(LOOK_MS) });
    return ((await answer.json()) as { missing?: string[] }).missing ?? [];
  } catch {
    return undefined;
  }
}

/** Who was down and runs again is not named any more, at once; who ran and was slow is not for a while. */
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

/** The services that issues of FHIR name as silent. */
export const silentIn = (issues: OperationOutcome["issue"]): string[] =>
  issues.flatMap(({ details }) => (details?.coding ?? []).flatMap(({ system, code }) => (system === SILENT_SERVICE && code ? [code] : [])));
