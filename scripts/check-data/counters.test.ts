/** Counters are all looked through, however many a hospital has. */
import { countersOf } from "./counters.ts";

it("reads the counters of a hospital page by page, each once", async () => {
  const names = Array.from({ length: 25_000 }, (_, number) => `dispensed/${String(number).padStart(6, "0")}`);
  const asked: (string | undefined)[] = [];
  const counters = async (prefix: string, limit: number, after = "") => {
    asked.push(after);
    return names
      .filter((name) => name.startsWith(prefix) && name > after)
      .slice(0, limit)
      .map((name) => ({ name, value: -1 }));
  };
  const read: string[] = [];
  for await (const { name } of countersOf({ counters }, "dispensed/")) read.push(name);
  expect(read).toEqual(names);
  expect(asked).toEqual(["", "dispensed/009999", "dispensed/019999"]);
});
