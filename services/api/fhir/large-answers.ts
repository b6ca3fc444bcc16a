/** Which requests may have a large answer, as what they ask for says: these take turns, client by client (`services/api/http/large-reads.ts`). */
import { PIECE_BYTES } from "../../../federation/row-contents.ts";
import type { Answer } from "../http/answer.ts";
import { overloaded } from "../http/in-flight.ts";
import type { FhirRequest } from "./request.ts";

/** Matches, or versions, on a page; one that asks for no more passes, unless much comes along: lists of the pages for people do. */
const SMALL_COUNT = 200;

/** Operations that bring as much as there is. */
const WHOLE = new Set(["$everything", "$lastn", "*"]);

/**
 * Answers the request, in its turn where the answer may be large: from the begin where what it asks for says so, else from when it turns out
 * to be (`becomeLarge`). @throws 503 where the turn does not come in time
 */
export async function inTurn(request: FhirRequest, ask: (request: FhirRequest) => Promise<Answer>): Promise<Answer> {
  let turn: Promise<() => void> | undefined;
  const begin = () => {
    turn ??= request.largeTurn();
    return turn;
  };
  const becomeLarge = async () => {
    if (request.isGone()) throw overloaded(); // between two pieces, of a question that nobody asks any more
    if (turn) return;
    request.hold(PIECE_BYTES); // what it has found, while it waits
    await begin().finally(() => request.hold(-PIECE_BYTES));
  };
  try {
    if (mayBeLarge(request)) await begin();
    return await ask({ ...request, becomeLarge });
  } finally {
    // Where it was refused there is nothing to give back.
    const leave = await turn?.catch(() => undefined);
    leave?.();
  }
}

/** Whether a read asks for more than a page of the usual size. */
export function mayBeLarge({ method, path, query }: Pick<FhirRequest, "method" | "path" | "query">): boolean {
  if (method !== "GET") return false;
  return WHOLE.has(path.at(-1) ?? "") || query.some(([name, value]) => asksForMuch(name, value));
}

/** How much a page link asks for is sealed in it. */
const asksForMuch = (name: string, value: string): boolean =>
  name === "_page" ||
  name.startsWith("_revinclude") ||
  (name.startsWith("_include") && (name.endsWith(":iterate") || name.endsWith(":recurse") || value.startsWith("*"))) ||
  (name === "_count" && Number(value) > SMALL_COUNT);
