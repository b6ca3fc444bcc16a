/**
 * The context with which an app is started (SMART App Launch 2.2): the patient that is open in the EHR, or one that the person selects; and the grant
 * that binds a token to it. A grant with a patient serves one launch; another patient needs another grant.
 */
import type { errors as Errors, Grant, interactionPolicy, InteractionResults, KoaContextWithOIDC } from "oidc-provider";
import type { IdentityData } from "../identity-data.ts";
import { hashOf, type StoredContext, type StoredLaunch } from "../identity.model.ts";
import type { DemandedFactor } from "../sign-in/demanded-factor.ts";
import { ownMetadata } from "./clients.ts";
import { needsPatient } from "./granted-scopes.ts";

type Policy = typeof interactionPolicy;

/** What the pages have found out so far. */
export interface Results extends InteractionResults {
  /** The selected patient, by id. */
  patient?: { id: string };
}

/** Longest life of a grant, milliseconds; as in the configuration. */
const CONTEXT_MS = 90 * 86_400_000;

/** Determines the patient of a request. */
export class Launches {
  readonly #kept: IdentityData;
  readonly #library: { interactionPolicy: Policy; errors: typeof Errors };
  readonly #demanded: DemandedFactor;

  constructor(kept: IdentityData, library: { interactionPolicy: Policy; errors: typeof Errors }, demanded: DemandedFactor) {
    this.#demanded = demanded;
    this.#kept = kept;
    this.#library = library;
  }

  /** The pages in their order: sign in, select a patient, consent. */
  policy(): ReturnType<Policy["base"]> {
    const { base, Prompt, Check } = this.#library.interactionPolicy;
    const policy = base();
    policy
      .get("login")
      ?.checks.add(
        new Check(
          "account_gone",
          "the account is closed",
          "login_required",
          ({ oidc }) => Boolean(oidc.session?.accountId) && !oidc.account,
        ),
      );
    policy
      .get("login")
      ?.checks.add(new Check("factor_missing", "a second factor is wanted", "login_required", (ctx) => this.#isFactorMissing(ctx)));
    const isMissing = new Check("patient_missing", "a patient must be picked", "interaction_required", async (ctx) => this.#mustPick(ctx));
    policy.add(new Prompt({ name: "patient", requestable: false }, isMissing), 1);
    return policy;
  }

  /** Whether a person's session began without the second factor that one of their roles requires now. */
  async #isFactorMissing({ oidc: { session } }: KoaContextWithOIDC): Promise<boolean> {
    if (!session?.accountId) return false;
    const account = await this.#kept.accounts.findOne({ _id: session.accountId });
    return account !== null && this.#demanded.isMissing(account, session.amr);
  }

  /** The grant for a request; undefined: the provider creates one and asks for consent. */
  async grantFor(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { session, client, result, provider } = ctx.oidc;
    const consented = (result as Results | undefined)?.consent?.grantId;
    if (consented !== undefined) return provider.Grant.find(consented);
    if (!session?.accountId || !client) return undefined;
    const isTrusted = ownMetadata(client).is_trusted;
    const isBound = needsPatient(scopesOf(ctx)) || scopesOf(ctx).includes("launch");
    if (!isBound && !isTrusted) {
      const known = session.grantIdFor(client.clientId);
      return known === undefined ? undefined : provider.Grant.find(known);
    }
    const isLoginDue = ctx.oidc.prompts.has("login") && !(result as Results | undefined)?.login;
    if (!isTrusted || isLoginDue || (await this.#mustPick(ctx))) return undefined;
    return this.grant(ctx.oidc.provider, {
      accountId: session.accountId,
      clientId: client.clientId,
      scope: scopesOf(ctx).join(" "),
      resource: String(ctx.oidc.params?.resource),
      launch: ctx.oidc.params?.launch as string | undefined,
      results: (result ?? {}) as Results,
    });
  }

  /** Creates a grant, bound to the patient of its single-use launch. @returns undefined: the launch was used or is over, or a patient is needed */
  async grant(provider: KoaContextWithOIDC["oidc"]["provider"], asked: GrantRequest): Promise<Grant | undefined> {
    const { accountId, clientId, scope, resource, launch, results } = asked;
    const grant = new provider.Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    grant.addResourceScope(resource, scope);
    const launched = launch === undefined ? undefined : await this.#take(launch, accountId, clientId);
    const scopes = scope.split(" ");
    // The launch was used by another request, or has expired meanwhile: the app would not show the patient that is open in the EHR.
    if (launch !== undefined && scopes.includes("launch") && !launched) return undefined;
    const context = launched ? contextOf(launched) : results.patient && { patient: results.patient.id };
    if (!context && needsPatient(scopes)) return undefined;
    const id = await grant.save();
    if (context) await this.#kept.contexts.insert({ _id: id, ...context, expiresAt: Date.now() + CONTEXT_MS });
    return grant;
  }

  /** The launch that was prepared for this person and app; it cannot be used again. */
  async #take(launch: string, accountId: string, clientId: string): Promise<StoredLaunch | undefined> {
    const found = await this.#find(launch, accountId, clientId);
    return found && (await this.#kept.launches.removeMany({ _id: found._id })) === 1 ? found : undefined;
  }

  /** Whether a signed-in person must select a patient now. @throws the provider's InvalidRequest for a launch that has expired, or is another's */
  async #mustPick(ctx: KoaContextWithOIDC): Promise<boolean> {
    const { session, client, params, result, entities } = ctx.oidc;
    if (!session?.accountId || (result as Results | undefined)?.patient) return false;
    const grantId = entities.Grant?.jti;
    if (grantId !== undefined && (await this.#kept.contexts.findOne({ _id: grantId }))) return false;
    const scopes = scopesOf(ctx);
    const launch = params?.launch as string | undefined;
    if (launch === undefined || !scopes.includes("launch")) return needsPatient(scopes);
    if (await this.#find(launch, session.accountId, client?.clientId ?? "")) return false;
    // Not replaced by a selection: the user would take the selected patient for the one that is open in the EHR.
    throw new this.#library.errors.InvalidRequest("the launch is over, or was prepared for somebody else: start the app again");
  }

  async #find(launch: string, account: string, client: string): Promise<StoredLaunch | undefined> {
    const found = await this.#kept.launches.findOne({ _id: hashOf(launch), account, client, expiresAt: { $gt: Date.now() } });
    return found ?? undefined;
  }
}

/** What a grant is created from. */
export interface GrantRequest {
  accountId: string;
  clientId: string;
  scope: string;
  resource: string;
  launch?: string | undefined;
  results: Results;
}

const scopesOf = (ctx: KoaContextWithOIDC): string[] =>
  String(ctx.oidc.params?.scope ?? "")
    .split(" ")
    .filter(Boolean);

const contextOf = ({ patient, encounter }: StoredLaunch): Pick<StoredContext, "patient" | "encounter"> => ({
  patient,
  ...(encounter !== undefined && { encounter }),
});
