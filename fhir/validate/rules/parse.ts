/** A small parser of FHIRPath (N1): the forms that R4's invariants are written in. What it does not know is left to a library. */

/** A parsed expression. */
export type Ast =
  | { is: "literal"; value: string | number | boolean }
  | { is: "this" }
  | { is: "variable"; name: string }
  | { is: "member"; of: Ast | undefined; name: string }
  | { is: "index"; of: Ast; index: number }
  | { is: "call"; of: Ast | undefined; name: string; args: Ast[] }
  | { is: "operator"; name: string; left: Ast; right: Ast }
  | { is: "type"; of: Ast; type: string };

/** Thrown for an expression that is not plain; the caller falls back to the library. */
export class NotPlain extends Error {}

const token = /\s*(?:('(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(%\w+|\$\w+)|(<=|>=|!=|[()[\].,=<>|&+]))/y;

/** Loosest first; FHIRPath N1, "Precedence". */
const LEVELS = [["implies"], ["or", "xor"], ["and"], ["in"], ["=", "!="], ["<=", ">=", "<", ">"], ["|"], ["is"], ["+", "&"]];

const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", f: "\f", "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/" };

/** Parentheses within one another. */
const DEEPEST = 50;

/** @throws NotPlain */
export function parse(expression: string): Ast {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.trimEnd().length) {
    const found = token.exec(expression);
    if (!found) throw new NotPlain(expression);
    tokens.push(found[0].trim());
  }
  let at = 0;
  let depth = 0;

  /** The token at the place; the place is behind it then. */
  function take(): string | undefined {
    at += 1;
    return tokens[at - 1];
  }

  function expect(text: string): void {
    if (take() !== text) throw new NotPlain(expression);
  }

  function goDeeper(): void {
    depth += 1;
    if (depth > DEEPEST) throw new NotPlain(expression);
  }

  function level(index: number): Ast {
    const operators = LEVELS[index];
    if (!operators) return path();
    let left = level(index + 1);
    for (let name = tokens[at]; name !== undefined && operators.includes(name); name = tokens[at]) {
      at += 1;
      if (name === "is") left = { is: "type", of: left, type: take() ?? "" };
      else left = { is: "operator", name, left, right: level(index + 1) };
    }
    return left;
  }

  function path(): Ast {
    let found = term(undefined);
    for (;;) {
      if (tokens[at] === ".") {
        at += 1;
        found = term(found);
      } else if (tokens[at] === "[") {
        const index = tokens[at + 1] ?? "";
        if (!/^\d{1,9}$/.test(index)) throw new NotPlain(expression);
        at += 2;
        expect("]");
        found = { is: "index", of: found, index: Number(index) };
      } else {
        return found;
      }
    }
  }

  function term(of: Ast | undefined): Ast {
    const text = take();
    if (text === undefined) throw new NotPlain(expression);
    if (text === "(" && !of) {
      goDeeper();
      const inner = level(0);
      depth -= 1;
      expect(")");
      return inner;
    }
    if (!of) {
      if (text === "true" || text === "false") return { is: "literal", value: text === "true" };
      if (text.startsWith("'")) return { is: "literal", value: unquoted(text) };
      if (/^\d/.test(text)) return { is: "literal", value: Number(text) };
      if (text === "$this") return { is: "this" };
      if (text.startsWith("%")) return { is: "variable", name: text.slice(1) };
    }
    if (!/^[A-Za-z_]/.test(text)) throw new NotPlain(expression);
    if (tokens[at] !== "(") return { is: "member", of, name: text };
    at += 1;
    goDeeper();
    const args: Ast[] = [];
    while (tokens[at] !== ")") {
      args.push(level(0));
      if (tokens[at] === ",") at += 1;
      else if (tokens[at] !== ")") throw new NotPlain(expression);
    }
    at += 1;
    depth -= 1;
    return { is: "call", of, name: text, args };
  }

  const found = level(0);
  if (at !== tokens.length) throw new NotPlain(expression);
  return found;
}

/** Escapes as FHIRPath has them; R4's rules have regular expressions with others (`\d`), which stand for what is behind the stroke. */
const unquoted = (text: string) =>
  text
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, c: string) =>
      hex === undefined ? (escapes[c] ?? c) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
