/** Elements that name an author: each is R4's, takes a Practitioner, and is found again. */
import { AUTHOR_ELEMENTS, lacksAuthor, nameAuthor, namedAuthors } from "./authors.ts";
import type { Resource } from "./resource.ts";
import { validate } from "./validate/index.ts";

const author = { reference: "Practitioner/1", display: "Ada" };
const EVERY = Object.entries(AUTHOR_ELEMENTS).flatMap(([type, elements]) => elements.map((element): [string, string] => [type, element]));

/** A resource in which nothing but this element is set. */
function withElement(type: string, element: string): Resource {
  const steps = element.replace("?", "").split(".");
  const value = steps.reduceRight<unknown>((inner, step) => {
    const name = step.replace("[]", "");
    return { [name]: step.includes("[]") ? [inner] : inner };
  }, author);
  return { resourceType: type, ...(value as object) };
}

describe("elements that name an author", () => {
  it.each(EVERY)("%s.%s is an element of R4 that may refer to a Practitioner", (type, element) => {
    const resource = withElement(type, element);
    const [found, ...more] = namedAuthors(resource);
    expect([found?.reference, more]).toEqual(["Practitioner/1", []]);
    const { expression = "" } = found ?? {};
    const faults = validate(resource, { type }).filter((issue) =>
      issue.expression?.some((path) => `${expression}.`.startsWith(`${path}.`) && path !== type),
    );
    expect(faults.filter(({ code }) => code !== "required")).toEqual([]);
  });

  it("are filled in where they are empty, and nowhere else", () => {
    const order: Resource = { resourceType: "MedicationRequest", requester: { reference: "Practitioner/2" } } as Resource;
    expect(lacksAuthor(order)).toBe(true);
    nameAuthor(order, author);
    expect(order).toEqual({ resourceType: "MedicationRequest", requester: { reference: "Practitioner/2" }, recorder: author });
    expect(lacksAuthor(order)).toBe(false);
    const dose = { resourceType: "MedicationAdministration" } as Resource;
    nameAuthor(dose, author);
    expect(dose).toEqual({ resourceType: "MedicationAdministration", performer: [{ actor: author }] });
    const patient = { resourceType: "Patient" } as Resource;
    expect([nameAuthor(patient, author), patient]).toEqual([false, { resourceType: "Patient" }]);
  });
});
