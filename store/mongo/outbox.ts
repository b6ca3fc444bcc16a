/** The outbox of a MongoDB store: events that are written with the resources, and wait for their relay. */
import { ObjectId, type ClientSession } from "mongodb";
import { type PlannedChange, isOfResource } from "../plan-write.ts";
import type { OutboxEvent, OutboxQueue, OutboxState, WaitingEvent } from "../writes.ts";
import { type Collections, OUTBOX_ORDER, type OutboxDocument } from "./schema.ts";

/** All queues. */
const QUEUES: OutboxQueue[] = ["out", "own", "audit", "late"];

/** Distance between two events of a write that are not versions: the next version is a whole number greater. */
const BETWEEN_VERSIONS = 2 ** -20;

type OutboxPlace = Pick<OutboxDocument, "at" | "n">;

/** The parts from which the events of a write are made. */
export interface EventsOfWrite {
  changes: PlannedChange[];
  /** The event of a version. */
  eventOf(change: PlannedChange): OutboxEvent | undefined;
  /** The time of each resource's new version: never before the version that it replaces. */
  updatedOf: ReadonlyMap<PlannedChange, number>;
  now: number;
}

/**
 * The events of a write. Those of versions are ordered by time and number. Any other event comes after its resource's in that write, and
 * after the newest waiting event of its record, even if the clocks of two machines differ.
 */
export async function eventsOf({ changes, eventOf, updatedOf, now }: EventsOfWrite, newest: NewestOf): Promise<OutboxDocument[]> {
  const keys = changes.flatMap((change) => (change.kind === "emit" ? [change.event.key] : []));
  const last = keys.length > 0 ? await newest([...new Set(keys)]) : new Map<string, OutboxPlace>();
  const timeOf = new Map([...updatedOf].flatMap(([change, at]) => (isOfResource(change) ? [[`${change.type}/${change.id}`, at]] : [])));
  let told = 0;
  return changes.flatMap((change): OutboxDocument[] => {
    if (change.kind === "emit") {
      told += 1;
      const { event, queue } = change;
      const before = last.get(event.key);
      const at = Math.max(timeOf.get(event.key) ?? now, before?.at ?? 0);
      const n = (before?.n ?? 0) + told * BETWEEN_VERSIONS;
      return [{ ...event, queue, at, n }];
    }
    const event = eventOf(change);
    if (!event || !isOfResource(change)) return [];
    const place = { at: updatedOf.get(change) ?? now, n: change.version };
    last.set(event.key, place);
    return [{ ...event, queue: "out", ...place }];
  });
}

/** Finds the places of the newest waiting events of records. */
export type NewestOf = (keys: string[]) => Promise<Map<string, OutboxPlace>>;

/** Finds them within a transaction. */
export const newestIn =
  ({ outbox }: Collections, session: ClientSession): NewestOf =>
  async (keys) => {
    const stages = [{ $match: { key: { $in: keys } } }, { $group: { _id: "$key", at: { $max: "$at" }, n: { $max: "$n" } } }];
    const found = await outbox.aggregate<OutboxPlace & { _id: string }>(stages, { session }).toArray();
    return new Map(found.map(({ _id, at, n }) => [_id, { at, n }]));
  };

/** Writes events in the transaction of their resources. */
export async function writeEvents({ outbox }: Collections, events: OutboxDocument[], session: ClientSession): Promise<void> {
  if (events.length > 0) await outbox.insertMany(events, { session });
}

/** Waiting events, oldest first. @param except records whose events are left out */
export async function waitingEvents({ outbox }: Collections, queue: OutboxQueue, limit: number, except: string[]): Promise<WaitingEvent[]> {
  const found = await outbox
    .find({ queue, ...(except.length > 0 && { key: { $nin: except } }) })
    .sort({ at: 1, n: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id, id, subject, key, at, payload }) => ({ place: _id.toHexString(), id, subject, key, at, payload }));
}

/** Removes events that have been relayed. */
export async function forgetEvents({ outbox }: Collections, places: string[]): Promise<void> {
  await outbox.deleteMany({ _id: { $in: places.map((place) => new ObjectId(place)) } });
}

/** The number of waiting events, and the time of the oldest. */
export async function outboxState({ outbox }: Collections): Promise<OutboxState> {
  const waiting = await outbox.countDocuments({ queue: { $in: QUEUES } }, { hint: OUTBOX_ORDER });
  const first = (queue: OutboxQueue) => outbox.findOne({ queue }, { projection: { at: 1 }, sort: { at: 1, n: 1 } });
  const oldest = (await Promise.all(QUEUES.map(first))).flatMap((one) => (one ? [one.at] : []));
  return { waiting, ...(oldest.length > 0 && { oldest: Math.min(...oldest) }) };
}
