/** POST to the base: batch and transaction (FHIR R4, http.html#transaction). */
import { type BundleEntry, entriesOf, isRead, itemsOf, type RequestBundle } from "../../../../fhir/bundle/entries.ts";
import { replaceLinksInCriteria } from "../../../../fhir/bundle/criteria-links.ts";
import { linksTo, type LinkTarget, brokenLinksIn } from "../../../../fhir/bundle/replace-links.ts";
import { comparableUri, isLocalToBundle } from "../../../../fhir/bundle/uris.ts";
import { parseInTurns } from "../../../../fhir/bundle/parse-in-turns.ts";
import { refuseFaultyShell } from "../../../../fhir/bundle/shell.ts";
import { etagOf } from "../../../../fhir/etag.ts";
import { parseInput, withMember } from "../../../../fhir/json.ts";
import { FhirError, fhirError, type Issue, outcome } from "../../../../fhir/outcome.ts";
import { patchText } from "../../../../fhir/patch/index.ts";
import { deletesPart } from "../../../../federation/seen.ts";
import { askingFor } from "../../../../mesh/caller.ts";
import { mapConcurrent, mapWeighted } from "../../../../mesh/map-concurrent.ts";
import { fairTurn } from "../../../../mesh/turns.ts";
import { type EntryResult, transactions } from "../../../transactions/transactions.contract.ts";
import { reportUnseenDeletion } from "../../access/unseen.ts";
import { type Answer, sizeOf } from "../../http/answer.ts";
import { kindOf } from "../../http/answer-sizes.ts";
import { httpError } from "../../http/http-error.ts";
import { LARGE_ANSWER } from "../answer-limits.ts";
import { PLACES, placesOf } from "../batch-places.ts";
import { bundleAnswer, type EntryText, keptEntry } from "../bundle-answer.ts";
import { FHIR_JSON } from "../media-types.ts";
import { refusalOf } from "../fhir-refusals.ts";
import { type FhirRequest, pairsOf, pathOf } from "../request.ts";
import { withLocalReferences } from "./resource.ts";

type Handle = (request: FhirRequest) => Promise<Answer>;

/** What a bundle needs from the rest of the gateway: for the entries of a batch, and the reads of a transaction. */
export interface Server {
  answer: Handle;
  /** @throws if the request can be refused whatever is stored; calls no service */
  refuseImpossible(request: FhirRequest): Promise<void>;
}

/**
 * POST of a batch or transaction Bundle.
 * @throws FhirError 400 for another type of bundle, 413, 422; for a transaction, the error of the refused entry
 */
export async function bundle(request: FhirRequest, server: Server): Promise<Answer> {
  const text = await request.body();
  if (TRANSACTION.test(text.slice(0, 500))) return transaction(request, text, server);
  const parsed = (await parseInTurns(text, fairTurn)) as RequestBundle;
  const type = parsed?.resourceType === "Bundle" ? parsed.type : undefined;
  if (type === "transaction") return transaction(request, text, server);
  if (type !== "batch") {
    throw fhirError(400, "invalid", "A POST to the server's base must have a Bundle of type batch or transaction.", "Bundle.type");
  }
  return batch(request, parsed, server.answer);
}

/**
 * The usual beginning of a transaction: the coordinator parses it, and should be the only one. A text that begins in another way is parsed here
 * to know its type.
 */
