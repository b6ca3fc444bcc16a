/** Clients, as stored and as `oidc-provider` needs them. */
import type { AdapterPayload, ClientMetadata } from "oidc-provider";
import type { Collection } from "../../../store/documents/documents.ts";
import { ClientKind } from "../identity.contract.ts";
import type { StoredClient } from "../identity.model.ts";

/** The program that gets tokens on the command line: built in, and with redirects to this machine only (RFC 8252, 7.3). */
const CLI_CLIENT: StoredClient = {
  _id: "openward-cli",
  name: "OpenWard command line",
  kind: ClientKind.public,
  redirectUris: ["http://127.0.0.1/callback"],
  postLogoutRedirectUris: [],
  scope: "openid fhirUser profile offline_access online_access launch/patient patient/*.cruds user/*.cruds actions",
  roles: [],
  isTrusted: false,
  createdAt: 0,
};

/** The gateway's status page. */
const consoleClient = (origin: string): StoredClient => ({
  _id: "openward-console",
  name: "OpenWard console",
  kind: ClientKind.public,
  redirectUris: [`${origin}/`],
  postLogoutRedirectUris: [`${origin}/`],
  scope: "openid profile actions",
  roles: [],
  isTrusted: true,
  createdAt: 0,
});

/** Id of the client of the pages of `desk`. */
export const DESK_CLIENT = "openward-desk";

/** The pages of `desk`: each person may do there what their roles allow. After the browser is closed, a new sign-in is needed. */
const deskClient = (origin: string): StoredClient => ({
  _id: DESK_CLIENT,
  name: "OpenWard",
  kind: ClientKind.public,
  redirectUris: [`${origin}/desk/`],
  postLogoutRedirectUris: [`${origin}/desk/`],
  scope: "openid fhirUser profile online_access user/*.cruds actions",
  roles: [],
  isTrusted: true,
  createdAt: 0,
});

/** The system's own pages are web apps, even if reached without TLS; for native apps the provider would ask for consent each time. */
const OWN_PAGES = new Set(["openward-console", DESK_CLIENT]);

/** The built-in clients. @param origin under which the system is known */
export const ownClients = (origin: string): StoredClient[] => [CLI_CLIENT, consoleClient(origin), deskClient(origin)];

/** Own members in the provider's client metadata. */
export interface OwnMetadata {
  allowed_scope: string;
  is_trusted: boolean;
  roles: string[];
}

/** The own members of a client; the provider's types know only its own. */
export const ownMetadata = (client: object | undefined): Partial<OwnMetadata> => client ?? {};

/** Names of the own members, for the provider. */
export const OWN_METADATA: (keyof OwnMetadata)[] = ["allowed_scope", "is_trusted", "roles"];

/** Clients, read for each request: what an operator changes takes effect at once. */
export class Clients {
  readonly #clients: Collection<StoredClient>;
  readonly #own: StoredClient[];

  /** @param origin under which the system is known */
  constructor(clients: Collection<StoredClient>, origin: string) {
    this.#clients = clients;
    this.#own = ownClients(origin);
  }

  async metadata(id: string): Promise<AdapterPayload | undefined> {
    const client = this.#own.find(({ _id }) => _id === id) ?? (await this.#clients.findOne({ _id: id }));
    return client ? (metadataOf(client) as AdapterPayload) : undefined;
  }
}

/** @returns what RFC 7591 calls client metadata */
function metadataOf(client: StoredClient): ClientMetadata & OwnMetadata {
  const { _id, name, kind, redirectUris, postLogoutRedirectUris, backchannelLogoutUri, jwks, jwksUri, scope, isTrusted, roles } = client;
  const isBackend = kind === ClientKind.backend;
  return {
    client_id: _id,
    client_name: name,
    application_type: redirectUris.some((uri) => !uri.startsWith("https:")) && !OWN_PAGES.has(_id) ? "native" : "web",
    grant_types: isBackend ? ["client_credentials"] : ["authorization_code", "refresh_token"],
    response_types: isBackend ? [] : ["code"],
    redirect_uris: redirectUris,
    post_logout_redirect_uris: postLogoutRedirectUris,
    token_endpoint_auth_method: kind === ClientKind.public ? "none" : "private_key_jwt",
    id_token_signed_response_alg: "RS256",
    ...(backchannelLogoutUri && { backchannel_logout_uri: backchannelLogoutUri, backchannel_logout_session_required: true }),
    ...(jwks && { jwks }),
    ...(jwksUri && { jwks_uri: jwksUri }),
    allowed_scope: scope,
    is_trusted: isTrusted,
    roles,
  } as ClientMetadata & OwnMetadata;
}
