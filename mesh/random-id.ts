/** Ids of calls: random, so that nobody guesses one and answers in another's place; each goes along with the call and its answer. */
import { randomFillSync } from "node:crypto";

/** 96 bits are 16 characters of base64url; the default UUID has 36. */
const ID_BYTES = 12;
/** The generator is asked for so many at once: a call of it costs as much as a hundred ids. */
const pool = Buffer.alloc(ID_BYTES * 512);
let at = pool.length;

/** An id that nobody can guess. */
export function randomId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += ID_BYTES;
  return pool.toString("base64url", at - ID_BYTES, at);
}
