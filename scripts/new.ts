/**
 * Makes what a new service needs, in this project's style, with tests that pass:
 *
 *   npm run new -- service NAME [--owns Type,…]
 *
 * `--owns` gives it FHIR types: each is taken from the service that has it now. The skeleton is a service of its own
 * (`new/skeleton`), tested where it lies.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format } from "./new/format.ts";
import { refuseName, register, typesFrom, writeSkeleton } from "./new/service.ts";
import { StartupError } from "./start/startup-error.ts";

const USAGE = "usage: npm run new -- service NAME [--owns Type,…]";
const ROOT = join(import.meta.dirname, "..");

try {
  const { kind, name, types } = readArgs(process.argv.slice(2));
  if (kind !== "service" || name === undefined) throw new StartupError(USAGE);
  refuseName(ROOT, name);
  const moved = await typesFrom(ROOT, types);
  for (const { take } of moved) take();
  const files = [...writeSkeleton(ROOT, name, types), register(ROOT, name)];
  format(ROOT, [...files, ...moved.map(({ file }) => file)]);
  console.log(`services/${name} is there and belongs to the provider system.`);
  for (const { type, owner } of moved) {
    console.log(
      `  ${type} was owned by ${owner}: name it no more in services/${owner}/README.md. What ${owner} has stored of it stays there.`,
    );
  }
  console.log(
    `  test it   npm test -- services/${name}\n  start it  npm start\n  read      services/${name}/README.md, then its contract, model and service`,
  );
} catch (error) {
  if (!(error instanceof StartupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function readArgs(args: string[]): { kind?: string; name?: string; types: string[] } {
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { owns: { type: "string" } } });
    const [kind, name] = positionals;
    const types = [...new Set((values.owns ?? "").split(",").flatMap((type) => type.trim() || []))];
    return { types, ...(kind !== undefined && { kind }), ...(name !== undefined && { name }) };
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
}
