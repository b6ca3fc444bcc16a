/** How the demo asks: each step by somebody whose work it is. */
import type { Action } from "../../mesh/contract.ts";
import type { Role } from "../../services/identity/identity.contract.ts";
import type { TokenSource } from "../identity/try-account.ts";

/** Who does what, by service or action. */
const DONE_BY: Record<string, Role> = {
  wards: "administrator",
  patients: "front-desk",
  visits: "front-desk",
  hospitalizations: "nurse",
  "lab.order": "physician",
  lab: "lab-technician",
  "pharmacy.prescribe": "physician",
  pharmacy: "pharmacist",
  billing: "billing",
};
/** Calls actions as anyone outside does, over HTTP; the contract gives the types. */
export function caller(url: string, tokens?: (role: Role) => TokenSource) {
  const sources = new Map<Role, TokenSource>();
  const tokenFor = (action: string): Promise<string> | undefined => {
    const role = DONE_BY[action] ?? (DONE_BY[action.split(".", 1)[0] as string] as Role);
    const source = sources.get(role) ?? tokens?.(role);
    if (source) sources.set(role, source);
    return source?.();
  };
  return async <Params, Result>({ action }: Action<Params, Result>, params: Params): Promise<Result> => {
    const address = `${url}/api/${action.replace(".", "/")}`;
    const token = await tokenFor(action);
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(params),
    });
    const body = (await response.json()) as Result & { error?: { message: string } };
    if (!response.ok) throw new Error(`POST ${address} was refused (${response.status}): ${body.error?.message}`);
    return body;
  };
}
