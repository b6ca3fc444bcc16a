import type { Basic } from "../../../fhir/r4.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import { creation } from "../../../mixins/fhir/write-steps.ts";
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { skeleton } from "./skeleton.contract.ts";
import { mark } from "./skeleton.model.ts";
import SkeletonService from "./skeleton.service.ts";

const example: Basic & { id: string } = { resourceType: "Basic", id: "1", code: { text: "example" } };

describe("a mark", () => {
  it("is set once", () => {
    const marked = mark(example);
    expect(marked.meta?.tag).toHaveLength(1);
    expect(() => mark(marked)).toThrow(expect.objectContaining({ type: "ALREADY_MARKED" }));
  });
});

describe("skeleton", () => {
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(SkeletonService);
  });
  afterAll(() => clinic.stop());

  /** Stores one more resource. @returns its reference */
  async function stored(): Promise<string> {
    next += 1;
    const id = `example-${next}`;
    await ownerOf("skeleton").write(clinic.caller, { steps: [creation({ ...example, id })] });
    return `Basic/${id}`;
  }

  it("marks a resource, and lists it from then on", async () => {
    const resource = await stored();
    const other = await stored();
    expect(await skeleton.mark(clinic.caller, { resource })).toEqual({ resource, version: 2 });
    const listed = await skeleton.listMarked(clinic.caller, {});
    expect(listed).toContainEqual({ resource, version: 2 });
    expect(listed).not.toContainEqual(expect.objectContaining({ resource: other }));
  });

  it("marks the version that was read, and no later one", async () => {
    const resource = await stored();
    await expect(skeleton.mark(clinic.caller, { resource, version: 2 })).rejects.toEqual(refusal(409, "SKELETON_CHANGED"));
    expect(await skeleton.mark(clinic.caller, { resource, version: 1 })).toEqual({ resource, version: 2 });
  });

  it("lets one of 32 concurrent callers mark it, and tells the others why not", async () => {
    const resource = await stored();
    const tries = await Promise.allSettled(Array.from({ length: 32 }, () => skeleton.mark(clinic.caller, { resource })));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const types = tries.flatMap((it) => (it.status === "rejected" ? [(it.reason as { type: string }).type] : []));
    expect(types.filter((type) => type !== "ALREADY_MARKED" && type !== "SKELETON_CHANGED")).toEqual([]);
  });

  it("refuses a resource that does not exist, and what is not a reference", async () => {
    await expect(skeleton.mark(clinic.caller, { resource: "Basic/none" })).rejects.toEqual(refusal(404, "SKELETON_NOT_FOUND"));
    await expect(skeleton.mark(clinic.caller, { resource: "none" })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });
});
