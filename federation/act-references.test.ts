import { referencePathsOf } from "../fhir/reference-paths.ts";
import { indexOf } from "../fhir/search/extract.ts";
import { ACT_REFERENCES, RESTED_ON, restingOn } from "./act-references.ts";

/** A resource whose element at the path refers. */
function referring(by: string, path: string, reference: string): object {
  const [last = "", ...outer] = path.split(".").reverse();
  const inner = outer.reduce<object>((value, name) => ({ [name]: value }), { [last]: { reference } });
  return { resourceType: by, ...inner };
}

/** Each element of R4's acts that leads to what acts rest on, and where it leads. */
const all = Object.keys(ACT_REFERENCES).flatMap((by) =>
  referencePathsOf(by).flatMap(({ path, targets = [] }) => targets.filter((it) => RESTED_ON.has(it)).map((to) => [by, path, to] as const)),
);

describe("what an act refers to", () => {
  it("is found by any referring element of R4, so that it is not deleted", () => {
    expect(all.length).toBeGreaterThan(60);
    const unseen = all.filter(([by, path, to]) => {
      const slots = restingOn(to).find((it) => it.type === by)?.slots ?? [];
      const { keys } = indexOf(referring(by, path, `${to}/1`));
      return !keys.some(([slot, value]) => slots.includes(slot) && value === `=${to}/1`);
    });
    expect(unseen).toEqual([]);
  });

  it("is required where R4 has such an element", () => {
    const paths = Object.keys(ACT_REFERENCES).flatMap((by) => referencePathsOf(by).map(({ path }) => `${by}.${path}`));
    const asked = Object.entries(ACT_REFERENCES).flatMap(([by, references]) => references.map(({ path }) => `${by}.${path}`));
    expect(asked.filter((it) => !paths.includes(it))).toEqual([]);
  });
});
