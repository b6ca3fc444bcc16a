/** Splits files into units: bundles, and groups of NDJSON lines. Each is one transaction. */
import { parseJson } from "../../fhir/json.ts";
import { linesOf, type SourceFile, textOf } from "./files.ts";
import type { Entry, ImportedResource } from "./once.ts";
import { depthOfLine, type Pass, passesOf } from "./bring-order.ts";
import { type ImportUnit, MAX_CHARACTERS, MAX_RESOURCES } from "./unit.ts";

/** A line or a file that cannot be read; `where` is for people. */
export interface Fault {
  where: string;
  reason: string;
}

/** The units of the files, referenced types first; unreadable ones go to `onFault`. */
export async function* unitsOf(files: SourceFile[], onFault: (fault: Fault) => void): AsyncGenerator<ImportUnit> {
  for (const pass of await passesOf(files)) {
    const { file } = pass;
    if (file.kind === "bundle") yield { file, kind: "bundle", lines: [], bytes: file.bytes, entries: () => bundleEntries(file.path) };
    else yield* groupsOf(pass, onFault);
  }
}

async function bundleEntries(path: string): Promise<Entry[]> {
  const bundle = parseJson(await textOf(path)) as { resourceType?: unknown; type?: unknown; entry?: unknown } | null;
  if (bundle?.resourceType !== "Bundle" || bundle.type !== "transaction") {
    const is =
      bundle?.resourceType === "Bundle" ? `a Bundle of type ${bundle.type}` : `a ${bundle?.resourceType ?? "file without resourceType"}`;
    throw new Error(`it is ${is}: only bundles of type transaction, and NDJSON, can be imported`);
  }
  const entries = (Array.isArray(bundle.entry) ? bundle.entry : []) as Partial<Entry>[];
  const bare = entries.findIndex((entry) => typeof entry?.request?.method !== "string" || typeof entry.request.url !== "string");
  if (bare >= 0) throw new Error(`Bundle.entry[${bare}] has no request`);
  return entries as Entry[];
}

async function* groupsOf({ file, depth, share }: Pass, onFault: (fault: Fault) => void): AsyncGenerator<ImportUnit> {
  let entries: Entry[] = [];
  let lines: number[] = [];
  let characters = 0;
  let told = 0;
  const group = (bytesRead: number): ImportUnit => {
    const [mine, bytes] = [entries, Math.round((bytesRead - told) * share)];
    const unit: ImportUnit = { file, kind: "group", lines, bytes, entries: async () => mine };
    [entries, lines, characters, told] = [[], [], 0, bytesRead];
    return unit;
  };
  try {
    for await (const { number, text, bytesRead } of linesOf(file.path)) {
      if (depth !== undefined && depthOfLine(text) !== depth) continue;
      try {
        entries.push(entryOf(parseJson(text) as ImportedResource | null));
        lines.push(number);
        characters += text.length;
      } catch (error) {
        onFault({ where: `${file.path}:${number}`, reason: (error as Error).message });
      }
      if (entries.length >= MAX_RESOURCES || characters >= MAX_CHARACTERS) yield group(bytesRead);
    }
  } catch (error) {
    onFault({ where: file.path, reason: (error as Error).message });
  }
  yield group(file.bytes); // the rest; an empty group still completes the file's progress
}

/** The entry for a resource: one with an id keeps it, and so the references to it; one without gets a new one. */
function entryOf(resource: ImportedResource | null): Entry {
  if (typeof resource?.resourceType !== "string") throw new Error("it is no FHIR resource: resourceType is missing");
  const { resourceType, id } = resource;
  return { resource, request: id === undefined ? { method: "POST", url: resourceType } : { method: "PUT", url: `${resourceType}/${id}` } };
}
