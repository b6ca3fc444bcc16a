/** Functions of stores, in a module that threads can load. */
import type { StoreOptions } from "../../store/store.ts";
import { hospitalZone } from "../../fhir/time-zone.ts";
import { indexOf } from "./resources.ts";

type Functions = Pick<StoreOptions, "reindex" | "text" | "functions">;
const URL_HERE = import.meta.url;

/** Finds resources by `new NAME`. */
export const newNames: Functions = {
  reindex: (json) => indexOf({ name: `new ${JSON.parse(json).name[0].family}` }),
  functions: { module: URL_HERE, name: "newNames" },
};

/** Finds resources by the hospital's time zone. */
export const zones: Functions = {
  reindex: () => indexOf({ name: hospitalZone() }),
  functions: { module: URL_HERE, name: "zones" },
};

/** Finds resources by all of their text. */
export const wholeTexts: Functions = {
  reindex: () => ({ keys: [], ranges: [] }),
  text: (json) => [json, ""],
  functions: { module: URL_HERE, name: "wholeTexts" },
};
