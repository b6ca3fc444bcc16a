/** The patients that somebody may pick one of. */
import type { Service } from "moleculer";
import { searchPage } from "../../federation/search-page.ts";
import { readResource } from "../../federation/read.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Patient } from "../../fhir/r4.ts";
import { parseSearch } from "../../fhir/search/parse.ts";
import type { Choice } from "./pages/forms.ts";

/** On one page; more are for a longer name. */
const MAX_SHOWN = 20;
/** Bytes of resources that are read for one page. */
const MAX_BYTES = 1_048_576;

/** Asks the services of the mesh, whichever owns Patient. */
export class People {
  readonly #service: Service & WithDirectory;

  constructor(service: Service & WithDirectory) {
    this.#service = service;
  }

  /** Active patients whose name begins like this. @throws 503 OWNER_DOWN */
  async named(name: string): Promise<{ found: Choice[]; isMore: boolean }> {
    const search = parseSearch(
      "Patient",
      [
        ["name", name],
        ["_sort", "family"],
      ],
      { base: "", handling: "lenient", dates: "r4" },
    );
    const { rows, next } = await searchPage(this.#mesh, { type: "Patient", search, limit: MAX_SHOWN, maxBytes: MAX_BYTES });
    const found = rows.map(({ json = "" }) => parseJson(json) as Patient).filter(({ active }) => active !== false);
    return { found: found.map(choiceOf), isMore: next !== undefined };
  }

  /** Whether there is such a patient. */
  async has(id: string): Promise<boolean> {
    try {
      await readResource(this.#mesh, "Patient", id);
      return true;
    } catch (error) {
      if (isType(error, "NOT_FOUND") || isType(error, "GONE")) return false;
      throw error;
    }
  }

  get #mesh() {
    return { caller: this.#service.broker as never, directory: this.#service.directory };
  }
}

function choiceOf({ id = "", name: [name] = [], birthDate }: Patient): Choice {
  const shown = name?.text ?? [...(name?.given ?? []), name?.family ?? ""].join(" ").trim();
  return { id, name: shown || id, ...(birthDate !== undefined && { born: birthDate }) };
}
