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
import { type Pulse, startPulse } from "./start/pulse.ts";
import { selfSignedPair } from "./start/self-signed.ts";
import { StartupError, sentenceOf } from "./start/startup-error.ts";
import { reportHungProcesses, startWatchdog } from "./start/watchdog.ts";

/** After this a start that failed no longer waits for its parts to stop, milliseconds. */
const GIVE_UP_MS = 3_000;

/**
 * A gateway behind a proxy serves for so long after it has said that it leaves, milliseconds: the proxy asks each second, and sends elsewhere
 * then. A request that meets the end of a connection is lost otherwise, unless it may be sent again.
 */
const PROXY_NOTICES_MS = 3_000;

/** Ctrl-C, and what ends a whole group of processes, comes twice: by itself, and by way of the parent so much later at most. Milliseconds. */
const SAME_SIGNAL_MS = 500;

/** `npm start -- --tls`: with a certificate of its own making, for trying. */
const wantsTls = process.argv.includes("--tls");

let config: Config | undefined;
let folder: DataFolder | undefined;
let broker: ServiceBroker | undefined;
let pulse: Pulse | undefined;
let handed: HandedConnections | undefined;
let isLeaving = false;
/** The last signal, unless it came both ways. */
let signalled: { by: "system" | "parent"; at: number } | undefined;

// A supervisor that is killed must not take its children's unfinished work along (Node would end them at once).
if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;

try {
  config = settings();
  // Ctrl-C reaches the whole terminal's group: in a cluster only the supervisor acts on it, and tells its children in order.
  process.on("SIGINT", () => config?.supervised || signal("system"));
  process.on("SIGTERM", () => signal("system"));
  if (config.parentFd !== undefined) {
    followParent(
      config.parentFd,
      () => signal("parent"),
      () => isLeaving || leave(),
    );
  }
  // A supervisor that dies is a reason to leave, and none to hurry: what is under way is finished.
  if (config.supervised) process.on("disconnect", () => isLeaving || leave());
  if (config.supervised) process.on("message", retire);
  await start(config);
} catch (error) {
  await refuse(error);
}

function settings(): Config {
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
  // What was compiled is written down before anybody is served: several seconds of standing still, where many processes start for the first time.
  module.flushCompileCache?.();
  broker = new ServiceBroker(brokerOptions(config));
  deploy(broker, await deploymentOf(config));
  for (const service of services) broker.createService(service);
  // What fails here is printed below, in one sentence; Moleculer would print it as well.
  const { error } = broker.logger;
  broker.logger.error = () => {};
  await broker.start();
  broker.logger.error = error;
  await localService<{ complete?: Promise<void> }>(broker, "api")?.complete;
  if (isLeaving) return;
  startWatchdog({ dataDir: config.dataDir, nodeId: broker.nodeID, parent: config.parentFd });
  reportHungProcesses(broker, config.dataDir);
  const { transit } = broker;
  if (config.healthFile) pulse = startPulse(config.healthFile, () => transit?.tx.connected ?? true);
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

/** The port on which the gateway can be reached, if it runs here. */
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
    ...(config.access === "open" ? ["  access    OPEN: anybody who reaches this address may read and change everything (ACCESS)"] : []),
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

/** The supervisor passes on what an operator has decided: this node tells all others. */
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

/** First signal: no longer ready, finish, go. Second: go. */
async function leave(): Promise<void> {
  if (isLeaving) process.exit(1);
  isLeaving = true;
  pulse?.stop();
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
