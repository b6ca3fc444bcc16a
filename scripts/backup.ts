/** Copies all data of this machine at one point in time, whether the mesh runs or not: `npm run backup -- FOLDER`. The copy is verified as it is made. */
import { resolve } from "node:path";
import { readConfig } from "../mesh/config.ts";
import { makeBackup } from "./backup/backup.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

try {
  const [folder, ...more] = process.argv.slice(2);
  if (folder === undefined || more.length > 0 || folder.startsWith("-")) {
    throw new StartupError("Name one folder: npm run backup -- FOLDER");
  }
  const { at, files } = await makeBackup(readConfig(), resolve(folder), (line) => console.log(line));
  const resources = files.flatMap((file) => Object.values(file.resources ?? {})).reduce((sum, count) => sum + count, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  console.log(`${resources} resources in ${files.length} files, ${(bytes / 1024 / 1024).toFixed(1)} MB, as of ${at}, are in ${folder}.`);
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}
