/** `identity` without a listener, in this process, on the store that the settings name: for operators' programs. */
import { ServiceBroker } from "moleculer";
import { openAccess, setAccess } from "../../mesh/access/access.ts";
import type { Config } from "../../mesh/config.ts";
import { ParamsValidator } from "../../mesh/params.ts";
import IdentityService from "../../services/identity/identity.service.ts";
import { gatewayUrl } from "../start/address.ts";

/** Works on the accounts of this system, whether it runs or not. Running nodes notice within a second what has ended. */
export async function withIdentity<Result>(settings: Config, work: (broker: ServiceBroker) => Promise<Result>): Promise<Result> {
  const config = { ...settings, publicUrl: settings.publicUrl ?? gatewayUrl(settings) };
  const broker = new ServiceBroker({ logger: false, validator: new ParamsValidator(), skipProcessEventRegistration: true });
  setAccess(broker, openAccess()); // a user who can open the store could change everything in it anyway
  broker.createService(IdentityService(config, { listens: false }));
  await broker.start();
  try {
    return await work(broker);
  } finally {
    await broker.stop();
  }
}
