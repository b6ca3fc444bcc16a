/** A FHIR resource as plain JSON. */
export type Resource = { resourceType: string; id?: string } & Record<string, unknown>;
