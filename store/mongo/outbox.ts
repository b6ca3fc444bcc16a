/** The outbox of a MongoDB store: events that were written with the resources, and wait for their relay. */
import { ObjectId, type ClientSession } from "mongodb";
import { type Change, isOfResource, versionEvent } from "../plan-write.ts";
import type { OutboxQueue, OutboxState, StoreOptions, WaitingEvent } from "../store.ts";
import type { Collections, OutboxDocument } from "./schema.ts";

/** The events of some changes, which the times of their resources put in order. @param updatedOf when a change's resource was written */
export function eventsOf(changes: Change[], emits: StoreOptions["emits"], updatedOf: (change: Change) => number): OutboxDocument[] {
  return changes.flatMap((change): OutboxDocument[] => {
    if (change.kind === "emit") return [{ ...change.event, queue: change.queue, at: updatedOf(change), n: change.step }];
    if (!isOfResource(change) || !emits?.(change.type)) return [];
    const event = versionEvent(change);
    return event ? [{ ...event, queue: "out", at: updatedOf(change), n: change.version }] : [];
  });
}

/** Writes events with their resources. */
export async function writeEvents({ outbox }: Collections, events: OutboxDocument[], session: ClientSession): Promise<void> {
  if (events.length > 0) await outbox.insertMany(events, { session });
}

/** Events that wait, oldest first, without those of the records in `except`. */
export async function waitingEvents({ outbox }: Collections, queue: OutboxQueue, limit: number, except: string[]): Promise<WaitingEvent[]> {
  const found = await outbox
    .find({ queue, ...(except.length > 0 && { key: { $nin: except } }) })
    .sort({ at: 1, n: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id, id, subject, key, at, payload }) => ({ place: _id.toHexString(), id, subject, key, at, payload }));
}

/** Forgets what was relayed. */
export async function forgetEvents({ outbox }: Collections, places: string[]): Promise<void> {
  await outbox.deleteMany({ _id: { $in: places.map((place) => new ObjectId(place)) } });
}

/** How much waits. */
export async function outboxState({ outbox }: Collections): Promise<OutboxState> {
  const waiting = await outbox.countDocuments({});
  const [oldest] = await outbox
    .find({}, { projection: { at: 1 } })
    .sort({ at: 1 })
    .limit(1)
    .toArray();
  return { waiting, ...(oldest && { oldest: oldest.at }) };
}
