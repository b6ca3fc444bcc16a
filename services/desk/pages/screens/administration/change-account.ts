/** One account: its roles, practitioner and sessions. Changes by others are shown and merged with the choices made here. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { identity as identityContract, PasswordLink, RoleName, User } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Form, NOT_YET } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { useKept, useKeptChoices } from "../../platform/drafts.ts";
import { mergedOf } from "../../platform/merging.ts";
import { joined, listed, t, tIfAny } from "../../platform/texts.ts";
import { changeAccount, changeBack, practitionerTo, rolesTo } from "./account-changes.ts";
import { CloseForGood } from "./close-account.ts";
import { becomePractitioner, NEW, PractitionerChoice } from "./practitioner-choice.ts";
import { RoleChoice } from "./role-choice.ts";

const identity = actionsOf<typeof identityContract>("identity");

/** Names of roles as text. */
export const rolesText = (roles: RoleName[]): string => listed(roles.map((role) => tIfAny(`role.${role}`) ?? role));

interface ChangeProps {
  user: User;
  onClose: () => void;
  /** Receives the password link, which is shown once. */
  onLink: (link: PasswordLink) => void;
  onDone: () => void;
}

export function ChangeAccount({ user: found, onClose, onLink, onDone }: ChangeProps) {
  const [user, setUser] = useState(found);
  const [isTheirs, setTheirs] = useState(false);
  const [kept, keptPractitioner] = [`roles of ${found.id}`, `practitioner of ${found.id}`];
  const [roles, setRoles] = useKeptChoices<RoleName>(kept, "roles", found.roles);
  const [practitioner, setPractitioner] = useKept(keptPractitioner, "practitioner", NEW);
  const [isClosing, setClosing] = useState(false);
  const { id, login } = user;
  const takeOver = (theirs: User) => {
    setRoles(mergedOf(user.roles, { mine: roles, theirs: theirs.roles }));
    setUser(theirs);
    setTheirs(true);
    return NOT_YET;
  };
  const end = () => {
    onClose();
    onDone();
  };
  const send = async () => {
    const result = await changeAccount(user, rolesTo(id, roles));
    if ("theirs" in result) return takeOver(result.theirs);
    say(t("account.changed", { login }), () => changeBack(result.stored, rolesTo(id, user.roles)).then(onDone));
    return end();
  };
  const become = async () => {
    const result = await becomePractitioner(user, practitioner);
    if ("theirs" in result) return takeOver(result.theirs);
    say(t("account.isPractitioner", { login }), () => changeBack(result.stored, practitionerTo(id)).then(onDone));
    return end();
  };
  const act = async (work: () => Promise<unknown>, text: string) => {
    try {
      await work();
      say(text);
      end();
    } catch (error) {
      sayFault(error);
    }
  };
  const close = async () => {
    await identity.closeUser({ user: id });
    say(t("account.isClosed", { login }));
    end();
  };
  return html`<${Dialog} title=${joined(login, user.name)} onClose=${onClose}>
    <div class="stack">
      ${isTheirs && html`<${Theirs} key=${user.version} seen=${found} now=${user} />`}
      <${Form} draft=${kept} send=${send} submit=${t("store")} onCancel=${onClose}>${() => html`<${RoleChoice} chosen=${roles} onChange=${setRoles} />`}<//>
      ${
        !user.practitioner &&
        html`<${Form} draft=${keptPractitioner} send=${become} submit=${t("candidates.is")} label=${t("account.practitioner")} fieldOf=${{ PRACTITIONER_TAKEN: "practitioner", PRACTITIONER_NOT_FOUND: "practitioner" }}>
          ${(faultOf: (field: string) => string | undefined) => html`<${PractitionerChoice} name=${user.name} value=${practitioner} onValue=${setPractitioner} fault=${faultOf("practitioner")} />`}
        <//>`
      }
      <div class="buttons">
        <button type="button" onClick=${() => act(() => identity.resetPassword({ user: id }).then(onLink), t("account.reset.done", { login }))}>${t("account.reset")}</button>
        <button type="button" onClick=${() => act(() => identity.endSessions({ user: id }), t("account.signedOut", { login }))}>${t("account.signOut")}</button>
        ${!isClosing && html`<button type="button" onClick=${() => setClosing(true)}>${t("account.close")}</button>`}
      </div>
      ${isClosing && html`<${CloseForGood} login=${login} close=${close} onCancel=${() => setClosing(false)} />`}
    </div>
  <//>`;
}

/** The changes by others; it takes the focus, as the form that was sent may be gone. */
function Theirs({ seen, now }: { seen: User; now: User }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  return html`<div role="alert" tabindex="-1" ref=${box}><p class="not-known">${t("account.conflict")}</p>
    <p><strong>${t("roles")}:</strong> ${rolesText(now.roles) || t("none")}</p>
    ${now.practitioner && now.practitioner !== seen.practitioner && html`<p>${t("account.conflict.practitioner")}</p>`}</div>`;
}
