/** TypeScript types of FHIR R4's resources and data types; nothing of this file exists at run time. */
import type { FhirResource, Meta } from "fhir/r4.js";

export type * from "fhir/r4.js";

/** The name of one of R4's resource types. */
export type ResourceType = FhirResource["resourceType"];

/** The resource of a type by its name: `ResourceOf<"Patient">` is `Patient`. */
export type ResourceOf<Type extends ResourceType> = Extract<FhirResource, { resourceType: Type }>;

/** A resource as a store has it: with id, version and time. */
export type Stored<Of extends FhirResource = FhirResource> = Of & { id: string; meta: Meta & { versionId: string; lastUpdated: string } };
