/** Events of a MongoDB store until they are relayed, and fences around resources that other writes rely on. */
import type { Fencing, Store, VersionReference } from "../store.ts";
import type { OutboxQueue, OutboxState, WaitingEvent } from "../writes.ts";
import type { OpenDatabase } from "./open-database.ts";
import { forgetEvents, outboxState, waitingEvents } from "./outbox.ts";

/** The operations on events and fences. */
export const eventsOf = (
  database: OpenDatabase,
): Pick<Store, "outbox" | "relayed" | "outboxState" | "isHandled" | "fence" | "unfence"> => ({
  outbox(queue: OutboxQueue, limit: number, except: string[] = []): Promise<WaitingEvent[]> {
    return database.run(() => waitingEvents(database.collections, queue, limit, except));
  },

  async relayed(places: string[]): Promise<void> {
    await database.run(() => forgetEvents(database.collections, places));
  },

  outboxState(): Promise<OutboxState> {
    return database.run(() => outboxState(database.collections));
  },

  isHandled(id: string): Promise<boolean> {
    return database.run(async () => (await database.collections.handled.findOne({ _id: id, isClaim: { $exists: false } })) !== null);
  },

  async fence(places: VersionReference[], fencing: Fencing, { tx }: { tx?: string } = {}): Promise<void> {
    await database.waiting((session) => database.fences.fence(places, fencing, tx, session));
  },

  async unfence(places: VersionReference[], token: string): Promise<void> {
    await database.transaction((session) => database.fences.unfence(places, token, session));
  },
});
