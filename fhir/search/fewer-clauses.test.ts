import { parse } from "../../test/kit/searches.ts";

describe("the clauses of a search", () => {
  it.each([
    ["Observation?code:not=a&code:not=b,c&status=final", "Observation?code:not=a,b,c&status=final"],
    ["Observation?_id:not=a&_id:not=b", "Observation?_id:not=a,b"],
    ["Observation?code=a&code=a&code=b", "Observation?code=a&code=b"],
    ["Observation?code:missing=false&code:missing=false", "Observation?code:missing=false"],
    ["Observation?_content=high&_content=high", "Observation?_content=high"],
    ["Patient?organization:Organization.active:not=true&organization:Organization.active:not=false", undefined],
  ])("of %s are those of %s", (long, short) => {
    const { clauses, chains } = parse(long);
    if (short !== undefined) expect(clauses).toEqual(parse(short).clauses);
    else expect(chains).toHaveLength(2);
  });

  it.each([
    "Observation?code:not=a&status:not=b",
    "Observation?code=a&code=b",
    "Observation?code:not=a&code=b",
    "Observation?date=gt2020&date=lt2021",
    "Observation?code:missing=true&status:missing=true",
    "Observation?subject=1&subject=2",
  ])("of %s stay two", (query) => expect(parse(query).clauses).toHaveLength(2));

  it("are no more for a hundred exclusions than for one: a store compares each clause with each candidate", () => {
    const many = Array.from({ length: 100 }, (_, n) => `code:not=c${n}`).join("&");
    expect(parse(`Observation?${many}`).clauses).toHaveLength(1);
  });
});
