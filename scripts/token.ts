/**
 * A token for who develops: of a person, whose password it asks for, or of a program that has a key.
 *
 *   npm run --silent token -- --user LOGIN --scope "user/*.rs" [--patient ID] [--url http://127.0.0.1:3000]
 *   npm run --silent token -- --try physician      of a trial account, on this machine's own system; it is made where it is missing
 *   npm run --silent token -- --client ID --key FILE --scope "system/*.rs"
 *
 * The access token, and nothing else, goes to standard output; scopes that were not granted are named beside it; `--json`: the whole answer. The password may come by standard input.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../mesh/config.ts";
import { ask } from "./identity/ask.ts";
import { clientToken } from "./identity/client-credentials.ts";
import { inVersion2 } from "../services/identity/provider/granted-scopes.ts";
import { ROLES } from "../services/identity/identity.contract.ts";
import { TRY_SCOPE, type TryAccount, roleNamed, tryAccounts } from "./identity/try-account.ts";
import { signIn, type TokenAnswer } from "./identity/sign-in-by-pages.ts";
import { requireServer } from "./import/client.ts";
import { fhirBase } from "./import/options.ts";
import { gatewayUrl } from "./start/address.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

const USAGE =
  'usage: npm run --silent token -- --user LOGIN | --try ROLE | --client ID --key FILE [--scope "user/*.rs"] [--patient ID] [--url URL] [--json]';
const SCOPE = { user: TRY_SCOPE, client: "system/*.cruds" };

try {
  const { json, ...asked } = optionsOf(process.argv.slice(2));
  const tokens = await tokensOf(asked);
  if (asked.scope !== undefined) tellNotGranted(asked.scope, tokens.scope);
  console.log(json ? JSON.stringify(tokens, null, 2) : tokens.access_token);
  process.stdin.unref?.();
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

/** A token with less than was asked for would look like a fault of the server to its user. */
function tellNotGranted(asked: string, granted = asked): void {
  const has = granted.split(" ");
  const missing = inVersion2(asked)
    .split(" ")
    .filter((scope) => scope !== "" && !has.includes(scope));
  if (missing.length > 0) console.error(`Not granted as asked for: ${missing.join(" ")}. The token has: ${granted}`);
}

async function tokensOf(asked: Omit<ReturnType<typeof optionsOf>, "json">): Promise<TokenAnswer> {
  const { user, try: role, client, key, scope, patient, base } = asked;
  if (role !== undefined) {
    await requireServer(base);
    const [{ login, password }] = (await tryAccounts(readConfig(), [roleNamed(role, ROLES)])) as [TryAccount];
    return signIn({ base, login, password, scope: scope ?? TRY_SCOPE, patient });
  }
  if (client !== undefined && key !== undefined) return clientToken({ base, client, keyFile: key, scope: scope ?? SCOPE.client });
  const password = await ask(`Password of ${user}: `, true);
  const code = (newKey?: string) => {
    if (newKey !== undefined) {
      console.error(`One of your roles requires a second factor. Type this key into an authenticator app: ${newKey}`);
    }
    return ask("Code of the authenticator app: ");
  };
  const tell = (codes: string[]) => console.error(`Recovery codes, in case the app is lost; each is valid once: ${codes.join(" ")}`);
  return signIn({ base, login: user ?? "", password, scope: scope ?? SCOPE.user, code, tell, patient });
}

function optionsOf(args: string[]) {
  const { url, ...values } = parse(args);
  const who = [values.user, values.try, values.client].filter((it) => it !== undefined);
  const isWhole = who.length === 1 && (values.client === undefined || values.key !== undefined);
  if (!isWhole) throw new StartupError(USAGE);
  const base = url === undefined ? gatewayUrl(readConfig()) : fhirBase(url).replace(/\/fhir$/, "");
  return { ...values, base };
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args,
      options: {
        user: text,
        try: text,
        client: text,
        key: text,
        scope: text,
        patient: text,
        url: text,
        json: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
}
