/** The two stores for tests that run on both. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../../mixins/store/sqlite.ts";
import type { SearchLimits } from "../../mixins/store/sqlite/search.ts";
import type { Store, StoreOptions } from "../../mixins/store/store.ts";

export interface StoreKit {
  name: string;
  /** Opens the store whose data is in `folder`; again with the same folder: the same data. */
  open(folder: string, limits?: SearchLimits, options?: Partial<StoreOptions>): Promise<Store>;
  /** How many random cases a property is tried with. */
  runs: number;
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "openward-store-"));

const defaults: StoreOptions = { name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }) };

export const sqliteKit: StoreKit = {
  name: "SQLite",
  runs: 150,
  async open(folder, limits, options) {
    await mkdir(folder, { recursive: true });
    return openSqlite({ ...defaults, ...options, file: join(folder, "store.sqlite"), ...(limits && { limits }) });
  },
};

export const stores: StoreKit[] = [sqliteKit];
