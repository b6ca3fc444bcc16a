/** A role is changed or added. Changes by other administrators are not overwritten. */
import type { identity as identityContract, RoleChange, RoleNow } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf, useEditing } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { sayFault } from "../../parts/notices.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { t } from "../../platform/texts.ts";
import { contentOf, fieldsOf, labelsOf, roleName, textOf, tick, typeChanges, typesOf } from "./role-fields.ts";
import { TypeRights } from "./type-rights.ts";

const identity = actionsOf<typeof identityContract>("identity");

interface ChangeRoleProps {
  role: RoleNow;
  onClose: () => void;
  /** @param before the role before the change */
  onDone: (change?: RoleChange, before?: RoleNow) => void;
}

/** The current role. @throws Refused 409 ROLE_STALE if there is none with that name any more */
async function roleNow(role: string): Promise<RoleNow> {
  const now = (await identity.listRoles({})).find((one) => one.role === role);
  if (!now) throw new Refused(409, "ROLE_STALE", "");
  return now;
}

export function ChangeRole({ role: before, onClose, onDone }: ChangeRoleProps) {
  const isNew = before.role === "";
  const editing = useEditing<RoleNow>({
    name: `role ${before.role}`,
    of: before,
    versionOf: ({ version }) => `${version}`,
    fieldsOf,
    isStale: ({ type }) => type === "ROLE_STALE",
    versionsOf: async (one, seen, { role = "" }) => [await roleNow(role), seen === `${one.version}` ? one : undefined],
    store: async (record, fields, { seen }) => {
      const { role = "", reason = "" } = fields;
      onDone(await identity.changeRole({ role, version: Number(seen), reason, ...contentOf(fields) }), record);
    },
    onClose,
    onDone: () => {},
  });
  const { fields, set } = editing;
  const { role = "", says = "", actions = "", onBehalf = "", secondFactor = "", reason = "" } = fields;
  const types = typesOf(fields);
  const setTypes = (after: Readonly<Record<string, string>>) => {
    for (const [name, letters] of typeChanges(types, after)) set(name, letters);
  };
  const reset = async () => {
    try {
      const change = await identity.resetRole({ role, version: before.version, reason: reason || t("roles.reset") });
      editing.leave();
      onDone(change, before);
    } catch (error) {
      sayFault(error);
      onDone(); // as changed by others
    }
  };
  const { conflict } = editing;
  const labels = labelsOf({ ...conflict?.mine, ...conflict?.theirs });
  const label = isNew ? t("roles.new") : roleName(role);
  return html`<${Dialog} title=${label} onClose=${onClose}><${EditingOf} editing=${editing} label=${label} labels=${labels} textOf=${textOf}>
    <${Form} send=${() => editing.send("")} submit=${t("store")} onCancel=${editing.leave} fieldOf=${{ ROLE_INVALID: "types", ACTION_UNKNOWN: "actions" }}>
      ${(faultOf: (field: string) => string | undefined) => html`
        ${isNew && html`<${Field} label=${t("person.name")} name="role-name" value=${role} onValue=${(text: string) => set("role", text)} hint=${t("roles.name.hint")} required autofocus fault=${faultOf("role")} />`}
        <${Field} label=${t("roles.says")} name="role-says" value=${says} onValue=${(text: string) => set("says", text)} required fault=${faultOf("says")} />
        <${TypeRights} types=${types} onChange=${setTypes} fault=${faultOf("types")} />
        <${Field} label=${t("roles.actions")} name="role-actions" value=${actions} onValue=${(text: string) => set("actions", text)} rows=${6} hint=${t("roles.actions.hint")} fault=${faultOf("actions")} />
        <label class="choice"><input type="checkbox" checked=${onBehalf !== ""} onChange=${() => set("onBehalf", tick(onBehalf === ""))} /> ${t("roles.onBehalf")}</label>
        <label class="choice"><input type="checkbox" checked=${secondFactor !== ""} onChange=${() => set("secondFactor", tick(secondFactor === ""))} /> ${t("roles.secondFactor")}</label>
        <${Field} label=${t("reason")} name="role-reason" value=${reason} onValue=${(text: string) => set("reason", text)} required fault=${faultOf("reason")} />`}
    <//>
    ${!isNew && !before.isAsFiled && html`<div class="buttons"><button type="button" onClick=${reset}>${t("roles.reset")}</button></div>`}
  <//><//>`;
}
