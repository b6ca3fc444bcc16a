/** Validates a request bundle without the resources of its entries. Pure. */
import { FhirError } from "../outcome.ts";
import { validate } from "../validate/index.ts";
import { isObject, type RequestBundle } from "./entries.ts";

/**
 * The entries' resources are left to their owners, so that nothing is validated twice.
 *
 * @param bundle one that `entriesOf` has accepted
 * @throws FhirError 400 with every fault of the bundle outside of its resources
 */
export function refuseFaultyShell(bundle: RequestBundle): void {
  const { entry, ...around } = bundle;
  const items = Array.isArray(entry) ? (entry as unknown[]) : [];
  const odd = [...items.keys()].filter((index) => !isPlain(items[index]));
  const entries = odd.map((index) => withoutResource(items[index]));
  const issues = validate(entries.length > 0 ? { ...around, entry: entries } : around, { type: "Bundle" });
  if (issues.length === 0) return;
  const placed = (path: string) => path.replace(/^Bundle\.entry\[(\d+)\]/, (_, place: string) => `Bundle.entry[${odd[Number(place)]}]`);
  throw new FhirError(
    400,
    issues.map((issue) => ({ ...issue, ...(issue.expression && { expression: issue.expression.map(placed) }) })),
  );
}

const PLAIN = new Set(["fullUrl", "resource", "request"]);
const PLAIN_REQUEST = new Set(["method", "url"]);
const LEGAL_URI = /^[^\0- ]+$/;

/** Whether `entriesOf` has checked everything in the entry but the form of its urls; true for nearly all. */
function isPlain(entry: unknown): boolean {
  if (!isObject(entry) || !isObject(entry.request)) return false;
  for (const name in entry) if (!PLAIN.has(name)) return false;
  for (const name in entry.request) if (!PLAIN_REQUEST.has(name)) return false;
  const { fullUrl, request } = entry;
  const isAddress = fullUrl === undefined || (LEGAL_URI.test(fullUrl as string) && !(fullUrl as string).includes("/_history/"));
  return isAddress && LEGAL_URI.test(request.url as string);
}

function withoutResource(entry: unknown): unknown {
  if (!isObject(entry)) return entry;
  const { resource: _, ...rest } = entry;
  return rest;
}
