/**
 * Before the first test: the servers that some of them need are found, or fetched, so that no test waits for a download. What cannot
 * be had is named here; the tests that need it fail later, the others run.
 */
import { mongoStandIn, natsServer, redisServer } from "../../scripts/servers.mjs";

export default async function fetchServers(): Promise<void> {
  const wanted = [natsServer(), redisServer(), ...(process.env["MONGO_URL"] ? [] : [mongoStandIn()])];
  for (const outcome of await Promise.allSettled(wanted)) {
    if (outcome.status === "rejected") console.error((outcome.reason as Error).message);
  }
}
