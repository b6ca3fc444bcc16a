import type { Context, Service } from "moleculer";
import type { Location, Stored } from "../../fhir/r4.ts";
import type { Page } from "../../fhir/search/query.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { type ResourceVersion, type ShownResource, versionsOf } from "../../federation/owner-contract.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { isAsSent } from "../../mesh/as-sent.ts";
import type { DurableEvent } from "../../mixins/events/event.ts";
import { Events } from "../../mixins/events/events.ts";
import { BOARD_TOUCHED, type Touched } from "./board-events.contract.ts";
import { locate, ON_BOARD } from "./board/locate.ts";
import type { Census } from "./census.contract.ts";
import { csvOf, ofWard } from "./census/census.model.ts";
import { readCensus } from "./census/read-census.ts";
import { addBeds, addRoom, changePlace, closePlace } from "./place-actions.ts";
import { described, reopened, suitableBeds, withCleaning } from "./places.model.ts";
import { bedsIn } from "./board/ward-tree.ts";
import { WardTreeCache } from "./board/ward-tree-cache.ts";
import { readBoard } from "./board/read-board.ts";
import { Versions } from "./board/versions.ts";
import { takenBeds } from "./occupancy.ts";
import { defineService } from "../../mesh/contract.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { requireScope } from "../../mixins/fhir/own-scope.ts";
import { creation } from "../../mixins/fhir/write-steps.ts";
import { StoreCache } from "../../store/store-cache.ts";
import { emits, owns, type Bed, type wards } from "./wards.contract.ts";
import { BED_NAME_TAKEN, bedNameTaken, WARD_ALREADY_OPEN, wardAlreadyOpen } from "./wards.errors.ts";
import { bedOf, newWard, wardKeys, withOccupancy } from "./wards.model.ts";
import { effects } from "./wards.effects.ts";
import { bedIn, shownPages } from "./shown.ts";
import { findBeds, type PlacedBed } from "./placed-beds.ts";
import { params } from "./wards.params.ts";
import { rules } from "./wards.rules.ts";

/** The tree of wards is cached: it changes far less often than boards are read. */
interface Own {
  tree: WardTreeCache;
  known: StoreCache<PlacedBed[]>;
  versions: Versions;
  readCensus(ctx: Context, asked: { from: string; to: string; ward?: string }): Promise<Census>;
  shown(ctx: Context, texts: (string | undefined)[]): Promise<(string | undefined)[]>;
}

type This = Service & WithFhir & WithDirectory & Own;

/** Beds in one answer, the oldest; a larger hospital asks ward by ward. */
const MAX_BEDS = 1_000;
/** Beds in one answer of `findBeds`. */
const MAX_FOUND = 200;

