/** The page where a signed-in person changes the password, and sets up or removes a second factor. */
import type { Provider } from "oidc-provider";
import type { AuditNotes } from "../../../federation/audit-notes.ts";
import type { TalliedNotes } from "../../../federation/tallied-notes.ts";
import type { Accounts } from "../accounts.ts";
import type { IdentityData } from "../identity-data.ts";
import { hashOf, type StoredAccount } from "../identity.model.ts";
import type { DemandedFactor } from "../sign-in/demanded-factor.ts";
import { newTotpSecret, type SecondFactor, totpUri } from "../sign-in/second-factor.ts";
import { type OwnChange, ownChangeEntry, refusedProof } from "../session-entries.ts";
import type { SignIn, SignInOrigin } from "../sign-in/sign-in.ts";
import type { PageExchange } from "./exchange.ts";
import { messagePage } from "./forms.ts";
import { type Html, html } from "./html.ts";
import { DEVICE_COOKIE } from "./interaction.ts";
import type { PageLanguage } from "./language.ts";
import { type PageFault, type Marks, marksOf, type PageContent } from "./page.ts";
import { codesPage, setUpPage } from "./second-factor-forms.ts";

/** What the page needs. */
export interface AccountPageParts {
  provider: Provider;
  kept: IdentityData;
  factor: SecondFactor;
  accounts: Accounts;
  signIn: SignIn;
  demanded: DemandedFactor;
  /** Per account and address, bounded. */
  refusals: Pick<TalliedNotes, "note">;
  notes: Pick<AuditNotes, "note">;
}

/** Answers `/auth/account`. Its forms contain a secret of this session, so that other sites cannot send them. */
export async function showAccount(exchange: PageExchange, parts: AccountPageParts): Promise<void> {
  const { provider, kept } = parts;
  const { language, form } = exchange;
  const { say } = language;
  if (exchange.isForeign) return exchange.send(403, messagePage(say("error"), say("foreignForm")));
  const session = await provider.Session.get(provider.createContext(exchange.request, exchange.response));
  const account = session.accountId && (await kept.accounts.findOne({ _id: session.accountId, closedAt: { $exists: false } }));
  if (!account) return exchange.send(401, messagePage(say("account"), say("notSignedIn")));
  const proof = hashOf(`account:${session.jti}`);
  const show = (status: number, page: PageContent) => exchange.send(status, page);
  if (!exchange.isPost) return show(200, accountPage(language, account, proof));
  if (form.get("proof") !== proof) return show(403, messagePage(say("error"), say("foreignForm")));
  switch (form.get("step")) {
    case "start":
      return show(200, secretPage(language, account, newTotpSecret(), proof));
    case "confirm": {
      const secret = form.get("secret") ?? "";
      if (account.totpSecret !== undefined || !/^[A-Z2-7]{32}$/.test(secret)) return exchange.reload();
      return startFactor(exchange, account, { secret, proof }, parts);
    }
    case "end":
      return endFactor(exchange, account, proof, parts);
    case "password":
      return changePassword(exchange, account, proof, parts);
    default:
      return exchange.reload();
  }
}

/** The person at the screen may be another: recorded as a refused sign-in. */
function noteWrong({ address }: PageExchange, account: StoredAccount, { refusals }: AccountPageParts, why: string): void {
  refusals.note(`${address} ${account._id}`, refusedProof("sign-in", account, { address, why }));
}

const noteChange = (change: OwnChange, { address }: PageExchange, account: StoredAccount, { notes }: AccountPageParts): void =>
  notes.note(ownChangeEntry(change, account, address));

/** Asks for the password again: otherwise anybody at an unattended screen could bind the account to an app of their own. */
async function startFactor(
  exchange: PageExchange,
  account: StoredAccount,
  { secret, proof }: { secret: string; proof: string },
  parts: AccountPageParts,
): Promise<void> {
  const { language, form } = exchange;
  const { say } = language;
  const refuse = (status: number, fault: PageFault) => exchange.send(status, secretPage(language, account, secret, proof, fault));
  const wrong = { text: say("wrongPassword"), fields: ["current"] };
  if (!(await isAgain(exchange, account, { refuse, why: "401 password", wrong }, parts))) return;
  const codes = await parts.factor.start(account, secret, form.get("code") ?? "");
  if (!codes) return refuse(401, { text: say("wrongCode"), fields: ["code"] });
  noteChange("startSecondFactor", exchange, account, parts);
  return exchange.send(200, codesPage(language, codes));
}

/** How a wrong proof is answered and recorded. */
interface OfRefusal {
  refuse(status: number, fault: PageFault): void;
  why: string;
  wrong: PageFault;
}

