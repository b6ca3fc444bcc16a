/** Adds an action to the files of its service. All texts are made before any is written, so that nothing is changed if one step refuses. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../start/startup-error.ts";
import { wrongForm } from "./service.ts";
import { withRow } from "./table.ts";

/** The files that were written, relative to the project. */
export interface NewAction {
  files: string[];
  testFile: string;
}

/** Name of a service's action: a method's name. */
const ACTION_NAME = /^[a-z][a-zA-Z0-9]{1,39}$/;

/**
 * @param name of the action in full: `visits.reschedule`
 * @throws StartupError for an invalid name, and for a service that does not exist or has not the usual form
 */
export function addAction(root: string, name: string, rest: "GET" | "POST"): NewAction {
  const [service = "", action = "", ...more] = name.split(".");
  if (!ACTION_NAME.test(action) || more.length > 0) {
    const camel = action.replaceAll(/[-_ ]+(\w)/g, (_, letter: string) => letter.toUpperCase());
    const instead = more.length === 0 && ACTION_NAME.test(camel) ? `use "${service}.${camel}"` : 'like "visits.reschedule"';
    throw new StartupError(`"${name}" cannot be the name of an action: it should be SERVICE.VERB in letters and digits; ${instead}.`);
  }
  if (action === "then" || action in Object.prototype) {
    throw new StartupError(`"${name}" cannot be the name of an action: it means something in TypeScript.`);
  }
  const at = (kind: string) => `services/${service}/${service}.${kind}.ts`;
  const fault = wrongForm(service, (plain) => existsSync(join(root, `services/${plain}`)));
  if (fault !== undefined) throw new StartupError(fault);
  if (!existsSync(join(root, at("service")))) {
    throw new StartupError(`There is no service "${service}": \`npm run new -- service ${service}\` makes one.`);
  }
  const read = (file: string) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : undefined);
  const contract = read(at("contract")) ?? "";
  if (!contract.includes(`export const ${service} = {`) || !/^ {2}actions: \{$/m.test(read(at("service")) ?? "")) {
    throw new StartupError(
      `${service} has no actions of its own yet, or keeps them in another form: take services/visits for a model and write the first by hand.`,
    );
  }
  if (new RegExp(`action<[^>]*>+\\("${service}\\.${action}"\\)`).test(contract) || contract.includes(`("${name}")`)) {
    throw new StartupError(`There is an action ${name} already: choose another name.`);
  }

  const made = new Made(service, action, rest);
  const readme = `services/${service}/README.md`;
  const texts = new Map<string, string>([
    [at("contract"), made.contract(contract)],
    [at("errors"), made.errors(read(at("errors")))],
    [at("service"), made.service(read(at("service")) ?? "")],
    [at("test"), made.test(read(at("test")), read(at("service")) ?? "")],
    [readme, made.readme(read(readme) ?? "")],
  ]);
  for (const [file, text] of texts) writeFileSync(join(root, file), text);
  return { files: [...texts.keys()].filter((file) => file.endsWith(".ts")), testFile: at("test") };
}

/** Makes the text of each file with the action in it. */
class Made {
  readonly #service: string;
  readonly #action: string;
  readonly #rest: "GET" | "POST";
  readonly #type: string;
  readonly #error: string;

  constructor(service: string, action: string, rest: "GET" | "POST") {
    this.#service = service;
    this.#action = action;
    this.#rest = rest;
    this.#type = `${action.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_NOT_WRITTEN`;
    this.#error = `${action}NotWritten`;
  }

  contract(text: string): string {
    const declared = `
  /** What it does and gives, in one sentence. @throws 501 ${this.#type} until its rule is written */
  ${this.#action}: action<{ note: string }, { note: string }>("${this.#service}.${this.#action}"),
`;
    const before = `export const ${this.#service} = {`;
    return insertedBefore(text, text.indexOf(before), "\n};", declared.replace(/\n$/, ""));
  }

