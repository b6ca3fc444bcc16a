/** The workload `import`. */
import { expect, measure, tally, virtualUsers } from "./client.mjs";
import { readBundles } from "./data.mjs";

/** Every bundle is posted once, as a transaction; what counts are stored resources. */
export async function importBundles() {
  const waiting = readBundles()
    .map((body) => ({ body, entries: JSON.parse(body).entry.length }))
    .reverse();
  const result = { bundles: 0 }; // stored whole
  return {
    result,
    start: () =>
      virtualUsers(async () => {
        for (let bundle = waiting.pop(); bundle; bundle = waiting.pop()) {
          const { body, entries } = bundle;
          const stored = await measure("transaction", { method: "POST", path: "", body, prefer: "minimal" }, (response) => {
            expect(response.type === "transaction-response", `a Bundle of type ${response.type}`);
            expect(response.entry?.length === entries, `${response.entry?.length} entries instead of ${entries}`);
            const refused = response.entry.find((entry) => !/^20[01]/.test(entry.response?.status) || !entry.response.location);
            expect(!refused, `entry: ${JSON.stringify(refused?.response)}`);
            return entries;
          });
          if (!stored) continue;
          tally.resources += stored;
          result.bundles += 1;
        }
      }),
  };
}
