/** All sources of work; each is read separately, so that one that is down does not affect the others. */
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
