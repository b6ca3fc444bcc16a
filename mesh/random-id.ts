/** Ids of calls: random, so that they cannot be guessed to answer in another node's place; each is sent with the call and its answer. */
import { randomFillSync } from "node:crypto";

/** 96 bits are 16 characters of base64url; the default UUID has 36. */
const ID_BYTES = 12;
/** Random bytes are generated in blocks: one call of the generator costs as much as a hundred ids. */
const pool = Buffer.alloc(ID_BYTES * 512);
let at = pool.length;

/** An id that cannot be guessed. */
export function randomId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += ID_BYTES;
  return pool.toString("base64url", at - ID_BYTES, at);
}
