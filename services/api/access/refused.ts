/** A try that was refused, as it is put on record. */
import type { AuditedDeed, AuditEntry } from "../../../federation/audit-contract.ts";
import { isType } from "../../../federation/errors.ts";
import type { Access } from "../../../mesh/access/access.ts";
import { authorFrom } from "../../../mesh/access/author.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";

const DEEDS: Record<string, AuditedDeed> = { POST: "create", PUT: "update", PATCH: "update", DELETE: "delete" };
const PLACE = new RegExp(`^/fhir/([A-Z][A-Za-z]+)(?:/(${ID_PATTERN}))?(?=[/?]|$)`);

/** Undefined for what is no refusal of a person who is known. */
export function refusedTry(
  error: unknown,
  access: Access,
  { meta, requestID }: Pick<Caller, "meta" | "requestID">,
): AuditEntry | undefined {
  if (!isType(error, "NOT_ALLOWED") || access.isOpen) return undefined;
  const by = authorFrom(access.authorOf({ ...(meta && { meta }) }) as string);
  const asked = String(meta?.["asked"] ?? "");
  const [method = "", url = ""] = asked.split(" ");
  const [, type, id] = PLACE.exec(url) ?? [];
  const action = /^\/api\/([\w-]+)\/([\w-]+)/.exec(url);
  const deed = action ? "operation" : (DEEDS[method] ?? (id === undefined ? "search" : "read"));
  const what = id === undefined ? undefined : `${type}/${id}`;
  return {
    at: Date.now(),
    deed,
    isDone: false,
    by,
    ...(action ? { type: `${action[1]}.${action[2]}` } : type !== undefined && { type }),
    ...(what !== undefined && { what: [what] }),
    ...(what !== undefined && type === "Patient" && { patients: [what] }),
    query: asked.slice(0, 4_000),
    ...(requestID && { call: requestID }),
  };
}
