/** The smallest valid resource of a type, with which a new service's test begins. */
import { backboneOf, type ElementJson, elementsOf, valueSetOf } from "../../fhir/validate/structure-definition.ts";
import { validate } from "../../fhir/validate/index.ts";
import { StartupError } from "../start/startup-error.ts";

type Json = Record<string, unknown>;

const PRIMITIVES: Record<string, unknown> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1,
  date: "2026-01-31",
  dateTime: "2026-01-31",
  instant: "2026-01-31T12:00:00Z",
  time: "12:00:00",
  uri: "urn:example",
  url: "https://example.org",
  canonical: "https://example.org/example",
  base64Binary: "AAAA",
  code: "example",
  id: "1",
  string: "example",
  markdown: "example",
  oid: "urn:oid:1.2.3",
  uuid: "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
};

const COMPLEX: Record<string, Json> = {
  CodeableConcept: { text: "example" },
  Coding: { system: "urn:example", code: "example" },
  Identifier: { system: "urn:example", value: "1" },
  Period: { start: "2026-01-31" },
  Quantity: { value: 1 },
  Attachment: { url: "https://example.org" },
  Meta: { source: "urn:example" },
};

/**
 * A valid resource with an id and each element that R4 requires.
 * @throws StartupError if an invariant requires more
 */
export function minimalResource(type: string): Json {
  const resource = { resourceType: type, id: "1", ...membersOf(elementsOf(type), type) };
  const [issue] = validate(resource, { type }).filter(({ severity }) => severity !== "warning" && severity !== "information");
  if (issue) {
    throw new StartupError(`${type} cannot be the first type of a new service: its example would need more (${issue.diagnostics}).`);
  }
  return resource;
}

const membersOf = (elements: ElementJson[], path: string): Json =>
  Object.fromEntries(
    elements
      .filter(({ min = 0 }) => min > 0)
      .map((element) => {
        const [type = "BackboneElement"] = element.types ?? [];
        const name = element.isChoice ? element.name + (type[0] ?? "").toUpperCase() + type.slice(1) : element.name;
        const value = valueFor(element, type, `${path}.${element.name}`);
        return [name, (element.max ?? 1) === 1 ? value : [value]];
      }),
  );

function valueFor({ codes, elements, as, targets }: ElementJson, type: string, path: string): unknown {
  const [code] = codes === undefined ? [] : Object.values(valueSetOf(codes)).flat();
  if (code !== undefined && type === "code") return code;
  if (type in PRIMITIVES) return PRIMITIVES[type];
  if (type === "Reference") return { reference: `${targets?.[0] ?? "Patient"}/1` };
  if (type in COMPLEX) return COMPLEX[type];
  const inner = elements ?? (as === undefined ? elementsOf(type) : backboneOf(as).elements);
  return membersOf(inner, path);
}
