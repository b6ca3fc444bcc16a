/** What a write relies on, and the fences that keep others from relying on it (docs/adr/0020-deletion-is-fenced.md). */
import type { ClientSession } from "mongodb";
import type { Fencing, VersionReference, Reliance } from "../store.ts";
import { Blocked } from "./conflicts.ts";
import type { Collections } from "./schema.ts";

/** The document that relying on a resource and fencing it both write. */
export const reliedId = (reference: string): string => `relied/${reference}`;

/** The fences of one store. */
export class Fences {
  readonly #collections: Collections;

  constructor(collections: Collections) {
    this.#collections = collections;
  }

  /** The fences around what a write relies on; each is written, so that a fence that comes at the same moment lets only one through. */
  async rely(reliance: Reliance | undefined, session: ClientSession): Promise<Map<string, number>> {
    const fences = new Map<string, number>();
    for (const { type, id } of reliance?.on ?? []) {
      const written = { $inc: { writes: 1 }, $set: { at: new Date() } };
      const options = { session, upsert: true, returnDocument: "after" } as const;
      const guard = await this.#collections.condition.findOneAndUpdate({ _id: reliedId(`${type}/${id}`) }, written, options);
      const versions = Object.values(guard?.fences ?? {}).flatMap((it) => (isOver(it) ? [] : [it.version]));
      if (versions.length > 0) fences.set(`${type}/${id}`, Math.max(...versions));
    }
    return fences;
  }

  /** @throws Blocked when a prepared transaction other than `tx` relies on one of them */
  async fence(places: VersionReference[], { token, expiresAt }: Fencing, tx: string | undefined, session: ClientSession): Promise<void> {
    for (const { type, id, version } of places) {
      const _id = reliedId(`${type}/${id}`);
      const set = { $inc: { writes: 1 }, $set: { at: new Date(), [`fences.${token}`]: { version, until: new Date(expiresAt) } } };
      const options = { session, upsert: true, returnDocument: "after" } as const;
      const guard = await this.#collections.condition.findOneAndUpdate({ _id }, set, options);
      if (guard?.relying?.some((one) => one !== tx)) throw new Blocked();
      const over = Object.entries(guard?.fences ?? {}).flatMap(([other, it]) =>
        other !== token && isOver(it) ? [[`fences.${other}`, ""]] : [],
      );
      if (over.length > 0) await this.#collections.condition.updateOne({ _id }, { $unset: Object.fromEntries(over) }, { session });
    }
  }

  async unfence(places: VersionReference[], token: string, session: ClientSession): Promise<void> {
    const ids = places.map(({ type, id }) => reliedId(`${type}/${id}`));
    await this.#collections.condition.updateMany({ _id: { $in: ids } }, { $unset: { [`fences.${token}`]: "" } }, { session });
  }
}

/** Such are left by who died. */
const isOver = ({ until }: { until: Date }): boolean => until.getTime() < Date.now();
