/** The pages between an app's request and its answer: sign in, select a patient, consent. Bound to one browser by a cookie for this address. */
import type { errors as Errors, Interaction, Provider } from "oidc-provider";
import type { AuditNotes } from "../../../federation/audit-notes.ts";
import type { TalliedNotes } from "../../../federation/tallied-notes.ts";
import type { Accounts } from "../accounts.ts";
import type { VisiblePatients } from "../visible-patients.ts";
import { DESK_CLIENT } from "../provider/clients.ts";
import type { Launches, Results } from "../provider/launches.ts";
import { ownChangeEntry, refusedProof, sessionEntry } from "../session-entries.ts";
import { DEVICE_MS, type Halfway, type SignInOrigin, type SignIn, type Step } from "../sign-in/sign-in.ts";
import type { PageExchange } from "./exchange.ts";
import { codePage, consentPage, loginPage, messagePage, patientPage } from "./forms.ts";
import type { PageFault, PageContent } from "./page.ts";
import { codesPage, continuePage, setUpPage } from "./second-factor-forms.ts";
import { isId } from "../../../fhir/ids.ts";

/** The cookie of a browser with which a person has signed in before. */
export const DEVICE_COOKIE = "openward_device";

/** What the pages need. */
export interface InteractionParts {
  provider: Provider;
  errors: typeof Errors;
  signIn: SignIn;
  accounts: Accounts;
  launches: Launches;
  patients: VisiblePatients;
  notes: Pick<AuditNotes, "note">;
  /** Per account and address, bounded. */
  refusedSignIns: Pick<TalliedNotes, "note">;
}

/** One interaction in progress. */
interface Going {
  exchange: PageExchange;
  details: Interaction;
  /** Name of the app. */
  app: string;
  redirectUri: string;
}

/** Answers the address of an interaction. */
export async function interact(exchange: PageExchange, parts: InteractionParts): Promise<void> {
  const { provider, errors } = parts;
  const uid = /^\/auth\/interaction\/([\w-]{1,64})$/.exec(exchange.path)?.[1];
  const details = await provider.interactionDetails(exchange.request, exchange.response).catch((error: Error) => {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  });
  exchange.prefer(details?.params["ui_locales"]);
  const { say } = exchange.language;
  if (exchange.isForeign) return exchange.send(403, messagePage(say("error"), say("foreignForm")));
  const client = details && (await provider.Client.find(String(details.params["client_id"])));
  if (!details || !client || details.uid !== uid) return exchange.send(400, messagePage(say("error"), say("expired")));
  const going = { exchange, details, app: client.clientName ?? client.clientId, redirectUri: String(details.params["redirect_uri"]) };
  if (exchange.form.get("step") === "cancel") {
    return finish(going, parts, { error: "access_denied", error_description: "the person has cancelled" });
  }
  switch (details.prompt.name) {
    case "login":
      return signIn(going, parts);
    case "patient":
      return pickPatient(going, parts);
    default:
      return consent(going, parts);
  }
}

const finish = ({ exchange }: Going, { provider }: InteractionParts, results: Results | { error: string; error_description: string }) =>
  provider.interactionFinished(exchange.request, exchange.response, results, { mergeWithLastSubmission: !("error" in results) });

/**
 * At a shared desk the form stands until the next person comes. When it expires, the pages of `desk` are loaded again, and begin another sign-in: it is
 * never typed into in vain.
 */
function whenExpired({ exp, params }: Interaction): Record<string, string> {
  if (params["client_id"] !== DESK_CLIENT) return {};
  return { Refresh: `${Math.max(1, exp - Math.floor(Date.now() / 1_000))}; url=${String(params["redirect_uri"])}` };
}

