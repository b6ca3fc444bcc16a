/**
 * The author of a version is stored beside it. Clients see it as a Provenance, which is derived when requested; its id tells which version it is
 * about: `by.CODE.VERSION.ID`, where CODE is the type's position in the sorted list of R4's types.
 */
import { createHash } from "node:crypto";
import type { Provenance, ProvenanceAgent } from "../fhir/r4.ts";
import { isId } from "../fhir/ids.ts";
import { resourceTypes } from "../fhir/search/parameters.ts";
import { authorFrom } from "../mesh/access/author.ts";
import type { Author } from "../mesh/access/author-contract.ts";
import type { VersionReference, StoredResource } from "../store/store.ts";

/** A version and its author, without the content. */
export type AuthoredVersion = Pick<StoredResource, "type" | "id" | "version" | "updated" | "method" | "author">;

const TYPES = resourceTypes.toSorted();
const MADE = /^by\.([0-9a-z]{2})\.([1-9]\d{0,8})\.(.+)$/;
/** For a resource whose own id is too long to be included: its Provenance is found by its target only. */
const HASHED = /^by\.[0-9a-f]{61}$/;

/** Whether an id is of this kind, under which no Provenance can be stored. */
export const isVersionProvenance = (id: string): boolean => MADE.test(id) || HASHED.test(id);

/** The id of the Provenance of a version. */
function provenanceIdOf({ type, id, version }: VersionReference): string {
  const plain = `by.${TYPES.indexOf(type).toString(36).padStart(2, "0")}.${version}.${id}`;
  return isId(plain) ? plain : `by.${createHash("sha256").update(`${type}/${id}/${version}`).digest("hex").slice(0, 61)}`;
}

/** The version of such an id; undefined for any other id. */
export function versionOfProvenance(provenance: string): VersionReference | undefined {
  const [, code = "", version, id] = MADE.exec(provenance) ?? [];
  const type = TYPES[Number.parseInt(code, 36)];
  return type !== undefined && id !== undefined ? { type, id, version: Number(version) } : undefined;
}

const ACTIVITY = { create: "CREATE", update: "UPDATE", delete: "DELETE" } as const;
const participant = (code: string) => ({
  coding: [{ system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", code }],
});

/** The Provenance of a version. For versions written while access was open, the author is unknown. */
export function provenanceOf({ type, id, version, updated, method, author: text }: AuthoredVersion): Provenance & { id: string } {
  const author = text === undefined ? undefined : authorFrom(text);
  const at = new Date(updated).toISOString();
  return {
    resourceType: "Provenance",
    id: provenanceIdOf({ type, id, version }),
    meta: { versionId: "1", lastUpdated: at },
    target: [{ reference: `${type}/${id}/_history/${version}` }],
    recorded: at,
    ...(author?.reason && {
      reason: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActReason", code: author.reason }] }],
    }),
    activity: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-DataOperation", code: ACTIVITY[method] }] },
    agent: author ? agentsOf(author) : [{ type: participant("author"), who: { display: "unknown" } }],
  };
}

function agentsOf({ who, name, onBehalfOf, role, client }: Author): [ProvenanceAgent, ...ProvenanceAgent[]] {
  const isInFhir = who.includes("/");
  return [
    {
      type: participant("author"),
      ...(role !== "" && { role: role.split(" ").map((text) => ({ text })) }),
      who: {
        ...(isInFhir ? { reference: who } : { identifier: { system: "urn:openward:account", value: who } }),
        ...(name !== undefined && { display: name }),
      },
      ...(onBehalfOf !== undefined && { onBehalfOf: { reference: onBehalfOf } }),
    },
    ...(client === undefined
      ? []
      : [{ type: participant("assembler"), who: { identifier: { system: "urn:openward:client", value: client } } }]),
  ];
}

/** URL of the extension of a history entry that names its author. */
const AUTHOR_EXTENSION = "urn:openward:author";

/** The author as an extension of an entry. */
export function authorExtension(text: string): object {
  const { who, name, ...more } = authorFrom(text);
  const reference = who.includes("/") ? { reference: who } : { identifier: { system: "urn:openward:account", value: who } };
  return {
    url: AUTHOR_EXTENSION,
    extension: [
      { url: "who", valueReference: { ...reference, ...(name !== undefined && { display: name }) } },
      ...Object.entries(more).map(([url, valueString]) => ({ url, valueString })),
    ],
  };
}
