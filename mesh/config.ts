/**
 * The settings of one process: the only place that reads the environment. Everything is checked together, so that one
 * start reports all faults.
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
  withoutPasswords,
  withPassword,
} from "./setting-forms.ts";

// Every process runs in UTC: the FHIRPath library takes a time without a zone to be in the process's.
process.env.TZ = "UTC";
// Files of these processes contain patient data, or keys to them: only their owner may read them.
process.umask(0o077);

/** The systems, each of which consists of certain services (`services/systems.ts`). */
export const System = { provider: "provider", national: "national" } as const;
export type System = (typeof System)[keyof typeof System];

/** From fatal errors to details for developers. */
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
/** One of `LOG_LEVELS`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Format of the log's lines: text for people, or JSON objects. */
export type LogFormat = "text" | "json";

/** The settings of one node, checked. */
export interface Config {
  /** TCP port of the gateway; 0 lets the system choose a free one. */
  port: number;
  /** Address that the gateway listens on. */
  host: string;
  /** Absolute path of the folder that holds all data of this machine. */
  dataDir: string;
  /** Files of this process's key and certificate, and of the CAs that it trusts; both or none: the CA in `dataDir`. */
  meshIdentityFile?: string;
  meshCaFiles?: string[];
  /** Origin under which clients reach the gateway, `https://ehr.example`; undefined: the address on which it listens. */
  publicUrl?: string;
  /** Addresses of proxies whose forwarding headers are trusted; undefined: none. */
  trustedProxies?: BlockList;
  /** True if only a proxy can reach the gateway, which then needs no TLS. */
  behindProxy: boolean;
  /** Files of the gateway's certificate (with its chain) and private key, PEM; both or none. */
  tlsCert?: string;
  tlsKey?: string;
  /** Key of page links, 32 bytes in hexadecimal or base64; undefined: one that is stored in `dataDir`. */
  pageKey?: Buffer;
  /** File with that key. */
  pageKeyFile?: string;
  /** Whether callers must sign in; `open`, for trying out on this machine: everything is permitted to everyone. */
  access: "open" | "closed";
  /** Access token that operators' programs use instead of their own. */
  token?: string;
  /** `Organization/1` on whose behalf this system writes; undefined: none. */
  organization?: string;
  /** Folder of the roles' files; undefined: the project's own. */
  rolesDir?: string;
  /** Address and port on which a node of `identity` listens for gateways; 0: a free port. */
  identityHost: string;
  identityPort: number;
  /** File of key and certificate (PEM) for TLS between that node and gateways; undefined: plain HTTP. */
  identityTlsFile?: string;
  /** Folder of the keys that sign tokens; undefined: `dataDir`. */
  identityKeys?: string;
  system: System;
  /** Only these services of the system; undefined: all of them. */
  services?: string[];
  /** The services that make up this system; undefined: all of the system over NATS, `services` in one process. */
  members?: string[];
  /** Distinguishes this mesh from others of its system on the same NATS; undefined: derived from the place of its data. */
  meshName?: string;
  /** One or more server URLs, separated by commas; undefined: everything in this process. */
  natsUrl?: string;
  /** File of the seed of this node's NATS user (nkeys); undefined: NATS_URL contains the user. */
  natsNkeyFile?: string;
  /** With the password of MONGO_PASSWORD_FILE; undefined: SQLite under `dataDir`. */
  mongoUrl?: string;
  /** With the password of REDIS_PASSWORD_FILE; undefined: caches in memory. */
  redisUrl?: string;
  /** File of the CA certificate for TLS with NATS, MongoDB, Redis and `identity`; undefined: the well-known CAs. */
  serversCaFile?: string;
  /** Name of this node, to which each start adds a unique part; undefined: made from its services. */
  nodeId?: string;
  logLevel: LogLevel;
  logFormat: LogFormat;
  /** Port for this process's metrics, besides a gateway's `/metrics`; undefined: none. */
  metricsPort?: number;
  /** Addresses and networks that may read the metrics, besides this machine; undefined: none. */
  metricsFrom?: BlockList;
  /** Base URL of an OpenTelemetry collector that takes OTLP over HTTP; undefined: none. */
  otlpEndpoint?: string;
  /** Share of the requests without a `traceparent` that are traced, 0 to 1; a caller's decision in a `traceparent` is followed. */
  traceShare: number;
  /** Subject on which NATS's system account announces closed connections; undefined: none. */
  natsDisconnectSubject?: string;
  /** Whether `DELETE Type?criteria` may delete several resources at once. */
  conditionalDelete: "single" | "multiple";
  /** Whether `ge` and `le` find periods that only overlap the date: "r4", no; "overlap", yes. */
  dateSearch: "r4" | "overlap";
  /** The hospital's time zone, like Africa/Algiers: it defines days, and times without a zone. */
  hospitalTimeZone: string;
  /** Retention of audit events, years. */
  auditYears: number;
  /** Which of the hospital's rules are enforced. */
  rules: RuleSettings;
  /** Origins of browser apps that may use the API, `https://app.example`; "*": all; undefined: none but the gateway's own. */
  corsOrigin?: "*" | string[];
  /** The hospital's networks to which subscriptions may send, with or without TLS; undefined: only public addresses, by https. */
  subscriptionNetworks?: BlockList;
  /** JSON file with an operator's identifier systems and match weights; undefined: the defaults. */
  patientsFile?: string;
  /** Catalogue of tests instead of services/lab/catalogue.json. */
  labCatalogueFile?: string;
  /** File that this node touches once a second while it serves; undefined: none. */
  healthFile?: string;
  /** True in a child of `npm run cluster`: the supervisor locks the data folder, and starts and ends the process. */
  supervised: boolean;
  /** Port on which the supervisor accepts the connections of this gateway; undefined: the gateway listens itself. */
  handedPort?: number;
  /** File descriptor of a socket to the process that started this one and replaces it; undefined: there is none. */
  parentFd?: number;
  /** Folder of the services' folders; undefined: the project's own. */
  servicesDir?: string;
}

