/** Roles: their rights, changes, and changes that wait for a second person. */
import { useState } from "preact/hooks";
import type { identity as identityContract, RoleChange, RoleNow } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { asNow, isAsBefore } from "../../platform/taken-back.ts";
import { t, tIfAny } from "../../platform/texts.ts";
import { ChangeRole } from "./change-role.ts";
import { roleName } from "./role-fields.ts";

const identity = actionsOf<typeof identityContract>("identity");
/** Purpose of a role: for those of the project in the page's language, for others as written by the hospital. */
const saidOf = ({ role, says, isAsFiled }: RoleNow) =>
  (isAsFiled && tIfAny(`role.says.${role}`)) || html`<span dir="auto" translate=${false}>${says}</span>`;
const NONE: RoleNow = { role: "", says: "", types: {}, actions: [], onBehalf: false, secondFactor: false, version: 0, isAsFiled: false };

export function Roles() {
  const roles = useLoad("roles-now", () => identity.listRoles({}));
  const changes = useLoad("role-changes", () => identity.listRoleChanges({}));
  const [open, setOpen] = useState<RoleNow | undefined>();
  /** @param before the role before the change; absent: cannot be undone */
  const done = (change?: RoleChange, before?: RoleNow) => {
    roles.reload();
    changes.reload();
    if (!change) return;
    say(
      t(change.state === "waiting" ? "roles.waits" : "roles.holds", { role: roleName(change.role) }),
      before && (() => takeBack(change, before).then(done)),
    );
  };
  const row = (
    one: RoleNow,
  ) => html`<tr key=${one.role}><th scope="row">${roleName(one.role)}${!one.isAsFiled && html` <span class="tag">${t("roles.changed")}</span>`}</th>
    <td>${saidOf(one)}</td>
    <td><button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("change")}<${For} who=${roleName(one.role)} /></button></td></tr>`;
  const waiting = (changes.value ?? []).filter(({ state }) => state === "waiting");
  const show = (
    all: RoleNow[],
  ) => html`${waiting.map((change) => html`<${Waiting} key=${change.role} change=${change} now=${all.find(({ role }) => role === change.role) ?? { ...NONE, role: change.role }} onDone=${done} />`)}
    <${Wide} label=${t("roles")}><table class="stacked"><thead><tr><th scope="col">${t("roles.role")}</th><th scope="col">${t("roles.says")}</th><td></td></tr></thead><tbody>${all.map(row)}</tbody></table><//>`;
  const actions = html`<button type="button" onClick=${() => setOpen(NONE)}>${t("roles.new")}</button>`;
  return html`<${Panel} title=${t("roles")} loaded=${roles} show=${show} actions=${actions} />
    ${open && html`<${ChangeRole} key=${open.role} role=${open} onClose=${() => setOpen(undefined)} onDone=${done} />`}`;
}

/** Restores the role, unless others have changed it since. Widest rights need confirmation again. */
async function takeBack({ role, version: stored, state }: RoleChange, before: RoleNow): Promise<RoleChange> {
  const reason = t("undo.reason");
  const version = Number(asNow(`Role/${role}`, `${stored}`));
  const back = await (state === "waiting" ? identity.rejectRole({ role, version }) : changeBack({ role, version, reason }, before));
  isAsBefore(`Role/${role}`, `${before.version}`, `${back.version}`);
  return back;
}

function changeBack(now: { role: string; version: number; reason: string }, before: RoleNow): Promise<RoleChange> {
  if (before.isAsFiled || before.version === 0) return identity.resetRole(now);
  const { says, types, actions, onBehalf, secondFactor } = before;
  return identity.changeRole({ ...now, says, types, actions, onBehalf, secondFactor });
}

/** Requests a change again that was rejected by mistake, in the name of the person who rejected it: another must confirm it. */
async function askAgain({ role, to, reason }: RoleChange): Promise<RoleChange> {
  const version = (await identity.listRoles({})).find((one) => one.role === role)?.version ?? 0;
  return to ? identity.changeRole({ role, version, reason, ...to }) : identity.resetRole({ role, version, reason });
}

interface WaitingProps {
  change: RoleChange;
  /** The role until then. */
  now: RoleNow;
  onDone: (change?: RoleChange, before?: RoleNow) => void;
}

function Waiting({ change, now, onDone }: WaitingProps) {
  const { role, version, at, reason } = change;
  const confirm = () => identity.confirmRole({ role, version }).then((done) => onDone(done, now), sayFault);
  const reject = () =>
    identity.rejectRole({ role, version }).then(() => {
      say(t("roles.isRejected", { role: roleName(role) }), () => askAgain(change).then(() => onDone()));
      onDone();
    }, sayFault);
  return html`<div class="card"><p><span class="tag warn">${t("roles.waitsTag")}</span> ${t("roles.waiting", { role: roleName(role), at: momentOf(at) })} <bdi translate="no">${reason}</bdi></p>
    <div class="buttons"><button type="button" onClick=${confirm}>${t("roles.confirm")}</button>
    <button type="button" onClick=${reject}>${t("roles.reject")}</button></div></div>`;
}
