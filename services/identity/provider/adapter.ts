/**
 * Storage of `oidc-provider`'s sessions, grants, codes, tokens and interactions in our collections, in either database. Single-use objects can
 * be used once, however many replicas are asked at the same moment, and a second use ends everything that resulted from the first.
 */
import type { Adapter, AdapterPayload, errors as Errors } from "oidc-provider";
import { DuplicateKey } from "../../../store/documents/documents.ts";
import type { IdentityData } from "../identity-data.ts";
import { hashOf, type StoredArtifact } from "../identity.model.ts";
import type { Clients } from "./clients.ts";
import type { News } from "../news.ts";
import { BegunSignIns } from "./begun-sign-ins.ts";
import { UnavailableStore } from "./unavailable-store.ts";

/** How long an object without a time of its own is kept, milliseconds: there should be none. */
const KEPT_MS = 86_400_000;
/** How far the clocks of nodes and clients may differ, seconds; as in the provider. */
export const CLOCK_TOLERANCE_S = 15;
/** How long an expired refresh token is remembered, milliseconds: its use is then reported as expired, not as stolen. */
export const RAN_OUT_KEPT_MS = 7 * 86_400_000;
/** Prefix of the key of an access token, followed by its `jti`; the token itself is not stored. Clients cannot present the key as a token. */
export const TOKEN_NAME = "at:";

interface Parts {
  kept: IdentityData;
  clients: Clients;
  news: News;
  errors: typeof Errors;
  /** Address of the client whose request is being answered. */
  addressNow(): string;
  /** Called when a person has signed out. */
  sessionEnded(accountId: string): void;
  /** Called with errors of the store. */
  failed(error: Error): void;
}

/** The stored objects of all kinds. */
export class Artifacts {
  readonly #kept: IdentityData;
  readonly #clients: Clients;
  readonly #sessionEnded: (accountId: string) => void;
  readonly #news: News;
  readonly #errors: typeof Errors;
  readonly #unavailable: UnavailableStore;
  readonly #begun = new BegunSignIns();
  readonly #addressNow: () => string;

  constructor({ kept, clients, news, errors, addressNow, sessionEnded, failed }: Parts) {
    this.#addressNow = addressNow;
    this.#sessionEnded = sessionEnded;
    this.#kept = kept;
    this.#clients = clients;
    this.#news = news;
    this.#errors = errors;
    this.#unavailable = new UnavailableStore(errors, failed);
  }

  /** The adapter of one model, as the provider requires it. */
  adapter = (model: string): Adapter => this.#unavailable.telling(this.#adapter(model));

