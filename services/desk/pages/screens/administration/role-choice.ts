/** Chooses a person's roles among those of the hospital. */
import type { identity as identityContract, RoleName, RoleNow } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { t, tIfAny } from "../../platform/texts.ts";

const identity = actionsOf<typeof identityContract>("identity");

/** For programs only, not for people. */
const OF_PROGRAMS = "system";

export function RoleChoice({ chosen, onChange }: { chosen: RoleName[]; onChange: (roles: RoleName[]) => void }) {
  const roles = useLoad("roles", () => identity.listRoles({}));
  const toggle = (role: RoleName) => onChange(chosen.includes(role) ? chosen.filter((one) => one !== role) : [...chosen, role]);
  const choice = ({ role, says }: RoleNow) =>
    html`<label key=${role} class="choice" title=${says}><input type="checkbox" checked=${chosen.includes(role)} onChange=${() => toggle(role)} /> ${tIfAny(`role.${role}`) ?? role}</label>`;
  return html`<fieldset><legend>${t("roles")}</legend><${NotKnown} loaded=${roles} /><div class="fields">${(roles.value ?? []).filter(({ role }) => role !== OF_PROGRAMS).map(choice)}</div></fieldset>`;
}