/** Namespace by which nodes of one mesh find each other; another one is another mesh, also on the same NATS. */
export const NAMESPACE = "openward";

/** Subject on which our own NATS announces closed connections (scripts/servers.mjs). */
export const DISCONNECT_SUBJECT = "mesh.disconnect";

/** Settings whose values are never printed. */
const SECRETS = new Set(["PAGE_KEY", "TOKEN"]);

const A_FILE = "the path of a file";
const A_FOLDER = "the path of a folder";
const A_HOST = "a host name or an IP address to listen on";
const A_PORT = "a whole number from 0 to 65535";
const A_NAME = "up to 64 letters, digits, - and _";
const NETWORKS = 'IP addresses or networks like "10.0.0.0/8,fd00::/8", separated by commas';

/** The value of a variable, or undefined when it is unset, empty, or refused (the refusal is noted). */
type Read = <T>(name: string, parse: (text: string) => T | undefined, expected: string) => T | undefined;

/**
 * @param env the environment, `process.env` except in tests
 * @throws one Error that names every faulty variable, its value (without passwords) and what is expected
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const faults: string[] = [];
  const read: Read = (name, parse, expected) => {
    const text = env[name]?.trim();
    if (!text) return undefined;
    const value = parse(text);
    if (value === undefined) faults.push(`${name} is "${SECRETS.has(name) ? "***" : withoutPasswords(text)}"; it should be ${expected}.`);
    return value;
  };
  const config: Config = {
    ...gatewaySettings(read),
    ...accessSettings(read),
    ...meshSettings(read),
    ...serverSettings(read),
    ...reportSettings(read),
    ...hospitalSettings(read),
    ...processSettings(read),
  };
  if (faults.length === 0) faults.push(...halfSet(config));
  if (faults.length > 0) throw new Error(`The settings cannot be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  return config;
}

/** Settings that are only valid together. */
function halfSet({ tlsCert, tlsKey, meshIdentityFile, meshCaFiles }: Config): string[] {
  const faults: string[] = [];
  if (Boolean(tlsCert) !== Boolean(tlsKey)) {
    faults.push(`${tlsCert ? "TLS_CERT" : "TLS_KEY"} is set without ${tlsCert ? "TLS_KEY" : "TLS_CERT"}; TLS needs both.`);
  }
  if (Boolean(meshIdentityFile) !== Boolean(meshCaFiles)) {
    faults.push(`${meshIdentityFile ? "MESH_IDENTITY_FILE" : "MESH_CA_FILE"} is set alone; a key needs the CA, and the other way round.`);
  }
  return faults;
}

