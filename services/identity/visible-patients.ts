/** The patients among which a person may select: those that this person may see. */
import type { CallingOptions, Service } from "moleculer";
import { accessOf } from "../../mesh/access/access.ts";
import type { Caller } from "../../mesh/caller.ts";
import { callBroker } from "../../mesh/moleculer.ts";
import { searchPage } from "../../federation/search-page.ts";
import { readResource } from "../../federation/read.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Patient } from "../../fhir/r4.ts";
import { parseSearch } from "../../fhir/search/parse-search.ts";
import type { StoredAccount } from "./identity.model.ts";
import type { PatientChoice } from "./pages/forms.ts";

/** Limit of one page; to see others, a longer name is entered. */
const MAX_SHOWN = 20;
/** Bytes of resources that are read for one page. */
const MAX_BYTES = 1_048_576;

/** Asks the services of the mesh that own Patient, with the rights of the person. */
export class VisiblePatients {
  readonly #service: Service & WithDirectory;

  constructor(service: Service & WithDirectory) {
    this.#service = service;
  }

  /** Active patients whose name starts with the text. @throws 503 OWNER_DOWN */
  async named(name: string, account: StoredAccount): Promise<{ found: PatientChoice[]; isMore: boolean }> {
    const search = parseSearch(
      "Patient",
      [
        ["name", name],
        ["_sort", "family"],
      ],
      { base: "", handling: "lenient", dates: "r4" },
    );
    const request = { type: "Patient", search, limit: MAX_SHOWN, maxBytes: MAX_BYTES };
    const { rows, next } = await searchPage(this.#meshFor(account), request).catch((error) => {
      if (isType(error, "NOT_ALLOWED")) return { rows: [], next: undefined };
      throw error;
    });
    const found = rows.map(({ json = "" }) => parseJson(json) as Patient).filter(({ active }) => active !== false);
    return { found: found.map(choiceOf), isMore: next !== undefined };
  }

  /** Whether the patient exists, is not merged into another, and this person may see it. */
  async has(id: string, account: StoredAccount): Promise<boolean> {
    try {
      const { json } = await readResource(this.#meshFor(account), "Patient", id);
      const { link = [] } = parseJson(json) as Patient;
      return !link.some(({ type }) => type === "replaced-by");
    } catch (error) {
      if (["NOT_FOUND", "GONE", "NOT_ALLOWED"].some((type) => isType(error, type))) return false;
      throw error;
    }
  }

  #meshFor({ _id: sub, roles, name, practitioner: fhirUser }: StoredAccount): { caller: Caller; directory: WithDirectory["directory"] } {
    const { broker, directory } = this.#service;
    const access = accessOf(broker);
    const as = access.isOpen ? undefined : access.stampOf({ sub, roles, name, ...(fhirUser && { fhirUser }) });
    const call = <Result, Params>(action: string, params: Params, options: CallingOptions = {}): Promise<Result> =>
      callBroker(broker, action, params, as === undefined ? options : { ...options, meta: { ...options.meta, as } });
    return { caller: { call, broker } as Caller, directory };
  }
}

function choiceOf({ id = "", name: [name] = [], birthDate }: Patient): PatientChoice {
  const shown = name?.text ?? [...(name?.given ?? []), name?.family ?? ""].join(" ").trim();
  return { id, name: shown || id, ...(birthDate !== undefined && { born: birthDate }) };
}
