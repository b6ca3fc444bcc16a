/** A resource as plain JSON. */
export type Resource = { resourceType: string } & Record<string, unknown>;
