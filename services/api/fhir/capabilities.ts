/** The CapabilityStatement of what is served at this moment, made from the live registry (FHIR R4, capabilitystatement.html). */
import { parametersOf } from "../../../fhir/search/parameters.ts";
import type { Directory } from "../../../mixins/fhir/directory.ts";

const STARTED = new Date().toISOString();

/** Search parameters that every type has and that `parametersOf` does not list. */
const EVERYWHERE = [
  { name: "_id", type: "token" },
  { name: "_lastUpdated", type: "date" },
];

let made: { generation: number; base: string; text: string } | undefined;

/** As JSON text; made anew when a service came or went. */
export function capabilities(directory: Directory, base: string, version: string): string {
  if (made?.generation !== directory.generation || made.base !== base) {
    made = { generation: directory.generation, base, text: JSON.stringify(statement(directory, base, version)) };
  }
  return made.text;
}

function statement(directory: Directory, base: string, version: string): object {
  const types = directory.liveTypes();
  const canWrite = directory.services().length > 0;
  return {
    resourceType: "CapabilityStatement",
    status: "active",
    date: STARTED,
    kind: "instance",
    software: { name: "OpenWard", version },
    implementation: { description: "A mesh of services; this statement lists what runs at this moment.", url: base },
    fhirVersion: "4.0.1",
    format: ["application/fhir+json", "json"],
    rest: [
      {
        mode: "server",
        resource: types.map(resource),
        interaction: canWrite ? [{ code: "transaction" }, { code: "batch" }, { code: "history-system" }] : [],
        searchParam: EVERYWHERE,
      },
    ],
  };
}

function resource(type: string): object {
  const parameters = [...parametersOf(type).values()];
  const references = parameters.filter((it) => it.type === "reference" && !it.isCanonical).map((it) => `${type}:${it.code}`);
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: ["read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type"].map((code) => ({ code })),
    versioning: "versioned-update",
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalRead: "full-support",
    conditionalUpdate: false,
    conditionalDelete: "not-supported",
    referencePolicy: ["literal", "logical", "local"],
    searchInclude: references,
    searchParam: [...EVERYWHERE, ...parameters.map(({ code, type: kind }) => ({ name: code, type: kind }))],
  };
}
