/** Joins the running mesh with Moleculer's REPL (`nodes`, `services`, `actions`, `call`, `bench`) and further commands. */
import { ServiceBroker } from "moleculer";
import { actAs } from "../mesh/access/act-as.ts";
import { DISCONNECT_SUBJECT, readConfig } from "../mesh/config.ts";
import { directoryOf } from "../federation/directory.ts";
import { membershipOf } from "../federation/membership.ts";
import { brokerOptions } from "../moleculer.config.ts";
import { readState, runs } from "./cluster/cluster-state.ts";
import { deadTable, layOut, ownersTable, pendingTable, replay, storesTable } from "./repl/mesh-view.ts";
import { runningIn } from "./start/data-folder.ts";
import { refuseToRetire } from "../services/systems.ts";
import { StartupError, sentenceOf } from "./start/startup-error.ts";

try {
  await join();
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exit(1);
}

async function join(): Promise<void> {
  const config = readConfig();
  const natsUrl = config.natsUrl ?? clusterNats(config.dataDir);
  const natsDisconnectSubject = config.natsUrl ? config.natsDisconnectSubject : DISCONNECT_SUBJECT;
  const options = brokerOptions({
    ...config,
    natsUrl,
    nodeId: config.nodeId ?? "repl",
    ...(natsDisconnectSubject && { natsDisconnectSubject }),
  });
  const broker = new ServiceBroker({ ...options, middlewares: [...(options.middlewares ?? []), actAs("operator")] });
  directoryOf(broker);
  await broker.start();
  directoryOf(broker).refresh();
  const show = (table: (broker: ServiceBroker) => string[][] | Promise<string[][]>) => async (): Promise<void> =>
    console.log(layOut(await table(broker)));
  const { default: repl } = await import("moleculer-repl");
  repl(broker, {
    delimiter: "openward $",
    customCommands: [
      { command: "owners", description: "FHIR type, the services that own it, their live nodes", action: show(ownersTable) },
      { command: "stores", description: "Documents and bytes of each service's store", action: show(storesTable) },
      {
        command: "retire <service>",
        description: "Removes a service from the mesh: its types answer 404 instead of 503",
        action: async (_, { service }) => {
          try {
            refuseToRetire(config, String(service));
            membershipOf(broker).retire(String(service));
            console.log(`${service} is retired; starting a process of it reverses this.`);
          } catch (error) {
            console.log((error as Error).message);
          }
        },
      },
      { command: "dead", description: "Events whose handling failed too often (dead letters)", action: show(deadTable) },
      {
        command: "replay <service> <id>",
        description: "Handles a dead letter once more",
        action: async (broker, { service, id }) => console.log(await replay(broker, String(service), String(id))),
      },
      { command: "pending", description: "Transactions that are prepared, but not decided yet", action: show(pendingTable) },
    ],
  });
}

/** @throws StartupError that says how to get a mesh that can be joined */
function clusterNats(dataDir: string): string {
  const state = readState(dataDir);
  if (state && runs(state.supervisor)) return state.nats.url;
  const running = runningIn(dataDir);
  if (running) {
    throw new StartupError(
      `On ${dataDir} runs one process without NATS (process ${running.pid}): only a mesh can be joined (npm run cluster).`,
    );
  }
  throw new StartupError(`No mesh runs on ${dataDir}: start one with \`npm run cluster\`, or name its server with NATS_URL.`);
}
