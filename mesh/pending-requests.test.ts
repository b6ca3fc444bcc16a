import { PendingRequests } from "./pending-requests.ts";

describe("the calls that await an answer", () => {
  const three = () =>
    new PendingRequests<{ nodeID: string }>().set("a", { nodeID: "lab-1" }).set("b", { nodeID: "lab-1" }).set("c", { nodeID: "wards-1" });

  it("are found by their id until they are answered, and counted", () => {
    const pending = three();
    expect([pending.size, pending.get("b")]).toEqual([3, { nodeID: "lab-1" }]);
    expect([pending.delete("b"), pending.delete("b"), pending.size, pending.get("b")]).toEqual([true, false, 2, undefined]);
  });

  it("are taken away if they were made to one node, and before a time", () => {
    const pending = three();
    const now = performance.now();
    expect([pending.takeEarlier("lab-1", 0), pending.takeEarlier("lab-2", now + 1), pending.size]).toEqual([[], [], 3]);
    expect([pending.takeEarlier("lab-1", now + 1), [...pending.values()]]).toEqual([
      [{ nodeID: "lab-1" }, { nodeID: "lab-1" }],
      [{ nodeID: "wards-1" }],
    ]);
  });

  it("are all visited, even while those of a lost node are removed", () => {
    const pending = three();
    pending.forEach(({ nodeID }, id) => {
      if (nodeID === "lab-1") pending.delete(id);
    });
    expect([...pending.values()]).toEqual([{ nodeID: "wards-1" }]);
  });
});
