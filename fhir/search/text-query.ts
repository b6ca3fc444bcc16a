/**
 * Parses `_text` and `_content` (FHIR R4, search.html#content): words, "phrases", AND, OR, NOT and parentheses, in any case. Terms beside
 * each other are joined by AND. `(bone OR liver) and metastases` → bone with metastases, or liver with metastases.
 */
import { fhirError } from "../outcome.ts";

/** One way to match: all phrases of one list and none of the other. */
export interface Alternative {
  all: string[];
  none: string[];
}

/** Alternatives of one query, which parentheses multiply. */
const MAX_ALTERNATIVES = 200;
/** Words of all alternatives together: an index reads all positions of each. */
const MAX_WORDS = 300;

type Node = { word: string } | { not: Node } | { all: Node[] } | { any: Node[] };

/**
 * An unclosed parenthesis or phrase ends with the query; characters that are neither words nor parentheses are ignored.
 * @param name of the parameter, for messages
 * @throws FhirError 400 for a query without a word to find, or with too many alternatives
 */
export function parseTextQuery(query: string, name: string): Alternative[] {
  const tokens = query.match(/"[^"]*"|[()]|[^\s"()]+/g) ?? [];
  const read = new Reader(tokens.filter((token) => token === "(" || token === ")" || /[\p{L}\p{N}]/u.test(token)));
  const alternatives = alternativesOf(read.whole(), false, name);
  if (alternatives.length === 0 || alternatives.some(({ all }) => all.length === 0)) {
    throw fhirError(400, "invalid", `"${name}" needs a word to look for, besides what must not be there.`, name);
  }
  const words = alternatives
    .flatMap(({ all, none }) => [...all, ...none])
    .reduce((sum, phrase) => sum + (phrase.match(WORD)?.length ?? 0), 0);
  if (words > MAX_WORDS) throw fhirError(400, "too-costly", `"${name}" comes to ${words} words; ${MAX_WORDS} are the most.`, name);
  return alternatives;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

class Reader {
  readonly #tokens: string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  whole(): Node {
    const all: Node[] = [];
    while (this.#at < this.#tokens.length) {
      all.push(this.#any());
      this.#at += 1; // a closing parenthesis without an opening one
    }
    return { all };
  }

  #any(): Node {
    const any = [this.#all()];
    while (this.#isNext("OR")) {
      this.#at += 1;
      any.push(this.#all());
    }
    return { any };
  }

  #all(): Node {
    const all: Node[] = [];
    for (let token = this.#tokens[this.#at]; token !== undefined && token !== ")" && !this.#isNext("OR"); token = this.#tokens[this.#at]) {
      if (this.#isNext("AND")) this.#at += 1;
      else all.push(this.#one());
    }
    return { all };
  }

  #one(): Node {
    const token = this.#tokens[this.#at] ?? "";
    this.#at += 1;
    if (token.toUpperCase() === "NOT" && this.#at < this.#tokens.length && this.#tokens[this.#at] !== ")") return { not: this.#one() };
    if (token !== "(" || this.#depth > MAX_ALTERNATIVES) return { word: token.replaceAll('"', "") };
    this.#depth += 1;
    const inner = this.#any();
    this.#depth -= 1;
    this.#at += 1; // the closing parenthesis
    return inner;
  }

  #isNext(word: string): boolean {
    return this.#tokens[this.#at]?.toUpperCase() === word;
  }
}

function alternativesOf(node: Node, isNot: boolean, name: string): Alternative[] {
  if ("word" in node) return [isNot ? { all: [], none: [node.word] } : { all: [node.word], none: [] }];
  if ("not" in node) return alternativesOf(node.not, !isNot, name);
  const parts = "all" in node ? node.all : node.any;
  const each = parts.map((part) => alternativesOf(part, isNot, name)).filter((some) => some.length > 0);
  if ("any" in node !== isNot) return bounded(each.flat(), name);
  let product: Alternative[] = [];
  for (const [index, some] of each.entries()) {
    product =
      index === 0
        ? some
        : bounded(
            product.flatMap((a) => some.map((b) => ({ all: [...a.all, ...b.all], none: [...a.none, ...b.none] }))),
            name,
          );
  }
  return product;
}

function bounded(alternatives: Alternative[], name: string): Alternative[] {
  if (alternatives.length > MAX_ALTERNATIVES) {
    throw fhirError(400, "too-costly", `"${name}" has more than ${MAX_ALTERNATIVES} alternatives: ask for less at once.`, name);
  }
  return alternatives;
}
