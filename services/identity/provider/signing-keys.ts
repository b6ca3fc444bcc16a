/**
 * The keys that sign tokens: ES256, each in a file of a folder that only this user may read. Each signs for thirty days; the next one is
 * published a day before, the last one for a day after, so that no verifier meets a token with an unknown key. A key that is replaced early
 * stays published until its last token has expired, unless it may have been stolen.
 */
import { link, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Collection, type Document, DuplicateKey } from "../../../store/documents/documents.ts";
import { ensureFolder } from "../../../mesh/ensure-folder.ts";
import { makeKey, readKey, type SigningKey } from "../../../mesh/signing-key.ts";
import { ACCESS_TOKEN_S } from "../identity.contract.ts";
import { keysDiffer } from "../identity.errors.ts";

/** Period in which a key signs, milliseconds. */
export const PERIOD_MS = 30 * 86_400_000;
/** For how long it is published before and after its period, milliseconds. */
const OVERLAP_MS = 86_400_000;
/** For how long a replaced key is published, milliseconds: nodes sign with it until their next check, and its tokens stay valid. */
export const REPLACED_MS = (ACCESS_TOKEN_S + 60) * 1_000;

/** The key with which all nodes sign in a period. */
export interface StoredKey extends Document {
  kid: string;
  expiresAt: number; // milliseconds since 1970
}

/** The keys at one moment. */
export interface KeySet {
  /** The signing one first. */
  keys: [SigningKey, ...SigningKey[]];
  /** Equal for equal keys. */
  id: string;
}

/** Periods whose keys are published at a moment; the signing one first. */
export function periodsAt(now: number): [number, ...number[]] {
  const period = Math.floor(now / PERIOD_MS);
  const [passed, left] = [now - period * PERIOD_MS, (period + 1) * PERIOD_MS - now];
  return [period, ...(left <= OVERLAP_MS ? [period + 1] : []), ...(passed <= OVERLAP_MS ? [period - 1] : [])];
}

/**
 * The keys at this moment; missing ones are created, past ones are deleted.
 * @throws 500 KEYS_DIFFER when other nodes of the mesh sign with other keys
 */
export async function keysAt(now: number, folder: string, known: Collection<StoredKey>): Promise<KeySet> {
  ensureFolder(folder);
  const [signing, ...others] = periodsAt(now);
  const first = await keyOf(signing, folder, known);
  const more = await Promise.all(
    // A past key that was never created is not needed now.
    others.map((period) => (period > signing ? keyOf(period, folder, known) : readKey(fileOf(folder, period)))),
  );
  await forget(folder, { oldest: signing - 1, now });
  const replaced = await Promise.all((await replacedIn(folder)).map(({ file }) => readKey(file)));
  const keys: KeySet["keys"] = [first, ...[...more, ...replaced].filter((key) => key !== undefined)];
  return { keys, id: keys.map(({ kid }) => kid).join() };
}

/**
 * Replaces the keys, even while nodes read them.
 * @param areStolen the previous keys, including replaced ones, are deleted, and their tokens invalid; otherwise each stays published
 */
export async function renewKeys(
  now: number,
  { folder, areStolen }: { folder: string; areStolen: boolean },
  known: Collection<StoredKey>,
): Promise<KeySet> {
  ensureFolder(folder);
  if (!areStolen) await replace(folder, now);
  await forget(folder, { oldest: Number.POSITIVE_INFINITY, now: areStolen ? Number.POSITIVE_INFINITY : now });
  const [signing, ...others] = periodsAt(now);
  for (const period of [signing, ...others.filter((other) => other > signing)]) {
    const key = await makeKey(fileOf(folder, period));
    // Replaced and never absent: a node that has just read the old file would restore its key.
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

/** The first node to write decides which key signs in a period. */
async function agreed(period: number, { kid }: SigningKey, known: Collection<StoredKey>): Promise<StoredKey | null> {
  const document = { _id: String(period), kid, expiresAt: (period + 2) * PERIOD_MS };
  try {
    return await known.insert(document);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    return known.findOne({ _id: document._id });
  }
}

/** Replaced keys, and until when each is published, milliseconds since 1970. */
async function replacedIn(folder: string): Promise<{ file: string; until: number }[]> {
  return (await readdir(folder)).sort().flatMap((name) => {
    const until = /^identity-es256-\d+-until-(\d+)\.json$/.exec(name)?.[1];
    return until === undefined ? [] : [{ file: join(folder, name), until: Number(until) }];
  });
}

/** Renames keys that have signed valid tokens, to a name with the time until which they are published. */
async function replace(folder: string, now: number): Promise<void> {
  const [signing] = periodsAt(now);
  for (const period of [signing, signing - 1]) {
    await link(fileOf(folder, period), join(folder, `identity-es256-${period}-until-${now + REPLACED_MS}.json`)).catch((error: unknown) => {
      // There is no such key, or it was replaced twice within a millisecond.
      if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    });
  }
}

async function forget(folder: string, { oldest, now }: { oldest: number; now: number }): Promise<void> {
  for (const name of await readdir(folder)) {
    const period = Number(/^identity-es256-(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN);
    if (period < oldest) await rm(join(folder, name), { force: true });
  }
  for (const { file, until } of await replacedIn(folder)) if (until <= now) await rm(file, { force: true });
}
