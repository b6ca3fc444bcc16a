/** Parsers of settings: each reads a value from its text, and returns undefined if the text has another form. */
import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { isAbsolute, resolve } from "node:path";
import { isTimeZone } from "../fhir/time-zone.ts";
import { RULE_NAMES } from "./rule-names.ts";
import type { RuleSettings } from "./rule-settings.ts";

/** A TCP port. */
export function parsePort(text: string): number | undefined {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port <= 65_535 ? port : undefined;
}

/** A number from 0 to 1. */
export function parseShare(text: string): number | undefined {
  const share = Number(text);
  return /^\d*\.?\d+$/.test(text) && share <= 1 ? share : undefined;
}

/** A name of the IANA time zone database. */
export const parseTimeZone = (text: string): string | undefined => (/^[A-Za-z]/.test(text) && isTimeZone(text) ? text : undefined);

/** A host name or an IP address. */
export function parseHost(text: string): string | undefined {
  return /^[A-Za-z0-9.:_-]{1,255}$/.test(text) ? text : undefined;
}

/** An origin as browsers write it; a slash at its end is accepted. */
export function parsePublicUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || !url.hostname || url.username || url.password) return undefined;
  return url.pathname === "/" && url.search === "" && url.hash === "" && !/[?#*]/.test(text) ? url.origin : undefined;
}

/** A retention in years. */
export function parseYears(text: string): number | undefined {
  const years = Number(text);
  return /^\d{1,3}$/.test(text) && years >= 1 && years <= 100 ? years : undefined;
}

/** IP addresses and networks, separated by commas. */
export function parseNetworks(text: string): BlockList | undefined {
  const list = new BlockList();
  for (const part of text.split(",").map((it) => it.trim())) {
    const [address = "", prefix, ...rest] = part.split("/");
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || rest.length > 0 || length < 0 || length > bits) return undefined;
    list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

/** 32 bytes, in hexadecimal or base64. */
export function parseKey(text: string): Buffer | undefined {
  const bytes = /^[0-9A-Fa-f]{64}$/.test(text)
    ? Buffer.from(text, "hex")
    : /^[\w+/-]{43}=?$/.test(text)
      ? Buffer.from(text, "base64")
      : undefined;
  return bytes?.length === 32 ? bytes : undefined;
}

/** A path; a relative one is resolved against the working folder. */
export function parsePath(text: string): string | undefined {
  if (text.includes("\0")) return undefined;
  return isAbsolute(text) ? text : resolve(text);
}

/** Paths, separated by commas. */
export function parsePaths(text: string): string[] | undefined {
  const paths = text.split(",").map((part) => (part.trim() === "" ? undefined : parsePath(part.trim())));
  return paths.every((path) => path !== undefined) ? paths : undefined;
}

/** Names of services, separated by commas. */
export function parseNames(text: string): string[] | undefined {
  const names = text.split(",").map((name) => name.trim());
  return names.every((name) => /^[a-z][a-z0-9-]*$/.test(name)) ? [...new Set(names)] : undefined;
}

/** Origins as browsers write them, since they are compared as texts: without path, in lower case, without the scheme's default port. */
export function parseOrigins(text: string): "*" | string[] | undefined {
  if (text === "*") return text;
  const origins = text.split(",").map((origin) => origin.trim());
  return origins.every(isOrigin) ? [...new Set(origins)] : undefined;
}

function isOrigin(text: string): boolean {
  if (/^https?:/.test(text)) return URL.parse(text)?.origin === text && !text.includes("*");
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(:\d+)?$/.test(text);
}

/** `off`, or `references:warn,status:off`: names of groups or of single rules. */
export function parseRules(text: string): RuleSettings | undefined {
  if (text === "on" || text === "off") return { otherwise: text, named: {} };
  const named: Record<string, "on" | "warn" | "off" | "all"> = {};
  for (const part of text.split(",").map((it) => it.trim())) {
    const [name = "", mode = "", ...rest] = part.split(":");
    const isKnown = RULE_NAMES.includes(name) && (["on", "warn", "off"].includes(mode) || (name === "references" && mode === "all"));
    if (!isKnown || rest.length > 0) return undefined;
    named[name] = mode as "on";
  }
  return { otherwise: "on", named };
}

/** The password in a file. */
export function passwordIn(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Expected form of such a setting, for people. */
export const PASSWORD_EXPECTED = "the path of a file that this process can read, with a password in it";

/** The URL with this password instead of its own. */
export function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  const whole = /^([a-z+]+:\/\/)(?:([^@/:]*)(?::[^@/]*)?@)?/;
  return url.replace(whole, (_, scheme: string, user = "") => `${scheme}${user}:${encodeURIComponent(password)}@`);
}

/** Names of groups of rules, which have no hyphen. */
const GROUPS = RULE_NAMES.filter((name) => !name.includes("-"));

/** Expected form of RULES, for people. */
export const RULES_EXPECTED =
  'on, off, or names with on, warn or off like "references:warn,status:off" (references also: all). ' +
  `The names are ${GROUPS.join(", ")}, and the ${RULE_NAMES.length - GROUPS.length} rules of docs/rules.md, like encounter-period`;

/** One of these words. */
export function oneOf<const T extends string>(choices: readonly T[]): (text: string) => T | undefined {
  return (text) => choices.find((choice) => choice === text);
}

/** What a pattern matches. */
export function matching(pattern: RegExp): (text: string) => string | undefined {
  return (text) => (pattern.test(text) ? text : undefined);
}

/** URLs with one of these protocols, separated by commas. */
export function urls(protocols: string[], most = 16): (text: string) => string | undefined {
  return (text) => {
    const parts = text.split(",").map((part) => part.trim());
    return parts.length <= most && parts.every((part) => isUrl(part, protocols)) ? parts.join(",") : undefined;
  };
}

function isUrl(text: string, protocols: string[]): boolean {
  const url = URL.parse(text);
  return url !== null && protocols.includes(url.protocol) && url.hostname !== "";
}

/** A MongoDB URL may list several hosts, which `URL` does not support; the driver checks the rest. */
export function mongo(text: string): string | undefined {
  return /^mongodb(\+srv)?:\/\/([^/?#\s]*@)?[^/?#\s@]+(\/[^?#\s]*)?(\?[^#\s]*)?$/.test(text) ? text : undefined;
}

/** The text with the password of every URL in it masked, so that it can be printed. */
export function withoutPasswords(text: string): string {
  return text
    .split(",")
    .map((part) =>
      part.replace(/^(\s*[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)@/i, (_, scheme = "", user: string) => `${scheme}${maskUser(user)}@`),
    )
    .join(",");
}

/** `user:password` keeps its user; a single word before the @ is a token, and as secret as a password. */
function maskUser(user: string): string {
  const colon = user.indexOf(":");
  return colon >= 0 ? `${user.slice(0, colon)}:***` : "***";
}
