/**
 * Makes what is new in this project's style:
 *
 *   npm run new -- service NAME [--owns Type,…]    a service, with tests that pass
 *   npm run new -- action SERVICE.NAME [--get]     an action of a service, with a test that fails until its rule is written
 *
 * `--owns` gives a service FHIR types: each is taken from the service that has it now. `--get`: the action only reads.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addAction } from "./new/action.ts";
import { format } from "./new/format.ts";
import {
  addContainer,
  compareKeyed,
  Edits,
  makeSkeleton,
  nameOnPages,
  refuseName,
  register,
  runBeside,
  listActions,
  typesFrom,
} from "./new/service.ts";
import { StartupError } from "./start/startup-error.ts";

const USAGE = "usage: npm run new -- service NAME [--owns Type,…]\n       npm run new -- action SERVICE.NAME [--get]";
const ROOT = join(import.meta.dirname, "..");

try {
  const { kind, name, owns, get } = readArgs(process.argv.slice(2));
  if (name === undefined || (kind === "service" ? get : owns !== undefined)) throw new StartupError(USAGE);
  if (kind === "service") await makeService(name, owns ?? "");
  else if (kind === "action") makeAction(name, get);
  else throw new StartupError(USAGE);
} catch (error) {
  if (!(error instanceof StartupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function makeService(name: string, owns: string): Promise<void> {
  const types = [...new Set(owns.split(",").flatMap((type) => type.trim() || []))];
  refuseName(ROOT, name);
  const moved = await typesFrom(ROOT, types);
  const edits = new Edits(ROOT);
  for (const { take } of moved) take(edits);
  makeSkeleton(
    edits,
    name,
    types,
    moved.flatMap(({ type, isEmitted }) => (isEmitted ? [type] : [])),
  );
  register(edits, name);
  addContainer(edits, name);
  compareKeyed(edits, name, types);
  listActions(edits, name, types);
  nameOnPages(edits, name);
  runBeside(
    edits,
    name,
    moved.map(({ owner }) => owner),
  );
  format(
    ROOT,
    edits.write().filter((file) => file.endsWith(".ts")),
  );
  if (moved.length > 0) listRulesAnew();
  console.log(`services/${name} is there and belongs to the provider system.`);
  for (const { type, owner, lostRules } of moved) {
    const stays = `What ${owner} has stored of it stays there.`;
    console.log(`  ${type} was owned by ${owner}: name it no more in services/${owner}/README.md. ${stays}`);
    if (lostRules.length > 0) {
      console.log(
        `    no more: ${lostRules.join(", ")} (services/${owner}/${owner}.rules.ts); move what should stay to services/${name}/${name}.rules.ts`,
      );
    }
  }
  console.log(
    `  test it   npm test -- services/${name}\n  start it  npm start\n  name it   "service.${name}" in services/desk/messages: what pages say when it is down\n  read      services/${name}/README.md, then its contract, model and service`,
  );
}

/** Lists the rules of the types that have moved to a new owner: in a process of its own, since this one has loaded the services as they were. */
function listRulesAnew(): void {
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, join(ROOT, "scripts/generate.ts"), "rules"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new StartupError(`docs/rules.md could not be written anew, do it by npm run generate:\n${stderr}`);
}

function makeAction(name: string, isRead: boolean): void {
  const { files, testFile } = addAction(ROOT, name, isRead ? "GET" : "POST");
  format(ROOT, files);
  const [service] = name.split(".");
  console.log(
    `${name} is there, and refuses until its rule is written.\n  its test  npm test -- ${testFile}    fails, and says what is missing\n  write     services/${service}/${service}.contract.ts, then the model, then the handler`,
  );
}

function readArgs(args: string[]): { kind?: string; name?: string; owns?: string; get: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { owns: { type: "string" }, get: { type: "boolean", default: false } },
    });
    const [kind, name, ...more] = positionals;
    if (more.length > 0) throw new Error(`"${more.join(" ")}" is one name too many.`);
    return {
      get: values.get,
      ...(values.owns !== undefined && { owns: values.owns }),
      ...(kind !== undefined && { kind }),
      ...(name !== undefined && { name }),
    };
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
}
