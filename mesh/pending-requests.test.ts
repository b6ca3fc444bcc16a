import { PendingRequests } from "./pending-requests.ts";

describe("the calls that await an answer", () => {
  const three = () =>
    new PendingRequests<{ nodeID: string }>().set("a", { nodeID: "lab-1" }).set("b", { nodeID: "lab-1" }).set("c", { nodeID: "wards-1" });

  it("are found by their id until they are answered, and counted", () => {
    const pending = three();
    expect([pending.size, pending.get("b")]).toEqual([3, { nodeID: "lab-1" }]);
    expect([pending.delete("b"), pending.delete("b"), pending.size, pending.get("b")]).toEqual([true, false, 2, undefined]);
  });

  it("are all visited, even while those of a lost node are removed", () => {
    const pending = three();
    pending.forEach(({ nodeID }, id) => {
      if (nodeID === "lab-1") pending.delete(id);
    });
    expect([...pending.values()]).toEqual([{ nodeID: "wards-1" }]);
  });
});
