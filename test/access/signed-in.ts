/** A hospital with closed access, and people who have signed in. */
import { SYSTEMS, WHEN_CLOSED } from "../../services/systems.ts";
import type { LedgerLanguage, Look } from "../../services/ledger/ledger.contract.ts";
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** Scope of an app that may do whatever its user's role may. */
const ALL = "openid user/*.cruds actions";

/** @param env more settings */
export const startClosed = (env: Record<string, string> = {}): Promise<Mesh> =>
  startMesh({ services: [...SYSTEMS.provider, ...WHEN_CLOSED], nats: false, split: "broker", env: { ACCESS: "closed", ...env } });

/** Signed-in people by name: that of their role, or one given by the test. */
export class SignedIn {
  readonly mesh: Mesh;
  /** The first person's app, which is also used to create accounts. */
  readonly app: App;
  readonly #people = new Map<string, FhirHttp>();
  readonly #tokens = new Map<string, string>();

  /** @param more further scopes that apps may request @param first whose app it is: Ada Rossi, a practitioner */
  static async at(mesh: Mesh, roles: RoleName[], more = "", first: RoleName = "nurse"): Promise<SignedIn> {
    const all = new SignedIn(mesh, await App.register(mesh, [first], `${ALL} ${more}`.trim()));
    await all.signIn(all.app, first);
    for (const role of roles) await all.signIn(await all.app.alsoFor(role, [role]), role);
    return all;
  }

  private constructor(mesh: Mesh, app: App) {
    this.mesh = mesh;
    this.app = app;
  }

  /** @param more further parameters of the authorization request */
  async signIn(who: App, name: string, scope = ALL, more: Record<string, string> = {}): Promise<void> {
    const { access_token } = await who.signIn(scope, { more });
    this.#tokens.set(name, access_token);
    this.#people.set(name, fhirAt(this.mesh.base, access_token));
  }

  as(name: string): FhirHttp {
    return this.#people.get(name) as FhirHttp;
  }

  tokenOf(name: string): string {
    return this.#tokens.get(name) as string;
  }

  /** Calls an action over HTTP. */
  act(
    name: string,
    action: string,
    params: object,
  ): Promise<{ status: number; body: { error: object; patient: string; encounter: string } }> {
    return this.api(name, action, params);
  }

  /** Calls an action under /api: by POST if it has parameters in a body. */
  async api(name: string, path: string, params?: object) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${this.tokenOf(name)}` };
    const sent = { headers, ...(params && { method: "POST", body: JSON.stringify(params) }) };
    const answer = await fetch(`${this.mesh.base}/api/${path}`, sent);
    // biome-ignore lint/suspicious/noExplicitAny: JSON as it came
    return { status: answer.status, body: (await answer.json()) as any };
  }

  /** Who looked at a patient's record, as the auditor is told. */
  async looksAt(patient: string, language: LedgerLanguage = "en"): Promise<Look[]> {
    return (await this.api("auditor", `ledger/looksAt?patient=${patient}&language=${language}`)).body.looks;
  }

  /** A patient whom the front desk has registered. @returns "Patient/…" */
  async newPatient(more: object = {}): Promise<string> {
    const { body } = await this.as("front-desk").create({ resourceType: "Patient", name: [{ family: "Seen" }], ...more });
    return `Patient/${body.id}`;
  }
}
