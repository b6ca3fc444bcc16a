/**
 * What this process began last: names of actions and ids of requests, in memory that another thread can read while this one stands still
 * (scripts/start/watchdog.mjs). Overwritten in a circle; nothing is ever removed.
 */
import type { BrokerOptions, Context } from "moleculer";

/** How many are remembered. */
const PLACES = 8;
/** Of one: a byte that holds the length, then so many characters. Longer ones are cut. */
const PLACE_BYTES = 160;

const memory = new SharedArrayBuffer(4 + PLACES * PLACE_BYTES);
const begun = new Int32Array(memory, 0, 1);
const bytes = new Uint8Array(memory, 4);
const texts = Array.from({ length: PLACES }, (_, place) => bytes.subarray(place * PLACE_BYTES + 1, (place + 1) * PLACE_BYTES));
const encoder = new TextEncoder();

/** The memory and how it is divided: how many have begun (4 bytes), then the places. */
export const BEGUN_WORK = { memory, places: PLACES, placeBytes: PLACE_BYTES };

/** Notes that something begins. @param name without patient data @param requestId as the client has it in X-Request-ID */
export function noteBegun(name: string, requestId?: string | null): void {
  const place = (begun[0] as number) % PLACES;
  const { written } = encoder.encodeInto(requestId ? `${name} ${requestId}` : name, texts[place] as Uint8Array);
  bytes[place * PLACE_BYTES] = written;
  begun[0] = ((begun[0] as number) + 1) & 0x7fffffff;
}

/** Moleculer's middleware that notes each action of this node that begins; 0.3 µs a call. */
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
