import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { skeleton } from "./skeleton.contract.ts";
import { addition, itemOf, removal } from "./skeleton.model.ts";
import SkeletonService from "./skeleton.service.ts";

describe("a quantity", () => {
  it("has a lower bound if something is taken, and none if something is added", () => {
    expect(removal({ name: "x", quantity: 2 })).toMatchObject({ by: -2, min: 0 });
    expect(addition({ name: "x", quantity: 2 })).not.toHaveProperty("min");
  });

  it("is reported under its given name", () => {
    expect(itemOf({ name: "item/x", value: 2 })).toEqual({ name: "x", quantity: 2 });
  });
});

describe("skeleton", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(SkeletonService);
  });
  afterAll(() => clinic.stop());

  it("adds, takes and reports quantities", async () => {
    expect(await skeleton.add(clinic.caller, { name: "gloves", quantity: 3 })).toEqual({ name: "gloves", quantity: 3 });
    expect(await skeleton.take(clinic.caller, { name: "gloves", quantity: 1 })).toEqual({ name: "gloves", quantity: 2 });
    expect(await skeleton.list(clinic.caller, {})).toEqual([{ name: "gloves", quantity: 2 }]);
  });

  it("refuses to take more than there is, and takes nothing then", async () => {
    await skeleton.add(clinic.caller, { name: "masks", quantity: 1 });
    await expect(skeleton.take(clinic.caller, { name: "masks", quantity: 2 })).rejects.toEqual(refusal(409, "NOT_ENOUGH"));
    expect(await skeleton.list(clinic.caller, {})).toContainEqual({ name: "masks", quantity: 1 });
  });

  it("gives the last ten to ten of 32 concurrent callers", async () => {
    await skeleton.add(clinic.caller, { name: "beds", quantity: 10 });
    const tries = await Promise.allSettled(Array.from({ length: 32 }, () => skeleton.take(clinic.caller, { name: "beds", quantity: 1 })));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  });

  it.each([
    ["no name", { name: " ", quantity: 1 }],
    ["nothing", { name: "x", quantity: 0 }],
    ["half a unit", { name: "x", quantity: 0.5 }],
    ["a param that nobody knows", { name: "x", quantity: 1, colour: "red" } as never],
  ])("refuses %s", async (_, params) => {
    await expect(skeleton.add(clinic.caller, params)).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });
});
