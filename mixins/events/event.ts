/** An event as its handlers see it, and how it travels. */
import type { WaitingEvent } from "../../store/writes.ts";

/** Something that has happened. */
export interface DurableEvent<Payload = unknown> {
  id: string;
  /** Its name: `fhir.Encounter`, `service.fact`. */
  event: string;
  /** The record that it is about. */
  key: string;
  /** When it was written, milliseconds since 1970. */
  at: number;
  payload: Payload;
}

/** An event, from the outbox. */
export const eventFrom = ({ id, subject, key, at, payload }: WaitingEvent): DurableEvent => ({
  id,
  event: subject,
  key,
  at,
  payload: JSON.parse(payload) as unknown,
});

/** How long a service remembers that it has handled an event, milliseconds: longer than one can come again (the stream's and the dead letters' time). */
const REMEMBERED_MS = 45 * 86_400_000;

/**
 * The step that makes a write the effect of an event: a second one is refused (409 ALREADY_HANDLED), which the mixin takes for done.
 * A handler whose effect is not safe to repeat has it in its one write.
 */
export const effectOf = ({ id }: Pick<DurableEvent, "id">, now = Date.now()) => ({ op: "once" as const, id, until: now + REMEMBERED_MS });

/** What waits for the service's own handlers: written with the rest, and carried out by one of its nodes, once in effect. */
export const task = (of: { id: string; event: string; key: string; payload: unknown }) => ({
  op: "emit" as const,
  event: { id: of.id, subject: of.event, key: of.key, payload: JSON.stringify(of.payload) },
  queue: "own" as const,
});

/** Names of events without those that another of them asks for as well (`fhir.*`: `fhir.Patient`): filters of a JetStream consumer must not overlap. */
export const withoutOverlap = (names: string[]): string[] =>
  names.filter((name) => name.endsWith(".*") || !names.includes(`${name.slice(0, name.indexOf("."))}.*`));
