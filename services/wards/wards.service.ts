import type { Service } from "moleculer";
import { parametersOf } from "../../fhir/search/parameters.ts";
import { SEP } from "../../fhir/search/query.ts";
import { defineService } from "../../mixins/contract.ts";
import { isType } from "../../mixins/fhir/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/owner.ts";
import { referenceTo, splitReference } from "../../mixins/fhir/reference.ts";
import { Remembered } from "../../mixins/store/remember.ts";
import { type Bed, BedStatus, type wards } from "./wards.contract.ts";
import { WARD_ALREADY_OPEN, wardAlreadyOpen } from "./wards.errors.ts";
import { bedOf, type Location, newWard, OPERATIONAL, wardKeys } from "./wards.model.ts";

/** The bed board is looked at far more often than it changes. */
interface Own {
  known: Remembered<Bed[]>;
  findBeds(params: { ward?: string; status?: BedStatus }): Promise<Bed[]>;
}

type This = Service & WithFhir & Own;

/** Beds in one answer; a house with more asks ward by ward. */
const MOST_BEDS = 1_000;
const NAME = { type: "string", trim: true, min: 1, max: 100 } as const;

export default defineService<typeof wards, WithFhir & Own>({
  name: "wards",
  mixins: [Fhir({ owns: ["Location", "Device", "Endpoint"], unique: { Location: wardKeys } })],

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
          await this.fhir.write(locations.map((it) => ({ op: "create", type: "Location", id: it.id, text: JSON.stringify(it) })));
        } catch (error) {
          throw isType(error, WARD_ALREADY_OPEN) ? wardAlreadyOpen() : error;
        }
        return ward;
      },
    },

    beds: {
      rest: "GET",
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
      // Only beds have an operational status.
      const slots = parametersOf("Location").get("operational-status")?.slots ?? [];
      const wanted = status === BedStatus.free ? [OPERATIONAL.free] : status === BedStatus.taken ? [OPERATIONAL.taken] : undefined;
      const any = wanted ? wanted.map(({ system, code }) => ({ eq: `=${code}${SEP}${system}` })) : [{ prefix: "=" }];
      const beds = await this.fhir.find<Location>({ type: "Location", clauses: [{ kind: "key", slots, any }], limit: MOST_BEDS });
      const ids = [...new Set(beds.flatMap(({ partOf }) => (partOf?.reference ? [splitReference(partOf.reference)[1]] : [])))];
      const rooms = await this.fhir.find<Location>({ type: "Location", clauses: [{ kind: "id", any: ids }], limit: MOST_BEDS });
      const byReference = new Map(rooms.map((room) => [`Location/${room.id}`, room]));
      return beds
        .map((bed) => bedOf(bed, byReference.get(bed.partOf?.reference ?? "")))
        .filter((bed) => (ward === undefined || bed.ward === ward || bed.room === ward) && (status === undefined || bed.status === status));
    },
  },

  created() {
    this.known = new Remembered();
  },
});
