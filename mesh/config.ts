/**
 * The settings of one process: the only place that reads the environment. Everything is checked at once, so that one
 * start tells all faults.
 */
import type { BlockList } from "node:net";
import { resolve } from "node:path";
import { ID_PATTERN } from "../fhir/ids.ts";
import type { RuleSettings } from "./rule-settings.ts";
import {
  matching,
  mongo,
  oneOf,
  parseHost,
  parseKey,
  parseNames,
  parseNetworks,
  parseOrigins,
  parsePath,
  parsePaths,
  parsePort,
  parsePublicUrl,
  parseRules,
  parseShare,
  parseTimeZone,
  parseYears,
  PASSWORD_EXPECTED,
  passwordIn,
  RULES_EXPECTED,
  urls,
  withPassword,
} from "./setting-forms.ts";

// Every process is in UTC, wherever its machine stands: the library for FHIRPath takes a time without a zone for one of its process's.
process.env.TZ = "UTC";
// What a process of ours writes is patients' data, or a key to it: nobody else may read it.
process.umask(0o077);

/** Which services a mesh consists of (`services/systems.ts`). */
export const System = { provider: "provider", national: "national" } as const;
export type System = (typeof System)[keyof typeof System];

/** From what ends a process to what only its developer wants to know. */
export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
/** One of `LOG_LEVELS`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a line of the log looks: for people, or one JSON object. */
export type LogFormat = "text" | "json";

/** The settings of one node, checked. */
export interface Config {
  /** TCP port of the gateway; 0 lets the system choose a free one. */
  port: number;
  /** Address that the gateway listens on. */
  host: string;
  /** Absolute path of the folder that holds all data of this machine. */
  dataDir: string;
  /** File of this process's key and certificate, and the files of the CAs that it trusts; both or none: the CA in `dataDir`. */
  meshIdentityFile?: string;
  meshCaFiles?: string[];
  /** Origin under which clients reach the gateway, `https://ehr.example`; undefined: the address that it listens on. */
  publicUrl?: string;
  /** Addresses of proxies that say for whom they ask; undefined: none. */
  trustedProxies?: BlockList;
  /** True where only a proxy can reach the gateway, which does without TLS then. */
  behindProxy: boolean;
  /** Files of the gateway's certificate (with its chain) and private key, PEM; both or none. */
  tlsCert?: string;
  tlsKey?: string;
  /** Key of page links, 32 bytes in hexadecimal or base64; undefined: one that is kept in `dataDir`. */
  pageKey?: Buffer;
  /** File that holds the same. */
  pageKeyFile?: string;
  /** Whether who asks must have signed in; `open`, for trying on this machine: anybody may do anything. */
  access: "open" | "closed";
  /** Access token that programs of who operates the system use instead of their own. */
  token?: string;
  /** `Organization/1`: in whose name this system writes; undefined: nobody's. */
  organization?: string;
  /** Folder of the roles' files; undefined: the project's own. */
  rolesDir?: string;
  /** Address and port that a node of `identity` listens on for gateways; 0: a free port. */
  identityHost: string;
  identityPort: number;
  /** File of the key and certificate (PEM) by which that node speaks TLS with gateways; undefined: plain HTTP. */
  identityTlsFile?: string;
  /** Folder of the keys that sign tokens; undefined: `dataDir`. */
  identityKeys?: string;
  system: System;
  /** Only these services of the system; undefined: all of them. */
  services?: string[];
  /** The services that make up this system; undefined: all of the system over NATS, `services` in one process. */
  members?: string[];
  /** Tells this mesh from others of its system on the same NATS; undefined: made from where its data are. */
  meshName?: string;
  /** One or more server URLs, separated by commas; undefined: everything in this process. */
  natsUrl?: string;
  /** File of the seed by which NATS knows this node (nkeys); undefined: NATS_URL says who it is. */
  natsNkeyFile?: string;
  /** With the password of MONGO_PASSWORD_FILE; undefined: SQLite under `dataDir`. */
  mongoUrl?: string;
  /** With the password of REDIS_PASSWORD_FILE; undefined: caches in memory. */
  redisUrl?: string;
  /** File of the CA's certificate that NATS, MongoDB, Redis and `identity` prove themselves by where they are reached by TLS; undefined: any known CA. */
  serversCaFile?: string;
  /** Name of this node before it is made unique per start; undefined: made from the services it runs. */
  nodeId?: string;
  logLevel: LogLevel;
  logFormat: LogFormat;
  /** Port on which this process gives its metrics, besides a gateway's `/metrics`; undefined: none. */
  metricsPort?: number;
  /** Addresses and networks that may read the metrics, besides this machine; undefined: none. */
  metricsFrom?: BlockList;
  /** Base URL of an OpenTelemetry collector that takes OTLP over HTTP; undefined: none. */
  otlpEndpoint?: string;
  /** Share of the requests without a `traceparent` whose spans are sent to the collector, 0 to 1; a caller's word on its own counts. */
  traceShare: number;
  /** Subject on which NATS's system account announces closed connections; undefined: nobody announces them. */
  natsDisconnectSubject?: string;
  /** Whether `DELETE Type?criteria` may remove several resources at once. */
  conditionalDelete: "single" | "multiple";
  /** Whether `ge` and `le` find periods that only overlap the date: "r4", not; "overlap", yes. */
  dateSearch: "r4" | "overlap";
  /** Where the hospital's clocks hang, like Africa/Algiers: what a day is, and a time without a zone. */
  hospitalTimeZone: string;
  /** How long what is on record is kept, years. */
  auditYears: number;
  /** Which of the hospital's rules hold. */
  rules: RuleSettings;
  /** Origins of browser apps that may use the API, `https://app.example`; "*": all; undefined: none but the gateway's own. */
  corsOrigin?: "*" | string[];
  /** Networks of this house that subscriptions may send to, with or without TLS; undefined: only public addresses, by https. */
  subscriptionNetworks?: BlockList;
  /** JSON file with an operator's identifier systems and match weights; undefined: the defaults. */
  patientsFile?: string;
  /** A table of tests in place of services/lab/catalogue.json. */
  labCatalogueFile?: string;
  /** File that this node touches once a second while it serves; undefined: none. */
  healthFile?: string;
  /** True in a child of `npm run cluster`: the supervisor holds the data folder and owns the child's life. */
  supervised: boolean;
  /** Port on which the supervisor accepts the connections that it hands to this gateway; undefined: the gateway listens itself. */
  handedPort?: number;
  /** File descriptor of a socket to the process that started this one and starts it again; undefined: nobody does. */
  parentFd?: number;
  /** Folder of the services' folders; undefined: the project's own. */
  servicesDir?: string;
}

