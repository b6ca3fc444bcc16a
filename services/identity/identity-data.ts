/** What `identity` keeps, in its own database. */
import { Collections, type WithCollections } from "../../mixins/collections.ts";
import type {
  StoredAccount,
  StoredArtifact,
  StoredClient,
  StoredContext,
  StoredEnded,
  StoredFailures,
  StoredHalfway,
  StoredLaunch,
  StoredLink,
  StoredTicket,
} from "./identity.model.ts";
import type { StoredRoleChange } from "./roles-now/role-book.ts";
import type { StoredKey } from "./provider/signing-keys.ts";

/** The collections by their names. */
export interface IdentityDocuments {
  accounts: StoredAccount;
  clients: StoredClient;
  artifacts: StoredArtifact;
  /** What a grant is bound to, by the grant's id. */
  contexts: StoredContext;
  links: StoredLink;
  launches: StoredLaunch;
  recoveryCodes: StoredTicket;
  /** Browsers that a person has signed in with before. */
  devices: StoredTicket;
  /** Sign-ins whose password was right and whose second factor is still to come, by the interaction. */
  halfway: StoredHalfway;
  failures: StoredFailures;
  ended: StoredEnded;
  /** Which key all nodes sign with. */
  keys: StoredKey;
  roleChanges: StoredRoleChange;
}

/** The collections as `this.collections` has them. */
export type IdentityData = WithCollections<IdentityDocuments>["collections"];

/** The mixin that opens them. */
export const IdentityCollections = () =>
  Collections({
    accounts: { unique: ["login", "practitioner"], indexes: ["isAdministrator"] },
    clients: {},
    artifacts: { indexes: ["grantId", "uid", "accountId", "clientId", "sessionUid"], expiresAt: "expiresAt" },
    contexts: { expiresAt: "expiresAt" },
    links: { indexes: ["account"], expiresAt: "expiresAt" },
    launches: { expiresAt: "expiresAt" },
    recoveryCodes: { indexes: ["account"] },
    devices: { indexes: ["account"], expiresAt: "expiresAt" },
    halfway: { expiresAt: "expiresAt" },
    failures: { expiresAt: "expiresAt" },
    ended: { indexes: ["at"], expiresAt: "expiresAt" },
    keys: { expiresAt: "expiresAt" },
    roleChanges: { unique: ["generation"], indexes: ["role", "state"] },
  });