export default defineService<typeof wards, WithFhir & WithDirectory & Own>({
  name: "wards",
  mixins: [
    Events({ handles: Object.fromEntries(ON_BOARD.map((type) => [versionsOf(type).event, touchBoards])) }),
    Fhir({ owns, emits, unique: { Location: wardKeys }, rules, effects }),
  ],

  actions: {
    open: {
      rest: "POST",
      summary: "Open a ward with its rooms and beds",
      params: params.open,
      async handler(ctx) {
        const { ward, locations } = newWard(ctx.params.name, ctx.params.rooms);
        try {
          await this.fhir.write(locations.map((it) => creation(it)));
        } catch (error) {
          if (isType(error, BED_NAME_TAKEN)) throw bedNameTaken();
          throw isType(error, WARD_ALREADY_OPEN) ? wardAlreadyOpen() : error;
        }
        return ward;
      },
    },

    listBeds: {
      rest: "GET",
      formerly: "beds",
      summary: "Beds, free and taken",
      params: params.listBeds,
      async handler(ctx) {
        const { ward, status } = ctx.params;
        requireScope(this, "Location", "read");
        const beds = await this.known.get(this.store, ward ?? "", () => findBeds(this, ward));
        const places = beds.map(({ bed }) => `Location/${bed.id}`);
        const taken = await takenBeds({ caller: ctx, directory: this.directory }, places);
        const found: Bed[] = [];
        for (const { bed, ward: its } of beds) {
          const it = bedOf(bed, its, taken.has(`Location/${bed.id}`));
          if (status === undefined || it.status === status) found.push(it);
          if (found.length === MAX_BEDS) break;
        }
        return found;
      },
    },

    board: {
      rest: "GET",
      summary: "The wards as they stand: beds, patients, what waits",
      params: params.board,
      async handler(ctx) {
        const { ward } = ctx.params;
        requireScope(this, "Location", "read");
        const tree = await this.tree.get(this.store);
        const shown = ward === undefined ? tree : tree.filter(({ location }) => location === ward);
        return readBoard(ctx, { directory: this.directory, versions: this.versions, tree: shown }, ward);
      },
    },

    addRoom: {
      rest: "POST",
      summary: "Add a room to a ward",
      params: params.addRoom,
      handler(ctx) {
        return addRoom(this, ctx.params);
      },
    },

    addBeds: {
      rest: "POST",
      summary: "Add beds to a room",
      params: params.addBeds,
      handler(ctx) {
        return addBeds(this, ctx.params);
      },
    },

    describe: {
      rest: "POST",
      summary: "Say what a bed or room has, and whom it is for",
      params: params.describe,
      handler(ctx) {
        return changePlace(this, ctx.params, (place) => described(place, ctx.params));
      },
    },

    setCleaning: {
      rest: "POST",
      summary: "Say how clean a bed is",
      params: params.setCleaning,
      handler(ctx) {
        const { bed: location, cleaning, ...seen } = ctx.params;
        return changePlace(this, { location, ...seen }, (bed) => withCleaning(bed, cleaning));
      },
    },

    close: {
      rest: "POST",
      summary: "Close a bed, a room or a ward",
      params: params.close,
      async handler(ctx) {
        return closePlace(this, ctx, await this.tree.get(this.store));
      },
    },

    reopen: {
      rest: "POST",
      summary: "Open a bed, a room or a ward again",
      params: params.reopen,
      handler(ctx) {
        return changePlace(this, ctx.params, reopened);
      },
    },

    findBeds: {
      rest: "GET",
      summary: "Free beds for who needs something of them",
      params: params.findBeds,
      async handler(ctx) {
        const { ward, sex, needs = "" } = ctx.params;
        requireScope(this, "Location", "read");
        const tree = await this.tree.get(this.store);
        const taken = await takenBeds({ caller: ctx, directory: this.directory }, bedsIn(tree));
        const asked = {
          needs: needs.split(",").filter(Boolean),
          taken,
          ...(ward !== undefined && { ward }),
          ...(sex !== undefined && { sex }),
        };
        return suitableBeds(tree, asked).slice(0, MAX_FOUND);
      },
    },

    census: {
      rest: "GET",
      summary: "Figures of the wards, day by day",
      params: params.census,
      handler(ctx) {
        return this.readCensus(ctx, ctx.params);
      },
    },

    censusCsv: {
      rest: "GET",
      summary: "Figures of the wards, day by day, as comma-separated values",
      produces: "text/csv",
      params: params.census,
      async handler(ctx) {
        return csvOf(await this.readCensus(ctx, ctx.params));
      },
    },

    locate: {
      retryPolicy: { enabled: true }, // only reads
      params: params.locate,
      async handler(ctx) {
        const tree = await this.tree.get(this.store);
        return locate({ caller: asSystem(ctx, "wards"), directory: this.directory }, { tree, versions: this.versions }, ctx.params.touched);
      },
    },
  },

  methods: {
    async readCensus(this: This, ctx: Context, asked: { from: string; to: string; ward?: string }): Promise<Census> {
      requireScope(this, "Location", "read");
      const census = await readCensus(
        { caller: asSystem(ctx, "wards"), directory: this.directory },
        await this.tree.get(this.store),
        asked,
      );
      return asked.ward === undefined ? census : ofWard(census, asked.ward);
    },

    /** Resources as they are returned: beds with the occupancy that follows from the stays, but not by a plain FHIR server. */
    async shown(this: This, ctx: Context, texts: (string | undefined)[]): Promise<(string | undefined)[]> {
      const beds = new Map<number, Stored<Location>>();
      for (const [index, text] of texts.entries()) {
        const bed = bedIn(text);
        if (bed) beds.set(index, bed);
      }
      if (beds.size === 0 || isAsSent(ctx.meta)) return texts;
      const places = [...beds.values()].map(({ id }) => `Location/${id}`);
      const taken = await takenBeds({ caller: ctx, directory: this.directory }, places);
      return texts.map((text, index) => {
        const bed = beds.get(index);
        return bed ? JSON.stringify(withOccupancy(bed, taken.has(`Location/${bed.id}`))) : text;
      });
    },
  },

  hooks: {
    after: {
      async "fhir.read"(this: This, ctx: Context, stored: ShownResource | null): Promise<ShownResource | null> {
        const [json] = await this.shown(ctx, [stored?.json]);
        return stored && json !== undefined ? { ...stored, json, ...(bedIn(json) && { isDerived: true }) } : stored;
      },
      async "fhir.search"(this: This, ctx: Context, page: Page) {
        return (await shownPages((texts) => this.shown(ctx, texts), [page]))[0];
      },
      "fhir.searchMany"(this: This, ctx: Context, pages: Page[]) {
        return shownPages((texts) => this.shown(ctx, texts), pages);
      },
    },
  },

  created() {
    this.known = new StoreCache();
    this.tree = new WardTreeCache();
    this.versions = new Versions();
  },
});

/** Notifies gateways, which call `locate` if they have clients of a board. Writes nothing, and is safe to repeat. */
async function touchBoards(this: Service, { id, payload }: DurableEvent<ResourceVersion>): Promise<void> {
  const { type, id: resource, version } = payload;
  await this.broker.broadcast(BOARD_TOUCHED, { id, type, resource, version } satisfies Touched);
}
