/** Clients, and the launches prepared for them. */
import { DuplicateKey } from "../../store/documents/documents.ts";
import type { IdentityData } from "./identity-data.ts";
import type { Client } from "./identity.contract.ts";
import { clientInvalid, clientNotFound, clientTaken } from "./identity.errors.ts";
import { clientFault, clientOf, hashOf, newSecret, type StoredClient } from "./identity.model.ts";
import type { News } from "./news.ts";
import { ownClients } from "./provider/clients.ts";
import { scopesIn, unknownScopes } from "./provider/granted-scopes.ts";

/** Limit of one list. */
const MAX_LISTED = 10_000;
/** Validity of a launch, milliseconds: the EHR starts the app at once. */
const LAUNCH_MS = 300_000;

/** The clients of a node of `identity`, or of a program that works on its store. */
export class Registrations {
  readonly #kept: IdentityData;
  readonly #news: News;

  constructor(kept: IdentityData, news: News) {
    this.#kept = kept;
    this.#news = news;
  }

  /** @throws 409 CLIENT_TAKEN, 422 CLIENT_INVALID */
  async create({ id, ...given }: Pick<Client, "id" | "name" | "kind" | "scope"> & Partial<Client>): Promise<Client> {
    const { name, kind, scope, backchannelLogoutUri, jwks, jwksUri } = given;
    const client: StoredClient = {
      _id: id,
      name,
      kind,
      scope: scopesIn(scope).join(" "),
      redirectUris: given.redirectUris ?? [],
      postLogoutRedirectUris: given.postLogoutRedirectUris ?? [],
      roles: given.roles ?? [],
      isTrusted: given.isTrusted ?? false,
      createdAt: Date.now(),
      ...(backchannelLogoutUri !== undefined && { backchannelLogoutUri }),
      ...(jwks !== undefined && { jwks }),
      ...(jwksUri !== undefined && { jwksUri }),
    };
    const unknown = unknownScopes(scope);
    // An app silently registered with fewer rights than its operator has given would look broken to its users.
    const fault = unknown.length > 0 ? `There is no scope ${unknown.slice(0, 5).join(", ")}.` : clientFault(client);
    if (fault) throw clientInvalid(id, fault);
    if (ownClients("").some(({ _id }) => _id === id)) throw clientTaken(id);
    try {
      await this.#kept.clients.insert(client);
    } catch (error) {
      throw error instanceof DuplicateKey ? clientTaken(id) : error;
    }
    return clientOf(client);
  }

  /** @throws 404 CLIENT_NOT_FOUND */
  async remove(id: string): Promise<void> {
    if ((await this.#kept.clients.removeMany({ _id: id })) !== 1) throw clientNotFound(id);
    await this.#kept.artifacts.removeMany({ clientId: id });
    await this.#news.tell({ clientId: id });
  }

  async list(): Promise<Client[]> {
    return (await this.#kept.clients.find({ sort: ["_id"], limit: MAX_LISTED })).map(clientOf);
  }

  /** @param account of the person who has the patient open @returns the `launch` parameter @throws 404 CLIENT_NOT_FOUND */
  async launch(account: string, { client, patient, encounter }: Launch): Promise<string> {
    if (!(await this.#kept.clients.findOne({ _id: client }))) throw clientNotFound(client);
    const launch = newSecret();
    const bound = { account, client, patient, ...(encounter !== undefined && { encounter }) };
    await this.#kept.launches.insert({ _id: hashOf(launch), ...bound, expiresAt: Date.now() + LAUNCH_MS });
    return launch;
  }
}

/** The app to be started, and its context. */
export interface Launch {
  client: string;
  patient: string;
  encounter?: string | undefined;
}
