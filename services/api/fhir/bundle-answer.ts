/** The answer to a bundle, put together from its entries without a copy of them all: they may have 64 MB together. */
import type { Answer } from "../http/answer.ts";
import { FHIR_JSON } from "./media-types.ts";

/** From this length on, the text of an entry becomes bytes as soon as it is there; shorter ones do so together. Characters. */
const LONG = 64 * 1024;
/** A shorter answer stays a text, which can be indented. Characters. */
const SHORT_ANSWER = 512 * 1024;

/** JSON text of an entry of the answer, as a text or as UTF-8. */
export type EntryText = string | Buffer;

/** The text as it is kept until the answer is sent: as UTF-8, a long one takes half of the memory of a text, or a quarter. */
export const keptEntry = (text: string): EntryText => (text.length < LONG ? text : Buffer.from(text));

/** @param type `batch-response` or `transaction-response` */
export function bundleAnswer(type: string, entries: readonly EntryText[]): Answer {
  const headers = { "Content-Type": FHIR_JSON };
  const [head, tail] = entries.length > 0 ? [',"entry":[', "]}"] : ["", "}"];
  const begin = `{"resourceType":"Bundle","type":"${type}"${head}`;
  const length = entries.reduce((sum, entry) => sum + entry.length, 0);
  if (length <= SHORT_ANSWER) return { status: 200, headers, body: begin + entries.join(",") + tail };
  const bytes: Buffer[] = [];
  let text = begin;
  for (const [index, entry] of entries.entries()) {
    if (index > 0) text += ",";
    if (typeof entry === "string") text += entry;
    if (typeof entry === "string" && text.length < LONG) continue;
    bytes.push(Buffer.from(text));
    text = "";
    if (typeof entry !== "string") bytes.push(entry);
  }
  bytes.push(Buffer.from(text + tail));
  return { status: 200, headers, bytes };
}
