/**
 * Runs one node: the whole system in one process, or with SERVICES and NATS_URL its part of a mesh.
 * Ends with 0 after a signal, once what was begun is finished; with 1 and one sentence when it cannot start.
 */
import module from "node:module";
import cluster from "node:cluster";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { type Config, readConfig } from "../mesh/config.ts";
import { localService } from "../mesh/moleculer.ts";
import { exposureOf } from "../mesh/exposure.ts";
import { withoutPasswords } from "../mesh/setting-forms.ts";
import { deploy, membershipOf } from "../federation/membership.ts";
import { brokerOptions } from "../moleculer.config.ts";
import { deploymentOf, loadServices, refuseMembersWithoutNeeded, serviceNames, withNeeded } from "../services/systems.ts";
import { hostsOf, localUrl } from "./start/address.ts";
import { type DataFolder, takeDataFolder } from "./start/data-folder.ts";
import { HandedConnections } from "./start/handed-connections.ts";
import { followParent } from "./start/parent.ts";
import { closeToOthers } from "./start/permissions.ts";
import { type HealthFile, keepHealthFile } from "./start/health-file.ts";
import { selfSignedPair } from "./start/self-signed.ts";
import { StartupError, sentenceOf } from "./start/startup-error.ts";
import { reportHungProcesses, startWatchdog } from "./start/watchdog.ts";

/** Longest wait for the parts of a failed start to stop, milliseconds. */
const GIVE_UP_MS = 3_000;

/**
 * How long a gateway behind a proxy still serves after it has announced that it leaves, milliseconds: the proxy checks it each second, and then
 * sends requests elsewhere. Otherwise a request that meets the end of a connection would be lost, unless it may be repeated.
 */
const PROXY_NOTICES_MS = 3_000;

/** Ctrl-C, and signals to a process group, arrive twice: directly, and through the parent at most this much later. Milliseconds. */
const SAME_SIGNAL_MS = 500;

/** `npm start -- --tls`: with a self-signed certificate, for trying out. */
const wantsTls = process.argv.includes("--tls");

let config: Config | undefined;
let folder: DataFolder | undefined;
let broker: ServiceBroker | undefined;
let health: HealthFile | undefined;
let handed: HandedConnections | undefined;
let isLeaving = false;
/** The last signal and its source, to recognise the second arrival. */
let signalled: { by: "system" | "parent"; at: number } | undefined;

// If the supervisor is killed, its children must finish their work; Node would end them at once.
if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;

try {
  config = settings();
  // Ctrl-C reaches the whole process group: in a cluster only the supervisor acts on it, and stops its children in order.
  process.on("SIGINT", () => config?.supervised || signal("system"));
  process.on("SIGTERM", () => signal("system"));
  if (config.parentFd !== undefined) {
    followParent(
      config.parentFd,
      () => signal("parent"),
      () => isLeaving || leave(),
    );
  }
  // If the supervisor dies, this process leaves, but finishes its work first.
  if (config.supervised) process.on("disconnect", () => isLeaving || leave());
  if (config.supervised) process.on("message", retire);
  await start(config);
} catch (error) {
  await refuse(error);
}

function settings(): Config {
  const [unknown] = process.argv.slice(2).filter((it) => it !== "--tls");
  if (unknown !== undefined) {
    throw new StartupError(
      `"${unknown}" is no option of npm start, which has --tls only: settings are variables of the environment (README.md).`,
    );
  }
  try {
    const read = readConfig();
    const config = withNeeded(read);
    const exposure = serviceNames(config).includes("api") && !wantsTls ? exposureOf(config) : undefined;
    if (exposure) throw new Error(exposure);
    refuseMembersWithoutNeeded(config);
    return config;
  } catch (error) {
    throw new StartupError((error as Error).message);
  }
}

async function start(settings: Config): Promise<void> {
  folder = takeDataFolder(settings.dataDir, { alone: !settings.natsUrl });
  if (!settings.supervised) for (const line of closeToOthers(settings.dataDir)) console.error(line);
  const isSelfSigned = wantsTls && !settings.tlsCert;
  const config = isSelfSigned ? { ...settings, ...selfSignedPair(settings.dataDir, hostsOf(settings)) } : settings;
  const services = await loadServices(config);
  // Writes the compile cache before requests are served: it may take seconds, where many processes start for the first time.
  module.flushCompileCache?.();
  broker = new ServiceBroker(brokerOptions(config));
  deploy(broker, await deploymentOf(config));
  for (const service of services) broker.createService(service);
  // Errors are printed below, in one sentence; Moleculer would print them as well.
  const { error } = broker.logger;
  broker.logger.error = () => {};
  await broker.start();
  broker.logger.error = error;
  await localService<{ complete?: Promise<void> }>(broker, "api")?.complete;
  if (isLeaving) return;
  startWatchdog({ dataDir: config.dataDir, nodeId: broker.nodeID, parent: config.parentFd });
  reportHungProcesses(broker, config.dataDir);
  const { transit } = broker;
  if (config.healthFile) health = keepHealthFile(config.healthFile, () => transit?.tx.connected ?? true);
  const port = gatewayPort(broker, config);
  if (config.supervised) process.send?.({ type: "ready", nodeId: broker.nodeID, port });
  else {
    const url = port === undefined ? undefined : localUrl(config, port);
    const started = new Date().toISOString();
    if (!config.natsUrl) folder.announce({ pid: process.pid, started, ...(url && { url }) });
    if (config.logFormat === "json") broker.getLogger("serve").info(url ? `Ready at ${url}.` : "Ready.");
    else console.log(welcome(config, broker, url));
    if (isSelfSigned) {
      console.log(`  trust     curl --cacert ${config.tlsCert}; other clients: NODE_EXTRA_CA_CERTS, or the browser's own warning`);
    }
  }
}

