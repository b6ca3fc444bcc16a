/** What is refused: who reads it must know what to do instead, without the documentation. */
import { contentOf, filesUnder } from "./kit/map.ts";

/** Errors of a service: the text, the code and the type. */
const ERROR = /new MoleculerClientError\(\s*(["`])([^"`]+)\1,\s*(409|422),\s*(?:"([A-Z_]+)"|([A-Z_]+))/g;
/** What to do stands behind a colon, or the text itself asks for it. */
const ASKS = /: |\bmust\b|\bfirst\b|^(?:Give|Name|Say) /;

it("each 409 and 422 of a service says what to do", () => {
  const all = filesUnder("services", /\.errors\.ts$/).flatMap((path) =>
    [...contentOf(path).matchAll(ERROR)].map(([, , says = "", , type = ""]) => ({ path, type, says })),
  );
  expect(all.length).toBeGreaterThan(80);
  expect(all.filter(({ says }) => !ASKS.test(says))).toEqual([]);
});
