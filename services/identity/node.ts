/** What a node of `identity` answers over HTTP: the provider, its pages, and the discovery documents for apps. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createLocalJWKSet, type JWTVerifyGetKey } from "jose";
import type { Provider } from "oidc-provider";
import type { Config } from "../../mesh/config.ts";
import type { AuditNotes } from "../../federation/audit-notes.ts";
import type { TalliedNotes } from "../../federation/tallied-notes.ts";
import type { Accounts } from "./accounts.ts";
import type { IdentityData } from "./identity-data.ts";
import type { News } from "./news.ts";
import { originIn, originOf } from "./origin.ts";
import { showAccount } from "./pages/account.ts";
import { PageExchange } from "./pages/exchange.ts";
import { interact } from "./pages/interaction.ts";
import { PageSet } from "./pages/page-set.ts";
import { setPasswordByLink } from "./pages/password-link.ts";
import type { VisiblePatients } from "./visible-patients.ts";
import { Artifacts } from "./provider/adapter.ts";
import { Claims } from "./provider/token-claims.ts";
import { Clients } from "./provider/clients.ts";
import { configurationOf } from "./provider/configuration.ts";
import { ask, extend, MOUNT } from "./provider/endpoints.ts";
import { publicPart } from "../../mesh/signing-key.ts";
import type { KeySet } from "./provider/signing-keys.ts";
import { Launches } from "./provider/launches.ts";
import { ResourceServer } from "./provider/resource-server.ts";
import { smartConfiguration } from "./provider/smart.ts";
import { type RefusedProof, refusedProof } from "./session-entries.ts";
import type { Passwords } from "./sign-in/passwords.ts";
import type { DemandedFactor } from "./sign-in/demanded-factor.ts";
import { SecondFactor } from "./sign-in/second-factor.ts";
import { SignIn } from "./sign-in/sign-in.ts";
import { Throttle } from "./sign-in/throttle.ts";

/** The library is loaded only where it is needed: it takes 49 MB. */
type Library = typeof import("oidc-provider");

/** Addresses of one process that does not know its own: 127.0.0.1, localhost, [::1]. */
const MAX_ORIGINS = 4;

/** What a node needs. */
export interface NodeParts {
  config: Config;
  kept: IdentityData;
  news: News;
  accounts: Accounts;
  passwords: Passwords;
  demanded: DemandedFactor;
  patients: VisiblePatients;
  library: Library;
  notes: Pick<AuditNotes, "note">;
  /** Records refusals, with a few entries a minute per source. */
  refusals: Pick<TalliedNotes, "note">;
  /** Called when a person has signed out. */
  sessionEnded(accountId: string): void;
  /** Called for errors that are not a client's. */
  failed(error: Error): void;
}

/** One provider, with one issuer address and one set of keys. */
interface Issuer {
  provider: Provider;
  launches: Launches;
  keys: JWTVerifyGetKey;
}

/** Answers the requests that gateways forward. */
export class IdentityNode {
  readonly #parts: NodeParts;
  readonly #signIn: SignIn;
  readonly #factor: SecondFactor;
  readonly #pages = new PageSet();
  readonly #issuers = new Map<string, Issuer>();
  #keySet: KeySet;

  constructor(parts: NodeParts, keySet: KeySet) {
    this.#parts = parts;
    this.#keySet = keySet;
    this.#factor = new SecondFactor(parts.kept);
    const { passwords, demanded } = parts;
    this.#signIn = new SignIn(parts.kept, { passwords, demanded, factor: this.#factor, throttle: new Throttle(parts.kept.failures) });
  }

  /** Sets the current keys: the next request uses them. */
  useKeys(keySet: KeySet): void {
    if (keySet.id === this.#keySet.id) return;
    this.#keySet = keySet;
    this.#issuers.clear();
  }

  get keySet(): KeySet {
    return this.#keySet;
  }

  async answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const origin = originIn(this.#parts.config) ?? originOf(request);
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (origin === undefined || !path.startsWith(`${MOUNT}/`)) return json(response, 404, { error: "not_found" });
    if (path === `${MOUNT}/.well-known/smart-configuration`) return json(response, 200, smartConfiguration(origin));
    const issuer = this.#issuerAt(origin);
    const { accounts, kept, library, patients, notes, refusals, demanded } = this.#parts;
    const exchange = () => new PageExchange({ request, response, body, origin });
    const { provider, launches } = issuer;
    if (path.startsWith(`${MOUNT}/interaction/`)) {
      return interact(exchange(), {
        provider,
        launches,
        patients,
        accounts,
        signIn: this.#signIn,
        errors: library.errors,
        notes,
        refusedSignIns: refusals,
      });
    }
    if (path.startsWith(`${MOUNT}/password/`)) return setPasswordByLink(exchange(), accounts, notes);
    if (path === `${MOUNT}/account`) {
      return showAccount(exchange(), { provider, kept, factor: this.#factor, accounts, signIn: this.#signIn, demanded, refusals, notes });
    }
    return ask(issuer, { request, response, body });
  }

  async #noteRefused(proof: RefusedProof, accountId: string | undefined): Promise<void> {
    const { kept, refusals } = this.#parts;
    // It is recorded even if the store is not available.
    const account = accountId === undefined ? null : await kept.accounts.findOne({ _id: accountId }).catch(() => null);
    refusals.note(`${proof.address} ${proof.client ?? ""} ${proof.why}`, refusedProof("token", account, proof));
  }

  #issuerAt(origin: string): Issuer {
    const known = this.#issuers.get(origin);
    if (known) return known;
    if (this.#issuers.size >= MAX_ORIGINS) this.#issuers.clear();
    const issuer = this.#makeIssuer(origin);
    this.#issuers.set(origin, issuer);
    return issuer;
  }

  #makeIssuer(origin: string): Issuer {
    const { kept, news, library, failed, demanded } = this.#parts;
    const keySet = this.#keySet;
    const { errors } = library;
    const { sessionEnded } = this.#parts;
    const addressNow = () => library.Provider.ctx?.ip ?? "";
    const artifacts = new Artifacts({ kept, clients: new Clients(kept.clients, origin), news, errors, addressNow, sessionEnded, failed });
    const launches = new Launches(kept, library, demanded);
    const configuration = configurationOf(keySet, {
      artifacts,
      launches,
      claims: new Claims(kept, artifacts, { base: origin, demanded, errors: library.errors }),
      resource: new ResourceServer(origin, keySet.keys[0].kid, library.errors),
      pages: this.#pages,
      errors: library.errors,
      isHttps: origin.startsWith("https:"),
    });
    const provider = new library.Provider(origin + MOUNT, configuration);
    extend(provider, { pages: this.#pages, artifacts, refused: (proof, accountId) => void this.#noteRefused(proof, accountId) });
    provider.on("server_error", (_ctx, error) => failed(error));
    return { provider, launches, keys: createLocalJWKSet({ keys: keySet.keys.map((key) => ({ ...publicPart(key) })) }) };
  }
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*", // public documents
  });
  response.end(JSON.stringify(value));
}
