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
/** Parentheses within each other. */
const MAX_DEPTH = 100;

type Node = { word: string } | { not: Node } | { all: Node[] } | { any: Node[] };

/**
 * An unclosed parenthesis or phrase ends with the query; characters that are neither words nor parentheses are ignored.
 * @param name of the parameter, for messages
 * @throws FhirError 400 for a query without a word to find, or with too many words, alternatives or parentheses
 */
export function parseTextQuery(query: string, name: string): Alternative[] {
  const tokens = query.match(/"[^"]*"|[()]|[^\s"()]+/g) ?? [];
  const terms = tokens.filter((token) => !OPERATORS.has(token.toUpperCase()));
  refuseTooManyWords(terms, name); // before they are combined, by which they only become more
  const read = new Reader(
    tokens.filter((token) => token === "(" || token === ")" || /[\p{L}\p{N}]/u.test(token)),
    name,
  );
  const alternatives = alternativesOf(read.whole(), false, name);
  if (alternatives.length === 0 || alternatives.some(({ all }) => all.length === 0)) {
    throw fhirError(400, "invalid", `"${name}" needs a word to look for, besides what must not be there.`, name);
  }
  refuseTooManyWords(
    alternatives.flatMap(({ all, none }) => [...all, ...none]),
    name,
  );
  return alternatives;
}

function refuseTooManyWords(phrases: string[], name: string): void {
  const words = phrases.reduce((sum, phrase) => sum + (phrase.match(WORD)?.length ?? 0), 0);
  if (words > MAX_WORDS) throw fhirError(400, "too-costly", `"${name}" comes to ${words} words; ${MAX_WORDS} are the most.`, name);
}

const OPERATORS = new Set(["AND", "OR", "NOT"]);
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

class Reader {
  readonly #tokens: string[];
  readonly #name: string;
  #at = 0;
  #depth = 0;

  constructor(tokens: string[], name: string) {
    this.#tokens = tokens;
    this.#name = name;
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
    if (token !== "(") return { word: token.replaceAll('"', "") };
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw tooDeep(this.#name);
    const inner = this.#any();
    this.#depth -= 1;
    this.#at += 1; // the closing parenthesis
    return inner;
  }

  #isNext(word: string): boolean {
    return this.#tokens[this.#at]?.toUpperCase() === word;
  }
}

const tooDeep = (name: string) =>
  fhirError(400, "too-costly", `"${name}" has parentheses that are nested deeper than ${MAX_DEPTH} levels.`, name);

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
