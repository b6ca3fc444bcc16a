/** Closes the account of a person who no longer works here: `identity` handles each version of a Practitioner. */
import type { Service, ServiceSchema } from "moleculer";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import type { ResourceVersion } from "../../federation/owner-contract.ts";
import { readResource } from "../../federation/read.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Practitioner } from "../../fhir/r4.ts";
import { asSystem } from "../../mesh/access/access.ts";
import type { DurableEvent } from "../../mixins/events/event.ts";
import { Events } from "../../mixins/events/events.ts";
import { Store } from "../../mixins/own-store.ts";
import type { Accounts } from "./accounts.ts";

type This = Service & WithDirectory & { accounts: Accounts };

/** Mixins of the service; the store contains what events need, and no resources. */
export const followsPractitioners = (): Partial<ServiceSchema>[] => [
  Events<This>({ handles: { "fhir.Practitioner": closeAccount } }),
  Store({ indexVersion: "none", reindex: () => ({ keys: [], ranges: [] }) }),
];

/** Safe to repeat: what is closed stays closed. */
async function closeAccount(this: This, { payload: { id } }: DurableEvent<ResourceVersion>): Promise<void> {
  if (!(await isActive(this, id))) await this.accounts.closeOf(`Practitioner/${id}`);
}

async function isActive({ broker, directory }: This, id: string): Promise<boolean> {
  try {
    const { json } = await readResource({ caller: asSystem(broker, "identity"), directory }, "Practitioner", id);
    return (parseJson(json) as Practitioner).active !== false;
  } catch (error) {
    if (isType(error, "GONE") || isType(error, "NOT_FOUND")) return false;
    throw error;
  }
}
