/** The state of one validation: the position in the resource, and the findings. */
import type { Issue } from "../outcome.ts";
import { nonNull } from "../non-null.ts";
import { MAX_MARKS, marksIn } from "./narrative.ts";

/** Limit of findings: an input of faults only would otherwise produce an answer many times its size. */
const MAX_ISSUES = 10_000;
/** Characters of one finding: some repeat text of a client or a profile. */
const MAX_SENTENCE = 1_000;

/** A resource that is not contained in another; references to its parts (`#id`) are resolved in it. */
export interface Root {
  resource: Record<string, unknown>;
  /** Types of the contained resources by id; computed when first needed. */
  contained?: Map<string, string>;
  /** Ids to which something in the resource refers; collected only if there are contained resources. */
  referred?: Set<string>;
  /** Whether conditional references (`Patient?identifier=…`) are allowed, as in entries of a transaction. */
  allowsConditional: boolean;
}

/** The position of a validation in a resource, and its findings, at most MAX_ISSUES. */
export class ValidationContext {
  readonly issues: Issue[] = [];
  root: Root | undefined;
  /** The resource of the element: a contained one, or that of `root`. */
  resource: Record<string, unknown> = {};
  /** Whether a contained resource is being checked. */
  isContained = false;
  /** In a contained resource: whether something refers to its container by `#`. */
  refersToContainer = false;
  depth = 0;
  #marks = 0;
  #known: Set<string> | undefined;
  readonly #steps: string[] = [];
  readonly #indexes: number[] = [];

  enter(step: string): void {
    this.#steps[this.depth] = step;
    this.#indexes[this.depth] = -1;
    this.depth += 1;
  }

  /** Sets the position in the list; -1 for the list itself. */
  at(index: number): void {
    this.#indexes[this.depth - 1] = index;
  }

  leave(): void {
    this.depth -= 1;
  }

  /** FHIRPath of the present position: `Patient.name[0].use`. */
  path(): string {
    let path = "";
    for (let i = 0; i < this.depth; i++) {
      path += `${i ? "." : ""}${this.#steps[i]}${nonNull(this.#indexes[i]) >= 0 ? `[${this.#indexes[i]}]` : ""}`;
    }
    return path;
  }

  /** Name of the present element: `name.use`. */
  name(): string {
    return this.#steps.slice(Math.max(this.depth > 1 ? 1 : 0, this.depth - 2), this.depth).join(".");
  }

  /** Counts the markup of a narrative. @returns whether all narratives so far are within the limit */
  mayRead(xhtml: string): boolean {
    this.#marks += marksIn(xhtml, MAX_MARKS - this.#marks);
    return this.#marks <= MAX_MARKS;
  }

  /** From now on, faults that were found before, by code and position, are not reported again. */
  ignoreKnown(): void {
    this.#known = new Set(this.issues.map(({ code, expression }) => `${code} ${expression?.[0]}`));
  }

  /** Whether no further findings are recorded. */
  get isFull(): boolean {
    return this.issues.length > MAX_ISSUES;
  }

  fault(code: string, diagnostics: string, below = ""): void {
    this.report("error", code, diagnostics, below);
  }

  report(severity: Issue["severity"], code: string, diagnostics: string, below = ""): void {
    if (!this.isFull) this.reportAt(this.path() + below, severity, code, diagnostics);
  }

  /** Reports a finding at an earlier position. */
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
