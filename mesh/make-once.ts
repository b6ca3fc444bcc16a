/** Creates a file with a secret if it is missing. */
import { randomBytes } from "node:crypto";
import { linkSync, unlinkSync, writeFileSync } from "node:fs";

/** Writes the file, readable for its owner only, atomically; if another process has created it meanwhile, that one stays. */
export function makeOnce(file: string, content: string | Buffer): void {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  writeFileSync(draft, content, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
}
