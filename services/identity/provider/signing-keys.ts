/**
 * The keys that sign tokens: ES256 for access tokens, RS256 for ID tokens, which SMART requires (App Launch 2.2, "Scopes for requesting identity
 * data"). Each is in a file of a folder that only this user may read. Each signs for thirty days; the next one is
 * published a day before, the last one for a day after, so that no verifier meets a token with an unknown key. A key that is replaced early
 * stays published until its last token has expired, unless it may have been stolen.
 */
import { link, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Collection, type Document, DuplicateKey } from "../../../store/documents/documents.ts";
import { ensureFolder } from "../../../mesh/ensure-folder.ts";
import { type KeysByAlgorithm, makeKeyFor, readKey, type RsaSigningKey, type SigningKey } from "../../../mesh/signing-key.ts";
import { ACCESS_TOKEN_S } from "../identity.contract.ts";
import { keysDiffer } from "../identity.errors.ts";

/** Period in which a key signs, milliseconds. */
export const PERIOD_MS = 30 * 86_400_000;
/** For how long it is published before and after its period, milliseconds. */
const OVERLAP_MS = 86_400_000;
/** For how long a replaced key is published, milliseconds: nodes sign with it until their next check, and its tokens stay valid. */
export const REPLACED_MS = (ACCESS_TOKEN_S + 60) * 1_000;

/** The key with which all nodes sign in a period; `_id` names the period, and another algorithm than ES256. */
export interface StoredKey extends Document {
  kid: string;
  expiresAt: number; // milliseconds since 1970
}

/** The keys at one moment. In each list the signing one is first. */
export interface KeySet {
  keys: [SigningKey, ...SigningKey[]];
  idTokenKeys: [RsaSigningKey, ...RsaSigningKey[]];
  /** Equal for equal keys. */
  id: string;
}

/** Periods whose keys are published at a moment; the signing one first. */
export function periodsAt(now: number): [number, ...number[]] {
  const period = Math.floor(now / PERIOD_MS);
  const [passed, left] = [now - period * PERIOD_MS, (period + 1) * PERIOD_MS - now];
  return [period, ...(left <= OVERLAP_MS ? [period + 1] : []), ...(passed <= OVERLAP_MS ? [period - 1] : [])];
}

type Algorithm = keyof KeysByAlgorithm;
const ALGORITHMS: Algorithm[] = ["ES256", "RS256"];

/** What keys are read and written with. */
interface KeyPlace {
  folder: string;
  known: Collection<StoredKey>;
}

/**
 * The keys at this moment; missing ones are created, past ones are deleted.
 * @throws 500 KEYS_DIFFER when other nodes of the mesh sign with other keys
 */
export async function keysAt(now: number, folder: string, known: Collection<StoredKey>): Promise<KeySet> {
  ensureFolder(folder);
  const [keys, idTokenKeys] = await Promise.all([keysFor("ES256", now, { folder, known }), keysFor("RS256", now, { folder, known })]);
  return { keys, idTokenKeys, id: [...keys, ...idTokenKeys].map(({ kid }) => kid).join() };
}

async function keysFor<A extends Algorithm>(
  algorithm: A,
  now: number,
  place: KeyPlace,
): Promise<[KeysByAlgorithm[A], ...KeysByAlgorithm[A][]]> {
  const { folder } = place;
  const read = (file: string) => readKey<KeysByAlgorithm[A]>(file);
  const [signing, ...others] = periodsAt(now);
  const first = await keyOf(algorithm, signing, place);
  const more = await Promise.all(
    // A past key that was never created is not needed now.
    others.map((period) => (period > signing ? keyOf(algorithm, period, place) : read(fileOf(folder, { algorithm, period })))),
  );
  await forget(folder, { algorithm, oldest: signing - 1, now });
  const replaced = await Promise.all((await replacedIn(folder, algorithm)).map(({ file }) => read(file)));
  return [first, ...[...more, ...replaced].filter((key) => key !== undefined)];
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
  for (const algorithm of ALGORITHMS) await renew(algorithm, now, { folder, known, areStolen });
  return keysAt(now, folder, known);
}

