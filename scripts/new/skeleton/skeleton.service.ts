import { defineService } from "../../../mesh/contract.ts";
import { isType } from "../../../federation/errors.ts";
import { Store, type WithStore } from "../../../mixins/own-store.ts";
import type { skeleton } from "./skeleton.contract.ts";
import { notEnough } from "./skeleton.errors.ts";
import { addition, itemOf, PREFIX, removal } from "./skeleton.model.ts";

/** Items in one answer. */
const MAX_ITEMS = 1_000;
const NAME = { type: "string", trim: true, min: 1, max: 100 } as const;
const QUANTITY = { type: "number", integer: true, positive: true, max: 1_000_000 } as const;

export default defineService<typeof skeleton, WithStore>({
  name: "skeleton",
  mixins: [Store({ indexVersion: "none", reindex: () => ({ keys: [], ranges: [] }) })],

  actions: {
    add: {
      rest: "POST",
      summary: "Add to what there is",
      params: { name: NAME, quantity: QUANTITY, $$strict: true },
      async handler(ctx) {
        const [result] = await this.store.write([addition(ctx.params)]);
        return { name: ctx.params.name, quantity: result?.value ?? 0 };
      },
    },

    take: {
      rest: "POST",
      summary: "Take from what there is",
      params: { name: NAME, quantity: QUANTITY, $$strict: true },
      async handler(ctx) {
        try {
          const [result] = await this.store.write([removal(ctx.params)]);
          return { name: ctx.params.name, quantity: result?.value ?? 0 };
        } catch (error) {
          throw isType(error, "COUNTER_BELOW") ? notEnough() : error;
        }
      },
    },

    list: {
      rest: "GET",
      summary: "What there is",
      params: { $$strict: true },
      async handler() {
        return (await this.store.counters(PREFIX, MAX_ITEMS)).map(itemOf);
      },
    },
  },
});