/** Nodes of one mesh find each other under this name; another name is another mesh, also on the same NATS. */
export const NAMESPACE = "openward";

/** Where our own NATS announces closed connections (scripts/servers.mjs). */
export const DISCONNECT_SUBJECT = "mesh.disconnect";

/** Settings whose values are never printed. */
const SECRETS = new Set(["PAGE_KEY", "TOKEN"]);

/**
 * @param env the environment, `process.env` unless a test gives its own
 * @throws one Error that names every faulty variable, its value (without passwords) and what it should be
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const faults: string[] = [];
  /** The value of a variable, or undefined when it is unset, empty, or refused (the refusal is noted). */
  const read = <T>(name: string, parse: (text: string) => T | undefined, expected: string): T | undefined => {
    const text = env[name]?.trim();
    if (!text) return undefined;
    const value = parse(text);
    if (value === undefined) faults.push(`${name} is "${SECRETS.has(name) ? "***" : withoutPasswords(text)}"; it should be ${expected}.`);
    return value;
  };

  const port = read("PORT", parsePort, "a whole number from 0 to 65535") ?? 3000;
  const host = read("HOST", parseHost, "a host name or an IP address to listen on") ?? "127.0.0.1";
  const publicUrl = read("PUBLIC_URL", parsePublicUrl, 'the address that clients use, without a path: "https://ehr.example"');
  const trustedProxies = read("TRUSTED_PROXIES", parseNetworks, 'IP addresses or networks like "10.0.0.0/8,fd00::/8", separated by commas');
  const behindProxy = read("BEHIND_PROXY", oneOf(["0", "1"] as const), "0 or 1") === "1";
  const tlsCert = read("TLS_CERT", parsePath, "the path of a file");
  const tlsKey = read("TLS_KEY", parsePath, "the path of a file");
  const pageKey = read("PAGE_KEY", parseKey, "32 random bytes in hexadecimal or base64 (openssl rand -hex 32)");
  const pageKeyFile = read("PAGE_KEY_FILE", parsePath, "the path of a file");
  const access = read("ACCESS", oneOf(["open", "closed"] as const), "open or closed") ?? "closed";
  const meshIdentityFile = read("MESH_IDENTITY_FILE", parsePath, "the path of a file");
  const meshCaFiles = read("MESH_CA_FILE", parsePaths, "paths of files, separated by commas");
  const token = read("TOKEN", matching(/^[A-Za-z0-9._~+/-]+=*$/), "an access token (npm run --silent token)");
  const organization = read("ORGANIZATION", matching(new RegExp(`^Organization/${ID_PATTERN}$`)), 'a reference like "Organization/1"');
  const rolesDir = read("ROLES_DIR", parsePath, "the path of a folder");
  const identityHost = read("IDENTITY_HOST", parseHost, "a host name or an IP address to listen on") ?? "127.0.0.1";
  const identityPort = read("IDENTITY_PORT", parsePort, "a whole number from 0 to 65535") ?? 0;
  const identityTlsFile = read("IDENTITY_TLS_FILE", parsePath, "the path of a file");
  const identityKeys = read("IDENTITY_KEYS", parsePath, "the path of a folder");
  const dataDir = read("DATA_DIR", parsePath, "the path of a folder") ?? resolve("data");
  const system = read("SYSTEM", oneOf(Object.values(System)), "provider or national") ?? System.provider;
  const services = read("SERVICES", parseNames, 'service names separated by commas, like "patients,visits"');
  const members = read("MEMBERS", parseNames, 'service names separated by commas, like "api,transactions,patients,visits"');
  const meshName = read("MESH_NAME", matching(/^[A-Za-z0-9_-]{1,64}$/), "up to 64 letters, digits, - and _");
  const natsUrl = read("NATS_URL", urls(["nats:", "tls:"]), 'one or more URLs like "nats://user:password@host:4222", separated by commas');
  const natsNkeyFile = read("NATS_NKEY_FILE", parsePath, "the path of a file");
  const mongoUrl = read("MONGO_URL", mongo, 'a URL like "mongodb://host:27017" or "mongodb+srv://host"');
  const mongoPassword = read("MONGO_PASSWORD_FILE", passwordIn, PASSWORD_EXPECTED);
  const redisUrl = read("REDIS_URL", urls(["redis:", "rediss:"], 1), 'a URL like "redis://host:6379"');
  const redisPassword = read("REDIS_PASSWORD_FILE", passwordIn, PASSWORD_EXPECTED);
  const serversCaFile = read("SERVERS_CA_FILE", parsePath, "the path of a file");
  const nodeId = read("NODE_ID", matching(/^[A-Za-z0-9_-]{1,64}$/), "up to 64 letters, digits, - and _");
  const logLevel = read("LOG_LEVEL", oneOf(LOG_LEVELS), `one of ${LOG_LEVELS.join(", ")}`) ?? "info";
  const logFormat = read("LOG_FORMAT", oneOf(["text", "json"] as const), "text or json") ?? "text";
  const metricsPort = read("METRICS_PORT", parsePort, "a whole number from 0 to 65535");
  const metricsFrom = read("METRICS_FROM", parseNetworks, 'IP addresses or networks like "10.0.0.0/8,fd00::/8", separated by commas');
  const otlpEndpoint = read("OTEL_EXPORTER_OTLP_ENDPOINT", urls(["http:", "https:"], 1), 'a URL like "http://127.0.0.1:4318"');
  const traceShare = read("OTEL_TRACES_SAMPLER_ARG", parseShare, "a number from 0 to 1") ?? 0.05;
  const subject = read("NATS_DISCONNECT_SUBJECT", matching(/^(-|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$/), "a NATS subject, or - for none");
  const conditionalDelete = read("CONDITIONAL_DELETE", oneOf(["single", "multiple"] as const), "single or multiple") ?? "single";
  const dateSearch = read("DATE_SEARCH", oneOf(["r4", "overlap"] as const), "r4 or overlap") ?? "r4";
  const hospitalTimeZone = read("HOSPITAL_TIME_ZONE", parseTimeZone, 'the name of a time zone like "Africa/Algiers"') ?? "UTC";
  const auditYears = read("AUDIT_YEARS", parseYears, "a whole number from 1 to 100") ?? 10;
  const rules = read("RULES", parseRules, RULES_EXPECTED) ?? { otherwise: "on", named: {} };
  const subscriptionNetworks = read("SUBSCRIPTION_NETWORKS", parseNetworks, 'networks like "10.1.0.0/16,::1", separated by commas');
  const corsOrigin = read("CORS_ORIGIN", parseOrigins, '* or origins like "https://app.example:8443", separated by commas');
  const patientsFile = read("PATIENTS_FILE", parsePath, "the path of a file");
  const labCatalogueFile = read("LAB_CATALOGUE_FILE", parsePath, "the path of a file");
  const healthFile = read("HEALTH_FILE", parsePath, "the path of a file");
  const supervised = read("OPENWARD_SUPERVISED", oneOf(["0", "1"] as const), "0 or 1") === "1";
  const handedPort = read("OPENWARD_GATEWAY_PORT", parsePort, "a whole number from 0 to 65535");
  const parentFd = read("OPENWARD_PARENT_FD", parsePort, "a file descriptor");
  const servicesDir = read("OPENWARD_SERVICES_DIR", parsePath, "the path of a folder");

  if (Boolean(tlsCert) !== Boolean(tlsKey) && faults.length === 0) {
    faults.push(`${tlsCert ? "TLS_CERT" : "TLS_KEY"} is set without ${tlsCert ? "TLS_KEY" : "TLS_CERT"}; TLS needs both.`);
  }
  if (Boolean(meshIdentityFile) !== Boolean(meshCaFiles) && faults.length === 0) {
    faults.push(`${meshIdentityFile ? "MESH_IDENTITY_FILE" : "MESH_CA_FILE"} is set alone; a key needs the CA, and the other way round.`);
  }
  if (faults.length > 0) throw new Error(`The settings cannot be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  return {
    port,
    host,
    dataDir,
    identityHost,
    identityPort,
    system,
    logLevel,
    logFormat,
    traceShare,
    conditionalDelete,
    dateSearch,
    hospitalTimeZone,
    auditYears,
    rules,
    access,
    supervised,
    behindProxy,
    ...(publicUrl && { publicUrl }),
    ...(trustedProxies && { trustedProxies }),
    ...(tlsCert && tlsKey && { tlsCert, tlsKey }),
    ...(pageKey && { pageKey }),
    ...(pageKeyFile && { pageKeyFile }),
    ...(meshIdentityFile && meshCaFiles && { meshIdentityFile, meshCaFiles }),
    ...(token && { token }),
    ...(organization && { organization }),
    ...(rolesDir && { rolesDir }),
    ...(identityTlsFile && { identityTlsFile }),
    ...(identityKeys && { identityKeys }),
    ...(services && { services }),
    ...(members && { members }),
    ...(meshName && { meshName }),
    ...(natsUrl && { natsUrl, ...(subject !== "-" && { natsDisconnectSubject: subject ?? DISCONNECT_SUBJECT }) }),
    ...(natsNkeyFile && { natsNkeyFile }),
    ...(mongoUrl && { mongoUrl: withPassword(mongoUrl, mongoPassword) }),
    ...(redisUrl && { redisUrl: withPassword(redisUrl, redisPassword) }),
    ...(serversCaFile && { serversCaFile }),
    ...(nodeId && { nodeId }),
    ...(corsOrigin && { corsOrigin }),
    ...(metricsPort !== undefined && { metricsPort }),
    ...(metricsFrom && { metricsFrom }),
    ...(otlpEndpoint && { otlpEndpoint }),
    ...(subscriptionNetworks && { subscriptionNetworks }),
    ...(patientsFile && { patientsFile }),
    ...(labCatalogueFile && { labCatalogueFile }),
    ...(healthFile && { healthFile }),
    ...(handedPort !== undefined && { handedPort }),
    ...(parentFd !== undefined && { parentFd }),
    ...(servicesDir && { servicesDir }),
  };
}

/** Whether only programs of this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name);
}

/** Why a gateway must not listen as it is told to, in one sentence; undefined: it may. */
export function exposureOf({
  host,
  tlsCert,
  behindProxy,
  access,
}: Pick<Config, "host" | "tlsCert" | "behindProxy" | "access">): string | undefined {
  if (access === "open" && !isLoopback(host)) {
    return `ACCESS is open, and HOST is ${host}, which other machines can reach: open access is for this machine only (HOST=127.0.0.1).`;
  }
  if (isLoopback(host) || tlsCert || behindProxy) return undefined;
  return (
    `HOST is ${host}, which other machines can reach, and what they send would not be encrypted: ` +
    "set TLS_CERT and TLS_KEY (for trying: npm start -- --tls), or BEHIND_PROXY=1 where only a proxy with TLS can reach it."
  );
}

/** The same text with the password of every URL in it replaced: what may be printed. */
export function withoutPasswords(text: string): string {
  return text
    .split(",")
    .map((part) =>
      part.replace(/^(\s*[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)@/i, (_, scheme = "", user: string) => `${scheme}${maskUser(user)}@`),
    )
    .join(",");
}

/** `user:password` keeps its user; a lone word before the @ is a token, and as secret as a password. */
function maskUser(user: string): string {
  const colon = user.indexOf(":");
  return colon >= 0 ? `${user.slice(0, colon)}:***` : "***";
}
