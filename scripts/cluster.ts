/**
 * The system as a mesh of processes on this machine:
 *
 *   npm run cluster -- [--replicas lab=3,api=2]   NATS and one process (or more) per service, until Ctrl-C
 *   npm run cluster -- status                     what runs
 *   npm run cluster -- restart SERVICE            replaces its processes one by one, without a gap
 *   npm run cluster -- scale SERVICE N            from now on N processes of it
 *   npm run cluster -- retire SERVICE             takes it out of the mesh: what it owned answers 404, not 503
 *   npm run cluster -- stop                       drains and stops all
 */
import { type Config, readConfig } from "../mesh/config.ts";
import { exposureOf } from "../mesh/exposure.ts";
import { refuseMembersWithoutNeeded, refuseToRetire, serviceNames, withNeeded } from "../services/systems.ts";
import { type Command, listen, removeSocket, socketFor, tell } from "./cluster/control.ts";
import { type ClusterState, readState, runs, surelyRuns } from "./cluster/cluster-state.ts";
import { MAX_REPLICAS, Supervisor } from "./cluster/supervisor.ts";
import { layOut } from "./repl/mesh-view.ts";
import { type DataFolder, takeDataFolder, takeSupervision } from "./start/data-folder.ts";
import { closeToOthers } from "./start/permissions.ts";
import { StartupError, sentenceOf } from "./start/startup-error.ts";

const USAGE = "usage: npm run cluster -- [--replicas lab=3,api=2] | status | restart SERVICE | scale SERVICE N | retire SERVICE | stop";

let config: Config | undefined;
try {
  config = readConfig();
  await main(config, process.argv.slice(2));
} catch (error) {
  console.error(sentenceOf(error, config ?? { host: "", port: 0 }));
  process.exit(1);
}

async function main(config: Config, [command, ...args]: string[]): Promise<void> {
  switch (command) {
    case undefined:
      return run(config, []);
    case "--replicas":
      return run(config, [args.join(",")]);
    case "status":
      return printStatus(config);
    case "restart":
      return ask(config, { do: "restart", service: known(config, args[0]) });
    case "scale":
      return ask(config, { do: "scale", service: known(config, args[0]), count: countOf(args[1], 0) });
    case "retire":
      return ask(config, { do: "retire", service: known(config, args[0]) });
    case "stop":
      return ask(config, { do: "stop" });
    default:
      if (command.startsWith("--replicas=")) return run(config, [command.slice("--replicas=".length)]);
      throw new StartupError(USAGE);
  }
}

/** A line of the supervisor's log, in the same format as its children's. */
function logLine({ logFormat }: Config, message: string): string {
  const time = new Date().toISOString();
  return logFormat === "json"
    ? JSON.stringify({ time, level: "info", node: "supervisor", module: "cluster", message })
    : `${time.slice(11, 23)} ${message}`;
}

async function run(settings: Config, [replicas = ""]: string[]): Promise<void> {
  const config = withNeeded(settings);
  refuseMembersWithoutNeeded(config);
  const wanted = new Map(serviceNames(config).map((name) => [name, 1]));
  for (const pair of replicas.split(",").filter(Boolean)) {
    const [service, count] = pair.split("=");
    wanted.set(known(config, service), countOf(count, 1));
  }
  const exposure = wanted.has("api") ? exposureOf(config) : undefined;
  if (exposure) throw new StartupError(exposure);
  const folder = takeCluster(config);
  for (const line of closeToOthers(config.dataDir)) console.error(line);
  const log = (line: string) => console.log(logLine(config, line));
  if (config.natsUrl && wanted.has("api") && !config.pageKey && !config.pageKeyFile) {
    log("PAGE_KEY is not set: page links of these gateways work with the gateways of this machine only (docs/security.md).");
  }
  const socket = socketFor(config.dataDir);
  const supervisor = new Supervisor(config, socket, log);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= supervisor.stop();
    return stopping;
  };
  const leave = () => {
    if (stopping) process.exit(1); // a second request ends at once; the children notice and end by themselves
    log("Stopping …");
    void stop().then(end);
  };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
  const control = await listen(socket, (command) => obey(supervisor, config, command, () => stop().then(() => void setImmediate(end))));
  const end = () => {
    control.close();
    removeSocket(socket, config.dataDir);
    folder.release();
    process.exit(0);
  };
  try {
    await supervisor.start(wanted);
  } catch (error) {
    if (stopping) return;
    await stop();
    removeSocket(socket, config.dataDir);
    folder.release();
    throw new StartupError((error as Error).message);
  }
  const { url, children, supervisor: own } = supervisor.state;
  folder.announce({ pid: process.pid, started: own.started, ...(url && { url }) });
  log(`The mesh is ready${url ? ` at ${url}` : ""} after ${(performance.now() / 1000).toFixed(1)} s: ${children.length} processes.`);
  console.log("  what runs   npm run cluster -- status\n  more labs   npm run cluster -- scale lab 3\n  stop        Ctrl-C");
}

