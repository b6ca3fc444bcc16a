/**
 * What an app is started with (SMART App Launch 2.2): the patient that the EHR has open, or one that the person picks; and the grant that
 * binds a token to it. A grant with a patient serves one launch, another patient is another grant.
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
  /** The patient that was picked, by its id. */
  patient?: { id: string };
}

/** Grants live so long at most, milliseconds; as the configuration has it. */
const CONTEXT_MS = 90 * 86_400_000;

/** Which patient a request is about. */
export class Launches {
  readonly #kept: IdentityData;
  readonly #library: { interactionPolicy: Policy; errors: typeof Errors };
  readonly #demanded: DemandedFactor;

  constructor(kept: IdentityData, library: { interactionPolicy: Policy; errors: typeof Errors }, demanded: DemandedFactor) {
    this.#demanded = demanded;
    this.#kept = kept;
    this.#library = library;
  }

  /** The pages in their order: sign in, pick a patient, consent. */
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

  /** Whether a person's session began without the second factor that one of their roles wants now. */
  async #isFactorMissing({ oidc: { session } }: KoaContextWithOIDC): Promise<boolean> {
    if (!session?.accountId) return false;
    const account = await this.#kept.accounts.findOne({ _id: session.accountId });
    return account !== null && this.#demanded.isMissing(account, session.amr);
  }

  /** The grant that a request goes on with; undefined: the provider makes one and asks for consent. */
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

  /** Makes a grant, bound to the patient of its launch, which serves once. @returns undefined: its launch was taken or is over, or a patient is needed */
  async grant(provider: KoaContextWithOIDC["oidc"]["provider"], asked: GrantRequest): Promise<Grant | undefined> {
    const { accountId, clientId, scope, resource, launch, results } = asked;
    const grant = new provider.Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    grant.addResourceScope(resource, scope);
    const launched = launch === undefined ? undefined : await this.#take(launch, accountId, clientId);
    const scopes = scope.split(" ");
    // It was taken by another request, or has ended since the person was asked: the app would not be about who is open in the EHR.
    if (launch !== undefined && scopes.includes("launch") && !launched) return undefined;
    const context = launched ? contextOf(launched) : results.patient && { patient: results.patient.id };
    if (!context && needsPatient(scopes)) return undefined;
    const id = await grant.save();
    if (context) await this.#kept.contexts.insert({ _id: id, ...context, expiresAt: Date.now() + CONTEXT_MS });
    return grant;
  }

  /** The launch that was prepared for this person and app, which nobody can take again. */
  async #take(launch: string, accountId: string, clientId: string): Promise<StoredLaunch | undefined> {
    const found = await this.#find(launch, accountId, clientId);
    return found && (await this.#kept.launches.removeMany({ _id: found._id })) === 1 ? found : undefined;
  }

  /** Whether a person who has signed in must pick a patient now. @throws the provider's InvalidRequest for a launch that is over, or another's */
  async #mustPick(ctx: KoaContextWithOIDC): Promise<boolean> {
    const { session, client, params, result, entities } = ctx.oidc;
    if (!session?.accountId || (result as Results | undefined)?.patient) return false;
    const grantId = entities.Grant?.jti;
    if (grantId !== undefined && (await this.#kept.contexts.findOne({ _id: grantId }))) return false;
    const scopes = scopesOf(ctx);
    const launch = params?.launch as string | undefined;
    if (launch === undefined || !scopes.includes("launch")) return needsPatient(scopes);
    if (await this.#find(launch, session.accountId, client?.clientId ?? "")) return false;
    // No other patient in its place: who looks at the EHR would take it for the one that is open there.
    throw new this.#library.errors.InvalidRequest("the launch is over, or was prepared for somebody else: start the app again");
  }

  async #find(launch: string, account: string, client: string): Promise<StoredLaunch | undefined> {
    const found = await this.#kept.launches.findOne({ _id: hashOf(launch), account, client, expiresAt: { $gt: Date.now() } });
    return found ?? undefined;
  }
}

/** What a grant is made of. */
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