const TRANSACTION = /^\s*\{\s*"resourceType"\s*:\s*"Bundle"\s*,\s*(?:"id"\s*:\s*"[^"\\]*"\s*,\s*)?"type"\s*:\s*"transaction"/;

async function transaction(request: FhirRequest, text: string, server: Server): Promise<Answer> {
  const { caller, base, bases, prefer } = request;
  request.directory.requireTransactions();
  const representation = prefer.return === "representation";
  const sent = MAY_READ.test(text) ? entriesOf((await parseInTurns(text, fairTurn)) as RequestBundle, bases) : [];
  const reads = sent.filter(isRead);
  // Reads would be answered before the commit, and stored with the answer.
  if (reads.length > 0 && request.caller.meta?.keyed) throw readsUnderKey();
  await refuseImpossibleReads(request, reads, server);
  const local = withLocalReferences(request, text);
  const results = await transactions.process(caller, { text: local, base, bases, representation });
  reportUnseenDeletions(request, text, results);
  const bounded = within(MAX_ANSWER_BYTES, server.answer);
  const read = new Map(linkedReads(sent, results).map((entry) => [entry.index, entry]));
  const entries = await mapConcurrent(results, async (result, index) =>
    result === null ? readEntry(request, read.get(index) as BundleEntry, bounded) : writtenEntry(base, result, prefer.return),
  );
  return bundleAnswer("transaction-response", entries);
}

/** The coordinator deletes nothing for an entry about what its caller may not see. */
function reportUnseenDeletions(request: FhirRequest, text: string, results: (EntryResult | null)[]): void {
  const isUnseen = (result: EntryResult | null | undefined) =>
    result?.status === 204 && result.version === 0 && deletesPart(request.caller, result.type);
  if (!results.some(isUnseen)) return;
  for (const entry of entriesOf(parseInput(text) as RequestBundle, request.bases)) {
    if (isUnseen(results[entry.index])) reportUnseenDeletion(entryRequest(request, entry), entry.type as string);
  }
}

const readsUnderKey = () =>
  fhirError(501, "not-supported", "A transaction that also reads cannot have an Idempotency-Key: send the reads separately.");

/** The reads, with links in their criteria replaced by what the other entries have created (R4, http.html#trules). */
function linkedReads(entries: BundleEntry[], results: (EntryResult | null)[]): BundleEntry[] {
  const byFullUrl = new Map<string, LinkTarget>();
  for (const { index, fullUrl } of entries) {
    const result = results[index];
    if (fullUrl !== undefined && result?.id) byFullUrl.set(comparableUri(fullUrl), { reference: `${result.type}/${result.id}` });
  }
  return entries.filter(isRead).map((entry) => {
    if (byFullUrl.size === 0 || entry.query === undefined) return entry;
    const path = entry.url.slice(0, entry.url.indexOf("?"));
    const query = replaceLinksInCriteria(path.split("/", 1)[0] as string, entry.query, linksTo(byFullUrl, entry.fullUrl));
    return { ...entry, query, url: `${path}?${query}` };
  });
}

/**
 * The coordinator parses a transaction; the gateway does so too only if some entry may be a read: by its method, or by the URL of an operation or a search by POST.
 * Letters may be written as escapes.
 */
const MAY_READ = /"(?:GET|HEAD)"|"url"\s*:\s*"[^"$]*(?:\$|_search)|\\u00(?:4[1-9A-Fa-f]|5[0-9AaFf]|[67][0-9A-Fa-f]|24)/;

/**
 * All entries succeed, or none (R4, http.html#transaction): a read that cannot succeed is refused before anything is written.
 * @throws FhirError with every such entry
 */
async function refuseImpossibleReads(request: FhirRequest, reads: BundleEntry[], { refuseImpossible }: Server): Promise<void> {
  const refusals: { status: number; issues: Issue[] }[] = [];
  for (const entry of reads) {
    try {
      await refuseImpossible(entryRequest(request, entry));
    } catch (error) {
      const { status, issues } = refusalOf(error);
      const expression = [`Bundle.entry[${entry.index}].request.url`];
      refusals.push({ status, issues: issues.map((issue) => ({ ...issue, expression })) });
    }
  }
  const [first] = refusals;
  if (first) {
    throw new FhirError(
      first.status,
      refusals.flatMap(({ issues }) => issues),
    );
  }
}

/** The writes are committed by now: a failed read is answered as the entry's own outcome. */
async function readEntry(request: FhirRequest, entry: BundleEntry, handle: Handle): Promise<EntryText> {
  const asked = entryRequest(request, entry);
  try {
    return keptEntry(answerEntry(await handle(asked), entry));
  } catch (error) {
    return refusedEntry(asked, error);
  }
}