/** The members that have a value: an unset setting is absent. */
function given<Of extends object>(members: { [Name in keyof Of]: Of[Name] | undefined }): Partial<Of> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Of>;
}

const gatewaySettings = (read: Read) => ({
  port: read("PORT", parsePort, A_PORT) ?? 3000,
  host: read("HOST", parseHost, A_HOST) ?? "127.0.0.1",
  behindProxy: read("BEHIND_PROXY", oneOf(["0", "1"] as const), "0 or 1") === "1",
  ...given({
    publicUrl: read("PUBLIC_URL", parsePublicUrl, 'the address that clients use, without a path: "https://ehr.example"'),
    trustedProxies: read("TRUSTED_PROXIES", parseNetworks, NETWORKS),
    tlsCert: read("TLS_CERT", parsePath, A_FILE),
    tlsKey: read("TLS_KEY", parsePath, A_FILE),
    pageKey: read("PAGE_KEY", parseKey, "32 random bytes in hexadecimal or base64 (openssl rand -hex 32)"),
    pageKeyFile: read("PAGE_KEY_FILE", parsePath, A_FILE),
    corsOrigin: read("CORS_ORIGIN", parseOrigins, '* or origins like "https://app.example:8443", separated by commas'),
    subscriptionNetworks: read("SUBSCRIPTION_NETWORKS", parseNetworks, 'networks like "10.1.0.0/16,::1", separated by commas'),
  }),
});

const accessSettings = (read: Read) => ({
  access: read("ACCESS", oneOf(["open", "closed"] as const), "open or closed") ?? "closed",
  identityHost: read("IDENTITY_HOST", parseHost, A_HOST) ?? "127.0.0.1",
  identityPort: read("IDENTITY_PORT", parsePort, A_PORT) ?? 0,
  auditYears: read("AUDIT_YEARS", parseYears, "a whole number from 1 to 100") ?? 10,
  ...given({
    token: read("TOKEN", matching(/^[A-Za-z0-9._~+/-]+=*$/), "an access token (npm run --silent token)"),
    organization: read("ORGANIZATION", matching(new RegExp(`^Organization/${ID_PATTERN}$`)), 'a reference like "Organization/1"'),
    rolesDir: read("ROLES_DIR", parsePath, A_FOLDER),
    identityTlsFile: read("IDENTITY_TLS_FILE", parsePath, A_FILE),
    identityKeys: read("IDENTITY_KEYS", parsePath, A_FOLDER),
  }),
});