async function renew(algorithm: Algorithm, now: number, { folder, known, areStolen }: KeyPlace & { areStolen: boolean }): Promise<void> {
  if (!areStolen) await replace(folder, algorithm, now);
  await forget(folder, { algorithm, oldest: Number.POSITIVE_INFINITY, now: areStolen ? Number.POSITIVE_INFINITY : now });
  const [signing, ...others] = periodsAt(now);
  for (const period of [signing, ...others.filter((other) => other > signing)]) {
    const key = await makeKeyFor(algorithm, fileOf(folder, { algorithm, period }));
    // Replaced and never absent: a node that has just read the old file would restore its key.
    const replaced = await known.updateMany({ _id: nameOf({ algorithm, period }) }, { $set: { kid: key.kid } });
    if (replaced === 0) await agreed({ algorithm, period }, key, known);
  }
}

/** Which key: of which algorithm, for which period. */
interface Which {
  algorithm: Algorithm;
  period: number;
}

const nameOf = ({ algorithm, period }: Which): string => (algorithm === "ES256" ? "" : `${algorithm}-`) + period;

const fileOf = (folder: string, { algorithm, period }: Which): string => join(folder, `identity-${algorithm.toLowerCase()}-${period}.json`);

async function keyOf<A extends Algorithm>(algorithm: A, period: number, { folder, known }: KeyPlace): Promise<KeysByAlgorithm[A]> {
  const file = fileOf(folder, { algorithm, period });
  const key = (await readKey<KeysByAlgorithm[A]>(file)) ?? (await makeKeyFor(algorithm, file));
  const theirs = (await known.findOne({ _id: nameOf({ algorithm, period }) })) ?? (await agreed({ algorithm, period }, key, known));
  if (theirs?.kid !== key.kid) throw keysDiffer(folder);
  return key;
}

/** The first node to write decides which key signs in a period. */
async function agreed(which: Which, { kid }: { kid: string }, known: Collection<StoredKey>): Promise<StoredKey | null> {
  const document = { _id: nameOf(which), kid, expiresAt: (which.period + 2) * PERIOD_MS };
  try {
    return await known.insert(document);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    return known.findOne({ _id: document._id });
  }
}

/** Replaced keys, and until when each is published, milliseconds since 1970. */
async function replacedIn(folder: string, algorithm: Algorithm): Promise<{ file: string; until: number }[]> {
  const form = new RegExp(`^identity-${algorithm.toLowerCase()}-\\d+-until-(\\d+)\\.json$`);
  return (await readdir(folder)).sort().flatMap((name) => {
    const until = form.exec(name)?.[1];
    return until === undefined ? [] : [{ file: join(folder, name), until: Number(until) }];
  });
}

/** Renames keys that have signed valid tokens, to a name with the time until which they are published. */
async function replace(folder: string, algorithm: Algorithm, now: number): Promise<void> {
  const [signing] = periodsAt(now);
  for (const period of [signing, signing - 1]) {
    const file = fileOf(folder, { algorithm, period });
    await link(file, file.replace(/\.json$/, `-until-${now + REPLACED_MS}.json`)).catch((error: unknown) => {
      // There is no such key, or it was replaced twice within a millisecond.
      if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    });
  }
}

async function forget(folder: string, { algorithm, oldest, now }: { algorithm: Algorithm; oldest: number; now: number }): Promise<void> {
  const form = new RegExp(`^identity-${algorithm.toLowerCase()}-(\\d+)\\.json$`);
  for (const name of await readdir(folder)) {
    const period = Number(form.exec(name)?.[1] ?? Number.NaN);
    if (period < oldest) await rm(join(folder, name), { force: true });
  }
  for (const { file, until } of await replacedIn(folder, algorithm)) if (until <= now) await rm(file, { force: true });
}
