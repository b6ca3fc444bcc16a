/**
 * The last work that this process has begun: names of actions and ids of requests, in shared memory that another thread can read while this one is
 * blocked (scripts/start/watchdog.mjs). A ring buffer; entries are only overwritten.
 */
import type { BrokerOptions, Context } from "moleculer";

/** Number of entries. */
const PLACES = 8;
/** Bytes of an entry: one with its length, then its characters; longer texts are cut. */
const PLACE_BYTES = 160;

const memory = new SharedArrayBuffer(4 + PLACES * PLACE_BYTES);
const begun = new Int32Array(memory, 0, 1);
const bytes = new Uint8Array(memory, 4);
const texts = Array.from({ length: PLACES }, (_, place) => bytes.subarray(place * PLACE_BYTES + 1, (place + 1) * PLACE_BYTES));
const encoder = new TextEncoder();

/** The memory and its layout: a counter (4 bytes), then the entries. */
export const BEGUN_WORK = { memory, places: PLACES, placeBytes: PLACE_BYTES };

/** Notes begun work. @param name without patient data @param requestId as in X-Request-ID */
export function noteBegun(name: string, requestId?: string | null): void {
  const place = (begun[0] as number) % PLACES;
  const { written } = encoder.encodeInto(requestId ? `${name} ${requestId}` : name, texts[place] as Uint8Array);
  bytes[place * PLACE_BYTES] = written;
  begun[0] = ((begun[0] as number) + 1) & 0x7fffffff;
}

/** Moleculer's middleware that notes each action that begins on this node; 0.3 µs a call. */
export const NoteBegunWork: NonNullable<BrokerOptions["middlewares"]>[number] = {
  name: "NoteBegunWork",
  localAction(next, { name = "" }) {
    const handler = next as (ctx: Context) => ReturnType<typeof next>;
    return (ctx: Context) => {
      noteBegun(name, ctx.requestID);
      return handler(ctx);
    };
  },
};