  #adapter = (model: string): Adapter => ({
    upsert: (id, payload, expiresIn) => this.#put(model, id, payload, expiresIn),
    find: (id) => (model === "Client" ? this.#clients.metadata(id) : this.#find({ _id: keyOf(model, id) }, id)),
    findByUid: (uid) => this.#find({ model, uid }),
    findByUserCode: async () => undefined, // the device flow is not supported
    destroy: async (id) => {
      await this.#kept.artifacts.removeMany({ _id: keyOf(model, id) });
      if (id.startsWith(TOKEN_NAME)) await this.#news.tell({ jti: id.slice(TOKEN_NAME.length) });
    },
    consume: (id) => this.#consume(model, id),
    // The provider calls this for each model; once is enough, as a grant ends with everything that resulted from it.
    revokeByGrantId: async (grantId) => (model === "AccessToken" ? this.endGrant(grantId) : undefined),
  });

  /** Ends a grant with everything that resulted from it: codes and tokens, including those already issued. */
  endGrant(grantId: string): Promise<void> {
    return endGrant(grantId, { kept: this.#kept, news: this.#news });
  }

  /** Ends what resulted from one session and was not granted for longer (`offline_access`). */
  async endSession(uid: string): Promise<void> {
    const tokens = await this.#kept.artifacts.find({ query: { sessionUid: uid }, limit: 10_000 });
    const session = await this.#kept.artifacts.findOne({ model: "Session", uid });
    if (session?.accountId !== undefined) this.#sessionEnded(session.accountId);
    const grants = new Set(tokens.filter(isBound).flatMap(({ grantId }) => grantId ?? []));
    await this.#kept.artifacts.removeMany({ model: "Session", uid });
    for (const grantId of grants) await this.endGrant(grantId);
  }

  /** The account of a refresh token, also of an expired or used one; undefined: unknown, or ended. */
  async accountOfRefresh(token: string): Promise<string | undefined> {
    return (await this.#kept.artifacts.findOne({ _id: keyOf("RefreshToken", token) }))?.accountId;
  }

  /** Records an access token, which is self-contained, so that it can be introspected and revoked. */
  async keepToken(jti: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    await this.#put(payload.kind ?? "AccessToken", TOKEN_NAME + jti, payload, expiresIn).catch(this.#unavailable.tell);
  }

  async #find(query: Partial<Pick<StoredArtifact, "_id" | "model" | "uid">>, id?: string): Promise<AdapterPayload | undefined> {
    const found = await this.#kept.artifacts.findOne(query);
    if (!found) return undefined;
    return {
      ...(JSON.parse(found.payload) as AdapterPayload),
      ...(id !== undefined && { jti: id }),
      ...(found.consumedAt !== undefined && { consumed: Math.floor(found.consumedAt / 1_000) }),
    };
  }

  async #put(model: string, id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const { jti: _, ...kept } = payload;
    const { grantId, uid, accountId, clientId, sessionUid } = payload;
    const lifeMs = expiresIn === undefined ? KEPT_MS : (expiresIn + CLOCK_TOLERANCE_S) * 1_000;
    const keptMs = model === "RefreshToken" ? lifeMs + RAN_OUT_KEPT_MS : lifeMs;
    const artifact: Omit<StoredArtifact, "_id"> = {
      model,
      payload: JSON.stringify(kept),
      expiresAt: Date.now() + keptMs,
      ...(grantId !== undefined && { grantId }),
      ...(uid !== undefined && { uid }),
      ...(accountId !== undefined && { accountId }),
      ...(clientId !== undefined && { clientId }),
      ...(sessionUid !== undefined && { sessionUid: String(sessionUid) }),
    };
    const _id = keyOf(model, id);
    if (model === "Interaction") this.#requireRoom();
    try {
      await this.#kept.artifacts.insert({ _id, ...artifact });
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      // The provider reads before it writes; of two replicas that read at the same time, the other has written.
      if (model === "ReplayDetection") throw new this.#errors.InvalidClientAuth("client assertion tokens must only be used once");
      await this.#kept.artifacts.updateMany({ _id }, { $set: artifact });
    }
  }

  #requireRoom(): void {
    if (this.#begun.mayBegin(this.#addressNow(), Date.now())) return;
    throw new this.#errors.TemporarilyUnavailable("too many sign-ins begin: try again in a minute");
  }

  async #consume(model: string, id: string): Promise<void> {
    const _id = keyOf(model, id);
    const used = await this.#kept.artifacts.updateMany({ _id, consumedAt: { $exists: false } }, { $set: { consumedAt: Date.now() } });
    if (used === 1) return;
    const lost = await this.#kept.artifacts.findOne({ _id });
    if (lost?.grantId !== undefined) await this.endGrant(lost.grantId);
    throw new this.#errors.InvalidGrant("used more than once");
  }
}

const keyOf = (model: string, id: string): string => `${model}:${hashOf(id)}`;

const isBound = ({ payload }: StoredArtifact): boolean =>
  (JSON.parse(payload) as { expiresWithSession?: boolean }).expiresWithSession === true;

/** Ends a grant with everything that resulted from it, on all nodes. */
export async function endGrant(grantId: string, { kept, news }: { kept: IdentityData; news: Pick<News, "tell"> }): Promise<void> {
  await kept.artifacts.removeMany({ _id: keyOf("Grant", grantId) });
  await kept.artifacts.removeMany({ grantId });
  await kept.contexts.removeMany({ _id: grantId });
  await news.tell({ sid: grantId });
}
