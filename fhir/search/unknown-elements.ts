/** Names in `_elements` that mean nothing: the answer would lack them, as if no resource had a value. */
import { elementsOf, isResource } from "../validate/structure-definition.ts";

/** The names of elements that the type does not have, each as a sentence, with the element of which only the case differs. */
export function unknownElements(type: string, names: readonly string[]): string[] {
  const known = new Set(["resourceType", ...elementsOf(type).map(({ name }) => name)]);
  return names.flatMap((name) => {
    const [first = ""] = (name.startsWith(`${type}.`) ? name.slice(type.length + 1) : name).replace("[x]", "").split(".");
    // With the name of another type it is meant for what is included.
    if (known.has(first) || isChoice(type, first) || isResource(first)) return [];
    const meant = [...known].find((one) => one.toLowerCase() === first.toLowerCase());
    return [`"_elements" names ${name}, which ${type} does not have${meant === undefined ? "" : `; ${meant} is one`}.`];
  });
}

/** Whether it is a choice with one of its types: `valueQuantity`. */
const isChoice = (type: string, name: string): boolean =>
  elementsOf(type).some(
    ({ name: choice, types = [], isChoice: isMarked = false }) =>
      (isMarked || types.length > 1) && types.some((one) => name === `${choice}${one.charAt(0).toUpperCase()}${one.slice(1)}`),
  );
