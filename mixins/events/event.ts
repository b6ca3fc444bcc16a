/** An event as its handlers see it, and as it is sent. */
import type { WaitingEvent } from "../../store/writes.ts";

/** An event that is delivered at least once. */
export interface DurableEvent<Payload = unknown> {
  id: string;
  /** Name of the event: `fhir.Encounter`, `service.fact`. */
  event: string;
  /** The record that the event is about. */
  key: string;
  /** When it was written, milliseconds since 1970. */
  at: number;
  payload: Payload;
}

/** The event of an outbox entry. */
export const eventFrom = ({ id, subject, key, at, payload }: WaitingEvent): DurableEvent => ({
  id,
  event: subject,
  key,
  at,
  payload: JSON.parse(payload) as unknown,
});

/** How long a service remembers which events it has handled, milliseconds: longer than an event can be redelivered (stream and dead letters). */
const REMEMBERED_MS = 45 * 86_400_000;

/**
 * The step that makes a write idempotent for an event: a second write with it is refused (409 ALREADY_HANDLED), which the mixin treats as
 * success. Handlers whose effect is not safe to repeat include it in their one write.
 */
export const effectOf = ({ id }: Pick<DurableEvent, "id">, now = Date.now()) => ({ op: "once" as const, id, until: now + REMEMBERED_MS });

/** A task for the service's own `tasks` handlers, written together with other steps and carried out by one of its nodes. */
export const task = (of: { id: string; event: string; key: string; payload: unknown }) => ({
  op: "emit" as const,
  event: { id: of.id, subject: of.event, key: of.key, payload: JSON.stringify(of.payload) },
  queue: "own" as const,
});

/** Event names without those that a wildcard among them covers (`fhir.*` covers `fhir.Patient`): filters of a JetStream consumer must not overlap. */
export const withoutOverlap = (names: string[]): string[] =>
  names.filter((name) => name.endsWith(".*") || !names.includes(`${name.slice(0, name.indexOf("."))}.*`));
