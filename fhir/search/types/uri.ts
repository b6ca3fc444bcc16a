/** Uris (R4, search.html#uri) and canonicals with a version: their index rows, and questions for them. */
import { fhirError } from "../../outcome.ts";
import { parametersOf, type SearchParameter, typeOfSlot } from "../parameters.ts";
import { type Clause, type KeyMatch, SEP } from "../query.ts";
import { isText, type RowWriter } from "./writer.ts";

/** A uri. */
export const uri: RowWriter = (sink, value) => {
  if (isText(value)) sink.key(`=${value}`);
};

/** The canonical of a conformance resource, with and without its version. */
export const canonical: RowWriter = (sink, value) => {
  if (!isText(value)) return;
  if (value.startsWith("#")) return sink.contained(value);
  const version = value.indexOf("|");
  if (version > 0) sink.key(`=${value.slice(0, version)}`);
  sink.key(`=${value}`);
};

/** Any version with this beginning: `http://a|1` finds `http://a|1.0` (R4 3.1.1.4.13). */
export function canonicalBelow(url: string): KeyMatch[] {
  return url.includes("|") ? [{ eq: `=${url}` }, { prefix: `=${url}.` }] : [{ eq: `=${url}` }];
}

/** A uri; with `below` and `above` also its descendants or ancestors. @throws FhirError 400 for a URN, which has no path */
function uriMatches(uri: string, modifier: string, name: string): KeyMatch[] {
  if (modifier === "") return [{ eq: `=${uri}` }];
  if (/^urn:/i.test(uri)) throw fhirError(400, "invalid", `":${modifier}" is about the path of a URL; a URN has none.`, name);
  if (modifier === "below") return [{ prefix: `=${uri}` }];
  return ancestorsOf(uri).map((above) => ({ eq: `=${above}` }));
}

/** `http://a/b/c` → itself, `http://a/b/`, `http://a/b`, `http://a/`, `http://a` */
function ancestorsOf(uri: string): string[] {
  const found = new Set([uri]);
  const root = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(uri)?.[0].length ?? 0;
  for (let end = uri.lastIndexOf("/"); end >= root && end > 0 && found.size < 200; end = uri.lastIndexOf("/", end - 1)) {
    found.add(uri.slice(0, end + 1)).add(uri.slice(0, end));
  }
  return [...found];
}

/** The url of a conformance resource may be followed by its business version: `url=http://a|1.0`. */
export function uriClauses({ code, slots }: SearchParameter, modifier: string, values: string[], name: string): Clause[] {
  const type = code === "url" && modifier === "" ? typeOfSlot(slots[0] as number) : undefined;
  const versions = type === undefined ? undefined : parametersOf(type).get("version")?.slots;
  if (!versions || !values.some((value) => value.includes("|"))) {
    return [{ kind: "key", slots, any: values.flatMap((value) => uriMatches(value, modifier, name)) }];
  }
  const of = values.map((value): Clause[] => {
    const [url = "", version] = value.split("|");
    const address: Clause = { kind: "key", slots, any: [{ eq: `=${url}` }] };
    return version ? [address, { kind: "key", slots: versions, any: [{ eq: `=${version.toLowerCase()}${SEP}` }] }] : [address];
  });
  const [only, ...others] = of;
  return only && others.length === 0 ? only : [{ kind: "any", of }];
}
