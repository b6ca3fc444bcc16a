/** What a person receives on streams of versions (`VERSION_EVENTS_PATH`) while visible and hidden resources are changed and deleted. */
import { VERSION_EVENTS_PATH } from "../../services/api/http/version-streams.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { IDS } from "./hidden-requests.ts";

/** Changed last, of all patients: each stream with any notification receives it, as its last one. */
const LAST = "Patient/p0";
/** Receives everything, so that it is known when all was sent. */
const ALL = `types=${Object.keys(IDS).join(",")}`;

/** Of each type except these. */
const [KEPT, CHANGED] = [
  ["Patient", "Encounter"],
  [0, 6, 12],
];
/** What is changed here, if it exists: late notifications of earlier changes may arrive in only one of the hospitals. */
const OF_INTEREST = new RegExp(`^(?:${LAST}|(?!${KEPT.join("|")})\\w+/[a-z](?:${CHANGED.join("|")}))$`);

/** Each type by itself, and the records of two patients: whole, and their results. */
const ASKED = [
  ...Object.keys(IDS).map((type) => `types=Patient,${type}`),
  "patient=Patient/p0",
  "patient=Patient/p0&types=Patient,Observation,Condition,Invoice",
  "patient=Patient/none",
];

interface Versions {
  resources: string[];
  types: string[];
  isAll: boolean;
}

/** An open stream. */
interface Listening {
  /** @returns what was received until a resource was named, once each, sorted */
  until(resource: string): Promise<string>;
}

/**
 * @param tokens of the person, and of a program with all rights
 * @returns for each stream the answer, and what was received on it
 */
export async function heardBy(base: string, tokens: { person: string; loader: string }): Promise<string[]> {
  const loader = fhirAt(base, tokens.loader);
  const all = await listen(base, ALL, tokens.loader);
  if (typeof all === "string") throw new Error(all);
  const streams = await Promise.all(ASKED.map(async (query) => [query, await listen(base, query, tokens.person)] as const));
  // Both hospitals have these of each type, except hidden ones: changes of others are no difference.
  const touched: string[] = [];
  for (const [type, letter] of Object.entries(IDS)) {
    if (KEPT.includes(type)) continue;
    for (const n of CHANGED) {
      const at = `${type}/${letter}${n}`;
      const { status, body } = await loader.get(`/${at}`);
      if (status !== 200) continue;
      // What is final cannot be changed, or deleted under its dependents.
      const answers = [await loader.send("PUT", `/${at}`, { ...body, language: "fr" }), await loader.send("DELETE", `/${at}`)];
      if (answers.some((answer) => answer.status < 300)) touched.push(at);
    }
  }
  for (const at of touched) await all.until(at);
  await loader.send("PUT", `/${LAST}`, { ...(await loader.get(`/${LAST}`)).body, language: "fr" });
  return Promise.all(
    streams.map(async ([query, stream]) => {
      if (typeof stream === "string") return `${query}: ${stream}`;
      // A patient that does not exist has no notifications.
      return `${query}: ${query.endsWith("none") ? "open" : await stream.until(LAST)}`;
    }),
  );
}

/** @returns the answer, if it is not a stream */
async function listen(base: string, query: string, token: string): Promise<Listening | string> {
  const end = new AbortController();
  const answer = await fetch(`${base}${VERSION_EVENTS_PATH}?${query}`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: end.signal,
  });
  if (answer.status !== 200 || !answer.body) return `${answer.status} ${await answer.text()}`;
  const told = new Set<string>();
  let heard = () => {};
  let text = "";
  void (async () => {
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const [, data] of events.map((event) => /^event: versions\ndata: (.*)$/m.exec(event) ?? [])) {
        if (data === undefined) continue;
        const { resources, types, isAll } = JSON.parse(data) as Versions;
        // An event without resources would reveal that there is something.
        if (resources.length === 0) told.add(`nothing: ${types.join()} ${isAll}`);
        for (const one of resources) if (OF_INTEREST.test(one)) told.add(one);
      }
      heard();
    }
  })().catch(() => {}); // ended below
  return {
    async until(resource) {
      while (!told.has(resource)) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
      if (query !== ALL) end.abort();
      return [...told].sort().join(" ");
    },
  };
}
