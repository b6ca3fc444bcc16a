/** Events of a SQLite store until they are relayed, and fences around resources that other writes rely on. */
import type { Fencing, Store, VersionReference } from "../store.ts";
import type { OutboxQueue, OutboxState, WaitingEvent } from "../writes.ts";
import type { OpenFile } from "./open-file.ts";
import { forgetRelayed, outboxState, waitingEvents } from "./outbox.ts";

/** The operations on events and fences. */
export const eventsOf = (file: OpenFile): Pick<Store, "outbox" | "relayed" | "outboxState" | "isHandled" | "fence" | "unfence"> => ({
  outbox(queue: OutboxQueue, limit: number, except: string[] = []): Promise<WaitingEvent[]> {
    return file.reading(() => waitingEvents(file.db, queue, limit, except));
  },

  async relayed(places: string[]): Promise<void> {
    // An event that comes back after a power cut is relayed twice, which its receivers allow for.
    await file.queue.add(() => forgetRelayed(file.db, places), 10 * places.length, 0, "nobody");
  },

  outboxState(): Promise<OutboxState> {
    return file.reading(() => outboxState(file.db));
  },

  isHandled(id: string): Promise<boolean> {
    return file.reading(() => file.writer.isHandled(id));
  },

  async fence(
    places: VersionReference[],
    fencing: Fencing,
    { tx, isAlone = false }: { tx?: string; isAlone?: boolean } = {},
  ): Promise<void> {
    if (isAlone) {
      const { fences } = file.writer;
      const areKept = places.every((place) => fences.set(place, fencing));
      if (areKept && !(await file.looking(() => file.prepared.hasAny()))) return;
    }
    await file.queue.add(
      () => {
        for (const { type, id } of places) file.prepared.refuseMentioned(`${type}/${id}`, tx);
        for (const place of places) file.writer.fence(place, fencing);
      },
      100 * places.length,
      file.waitMs,
    );
    for (const { type, id } of places) file.writer.fences.delete(`${type}/${id}`, fencing.token); // they are in the file now
  },

  async unfence(places: VersionReference[], token: string): Promise<void> {
    const isWritten = places.filter(({ type, id }) => !file.writer.fences.delete(`${type}/${id}`, token)).length > 0;
    if (!isWritten) return;
    await file.queue.add(
      () => {
        for (const { type, id } of places) file.writer.unfence(`${type}/${id}`, token);
      },
      100 * places.length,
      0,
    );
  },
});
