/** Adds occupancy to beds in the results of reads and searches. */
import { parseJson } from "../../fhir/json.ts";
import type { Location, Stored } from "../../fhir/r4.ts";
import type { Page } from "../../fhir/search/query.ts";
import { isBed } from "./wards.model.ts";

/** The bed in a resource's text; undefined for other texts, which are recognised without parsing. */
export function bedIn(text: string | undefined): Stored<Location> | undefined {
  if (!text?.startsWith('{"resourceType":"Location"') || !/"(?:bd|operationalStatus)"/.test(text)) return undefined;
  const location = parseJson(text) as Stored<Location>;
  return isBed(location) ? location : undefined;
}

/** Pages of a search with the occupancy of beds; all are looked up in one question. */
export async function shownPages(show: (texts: (string | undefined)[]) => Promise<(string | undefined)[]>, pages: Page[]): Promise<Page[]> {
  const shown = await show(pages.flatMap(({ rows }) => rows.map(({ json }) => json)));
  const rest = shown.values();
  return pages.map((page) => ({
    ...page,
    rows: page.rows.map((row) => {
      const json = rest.next().value;
      return json === undefined ? row : { ...row, json };
    }),
  }));
}
