/** Events that wait for their relay. */
import type { OutboxQueue, OutboxState, WaitingEvent } from "../writes.ts";
import type { Database } from "./database.ts";
import { QUEUE } from "./write.ts";

/** Waiting events, oldest first. @param except records whose events are left out */
export function waitingEvents(db: Database, queue: OutboxQueue, limit: number, except: string[]): WaitingEvent[] {
  const others = except.length === 0 ? "" : " AND key NOT IN (SELECT value FROM json_each(?))";
  const text = `SELECT no AS place, id, subject, key, at, payload FROM outbox INDEXED BY outbox_queue WHERE queue = ?${others} ORDER BY no LIMIT ?`;
  const values = [QUEUE[queue], ...(except.length === 0 ? [] : [JSON.stringify(except)]), limit];
  return db.all<WaitingEvent & { place: number }>(text, ...values).map((row) => ({ ...row, place: String(row.place) }));
}

/** Inside a write transaction of the file. @param places of events that have been relayed */
export function forgetRelayed(db: Database, places: string[]): void {
  db.run("DELETE FROM outbox WHERE no IN (SELECT value FROM json_each(?))", JSON.stringify(places.map(Number)));
}

/** The number of waiting events, and the time of the oldest. */
export function outboxState(db: Database): OutboxState {
  const text = "SELECT count(*) AS waiting, (SELECT at FROM outbox ORDER BY no LIMIT 1) AS oldest FROM outbox";
  const { waiting, oldest } = db.one<{ waiting: number; oldest: number | null }>(text);
  return { waiting, ...(oldest !== null && { oldest }) };
}