async function signIn(going: Going, parts: InteractionParts): Promise<void> {
  const { exchange, details, redirectUri } = going;
  const { form, language } = exchange;
  const { say } = language;
  const show = (status: number, page: PageContent, headers = {}) =>
    exchange.send(status, page, redirectUri, { ...whenExpired(details), ...headers });
  const halfway = await parts.signIn.halfway(details.uid);
  const page = (fault?: PageFault) => pageOf(halfway, going, fault);
  if (!exchange.isPost) return show(200, page());
  const place = { address: exchange.address, device: exchange.cookie(DEVICE_COOKIE) };
  let step: Step;
  try {
    step = await nextStep(halfway, details.uid, form, place, parts.signIn);
  } catch (error) {
    if ((error as { type?: string }).type !== "SIGN_IN_BUSY") throw error;
    return show(503, page({ text: say("busy") }), { "Retry-After": "5" });
  }
  switch (step.is) {
    case "wait":
      return show(429, page({ text: say("wait", { seconds: step.seconds }) }), { "Retry-After": String(step.seconds) });
    case "wrong":
      parts.refusedSignIns.note(
        `${exchange.address} ${step.account?._id ?? ""}`,
        refusedProof("sign-in", step.account, {
          address: exchange.address,
          client: String(details.params["client_id"]),
          why: halfway ? "401 code" : "401 password",
        }),
      );
      return show(
        401,
        page(halfway ? { text: say("wrongCode"), fields: ["code"] } : { text: say("wrong"), fields: ["password", "login"] }),
      );
    case "code":
    case "setUp":
      return exchange.reload();
    case "codes":
      parts.notes.note(ownChangeEntry("startSecondFactor", step.account, exchange.address));
      return exchange.send(200, codesPage(language, step.codes, true), redirectUri); // shown once: nothing takes them away
    case "done": {
      const { account, amr, device } = step;
      const entry = sessionEntry("sign-in", account, { client: String(details.params["client_id"]) });
      parts.notes.note({ ...entry, address: exchange.address });
      if (device !== undefined) exchange.setCookie(DEVICE_COOKIE, device, DEVICE_MS);
      // Not remembered after the browser is closed: devices are shared on wards.
      const login = { accountId: account._id, amr, remember: false, ts: Math.floor(Date.now() / 1_000) };
      return finish(going, parts, { login });
    }
  }
}

function pageOf(halfway: Halfway | undefined, { exchange: { language, form }, app }: Going, fault?: PageFault): PageContent {
  switch (halfway?.is) {
    case undefined:
      return loginPage(language, app, fault, (form.get("login") ?? "").slice(0, 100));
    case "code":
      return codePage(language, fault);
    case "setUp":
      return setUpPage(language, halfway.secret, { fault, text: language.say("totpDemanded") });
    case "proven":
      return continuePage(language);
  }
}

function nextStep(halfway: Halfway | undefined, uid: string, form: URLSearchParams, place: SignInOrigin, signIn: SignIn): Promise<Step> {
  switch (halfway?.is) {
    case undefined:
      return signIn.password(uid, { login: form.get("login") ?? "", password: form.get("password") ?? "" }, place);
    case "code":
      return signIn.code(uid, form.get("code") ?? "", place);
    case "setUp":
      return signIn.setUp(uid, form.get("code") ?? "");
    case "proven":
      return signIn.seen(uid, place);
  }
}

async function pickPatient(going: Going, parts: InteractionParts): Promise<void> {
  const { exchange, details, app, redirectUri } = going;
  const { form, language } = exchange;
  const account = await parts.accounts.open(details.session?.accountId ?? "");
  if (!account) return exchange.send(400, messagePage(language.say("error"), language.say("expired")));
  const picked = form.get("patient") ?? "";
  if (form.get("step") === "pick" && isId(picked) && (await parts.patients.has(picked, account))) {
    return finish(going, parts, { patient: { id: picked } });
  }
  const name = (form.get("name") ?? "").trim().slice(0, 100);
  const { found, isMore } = name === "" ? { found: undefined, isMore: false } : await parts.patients.named(name, account);
  return exchange.send(200, patientPage(language, app, name, found, isMore), redirectUri);
}

async function consent(going: Going, parts: InteractionParts): Promise<void> {
  const { exchange, details, app, redirectUri } = going;
  const { params, session, lastSubmission } = details;
  const scope = String(params["scope"] ?? "");
  if (!exchange.isPost || exchange.form.get("step") !== "allow" || !session?.accountId) {
    return exchange.send(200, consentPage(exchange.language, app, scope.split(" ").filter(Boolean)), redirectUri);
  }
  const grant = await parts.launches.grant(parts.provider, {
    accountId: session.accountId,
    clientId: String(params["client_id"]),
    scope,
    resource: String(params["resource"]),
    launch: params["launch"] as string | undefined,
    results: (lastSubmission ?? {}) as Results,
  });
  const { say } = exchange.language;
  if (!grant) return exchange.send(400, messagePage(say("error"), say("expired")));
  return finish(going, parts, { consent: { grantId: grant.jti } });
}
