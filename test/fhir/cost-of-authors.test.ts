/** What it costs to find who is named as an author, where many are named. */
import { authorsInWords, namedAuthors } from "../../fhir/authors.ts";
import { familyNamesIn, nameWords } from "../../fhir/person-names.ts";
import type { Resource } from "../../fhir/resource.ts";
import { excess } from "../kit/growth.ts";

describe("elements that name an author", () => {
  it.each(["performer", "note"])(
    "are found in what contains many, and names each by a %s, in a time that grows no faster than it",
    (name) => {
      const report = (size: number): Resource => {
        const ids = Array.from({ length: size }, (_, index) => `p${index}`);
        const contained = ids.map((id) => ({ resourceType: "Practitioner", id }));
        const named = ids.map((id) => ({ reference: `#${id}` }));
        return {
          resourceType: "Observation",
          contained,
          [name]: name === "note" ? named.map((authorReference) => ({ text: "x", authorReference })) : named,
        } as unknown as Resource;
      };
      const [small, large] = [report(2_500), report(25_000)];
      const grown = excess(
        () => namedAuthors(small),
        () => namedAuthors(large),
      );
      expect(grown).toBeUndefined();
      expect(namedAuthors(large)).toHaveLength(25_000);
    },
  );

  it("are found if they are only text, in as little time", () => {
    const report = (size: number): Resource => {
      const words = Array.from({ length: size }, (_, index) => `Somebody ${index}`);
      return {
        resourceType: "Observation",
        performer: words.map((display) => ({ display })),
        note: words.map((authorString) => ({ text: "x", authorString })),
      } as unknown as Resource;
    };
    const [small, large] = [report(2_500), report(25_000)];
    const find = (resource: Resource) => authorsInWords(resource).map(({ display }) => familyNamesIn(nameWords(display)));
    expect(
      excess(
        () => find(small),
        () => find(large),
      ),
    ).toBeUndefined();
    expect(authorsInWords(large)).toHaveLength(50_000);
  });
});
