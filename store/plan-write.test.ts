import { create } from "../test/kit/resources.ts";
import { charactersIn } from "./plan-write.ts";

it("a write counts by what it is found by, not only by its text: a commit takes as many as are written in a moment", () => {
  const index = { keys: Array.from({ length: 10_000 }, (_, i): [number, string] => [101, `~${i}`]), ranges: [] };
  const [small, large] = [create("a", { name: "x" }), create("b", { name: "x" }, { index })].map((step) => charactersIn([step]));
  expect(large).toBeGreaterThan((small as number) + 100_000);
});
