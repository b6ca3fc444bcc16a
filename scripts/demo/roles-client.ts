/** Calls actions over HTTP as an outside client, each in the role that performs it in a hospital, also while processes of the system are replaced. */
import type { Action } from "../../mesh/contract.ts";
import type { RoleName } from "../../services/identity/identity.contract.ts";
import type { TokenSource } from "../identity/try-account.ts";
import { answered } from "./answered-request.ts";

/** The role by service or action. */
const DONE_BY: Record<string, RoleName> = {
  wards: "administrator",
  "wards.setCleaning": "nurse",
  patients: "front-desk",
  "patients.merge": "records-office",
  "patients.unmerge": "records-office",
  "patients.mergeState": "records-office",
  visits: "front-desk",
  hospitalizations: "nurse",
  "lab.order": "physician",
  lab: "lab-technician",
  "pharmacy.prescribe": "physician",
  pharmacy: "pharmacist",
  billing: "billing",
  identity: "administrator",
  practitioner: "administrator",
  fhir: "nurse",
};
/** The server has refused an action. */
export class ActionRefused extends Error {
  readonly code: number;
  /** Type of the error, e.g. BED_OCCUPIED. */
  readonly type: string;
  readonly data: Record<string, unknown> | undefined;

  constructor(address: string, code: number, { type = "", message = "", data }: { type?: string; message?: string; data?: object } = {}) {
    super(`POST ${address} was refused (${code}): ${message}`);
    this.code = code;
    this.type = type;
    this.data = data as Record<string, unknown> | undefined;
  }
}

/** Calls an action by its contract. @throws ActionRefused */
export type CallAction = <Params, Result>(action: Action<Params, Result>, params: Params) => Promise<Result>;

/** A client of the actions and of FHIR. */
export interface RolesClient {
  call: CallAction;
  /** Sends a request to FHIR as a nurse. @returns the status */
  fhir(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }>;
  /** Creates a Practitioner unless one matches the criteria. @returns the id of the new or the existing one @throws ActionRefused */
  create(practitioner: object, ifNoneExist: string): Promise<string>;
}

/** @param tokens of each role; absent where no sign-in is needed */
export function rolesClient(url: string, tokens?: (role: RoleName) => TokenSource): RolesClient {
  const sources = new Map<RoleName, TokenSource>();
  const headersFor = async (action: string): Promise<Record<string, string>> => {
    const role = DONE_BY[action] ?? (DONE_BY[action.split(".", 1)[0] as string] as RoleName);
    const source = sources.get(role) ?? tokens?.(role);
    if (source) sources.set(role, source);
    const token = await source?.();
    return token === undefined ? {} : { Authorization: `Bearer ${token}` };
  };
  return {
    async call({ action }, params) {
      const address = `${url}/api/${action.replace(".", "/")}`;
      const headers = { "Content-Type": "application/json", ...(await headersFor(action)) };
      const response = await answered((more) =>
        fetch(address, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(params) }),
      );
      const body = (await response.json()) as { error?: { type?: string; message?: string; data?: object } };
      if (!response.ok) throw new ActionRefused(address, response.status, body.error);
      return body as never;
    },
    async fhir(method, path, body) {
      const headers = { "Content-Type": "application/fhir+json", ...(await headersFor("fhir")) };
      const request = { method, ...(body && { body: JSON.stringify(body) }) };
      const send = (more: Record<string, string>) => fetch(`${url}/fhir${path}`, { ...request, headers: { ...headers, ...more } });
      const response = await answered((more) => send(method === "POST" ? more : {}));
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    async create(practitioner, ifNoneExist) {
      const address = `${url}/fhir/Practitioner`;
      const headers = { "Content-Type": "application/fhir+json", "If-None-Exist": ifNoneExist, ...(await headersFor("practitioner")) };
      const response = await answered((more) =>
        fetch(address, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(practitioner) }),
      );
      const body = (await response.json()) as { id: string; issue?: { diagnostics?: string }[] };
      if (!response.ok) throw new ActionRefused(address, response.status, { message: body.issue?.[0]?.diagnostics ?? "" });
      return body.id;
    },
  };
}
