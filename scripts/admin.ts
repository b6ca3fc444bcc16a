/**
 * Accounts and clients, for who operates this system: works on the store of `identity` that the settings name (DATA_DIR, MONGO_URL), whether
 * the system runs or not. Nodes that run see within a second what has ended.
 *
 *   npm run admin                       what there is to do
 *   npm run admin -- users
 *   npm run admin -- add-user rossi --name "Ada Rossi" --roles nurse
 */
import { ServiceBroker } from "moleculer";
import { openAccess, setAccess } from "../mesh/access/access.ts";
import { readConfig } from "../mesh/config.ts";
import { ParamsValidator } from "../mesh/params.ts";
import IdentityService from "../services/identity/identity.service.ts";
import { type Command, commandOf, USAGE } from "./identity/commands.ts";
import { gatewayUrl } from "./start/address.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

try {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined) console.log(USAGE);
  else await carryOut(commandOf(name, args));
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

async function carryOut(command: Command): Promise<void> {
  const settings = readConfig();
  const config = { ...settings, publicUrl: settings.publicUrl ?? gatewayUrl(settings) };
  const broker = new ServiceBroker({ logger: false, validator: new ParamsValidator(), skipProcessEventRegistration: true });
  setAccess(broker, openAccess()); // who may open the store may do all of this anyway
  broker.createService(IdentityService(config, { listens: false }));
  await broker.start();
  try {
    for (const line of await command(broker)) console.log(line);
  } catch (error) {
    throw faultOf(error);
  } finally {
    await broker.stop();
  }
}

/** Moleculer's validator tells each fault by itself. */
function faultOf(error: unknown): unknown {
  const { type, data } = error as { type?: string; data?: unknown };
  if (type !== "VALIDATION_ERROR" || !Array.isArray(data)) return error;
  return new StartupError((data as { message: string }[]).map(({ message }) => message).join(" "));
}
