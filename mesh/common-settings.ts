/** Settings on which answers depend, and which must therefore be the same on all nodes, or on all nodes of the services that read them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { withoutPasswords } from "./setting-forms.ts";

/** Values by variable, as operators may see them: of keys and files only a fingerprint. */
export type CommonSettings = Readonly<Record<string, string>>;

/** Settings that only these services read; all others are every node's. */
const READ_BY: Readonly<Record<string, readonly string[]>> = {
  DATE_SEARCH: ["api", "transactions", "subscriptions"],
  CONDITIONAL_DELETE: ["api"],
  CORS_ORIGIN: ["api"],
  PAGE_KEY: ["api"],
  AUDIT_YEARS: ["ledger"],
  PATIENTS_FILE: ["patients"],
  LAB_CATALOGUE_FILE: ["lab"],
  SUBSCRIPTION_NETWORKS: ["subscriptions"],
};
/** A mix of these makes wrong data, or gives data to callers who have not signed in: a node that differs does not start. */
const DECISIVE: ReadonlySet<string> = new Set(["ACCESS", "HOSPITAL_TIME_ZONE"]);
/** Where a service's data are: of interest among its own nodes only. */
const DATA = "data";

/** A node of the mesh with its settings. */
export interface SetNode {
  id: string;
  /** Names of its services. */
  services: readonly string[];
  settings: CommonSettings;
}

/** A setting that differs from that of other nodes. */
export interface Difference {
  setting: string;
  isDecisive: boolean;
  own: string;
  theirs: string;
  /** Ids of the nodes with that value. */
  nodes: string[];
}

const hashed = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex").slice(0, 12);

function ofFile(path: string | undefined): string {
  if (path === undefined) return "not set";
  try {
    return `a file with the hash ${hashed(readFileSync(path))}`;
  } catch {
    return "a file that cannot be read";
  }
}

function ofFolder(path: string | undefined): string {
  if (path === undefined) return "not set";
  try {
    const files = readdirSync(path).sort();
    return `files with the hash ${hashed(files.map((name) => `${name} ${readFileSync(join(path, name), "utf8")}`).join("\n"))}`;
  } catch {
    return "a folder that cannot be read";
  }
}

function ofPageKey({ pageKey, pageKeyFile, dataDir }: Config): string {
  if (pageKey) return `a key with the hash ${hashed(pageKey)}`;
  if (pageKeyFile !== undefined) return ofFile(pageKeyFile);
  return `one of its own in ${hostname()}:${dataDir}`;
}

/** The place of the data; without credentials, which may differ from node to node. */
export const placeOfData = ({ mongoUrl, dataDir }: Pick<Config, "mongoUrl" | "dataDir">): string =>
  mongoUrl ? withoutPasswords(mongoUrl).replace(/\/\/[^@/]*@/, "//") : `${hostname()}:${dataDir}`;

/** This node's values. */
export function commonSettings(config: Config): CommonSettings {
  const { access, hospitalTimeZone, rules, publicUrl, organization, corsOrigin, subscriptionNetworks } = config;
  return {
    ACCESS: access,
    HOSPITAL_TIME_ZONE: hospitalTimeZone,
    RULES: JSON.stringify({ ...rules, named: Object.fromEntries(Object.entries(rules.named).sort()) }),
    PUBLIC_URL: publicUrl ?? "not set",
    ORGANIZATION: organization ?? "not set",
    ROLES_DIR: ofFolder(config.rolesDir),
    DATE_SEARCH: config.dateSearch,
    CONDITIONAL_DELETE: config.conditionalDelete,
    CORS_ORIGIN: corsOrigin === undefined ? "not set" : [corsOrigin].flat().sort().join(),
    PAGE_KEY: ofPageKey(config),
    AUDIT_YEARS: String(config.auditYears),
    PATIENTS_FILE: ofFile(config.patientsFile),
    LAB_CATALOGUE_FILE: ofFile(config.labCatalogueFile),
    SUBSCRIPTION_NETWORKS: subscriptionNetworks === undefined ? "not set" : [...subscriptionNetworks.rules].sort().join(),
    [DATA]: placeOfData(config),
  };
}

/** Whether two nodes must have the same value. */
function mustAgree(setting: string, one: SetNode, other: SetNode): boolean {
  const readers = READ_BY[setting];
  if (setting === DATA) return one.services.some((name) => other.services.includes(name));
  return readers === undefined || [one, other].every(({ services }) => services.some((name) => readers.includes(name)));
}

/** Differences between a node's settings and those of others; nodes without services, and versions that do not know a setting, are not compared. */
export function differences(own: SetNode, others: readonly SetNode[]): Difference[] {
  if (own.services.length === 0) return [];
  return Object.entries(own.settings).flatMap(([setting, value]) => {
    const byValue = new Map<string, string[]>();
    for (const other of others) {
      const theirs = other.settings[setting];
      if (theirs === undefined || theirs === value || other.services.length === 0 || !mustAgree(setting, own, other)) continue;
      byValue.set(theirs, [...(byValue.get(theirs) ?? []), other.id]);
    }
    const isDecisive = DECISIVE.has(setting);
    return [...byValue].map(([theirs, nodes]) => ({ setting, isDecisive, own: value, theirs, nodes }));
  });
}

/** The difference because of which a node must not start: a decisive one from most of the others. */
export function refusedBy(found: readonly Difference[], others: readonly SetNode[]): Difference | undefined {
  return found.find(({ isDecisive, setting, own, nodes }) => {
    const agreeing = others.filter(({ settings, services }) => services.length > 0 && settings[setting] === own).length;
    return isDecisive && nodes.length > agreeing;
  });
}

/** The sentence for an operator. */
export function sentenceOfDifference({ setting, own, theirs, nodes }: Difference): string {
  const [first = ""] = nodes;
  const where = nodes.length === 1 ? `at the node ${first}` : `at ${nodes.length} other nodes, like ${first}`;
  if (setting === DATA) {
    return `This node keeps its data in ${own}, but the same service keeps them in ${theirs} ${where}: each has only a part of the data. Set the same MONGO_URL or DATA_DIR on every node of a service.`;
  }
  return `${setting} is ${own} here, but ${theirs} ${where}: their answers differ. Set the same on every node.`;
}
