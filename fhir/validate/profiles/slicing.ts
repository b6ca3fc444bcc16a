/** Which slice of a profile an item of a list belongs to (R4 profiling.html#slicing). */
import { plainText } from "../../json.ts";
import { bindingOf } from "../binding.ts";
import { isResource } from "../definition.ts";
import { fits, isSame } from "./match.ts";
import { type Node, type ProfileElement, withoutVersion } from "./tree.ts";

type Json = Record<string, unknown>;

/** One value of a list or choice, with its type where the name of the JSON member tells it. */
export interface Item {
  value: unknown;
  type: string;
}

/** True for an item of the slice. */
export type Test = (item: Item) => boolean;

type Discriminator = NonNullable<NonNullable<ProfileElement["slicing"]>["discriminator"]>[number];

/**
 * @returns undefined where the slice does not plainly say what tells it from others; then `unclear` names it
 */
export function testOf(element: Node, slice: Node): { test: Test } | { unclear: string } {
  const tests: Test[] = [];
  for (const discriminator of discriminatorsOf(element)) {
    const test = discriminate(discriminator, slice);
    if (!test) return { unclear: `slicing of ${element.name} by ${discriminator.type} ${discriminator.path} (slice ${slice.name})` };
    tests.push(test);
  }
  if (tests.length === 0) return { unclear: `slicing of ${element.name} without discriminators (slice ${slice.name})` };
  return { test: (item) => tests.every((test) => test(item)) };
}

/** Extensions are told apart by their url and choices by their type, whether a differential says so or not. */
function discriminatorsOf({ name, slicing }: Node): Discriminator[] {
  if (slicing?.discriminator) return slicing.discriminator;
  if (name === "extension" || name === "modifierExtension") return [{ type: "value", path: "url" }];
  return name.endsWith("[x]") ? [{ type: "type", path: "$this" }] : [];
}

function discriminate({ type, path = "$this" }: Discriminator, slice: Node): Test | undefined {
  const steps = path === "$this" ? [] : path.split(".");
  if (steps.some((step) => !/^[A-Za-z]\w*$/.test(step))) return undefined;
  if (type === "value" || type === "pattern") {
    const test = valueTest(slice, steps);
    return test && ((item) => valuesAt(item.value, steps).some(test));
  }
  if (type === "exists") {
    const node = nodeAt(slice, steps);
    if (!node || (node.min === 0 && node.max > 0)) return undefined;
    return (item) => valuesAt(item.value, steps).length > 0 === node.max > 0;
  }
  const codes = type === "type" ? nodeAt(slice, steps)?.types?.map(({ code }) => code) : undefined;
  if (!codes) return undefined;
  if (steps.length === 0) return (item) => codes.includes(typeIn(item));
  return codes.every((code) => code && isResource(code))
    ? (item) => valuesAt(item.value, steps).some((value) => codes.includes((value as Json)["resourceType"] as string))
    : undefined;
}

function typeIn({ value, type }: Item): string {
  return type === "Resource" ? plainText((value as Json | undefined)?.["resourceType"]) : type;
}

function nodeAt(slice: Node, steps: string[]): Node | undefined {
  return steps.reduce<Node | undefined>((node, step) => node?.children.get(step) ?? node?.children.get(`${step}[x]`), slice);
}

/** The values at a path, also where a node above it has the pattern that says them. */
function valueTest(slice: Node, steps: string[]): ((value: unknown) => boolean) | undefined {
  let node: Node | undefined = slice;
  for (let depth = 0; node && depth <= steps.length; depth++) {
    for (const whole of [node.fixed, node.pattern]) {
      const expected = whole === undefined ? [] : valuesAt(whole, steps.slice(depth));
      if (expected.length > 0)
        return (value) => expected.some((one) => (node?.fixed === whole && depth === steps.length ? isSame : fits)(value, one));
    }
    const url = steps.length === 1 && steps[0] === "url" && depth === 0 ? node.types?.[0]?.profile?.[0] : undefined;
    if (url !== undefined && node.types?.[0]?.code === "Extension") return (value) => value === withoutVersion(url);
    const binding = depth === steps.length && node.valueSet ? bindingFor(node.valueSet) : undefined;
    if (binding) return binding;
    const step: string | undefined = steps[depth];
    node = step === undefined ? undefined : (node.children.get(step) ?? node.children.get(`${step}[x]`));
  }
  return undefined;
}

function bindingFor(valueSet: string): ((value: unknown) => boolean) | undefined {
  const id = withoutVersion(valueSet).split("/").at(-1)!;
  const [code, coding, concept] = ["code", "Coding", "CodeableConcept"].map((type) => bindingOf(id, type));
  if (!code?.isKnown) return undefined;
  return (value) => (typeof value === "string" ? code.includes(value) : coding!.includes(value) || concept!.includes(value));
}

function valuesAt(value: unknown, steps: string[]): unknown[] {
  let values = [value];
  for (const step of steps) {
    values = values.flatMap((one) => {
      if (typeof one !== "object" || one === null) return [];
      const members = one as Json;
      const name = members[step] !== undefined ? step : Object.keys(members).find((key) => new RegExp(`^${step}[A-Z]`).test(key));
      const found = name === undefined ? undefined : members[name];
      return found === undefined ? [] : Array.isArray(found) ? found : [found];
    });
  }
  return values;
}
