import { create } from "../test/kit/resources.ts";
import { charactersIn } from "./plan-write.ts";

it("the size of a write includes its search values, not only its text, so that commits take as many as fit into a moment", () => {
  const index = { keys: Array.from({ length: 10_000 }, (_, i): [number, string] => [101, `~${i}`]), ranges: [] };
  const [small, large] = [create("a", { name: "x" }), create("b", { name: "x" }, { index })].map((step) => charactersIn([step]));
  expect(large).toBeGreaterThan((small as number) + 100_000);
});
