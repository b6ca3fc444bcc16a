/** What somebody may not see is as if it were not there: more cases, and MongoDB, by `npm run chaos -- --hidden 1000`. */
import { VERSION_EVENTS_PATH } from "../../services/api/http/version-streams.ts";
import { RIGHTS } from "./hidden-hospital.ts";
import { differences } from "./non-interference.ts";

describe("a hospital answers as if it did not have what the caller may not see", () => {
  it.each(RIGHTS)("to $role with $scope", async (rights) => {
    expect(await differences(rights, { cases: 45, seed: 20_261_128 })).toEqual([]);
  });

  it("which a caller who may see it can tell apart", async () => {
    const rights = { role: "physician" as const, scope: "user/*.cruds", hidden: ["Condition"] };
    const found = await differences(rights, { cases: 40, seed: 20_261_128 });
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(({ request }) => request.path === VERSION_EVENTS_PATH).length).toBeGreaterThan(1);
  });
});