/** The port on which the gateway is reached, if it runs here. */
function gatewayPort(broker: ServiceBroker, { handedPort }: Config): number | undefined {
  const gateway = localService<{ http?: Server; server?: Server }>(broker, "api");
  const server = gateway?.http ?? gateway?.server;
  if (server && handedPort !== undefined) {
    handed = new HandedConnections(server);
    return handedPort;
  }
  const address = server?.address?.() as AddressInfo | null | undefined;
  return address?.port;
}

function welcome(config: Config, broker: ServiceBroker, url: string | undefined): string {
  const store = config.mongoUrl ? `MongoDB at ${withoutPasswords(config.mongoUrl)}` : `SQLite in ${config.dataDir}`;
  const seconds = (performance.now() / 1000).toFixed(1);
  return [
    url ? `OpenWard is ready at ${url} after ${seconds} s.` : `OpenWard's node ${broker.nodeID} is ready after ${seconds} s.`,
    `  services  ${serviceNames(config).join(", ")}`,
    ...(url && config.publicUrl ? [`  known as  ${config.publicUrl}`] : []),
    `  store     ${store}`,
    ...(config.natsUrl ? [`  mesh      ${withoutPasswords(config.natsUrl)}`] : []),
    ...(config.access === "open" ? ["  access    OPEN: everyone who can reach this address may read and change everything (ACCESS)"] : []),
    ...(url && serviceNames(config).includes("desk") ? [`  pages     ${url}/desk/`] : []),
    ...(url ? examples(url, config) : []),
  ].join("\n");
}

function examples(url: string, config: Config): string[] {
  const { access } = config;
  const bearer = access === "open" ? "" : ' -H "Authorization: Bearer $TOKEN"';
  const [first = "", ...more] = [
    ...(access === "open" ? [] : ["TOKEN=$(npm run --silent token -- --try physician)"]),
    `curl ${url}/fhir/metadata`,
    ...(config.natsUrl || serviceNames(config).includes("patients")
      ? [
          `curl -X POST ${url}/fhir/Patient${bearer} -H 'Content-Type: application/fhir+json' -d '{"resourceType":"Patient","name":[{"family":"Rossi","given":["Ada"]}]}'`,
          `curl '${url}/fhir/Patient?name=rossi'${bearer}`,
        ]
      : [`curl '${url}/fhir?_summary=count'${bearer}`]),
  ];
  return [`  try       ${first}`, ...more.map((line) => `            ${line}`)];
}

/** The supervisor passes on an operator's decision, which this node announces to all others. */
function retire(message: { type?: string; service?: string }): void {
  if (message.type !== "retire" || !broker || message.service === undefined) return;
  try {
    membershipOf(broker).retire(message.service);
    process.send?.({ type: "retired", service: message.service });
  } catch (error) {
    process.send?.({ type: "retired", service: message.service, refusal: (error as Error).message });
  }
}

function signal(by: "system" | "parent"): void {
  const at = performance.now();
  const isSame = signalled !== undefined && signalled.by !== by && at - signalled.at < SAME_SIGNAL_MS;
  signalled = isSame ? undefined : { by, at };
  if (!isSame) void leave();
}

/** At the first signal: no longer ready, finish, exit. At the second: exit. */
async function leave(): Promise<void> {
  if (isLeaving) process.exit(1);
  isLeaving = true;
  health?.stop();
  await handed?.farewell();
  broker?.broadcastLocal("$mesh.leaving");
  await handed?.drain();
  if (config?.behindProxy && !handed && broker && localService(broker, "api")) await delay(PROXY_NOTICES_MS);
  await broker?.stop();
  folder?.release();
  process.exit(0);
}

async function refuse(error: unknown): Promise<never> {
  console.error(sentenceOf(error, config ?? { host: "", port: 0 }));
  process.send?.({ type: "refused", sentence: sentenceOf(error, config ?? { host: "", port: 0 }) });
  if (broker) {
    broker.logger.error = () => {};
    await Promise.race([broker.stop(), new Promise((resolve) => setTimeout(resolve, GIVE_UP_MS))]);
  }
  folder?.release();
  process.exit(1);
}
