/** One validation under way: where in the resource it is, and what it has found. */
import type { Issue } from "../outcome.ts";
import { nonNull } from "../non-null.ts";

/** A body of faults only would otherwise grow to many times its size. */
const MAX_ISSUES = 10_000;
/** The same of one sentence, characters: some repeat what a client or a profile says. */
const MAX_SENTENCE = 1_000;

/** What a reference to a part of the same resource (`#id`) is resolved in: a resource that is not contained in another. */
export interface Root {
  resource: Record<string, unknown>;
  /** Types of the contained resources by id; made when first needed. */
  contained?: Map<string, string>;
  /** Ids that something in the resource refers to; only gathered where there are contained resources. */
  referred?: Set<string>;
  /** Conditional references (`Patient?identifier=…`) are for the entries of a transaction. */
  allowsConditional: boolean;
}

/** The place that a validation has reached in a resource, and its findings; bounded by MAX_ISSUES. */
export class ValidationContext {
  readonly issues: Issue[] = [];
  root: Root | undefined;
  /** The resource that the element is in: a contained one, or that of `root`. */
  resource: Record<string, unknown> = {};
  /** Set while a contained resource is checked. */
  isContained = false;
  /** In a contained resource: something refers to its container by `#`. */
  refersToContainer = false;
  depth = 0;
  #known: Set<string> | undefined;
  readonly #steps: string[] = [];
  readonly #indexes: number[] = [];

  enter(step: string): void {
    this.#steps[this.depth] = step;
    this.#indexes[this.depth] = -1;
    this.depth += 1;
  }

  /** Says which item of the list is looked at; -1 for the list itself. */
  at(index: number): void {
    this.#indexes[this.depth - 1] = index;
  }

  leave(): void {
    this.depth -= 1;
  }

  /** FHIRPath of where it is: `Patient.name[0].use`. */
  path(): string {
    let path = "";
    for (let i = 0; i < this.depth; i++) {
      path += `${i ? "." : ""}${this.#steps[i]}${nonNull(this.#indexes[i]) >= 0 ? `[${this.#indexes[i]}]` : ""}`;
    }
    return path;
  }

  /** The name of the element that is looked at: `name.use`. */
  name(): string {
    return this.#steps.slice(Math.max(this.depth > 1 ? 1 : 0, this.depth - 2), this.depth).join(".");
  }

  /** From here on, a fault of the same kind at the same place is not said twice. */
  ignoreKnown(): void {
    this.#known = new Set(this.issues.map(({ code, expression }) => `${code} ${expression?.[0]}`));
  }

  /** Nothing more is noted. */
  get isFull(): boolean {
    return this.issues.length > MAX_ISSUES;
  }

  fault(code: string, diagnostics: string, below = ""): void {
    this.report("error", code, diagnostics, below);
  }

  report(severity: Issue["severity"], code: string, diagnostics: string, below = ""): void {
    if (!this.isFull) this.reportAt(this.path() + below, severity, code, diagnostics);
  }

  /** The same for an element that was looked at before. */
  reportAt(path: string, severity: Issue["severity"], code: string, diagnostics: string): void {
    if (this.isFull) return;
    if (this.#known?.has(`${code} ${path}`)) return;
    if (this.issues.length < MAX_ISSUES) {
      this.issues.push({ severity, code, diagnostics: diagnostics.slice(0, MAX_SENTENCE), expression: [path] });
    } else {
      this.issues.push({ severity: "error", code: "too-long", diagnostics: `There are more faults; the first ${MAX_ISSUES} are listed.` });
    }
  }
}
