/** Assigns the items of a list to the slices of a profile (R4 profiling.html#slicing). */
import type { EvaluationBudget } from "../../expressions/budget.ts";
import { plainText } from "../../json.ts";
import { bindingOf } from "../binding.ts";
import { isResource } from "../structure-definition.ts";
import { fits, isSame } from "./fixed-values.ts";
import { lastStep, type Node, type ProfileElement, withoutVersion } from "./tree.ts";
import { nonNull } from "../../non-null.ts";

type Json = Record<string, unknown>;

/** One value of a list or choice, with its type if the name of the JSON member contains it. */
export interface SliceValue {
  value: unknown;
  type: string;
}

/** Whether an item belongs to the slice. */
export type Test = (item: SliceValue) => boolean;

type Discriminator = NonNullable<NonNullable<ProfileElement["slicing"]>["discriminator"]>[number];

/**
 * @returns `unclear`, a text, where the slice does not determine the value of its discriminator
 */
export function testOf(element: Node, slice: Node, budget: EvaluationBudget): { test: Test } | { unclear: string } {
  const tests: Test[] = [];
  for (const discriminator of discriminatorsOf(element)) {
    budget.spend(10);
    const test = discriminate(discriminator, slice, budget);
    if (!test) return { unclear: `slicing of ${element.name} by ${discriminator.type} ${discriminator.path} (slice ${slice.name})` };
    tests.push(test);
  }
  if (tests.length === 0) return { unclear: `slicing of ${element.name} without discriminators (slice ${slice.name})` };
  return {
    test: (item) => {
      budget.spend(tests.length);
      return tests.every((test) => test(item));
    },
  };
}

/** Extensions are sliced by their url and choices by their type, whether a differential says so or not. */
function discriminatorsOf({ name, slicing }: Node): Discriminator[] {
  if (slicing?.discriminator) return slicing.discriminator;
  if (name === "extension" || name === "modifierExtension") return [{ type: "value", path: "url" }];
  return name.endsWith("[x]") ? [{ type: "type", path: "$this" }] : [];
}

/** Steps of a discriminator's path: no element of R4 is nearly as deep. */
const MAX_STEPS_OF_PATH = 20;

function discriminate({ type, path = "$this" }: Discriminator, slice: Node, budget: EvaluationBudget): Test | undefined {
  const steps = path === "$this" ? [] : path.split(".", MAX_STEPS_OF_PATH + 1);
  if (steps.length > MAX_STEPS_OF_PATH || steps.some((step) => !/^[A-Za-z]\w{0,63}$/.test(step))) return undefined;
  if (type === "value" || type === "pattern") {
    const test = valueTest(slice, steps, budget);
    return test && ((item) => valuesAt(item.value, steps, budget).some(test));
  }
  if (type === "exists") {
    const node = nodeAt(slice, steps);
    if (!node || (node.min === 0 && node.max > 0)) return undefined;
    return (item) => valuesAt(item.value, steps, budget).length > 0 === node.max > 0;
  }
  const types = type === "type" ? nodeAt(slice, steps)?.types : undefined;
  if (!types) return undefined;
  budget.spend(types.length);
  const codes = new Set(types.map(({ code }) => code));
  if (steps.length === 0) return (item) => codes.has(typeIn(item));
  return [...codes].every((code) => code && isResource(code))
    ? (item) => valuesAt(item.value, steps, budget).some((value) => codes.has((value as Json)["resourceType"] as string))
    : undefined;
}

function typeIn({ value, type }: SliceValue): string {
  return type === "Resource" ? plainText((value as Json | undefined)?.["resourceType"]) : type;
}

function nodeAt(slice: Node, steps: string[]): Node | undefined {
  return steps.reduce<Node | undefined>((node, step) => node?.children.get(step) ?? node?.children.get(`${step}[x]`), slice);
}

/** Test of the values at a path, also where the pattern is on a node above it. */
function valueTest(slice: Node, steps: string[], budget: EvaluationBudget): ((value: unknown) => boolean) | undefined {
  let node: Node | undefined = slice;
  for (let depth = 0; node && depth <= steps.length; depth++) {
    for (const whole of [node.fixed, node.pattern]) {
      const expected = whole === undefined ? [] : valuesAt(whole, steps.slice(depth), budget);
      if (expected.length > 0) {
        return (value) => expected.some((one) => (node?.fixed === whole && depth === steps.length ? isSame : fits)(value, one, budget));
      }
    }
    const url = steps.length === 1 && steps[0] === "url" && depth === 0 ? node.types?.[0]?.profile?.[0] : undefined;
    if (url !== undefined && node.types?.[0]?.code === "Extension") {
      const plain = withoutVersion(url);
      return (value) => value === plain;
    }
    const binding = depth === steps.length && node.valueSet ? bindingFor(node.valueSet) : undefined;
    if (binding) return binding;
    const step: string | undefined = steps[depth];
    node = step === undefined ? undefined : (node.children.get(step) ?? node.children.get(`${step}[x]`));
  }
  return undefined;
}

function bindingFor(valueSet: string): ((value: unknown) => boolean) | undefined {
  const id = lastStep(withoutVersion(valueSet));
  const [code, coding, concept] = ["code", "Coding", "CodeableConcept"].map((type) => bindingOf(id, type));
  if (!code?.isKnown) return undefined;
  return (value) =>
    typeof value === "string" ? code.includes(value) : nonNull(coding).includes(value) || nonNull(concept).includes(value);
}

function valuesAt(value: unknown, steps: string[], budget: EvaluationBudget): unknown[] {
  let values = [value];
  for (const step of steps) {
    budget.spend(1 + values.length);
    values = values.flatMap((one) => {
      if (typeof one !== "object" || one === null) return [];
      const members = one as Json;
      const name = members[step] !== undefined ? step : choiceIn(members, step, budget);
      const found = name === undefined ? undefined : members[name];
      return found === undefined ? [] : Array.isArray(found) ? found : [found];
    });
  }
  return values;
}

/** The present member of a choice: `valueString` for `value`. */
function choiceIn(members: Json, name: string, budget: EvaluationBudget): string | undefined {
  for (const key in members) {
    budget.spend(1);
    if (key.startsWith(name) && /[A-Z]/.test(key.charAt(name.length))) return key;
  }
  return undefined;
}