/** Takes the right to supervise the folder by a lock of the kernel; the children share the folder with it. */
function takeCluster({ dataDir }: Config): DataFolder {
  const folder = takeDataFolder(dataDir, { alone: false });
  const supervision = takeSupervision(dataDir);
  const before = readState(dataDir);
  if (!supervision) {
    const who = before ? ` (process ${before.supervisor.pid})` : "";
    throw new StartupError(`A mesh runs already on ${dataDir}${who}: stop it with \`npm run cluster -- stop\`.`);
  }
  // If that supervisor runs although this process has the right to the folder, the folder is a copy of another's.
  if (before && !runs(before.supervisor)) clearAway(before, dataDir);
  return {
    ...folder,
    release() {
      supervision.release();
      folder.release();
    },
  };
}

/** Ends what a killed supervisor left behind. The file may be old: only processes that are certainly its own are ended. */
function clearAway({ supervisor, children, nats }: ClusterState, dataDir: string): void {
  removeSocket(supervisor.socket, dataDir);
  const left = children.filter(runs);
  if (left.length > 0) {
    console.log(
      `The last mesh was not stopped in order; these processes are still ending: ${left.map((child) => child.nodeId || child.service).join(", ")} still end.`,
    );
  } else if (children.length > 0) console.log("The last mesh was not stopped in order; none of its processes runs any more.");
  if (!surelyRuns(nats)) return;
  console.log(`Its NATS (process ${nats.pid}) still runs, and is stopped now.`);
  process.kill(nats.pid, "SIGTERM");
}

async function obey(supervisor: Supervisor, config: Config, command: Command, stop: () => Promise<void>): Promise<void> {
  switch (command.do) {
    case "restart":
      return supervisor.restart(known(config, command.service));
    case "scale":
      return supervisor.scale(known(config, command.service), countOf(`${command.count}`, 0));
    case "retire":
      refuseToRetire(config, command.service);
      return supervisor.retire(known(config, command.service));
    case "stop":
      return stop();
  }
}

function printStatus({ dataDir }: Config): void {
  const state = readState(dataDir);
  if (!state || !runs(state.supervisor)) throw new StartupError(`No mesh runs on ${dataDir}.`);
  console.log(`${state.url ?? "no gateway"}, supervisor ${state.supervisor.pid} since ${state.supervisor.started}`);
  const rows = state.children.map(({ service, nodeId, pid, port, started, restarts, state }) => [
    service,
    nodeId || "-",
    `${pid}`,
    `${port ?? "-"}`,
    state,
    `${restarts}`,
    started,
  ]);
  console.log(layOut([["service", "node", "pid", "port", "state", "restarts", "started"], ...rows]));
  for (const { service, deaths, reason, nextTry } of state.failing) {
    console.log(`${service} died ${deaths} times in a row, next try at ${nextTry}: ${reason}`);
  }
}

async function ask(config: Config, command: Command): Promise<void> {
  const state = readState(config.dataDir);
  const none = new StartupError(`No mesh runs on ${config.dataDir}: start it with \`npm run cluster\`.`);
  if (!state || !runs(state.supervisor)) throw none;
  const outcome = await tell(state.supervisor.socket, command).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ECONNREFUSED" || error.code === "ENOENT" ? none : error;
  });
  if (!outcome.ok) throw new StartupError(outcome.reason);
}

function known(config: Config, service = ""): string {
  const names = serviceNames({ ...config, services: undefined } as Config);
  if (!names.includes(service)) throw new StartupError(`"${service}" is no service of this system. It has: ${names.join(", ")}.`);
  return service;
}

function countOf(text = "", least: number): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= least && count <= MAX_REPLICAS) return count;
  throw new StartupError(`"${text}" is no number of processes: it should be ${least} to ${MAX_REPLICAS}.`);
}
