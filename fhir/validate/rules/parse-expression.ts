/** A small parser for FHIRPath (N1): the forms that R4's invariants use. Other forms are left to the library. */

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

/** Thrown for an expression with other forms; the caller falls back to the library. */
export class NotPlain extends Error {}

const token = /\s*(?:('(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(%\w+|\$\w+)|(<=|>=|!=|[()[\].,=<>|&+]))/y;

/** Operators from the lowest to the highest precedence; FHIRPath N1, "Precedence". */
const LEVELS = [["implies"], ["or", "xor"], ["and"], ["in"], ["=", "!="], ["<=", ">=", "<", ">"], ["|"], ["is"], ["+", "&"]];

const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", f: "\f", "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/" };

/** Levels of nested parentheses. */
const DEEPEST = 50;

/** @throws NotPlain */
export function parse(expression: string): Ast {
  return new Parser(expression).whole();
}

/** The texts of an expression's tokens. @throws NotPlain */
function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.trimEnd().length) {
    const found = token.exec(expression);
    if (!found) throw new NotPlain(expression);
    tokens.push(found[0].trim());
  }
  return tokens;
}

/** A recursive descent parser over the tokens of one expression. */
class Parser {
  readonly #expression: string;
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = tokensOf(expression);
  }

  whole(): Ast {
    const found = this.#level(0);
    if (this.#at !== this.#tokens.length) throw this.#notPlain();
    return found;
  }

  #notPlain(): NotPlain {
    return new NotPlain(this.#expression);
  }

  get #next(): string | undefined {
    return this.#tokens[this.#at];
  }

  /** Returns the next token and moves past it. */
  #take(): string | undefined {
    this.#at += 1;
    return this.#tokens[this.#at - 1];
  }

  #expect(text: string): void {
    if (this.#take() !== text) throw this.#notPlain();
  }

  /** Runs `read` within a parenthesis. */
  #within<Of>(read: () => Of): Of {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw this.#notPlain();
    const found = read();
    this.#depth -= 1;
    return found;
  }

  #level(index: number): Ast {
    const operators = LEVELS[index];
    if (!operators) return this.#path();
    let left = this.#level(index + 1);
    for (let name = this.#next; name !== undefined && operators.includes(name); name = this.#next) {
      this.#at += 1;
      if (name === "is") left = { is: "type", of: left, type: this.#take() ?? "" };
      else left = { is: "operator", name, left, right: this.#level(index + 1) };
    }
    return left;
  }

  #path(): Ast {
    let found = this.#term(undefined);
    for (;;) {
      if (this.#next === ".") {
        this.#at += 1;
        found = this.#term(found);
      } else if (this.#next === "[") {
        this.#at += 1;
        const index = this.#take() ?? "";
        if (!/^\d{1,9}$/.test(index)) throw this.#notPlain();
        this.#expect("]");
        found = { is: "index", of: found, index: Number(index) };
      } else {
        return found;
      }
    }
  }

  /** @param of the expression before the dot; undefined: none */
  #term(of: Ast | undefined): Ast {
    const text = this.#take();
    if (text === undefined) throw this.#notPlain();
    if (text === "(" && !of) {
      const inner = this.#within(() => this.#level(0));
      this.#expect(")");
      return inner;
    }
    const plain = of ? undefined : constantOf(text);
    if (plain) return plain;
    if (!/^[A-Za-z_]/.test(text)) throw this.#notPlain();
    if (this.#next !== "(") return { is: "member", of, name: text };
    this.#at += 1;
    return { is: "call", of, name: text, args: this.#within(() => this.#args()) };
  }

  #args(): Ast[] {
    const args: Ast[] = [];
    while (this.#next !== ")") {
      args.push(this.#level(0));
      if (this.#next === ",") this.#at += 1;
      else if (this.#next !== ")") throw this.#notPlain();
    }
    this.#at += 1;
    return args;
  }
}

/** A literal, `$this` or a variable; undefined for any other token. */
function constantOf(text: string): Ast | undefined {
  if (text === "true" || text === "false") return { is: "literal", value: text === "true" };
  if (text.startsWith("'")) return { is: "literal", value: unquoted(text) };
  if (/^\d/.test(text)) return { is: "literal", value: Number(text) };
  if (text === "$this") return { is: "this" };
  return text.startsWith("%") ? { is: "variable", name: text.slice(1) } : undefined;
}

/** Escapes of FHIRPath. R4's rules contain regular expressions with others (`\d`), which stand for the character after the backslash. */
const unquoted = (text: string) =>
  text
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, c: string) =>
      hex === undefined ? (escapes[c] ?? c) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
