import { traceParentIn, traceParentOf } from "./traceparent.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("the header traceparent", () => {
  it("is parsed, also in later versions, and written in version 00", () => {
    const parent = { traceId: TRACE, spanId: SPAN, flags: 1 };
    for (const header of [`00-${TRACE}-${SPAN}-01`, ` 00-${TRACE}-${SPAN}-01 `, `cc-${TRACE}-${SPAN}-01-what-comes`]) {
      expect(traceParentIn(header)).toEqual(parent);
    }
    expect(traceParentOf(parent)).toBe(`00-${TRACE}-${SPAN}-01`);
    expect(traceParentOf({ ...parent, flags: 0 })).toBe(`00-${TRACE}-${SPAN}-00`);
  });

  it.each([
    undefined,
    "",
    "x",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${"a".repeat(32)}-${"b".repeat(16)}-01-more`, // nothing comes behind the flags of version 00
  ])("is as good as absent when it is %s", (header) => {
    expect(traceParentIn(header)).toBeUndefined();
  });
});
