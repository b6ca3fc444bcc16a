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
import { patients } from "../patients/patients.contract.ts";
import type { Accounts } from "./accounts.ts";
import type { IdentityData } from "./identity-data.ts";
import { practitionerNotFound } from "./identity.errors.ts";
import { endLaunchesFor } from "./merged-patients.ts";
import type { News } from "./news.ts";

type This = Service & WithDirectory & { accounts: Accounts; collections: IdentityData; news: News };

/** Mixins of the service; the store contains what events need, and no resources. */
export const followsPractitioners = (): Partial<ServiceSchema>[] => [
  Events<This>({ handles: { "fhir.Practitioner": closeAccount, [patients.merged.event]: endLaunchesFor } }),
  Store({ indexVersion: "none", reindex: () => ({ keys: [], ranges: [] }) }),
];

/** Safe to repeat: what is closed stays closed. */
async function closeAccount(this: This, { payload: { id } }: DurableEvent<ResourceVersion>): Promise<void> {
  if (!(await isActive(this, id))) await this.accounts.closeOf(`Practitioner/${id}`);
}

/**
 * Nobody gets an account for a person who has left, or whose id is misspelt: it would not be closed when that person leaves.
 * @throws 404 PRACTITIONER_NOT_FOUND, 503 OWNER_DOWN; a system without a service for Practitioners accepts any
 */
export async function requireWhoWorksHere(service: Service & WithDirectory, practitioner: string | undefined): Promise<void> {
  if (practitioner === undefined || !service.directory.types().includes("Practitioner")) return;
  if (!(await isActive(service, practitioner.slice("Practitioner/".length)))) throw practitionerNotFound(practitioner);
}

async function isActive({ broker, directory }: Service & WithDirectory, id: string): Promise<boolean> {
  try {
    const { json } = await readResource({ caller: asSystem(broker, "identity"), directory }, "Practitioner", id);
    return (parseJson(json) as Practitioner).active !== false;
  } catch (error) {
    if (isType(error, "GONE") || isType(error, "NOT_FOUND")) return false;
    throw error;
  }
}
