/** Which requests may have a large answer, judging by what they ask for: these take turns, client by client (`services/api/http/large-reads.ts`). */
import { PIECE_BYTES } from "../../../federation/row-contents.ts";
import type { Answer } from "../http/answer.ts";
import { overloaded } from "../http/in-flight.ts";
import type { FhirRequest } from "./request.ts";

/** Page size up to which no turn is needed, unless much is included: the lists of the pages stay below it. */
const SMALL_COUNT = 200;

/** Operations that return everything there is. */
const WHOLE = new Set(["$everything", "$lastn", "*"]);

/**
 * Answers the request. If the answer may be large, it takes a turn: at the beginning if the request asks for much, otherwise when the answer
 * turns out to be large (`becomeLarge`). @throws 503 if its turn does not come in time
 */
export async function inTurn(request: FhirRequest, ask: (request: FhirRequest) => Promise<Answer>): Promise<Answer> {
  let turn: Promise<() => void> | undefined;
  const begin = () => {
    turn ??= request.largeTurn();
    return turn;
  };
  const becomeLarge = async () => {
    if (request.isGone()) throw overloaded(); // between two pieces, if the client has left
    if (turn) return;
    request.hold(PIECE_BYTES); // for the results so far, while it waits
    await begin().finally(() => request.hold(-PIECE_BYTES));
  };
  try {
    if (mayBeLarge(request)) await begin();
    return await ask({ ...request, becomeLarge });
  } finally {
    // If the turn was refused, there is none to give back.
    const leave = await turn?.catch(() => undefined);
    leave?.();
  }
}

/** Whether a read asks for more than a page of the usual size. */
export function mayBeLarge({ method, path, query }: Pick<FhirRequest, "method" | "path" | "query">): boolean {
  if (method !== "GET") return false;
  return WHOLE.has(path.at(-1) ?? "") || query.some(([name, value]) => asksForMuch(name, value));
}

/** What a page link asks for is encrypted in it. */
const asksForMuch = (name: string, value: string): boolean =>
  name === "_page" ||
  name.startsWith("_revinclude") ||
  (name.startsWith("_include") && (name.endsWith(":iterate") || name.endsWith(":recurse") || value.startsWith("*"))) ||
  (name === "_count" && Number(value) > SMALL_COUNT);