async function batch(request: FhirRequest, parsed: RequestBundle, handle: Handle): Promise<Answer> {
  const items = itemsOf(parsed);
  refuseFaultyShell({ ...parsed, entry: undefined });
  const bounded = within(MAX_ANSWER_BYTES, handle);
  const entries = await mapWeighted(items, (item, index) => batchEntry(request, item, index, bounded), { places: PLACES, placesOf });
  return bundleAnswer("batch-response", entries);
}

/** Limit of the answers to all entries together; further entries are not carried out. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Handles requests until their answers reach this number of bytes; reads whose answers may be large take turns. @throws FhirError 413, before anything is done */
function within(most: number, handle: Handle): Handle {
  let bytes = 0;
  return async (request) => {
    if (bytes > most) {
      throw fhirError(
        413,
        "too-costly",
        `The answers before this one have ${most / 1024 / 1024} MB: send the rest in a bundle of its own.`,
      );
    }
    const answer = await readInTurn(request, handle);
    const length = sizeOf(answer);
    request.hold(length);
    bytes += length;
    return answer;
  };
}

/** Room that a large read must find before it begins: what is expected may be much more than it has. Bytes. */
const MAX_EXPECTED = 8 * 1024 * 1024;

/** A read takes a turn as it would by itself: a bundle names a large resource in a few bytes, any number of times. */
async function readInTurn(request: FhirRequest, handle: Handle): Promise<Answer> {
  const { method, path } = request;
  if (method !== "GET") return handle(request);
  const kind = kindOf(`/${path.join("/")}`);
  const expected = request.expectedSize(kind);
  if (expected < LARGE_ANSWER) return noted(request, kind, await handle(request));
  const leave = await request.largeTurn();
  let held = 0;
  try {
    await fairTurn(); // turns that follow each other would keep everything else waiting
    const room = Math.min(expected, MAX_EXPECTED);
    request.hold(room); // refused before it is read
    held = room;
    // A second turn within this one could wait for others that do the same.
    return noted(request, kind, await handle({ ...request, largeTurn: async () => () => {} }));
  } finally {
    if (held > 0) request.hold(-held);
    leave();
  }
}

function noted(request: FhirRequest, kind: string, answer: Answer): Answer {
  request.noteSize(kind, sizeOf(answer));
  return answer;
}

/** The entries of a batch are independent: the error of one is its own answer. */
async function batchEntry(request: FhirRequest, item: unknown, index: number, handle: Handle): Promise<EntryText> {
  let asked = request;
  await fairTurn(); // what entries do before they wait for a service would otherwise be done for all of them at once
  try {
    const alone = { resourceType: "Bundle", type: "batch", entry: [item] };
    const [entry] = entriesOf(alone, request.bases);
    refuseFaultyShell(alone);
    refuseLinksInBatch(entry as BundleEntry);
    asked = entryRequest(request, entry as BundleEntry);
    return keptEntry(answerEntry(await handle(asked), entry as BundleEntry));
  } catch (error) {
    await fairTurn(); // a refusal may name 10,000 faults, and several come at once
    return refusedEntry(asked, error, (path) => path.replace("entry[0]", `entry[${index}]`));
  }
}

/** The entries of a batch cannot refer to each other (R4, http.html#batch). @throws FhirError 400 for such a link */
function refuseLinksInBatch({ type, resource, method, query, ifNoneExist }: BundleEntry): void {
  if (type === undefined) return;
  const links = resource && method !== "DELETE" ? brokenLinksIn(resource) : new Set<string>();
  const criteria = method === "POST" ? ifNoneExist : query;
  if (criteria !== undefined) {
    replaceLinksInCriteria(type, criteria, (link) => {
      if (isLocalToBundle(link)) links.add(link);
      return undefined;
    });
  }
  const [link] = links;
  if (link === undefined) return;
  const diagnostics = `${link.slice(0, 200)} leads nowhere: the entries of a batch cannot link to each other, those of a transaction can.`;
  throw fhirError(400, "invalid", diagnostics, "Bundle.entry[0]");
}

