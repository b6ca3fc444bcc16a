/** Each node of a mesh tells some others that it lives, and they know that they are to hear it. */
import { randomBytes } from "node:crypto";
import { WATCHERS, watchedBy, watchersOf } from "./watchers.ts";

const mesh = (size: number) => Array.from({ length: size }, (_, at) => `lab-${at}-${randomBytes(8).toString("hex")}`);

describe("the watchers of a node", () => {
  it.each([1, 2, 3, 4, 5, 16, 64])("of %i have watchers, no more and no fewer than they can have, who know of it", (size) => {
    const nodes = mesh(size);
    for (const node of nodes) {
      const watchers = watchersOf(node, nodes);
      expect(new Set(watchers).size).toBe(Math.min(WATCHERS, size - 1));
      expect(watchers).not.toContain(node);
      expect(nodes.filter((other) => watchedBy(other, nodes).includes(node)).sort()).toEqual([...watchers].sort());
    }
  });

  it("are the next nodes once one of them is gone", () => {
    const [node = "", ...others] = mesh(8);
    const watchers = watchersOf(node, others);
    const left = others.filter((other) => other !== watchers[0]);
    expect(watchersOf(node, left)).toEqual(expect.arrayContaining(watchers.slice(1)));
    expect(watchersOf(node, left)).toHaveLength(WATCHERS);
  });
});
