/** Bundles as clients send them. */
export type Entry = Record<string, unknown>;

/** A transaction of these entries. */
export const transaction = (...entry: Entry[]) => ({ resourceType: "Bundle", type: "transaction", entry });

/** An entry that creates a resource. @param more further members of its `request` */
export const post = (resource: Entry & { resourceType: string }, fullUrl?: string, more: Entry = {}): Entry => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: "POST", url: resource.resourceType, ...more },
});
