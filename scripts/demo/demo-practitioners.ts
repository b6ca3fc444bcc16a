/** Gives each trial account a Practitioner, as an administrator of a hospital does. */
import { identity } from "../../services/identity/identity.contract.ts";
import type { RoleName } from "../../services/identity/identity.contract.ts";
import type { TokenSource, TryAccount } from "../identity/try-account.ts";
import { rolesClient } from "./roles-client.ts";

/** Identifier system by which a second run finds an account's Practitioner. */
const ACCOUNT = "urn:openward:account";

/**
 * Gives a Practitioner to those of these accounts that have none; safe to repeat.
 * @returns "Practitioner/…" by login
 * @throws ActionRefused
 */
export async function makePeople(
  url: string,
  tokens: (role: RoleName) => TokenSource,
  accounts: TryAccount[],
): Promise<Map<string, string>> {
  const { call, create } = rolesClient(url, tokens);
  const logins = new Set(accounts.map(({ login }) => login));
  const people = new Map<string, string>();
  for (const { id, name, login, practitioner: known } of await call(identity.listUsers, {})) {
    if (!logins.has(login)) continue;
    if (known !== undefined) {
      people.set(login, known);
      continue;
    }
    const identifier = { system: ACCOUNT, value: id };
    const practitioner = { resourceType: "Practitioner", active: true, identifier: [identifier], name: [{ text: name }] };
    const made = await create(practitioner, `identifier=${ACCOUNT}|${id}`);
    await call(identity.setPractitioner, { user: login, practitioner: `Practitioner/${made}` });
    people.set(login, `Practitioner/${made}`);
  }
  return people;
}