/** Whether it is still the signed-in person; otherwise the request is answered. @param proof default: the password */
async function isAgain(
  exchange: PageExchange,
  account: StoredAccount,
  { refuse, why, wrong }: OfRefusal,
  parts: AccountPageParts,
  proof: () => Promise<boolean | number> = () => parts.signIn.again(account, exchange.form.get("current") ?? "", placeOf(exchange)),
): Promise<boolean> {
  const { say } = exchange.language;
  let isRight: boolean | number;
  try {
    isRight = await proof();
  } catch (error) {
    if ((error as { type?: string }).type !== "SIGN_IN_BUSY") throw error;
    refuse(503, { text: say("busy") });
    return false;
  }
  if (isRight === true) return true;
  if (typeof isRight === "number") refuse(429, { text: say("wait", { seconds: String(isRight) }) });
  else {
    noteWrong(exchange, account, parts, why);
    refuse(401, wrong);
  }
  return false;
}

/** Asks for both again: otherwise anybody at an unattended screen could remove the second factor, or try all codes. */
async function endFactor(exchange: PageExchange, account: StoredAccount, proof: string, parts: AccountPageParts): Promise<void> {
  const { language, form } = exchange;
  const { say } = language;
  const refuse = (status: number, fault: PageFault) => exchange.send(status, accountPage(language, account, proof, fault));
  if (await parts.demanded.isFor(account)) return refuse(403, { text: say("totpNeeded") });
  const typed = { password: form.get("current") ?? "", code: form.get("code") ?? "" };
  const isRight = () => parts.signIn.againByBoth(account, typed, placeOf(exchange));
  const wrong = { text: say("wrongBoth"), fields: ["factor-current", "code"] };
  if (!(await isAgain(exchange, account, { refuse, why: "401 password or code", wrong }, parts, isRight))) return;
  await parts.factor.end(account._id);
  noteChange("endSecondFactor", exchange, account, parts);
  return exchange.reload();
}

const placeOf = (exchange: PageExchange): SignInOrigin => ({ address: exchange.address, device: exchange.cookie(DEVICE_COOKIE) });

/** Asks for the old password: otherwise anybody at an unattended screen could take over the account. */
async function changePassword(exchange: PageExchange, account: StoredAccount, proof: string, parts: AccountPageParts): Promise<void> {
  const { language, form } = exchange;
  const { say } = language;
  const refuse = (status: number, fault: PageFault) => exchange.send(status, accountPage(language, account, proof, fault));
  const password = form.get("new") ?? "";
  if (password !== form.get("repeat")) return refuse(422, { text: say("passwordDiffers"), fields: ["repeat"] });
  const wrong = { text: say("wrongPassword"), fields: ["current"] };
  if (!(await isAgain(exchange, account, { refuse, why: "401 password", wrong }, parts))) return;
  try {
    await parts.accounts.changePassword(account, password);
    noteChange("changePassword", exchange, account, parts);
  } catch (error) {
    const { type } = error as { type?: string };
    if (type === "SIGN_IN_BUSY") return refuse(503, { text: say("busy") });
    if (type !== "PASSWORD_WEAK") throw error;
    return refuse(422, { text: say("passwordWeak"), fields: ["new"] });
  }
  return exchange.send(200, messagePage(say("changePassword"), say("passwordChanged")));
}

function accountPage({ say }: PageLanguage, { login, totpSecret }: StoredAccount, proof: string, fault?: PageFault): PageContent {
  const hidden = proofField(proof);
  const isOn = totpSecret !== undefined;
  return {
    title: say("account"),
    fault,
    body: html`<p>${login}</p>
<p>${say(isOn ? "totpOn" : "totpOff")}</p>
<form method="post">${hidden}
${isOn ? html`${passwordField("factor-current", say("currentPassword"), "current-password", { name: "current", fault })}<label for="code">${say("code")}</label><input id="code" name="code" type="text" autocomplete="one-time-code" maxlength="40" required${marksOf("code", { fault })}>` : undefined}
<button name="step" value="${isOn ? "end" : "start"}">${say(isOn ? "totpEnd" : "totpStart")}</button>
</form>
<h2>${say("changePassword")}</h2>
<p class="hint" id="new-hint">${say("changePasswordHint")}</p>
<form method="post">${hidden}
<input type="hidden" name="username" autocomplete="username" value="${login}">
${passwordField("current", say("currentPassword"), "current-password", { fault })}
${passwordField("new", say("newPassword"), "new-password", { fault, hint: "new-hint" })}
${passwordField("repeat", say("repeatPassword"), "new-password", { fault })}
<button name="step" value="password">${say("changePassword")}</button>
</form>`,
  };
}

const passwordField = (id: string, label: string, autocomplete: string, { name = id, ...marks }: Marks & { name?: string }): Html =>
  html`<label for="${id}">${label}</label><input id="${id}" name="${name}" type="password" autocomplete="${autocomplete}" maxlength="256" required${marksOf(id, marks)}>`;

const proofField = (proof: string): Html => html`<input type="hidden" name="proof" value="${proof}">`;

const secretPage = (language: PageLanguage, { login }: StoredAccount, secret: string, proof: string, fault?: PageFault): PageContent =>
  setUpPage(language, secret, {
    fault,
    uri: totpUri(login, secret),
    fields: html`${proofField(proof)}${passwordField("current", language.say("currentPassword"), "current-password", { fault })}`,
  });