  errors(text = 'import { Errors } from "moleculer";\n\nconst { MoleculerClientError } = Errors;\n'): string {
    const begun = /\bMoleculerClientError\b/.test(text)
      ? text
      : text.replace(/const \{ ([^}]*) \} = Errors;/, "const { MoleculerClientError, $1 } = Errors;");
    return `${begun.trimEnd()}

/** To be replaced by what can go wrong. */
export const ${this.#error} = () =>
  new MoleculerClientError("${this.#service}.${this.#action} is not written yet: its rule belongs in ${this.#service}.model.ts.", 501, "${this.#type}");
`;
  }

  service(text: string): string {
    const handler = `
    ${this.#action}: {
      rest: "${this.#rest}",
      summary: "What it does, in a few words",
      params: { note: { type: "string", trim: true, min: 1, max: 500 }, $$strict: true },
      async handler() {
        throw ${this.#error}();
      },
    },`;
    const errors = `./${this.#service}.errors.ts`;
    const imported = new RegExp(`import \\{([^}]*)\\} from "${errors.replaceAll(".", "\\.")}";`);
    const withImport = imported.test(text)
      ? text.replace(imported, (_, names: string) => `import {${names.trimEnd().replace(/,$/, "")}, ${this.#error} } from "${errors}";`)
      : text.replace(/(import type \{ .* \} from "\.\/.*\.contract\.ts";\n)/, `$1import { ${this.#error} } from "${errors}";\n`);
    if (withImport === text) throw new StartupError(`${this.#service}.service.ts does not import its contract in the usual form.`);
    return insertedBefore(withImport, withImport.search(/^ {2}actions: \{$/m), "\n  },", `\n${handler}`);
  }

  test(text: string | undefined, service: string): string {
    const isFunction = /export default (?:function|\()/.test(service);
    if (isFunction) throw new StartupError(`${this.#service}.service.ts is made by a function: add the action by hand.`);
    const name = /import (\w+) from "\.\/\w+\.service\.ts";/.exec(text ?? "")?.[1] ?? "Service";
    const imports = [
      ['import { type Clinic, startClinic } from "../../test/kit/clinic.ts";', /\bstartClinic\b.*from/],
      [
        `import { ${this.#service} } from "./${this.#service}.contract.ts";`,
        new RegExp(`\\b${this.#service}\\b[^;]* from "\\./\\w+\\.contract\\.ts"`),
      ],
      [`import ${name} from "./${this.#service}.service.ts";`, /from "\.\/\w+\.service\.ts"/],
    ] as const;
    const missing = imports.filter(([, there]) => !there.test(text ?? "")).map(([line]) => line);
    return `${[...missing, (text ?? "").trimEnd()].filter((part) => part !== "").join("\n")}

describe("${this.#service}.${this.#action}", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(${name});
  });
  afterAll(() => clinic.stop());

  it("does what its contract says", async () => {
    await expect(${this.#service}.${this.#action}(clinic.caller, { note: "to be replaced" })).resolves.toEqual({ note: "to be replaced" });
  });

  it("refuses a param that nobody knows", async () => {
    await expect(${this.#service}.${this.#action}(clinic.caller, { note: "x", colour: "red" } as never)).rejects.toMatchObject({ code: 422 });
  });
});
`;
  }

  readme(text: string): string {
    const row = [`\`${this.#service}.${this.#action}\``, `${this.#rest} /api/${this.#service}/${this.#action}`, `501 ${this.#type}`];
    const made = withRow(text, `\`${this.#service}.`, row);
    if (made === undefined) {
      throw new StartupError(`services/${this.#service}/README.md has no table of actions: make one as in services/visits.`);
    }
    return made;
  }
}

/** Inserts `more` before the first `end` after `from`. */
function insertedBefore(text: string, from: number, end: string, more: string): string {
  const at = text.indexOf(end, from);
  if (from < 0 || at < 0) throw new Error("A file of the service does not have the form that was looked for.");
  return text.slice(0, at) + more + text.slice(at);
}
