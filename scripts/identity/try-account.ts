/**
 * Trial accounts: one per role, `try-nurse`, with a random password that is stored in the data folder, beside the data that it opens. A user who can
 * read that folder has access to the data anyway.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../mesh/config.ts";
import { identity, type RoleName } from "../../services/identity/identity.contract.ts";
import { writeAtomically } from "../start/data-folder.ts";
import { gatewayUrl } from "../start/address.ts";
import { StartupError } from "../start/startup-error.ts";
import { withIdentity } from "./own-identity.ts";
import { signIn } from "./sign-in-by-pages.ts";

/** Passwords by login, readable by this user only. */
const FILE = "try-accounts.json";
/** How long before its end a token is renewed, milliseconds. */
const BEFORE_END_MS = 60_000;
/** Everything that the role permits. */
export const TRY_SCOPE = "openid fhirUser user/*.cruds actions";

/** A trial account. */
export interface TryAccount {
  role: RoleName;
  login: string;
  password: string;
}

/**
 * The accounts of these roles; creates those that do not exist.
 * @throws StartupError if the system keeps its accounts elsewhere
 */
export async function tryAccounts(config: Config, roles: readonly RoleName[]): Promise<TryAccount[]> {
  const file = join(config.dataDir, FILE);
  const passwords = passwordsIn(file);
  const missing = roles.filter((role) => passwords[loginOf(role)] === undefined);
  if (missing.length > 0) {
    await withIdentity(config, async (broker) => {
      for (const role of missing) {
        const password = randomBytes(15).toString("base64url");
        const name = `Trial ${role.replaceAll("-", " ")}`;
        await identity.createUser(broker, { login: loginOf(role), name, roles: [role], password, isForTrying: true });
        passwords[loginOf(role)] = password;
        // Read again: other roles may have got their accounts meanwhile.
        writeAtomically(file, JSON.stringify({ ...passwordsIn(file), [loginOf(role)]: password }));
      }
    });
  }
  return roles.map((role) => ({ role, login: loginOf(role), password: passwords[loginOf(role)] as string }));
}

const passwordsIn = (file: string): Record<string, string> =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, string>) : {};

/** Returns a token for one request. */
export type TokenSource = () => Promise<string>;

/**
 * How operators' programs sign in: by TOKEN, or by the trial accounts of the system whose data are here. Undefined where no sign-in is needed.
 * @param base the gateway's address, without a slash at the end
 * @param scope of a trial account: no more than the program needs
 * @throws StartupError if the system keeps its accounts elsewhere
 */
export async function ownTokens(config: Config, base: string, scope = TRY_SCOPE): Promise<((role: RoleName) => TokenSource) | undefined> {
  const { token } = config;
  if (token !== undefined) return () => async () => token;
  if (config.access === "open") return undefined;
  const { status } = await fetch(`${base}/fhir/Patient?_summary=count`).catch(() => ({ status: 0 }));
  if (status !== 401) return undefined; // a server that does not answer is reported later
  if (base !== gatewayUrl(config)) {
    throw new StartupError(
      `The server at ${base} requires a token: TOKEN=$(npm run --silent token -- --user … --url ${base}), and export it.`,
    );
  }
  return (role) => tokenSource(config, base, role, scope);
}

/** A token of a trial account, which is created at the first request. */
function tokenSource(config: Config, base: string, role: RoleName, scope = TRY_SCOPE): TokenSource {
  return sharedToken(async () => {
    const [account] = await tryAccounts(config, [role]);
    const { login, password } = account as TryAccount;
    const at = Date.now();
    const { access_token: text, expires_in: seconds } = await connected(() => signIn({ base, login, password, scope }));
    return { text, until: at + seconds * 1_000 - BEFORE_END_MS };
  });
}

/** Tries of a sign-in whose connection is lost: a gateway that dies is replaced meanwhile. */
const MAX_TRIES = 5;
/** Pause between them, milliseconds. */
const PAUSE_MS = 300;

/** Repeats a sign-in whose connection was lost; nothing of an answered one is repeated. */
async function connected<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TypeError) || tries === MAX_TRIES) throw error; // how `fetch` reports a lost connection
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** A token that all callers share; the first one who finds none that is valid asks for it. @param ask returns a token, and until when it is used */
export function sharedToken(ask: () => Promise<{ text: string; until: number }>): TokenSource {
  let asked: Promise<{ text: string; until: number }> | undefined;
  return async () => {
    asked ??= ask();
    const before = asked;
    const known = await before.catch(() => undefined);
    if (known !== undefined && known.until > Date.now()) return known.text;
    if (asked === before) asked = ask();
    return (await asked).text;
  };
}

const loginOf = (role: RoleName): string => `try-${role}`;

/** @throws StartupError if there is no such role */
export function roleNamed(text: string, roles: readonly RoleName[]): RoleName {
  const role = roles.find((it) => it === text);
  if (role === undefined) throw new StartupError(`"${text}" is not a role. The roles are ${roles.join(", ")}.`);
  return role;
}
