/** `this.fhir`: how a service reads and writes the resources that it owns, without calls over the mesh. */
import type { Service } from "moleculer";
import { parseJson } from "../../fhir/json.ts";
import type { ResourceOf, ResourceType, Stored } from "../../fhir/r4.ts";
import type { StoreQuery } from "../../fhir/search/query.ts";
import type { OwnerStep, StepResult } from "../../federation/owner-contract.ts";
import type { Store } from "../../store/store.ts";
import type { NoneExist } from "../../store/writes.ts";
import { splitReference } from "./domain-references.ts";
import { requireScope, requireScopeOf } from "./own-scope.ts";
import { guarded } from "./read-actions.ts";
import { change, creation, deletion, type Identified } from "./write-steps.ts";

/** Resources that `each` reads at once. */
const PAGE = 1_000;

/** A result for each step, in the order of the steps. */
type ResultsOf<Steps extends readonly OwnerStep[]> = { -readonly [Index in keyof Steps]: StepResult };

type Question<Type extends ResourceType> = Pick<StoreQuery, "clauses"> & { type: Type };

/**
 * Access to a service's own types. Errors are those of the actions of `owner-contract.ts`, and 403 NOT_ALLOWED within an action that is called by
 * an app whose scopes do not contain the type.
 */
export interface OwnFhir {
  /** The current version; undefined when there is none. */
  read<Type extends ResourceType>(type: Type, id: string): Promise<Stored<ResourceOf<Type>> | undefined>;
  /** The resource that a reference names. @throws the error that `notFound` makes of the reference when there is none */
  require<Type extends ResourceType>(
    type: Type,
    reference: string,
    notFound: (reference: string) => Error,
  ): Promise<Stored<ResourceOf<Type>>>;
  /** Up to `limit` matches, oldest first. */
  find<Type extends ResourceType>(question: Question<Type> & { limit: number }): Promise<Stored<ResourceOf<Type>>[]>;
  /** All matches, oldest first; read page by page, so that only one page is in memory. */
  each<Type extends ResourceType>(question: Question<Type>): AsyncGenerator<Stored<ResourceOf<Type>>>;
  /** Creates a resource. @param ifNoneExist creates none if exactly one resource matches: the outcome is "existed" */
  create(resource: Identified, ifNoneExist?: NoneExist): Promise<StepResult>;
  /** Stores the next version of a resource that was read before. @throws 412 STALE_VERSION when it has changed since then */
  update(resource: Identified): Promise<StepResult>;
  /** Deletes a resource that was read before. @throws 412 STALE_VERSION when it has changed since then */
  delete(resource: Identified): Promise<StepResult>;
  /** Several steps (`write-steps.ts`), all or none; an error's `data.step` is the index of the refused one. */
  write<const Steps extends readonly OwnerStep[]>(steps: Steps): Promise<ResultsOf<Steps>>;
}

/** @param write checks and stores the steps in one atomic write */
export function ownFhir(service: Service & { store: Store }, write: (steps: OwnerStep[]) => Promise<StepResult[]>): OwnFhir {
  const search = async (query: StoreQuery) => {
    requireScope(service, query.type, "read");
    return await guarded(service, () => service.store.search(query));
  };
  const writeAll = async <const Steps extends readonly OwnerStep[]>(steps: Steps): Promise<ResultsOf<Steps>> => {
    requireScopeOf(service, steps);
    const results = await write([...steps]);
    if (results.length !== steps.length) {
      throw new Error(`A store has answered a write of ${steps.length} steps by ${results.length} results.`);
    }
    return results as ResultsOf<Steps>;
  };
  const one = async (step: OwnerStep): Promise<StepResult> => (await writeAll([step]))[0];
  const read = async <Type extends ResourceType>(type: Type, id: string) => {
    requireScope(service, type, "read");
    const stored = await guarded(service, () => service.store.read(type, id));
    return stored?.json === undefined ? undefined : (parseJson(stored.json) as Stored<ResourceOf<Type>>);
  };
  return {
    read,
    require: async (type, reference, notFound) => {
      const found = await read(type, splitReference(reference)[1]);
      if (found === undefined) throw notFound(reference);
      return found;
    },
    find: async <Type extends ResourceType>(question: Question<Type> & { limit: number }) => {
      const { rows } = await search({ sort: [], want: "rows", ...question });
      return rows.map((row) => resourceIn<Type>(row.json));
    },
    async *each<Type extends ResourceType>(question: Question<Type>) {
      for (let after: StoreQuery["after"]; ; ) {
        const { rows, more } = await search({ sort: [], want: "rows", limit: PAGE, ...question, ...(after && { after }) });
        for (const row of rows) yield resourceIn<Type>(row.json);
        const last = rows.at(-1);
        if (!more || !last) return;
        after = { values: [], seq: last.seq, id: last.id };
      }
    },
    create: (resource, ifNoneExist) => one(creation(resource, ifNoneExist)),
    update: (resource) => one(change(resource)),
    delete: (resource) => one(deletion(resource)),
    write: writeAll,
  };
}

function resourceIn<Type extends ResourceType>(json: string | undefined): Stored<ResourceOf<Type>> {
  if (json === undefined) throw new Error("A store has left out the JSON of a row that was asked for with it.");
  return parseJson(json) as Stored<ResourceOf<Type>>;
}