function refusedEntry(request: FhirRequest, error: unknown, placed = (path: string): string => path): EntryText {
  const { status, issues } = refusalOf(request.report(error));
  const named = issues.map((issue) => ({ ...issue, ...(issue.expression && { expression: issue.expression.map(placed) }) }));
  return keptEntry(`{"response":{"status":"${status}","outcome":${JSON.stringify(outcome(...named))}}}`);
}

function entryRequest(request: FhirRequest, entry: BundleEntry): FhirRequest {
  const mark = entry.url.indexOf("?");
  const search = mark < 0 ? "" : entry.url.slice(mark + 1);
  const headers: Record<string, string | undefined> = {
    accept: FHIR_JSON,
    "if-match": entry.ifMatch,
    "if-none-match": entry.ifNoneMatch,
    "if-none-exist": entry.ifNoneExist,
    "if-modified-since": entry.ifModifiedSince,
    host: request.header("host"), // of the bundle: references may use that name
  };
  const caller = askingFor(request.caller, `${entry.method} /fhir/${entry.url} in ${request.method} /fhir`);
  const path = pathOf(mark < 0 ? entry.url : entry.url.slice(0, mark));
  // A search by POST has its criteria in the URL here, as a search by GET.
  const isSearch = entry.operation === "_search" && path.at(-1) === "_search";
  return {
    ...request,
    caller,
    report: (error) => request.report(error, caller, entry.resource === undefined ? "" : JSON.stringify(entry.resource)),
    method: entry.method === "HEAD" || isSearch ? "GET" : entry.method,
    path: isSearch ? path.slice(0, -1) : path,
    query: pairsOf(search),
    search,
    header: (name) => headers[name],
    body: async () => {
      if (entry.resource === undefined) throw httpError(400, "BODY_MISSING", "The request needs a body: the entry's resource.");
      return entry.method === "PATCH" ? patchText(entry.resource) : JSON.stringify(entry.resource);
    },
  };
}

function writtenEntry(base: string, { status, type, id, version, updated, json }: EntryResult, prefer: string | undefined): string {
  const phrase = status === 201 ? "201 Created" : status === 204 ? "204 No Content" : "200 OK";
  if (version === 0) return `{"response":{"status":"${phrase}"}}`;
  const modified = updated > 0 ? `,"lastModified":"${new Date(updated).toISOString()}"` : "";
  const location = status === 204 ? "" : `,"location":"${type}/${id}/_history/${version}"`;
  const told =
    prefer === "OperationOutcome"
      ? `,"outcome":${JSON.stringify(outcome({ severity: "information", code: "informational", diagnostics: phrase }))}`
      : "";
  const response = `"response":{"status":"${phrase}"${location},"etag":${JSON.stringify(etagOf(version))}${modified}${told}}`;
  return json === undefined ? `{${response}}` : `{"fullUrl":"${base}/${type}/${id}","resource":${json},${response}}`;
}

const OUTCOME = /^\{"resourceType":"OperationOutcome"/;

/** The answer to a request as an entry of a response bundle. */
function answerEntry({ status, headers = {}, body, updated }: Answer, entry: BundleEntry): string {
  const { method } = entry;
  const response = {
    status: String(status),
    ...(headers.Location !== undefined && { location: headers.Location }),
    ...(headers.ETag !== undefined && { etag: headers.ETag }),
    ...(updated !== undefined && { lastModified: new Date(updated).toISOString() }),
  };
  if (body === undefined) return `{"response":${JSON.stringify(response)}}`;
  if (status >= 400) return `{"response":${withMember(response, "outcome", body ?? "null")}}`;
  if (method === "HEAD") return `{"response":${JSON.stringify(response)}}`;
  // What a write tells of itself is the outcome (R4, Bundle.entry.response.outcome), of a read or an operation it would be the resource.
  if (!isRead(entry) && OUTCOME.test(body)) return `{"response":${withMember(response, "outcome", body)}}`;
  return `{"resource":${body},"response":${JSON.stringify(response)}}`;
}
