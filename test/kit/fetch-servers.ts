/**
 * Before the first test of the project `mesh`: finds or downloads the servers that some of them need, so that no test waits for a download. What is not
 * available is named here; the tests that need it fail with the same message, the others run.
 */
import { mongoStandIn, natsServer, redisServer } from "../../scripts/programs.mjs";
import { caddy, fhirClients, schemathesis } from "./test-programs.ts";
import { missingFor, NEEDED } from "./tools.ts";

export default async function fetchServers(): Promise<void> {
  const needed = [natsServer, redisServer, schemathesis, fhirClients, caddy, ...(process.env["MONGO_URL"] ? [] : [mongoStandIn])];
  for (const outcome of await Promise.allSettled(needed.map((find) => find()))) {
    if (outcome.status === "rejected") console.error((outcome.reason as Error).message);
  }
  for (const test of Object.keys(NEEDED)) {
    const programs = missingFor(test);
    if (programs.length > 0) console.error(`${test} is not listed: ${programs.join(" and ")} cannot be found on the PATH.`);
  }
}
