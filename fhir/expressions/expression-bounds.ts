/** Limits of an expression, checked before it is parsed: a parser needs stack for its depth and time for its length. */

/** Characters; R4's own longest rule has 366. */
const MAX_EXPRESSION = 4_000;
/** Levels of nested parentheses, brackets and braces. */
const MAX_NESTING = 50;
/** Operators and steps: each is a level of the syntax tree, since `a.b.c` is `(a.b).c`. */
const MAX_PARTS = 1_000;

const TOKEN = /'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[([{]|[)\]}]|\w+|[^\s\w]/gs;

/** @returns which limit is exceeded, as the end of a sentence about the expression; undefined if none is */
export function excessOf(expression: string): string | undefined {
  if (expression.length > MAX_EXPRESSION) return `must not be longer than ${MAX_EXPRESSION} characters`;
  let open = 0;
  let parts = 0;
  for (const [token] of expression.matchAll(TOKEN)) {
    parts += 1;
    if (parts > MAX_PARTS) return `must not have more than ${MAX_PARTS} names, values and operators`;
    if (token === "(" || token === "[" || token === "{") {
      open += 1;
      if (open > MAX_NESTING) return `must not be nested deeper than ${MAX_NESTING} levels`;
    } else if (token === ")" || token === "]" || token === "}") open -= 1;
  }
  return undefined;
}
