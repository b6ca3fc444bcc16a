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
    [any, 'W/"3"', 3, false, any],
    [any, '"2", W/"3"', 3, false, any],
    [any, 'W/"2"', 3, true, any],
    [any, 'W/"3"', NONE_LIVING, true, any],
    [any, '"abc"', 3, true, any],
    ['W/"3"', 'W/"3"', 3, false, [3]],
    ['W/"3"', 'W/"2"', 3, true, [3]],
  ])("If-Match %s and If-None-Match %s at version %i: %s", (ifMatch, ifNoneMatch, version, isFulfilled, required) => {
    const preconditions = preconditionsOf({ ifMatch, ifNoneMatch });
    expect(areFulfilled(preconditions, version)).toBe(isFulfilled);
    expect(requiredVersions(preconditions)).toEqual(required);
  });

  it.each([
    [{ ifMatch: "three" }, undefined, "If-Match"],
    [{ ifMatch: "three" }, "Bundle.entry[1]", "Bundle.entry[1].request.ifMatch"],
    [{ ifNoneMatch: "three" }, undefined, "If-None-Match"],
    [{ ifNoneMatch: "three" }, "Bundle.entry[1]", "Bundle.entry[1].request.ifNoneMatch"],
  ])("are refused if they are not entity tags: %j in %s", (given, entry, place) => {
    expect(() => preconditionsOf(given, entry)).toThrow(
      expect.objectContaining({ status: 400, issues: [expect.objectContaining({ expression: [place] })] }),
    );
  });
});
