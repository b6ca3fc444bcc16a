/**
 * The keys that sign tokens: ES256, a file each in a folder that only this user may read. Each signs for thirty days; the next one is
 * published a day before, the last one for a day after, so that nobody meets a token whose key is unknown.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Collection, type Document, DuplicateKey } from "../../../store/documents/documents.ts";
import { makeKey, readKey, type SigningKey } from "../../../mesh/signing-key.ts";
import { keysDiffer } from "../identity.errors.ts";

/** Period in which a key signs, milliseconds. */
export const PERIOD_MS = 30 * 86_400_000;
/** So long before and after it is published, milliseconds. */
const OVERLAP_MS = 86_400_000;

/** Which key all nodes sign with in a period. */
export interface StoredKey extends Document {
  kid: string;
  expiresAt: number; // milliseconds since 1970
}

/** The keys of a moment. */
export interface KeySet {
  /** The one that signs comes first. */
  keys: [SigningKey, ...SigningKey[]];
  /** The same for the same keys. */
  id: string;
}

/** Periods whose keys are published at a moment; the one that signs comes first. */
export function periodsAt(now: number): [number, ...number[]] {
  const period = Math.floor(now / PERIOD_MS);
  const [passed, left] = [now - period * PERIOD_MS, (period + 1) * PERIOD_MS - now];
  return [period, ...(left <= OVERLAP_MS ? [period + 1] : []), ...(passed <= OVERLAP_MS ? [period - 1] : [])];
}

/**
 * The keys of this moment; those that are missing are made, those of the past are deleted.
 * @throws 500 KEYS_DIFFER when other nodes of the mesh sign with other keys
 */
export async function keysAt(now: number, folder: string, known: Collection<StoredKey>): Promise<KeySet> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [signing, ...others] = periodsAt(now);
  const first = await keyOf(signing, folder, known);
  const more = await Promise.all(
    // A key of the past that nobody has made is not needed now.
    others.map((period) => (period > signing ? keyOf(period, folder, known) : readKey(fileOf(folder, period)))),
  );
  await forget(folder, signing - 1);
  const keys: KeySet["keys"] = [first, ...more.filter((key) => key !== undefined)];
  return { keys, id: keys.map(({ kid }) => kid).join() };
}

/** Keys that others may have: they are forgotten, and new ones are made, also while nodes look at them. */
export async function renewKeys(now: number, folder: string, known: Collection<StoredKey>): Promise<KeySet> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await forget(folder, Number.POSITIVE_INFINITY);
  const [signing, ...others] = periodsAt(now);
  for (const period of [signing, ...others.filter((other) => other > signing)]) {
    const key = await makeKey(fileOf(folder, period));
    // Replaced and never absent: a node that has just read the old file would bring its key back.
    const replaced = await known.updateMany({ _id: String(period) }, { $set: { kid: key.kid } });
    if (replaced === 0) await agreed(period, key, known);
  }
  return keysAt(now, folder, known);
}

const fileOf = (folder: string, period: number): string => join(folder, `identity-es256-${period}.json`);

async function keyOf(period: number, folder: string, known: Collection<StoredKey>): Promise<SigningKey> {
  const file = fileOf(folder, period);
  const key = (await readKey(file)) ?? (await makeKey(file));
  const theirs = (await known.findOne({ _id: String(period) })) ?? (await agreed(period, key, known));
  if (theirs?.kid !== key.kid) throw keysDiffer(folder);
  return key;
}

/** The first that says so decides which key is signed with in a period. */
async function agreed(period: number, { kid }: SigningKey, known: Collection<StoredKey>): Promise<StoredKey | null> {
  const document = { _id: String(period), kid, expiresAt: (period + 2) * PERIOD_MS };
  try {
    return await known.insert(document);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    return known.findOne({ _id: document._id });
  }
}

async function forget(folder: string, oldest: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const period = Number(/^identity-es256-(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN);
    if (period < oldest) await rm(join(folder, name), { force: true });
  }
}
