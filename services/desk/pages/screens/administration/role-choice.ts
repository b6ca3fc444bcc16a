/** Which roles somebody has. */
import type { Role } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { t, tIfAny } from "../../platform/texts.ts";

/** Roles of people; programs have another. */
const ROLES: Role[] = [
  "physician",
  "nurse",
  "midwife",
  "lab-technician",
  "pharmacist",
  "front-desk",
  "billing",
  "records-office",
  "administrator",
  "auditor",
];

/** See the head of this file. */
export function RoleChoice({ chosen, onChange }: { chosen: Role[]; onChange: (roles: Role[]) => void }) {
  const toggle = (role: Role) => onChange(chosen.includes(role) ? chosen.filter((one) => one !== role) : [...chosen, role]);
  return html`<fieldset><legend>${t("account.roles")}</legend><div class="fields">${ROLES.map(
    (role) =>
      html`<label key=${role} class="choice"><input type="checkbox" checked=${chosen.includes(role)} onChange=${() => toggle(role)} /> ${tIfAny(`role.${role}`)}</label>`,
  )}</div></fieldset>`;
}
