import { clausesWithin, containedSlot, containedSlots } from "./contained-slots.ts";
import { indexOf } from "./extract.ts";
import { parametersOf } from "./parameters.ts";

const slots = (type: string, code: string): number[] => parametersOf(type).get(code)?.slots ?? [];

describe("the search values of contained resources", () => {
  it("name the reference and the value, two levels deep, and never twice", () => {
    const [reference, inner] = [slots("MedicationRequest", "medication")[0] as number, slots("Medication", "manufacturer")[0] as number];
    const once = containedSlot(reference, inner) as number;
    const twice = containedSlot(once, slots("Organization", "name")[0] as number) as number;
    expect(Number.isSafeInteger(twice)).toBe(true);
    expect(new Set([reference, inner, once, twice, containedSlot(inner, reference)]).size).toBe(5);
    expect(containedSlot(twice, inner)).toBeUndefined();
  });

  it("are stored beside those of the resource", () => {
    const contained = [{ resourceType: "Medication", id: "m", status: "active" }];
    const { keys } = indexOf({ resourceType: "MedicationRequest", contained, medicationReference: { reference: "#m" } });
    const [slot] = containedSlots(slots("MedicationRequest", "medication"), slots("Medication", "status"));
    expect(keys.filter(([at]) => at === slot).map(([, value]) => value)).toEqual([expect.stringMatching(/^=active/)]);
  });

  it("are limited, however often a contained resource is referred to", () => {
    const contained = Array.from({ length: 9_000 }, (_, i) => ({
      resourceType: "Observation",
      id: `o${i}`,
      hasMember: [{ reference: `#o${(i + 1) % 9_000}` }],
      derivedFrom: [{ reference: `#o${(i + 2) % 9_000}` }],
    }));
    const resource = { resourceType: "Observation", contained, hasMember: contained.map(({ id }) => ({ reference: `#${id}` })) };
    expect(() => indexOf(resource, 20_000)).toThrow(expect.objectContaining({ status: 422 }));
  });

  it("are searched by values, but not by id", () => {
    expect(clausesWithin([700], "Patient", [{ kind: "id", any: ["1"] }])).toBeUndefined();
    expect(clausesWithin([700], "Patient", [{ kind: "key", slots: [5], any: [{ eq: "=a" }], not: true }])).toEqual([
      { kind: "key", slots: [700], any: [{ prefix: "#Patient/" }] },
      { kind: "key", slots: [70_100_005], any: [{ eq: "=a" }], not: true },
    ]);
  });
});
