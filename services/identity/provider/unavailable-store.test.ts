import { type Adapter, errors } from "oidc-provider";
import { storeFull, unavailable } from "../../../store/store-error.ts";
import { UnavailableStore } from "./unavailable-store.ts";

describe("a store that cannot keep a sign-in", () => {
  const failing = (error: Error) => {
    const seen: Error[] = [];
    const adapter = {
      find: async (id: string) => ({ jti: id }),
      upsert: () => Promise.reject(error),
    } as unknown as Adapter;
    return { seen, adapter: new UnavailableStore(errors, (one) => seen.push(one)).telling(adapter) };
  };

  it.each([storeFull("The disk is full."), unavailable("The database does not answer.")])(
    "is told to the app as temporary, and to the operator as it is: %s",
    async (error) => {
      const { adapter, seen } = failing(error);
      await expect(adapter.upsert("1", {}, 1)).rejects.toMatchObject({ error: "temporarily_unavailable", statusCode: 503, expose: true });
      expect(seen).toEqual([error]);
      expect(await adapter.find("1")).toEqual({ jti: "1" });
    },
  );

  it("is not blamed for other errors", async () => {
    for (const error of [new Error("a mistake"), new errors.InvalidGrant("used more than once")]) {
      const { adapter, seen } = failing(error);
      await expect(adapter.upsert("1", {}, 1)).rejects.toBe(error);
      expect(seen).toEqual([]);
    }
  });
});
