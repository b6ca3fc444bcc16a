/** The page of a link that sets a password, once. Possession of the link is proof enough: it is handed over in person, and valid for an hour. */
import type { AuditNotes } from "../../../federation/audit-notes.ts";
import type { Accounts } from "../accounts.ts";
import { ownChangeEntry } from "../session-entries.ts";
import type { PageExchange } from "./exchange.ts";
import { messagePage, passwordPage } from "./forms.ts";
import type { PageFault } from "./page.ts";

/** Answers the address of such a link. */
export async function setPasswordByLink(exchange: PageExchange, accounts: Accounts, notes: Pick<AuditNotes, "note">): Promise<void> {
  const { language, form } = exchange;
  const { say } = language;
  if (exchange.isForeign) return exchange.send(403, messagePage(say("error"), say("foreignForm")));
  const secret = exchange.path.slice("/auth/password/".length);
  const account = /^[\w-]{43}$/.test(secret) ? await accounts.ofLink(secret) : undefined;
  const isVoid = () => exchange.send(404, messagePage(say("error"), say("linkVoid")));
  if (!account) return isVoid();
  if (!exchange.isPost) return exchange.send(200, passwordPage(language, account.login));
  const password = form.get("password") ?? "";
  const refuse = (fault: PageFault) => exchange.send(422, passwordPage(language, account.login, fault));
  if (password !== form.get("repeat")) return refuse({ text: say("passwordDiffers"), fields: ["repeat"] });
  try {
    if (!(await accounts.setPassword(secret, password))) return isVoid();
  } catch (error) {
    const { type } = error as { type?: string };
    if (type === "SIGN_IN_BUSY") {
      return exchange.send(503, passwordPage(language, account.login, { text: say("busy") }), undefined, { "Retry-After": "5" });
    }
    if (type !== "PASSWORD_WEAK") throw error;
    return refuse({ text: say("passwordWeak"), fields: ["password"] });
  }
  notes.note(ownChangeEntry("setPassword", account, exchange.address));
  return exchange.send(200, messagePage(say("choosePassword"), say("passwordSet")));
}
