/** What `identity` stores, in its own database. */
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
import type { StoredNote } from "./operator-notes.ts";
import type { StoredRoleChange } from "./roles-now/role-book.ts";
import type { StoredKey } from "./provider/signing-keys.ts";

/** The collections, by name. */
export interface IdentityDocuments {
  accounts: StoredAccount;
  clients: StoredClient;
  artifacts: StoredArtifact;
  /** What a grant is bound to, by the id of the grant. */
  contexts: StoredContext;
  links: StoredLink;
  launches: StoredLaunch;
  recoveryCodes: StoredTicket;
  /** Browsers with which a person has signed in before. */
  devices: StoredTicket;
  /** Sign-ins with a correct password that still need the second factor, by interaction. */
  halfway: StoredHalfway;
  failures: StoredFailures;
  ended: StoredEnded;
  /** The key with which all nodes sign. */
  keys: StoredKey;
  roleChanges: StoredRoleChange;
  operatorNotes: StoredNote;
}

/** The collections in `this.collections`. */
export type IdentityData = WithCollections<IdentityDocuments>["collections"];

/** The mixin with these collections. */
export const IdentityCollections = () =>
  Collections({
    accounts: { unique: ["login", "practitioner"], indexes: ["isAdministrator"] },
    clients: {},
    artifacts: { indexes: ["grantId", "uid", "accountId", "clientId", "sessionUid"], expiresAt: "expiresAt" },
    contexts: { indexes: ["patient"], expiresAt: "expiresAt" },
    links: { indexes: ["account"], expiresAt: "expiresAt" },
    launches: { expiresAt: "expiresAt" },
    recoveryCodes: { indexes: ["account"] },
    devices: { indexes: ["account"], expiresAt: "expiresAt" },
    halfway: { expiresAt: "expiresAt" },
    failures: { expiresAt: "expiresAt" },
    ended: { indexes: ["at"], expiresAt: "expiresAt" },
    keys: { expiresAt: "expiresAt" },
    operatorNotes: {},
    roleChanges: { unique: ["generation"], indexes: ["role", "state"] },
  });
