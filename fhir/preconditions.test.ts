import { areFulfilled, NONE_LIVING, preconditionsOf, requiredVersions } from "./preconditions.ts";

const any = undefined;

describe("the preconditions of a write", () => {
  it.each<
    [ifMatch: string | undefined, ifNoneMatch: string | undefined, version: number, isFulfilled: boolean, required: number[] | undefined]
  >([
    [any, any, NONE_LIVING, true, undefined],
    [any, any, 3, true, undefined],
    ['W/"3"', any, 3, true, [3]],
    ['W/"3"', any, 4, false, [3]],
    ['W/"3"', any, NONE_LIVING, false, [3]],
    ['W/"2", W/"3"', any, 3, true, [2, 3]],
    ['"abc"', any, 3, false, [-1]],
    ["*", any, 3, true, undefined],
    ["*", any, NONE_LIVING, false, undefined],
    [any, "*", NONE_LIVING, true, [NONE_LIVING]],
    [any, " * ", 3, false, [NONE_LIVING]],
    ['W/"3"', "*", 3, false, []],
    ["*", "*", NONE_LIVING, false, []],
  ])("If-Match %s and If-None-Match %s at version %i: %s", (ifMatch, ifNoneMatch, version, isFulfilled, required) => {
    const preconditions = preconditionsOf({ ifMatch, ifNoneMatch });
    expect(areFulfilled(preconditions, version)).toBe(isFulfilled);
    expect(requiredVersions(preconditions)).toEqual(required);
  });

  it("are refused if they are not entity tags", () => {
    expect(() => preconditionsOf({ ifMatch: "three" }, "Bundle.entry[1].request.ifMatch")).toThrow(
      expect.objectContaining({ status: 400, issues: [expect.objectContaining({ expression: ["Bundle.entry[1].request.ifMatch"] })] }),
    );
  });
});
