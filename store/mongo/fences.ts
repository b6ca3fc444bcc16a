/** Resources that a write relies on, and the fences that forbid it (docs/adr/0020-deletion-is-fenced.md). */
import type { ClientSession, UpdateFilter } from "mongodb";
import { meshTime } from "../../mesh/mesh-time.ts";
import type { Fencing, VersionReference, Reliance } from "../store.ts";
import { Blocked } from "./conflicts.ts";
import type { Collections, ConditionDocument } from "./schema.ts";

/** Id of the document that both a write that relies on a resource and a fence around it write. */
export const reliedId = (reference: string): string => `relied/${reference}`;

/** Time by the server's clock, which also removes expired documents: by a node's clock that is late, a lock would be lost. */
export const touched = { $currentDate: { at: true as const } };

/** The fences of one store. */
export class Fences {
  readonly #collections: Collections;

  constructor(collections: Collections) {
    this.#collections = collections;
  }

  /** The fences around the resources that a write relies on. Each is written, so that of a concurrent fence and write one conflicts. */
  async rely(reliance: Reliance | undefined, session: ClientSession): Promise<Map<string, number>> {
    const fences = new Map<string, number>();
    const references = new Map((reliance?.on ?? []).map(({ type, id }) => [reliedId(`${type}/${id}`), `${type}/${id}`]));
    const written = { $inc: { writes: 1 }, ...touched };
    for (const guard of await this.#written([...references.keys()], () => written, session)) {
      const versions = Object.values(guard.fences ?? {}).flatMap((it) => (isOver(it) ? [] : [it.version]));
      if (versions.length > 0) fences.set(references.get(guard._id) as string, Math.max(...versions));
    }
    return fences;
  }

  /** @throws Blocked when a prepared transaction other than `tx` relies on one of the resources */
  async fence(places: VersionReference[], { token, expiresAt }: Fencing, tx: string | undefined, session: ClientSession): Promise<void> {
    const versions = new Map(places.map(({ type, id, version }) => [reliedId(`${type}/${id}`), version]));
    const until = new Date(expiresAt);
    const set = (_id: string) => ({
      $inc: { writes: 1 },
      ...touched,
      $set: { [`fences.${token}`]: { version: versions.get(_id) as number, until } },
    });
    const guards = await this.#written([...versions.keys()], set, session);
    if (guards.some(({ relying }) => relying?.some((one) => one !== tx))) throw new Blocked();
    const cleared = guards.flatMap(({ _id, fences = {} }) => {
      const over = Object.entries(fences).filter(([other, it]) => other !== token && isOver(it));
      const $unset = Object.fromEntries(over.map(([other]) => [`fences.${other}`, "" as const]));
      return over.length > 0 ? [{ updateOne: { filter: { _id }, update: { $unset } } }] : [];
    });
    if (cleared.length > 0) await this.#collections.condition.bulkWrite(cleared, { session });
  }

  /** Writes each of these documents and reads them afterwards: two commands, however many documents. */
  async #written(
    ids: string[],
    update: (_id: string) => UpdateFilter<ConditionDocument>,
    session: ClientSession,
  ): Promise<ConditionDocument[]> {
    if (ids.length === 0) return [];
    const { condition } = this.#collections;
    await condition.bulkWrite(
      ids.map((_id) => ({ updateOne: { filter: { _id }, update: update(_id), upsert: true } })),
      { session },
    );
    return condition.find({ _id: { $in: ids } }, { session }).toArray();
  }

  async unfence(places: VersionReference[], token: string, session: ClientSession): Promise<void> {
    const ids = places.map(({ type, id }) => reliedId(`${type}/${id}`));
    await this.#collections.condition.updateMany({ _id: { $in: ids } }, { $unset: { [`fences.${token}`]: "" } }, { session });
  }
}

/** Whether a fence has expired, which happens if its holder has died. */
const isOver = ({ until }: { until: Date }): boolean => until.getTime() < meshTime.now();
