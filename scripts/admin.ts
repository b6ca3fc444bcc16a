/**
 * Accounts and clients, for who operates this system: works on the store of `identity` that the settings name (DATA_DIR, MONGO_URL), whether
 * the system runs or not. Nodes that run see within a second what has ended.
 *
 *   npm run admin                       what there is to do
 *   npm run admin -- users
 *   npm run admin -- add-user rossi --name "Ada Rossi" --roles nurse
 */
import { readConfig } from "../mesh/config.ts";
import { type AdminCommand, commandOf, USAGE } from "./identity/commands.ts";
import { ROLES } from "../services/identity/identity.contract.ts";
import { tryAccounts } from "./identity/try-account.ts";
import { hasNoDocuments } from "../store/documents/open-documents.ts";
import { withIdentity } from "./identity/own-identity.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

try {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined) console.log(USAGE);
  else if (name === "try") console.log(JSON.stringify(await tryPasswords()));
  else await carryOut(commandOf(name, args));
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

async function tryPasswords(): Promise<Record<string, string>> {
  const accounts = await tryAccounts(readConfig(), ROLES);
  return Object.fromEntries(accounts.map(({ login, password }) => [login, password]));
}

async function carryOut(command: AdminCommand): Promise<void> {
  const config = readConfig();
  if (hasNoDocuments(config, "identity")) {
    console.error(`There are no accounts in ${config.dataDir} yet: if the system has some, set DATA_DIR to the folder of its data.`);
  }
  await withIdentity(config, async (broker) => {
    for (const line of await command(broker)) console.log(line);
  }).catch((error: unknown) => {
    throw faultOf(error);
  });
}

/** Moleculer's validator tells each fault by itself. */
function faultOf(error: unknown): unknown {
  const { type, data } = error as { type?: string; data?: unknown };
  if (type !== "VALIDATION_ERROR" || !Array.isArray(data)) return error;
  return new StartupError((data as { message: string }[]).map(({ message }) => message).join(" "));
}
