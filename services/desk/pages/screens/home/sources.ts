/** What waits, by who does it: each source is asked by itself, so that one that is down leaves the others. */
import { adminSources, benchSources, cashSources, deskSources, pharmacySources, recordsSources } from "./desks.ts";
import { careSources } from "./care.ts";
import type { Source } from "./work.ts";

/** In the order in which they are shown. */
export const SOURCES: readonly Source[] = [
  ...careSources,
  ...benchSources,
  ...pharmacySources,
  ...deskSources,
  ...cashSources,
  ...recordsSources,
  ...adminSources,
];
