/** Makes a data folder from a backup: `DATA_DIR=… npm run restore -- FOLDER`, before the mesh is started on it. */
import { resolve } from "node:path";
import { readConfig } from "../mesh/config.ts";
import { restoreBackup } from "./backup/backup.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

try {
  const [folder, ...more] = process.argv.slice(2);
  if (folder === undefined || more.length > 0 || folder.startsWith("-")) {
    throw new StartupError("Name one folder: npm run restore -- FOLDER");
  }
  const config = readConfig();
  const { at } = await restoreBackup(resolve(folder), config, (line) => console.log(line));
  console.log(`${config.dataDir} is as it was at ${at}: start the mesh on it.`);
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}
