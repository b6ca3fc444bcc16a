/** Options of the stores that hold FHIR resources: how resources are indexed. Threads that write load this module. */
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { indexVersion } from "../../fhir/search/parameters.ts";
import { textContentOf } from "../../fhir/search/text-content.ts";

/** Store options of a service with FHIR types. */
export const fhirStore = {
  indexVersion,
  reindex: (json: string) => indexOf(parseJson(json) as Resource),
  text: (json: string): [content: string, narrative: string] | undefined => textContentOf(JSON.parse(json)),
  functions: { module: import.meta.url, name: "fhirStore" },
};

/** The same for resources that are not searched by their texts. */
export const textlessFhirStore: typeof fhirStore = {
  ...fhirStore,
  text: () => undefined,
  functions: { module: import.meta.url, name: "textlessFhirStore" },
};