const meshSettings = (read: Read) => {
  const natsUrl = read("NATS_URL", urls(["nats:", "tls:"]), 'one or more URLs like "nats://user:password@host:4222", separated by commas');
  const subject = read("NATS_DISCONNECT_SUBJECT", matching(/^(-|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$/), "a NATS subject, or - for none");
  return {
    system: read("SYSTEM", oneOf(Object.values(System)), "provider or national") ?? System.provider,
    ...given({
      services: read("SERVICES", parseNames, 'service names separated by commas, like "patients,visits"'),
      members: read("MEMBERS", parseNames, 'service names separated by commas, like "api,transactions,patients,visits"'),
      meshName: read("MESH_NAME", matching(/^[A-Za-z0-9_-]{1,64}$/), A_NAME),
      nodeId: read("NODE_ID", matching(/^[A-Za-z0-9_-]{1,64}$/), A_NAME),
      meshIdentityFile: read("MESH_IDENTITY_FILE", parsePath, A_FILE),
      meshCaFiles: read("MESH_CA_FILE", parsePaths, "paths of files, separated by commas"),
      natsUrl,
      natsDisconnectSubject: natsUrl === undefined || subject === "-" ? undefined : (subject ?? DISCONNECT_SUBJECT),
      natsNkeyFile: read("NATS_NKEY_FILE", parsePath, A_FILE),
    }),
  };
};

const serverSettings = (read: Read) => {
  const mongoUrl = read("MONGO_URL", mongo, 'a URL like "mongodb://host:27017" or "mongodb+srv://host"');
  const mongoPassword = read("MONGO_PASSWORD_FILE", passwordIn, PASSWORD_EXPECTED);
  const redisUrl = read("REDIS_URL", urls(["redis:", "rediss:"], 1), 'a URL like "redis://host:6379"');
  const redisPassword = read("REDIS_PASSWORD_FILE", passwordIn, PASSWORD_EXPECTED);
  return {
    dataDir: read("DATA_DIR", parsePath, A_FOLDER) ?? resolve("data"),
    ...given({
      mongoUrl: mongoUrl && withPassword(mongoUrl, mongoPassword),
      redisUrl: redisUrl && withPassword(redisUrl, redisPassword),
      serversCaFile: read("SERVERS_CA_FILE", parsePath, A_FILE),
    }),
  };
};

/** Settings of logs, metrics and traces. */
const reportSettings = (read: Read) => ({
  logLevel: read("LOG_LEVEL", oneOf(LOG_LEVELS), `one of ${LOG_LEVELS.join(", ")}`) ?? "info",
  logFormat: read("LOG_FORMAT", oneOf(["text", "json"] as const), "text or json") ?? "text",
  traceShare: read("OTEL_TRACES_SAMPLER_ARG", parseShare, "a number from 0 to 1") ?? 0.05,
  ...given({
    metricsPort: read("METRICS_PORT", parsePort, A_PORT),
    metricsFrom: read("METRICS_FROM", parseNetworks, NETWORKS),
    otlpEndpoint: read("OTEL_EXPORTER_OTLP_ENDPOINT", urls(["http:", "https:"], 1), 'a URL like "http://127.0.0.1:4318"'),
  }),
});

/** Settings of FHIR, and of this hospital. */
const hospitalSettings = (read: Read) => ({
  conditionalDelete: read("CONDITIONAL_DELETE", oneOf(["single", "multiple"] as const), "single or multiple") ?? "single",
  dateSearch: read("DATE_SEARCH", oneOf(["r4", "overlap"] as const), "r4 or overlap") ?? "r4",
  hospitalTimeZone: read("HOSPITAL_TIME_ZONE", parseTimeZone, 'the name of a time zone like "Africa/Algiers"') ?? "UTC",
  rules: read("RULES", parseRules, RULES_EXPECTED) ?? { otherwise: "on" as const, named: {} },
  ...given({
    patientsFile: read("PATIENTS_FILE", parsePath, A_FILE),
    labCatalogueFile: read("LAB_CATALOGUE_FILE", parsePath, A_FILE),
  }),
});

/** Settings that connect this process to others on its machine. */
const processSettings = (read: Read) => ({
  supervised: read("OPENWARD_SUPERVISED", oneOf(["0", "1"] as const), "0 or 1") === "1",
  ...given({
    healthFile: read("HEALTH_FILE", parsePath, A_FILE),
    handedPort: read("OPENWARD_GATEWAY_PORT", parsePort, A_PORT),
    parentFd: read("OPENWARD_PARENT_FD", parsePort, "a file descriptor"),
    servicesDir: read("OPENWARD_SERVICES_DIR", parsePath, A_FOLDER),
  }),
});
