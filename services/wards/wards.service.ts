import type { Context, Service } from "moleculer";
import type { Location, Stored } from "../../fhir/r4.ts";
import { idClause } from "../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { defineService } from "../../mesh/contract.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { creation } from "../../mixins/fhir/steps.ts";
import { referenceTo, splitReference } from "../../mixins/fhir/reference.ts";
import { StoreCache } from "../../store/store-cache.ts";
import { owns, type Bed, BedStatus, type wards } from "./wards.contract.ts";
import { WARD_ALREADY_OPEN, wardAlreadyOpen } from "./wards.errors.ts";
import { bedOf, bedsIn, deletionOf, newWard, partOf, wardKeys } from "./wards.model.ts";

/** The bed board is looked at far more often than it changes. */
interface Own {
  known: StoreCache<Bed[]>;
  findBeds(params: { ward?: string; status?: BedStatus }): Promise<Bed[]>;
  locations(clause: Clause): Promise<Stored<Location>[]>;
}

type This = Service & WithFhir & Own;

/** Beds in one answer, the oldest that were asked for; a house with more asks ward by ward. */
const MAX_BEDS = 1_000;
const NAME = { type: "string", trim: true, min: 1, max: 100 } as const;

export default defineService<typeof wards, WithFhir & Own>({
  name: "wards",
  mixins: [Fhir({ owns, unique: { Location: wardKeys } })],

  actions: {
    open: {
      rest: "POST",
      summary: "Open a ward with its rooms and beds",
      params: {
        name: NAME,
        rooms: {
          type: "array",
          min: 1,
          max: 200,
          items: { type: "object", strict: true, props: { name: NAME, beds: { type: "array", min: 1, max: 50, items: NAME } } },
        },
        $$strict: true,
      },
      async handler(ctx) {
        const { ward, locations } = newWard(ctx.params.name, ctx.params.rooms);
        try {
          await this.fhir.write(locations.map((it) => creation(it)));
        } catch (error) {
          throw isType(error, WARD_ALREADY_OPEN) ? wardAlreadyOpen() : error;
        }
        return ward;
      },
    },

    listBeds: {
      rest: "GET",
      formerly: "beds",
      summary: "Beds, free and taken",
      params: {
        ward: { ...referenceTo("Location"), optional: true },
        status: { type: "enum", values: Object.values(BedStatus), optional: true },
        $$strict: true,
      },
      handler(ctx) {
        const { ward = "", status = "" } = ctx.params;
        return this.known.get(this.store, `${ward}|${status}`, () => this.findBeds(ctx.params));
      },
    },
  },

  methods: {
    async findBeds(this: This, { ward, status }: { ward?: string; status?: BedStatus }): Promise<Bed[]> {
      // In the ward itself or in one of its rooms; who asks for a room gets its beds.
      const places = ward === undefined ? undefined : [ward, ...(await this.locations(partOf([ward]))).map(({ id }) => `Location/${id}`)];
      const beds: Stored<Location>[] = [];
      for await (const bed of this.fhir.each({ type: "Location", clauses: bedsIn(places, status) })) {
        if (status !== undefined && bedOf(bed, undefined).status !== status) continue;
        beds.push(bed);
        if (beds.length === MAX_BEDS) break;
      }
      const ids = new Set(beds.flatMap(({ partOf }) => (partOf?.reference ? [splitReference(partOf.reference)[1]] : [])));
      const rooms = new Map((await this.locations(idClause([...ids]))).map((room) => [`Location/${room.id}`, room]));
      return beds.map((bed) => bedOf(bed, rooms.get(bed.partOf?.reference ?? "")));
    },

    async locations(this: This, clause: Clause): Promise<Stored<Location>[]> {
      const found: Stored<Location>[] = [];
      for await (const it of this.fhir.each({ type: "Location", clauses: [clause] })) found.push(it);
      return found;
    },
  },

  hooks: {
    before: { "fhir.write|fhir.prepare": keepOccupied },
    error: {
      // Whose deletion came too late learns whether that was an admission. (A transaction is planned anew.)
      async "fhir.write"(this: This, ctx: Writing, error: Error) {
        if (isType(error, "STALE_VERSION")) await keepOccupied.call(this, ctx);
        throw error;
      },
    },
  },

  created() {
    this.known = new StoreCache();
  },
});

type Writing = Context<{ steps: OwnerStep[] }>;

/** An occupied bed is not deleted, whoever asks for it. */
async function keepOccupied(this: This, ctx: Writing): Promise<void> {
  const { steps } = ctx.params;
  if (!steps.some(({ op }) => op === "delete")) return;
  const kept = steps.map(async (step, place): Promise<OwnerStep> => {
    if (step.op !== "delete" || step.type !== "Location") return step;
    const location = await this.fhir.read("Location", step.id);
    return location ? deletionOf(location, step, place) : step;
  });
  ctx.params = { ...ctx.params, steps: await Promise.all(kept) };
}
